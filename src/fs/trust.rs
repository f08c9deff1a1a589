//! Decides which owners' files are trusted.

use std::os::unix::fs::MetadataExt as _;

use super::file_at::FileAt;

/// Whether files of this owner are trusted: this process's user is, and root, who has all permissions anyway.
#[must_use]
pub fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

/// Whether another user may have made `file`, which belongs to `owner`, so that it leads a writer elsewhere: it is not
/// of a trusted owner, and others can write to its folder.
#[must_use]
pub fn is_planted(file: &FileAt, owner: u32) -> bool {
    const WRITABLE_FOR_OTHERS: u32 = 0o022;
    let is_shared =
        file.folder_metadata().is_ok_and(|folder| folder.mode() & WRITABLE_FOR_OTHERS != 0);
    is_shared && !is_trusted(owner)
}
