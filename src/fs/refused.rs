//! What file systems do not do although they were asked to, and what goes on without it.
//!
//! FUSE mounts of cloud storage, exFAT, SMB, sshfs and old NFS servers have no permissions, no times, no locks or no way
//! to sync. A file can be written there all the same, so such a refusal is noted and is no error. The command line asks
//! for the notes at its end, and says each one once.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::io::Errno;

/// What a file is given beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Permissions.
    Mode = 1,
    /// A time of modification.
    Time = 2,
    /// A place on the disk before the work counts as done.
    Sync = 4,
    /// A lock that keeps other processes from changing it meanwhile.
    Lock = 8,
}

/// All of them.
pub const WISHES: [Wish; 4] = [Wish::Mode, Wish::Time, Wish::Sync, Wish::Lock];

/// What was refused in this process, as a set of bits.
static REFUSED: AtomicU8 = AtomicU8::new(0);

/// Whether a file system has refused this in this process.
#[must_use]
pub fn is_refused(wish: Wish) -> bool {
    REFUSED.load(Ordering::Relaxed) & wish as u8 != 0
}

/// Notes that a file system refused this.
pub fn note(wish: Wish) {
    REFUSED.fetch_or(wish as u8, Ordering::Relaxed);
}

/// Notes the refusal of a file system that cannot fulfil a wish. Every other error stays one: a disk that failed, for
/// example, or is full.
///
/// # Errors
/// Those of `result` that are no such refusal.
pub fn tolerate(wish: Wish, result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if is_unsupported(&error) => {
            note(wish);
            Ok(())
        }
        other => other,
    }
}

/// Whether a file system says by this error that it cannot do something at all. Which error that is differs: FUSE passes
/// on what the program behind it returns.
#[must_use]
pub fn is_unsupported(error: &io::Error) -> bool {
    // ENOTSUP is another number than EOPNOTSUPP on some systems, and the same on others.
    const UNSUPPORTED: [Errno; 6] =
        [Errno::INVAL, Errno::OPNOTSUPP, Errno::NOTSUP, Errno::NOSYS, Errno::PERM, Errno::NOLCK];
    let is_one = |errno: Errno| UNSUPPORTED.contains(&errno);
    Errno::from_io_error(error).is_some_and(is_one)
        // Made by the library or by a test, without a number.
        || error.kind() == io::ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_done_at_all_is_tolerated() {
        for errno in [Errno::INVAL, Errno::OPNOTSUPP, Errno::NOSYS, Errno::PERM, Errno::NOLCK] {
            tolerate(Wish::Time, Err(errno.into())).unwrap();
        }
        assert!(is_refused(Wish::Time));
        for errno in [Errno::IO, Errno::NOSPC, Errno::DQUOT, Errno::ACCESS, Errno::ROFS] {
            assert!(tolerate(Wish::Time, Err(errno.into())).is_err(), "{errno}");
        }
    }
}
