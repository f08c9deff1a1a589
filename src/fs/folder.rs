//! An opened folder. What is in it is opened, made and removed relative to the folder's descriptor, and no link is
//! followed. So if somebody puts a link in the place of a folder, or of a folder above it, nothing outside is touched.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::atomic_file::fault::{Step, step};
use super::atomic_file::sync;
use super::owner;
use super::refused::{Wish, tolerate};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// An open folder.
#[derive(Debug)]
pub struct Folder(OwnedFd);

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plain file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A FIFO, a socket or a device.
    Special,
}

impl From<FileType> for Kind {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            _ => Self::Special,
        }
    }
}

impl Folder {
    /// Opens a folder by its path. Links are followed.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(|flags| rustix::fs::openat(CWD, path, flags, Mode::empty()))
    }

    /// Opens the folder of this name.
    ///
    /// # Errors
    /// The error of the system call; also for a link.
    pub fn open_folder(&self, name: &OsStr) -> io::Result<Self> {
        let name = plain(name)?;
        Self::open_with(|flags| {
            rustix::fs::openat(self, name, flags | OFlags::NOFOLLOW, Mode::empty())
        })
    }

    /// Opens a folder by `open`, also one that may not be listed: files can still be made in it.
    fn open_with(open: impl Fn(OFlags) -> rustix::io::Result<OwnedFd>) -> io::Result<Self> {
        let opened = open(FOLDER);
        #[cfg(target_os = "linux")]
        if opened.as_ref().is_err_and(|error| *error == Errno::ACCESS) {
            return Ok(Self(open(FOLDER | OFlags::PATH)?));
        }
        Ok(Self(opened?))
    }

    /// Opens the folder at a path below this one. Its length is not limited by that of paths.
    ///
    /// # Errors
    /// The error of the system call; also if there is a link on the path.
    pub fn open_below(&self, below: &Path) -> io::Result<Self> {
        // The limit of Linux is 4,096 bytes with the zero byte.
        const MOST_BYTES: usize = 4000;
        let mut reached = None;
        let mut rest = below.as_os_str().as_bytes();
        while rest.len() > MOST_BYTES {
            let end = rest[..MOST_BYTES].iter().rposition(|byte| *byte == b'/');
            let end = end.ok_or(Errno::NAMETOOLONG)?;
            let from = reached.as_ref().unwrap_or(self);
            reached = Some(from.open_part(Path::new(OsStr::from_bytes(&rest[..end])))?);
            rest = &rest[end + 1..];
        }
        reached.as_ref().unwrap_or(self).open_part(Path::new(OsStr::from_bytes(rest)))
    }

    /// Opens the folder at a path below this one by one system call, or by one for each component where the system
    /// has no other way to refuse links.
    fn open_part(&self, part: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{ResolveFlags, openat2};
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            match openat2(self, part, FOLDER, Mode::empty(), resolve) {
                Ok(folder) => return Ok(Self(folder)),
                // Not known before Linux 5.6, and not permitted in some containers.
                Err(Errno::NOSYS | Errno::PERM) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut reached = Self(self.0.try_clone()?);
        for name in part {
            reached = reached.open_folder(name)?;
        }
        Ok(reached)
    }

    /// Opens the plain file of this name for reading. Nothing else is opened: a FIFO could wait for ever.
    ///
    /// # Errors
    /// The error of the system call; also for a link.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(self, plain(name)?, flags, Mode::empty())?);
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file any more"))
        }
    }

    /// The metadata of what has this name. A link is not followed.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn metadata_of(&self, name: &OsStr) -> io::Result<std::fs::Metadata> {
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        #[cfg(not(target_os = "linux"))]
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        File::from(rustix::fs::openat(self, plain(name)?, flags, Mode::empty())?).metadata()
    }

    /// The size of the plain file of this name; `None` for everything else.
    #[must_use]
    pub fn size_of(&self, name: &OsStr) -> Option<u64> {
        let stat = rustix::fs::statat(self, plain(name).ok()?, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        u64::try_from(stat.st_size).ok().filter(|_| is_file)
    }

    /// The metadata of the folder itself.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn metadata(&self) -> io::Result<std::fs::Metadata> {
        File::from(self.0.try_clone()?).metadata()
    }

    /// The device and the inode of the folder itself.
    ///
    /// # Errors
    /// The error of the system call.
    #[allow(clippy::useless_conversion, reason = "a device has 32 bits on macOS")]
    pub fn identity(&self) -> io::Result<(u64, u64)> {
        let stat = rustix::fs::fstat(self)?;
        Ok((u64::try_from(stat.st_dev).unwrap_or_default(), stat.st_ino))
    }

    /// The text of the link of this name.
    ///
    /// # Errors
    /// The error of the system call; also for everything else than a link.
    pub fn read_link(&self, name: &OsStr) -> io::Result<OsString> {
        let text = rustix::fs::readlinkat(self, plain(name)?, Vec::new())?;
        Ok(OsString::from_vec(text.into_bytes()))
    }

    /// The text of the link of this name, and its owner.
    ///
    /// # Errors
    /// As [`read_link`](Self::read_link).
    pub fn read_link_and_owner(&self, name: &OsStr) -> io::Result<(OsString, u32)> {
        let name = plain(name)?;
        #[cfg(target_os = "linux")]
        let (text, stat) = {
            // By its descriptor, so that both are those of one link.
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let link = rustix::fs::openat(self, name, flags, Mode::empty())?;
            (rustix::fs::readlinkat(&link, c"", Vec::new())?, rustix::fs::fstat(&link)?)
        };
        #[cfg(not(target_os = "linux"))]
        let (text, stat) = (
            rustix::fs::readlinkat(self, name, Vec::new())?,
            rustix::fs::statat(self, name, AtFlags::SYMLINK_NOFOLLOW)?,
        );
        Ok((OsString::from_vec(text.into_bytes()), stat.st_uid))
    }

    /// Opens the folder that this one is in.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn open_above(&self) -> io::Result<Self> {
        Self::open_with(|flags| rustix::fs::openat(self, c"..", flags, Mode::empty()))
    }

    /// Gives the folder itself to this user and group.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn give_to(&self, owner: (u32, u32)) -> io::Result<()> {
        owner::give(self, owner)
    }

    /// Sets the mode of the folder itself, whatever the umask is.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn set_mode(&self, mode: u32) -> io::Result<()> {
        let mode = Mode::from_raw_mode(mode & 0o777);
        tolerate(Wish::Mode, rustix::fs::fchmod(self, mode).map_err(io::Error::from))
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn make_folder(&self, name: &OsStr, mode: u32) -> io::Result<()> {
        let mode = Mode::from_raw_mode(mode & 0o777);
        Ok(rustix::fs::mkdirat(self, plain(name)?, mode)?)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self, plain(name)?, AtFlags::empty())?)
    }

    /// Writes the folder's own entries to the disk.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn sync(&self) -> io::Result<()> {
        step(Step::SyncFolder)?;
        // Reopened, since the descriptor of a folder that may not be listed cannot be synced.
        let folder = rustix::fs::openat(self, c".", FOLDER, Mode::empty())?;
        sync(&folder.into())
    }

    /// The names in the folder, in the order in which the system lists them.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn entries(&self) -> io::Result<Entries> {
        Ok(Entries(Dir::read_from(self)?))
    }

    /// Whether there is nothing in the folder.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn is_empty(&self) -> io::Result<bool> {
        self.entries()?.next(self).transpose().map(|first| first.is_none())
    }

    /// All names in the folder.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut entries = self.entries()?;
        let mut names = Vec::new();
        while let Some(entry) = entries.next(self) {
            names.push(entry?.0);
        }
        Ok(names)
    }

    /// What a name stands for. A link is not followed.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn kind_of(&self, name: &OsStr) -> io::Result<Kind> {
        let stat = rustix::fs::statat(self, plain(name)?, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(FileType::from_raw_mode(stat.st_mode).into())
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// `name`, if it stands for something in a folder and nothing else.
fn plain(name: &OsStr) -> io::Result<&OsStr> {
    let bytes = name.as_bytes();
    if matches!(bytes, b"" | b"." | b"..") || bytes.contains(&b'/') {
        return Err(Errno::INVAL.into());
    }
    Ok(name)
}

/// The listing of a folder.
#[derive(Debug)]
pub struct Entries(Dir);

impl Entries {
    /// The next name in `folder`, which is the listed one, and what it stands for.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn next(&mut self, folder: &Folder) -> Option<io::Result<(OsString, Kind)>> {
        loop {
            let entry = match self.0.read()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            // Some file systems do not tell it with the name.
            let kind = match entry.file_type() {
                FileType::Unknown => match folder.kind_of(name) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    kind => kind,
                },
                kind => Ok(kind.into()),
            };
            return Some(kind.map(|kind| (name.to_owned(), kind)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_folder_gets_the_mode_and_the_owner_that_it_is_given() {
        let made = tempfile::tempdir().unwrap();
        let folder = Folder::open(made.path()).unwrap();
        let found = || fs::metadata(made.path()).unwrap();
        folder.set_mode(0o1750).unwrap();
        assert_eq!(found().permissions().mode() & 0o7777, 0o750, "no bit but those of access");
        let own = (found().uid(), found().gid());
        folder.give_to(own).unwrap();
        assert_eq!((found().uid(), found().gid()), own);
        // Only root can give it to any other, also where only one of both differs.
        if rustix::process::geteuid().is_root() {
            let other = (own.0, own.1 + 1);
            folder.give_to(other).unwrap();
            assert_eq!((found().uid(), found().gid()), other);
        }
    }

    #[test]
    fn only_a_plain_file_is_opened_and_no_program_inherits_it() {
        let made = tempfile::tempdir().unwrap();
        let folder = Folder::open(made.path()).unwrap();
        File::create_new(made.path().join("file")).unwrap();
        let file = folder.open_file(OsStr::new("file")).unwrap();
        let flags = rustix::io::fcntl_getfd(&file).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        symlink("file", made.path().join("link")).unwrap();
        let error = folder.open_file(OsStr::new("link")).unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::LOOP));
        // It does not wait for a writer.
        let fifo = made.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let error = folder.open_file(OsStr::new("fifo")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_folder_is_empty_until_there_is_something_in_it() {
        let made = tempfile::tempdir().unwrap();
        let folder = Folder::open(made.path()).unwrap();
        assert!(folder.is_empty().unwrap());
        fs::create_dir(made.path().join(".hidden")).unwrap();
        assert!(!folder.is_empty().unwrap());
    }
}
