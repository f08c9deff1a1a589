//! What holds for the whole process: hardening, signals, and the file mode mask.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use enwrap::fs::atomic_file::temporary;

use super::child::{core_limit, running};
use super::secrets::prompt;

/// Keeps memory out of core dumps, and away from debuggers of the same user.
pub(crate) fn harden() {
    // Each of the two is one layer of several: where the system refuses it, work goes on.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).ok();
    core_limit::lower();
}

/// Handles the signals that end a process (SIGINT, SIGTERM, SIGHUP, SIGQUIT): first temporary files are removed,
/// the terminal shows again what is typed, and children are asked to end; then enwrap dies by the signal.
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
    let Ok(mut signals) = Signals::new(ours.iter().chain(&[SIGCONT])) else { return };
    // On a thread of its own, because removing temporary files takes a lock, which a handler must not.
    let watch = move || {
        for signal in signals.forever() {
            if signal == SIGCONT {
                prompt::resume();
                continue;
            }
            temporary::remove_all();
            prompt::restore();
            running::terminate_all();
            drop(emulate_default_handler(signal));
        }
    };
    if thread::Builder::new().name("signals".to_owned()).spawn(watch).is_err() {
        // Without the thread, a signal ends the process at once, and may leave a temporary file.
        for signal in ours {
            drop(flag::register_conditional_default(signal, Arc::new(AtomicBool::new(true))));
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
