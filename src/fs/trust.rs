//! Decides which owners' files are trusted.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::atomic_file::folder_of;

/// Whether files of this owner are trusted: this process's user is, and root, who has all permissions anyway.
#[must_use]
pub fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

/// Whether another user may have made `path`, which belongs to `owner`, so that it leads a writer elsewhere: it is not
/// of a trusted owner, and others can write to its folder.
#[must_use]
pub fn is_planted(path: &Path, owner: u32) -> bool {
    const WRITABLE_FOR_OTHERS: u32 = 0o022;
    let is_shared =
        fs::metadata(folder_of(path)).is_ok_and(|folder| folder.mode() & WRITABLE_FOR_OTHERS != 0);
    is_shared && !is_trusted(owner)
}
