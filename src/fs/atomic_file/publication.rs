//! How a written file is published: whether it may replace another one, and whose it is then.
//!
//! A published file belongs to the user of this process, unless the caller names another one. So a file that another user put under the target's
//! name never decides who can read the new one.

use std::fs::{File, FileTimes, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
#[cfg(target_os = "linux")]
use std::path::Path;
use std::time::SystemTime;

use crate::fs::file_at::FileAt;
use crate::fs::refused::{Wish, note, tolerate};

/// What to do if the target exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Fail, also if it appeared while the new file was written.
    Refuse,
    /// Put the new file in its place.
    Replace,
    /// As [`Replace`](Self::Replace), if it is still this file, and fail if it is not.
    ReplaceOnly(Seen),
}

/// A file as it was seen: which one it is, and whether anybody has changed it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    file: (u64, u64),
    len: u64,
    changed: (i64, i64),
}

impl Seen {
    /// The file with this metadata.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            len: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Existing {
    /// [`Replace`](Self::Replace) with `force`, else [`Refuse`](Self::Refuse).
    #[must_use]
    pub fn replaced_if(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}

/// Who gets access to the published file. Bits beyond 0777 are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The file has this mode. A replaced file of this user keeps its own mode instead.
    Mode(u32),
    /// As [`Mode`](Self::Mode), but what replaces another user's file is for the owner only.
    OwnerOnlyInPlaceOfOthers(u32),
    /// The file has mode 0600, also where it replaces one.
    OwnerOnly,
}

/// When a published file is synced to the disk, with its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Only where that is needed: replacements, so that a crash leaves one of both files, and network file systems,
    /// which may report a full disk no earlier.
    AsNeeded,
    /// Always.
    Synced,
}

impl Durability {
    /// [`Synced`](Self::Synced) if `sync`, else [`AsNeeded`](Self::AsNeeded).
    #[must_use]
    pub fn synced_if(sync: bool) -> Self {
        if sync { Self::Synced } else { Self::AsNeeded }
    }
}

/// How a written file gets its name.
#[derive(Clone, Copy, Debug)]
pub struct Publication {
    pub(super) access: Access,
    pub(super) existing: Existing,
    pub(super) durability: Durability,
    pub(super) modified: Option<SystemTime>,
    /// Whether the time of modification is now where a file is replaced.
    pub(super) is_now_if_replaced: bool,
    /// The user and the group that the file is given to.
    pub(super) owner: Option<(u32, u32)>,
}

impl Publication {
    /// A new file, modified now, and synced only where that is needed.
    #[must_use]
    pub fn new(access: Access) -> Self {
        let (existing, durability) = (Existing::Refuse, Durability::AsNeeded);
        Self {
            access,
            existing,
            durability,
            modified: None,
            is_now_if_replaced: false,
            owner: None,
        }
    }

    /// What happens to a file that exists.
    #[must_use]
    pub fn existing(self, existing: Existing) -> Self {
        Self { existing, ..self }
    }

    /// Replaces what was seen, if anything was, whatever else was said.
    #[must_use]
    pub fn redone(self, seen: Option<Seen>) -> Self {
        match seen {
            Some(seen) => self.existing(Existing::ReplaceOnly(seen)),
            None => self,
        }
    }

    /// When the file is synced.
    #[must_use]
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// The file's time of modification; now, if `None`.
    #[must_use]
    pub fn modified(self, modified: Option<SystemTime>) -> Self {
        Self { modified, ..self }
    }

    /// As [`modified`](Self::modified), but now where a file is replaced: copies elsewhere are known to be old by the
    /// time, since the size may be the same.
    #[must_use]
    pub fn modified_if_new(self, modified: Option<SystemTime>) -> Self {
        Self { modified, is_now_if_replaced: true, ..self }
    }

    /// Gives the file to this user and group; to nobody, if `None`. Only root can give files away.
    #[must_use]
    pub fn owned_by(self, owner: Option<(u32, u32)>) -> Self {
        Self { owner, ..self }
    }

    /// Whether the file is synced in any case.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.durability == Durability::Synced
    }

    /// Whether a file that exists is replaced.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.existing != Existing::Refuse
    }
}

/// What else publishing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Published {
    /// Whether the replaced file, one of this user, had an access control list. The new file has none, and only the
    /// owner has access.
    pub dropped_acl: bool,
}

/// The file that a publication replaces.
pub(super) struct Replaced {
    metadata: Metadata,
    has_acl: bool,
}

impl Replaced {
    /// The plain file at `target`, if one is there.
    pub(super) fn at(target: &FileAt) -> Option<Self> {
        let metadata = target.entry_metadata().ok().filter(Metadata::is_file)?;
        Some(Self { metadata, has_acl: has_acl(target) })
    }

    fn is_ours(&self) -> bool {
        self.metadata.uid() == rustix::process::geteuid().as_raw()
    }
}

/// Sets mode, group and time of `file`, which is to take the place of `replaced`, and has its owner.
pub(super) fn set_metadata(
    file: &File,
    publication: &Publication,
    replaced: Option<&Replaced>,
) -> io::Result<Published> {
    let (mut mode, keeps_mode) = match (publication.access, replaced) {
        (Access::OwnerOnly, _) => (0o600, false),
        (Access::OwnerOnlyInPlaceOfOthers(mode), Some(old)) if !old.is_ours() => {
            (mode & 0o700, false)
        }
        (Access::Mode(mode) | Access::OwnerOnlyInPlaceOfOthers(mode), old) => {
            (mode, old.is_some_and(Replaced::is_ours))
        }
    };
    if let Some(old) = replaced.filter(|_| keeps_mode) {
        mode = old.metadata.mode();
        if old.has_acl {
            // The group bits are the mask of the list. As a mode they would give the group what the list did not.
            mode &= 0o700;
        } else if file.metadata()?.gid() != old.metadata.gid()
            && (publication.owner.is_some()
                || fchown(file, None, Some(old.metadata.gid())).is_err())
        {
            // The group bits were meant for the old group.
            mode &= 0o707;
        }
    }
    set_mode(file, mode & 0o777)?;
    let is_now = publication.is_now_if_replaced && replaced.is_some();
    if let Some(modified) = publication.modified.filter(|_| !is_now) {
        // Both times: some FUSE file systems pass over a call that sets one of them.
        let times = FileTimes::new().set_modified(modified).set_accessed(SystemTime::now());
        tolerate(Wish::Time, file.set_times(times))?;
    }
    Ok(Published { dropped_acl: replaced.is_some_and(|old| old.is_ours() && old.has_acl) })
}

/// Sets the mode. That the file system keeps none, or another one, is [noted](crate::fs::refused).
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    tolerate(Wish::Mode, file.set_permissions(Permissions::from_mode(mode)))?;
    // Some accept the call and keep the mode that the mount gives to all files.
    if file.metadata()?.mode() & 0o777 & !mode != 0 {
        note(Wish::Mode);
    }
    Ok(())
}

/// Whether a file has an access control list of POSIX.
#[cfg(target_os = "linux")]
fn has_acl(file: &FileAt) -> bool {
    use std::os::fd::AsRawFd as _;
    // There is no such call relative to a folder.
    let path = match file.folder() {
        Some(_) => {
            let (folder, name) = file.place();
            Path::new(&format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name)
        }
        None => file.to_path_buf(),
    };
    rustix::fs::lgetxattr_query(path, "system.posix_acl_access").is_ok_and(|size| size > 0)
}

/// Not known on this system.
#[cfg(not(target_os = "linux"))]
fn has_acl(_file: &FileAt) -> bool {
    false
}
