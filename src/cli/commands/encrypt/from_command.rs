//! `encrypt --from-command`: the output of a command, if that succeeds.
//!
//! The command follows `--`, also where clap would do without. Otherwise the command's own flags would count as
//! ours: `-h` for a host would show our help, and `-f` would let us replace a file.

use std::env;
use std::path::{Path, PathBuf};

use enwrap::pipeline::Jobs;

use super::{EncryptRun, name_output};
use crate::cli::child::producer::Producer;
use crate::cli::io::destination::{Destination, Target};
use crate::output::error::{Error, UsageError};
use crate::output::progress::FileMeter;
use crate::output::sanitize;

/// The command that `operands` are, if they are exactly what was typed after `--`.
pub(super) fn command(operands: &[PathBuf]) -> Result<&[PathBuf], UsageError> {
    let typed = env::args_os().skip_while(|argument| argument != "--").skip(1);
    if operands.is_empty() || !typed.eq(operands.iter().map(|operand| operand.as_os_str())) {
        return Err(no_marker());
    }
    Ok(operands)
}

/// Whether a command seems to follow `--from-command` without the `--`.
pub(crate) fn lacks_marker() -> bool {
    let typed = env::args_os().take_while(|argument| argument != "--");
    typed
        .skip_while(|argument| argument != "--from-command")
        .skip(1)
        .any(|argument| !argument.as_encoded_bytes().starts_with(b"-"))
}

pub(crate) fn no_marker() -> UsageError {
    UsageError::new("--from-command takes a command after '--', and no FILE")
        .hint("enwrap encrypt -o FILE.enwrap --from-command -- COMMAND [ARGUMENT]..")
}

impl EncryptRun<'_> {
    /// Encrypts what a command writes, if it succeeds.
    pub(super) fn encrypt_output_of(
        &self,
        command: &[PathBuf],
        target: &Target,
        jobs: Jobs,
    ) -> Result<(), Error> {
        let mut existing = self.existing_alike(target)?;
        let seen = existing.as_ref().map(|alike| alike.seen);
        let publication = self.publication(None).redone(seen);
        let (outputs, payload) = (self.outputs, self.payload());
        let mut destination = Destination::open(outputs, target, None, payload, publication)?;
        let shown = command.first().map_or_else(String::new, sanitize::name);
        let meter = FileMeter::begin(self.ui, None, shown, None, destination.is_terminal());
        let sealer = self.sealer()?.with_jobs(jobs);
        let mut producer = Producer::start(command)?;
        let mut output = producer.stopped_with(&mut destination)?;
        let (encrypted, is_same) = match &mut existing {
            Some(alike) => self.seal_compared(alike, sealer, &mut producer, &mut output, &meter),
            None => {
                self.seal(sealer, &mut producer, &mut output, &meter).map(|sealed| (sealed, false))
            }
        }
        .map_err(|error| name_output(error, target))?;
        meter.finish();
        if let Some(alike) = existing.filter(|_| is_same) {
            return self.leave(Path::new("-"), &alike, encrypted.plaintext_len).map(drop);
        }
        destination.finish()?;
        self.record(Path::new("-"), target, &encrypted, false)
    }
}
