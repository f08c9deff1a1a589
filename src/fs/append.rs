//! Opens files to append records to, so that no other file is damaged: not one that a link leads to, and not one
//! that holds something else.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::atomic_file::resolve_symlinks;
use super::file_at::FileAt;
use super::trust::is_planted;

/// Bytes of a first line that are read at most.
const MOST_LINE_BYTES: u64 = 1 << 20;

/// Why nothing is appended to a file, which is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum AppendFault {
    /// The path is a link, and was not to be followed.
    #[error("it is a link")]
    Link,
    /// Another user made the file or link, in a folder that others can write to.
    #[error("another user put it into a folder that others can write to")]
    Planted,
    /// A folder, a FIFO or a device.
    #[error("it is not a plain file")]
    NotAFile,
    /// The file has content of another kind.
    #[error("it does not begin with a record of its kind")]
    OtherContent,
    /// A system call failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What to do if the path is a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Append to the file that it leads to. For a path that the user named.
    Follow,
    /// Fail. For a path that was derived from another one.
    Refuse,
}

/// The file that `path` leads to.
///
/// # Errors
/// [`AppendFault::Link`], [`AppendFault::Planted`], or the error of reading a link.
pub fn resolve(path: &FileAt, links: Links) -> Result<FileAt, AppendFault> {
    let Ok(entry) = path.entry_metadata() else { return Ok(path.clone()) };
    if !entry.is_symlink() {
        return Ok(path.clone());
    }
    if is_planted(path, entry.uid()) {
        return Err(AppendFault::Planted);
    }
    match links {
        Links::Follow if path.folder().is_none() => Ok(FileAt::named(resolve_symlinks(path)?)),
        Links::Follow | Links::Refuse => Err(AppendFault::Link),
    }
}

/// A file that is open to be appended to.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    /// Where it is, if this call has made it: to remove it again, should nothing be appended.
    new: Option<FileAt>,
}

/// Removes the file if this process made it and it is empty still: a command that failed leaves no new file.
///
/// Everyone who has it open holds a shared lock, so it is not taken away from another process; and its name must still
/// be its own. The lock comes first: what is seen without it may have changed by then.
impl Drop for Opened {
    fn drop(&mut self) {
        let Some(new) = &self.new else { return };
        let is_unused = self.file.try_lock().is_ok()
            && self.file.metadata().is_ok_and(|metadata| metadata.len() == 0)
            && new.is_name_of(&self.file);
        if is_unused {
            drop(new.remove());
        }
    }
}

/// Opens the file at `target`, which is no link, to read it and to append to it. Creates it with `mode` if it is
/// missing. A file that is not empty must begin with a line that `is_record` accepts.
///
/// # Errors
/// [`AppendFault`].
pub fn open(
    target: &FileAt,
    mode: u32,
    is_record: impl FnOnce(&[u8]) -> bool,
) -> Result<Opened, AppendFault> {
    // Opening a FIFO must not wait for a reader.
    let how = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = OFlags::RDWR | OFlags::APPEND | how;
    let mode = Mode::from_raw_mode(mode);
    let (file, is_new) = match target.open_with(flags, mode) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let flags = flags | OFlags::CREATE;
            match target.open_with(flags | OFlags::EXCL, mode) {
                // Another process made it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    (target.open_with(flags, mode)?, false)
                }
                made => (made?, true),
            }
        }
        opened => (opened?, false),
    };
    if is_held(&file) && !is_new && !target.is_name_of(&file) {
        return open(target, mode.as_raw_mode(), is_record);
    }
    let opened = Opened { file, new: is_new.then(|| target.clone()) };
    let metadata = opened.file.metadata()?;
    if !metadata.is_file() {
        return Err(AppendFault::NotAFile);
    }
    if is_planted(target, metadata.uid()) {
        return Err(AppendFault::Planted);
    }
    let mut line = Vec::new();
    BufReader::new((&opened.file).take(MOST_LINE_BYTES)).read_until(b'\n', &mut line)?;
    if !line.is_empty() && !is_record(&line) {
        return Err(AppendFault::OtherContent);
    }
    Ok(opened)
}

/// Takes the shared lock that says that the file is in use. Whoever made it may be about to remove it, and has it alone then:
/// see [`Opened`]. That takes a moment only; a lock that somebody else holds for longer is no reason to wait.
fn is_held(file: &File) -> bool {
    const TRIES: u32 = 250;
    for _ in 0..TRIES {
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(2)),
            locked => return locked.is_ok(),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
    use std::path::Path;
    use std::sync::Arc;

    use super::super::folder::Folder;
    use super::*;

    fn append(path: impl Into<FileAt>, links: Links) -> Result<(), AppendFault> {
        let target = resolve(&path.into(), links)?;
        let mut opened = open(&target, 0o600, |line| line.starts_with(b"record"))?;
        Ok(opened.file.write_all(b"record\n")?)
    }

    #[test]
    fn only_an_empty_file_or_one_of_its_kind_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        append(&path, Links::Refuse).unwrap();
        append(&path, Links::Refuse).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"record\nrecord\n");
        let other = folder.path().join("other");
        File::create_new(&other).unwrap().write_all(b"{}\nrecord\n").unwrap();
        assert!(matches!(append(&other, Links::Follow), Err(AppendFault::OtherContent)));
        assert_eq!(fs::read(&other).unwrap(), b"{}\nrecord\n");
        assert!(matches!(
            append(Path::new("/dev/full"), Links::Follow),
            Err(AppendFault::NotAFile)
        ));
    }

    #[test]
    fn a_link_is_followed_only_where_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        symlink("target", &link).unwrap();
        assert!(matches!(append(&link, Links::Refuse), Err(AppendFault::Link)));
        assert!(!target.exists());
        append(&link, Links::Follow).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"record\n");
        // In an open folder, none is; and none is that takes the file's place when its path was followed already.
        let opened = Arc::new(Folder::open(folder.path()).unwrap());
        let in_folder = FileAt::in_folder(opened, link.clone());
        assert!(matches!(append(&in_folder, Links::Follow), Err(AppendFault::Link)));
        assert!(matches!(open(&(&link).into(), 0o600, |_| true), Err(AppendFault::Io(_))));
        assert_eq!(fs::read(&target).unwrap(), b"record\n");
    }

    /// How often this process has the file open.
    #[cfg(target_os = "linux")]
    fn times_open(path: &Path) -> usize {
        let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
        open.filter(|it| fs::read_link(it.path()).is_ok_and(|target| target == path)).count()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_is_being_removed_is_not_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("file");
        let removed = File::create_new(&path).unwrap();
        removed.try_lock().unwrap();
        thread::scope(|scope| {
            let appended = scope.spawn(|| append(&path, Links::Refuse));
            while times_open(&path) < 2 {
                thread::yield_now();
            }
            fs::remove_file(&path).unwrap();
            drop(removed);
            appended.join().unwrap().unwrap();
        });
        assert_eq!(fs::read(&path).unwrap(), b"record\n");
    }

    #[test]
    fn a_file_that_another_process_has_open_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = FileAt::named(folder.path().join("file"));
        let made = open(&path, 0o600, |_| true).unwrap();
        let mut other = open(&path, 0o600, |_| true).unwrap();
        drop(made);
        other.file.write_all(b"record\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"record\n");
        // Nor is what has something in it, or has lost its name.
        fs::remove_file(&path).unwrap();
        drop(other);
        let mut made = open(&path, 0o600, |_| true).unwrap();
        made.file.write_all(b"record\n").unwrap();
        drop(made);
        assert_eq!(fs::read(&path).unwrap(), b"record\n");
        fs::remove_file(&path).unwrap();
        let made = open(&path, 0o600, |_| true).unwrap();
        fs::remove_file(&path).unwrap();
        File::create_new(&path).unwrap();
        drop(made);
        assert!(path.is_there());
        fs::remove_file(&path).unwrap();
        drop(open(&path, 0o600, |_| true).unwrap());
        assert!(!path.is_there());
    }

    #[test]
    fn what_is_appended_is_there_also_if_whoever_made_the_file_gives_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for _ in 0..200 {
            thread::scope(|scope| {
                scope.spawn(|| drop(open(&(&path).into(), 0o600, |_| true).unwrap()));
                append(&path, Links::Refuse).unwrap();
            });
            assert_eq!(fs::read(&path).unwrap(), b"record\n");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_folder_that_is_exchanged_for_a_link_leads_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in ["tree", "elsewhere"] {
            fs::create_dir(path(name)).unwrap();
        }
        let folder = Arc::new(Folder::open(&path("tree")).unwrap());
        let file = FileAt::in_folder(folder, path("tree/file"));
        rustix::fs::rename(path("tree"), path("moved")).unwrap();
        symlink("elsewhere", path("tree")).unwrap();
        append(&file, Links::Refuse).unwrap();
        assert!(path("moved/file").exists() && !path("elsewhere/file").exists());
    }

    #[test]
    fn what_another_user_made_in_a_shared_folder_is_refused() {
        const NOBODY: u32 = 65_534;
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        append(&path, Links::Refuse).unwrap();
        chown(&path, Some(NOBODY), None).unwrap();
        append(&path, Links::Refuse).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).unwrap();
        assert!(matches!(append(&path, Links::Follow), Err(AppendFault::Planted)));
        let link = folder.path().join("link");
        symlink("file", &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(NOBODY), None).unwrap();
        assert!(matches!(append(&link, Links::Follow), Err(AppendFault::Planted)));
    }
}
