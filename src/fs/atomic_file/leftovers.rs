//! Temporary files of runs that were killed.
//!
//! A process that is killed, or loses power, cannot remove its temporary file, which may hold plaintext. So the first
//! time that a run gives a temporary file a name in a folder, it removes what earlier ones left there. A file that is
//! written is locked by its process, and stays.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{Dir, Mode, OFlags};

use super::open_folder;
use super::temporary::is_temporary_name;
use crate::fs::file_at::FileAt;
use crate::fs::magic::is_on;
use crate::fs::trust::is_trusted;

/// On a network or FUSE file system, the lock of another machine's process may not be seen here. There, a file counts as
/// abandoned when nobody has written to it for so long.
const UNSEEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// A temporary file that was found, or that could not be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Where it is, or was.
    pub path: PathBuf,
    /// Whether it was removed. If not, its process may still run, or the system refused.
    pub is_removed: bool,
}

static FOUND: Mutex<Vec<Leftover>> = Mutex::new(Vec::new());

/// The folders that were looked through, by device and inode.
static SEEN: Mutex<BTreeSet<(u64, u64)>> = Mutex::new(BTreeSet::new());

/// What was found in this process so far, and is not asked for again.
#[must_use]
pub fn take_found() -> Vec<Leftover> {
    std::mem::take(&mut *FOUND.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Removes abandoned temporary files from the folder of `file`, once for each folder.
///
/// No failure of this is an error: the run has another purpose.
pub(super) fn remove_beside(file: &FileAt) {
    let Ok(folder) = file.folder_metadata() else { return };
    let is_new =
        SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert((folder.dev(), folder.ino()));
    // A test's folder can have the inode of one that was removed.
    if is_new || cfg!(test) {
        drop(look_through(file));
    }
}

fn look_through(beside: &FileAt) -> io::Result<()> {
    for entry in Dir::new(open_folder(beside)?)? {
        let entry = entry?;
        let name = std::os::unix::ffi::OsStrExt::from_bytes(entry.file_name().to_bytes());
        if !is_temporary_name(name) {
            continue;
        }
        let file = beside.sibling(name);
        let Some(is_abandoned) = is_abandoned(&file) else { continue };
        let is_removed = is_abandoned && file.remove().is_ok();
        found(Leftover { path: file.to_path_buf(), is_removed });
    }
    Ok(())
}

/// Notes a temporary file, for [`take_found`].
pub(super) fn found(leftover: Leftover) {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner).push(leftover);
}

/// Whether a temporary file's process is gone for certain; `None` where it surely runs, or where the file is of another
/// user. Root, who gives files away before they have their names (`--preserve-owner`), removes those of all users: that
/// takes nothing but this name from them.
fn is_abandoned(file: &FileAt) -> Option<bool> {
    // For writing: NFS locks nothing else exclusively.
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let open = file.open_with(flags, Mode::empty()).ok()?;
    let metadata = open.metadata().ok()?;
    let may_be_ours = is_trusted(metadata.uid()) || rustix::process::geteuid().is_root();
    if !metadata.is_file() || !may_be_ours {
        return None;
    }
    match open.try_lock() {
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(_)) => Some(is_old(&open)),
        Ok(()) if is_seen_by_all(&open) => Some(true),
        Ok(()) => Some(is_old(&open)),
    }
}

/// Whether a lock on a file is seen by every process that can open it: on the file systems of one machine.
fn is_seen_by_all(file: &File) -> bool {
    // Values of linux/magic.h and of ZFS: ext2 to ext4, XFS, Btrfs, F2FS, tmpfs, overlay, bcachefs, ZFS.
    const LOCAL: [u32; 8] = [
        0xEF53,
        0x5846_5342,
        0x9123_683E,
        0xF2F5_2010,
        0x0102_1994,
        0x794C_7630,
        0xCA45_1A4E,
        0x2FC1_2FC1,
    ];
    is_on(file, &LOCAL).unwrap_or(false)
}

fn is_old(file: &File) -> bool {
    // A complete file has the time of its source already, so the time of its last change counts.
    let changed = file.metadata().ok().and_then(|it| u64::try_from(it.ctime()).ok());
    let changed = changed.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
    age.is_some_and(|age| age >= UNSEEN_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_just_made_is_not_old() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_old(&File::create_new(folder.path().join("file")).unwrap()));
    }

    #[test]
    fn root_removes_what_a_killed_run_left_of_a_file_that_it_gave_away() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".enwrap-0123456789abcdef.tmp");
        File::create_new(&path).unwrap();
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        look_through(&FileAt::named(folder.path().join("out"))).unwrap();
        assert!(!path.exists());
    }
}
