//! The children that run, so that a signal which ends enwrap can end them too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

/// The ids of all children that were started and not yet waited for. As long as an id is in the list, its process
/// was not reaped, so the system has not given the id to another process.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// The list. It is locked while a child is started or reaped, so that no signal is sent meanwhile.
pub(super) fn lock() -> MutexGuard<'static, Vec<Pid>> {
    // The list is whole after every change, so a panic elsewhere did not break it.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks every child to end, because enwrap is about to end by a signal that was perhaps sent to it alone.
pub(crate) fn terminate_all() {
    for child in lock().iter() {
        kill_process(*child, Signal::TERM).ok();
    }
}

/// Whether signals to enwrap are forwarded to a child instead of ending both.
static RELAYED: AtomicBool = AtomicBool::new(false);

/// Whether a command runs in our place, whose relay takes care of signals.
pub(crate) fn has_relay() -> bool {
    RELAYED.load(Ordering::Relaxed)
}

pub(super) fn set_relay(is_relayed: bool) {
    RELAYED.store(is_relayed, Ordering::Relaxed);
}
