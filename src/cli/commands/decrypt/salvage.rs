//! `decrypt --salvage`: the authentic frames of a damaged message, each at its place in the output.

use std::io;
use std::path::Path;

use enwrap::fs::atomic_file::Access;
use enwrap::message::MessageError;
use enwrap::operations::decrypt::OpenedMessage;
use enwrap::operations::encrypt::PlaintextFile as _;
use enwrap::pipeline::salvage::{LostRange, Salvaged};
use enwrap::pipeline::{NoProgress, PipelineError};

use super::DecryptRun;
use crate::cli::io::destination::{Destination, Payload};
use crate::cli::io::message_source::MessageSource;
use crate::cli::trees::job::Job;
use crate::output::counted::counted;
use crate::output::error::{Error, NoParts, NothingLost, Unreadable, UsageError};
use crate::output::progress::Meter;
use crate::output::records::message::Lost;
use crate::output::{records, sanitize};

impl DecryptRun<'_> {
    /// Saves what can be saved. It ends with an error whatever was saved, since that is not the whole message.
    pub(super) fn salvage(&self, Job { input, target, .. }: &Job) -> Result<(), Error> {
        let mut message = MessageSource::open(input)?;
        let mode = message.source().mode().unwrap_or(0o600) & 0o700;
        let source = Some(message.source());
        let access = Access::OwnerOnlyInPlaceOfOthers(mode);
        let publication = self.args.output.publication(access, message.source().owner());
        let (outputs, payload) = (self.outputs, Payload::Plaintext);
        let destination = Destination::open(outputs, target, source, payload, publication)?;
        let Some((file, output)) = destination.file().zip(target.path()) else {
            return Err(UsageError::new(
                "--salvage needs an output that is a file: it leaves holes",
            )
            .hint("name one with -o FILE")
            .into());
        };
        let opened = self.opening.of(input).open(&mut message)?;
        let Some(source) = message.positional() else {
            return Err(UsageError::new("only a file, and without armour, can be salvaged")
                .hint("take off armour with 'base64 -d', or save the stream to a file")
                .into());
        };
        let meter = Meter::new(self.ui, source.shown(), source.size(), false);
        let salvaged = opened
            .salvage(source, source.claimed_len(), file, &meter)
            .map_err(|error| target.name_in(error))?
            .ok_or_else(|| NoParts::of(opened.header(), None))?;
        meter.finish();
        if salvaged.frames > 0 {
            destination.finish()?;
            self.metadata.write("decrypt", input, Some(output), opened.read_header())?;
        }
        self.tell(input, output, &opened, &salvaged)?;
        Err(what_is_wrong(&opened, &mut message))
    }

    /// Tells what was saved and what is lost.
    fn tell(
        &self,
        input: &Path,
        output: &Path,
        opened: &OpenedMessage,
        salvaged: &Salvaged,
    ) -> Result<(), Error> {
        let (frames, bytes) = (salvaged.frames, salvaged.bytes);
        let lost = salvaged.lost.iter();
        let record = records::message::SalvagedRecord {
            message_id: opened.header().message_id,
            saved_frames: frames,
            saved_bytes: bytes,
            plaintext_bytes: salvaged.plaintext_len,
            lost: lost.map(|&LostRange { offset, length }| Lost { offset, length }).collect(),
            path: input.into(),
            output: (frames > 0).then(|| output.into()),
        };
        self.ui.result(&told(salvaged), &record)?;
        if frames > 0 {
            self.ui.note(&format!(
                "saved {bytes} bytes in {} to '{}'\n\
                 each is authentic, and at its place; that they are complete, nothing proves",
                counted(frames, "frame"),
                sanitize::name(output)
            ));
        } else {
            self.ui.note("nothing could be saved, and nothing was written");
        }
        Ok(())
    }
}

/// Why the message had to be salvaged: the error of reading all of it in order.
fn what_is_wrong(opened: &OpenedMessage, message: &mut MessageSource) -> Error {
    match opened.decrypt(message, &mut io::sink(), &NoProgress) {
        Ok(_) => NothingLost.into(),
        // A part of the file could not be read. The salvage went on after it, and reading in order cannot.
        Err(PipelineError::Message(MessageError::Read(source))) => Unreadable(source).into(),
        Err(error) => error.into(),
    }
}

/// The ranges of lost bytes, a line each.
fn told(salvaged: &Salvaged) -> String {
    let line = |LostRange { offset, length }: &LostRange| match length {
        Some(length) => format!("lost: bytes {offset} to {} ({length})\n", offset + length - 1),
        None => format!("lost: from byte {offset} to the end, which is not known\n"),
    };
    salvaged.lost.iter().map(line).collect()
}
