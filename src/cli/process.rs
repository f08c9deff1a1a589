//! What holds for the whole process: hardening, signals, and the file mode mask.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::emulate_default_handler;

use enwrap::fs::atomic_file::temporary;
use enwrap::fs::private_folder;

use super::child::{core_limit, foreground, running};
use super::secrets::prompt;
use super::signals::{Arrivals, ignored_signals};

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
/// While a command runs in our place, its relay forwards these signals, and enwrap lives as long as the command.
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
            if running::has_relay()
                || matches!(signal, SIGINT | SIGQUIT) && foreground::is_running()
            {
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

/// Dies by a signal: by SIGPIPE, as shells and scripts expect of a filter whose reader has gone, or as the command
/// did that ran in our place. Returns where that is impossible.
pub(crate) fn die_by(signal: i32) {
    drop(emulate_default_handler(signal));
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
