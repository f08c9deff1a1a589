//! `--from-command`: a command whose output is read to its end, which counts only if the command succeeds.
//!
//! A shell's pipe hides how its first command ended: the first half of a failed dump would be encrypted and kept
//! as a backup. Here the last read is an error unless the command's exit status is zero.

use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, ExitStatus};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;

use super::{Child, Spec};
use crate::output::error::ProducerError;
use crate::output::sanitize;

/// A command that runs. Reading from it gives what it writes to its standard output.
pub(crate) struct Producer {
    /// The command's name, safe to show.
    shown: String,
    child: Child,
    /// `None` after its end was read.
    output: Option<ChildStdout>,
    /// The end of a socket pair whose other end [`Stopping`] holds, and closes when its output fails.
    wanted: Option<UnixStream>,
}

impl Producer {
    /// Starts the command, with our standard input and the terminal.
    pub(crate) fn start(command: &[PathBuf]) -> Result<Self, ProducerError> {
        let (program, arguments) =
            command.split_first().unwrap_or((const { &PathBuf::new() }, &[]));
        let shown = sanitize::name(Path::new(program));
        match Spec::new(program).args(arguments).start_with_output() {
            Ok((child, output)) => Ok(Self { shown, child, output: Some(output), wanted: None }),
            Err(source) => Err(ProducerError::NotStarted { command: shown, source }),
        }
    }

    /// Wraps the place where the output goes. When a write to it fails, a read that waits for a silent command
    /// ends with an error.
    pub(crate) fn stopped_with<W: Write>(&mut self, output: W) -> io::Result<Stopping<W>> {
        let (ours, theirs) = UnixStream::pair()?;
        self.wanted = Some(theirs);
        Ok(Stopping { output, wanted: Some(ours) })
    }

    /// Waits for output. An error says that the output is no longer wanted.
    fn wait(&self, output: &ChildStdout) -> io::Result<()> {
        let Some(wanted) = &self.wanted else { return Ok(()) };
        let mut ends = [
            PollFd::from_borrowed_fd(output.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(wanted.as_fd(), PollFlags::IN),
        ];
        retry_on_intr(|| poll(&mut ends, None))?;
        if ends[1].revents().is_empty() {
            Ok(())
        } else {
            Err(io::ErrorKind::ConnectionAborted.into())
        }
    }

    /// An error unless the command succeeded.
    fn require_success(&self, status: ExitStatus) -> io::Result<()> {
        let command = self.shown.clone();
        match (status.code(), status.signal()) {
            (Some(0), _) => Ok(()),
            (Some(status), _) => Err(io::Error::other(ProducerError::Failed { command, status })),
            (None, signal) => {
                let signal = signal.unwrap_or_default();
                Err(io::Error::other(ProducerError::Killed { command, signal }))
            }
        }
    }
}

impl Read for Producer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(output) = &self.output else { return Ok(0) };
        self.wait(output)?;
        let Some(output) = &mut self.output else { return Ok(0) };
        let read = output.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.output = None;
            let status = self.child.wait()?;
            self.require_success(status)?;
        }
        Ok(read)
    }
}

impl Drop for Producer {
    /// Ends the command if its output was not read to the end: nobody wants the rest.
    fn drop(&mut self) {
        if self.output.take().is_some() {
            self.child.terminate();
        }
    }
}

/// An output that tells the [`Producer`] when a write to it fails.
pub(crate) struct Stopping<W> {
    output: W,
    wanted: Option<UnixStream>,
}

impl<W: Write> Write for Stopping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.wanted = None;
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
