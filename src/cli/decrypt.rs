//! `enwrap decrypt`: encrypted files back to files, or a stream to a stream.

use std::ffi::OsStr;
use std::io::{Cursor, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use enwrap::atomic_file::AtomicFile;
use enwrap::encrypt::PlaintextFile as _;
use enwrap::open::{Opened, Reader};
use enwrap::pipeline::PipelineError;
use enwrap::secret::fill_random;
use enwrap::verify_first::{Verified, VerifyFirstError};

use super::app::App;
use super::args::{OpenArgs, OutputArgs};
use super::batch;
use super::destination::{Destination, Payload, Rules, Target};
use super::examples::examples;
use super::job::{self, EXTENSION, Job};
use super::message_source::MessageSource;
use super::metadata::{Metadata, MetadataArgs};
use super::opening::{Missing, Opening};
use crate::output::progress::Meter;
use crate::output::sanitize;

/// Decrypt files, or standard input
///
/// Each FILE.enwrap becomes FILE beside it; standard input goes to standard output. A file appears
/// only when all of it is authentic. Standard output gets each frame when its own tag holds: on an
/// error, what came before it is authentic, but not all there is.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap decrypt -f report.pdf.enwrap
    enwrap decrypt -c backup=documents documents.tar.enwrap -o documents.tar
    enwrap decrypt --verify-first < documents.tar.enwrap | tar t
"])]
pub(crate) struct DecryptArgs {
    /// What to decrypt; '-' is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    open: OpenArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Release nothing to a stream before all of the message was verified
    ///
    /// Reads a file twice, and copies anything else, as it came, to a file without a name in $TMPDIR.
    /// Signed messages are always released so.
    #[arg(long, help_heading = "Output")]
    verify_first: bool,

    /// Refuse signed messages
    #[arg(long, help_heading = "Opening a message", hide_short_help = true)]
    unsigned_only: bool,

    #[command(flatten)]
    metadata: MetadataArgs,

    /// Give the output all permissions of the input, not only the owner's
    #[arg(long, help_heading = "Output")]
    preserve_mode: bool,
}

/// What is the same for every input.
struct Plan<'a> {
    app: &'a App,
    args: &'a DecryptArgs,
    opening: Opening,
    metadata: Metadata,
}

pub(crate) fn run(app: &App, args: &DecryptArgs) -> anyhow::Result<()> {
    let jobs = job::plan(app, &args.inputs, &args.output, |name| {
        let path = Path::new(name);
        path.extension().filter(|extension| *extension == EXTENSION)?;
        path.file_stem().map(OsStr::to_owned)
    })?;
    let store = app.store()?;
    let mut opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    opening.expected.unsigned_only = args.unsigned_only;
    let metadata = args.metadata.open(job::files(&jobs, &store))?;
    let plan = Plan { app, args, opening, metadata };
    batch::for_each(app, store.path(), &jobs, |job| plan.decrypt(job))
}

impl Plan<'_> {
    fn decrypt(&self, Job { input, target }: &Job) -> anyhow::Result<()> {
        let mut message = MessageSource::open(input)?;
        let source = message.source();
        let mode = source.mode().unwrap_or(0o600);
        let rules = Rules {
            force: self.args.output.force,
            sync: self.args.output.sync,
            // A repository gives a secret to the group as readily as to its owner: the plaintext is
            // the owner's, unless asked otherwise.
            mode: if self.args.preserve_mode { mode } else { mode & 0o700 },
            keeps_mode: true,
            modified: source.modified(),
        };
        let mut destination = Destination::open(target, Some(source), Payload::Plaintext, rules)?;
        let (ui, name) = (self.app.ui, source.shown());
        let meter = Meter::new(ui, name.clone(), source.size(), destination.is_terminal());
        let opening = self.opening.of(input)?;
        let mut opened = opening.open(&mut message)?.with_jobs(self.app.jobs);
        // A file appears when all of it holds. A stream cannot be taken back, and of a signed message
        // nothing holds before the signature.
        let is_late = self.args.verify_first || opened.header().public_key.is_some();
        let plaintext_len = if destination.is_stream() && is_late {
            let released =
                release_verified(&opened, message, &opening.reader(), &mut destination, &meter);
            let (second, len) = released.map_err(|error| name_output(error, target))?;
            opened = second;
            len
        } else {
            decrypt_to(&opened, &mut message, &mut destination, &meter)
                .map_err(|error| target.name_in(error))?
        };
        meter.finish();
        destination.finish()?;
        self.metadata.write("decrypt", input, target.path(), opened.read_header())?;
        ui.detail(&format!("{name}: opened by key {} version {}", opened.key, opened.version));
        let Some(output) = target.path() else { return Ok(()) };
        let mut object = json!({
            "message_id": opened.header().message_id.to_string(),
            "opened_by": { "key_id": opened.key.to_string(), "version": opened.version },
            "plaintext_bytes": plaintext_len,
        });
        sanitize::insert_path(&mut object, "path", input);
        sanitize::insert_path(&mut object, "output", output);
        Ok(ui.result("", object)?)
    }
}

/// By position where that can be done, and else in order, which also says what is wrong.
fn decrypt_to(
    opened: &Opened,
    message: &mut MessageSource,
    destination: &mut Destination,
    meter: &Meter,
) -> Result<u64, PipelineError> {
    if let (Some(source), Some(file)) = (message.positional(), destination.file()) {
        if let Some(len) = opened.decrypt_file(source, source.claimed_len(), Some(file), meter)? {
            return Ok(len);
        }
        file.set_len(0).map_err(PipelineError::Write)?;
    }
    opened.decrypt(message, destination, meter)
}

/// Two passes over a message whose header was read: a file is read again, anything else is copied on the
/// first one, as it came, to a file without a name.
fn release_verified(
    opened: &Opened,
    mut message: MessageSource,
    reader: &Reader<'_>,
    destination: &mut Destination,
    meter: &Meter,
) -> anyhow::Result<(Opened, u64)> {
    let header = Cursor::new(opened.read_header().raw().to_vec());
    if message.source().is_file() {
        let verified = Verified::new(header.chain(&mut message), None, reader)?;
        return Ok(verified.release(message.rewound()?, reader, destination, meter)?);
    }
    // Never published. A name that can be guessed could be a link by the time it is made.
    let mut random = [0; 8];
    fill_random(&mut random)?;
    let name = format!("enwrap-spool-{}", hex::encode(random));
    let spool = AtomicFile::create(&std::env::temp_dir().join(name))?;
    let mut file = spool.file();
    let verified = Verified::new(header.chain(&mut message), Some(file), reader)?;
    file.rewind()?;
    Ok(verified.release(file, reader, destination, meter)?)
}

/// A failed write names the output, and everything else is told as it is.
fn name_output(error: anyhow::Error, target: &Target) -> anyhow::Error {
    match error.downcast() {
        Ok(VerifyFirstError::Pipeline(error)) => target.name_in(error),
        Ok(other) => other.into(),
        Err(other) => other,
    }
}
