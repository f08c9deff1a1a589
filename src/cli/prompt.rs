//! Questions to whoever sits at the terminal. They go to /dev/tty, so that pipes stay what they are.
//!
//! A crate would read the line as well; but what turns the echo off must also be undone by a signal, on
//! another thread, and no crate lets that thread do it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::{Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use enwrap::secret::SecretText;

/// The terminal while its echo is off, and how it was.
static SILENCED: Mutex<Option<(File, Termios)>> = Mutex::new(None);

fn terminal() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty")
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
    *lock() = Some((terminal.try_clone()?, before));
    // Flushes what was typed before the question: it was meant for something else.
    let answer = tcsetattr(&terminal, OptionalActions::Flush, &silent)
        .map_err(Into::into)
        .and_then(|()| write!(terminal, "{question}"))
        .and_then(|()| read_line(&mut terminal));
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
    while terminal.read(&mut byte)? == 1 && byte != *b"\n" {
        line.push(&byte);
    }
    Ok(line)
}

/// Shows again what is typed: after a question, and when a signal ends one.
pub(crate) fn restore() {
    if let Some((terminal, before)) = lock().take() {
        tcsetattr(&terminal, OptionalActions::Now, &before).ok();
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<(File, Termios)>> {
    SILENCED.lock().unwrap_or_else(PoisonError::into_inner)
}
