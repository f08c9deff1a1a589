//! The standard streams as the caller gave them: which ones are closed, and writes that wait where one does not block.

// The attribute below is the only use: what it names runs before `main`.
#![allow(unsafe_code, reason = "nothing in safe code runs before the runtime of the language")]

use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU8, Ordering};

use enwrap::fs::wait::Waiting;
use rustix::io::Errno;

const STDIN: u8 = 1;
const STDOUT: u8 = 2;

/// Which streams were closed when the process began.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Has the system call [`look`] before `main`. The runtime of the language puts `/dev/null` in the place of a closed
/// descriptor before that, and afterwards a closed one cannot be told from one that the caller sent there: what is
/// written would be lost, and count as done.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    let is_closed = |fd: BorrowedFd<'_>| rustix::io::fcntl_getfd(fd) == Err(Errno::BADF);
    let mut closed = 0;
    if is_closed(rustix::stdio::stdin()) {
        closed |= STDIN;
    }
    if is_closed(rustix::stdio::stdout()) {
        closed |= STDOUT;
    }
    CLOSED.store(closed, Ordering::Relaxed);
}

/// Refuses to read from standard input where it is closed.
pub(crate) fn require_stdin() -> io::Result<()> {
    require(STDIN, "standard input is closed")
}

/// Refuses to write to standard output where it is closed. For before the work: a result must not be lost.
pub(crate) fn require_stdout() -> io::Result<()> {
    require(STDOUT, "standard output is closed")
}

fn require(stream: u8, problem: &str) -> io::Result<()> {
    if CLOSED.load(Ordering::Relaxed) & stream == 0 {
        Ok(())
    } else {
        Err(io::Error::other(problem))
    }
}

/// Writes all bytes to standard output.
pub(super) fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    require_stdout()?;
    let stdout = io::stdout().lock();
    Waiting(&stdout).write_all(bytes)
}

/// Writes all bytes to standard error.
pub(super) fn write_stderr(bytes: &[u8]) -> io::Result<()> {
    let stderr = io::stderr().lock();
    Waiting(&stderr).write_all(bytes)
}
