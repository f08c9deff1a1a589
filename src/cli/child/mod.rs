//! The one place that starts processes, so that all of them get the same from us.
//!
//! A child works for our caller. It gets what the caller gave to enwrap, and nothing of enwrap's own:
//!
//! - **Environment**: without the variables that hold keys or passphrases ([`environment::secrets`]).
//! - **Descriptors**: its standard streams as its [`Spec`] says, and what the caller had left open. Every
//!   descriptor that enwrap opens is close-on-exec, but for a [`memory_file`], which is made for the command.
//! - **Core dumps**: the caller's limit ([`core_limit`]), not the zero that enwrap sets for itself.
//! - **Signals**: those that the caller ignores stay ignored; for all others the default action holds, since a
//!   handler does not survive `exec`. The standard library blocks no signal in a child, and sets SIGPIPE, which
//!   its own start-up code ignores, to the default action.
//! - **Process group**: ours. A child may ask at the terminal, which it could not from a group in the background;
//!   Ctrl-C and a signal to the whole job reach it without us. A signal to enwrap alone ends the child with
//!   SIGTERM ([`running::terminate_all`]).
//!
//! Two are no helpers of ours but what our caller wants to run: a command that takes our place
//! ([`Spec::replace_us`]), and one that runs in our place while its output is [`masked`].

pub(crate) mod core_limit;
pub(crate) mod editor;
pub(crate) mod foreground;
pub(crate) mod git;
pub(crate) mod masked;
pub(crate) mod memory_file;
pub(crate) mod producer;
pub(crate) mod running;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{self, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::environment;

/// What to run, before it runs.
pub(crate) struct Spec(Command);

impl Spec {
    /// A program, found through `PATH`, with our standard streams.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        for name in environment::secrets() {
            command.env_remove(name);
        }
        Self(command)
    }

    /// A line for the shell.
    pub(crate) fn shell(line: &OsStr) -> Self {
        Self::new("sh").args([OsStr::new("-c"), line])
    }

    pub(crate) fn without_variables<const N: usize>(mut self, names: [&str; N]) -> Self {
        for name in names {
            self.0.env_remove(name);
        }
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(arguments);
        self
    }

    /// Gives it these variables besides, or instead of, those of the same names.
    pub(crate) fn variables<'a>(
        mut self,
        variables: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
    ) -> Self {
        self.0.envs(variables);
        self
    }

    /// Gives it these variables only.
    pub(crate) fn only_variables(
        mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        self.0.env_clear().envs(variables);
        self
    }

    /// Becomes the program, and returns only with the reason why that is impossible. The process keeps its id, its
    /// standard streams and what the caller had left open.
    pub(crate) fn replace_us(mut self) -> io::Error {
        // Not locked, as the start of a child is: a signal that ends us must not wait, since it would be lost.
        core_limit::with_limit_of_caller(|| self.0.exec())
    }

    /// Gives it an empty standard input instead of ours.
    pub(crate) fn without_input(mut self) -> Self {
        self.0.stdin(Stdio::null());
        self
    }

    /// Sends its standard output to our standard error.
    pub(crate) fn output_to_stderr(mut self) -> io::Result<Self> {
        self.0.stdout(io::stderr().as_fd().try_clone_to_owned()?);
        Ok(self)
    }

    /// Starts it, with its standard output for us to read.
    pub(crate) fn start_with_output(mut self) -> io::Result<(Child, ChildStdout)> {
        self.0.stdout(Stdio::piped());
        let mut child = self.start()?;
        let output = child.0.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok((child, output))
    }

    fn start(mut self) -> io::Result<Child> {
        Self::start_by(|| self.0.spawn())
    }

    fn start_by(spawn: impl FnOnce() -> io::Result<process::Child>) -> io::Result<Child> {
        // Locked, since the core limit is the whole process's, and no signal may come before the child is known.
        let mut running = running::lock();
        let child = core_limit::with_limit_of_caller(spawn)?;
        running.push(Pid::from_child(&child));
        Ok(Child(child))
    }
}

/// A process that was started.
pub(crate) struct Child(process::Child);

impl Child {
    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(&self.0);
        // Left unreaped at first: the list is not locked while we wait, and must hold no id that is free.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), ended))?;
        let mut running = running::lock();
        running.retain(|running| *running != pid);
        self.0.wait()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).ok();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.0);
        running::lock().retain(|running| *running != pid);
    }
}
