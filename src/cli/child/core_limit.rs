//! The limit on the size of core dumps.
//!
//! A core dump of enwrap could hold keys, so its own limit is zero. A process that it starts gets the limit
//! that the caller gave to enwrap.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit that the caller gave to enwrap.
static OF_CALLER: OnceLock<Rlimit> = OnceLock::new();

/// Sets our own limit to zero.
pub(crate) fn lower() {
    let of_caller = OF_CALLER.get_or_init(|| getrlimit(Resource::Core));
    let limit = Rlimit { current: Some(0), maximum: of_caller.maximum };
    // The limit is one layer of several: where the system refuses it, work goes on.
    setrlimit(Resource::Core, limit).ok();
}

/// Runs `start` under the caller's limit, which a process started there inherits.
///
/// Meanwhile enwrap itself could write a dump, but for the "not dumpable" flag of the process, which only Linux
/// has and which a started process does not inherit. On other systems our limit stays in force instead.
pub(super) fn with_limit_of_caller<T>(start: impl FnOnce() -> T) -> T {
    let Some(of_caller) = OF_CALLER.get().filter(|_| cfg!(target_os = "linux")) else {
        return start();
    };
    setrlimit(Resource::Core, *of_caller).ok();
    let started = start();
    lower();
    started
}
