//! What holds for the whole process: no core dumps, and nothing temporary and no silent terminal left by a signal.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use enwrap::fs::atomic_file::temporary;

use super::secrets::prompt;

/// Keeps memory out of core dumps and away from debuggers of the same user.
pub(crate) fn harden() {
    // Where the system refuses, nothing is lost but this layer.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).ok();
    let before = CORE.get_or_init(|| getrlimit(Resource::Core));
    let limit = Rlimit { current: Some(0), maximum: before.maximum };
    setrlimit(Resource::Core, limit).ok();
}

/// The limit that the caller gave us.
static CORE: OnceLock<Rlimit> = OnceLock::new();

/// Starts a child that may leave a core dump if it could without us. Meanwhile we still leave none: on Linux,
/// what keeps memory from debuggers does that too, and a child begins without it.
pub(crate) fn with_core_dumps<T>(start: impl FnOnce() -> T) -> T {
    let Some(before) = CORE.get().filter(|_| cfg!(target_os = "linux")) else { return start() };
    setrlimit(Resource::Core, *before).ok();
    let started = start();
    harden();
    started
}

/// Has SIGINT, SIGTERM, SIGHUP and SIGQUIT remove what is temporary before they end the process, and makes a
/// file that grows beyond its limit an error of `write` instead of a death.
pub(crate) fn handle_signals() {
    // A handler, and not "ignore", which children would inherit.
    drop(flag::register(SIGXFSZ, Arc::default()));
    let ignored = ignored_signals();
    let ours: Vec<i32> = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
        .into_iter()
        .filter(|signal| !ignored.contains(signal))
        .collect();
    let Ok(mut signals) = Signals::new(ours.iter().chain(&[SIGCONT])) else { return };
    // A thread, because it waits for whoever is creating a temporary file, which a handler may not.
    let watch = move || {
        for signal in signals.forever() {
            if signal == SIGCONT {
                prompt::resume();
                continue;
            }
            temporary::remove_all();
            prompt::restore();
            drop(emulate_default_handler(signal));
        }
    };
    if thread::Builder::new().name("signals".to_owned()).spawn(watch).is_err() {
        // Better to leave a temporary file than to be deaf.
        for signal in ours {
            drop(flag::register_conditional_default(signal, Arc::new(AtomicBool::new(true))));
        }
    }
}

/// Signals that the caller chose to ignore, as `nohup` does with SIGHUP: so do we.
fn ignored_signals() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
}

/// Dies as a process does whose reader has gone; scripts and shells expect that of a filter.
pub(crate) fn die_of_broken_pipe() {
    drop(emulate_default_handler(SIGPIPE));
}

/// The bits that new files do not get.
#[allow(clippy::useless_conversion, reason = "a mode has 16 bits on macOS")]
pub(crate) fn umask() -> u32 {
    use rustix::fs::Mode;

    // The system has no way to ask but to set; nothing else creates files meanwhile.
    let umask = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    rustix::process::umask(umask);
    u32::from(umask.bits())
}
