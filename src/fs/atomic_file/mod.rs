//! Writes a file that appears complete, or not at all.
//!
//! The file is written without a name where the file system supports this (`O_TMPFILE`), otherwise under a
//! random name in the target's folder. It gets its final name when it is complete:
//!
//! - a new file by `link`, which fails if the name exists by then, or by what the file system has instead;
//! - a replacement by `rename` over the old file, after the new bytes are synced, so that at every moment, also
//!   after a crash, the name leads to the complete old file or the complete new file.
//!
//! Dropping an [`AtomicFile`] without publishing it leaves no file. The signal handler calls
//! [`temporary::remove_all`] for the same effect.

pub(crate) mod fault;
pub mod leftovers;
pub mod link;
mod naming;
mod publication;
pub mod temporary;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::{
    collections::BTreeMap,
    os::unix::fs::MetadataExt as _,
    sync::{Mutex, PoisonError},
};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::close::{close, close_duplicate};
use super::file_at::FileAt;
use super::magic::is_on;
use super::owner;
use super::refused::{Wish, tolerate};
use fault::{Step, step};
use naming::{name_temporary, name_unnamed};
use publication::{Replaced, set_metadata};
use temporary::Temporary;

pub use publication::{Access, Durability, Existing, Publication, Published, Seen};

/// Mode of the file until it is published: the content may be plaintext, and is incomplete.
const WHILE_WRITTEN: Mode = Mode::RUSR.union(Mode::WUSR);

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum AtomicFileError {
    /// The target exists, and [`Existing::Refuse`] was asked for.
    #[error("'{}' already exists", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The file, folder or link cannot be given to the owner that it is to have.
    #[error("cannot give '{}' to the owner of its input", path.display())]
    NotGiven {
        /// The target.
        path: PathBuf,
        /// The error of the system call.
        #[source]
        source: io::Error,
    },
    /// A system call failed.
    #[error("cannot {action} '{}'", path.display())]
    Io {
        /// The step, as a verb for the message.
        action: &'static str,
        /// The target, or its folder.
        path: PathBuf,
        /// The error of the system call.
        #[source]
        source: io::Error,
    },
}

/// A file that is being written, and not published yet.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    target: FileAt,
    /// `None` if the file has no name; the system then removes it on close.
    temporary: Option<Temporary>,
}

impl AtomicFile {
    /// Starts a file for `target`. Symlinks are followed: the link stays, and the file that it points to is
    /// created or replaced.
    ///
    /// # Errors
    /// [`AtomicFileError::Io`] if no file can be created in the target's folder.
    pub fn create(target: &Path) -> Result<Self, AtomicFileError> {
        let target =
            resolve_symlinks(target).map_err(|source| failed("follow the link", target, source))?;
        Self::create_at(target)
    }

    /// Starts a file for `target`, which is known not to be a link.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_at(target: PathBuf) -> Result<Self, AtomicFileError> {
        Self::create_in(FileAt::named(target))
    }

    /// Starts a file for `target`. No link is followed in the open folder that it is in.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_in(target: FileAt) -> Result<Self, AtomicFileError> {
        let (file, temporary) = match create_unnamed(&target) {
            Some(file) => (file, None),
            None => Temporary::create(&target, WHILE_WRITTEN)
                .map(|(file, temporary)| (file, Some(temporary)))
                .map_err(|source| failed("create", &target, source))?,
        };
        Ok(Self { file, target, temporary })
    }

    /// The open file, for positional writes.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The path that it will have, with symlinks resolved.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Syncs the bytes written so far to the disk.
    ///
    /// # Errors
    /// The error of the sync.
    pub fn sync(&self) -> io::Result<()> {
        step(Step::SyncFile)?;
        sync(&self.file)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`AtomicFileError::Exists`], or the step that failed. An old file is then unchanged, unless it was replaced
    /// and the sync of its folder failed.
    pub fn publish(self, publication: Publication) -> Result<Published, AtomicFileError> {
        let replaced = match publication.existing {
            Existing::Refuse => None,
            Existing::Replace | Existing::ReplaceOnly(_) => Replaced::at(&self.target),
        };
        let not_given =
            |source| AtomicFileError::NotGiven { path: self.target.to_path_buf(), source };
        // Before the mode, which a change of the owner would cut.
        if let Some(owner) = publication.owner {
            owner::give(&self.file, owner).map_err(not_given)?;
        }
        let published = step(Step::SetMetadata)
            .and_then(|()| set_metadata(&self.file, &publication, replaced.as_ref()))
            .map_err(|source| failed("set mode and time of", &self.target, source))?;
        let sync = publication.durability == Durability::Synced
            || replaced.is_some()
            || is_remote(&self.file);
        let mut folder = None;
        if sync {
            self.sync().map_err(|source| failed("sync", &self.target, source))?;
            // Opened before the old file is replaced, because an unreadable folder cannot be synced.
            let opened = open_folder(&self.target);
            folder =
                Some(opened.map_err(|source| {
                    failed("open the folder", folder_of(&self.target), source)
                })?);
        }
        match publication.existing {
            Existing::Refuse => self.link_to_target(folder)?,
            Existing::Replace => self.rename_to_target(folder)?,
            Existing::ReplaceOnly(seen) => {
                let is_as_seen = match self.target.entry_metadata() {
                    Ok(now) => Seen::of(&now) == seen,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                    Err(source) => return Err(failed("look at", &self.target, source)),
                };
                if !is_as_seen {
                    return Err(AtomicFileError::Exists { path: self.target.to_path_buf() });
                }
                self.rename_to_target(folder)?;
            }
        }
        Ok(published)
    }

    /// Creates the target's name; fails if it exists. Syncs `folder`, if any.
    fn link_to_target(self, folder: Option<File>) -> Result<(), AtomicFileError> {
        // In this order, so that on failure the file is closed before its temporary name is removed: some file systems
        // keep a removed file under another name while it is open.
        let Self { temporary, target, file } = self;
        let not_linked = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => AtomicFileError::Exists { path: target.to_path_buf() },
            _ => failed("create", &target, source),
        };
        let not_closed = |source| failed("close", &target, source);
        // The file stays open, and so locked, until it has its name: others remove temporary files that are not. A
        // duplicate tells the errors of a close before.
        if temporary.is_some() || folder.is_some() {
            close_duplicate(&file).map_err(not_closed)?;
        }
        step(Step::Link)
            .and_then(|()| match &temporary {
                Some(temporary) => name_temporary(temporary, &target),
                None => name_unnamed(&file, &target),
            })
            .map_err(not_linked)?;
        let finished = close(file).map_err(not_closed).and_then(|()| sync_name(folder, &target));
        if finished.is_err() {
            // The new file may not survive a crash, so the result is a failure without a file.
            drop(target.remove());
        }
        finished
    }

    /// Renames the file over the target. Syncs `folder`, if any.
    fn rename_to_target(self, folder: Option<File>) -> Result<(), AtomicFileError> {
        let Self { file, target, temporary } = self;
        let temporary = match temporary {
            Some(temporary) => Ok(temporary),
            None => step(Step::Link).and_then(|()| {
                mark_as_written(&file);
                Temporary::name(&target, |name| name_unnamed(&file, name))
                    .map(|((), temporary)| temporary)
            }),
        }
        .map_err(|source| failed("create a file in", folder_of(&target), source))?;
        // Closed before the name is removed, as for a new file.
        let (temporary, file) = (temporary, file);
        // As for a new file, it stays open until it has its name.
        close_duplicate(&file).map_err(|source| failed("close", &target, source))?;
        step(Step::Rename)
            .and_then(|()| temporary.rename_to(&target))
            .map_err(|source| failed("replace", &target, source))?;
        // What the file system had to say, it said to the duplicate.
        drop(close(file));
        sync_name(folder, &target)
    }
}

/// Locks a temporary file, which tells others that it is in use. Some file systems have no locks; the file can be
/// written all the same.
fn mark_as_written(file: &File) {
    drop(file.try_lock());
}

/// Writes the bytes of `file` to the disk, where the file system [can](super::refused) do that.
///
/// # Errors
/// The error of the sync.
pub fn sync(file: &File) -> io::Result<()> {
    tolerate(Wish::Sync, file.sync_all())
}

/// Syncs the folder of `target`, if that is asked for.
fn sync_name(folder: Option<File>, target: &Path) -> Result<(), AtomicFileError> {
    let Some(folder) = folder else { return Ok(()) };
    step(Step::SyncFolder)
        .and_then(|()| sync(&folder))
        .map_err(|source| failed("sync the folder of", target, source))
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        step(Step::Write)?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> AtomicFileError {
    AtomicFileError::Io { action, path: path.to_path_buf(), source }
}

/// The folder that holds `path`.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether `path` names an open descriptor, such as `/dev/fd/3`. It has no folder in which another file could be
/// created.
#[must_use]
pub fn is_descriptor(path: &Path) -> bool {
    let name = path.to_str().unwrap_or_default();
    let is_listed = |folder: &str| name.strip_prefix(folder).is_some_and(|fd| !fd.is_empty());
    let is_process = path.starts_with("/proc")
        && path.parent().is_some_and(|parent| parent.file_name().is_some_and(|name| name == "fd"));
    is_listed("/dev/fd/") || is_listed("/dev/std") || is_process
}

/// Follows `path` while it is a symlink. The final target need not exist.
///
/// # Errors
/// The error of reading a link, or `ELOOP` for more than 40 links.
pub fn resolve_symlinks(path: &Path) -> io::Result<PathBuf> {
    // The limit of Linux.
    const MOST_LINKS: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                path = folder_of(&path).join(fs::read_link(&path)?);
            }
            _ => return Ok(path),
        }
    }
    Err(Errno::LOOP.into())
}

/// Syncs `folder`, so that links and renames in it survive a crash.
///
/// # Errors
/// The error of opening or syncing the folder.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    step(Step::SyncFolder)?;
    sync(&File::open(folder)?)
}

#[cfg(target_os = "linux")]
fn create_unnamed(target: &FileAt) -> Option<File> {
    step(Step::CreateUnnamed).ok()?;
    let (folder, path) = target.folder_place();
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let create = || {
        let file = rustix::fs::openat(folder, path, flags, WHILE_WRITTEN)?;
        Ok::<_, io::Error>(File::from(file))
    };
    let file = create().ok()?;
    let device = file.metadata().ok()?.dev();
    // A sandbox or a file system may refuse to name such files. That must not be found out when the work is done.
    static LINKABLE: Mutex<BTreeMap<u64, bool>> = Mutex::new(BTreeMap::new());
    let mut linkable = LINKABLE.lock().unwrap_or_else(PoisonError::into_inner);
    match linkable.get(&device) {
        // Tests make the attempt fail now and then.
        Some(is_linkable) if !cfg!(test) => is_linkable.then_some(file),
        _ => {
            let tried = Temporary::name(target, |name| name_unnamed(&file, name));
            linkable.insert(device, tried.is_ok());
            // Closed before its name is removed: some file systems keep a file that is open under another name.
            drop(file);
            // A file that had a name once cannot get another one.
            tried.and_then(|_| create()).ok()
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn create_unnamed(_target: &FileAt) -> Option<File> {
    None
}

fn path_of(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// Opens the folder that `file` is in.
fn open_folder(file: &FileAt) -> io::Result<File> {
    let (folder, path) = file.folder_place();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(folder, path, flags, Mode::empty())?.into())
}

/// Whether the file is on a network or FUSE file system, where write errors may be reported only by the sync.
#[must_use]
pub fn is_remote(file: &File) -> bool {
    // Values of linux/magic.h: NFS, SMB, CIFS, SMB2, FUSE, 9P, AFS, Ceph, Lustre, GFS2, OCFS2, Coda.
    const REMOTE: [u32; 12] = [
        0x6969,
        0x517B,
        0xFF53_4D42,
        0xFE53_4D42,
        0x6573_5546,
        0x0102_1997,
        0x5346_414F,
        0x00C3_6400,
        0x0BD0_0BD0,
        0x0116_1970,
        0x7461_636F,
        0x7375_7245,
    ];
    // Where it is not known, everything is synced.
    is_on(file, &REMOTE).unwrap_or(true)
}

#[cfg(test)]
mod tests;
