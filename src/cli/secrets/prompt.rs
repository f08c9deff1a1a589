//! Questions at the terminal. They go to /dev/tty, so standard input and output may be pipes.
//!
//! There are crates that read a line without echo. But a signal must turn the echo on again before it ends the process,
//! and the thread that handles signals could not do that with any of them.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::{Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use enwrap::crypto::secret::SecretText;

/// A terminal whose echo is off.
struct Silenced {
    terminal: File,
    before: Termios,
    silent: Termios,
    question: String,
}

static SILENCED: Mutex<Option<Silenced>> = Mutex::new(None);

fn terminal() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty")
}

/// Whether there is a terminal to ask at.
pub(crate) fn is_possible() -> bool {
    terminal().is_ok()
}

/// Reads a line that is not shown.
///
/// # Errors
/// Where there is no terminal.
pub(crate) fn secret(question: &str) -> io::Result<SecretText> {
    let mut terminal = terminal()?;
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    silent.local_modes.insert(LocalModes::ECHONL);
    {
        // Locked until the echo is off. Otherwise a signal between the two steps could turn the echo on too early.
        let mut silenced = lock();
        let question = question.to_owned();
        let handle = terminal.try_clone()?;
        // `Flush` discards what was typed before the question.
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        *silenced = Some(Silenced { terminal: handle, before, silent, question });
    }
    let answer = write!(terminal, "{question}").and_then(|()| read_line(&mut terminal));
    restore();
    answer
}

/// Reads a line that is shown.
///
/// # Errors
/// Where there is no terminal.
pub(crate) fn answer(question: &str) -> io::Result<String> {
    let mut terminal = terminal()?;
    write!(terminal, "{question}")?;
    let line = read_line(&mut terminal)?;
    Ok(String::from_utf8_lossy(line.expose()).trim().to_owned())
}

fn read_line(terminal: &mut File) -> io::Result<SecretText> {
    let mut line = SecretText::default();
    let mut byte = [0];
    loop {
        match terminal.read(&mut byte) {
            Ok(1) if byte != *b"\n" => line.push(&byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(line),
        }
    }
}

/// Turns the echo on again: after a question, and when a signal ends the process during one.
pub(crate) fn restore() {
    if let Some(Silenced { terminal, before, .. }) = lock().take() {
        tcsetattr(&terminal, OptionalActions::Now, &before).ok();
    }
}

/// Turns the echo off again and repeats the question, if there is one: after the process was stopped and continued.
/// The shell has turned the echo on meanwhile.
pub(crate) fn resume() {
    if let Some(Silenced { terminal, silent, question, .. }) = &*lock() {
        tcsetattr(terminal, OptionalActions::Flush, silent).ok();
        drop((&*terminal).write_all(question.as_bytes()));
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<Silenced>> {
    SILENCED.lock().unwrap_or_else(PoisonError::into_inner)
}
