//! Signals as they arrive, for whoever waits for them on a thread.

use std::fmt::Display;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// The signals that arrive, one after the other. The handlers set a flag for each, and write a byte to wake the reader;
/// the iterator of the library panics where that byte cannot be read.
pub(crate) struct Arrivals {
    wake: UnixStream,
    flags: Vec<(i32, Arc<AtomicBool>)>,
}

impl Arrivals {
    pub(crate) fn of<'a>(signals: impl Iterator<Item = &'a i32>) -> io::Result<Self> {
        let (wake, woken_by) = UnixStream::pair()?;
        let mut flags = Vec::new();
        for signal in signals {
            let flag = Arc::new(AtomicBool::new(false));
            // Set before the reader is woken: handlers run in the order in which they were registered.
            flag::register(*signal, Arc::clone(&flag))?;
            pipe::register(*signal, woken_by.try_clone()?)?;
            flags.push((*signal, flag));
        }
        Ok(Self { wake, flags })
    }

    /// A signal that has arrived, if there is one.
    pub(crate) fn arrived(&self) -> Option<i32> {
        let arrived = self.flags.iter().find(|(_, flag)| flag.swap(false, Ordering::Relaxed));
        arrived.map(|(signal, _)| *signal)
    }

    /// Waits for a signal.
    pub(crate) fn next(&mut self) -> io::Result<i32> {
        loop {
            if let Some(signal) = self.arrived() {
                return Ok(signal);
            }
            match self.wake.read(&mut [0; 64]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => drop(read?),
            }
        }
    }

    /// Forgets what has woken the reader so far. What [`wake`](Self::wake) tells afterwards is new.
    pub(crate) fn clear(&mut self) {
        while self.can_be_read() && self.wake.read(&mut [0; 64]).is_ok_and(|read| read > 0) {}
    }

    fn can_be_read(&self) -> bool {
        let mut waited = [PollFd::new(&self.wake, PollFlags::IN)];
        poll(&mut waited, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    /// Can be read when a signal has arrived.
    pub(crate) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// The signals that the caller has us ignore, as `nohup` does with SIGHUP.
pub(crate) fn ignored_signals() -> Vec<i32> {
    let mask = signals_of("self", &["SigIgn:"]);
    (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

/// The signals in these lines of a process's status, one bit for each; none where the system has no such file.
pub(crate) fn signals_of(process: impl Display, lines: &[&str]) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let masks = status.lines().filter_map(|line| {
        let mask = lines.iter().find_map(|name| line.strip_prefix(name))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    masks.fold(0, |all, mask| all | mask)
}
