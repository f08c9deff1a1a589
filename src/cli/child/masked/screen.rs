//! The pseudo-terminal of a masked command, between it and our terminal.
//!
//! The command leads a session of its own, of which the pseudo-terminal is the terminal, so what it writes to
//! `/dev/tty` is masked too. Our terminal is in raw mode meanwhile, if our input is one: what is typed goes to the
//! pseudo-terminal as it is, which echoes it and makes signals of Ctrl-C and its like.
//!
//! The command has no shell above it in its session, and so Ctrl-Z would do nothing there: the system lets no terminal
//! stop a process that nobody could continue. We stop it instead, with SIGSTOP, unless it handles SIGTSTP itself.

use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use pty_process::blocking::{self, Pts, Pty};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, getpgrp, kill_process, kill_process_group};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp,
    tcgetwinsize, tcsetattr, tcsetwinsize,
};
use zeroize::Zeroizing;

use crate::cli::signals::signals_of;

pub(super) struct Screen {
    pty: Pty,
    /// The command's end, until it is started.
    pts: Option<Pts>,
    /// How our terminal was, if our input is one.
    before: Option<Termios>,
    is_entered: bool,
    /// What was typed, and not taken yet.
    typed: Zeroizing<Vec<u8>>,
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        let (pty, pts) = blocking::open().map_err(io::Error::other)?;
        let flags = fcntl_getfl(&pty)?;
        fcntl_setfl(&pty, flags | OFlags::NONBLOCK)?;
        let before = if io::stdin().is_terminal() { Some(tcgetattr(stdin())?) } else { None };
        // The same keys and modes as ours. Without raw mode, our own terminal makes lines of newlines.
        let mut modes = before.clone().map_or_else(|| tcgetattr(stdout()), Ok)?;
        if before.is_none() {
            modes.output_modes.remove(OutputModes::OPOST);
        }
        tcsetattr(&pts, OptionalActions::Now, &modes)?;
        let typed = Zeroizing::default();
        let screen = Self { pty, pts: Some(pts), before, is_entered: false, typed };
        screen.resize();
        Ok(screen)
    }

    /// Starts the command, with its output here, and its input too if ours is a terminal.
    pub(super) fn spawn(&mut self, command: Command, has_own_stderr: bool) -> io::Result<Child> {
        let pts = self.pts.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut command = blocking::Command::from(command);
        if self.before.is_none() {
            command = command.stdin(Stdio::inherit());
        }
        if has_own_stderr {
            command = command.stderr(Stdio::piped());
        }
        command.spawn(pts).map_err(|error| match error {
            pty_process::Error::Io(error) => error,
            pty_process::Error::Rustix(error) => error.into(),
        })
    }

    /// A descriptor to read the command's output from.
    pub(super) fn output(&self) -> io::Result<OwnedFd> {
        self.pty.as_fd().try_clone_to_owned()
    }

    /// Puts our terminal into raw mode, unless we are in the background: there, it belongs to somebody else.
    pub(super) fn enter(&mut self) {
        let Some(before) = &self.before else { return };
        if tcgetpgrp(stdin()) == Ok(getpgrp()) {
            let mut raw = before.clone();
            raw.make_raw();
            self.is_entered = tcsetattr(stdin(), OptionalActions::Now, &raw).is_ok();
        }
    }

    /// Puts our terminal back as it was.
    pub(super) fn leave(&mut self) {
        if let Some(before) = self.before.as_ref().filter(|_| self.is_entered) {
            tcsetattr(stdin(), OptionalActions::Drain, before).ok();
            self.is_entered = false;
        }
    }

    /// Whether what is typed is ours to relay.
    pub(super) fn is_entered(&self) -> bool {
        self.is_entered
    }

    /// Whether something was typed that the command has not taken.
    pub(super) fn has_input(&self) -> bool {
        !self.typed.is_empty()
    }

    /// Gives the command's terminal the size of ours, which the system tells the command.
    pub(super) fn resize(&self) {
        if let Ok(size) = tcgetwinsize(stdout()) {
            tcsetwinsize(&self.pty, size).ok();
        }
    }

    /// Reads what was typed if nothing is waiting, and hands on what the command's terminal takes.
    pub(super) fn relay_input(&mut self, command: Pid) {
        if self.typed.is_empty() {
            let mut bytes = Zeroizing::new([0; 1024]);
            match rustix::io::read(stdin(), &mut bytes[..]) {
                Ok(read) if read > 0 => self.typed.extend_from_slice(&bytes[..read]),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return,
                // The terminal has gone.
                Ok(_) | Err(_) => return self.leave(),
            }
        }
        let stopper = self.stop_key(command);
        let typed = std::mem::take(&mut self.typed);
        let at = stopper.and_then(|key| typed.iter().position(|byte| *byte == key));
        let part = &typed[..at.unwrap_or(typed.len())];
        let taken = match rustix::io::write(&self.pty, part) {
            _ if part.is_empty() => 0,
            Ok(taken) => taken,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => 0,
            Err(_) => part.len(),
        };
        let mut rest = taken;
        if at == Some(taken) {
            rest += 1;
            self.stop_command(command);
        }
        self.typed.extend_from_slice(&typed[rest..]);
    }

    /// The key that is to stop the command, unless it is one among several of its session, or deals with the key
    /// itself.
    fn stop_key(&self, command: Pid) -> Option<u8> {
        let modes = tcgetattr(&self.pty).ok()?;
        let is_on = modes.local_modes.contains(LocalModes::ISIG);
        let is_alone = tcgetpgrp(&self.pty) == Ok(command);
        let key = modes.special_codes[SpecialCodeIndex::VSUSP];
        (is_on && is_alone && key != 0 && !handles_stop(command)).then_some(key)
    }

    pub(super) fn stop_command(&self, command: Pid) {
        kill_process_group(command, Signal::STOP).ok();
    }

    pub(super) fn continue_command(&self, command: Pid) {
        // The command leads its process group, unless it has left it.
        if kill_process_group(command, Signal::CONT).is_err() {
            kill_process(command, Signal::CONT).ok();
        }
    }
}

/// Whether a process catches or ignores SIGTSTP; elsewhere than on Linux, that cannot be seen.
fn handles_stop(process: Pid) -> bool {
    const SIGTSTP: u64 = 1 << 19;
    signals_of(process, &["SigIgn:", "SigCgt:"]) & SIGTSTP != 0
}

impl AsFd for Screen {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pty.as_fd()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}
