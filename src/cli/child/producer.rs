//! `--from-command`: the output of a command, which ends well or does not end at all.
//!
//! A shell's pipe hides how its first command ended: the half of a failed dump would be encrypted and kept as a
//! backup. Here the end of the output is an end only when the command says that it succeeded.

use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, kill_process};

use crate::cli::process::with_core_dumps;
use crate::cli::secrets::environment;
use crate::output::error::{ProducerError, UsageError};
use crate::output::sanitize;

/// A command that runs, and its output.
pub(crate) struct Producer {
    shown: String,
    child: Child,
    output: Option<ChildStdout>,
    /// Ends when nobody wants the output any more.
    wanted: Option<UnixStream>,
}

/// The command in the operands of a verb: what was typed after `--`, and nothing else. Without the `--`, the
/// command's own flags would have been taken for ours.
pub(crate) fn command(operands: &[PathBuf]) -> Result<&[PathBuf], UsageError> {
    let typed = std::env::args_os().skip_while(|argument| argument != "--").skip(1);
    if operands.is_empty() || !typed.eq(operands.iter().map(|operand| operand.as_os_str())) {
        return Err(no_marker());
    }
    Ok(operands)
}

/// Whether a command seems to follow `--from-command` without the `--`: then its flags, be it `-h` for a host,
/// must not count as ours.
pub(crate) fn lacks_marker() -> bool {
    let typed = std::env::args_os().take_while(|argument| argument != "--");
    typed
        .skip_while(|argument| argument != "--from-command")
        .skip(1)
        .any(|argument| !argument.as_encoded_bytes().starts_with(b"-"))
}

pub(crate) fn no_marker() -> UsageError {
    UsageError::new("--from-command takes a command after '--', and no FILE")
        .hint("enwrap encrypt -o FILE.enwrap --from-command -- COMMAND [ARGUMENT]..")
}

impl Producer {
    /// Starts the command; the terminal and standard input stay its own.
    pub(crate) fn start(command: &[PathBuf]) -> Result<Self, ProducerError> {
        let (program, arguments) =
            command.split_first().unwrap_or((const { &PathBuf::new() }, &[]));
        let shown = sanitize::name(Path::new(program));
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped());
        environment::withhold_secrets(&mut command);
        let failed = |source| ProducerError::NotStarted { command: shown.clone(), source };
        let mut child = with_core_dumps(|| command.spawn()).map_err(failed)?;
        let output = child.stdout.take();
        Ok(Self { shown, child, output, wanted: None })
    }

    /// Where the output goes. When that fails, nobody waits for a command that is silent.
    pub(crate) fn stopped_with<W: Write>(&mut self, output: W) -> io::Result<Stopping<W>> {
        let (ours, theirs) = UnixStream::pair()?;
        self.wanted = Some(theirs);
        Ok(Stopping { output, wanted: Some(ours) })
    }

    /// Waits for output; an error, if it is not wanted any more.
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

    fn judge(&self, status: ExitStatus) -> io::Result<()> {
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
            self.judge(status)?;
        }
        Ok(read)
    }
}

impl Drop for Producer {
    /// Where its output is no longer wanted, it has nothing more to do.
    fn drop(&mut self) {
        if self.output.take().is_some() {
            kill_process(Pid::from_child(&self.child), Signal::TERM).ok();
        }
    }
}

/// An output that tells its producer when it fails.
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
