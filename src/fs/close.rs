//! Closes files and reports the errors of `close`, which dropping a file ignores.
//!
//! Some file systems report failed writes only there: FUSE (flush), NFS, and others with quotas.

use std::fs::File;
use std::io;

use super::atomic_file::fault::{Step, step};

/// Closes `file`.
///
/// # Errors
/// The error of `close`. The descriptor is closed in any case.
pub fn close(file: File) -> io::Result<()> {
    step(Step::Close)?;
    Ok(nix::unistd::close(file)?)
}

/// Has the file system report what a close of `file` would report, and keeps `file` open: the flush of FUSE and
/// NFS is done for every descriptor, so this closes a duplicate.
///
/// # Errors
/// The error of duplicating or closing the descriptor.
pub fn close_duplicate(file: &File) -> io::Result<()> {
    step(Step::CloseDuplicate)?;
    Ok(nix::unistd::close(file.try_clone()?)?)
}
