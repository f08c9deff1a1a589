//! What holds for the whole process: hardening, signals, and the file mode mask.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::{emulate_default_handler, pipe};

use enwrap::fs::atomic_file::temporary;
use enwrap::fs::private_folder;

use super::child::{core_limit, foreground, running};
use super::secrets::prompt;

/// Keeps memory out of core dumps, and away from debuggers of the same user.
pub(crate) fn harden() {
    // Each of the two is one layer of several: where the system refuses it, work goes on.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).ok();
    core_limit::lower();
}

/// Handles the signals that end a process (SIGINT, SIGTERM, SIGHUP, SIGQUIT): first temporary files are removed,
/// the terminal shows again what is typed, and children are asked to end; then enwrap dies by the signal. While a child
/// [has the terminal](foreground), SIGINT and SIGQUIT are meant for it.
///
/// SIGXFSZ gets a handler that does nothing: a file that grows beyond its limit is an error of `write` then.
pub(crate) fn handle_signals() {
    // Not `SIG_IGN`, which children would inherit.
    drop(flag::register(SIGXFSZ, Arc::default()));
    let ignored = ignored_signals();
    let ours: Vec<i32> = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
        .into_iter()
        .filter(|signal| !ignored.contains(signal))
        .collect();
    let Ok(mut arrivals) = Arrivals::of(ours.iter().chain(&[SIGCONT])) else {
        return end_at_once_by(&ours);
    };
    // On a thread of its own, because removing temporary files takes a lock, which a handler must not.
    let watched = ours.clone();
    let watch = move || {
        while let Ok(signal) = arrivals.next() {
            if signal == SIGCONT {
                prompt::resume();
                continue;
            }
            if matches!(signal, SIGINT | SIGQUIT) && foreground::is_running() {
                continue;
            }
            temporary::remove_all();
            private_folder::remove_all();
            prompt::restore();
            running::terminate_all();
            drop(emulate_default_handler(signal));
        }
        end_at_once_by(&watched);
    };
    if thread::Builder::new().name("signals".to_owned()).spawn(watch).is_err() {
        end_at_once_by(&ours);
    }
}

/// Without a thread that waits for signals, one ends the process at once, and may leave a temporary file.
fn end_at_once_by(signals: &[i32]) {
    for signal in signals {
        drop(flag::register_conditional_default(*signal, Arc::new(AtomicBool::new(true))));
    }
}

/// The signals that arrive, one after the other. The handlers set a flag for each, and write a byte to wake the reader;
/// the iterator of the library panics where that byte cannot be read.
struct Arrivals {
    wake: UnixStream,
    flags: Vec<(i32, Arc<AtomicBool>)>,
}

impl Arrivals {
    fn of<'a>(signals: impl Iterator<Item = &'a i32>) -> io::Result<Self> {
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

    fn next(&mut self) -> io::Result<i32> {
        loop {
            let arrived = self.flags.iter().find(|(_, flag)| flag.swap(false, Ordering::Relaxed));
            if let Some((signal, _)) = arrived {
                return Ok(*signal);
            }
            match self.wake.read(&mut [0; 64]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => drop(read?),
            }
        }
    }
}

/// The signals that the caller has us ignore, as `nohup` does with SIGHUP.
fn ignored_signals() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

/// Dies by SIGPIPE, as shells and scripts expect of a filter whose reader has gone.
pub(crate) fn die_of_broken_pipe() {
    drop(emulate_default_handler(SIGPIPE));
}

/// The permission bits that new files do not get.
#[allow(clippy::useless_conversion, reason = "a mode has 16 bits on macOS")]
pub(crate) fn umask() -> u32 {
    use rustix::fs::Mode;

    // The mask can only be read by setting it. No other thread creates files at this moment.
    let umask = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    rustix::process::umask(umask);
    u32::from(umask.bits())
}
