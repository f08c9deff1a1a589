//! An advisory lock on a file: one process at a time changes the file. It is held on a separate file,
//! `<target>.lock`, because the target itself is replaced by a rename.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};

use super::atomic_file::fault::{Step, step};
use super::file_at::FileAt;
use super::refused::{Wish, is_unsupported, note};
use super::trust::is_trusted;

/// Time between two attempts to take a lock that another process holds.
const INTERVAL: Duration = Duration::from_millis(20);

/// A held lock, released on drop. The lock file stays, unless its holder removes it with [`remove`](Self::remove).
#[derive(Debug)]
pub struct FileLock {
    #[expect(dead_code, reason = "the lock lasts as long as the open file")]
    file: File,
    at: FileAt,
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process held it until the timeout.
    #[error("it is locked by process {holder}")]
    Held {
        /// The process id that the lock file contains.
        holder: String,
    },
    /// The file system has no locks.
    #[error("its file system has no locks")]
    Unsupported(#[source] io::Error),
    /// The lock file cannot be used.
    #[error("its lock file cannot be used")]
    Io(#[source] io::Error),
}

impl FileLock {
    /// Takes the lock of the file at `target`, waiting up to `timeout`. The lock file is `<target>.lock`, which
    /// is created if it is missing.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(target: &FileAt, timeout: Duration) -> Result<Self, LockError> {
        let at = lock_file_of(target);
        let start = Instant::now();
        let mut file = open(&at)?;
        wait(&mut file, start, timeout)?;
        // Its holder may have removed it meanwhile, and a lock on a file without a name excludes nobody.
        while !at.is_name_of(&file) {
            if start.elapsed() > timeout {
                return Err(LockError::Held { holder: "that has just ended".to_owned() });
            }
            file = open(&at)?;
            wait(&mut file, start, timeout)?;
        }
        // The process id is only for messages, so a write error is ignored.
        drop(file.set_len(0).and_then(|()| file.rewind()));
        drop(writeln!(file, "{}", std::process::id()));
        Ok(Self { file, at })
    }

    /// As [`take`](Self::take); `None`, which is [noted](super::refused), where the file system has no locks. For files
    /// that can be changed without one: what is lost then is at most another process's change at the same moment.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take_if_supported(
        target: &FileAt,
        timeout: Duration,
    ) -> Result<Option<Self>, LockError> {
        match Self::take(target, timeout) {
            Err(LockError::Unsupported(_)) => {
                note(Wish::Lock);
                Ok(None)
            }
            taken => taken.map(Some),
        }
    }

    /// Removes the lock file, where the file that it is for has gone too, and ends the lock.
    ///
    /// # Errors
    /// The system's own.
    pub fn remove(self) -> io::Result<()> {
        self.at.remove()
    }
}

/// Locks an open file itself, and not a file beside it, until it is closed: for a change that takes long. Whoever
/// replaces the file by a rename ends the lock for those who come later.
///
/// # Errors
/// [`LockError`]; without waiting.
pub fn lock_itself(file: &File) -> Result<(), LockError> {
    match try_lock(file) {
        Ok(()) => Ok(()),
        Err(fs::TryLockError::WouldBlock) => Err(LockError::Held { holder: String::new() }),
        Err(fs::TryLockError::Error(source)) if is_unsupported(&source) => {
            Err(LockError::Unsupported(source))
        }
        Err(fs::TryLockError::Error(source)) => Err(LockError::Io(source)),
    }
}

fn open(at: &FileAt) -> Result<File, LockError> {
    // In a folder that other users can write to, this name may be a link that they made.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW;
    let file = at.open_with(flags, Mode::RUSR | Mode::WUSR).map_err(LockError::Io)?;
    let metadata = file.metadata().map_err(LockError::Io)?;
    let is_ours = metadata.is_file() && is_trusted(metadata.uid()) && metadata.nlink() < 2;
    if is_ours {
        Ok(file)
    } else {
        Err(LockError::Io(io::Error::other("it is not a plain file of yours")))
    }
}

fn try_lock(file: &File) -> Result<(), fs::TryLockError> {
    step(Step::Lock).map_err(fs::TryLockError::Error)?;
    file.try_lock()
}

fn wait(file: &mut File, start: Instant, timeout: Duration) -> Result<(), LockError> {
    loop {
        match try_lock(file) {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::Error(source)) if is_unsupported(&source) => {
                return Err(LockError::Unsupported(source));
            }
            Err(fs::TryLockError::Error(source)) => return Err(LockError::Io(source)),
            Err(fs::TryLockError::WouldBlock) if start.elapsed() < timeout => {
                std::thread::sleep(INTERVAL);
            }
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                drop(file.read_to_string(&mut holder));
                return Err(LockError::Held { holder: holder.trim().to_owned() });
            }
        }
    }
}

/// `<target>.lock`.
#[must_use]
pub fn lock_file_of(target: &FileAt) -> FileAt {
    let mut name = OsString::from(target.name());
    name.push(".lock");
    target.sibling(&name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::super::atomic_file::fault::fail_at;
    use super::*;

    #[test]
    fn a_held_lock_names_its_holder_and_a_leftover_lock_file_does_not_block() {
        let folder = tempfile::tempdir().unwrap();
        let target = FileAt::named(folder.path().join("file"));
        File::options().write(true).create_new(true).open(lock_file_of(&target)).unwrap();
        let held = FileLock::take(&target, Duration::ZERO).unwrap();
        let id = std::process::id().to_string();
        assert_eq!(fs::read_to_string(lock_file_of(&target)).unwrap(), format!("{id}\n"));
        let error = FileLock::take(&target, Duration::ZERO).unwrap_err();
        assert!(matches!(error, LockError::Held { holder } if holder == id));
        drop(held);
        FileLock::take(&target, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_file_system_without_locks_is_told_from_a_lock_that_fails() {
        use io::ErrorKind::{Other, Unsupported};

        let folder = tempfile::tempdir().unwrap();
        let target = FileAt::named(folder.path().join("file"));
        let file = File::create_new(&target).unwrap();
        let take = || FileLock::take(&target, Duration::ZERO);
        let take_if_supported = || FileLock::take_if_supported(&target, Duration::ZERO);
        for kind in [Unsupported, Other] {
            let failing = [
                fail_at(&[Step::Lock], kind, || take().map(drop)),
                fail_at(&[Step::Lock], kind, || lock_itself(&file)),
            ];
            for failed in failing {
                match failed.unwrap_err() {
                    LockError::Unsupported(_) => assert_eq!(kind, Unsupported),
                    LockError::Io(_) => assert_eq!(kind, Other),
                    LockError::Held { .. } => unreachable!("nobody has it"),
                }
            }
            let taken = fail_at(&[Step::Lock], kind, take_if_supported);
            assert_eq!(taken.is_ok_and(|lock| lock.is_none()), kind == Unsupported);
        }
        assert!(take_if_supported().unwrap().is_some());
    }

    #[test]
    fn a_planted_lock_file_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let target = FileAt::named(folder.path().join("file"));
        let precious = folder.path().join("precious");
        let lock = lock_file_of(&target);
        File::options().write(true).create_new(true).open(&precious).unwrap();
        for plant in [symlink::<&Path, &Path>, |from: &Path, to: &Path| fs::hard_link(from, to)] {
            plant(&precious, &lock).unwrap();
            let error = FileLock::take(&target, Duration::ZERO).unwrap_err();
            assert!(matches!(error, LockError::Io(_)));
            assert_eq!(fs::metadata(&precious).unwrap().len(), 0);
            fs::remove_file(&lock).unwrap();
        }
    }

    #[test]
    fn a_lock_file_that_its_holder_removes_locks_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        let target = FileAt::named(folder.path().join("file"));
        let held = FileLock::take(&target, Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| FileLock::take(&target, Duration::from_secs(60)));
            held.remove().unwrap();
            let taken = waiting.join().unwrap().unwrap();
            // The lock that was waited for is the one that others find.
            assert!(FileLock::take(&target, Duration::ZERO).is_err());
            taken.remove().unwrap();
        });
        assert!(!lock_file_of(&target).exists());
    }
}
