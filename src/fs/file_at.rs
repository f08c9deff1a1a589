//! Where a file is: its path, and, where it was found in a folder that is open, that folder.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags};

use super::atomic_file::{self, folder_of, sync_folder};
use super::folder::Folder;

/// Where a file is, or is to be. It serves as a path, to be shown.
///
/// Of a file in an open folder, only the name is used, and never the path: a link that takes the place of a folder on
/// the path would lead elsewhere.
#[derive(Clone, Debug)]
pub struct FileAt {
    path: PathBuf,
    folder: Option<Arc<Folder>>,
}

impl FileAt {
    /// A file that somebody named. Links are followed.
    #[must_use]
    pub fn named(path: PathBuf) -> Self {
        Self { path, folder: None }
    }

    /// A file in an open folder. The path is that of the file.
    #[must_use]
    pub fn in_folder(folder: Arc<Folder>, path: PathBuf) -> Self {
        Self { path, folder: Some(folder) }
    }

    /// A file of another name in the same folder.
    #[must_use]
    pub fn sibling(&self, name: &OsStr) -> Self {
        Self { path: self.path.with_file_name(name), folder: self.folder.clone() }
    }

    /// The path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.path
    }

    /// The open folder that it is in.
    #[must_use]
    pub fn folder(&self) -> Option<&Arc<Folder>> {
        self.folder.as_ref()
    }

    /// The name in its folder.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// What to give to system calls: a descriptor, and a path that is relative to it.
    pub(super) fn place(&self) -> (BorrowedFd<'_>, &Path) {
        match &self.folder {
            Some(folder) => (folder.as_fd(), Path::new(self.name())),
            None => (CWD, &self.path),
        }
    }

    /// As [`place`](Self::place), for the folder that it is in.
    pub(super) fn folder_place(&self) -> (BorrowedFd<'_>, &Path) {
        match &self.folder {
            Some(folder) => (folder.as_fd(), Path::new(".")),
            None => (CWD, folder_of(&self.path)),
        }
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// The error of the system call; in an open folder also if it is no plain file.
    pub fn open(&self) -> io::Result<File> {
        match &self.folder {
            Some(folder) => folder.open_file(self.name()),
            None => File::open(&self.path),
        }
    }

    /// Opens it for reading, without waiting for a writer where a FIFO stands under the name.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_at_once(&self) -> io::Result<File> {
        match &self.folder {
            Some(folder) => folder.open_file(self.name()),
            None => self.open_with(OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()),
        }
    }

    /// Opens it with these flags; a file that is made has this mode.
    ///
    /// # Errors
    /// The error of the system call.
    pub(super) fn open_with(&self, flags: OFlags, mode: Mode) -> io::Result<File> {
        let (folder, path) = self.place();
        Ok(rustix::fs::openat(folder, path, flags | OFlags::CLOEXEC, mode)?.into())
    }

    /// The metadata of the folder that it is in.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn folder_metadata(&self) -> io::Result<Metadata> {
        match &self.folder {
            Some(folder) => folder.metadata(),
            None => fs::metadata(folder_of(&self.path)),
        }
    }

    /// Writes the names in its folder to the disk, so that links and renames there survive a crash.
    ///
    /// # Errors
    /// The error of opening or syncing the folder.
    pub fn sync_folder(&self) -> io::Result<()> {
        match &self.folder {
            Some(folder) => folder.sync(),
            None => sync_folder(folder_of(&self.path)),
        }
    }

    /// Writes the bytes of a file that is there to the disk, and its name.
    ///
    /// # Errors
    /// The error of opening or syncing the file or its folder.
    pub fn sync(&self) -> io::Result<()> {
        atomic_file::sync(&self.open()?)?;
        self.sync_folder()
    }

    /// Whether its name leads to this open file.
    #[must_use]
    pub fn is_name_of(&self, file: &File) -> bool {
        let (Ok(open), Ok(named)) = (file.metadata(), self.entry_metadata()) else { return false };
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    }

    /// Whether there is something of this name.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.entry_metadata().is_ok()
    }

    /// The metadata of the file. A link is followed if the file was named.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn file_metadata(&self) -> io::Result<Metadata> {
        match &self.folder {
            Some(folder) => folder.metadata_of(self.name()),
            None => fs::metadata(&self.path),
        }
    }

    /// The metadata of what has its name, which may be a link.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn entry_metadata(&self) -> io::Result<Metadata> {
        match &self.folder {
            Some(folder) => folder.metadata_of(self.name()),
            None => fs::symlink_metadata(&self.path),
        }
    }

    /// The size of a plain file; `None` for everything else.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.folder {
            Some(folder) => folder.size_of(self.name()),
            None => fs::metadata(&self.path).ok().filter(Metadata::is_file).map(|it| it.len()),
        }
    }

    /// The text of the link that it is.
    ///
    /// # Errors
    /// The error of the system call; also for everything else than a link.
    pub fn read_link(&self) -> io::Result<OsString> {
        match &self.folder {
            Some(folder) => folder.read_link(self.name()),
            None => fs::read_link(&self.path).map(PathBuf::into_os_string),
        }
    }

    /// Removes it.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn remove(&self) -> io::Result<()> {
        match &self.folder {
            Some(folder) => folder.remove_file(self.name()),
            None => fs::remove_file(&self.path),
        }
    }
}

/// Two are equal if they have the same path.
impl PartialEq for FileAt {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for FileAt {}

impl From<&Path> for FileAt {
    fn from(path: &Path) -> Self {
        Self::named(path.to_path_buf())
    }
}

impl From<&PathBuf> for FileAt {
    fn from(path: &PathBuf) -> Self {
        Self::named(path.clone())
    }
}

impl From<&Self> for FileAt {
    fn from(file: &Self) -> Self {
        file.clone()
    }
}

impl Deref for FileAt {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<OsStr> for FileAt {
    fn as_ref(&self) -> &OsStr {
        self.path.as_os_str()
    }
}

impl AsRef<Path> for FileAt {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}
