//! Gives an open file or folder to a user and a group.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{Gid, Uid};

/// Nothing is asked of the system where it is theirs already: only root may give to others.
///
/// # Errors
/// The error of the system call.
pub(super) fn give(open: impl AsFd, (user, group): (u32, u32)) -> io::Result<()> {
    let now = rustix::fs::fstat(&open)?;
    if (now.st_uid, now.st_gid) == (user, group) {
        return Ok(());
    }
    Ok(rustix::fs::fchown(&open, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?)
}
