//! Decides which owners' files are trusted.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

use super::file_at::FileAt;
use super::magic::is_on;

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

/// Whether the modes on the file system of `file` are perhaps those of its mount, the same for all files, and cannot be
/// changed: FAT, exFAT, NTFS, SMB and FUSE.
#[must_use]
pub fn may_lack_modes(file: &File) -> bool {
    // Values of linux/magic.h: MSDOS, exFAT, NTFS, NTFS3, SMB, CIFS, SMB2, FUSE.
    const WITHOUT_MODES: [u32; 8] = [
        0x4D44,
        0x2011_BAB0,
        0x5346_544E,
        0x7366_746E,
        0x517B,
        0xFF53_4D42,
        0xFE53_4D42,
        0x6573_5546,
    ];
    is_on(file, &WITHOUT_MODES).unwrap_or(false)
}
