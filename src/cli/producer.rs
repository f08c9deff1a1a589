//! `--from-command`: the output of a command, which ends well or does not end at all.
//!
//! A shell's pipe hides how its first command ended: the half of a failed dump would be encrypted and kept as a
//! backup. Here the end of the output is an end only when the command says that it succeeded.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::environment;
use crate::output::error::{ProducerError, UsageError};
use crate::output::sanitize;

/// A command that runs, and its output.
pub(crate) struct Producer {
    shown: String,
    child: Child,
    output: Option<ChildStdout>,
}

/// The command in the operands of a verb: what was typed after `--`, and nothing else. Without the `--`, the
/// command's own flags would have been taken for ours.
pub(crate) fn command(operands: &[PathBuf]) -> Result<&[PathBuf], UsageError> {
    let typed = std::env::args_os().skip_while(|argument| argument != "--").skip(1);
    if operands.is_empty() || !typed.eq(operands.iter().map(|operand| operand.as_os_str())) {
        let problem = "--from-command takes a command after '--', and no FILE";
        return Err(UsageError::new(problem)
            .hint("enwrap encrypt -o FILE.enwrap --from-command -- COMMAND [ARGUMENT].."));
    }
    Ok(operands)
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
        let mut child = command.spawn().map_err(failed)?;
        let output = child.stdout.take();
        Ok(Self { shown, child, output })
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
