//! A command that runs in our place, whose output is masked on its way.
//!
//! Where our standard output is a terminal, the command has a pseudo-terminal of its own ([`Screen`]), so that it
//! keeps its colours, its width and the order of its lines. Else it has a pipe for each of its two outputs.
//!
//! Each output has a thread ([`stream`]). This one waits for the command, and passes signals on: one that is sent to
//! enwrap is meant for the command, which decides what it does with it.

mod screen;
mod stream;

use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::process::{ExitStatus, Stdio};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, getpid, kill_process, waitid};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH,
};

use super::{Child, Spec, running};
use crate::cli::masking::mask::Patterns;
use crate::cli::signals::{Arrivals, ignored_signals};
use crate::output;
use screen::Screen;
use stream::{Stream, WhenRefused};

/// What a command needs that is to be masked, before it starts.
pub(crate) struct Masked {
    screen: Option<Screen>,
    arrivals: Arrivals,
}

/// How long the end of the command may go unseen, if the byte that wakes us for SIGCHLD could not be written.
const MOST_UNSEEN: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Writes to one of our outputs.
type Write = fn(&[u8]) -> io::Result<()>;

/// A masked command that runs.
pub(crate) struct Running {
    child: Child,
    screen: Option<Screen>,
    arrivals: Arrivals,
    /// Its outputs that are pipes.
    pipes: Vec<(OwnedFd, Write)>,
}

impl Masked {
    pub(crate) fn new() -> io::Result<Self> {
        let screen = if io::stdout().is_terminal() { Some(Screen::open()?) } else { None };
        let mut signals = vec![SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT];
        if screen.is_some() {
            // Elsewhere, the command is in our process group, which gets them from the terminal as a whole.
            signals.extend([SIGWINCH, SIGTSTP]);
        }
        let ignored = ignored_signals();
        signals.retain(|signal| !ignored.contains(signal));
        signals.push(SIGCHLD);
        let arrivals = Arrivals::of(signals.iter())?;
        Ok(Self { screen, arrivals })
    }

    /// Starts the command. An error says why the system refused that.
    pub(crate) fn start(self, spec: Spec) -> io::Result<Running> {
        let Self { screen, arrivals } = self;
        running::set_relay(true);
        let started = match screen {
            Some(screen) => start_on(screen, spec, arrivals),
            None => start_with_pipes(spec, arrivals),
        };
        started.inspect_err(|_| running::set_relay(false))
    }
}

fn start_with_pipes(mut spec: Spec, arrivals: Arrivals) -> io::Result<Running> {
    spec.0.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spec.start()?;
    let (stdout, stderr) = (child.0.stdout.take(), child.0.stderr.take());
    let mut pipes: Vec<(OwnedFd, Write)> = Vec::new();
    pipes.extend(stdout.map(|pipe| (pipe.into(), output::print as Write)));
    pipes.extend(stderr.map(|pipe| (pipe.into(), output::print_on_stderr as Write)));
    Ok(Running { child, screen: None, arrivals, pipes })
}

fn start_on(mut screen: Screen, mut spec: Spec, arrivals: Arrivals) -> io::Result<Running> {
    let has_own_stderr = !io::stderr().is_terminal();
    if has_own_stderr {
        spec.0.stderr(Stdio::piped());
    }
    let mut child = Spec::start_by(|| screen.spawn(spec.0, has_own_stderr))?;
    let stderr = child.0.stderr.take();
    let pipes = stderr.map(|pipe| (pipe.into(), output::print_on_stderr as Write));
    Ok(Running { child, screen: Some(screen), arrivals, pipes: pipes.into_iter().collect() })
}

impl Running {
    /// Relays until the command has ended, and for a moment what is left of its output.
    pub(crate) fn wait(self, patterns: &Patterns) -> io::Result<ExitStatus> {
        let Self { mut child, screen, mut arrivals, pipes } = self;
        // Has an end of its own for each stream to see, when the other one is dropped.
        let (ended, running) = pipe_with(PipeFlags::CLOEXEC)?;
        let ended = ended.as_fd();
        let mut screen = screen;
        let output = screen.as_ref().map(Screen::output).transpose()?;
        if let Some(screen) = &mut screen {
            screen.enter();
        }
        thread::scope(|scope| {
            let relay = |source: OwnedFd, write, when_refused| {
                let stream = Stream { source, ended, write, when_refused };
                let relay = move || stream.relay(patterns);
                thread::Builder::new().name("mask".to_owned()).spawn_scoped(scope, relay)
            };
            let mut streams = Vec::new();
            for (pipe, write) in pipes {
                streams.push(relay(pipe, write, WhenRefused::Close)?);
            }
            if let Some(output) = output {
                streams.push(relay(output, output::print, WhenRefused::Discard)?);
            }
            let watched = watch(&mut child, screen.as_mut(), &mut arrivals);
            drop(running);
            let mut written = Ok(());
            for stream in streams {
                let failed = |_| Err(io::Error::other("the thread that masks has failed"));
                let joined = stream.join().unwrap_or_else(failed);
                written = written.and(joined);
            }
            drop(screen);
            // The relay of signals is not ended: one that was passed on may still be on its way to the thread that
            // ends the process, and the exit is to be the command's.
            watched?;
            let status = child.wait()?;
            written.map(|()| status)
        })
    }
}

/// Waits until the command has ended. Meanwhile passes on signals, and what is typed.
fn watch(
    child: &mut Child,
    mut screen: Option<&mut Screen>,
    arrivals: &mut Arrivals,
) -> io::Result<()> {
    let pid = child.pid();
    loop {
        arrivals.clear();
        while let Some(signal) = arrivals.arrived() {
            handle(signal, pid, screen.as_deref_mut());
        }
        // Looked at each time, and not on SIGCHLD only: of several signals, the system keeps one.
        let stopped = waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG);
        if let (Ok(Some(_)), Some(screen)) = (stopped, screen.as_deref_mut()) {
            suspend(screen);
        }
        // Left unreaped, as in `Child::wait`.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::Pid(pid), ended)?.is_some() {
            return Ok(());
        }
        wait_for_input(arrivals.wake(), screen.as_deref_mut(), pid)?;
    }
}

/// Waits for a signal or for input, and relays the input.
fn wait_for_input(wake: BorrowedFd<'_>, screen: Option<&mut Screen>, pid: Pid) -> io::Result<()> {
    let mut waited = vec![PollFd::from_borrowed_fd(wake, PollFlags::IN)];
    let Some(screen) = screen else {
        return match poll(&mut waited, Some(&MOST_UNSEEN)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        };
    };
    let stdin = rustix::stdio::stdin();
    let pty = screen.as_fd().try_clone_to_owned()?;
    if screen.has_input() {
        waited.push(PollFd::new(&pty, PollFlags::OUT));
    } else if screen.is_entered() {
        waited.push(PollFd::from_borrowed_fd(stdin, PollFlags::IN));
    }
    match poll(&mut waited, Some(&MOST_UNSEEN)) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    if waited.get(1).is_some_and(|it| !it.revents().is_empty()) {
        screen.relay_input(pid);
    }
    Ok(())
}

fn handle(signal: i32, child: Pid, screen: Option<&mut Screen>) {
    match (signal, screen) {
        (SIGCHLD, _) => {}
        (SIGWINCH, Some(screen)) => screen.resize(),
        (SIGTSTP, Some(screen)) => screen.stop_command(child),
        (SIGCONT, Some(screen)) => {
            screen.enter();
            screen.resize();
            screen.continue_command(child);
        }
        // The terminal sends these to all of our process group, and so to the command too.
        (SIGINT | SIGQUIT, None) if is_from_terminal() => {}
        (signal, _) => {
            if let Some(signal) = Signal::from_named_raw(signal) {
                kill_process(child, signal).ok();
            }
        }
    }
}

/// Whether Ctrl-C would reach us: we are in the foreground of a terminal. A signal that somebody sends to us alone
/// cannot be told from it there; the command would get that one twice if it were passed on.
fn is_from_terminal() -> bool {
    let terminal = std::fs::File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(terminal) == Ok(getpgrp()))
}

/// Stops us too, after the command has stopped, so that the shell that waits for us goes on.
fn suspend(screen: &mut Screen) {
    screen.leave();
    kill_process(getpid(), Signal::STOP).ok();
}
