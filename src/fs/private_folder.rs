//! A folder in memory-backed storage that only this user can enter, for plaintext that another program must read as a
//! file. It is overwritten and removed with its files, whatever that program has put beside them.
//!
//! Memory-backed means tmpfs or ramfs: their files are never on a disk, unless the system swaps them out.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, Mode, OFlags};

use super::folder::Folder;
use super::magic::is_on;
use crate::crypto::secret::fill_random;

/// Values of linux/magic.h: tmpfs, ramfs.
const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58F6];

/// What the names of folders begin with that go with their process.
const PREFIX: &str = ".enwrap-private-";

/// What the names of folders begin with that were kept.
const KEPT: &str = "enwrap-unsaved-";

/// The folders of this process, so that a signal can remove them.
static LIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<PathBuf>> {
    // Each change of the list is a single call, so a panic of another thread leaves it consistent.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why there is no folder.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFolderError {
    /// No place is on a file system in memory.
    #[error("there is no memory-backed storage here")]
    NoStorage,
    /// A place is, and the folder could not be made there.
    #[error("cannot make a folder in '{}'", place.display())]
    Io {
        /// The place.
        place: PathBuf,
        /// The error of the system call.
        #[source]
        source: io::Error,
    },
}

/// The folder. It is removed on drop.
#[derive(Debug)]
pub struct PrivateFolder {
    path: PathBuf,
    /// Locked as long as this process lives. Whoever finds a folder that is not locked may remove it.
    #[expect(dead_code, reason = "the lock lasts as long as the open folder")]
    lock: File,
}

impl PrivateFolder {
    /// Makes a folder in the first of `places` that is memory-backed. Removes what killed processes left there.
    ///
    /// # Errors
    /// [`PrivateFolderError`].
    pub fn create(places: &[PathBuf]) -> Result<Self, PrivateFolderError> {
        let place = places.iter().find(|place| is_fit(place));
        let place = place.ok_or(PrivateFolderError::NoStorage)?;
        remove_abandoned(place);
        Self::create_in(place)
            .map_err(|source| PrivateFolderError::Io { place: place.clone(), source })
    }

    fn create_in(place: &Path) -> io::Result<Self> {
        loop {
            let path = place.join(random_name(PREFIX)?);
            // Held until the name is in the list: a signal in between would leave the folder.
            let mut live = live();
            DirBuilder::new().mode(0o700).create(&path)?;
            // Between these calls, another process may have taken the folder for an abandoned one.
            let lock = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            if lock.try_lock().is_ok() && fs::symlink_metadata(&path).is_ok() {
                live.push(path.clone());
                return Ok(Self { path, lock });
            }
        }
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a file that only this user can read.
    ///
    /// # Errors
    /// The error of the system call.
    pub fn create_file(&self, name: &OsStr) -> io::Result<File> {
        File::options().write(true).create_new(true).mode(0o600).open(self.path.join(name))
    }

    /// Keeps the folder, which has another name from now on, and returns its path.
    ///
    /// # Errors
    /// The error of renaming it; it is removed then.
    pub fn keep(self) -> io::Result<PathBuf> {
        let kept = self.path.with_file_name(random_name(KEPT)?);
        rustix::fs::rename(&self.path, &kept)?;
        // What is dropped now finds nothing to remove.
        Ok(kept)
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // Until it is gone, a signal has to find it in the list.
        remove(&self.path);
        live().retain(|path| *path != self.path);
    }
}

/// Removes every folder of this process, and blocks the creation of new ones.
///
/// Only for the signal handler, right before the process ends: the lock of the list is never released.
pub fn remove_all() {
    let live = live();
    live.iter().for_each(|path| remove(path));
    std::mem::forget(live);
}

fn random_name(prefix: &str) -> io::Result<String> {
    let mut random = [0; 8];
    fill_random(&mut random)?;
    Ok(format!("{prefix}{}", hex::encode(random)))
}

/// Whether a place is in memory, and nobody else can exchange what is made in it.
fn is_fit(place: &Path) -> bool {
    const WRITABLE_FOR_OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    let Ok(folder) = File::open(place) else { return false };
    let user = rustix::process::geteuid().as_raw();
    let is_safe = folder.metadata().is_ok_and(|found| {
        // The owner of a folder can rename what is in it, sticky or not.
        let is_of_the_trusted = found.uid() == user || found.uid() == 0;
        let is_closed = found.mode() & WRITABLE_FOR_OTHERS == 0 || found.mode() & STICKY != 0;
        found.is_dir() && is_of_the_trusted && is_closed
    });
    is_safe && is_on(&folder, &IN_MEMORY) == Some(true)
}

/// Removes the folders that killed processes of this user left. No failure of this is an error.
fn remove_abandoned(place: &Path) {
    let user = rustix::process::geteuid().as_raw();
    let Ok(names) = Folder::open(place).and_then(|folder| folder.names()) else { return };
    for name in names.iter().filter(|name| name.to_str().is_some_and(|it| it.starts_with(PREFIX))) {
        let path = place.join(name);
        let is_ours =
            fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir() && found.uid() == user);
        if is_ours && File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok()) {
            remove(&path);
        }
    }
}

/// Overwrites and removes all that is in a folder, and the folder. (Not with `std::fs::remove_dir_all`, which panics where
/// a folder cannot be closed.)
fn remove(folder: &Path) {
    // A program that still runs may make a file meanwhile; without the folder it cannot.
    const TRIES: usize = 3;
    for _ in 0..TRIES {
        if let Ok(opened) = Folder::open(folder) {
            drop(empty(&opened));
        }
        match fs::remove_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {}
            _ => return,
        }
    }
}

/// Overwrites the plain files in a folder, and below it, with zeros, and removes everything in it. Links are removed, and
/// not followed.
fn empty(folder: &Folder) -> io::Result<()> {
    for name in folder.names()? {
        match folder.open_folder(&name) {
            Ok(below) => {
                drop(empty(&below));
                rustix::fs::unlinkat(folder, &name, AtFlags::REMOVEDIR).ok();
            }
            Err(_) => {
                drop(overwrite(folder, &name));
                drop(folder.remove_file(&name));
            }
        }
    }
    Ok(())
}

fn overwrite(folder: &Folder, name: &OsStr) -> io::Result<()> {
    let Some(mut left) = folder.size_of(name) else { return Ok(()) };
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(folder, name, flags, Mode::empty())?);
    let zeros = [0; 4096];
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(&zeros[..part])?;
        left -= part as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    const NOBODY: u32 = 65_534;

    #[test]
    fn what_is_not_in_memory_is_no_place() {
        let folder = PathBuf::from("/proc");
        assert!(matches!(
            PrivateFolder::create(&[folder, PathBuf::from("/does/not/exist")]),
            Err(PrivateFolderError::NoStorage)
        ));
    }

    #[test]
    fn a_folder_goes_with_all_that_is_in_it_and_nothing_else() {
        let outside = tempfile::tempdir().unwrap();
        let precious = outside.path().join("precious");
        File::options()
            .write(true)
            .create_new(true)
            .open(&precious)
            .unwrap()
            .write_all(b"p")
            .unwrap();
        // Not by `create`, which needs a file system in memory.
        let place = tempfile::tempdir().unwrap();
        let private = PrivateFolder::create_in(place.path()).unwrap();
        assert_eq!(fs::metadata(private.path()).unwrap().mode() & 0o777, 0o700);
        private.create_file(OsStr::new("a")).unwrap().write_all(&[1; 5000]).unwrap();
        fs::hard_link(private.path().join("a"), outside.path().join("seen")).unwrap();
        fs::create_dir(private.path().join("d")).unwrap();
        symlink(&precious, private.path().join("d/link")).unwrap();
        remove_abandoned(place.path());
        assert!(private.path().exists(), "its process lives");
        let another = PrivateFolder::create_in(place.path()).unwrap();
        let path = private.path().to_path_buf();
        drop(private);
        // A signal finds the one that is left, and only that.
        assert!(live().contains(&another.path) && !live().contains(&path));
        drop(another);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        assert_eq!(fs::read(&precious).unwrap(), b"p");
        assert_eq!(fs::read(outside.path().join("seen")).unwrap(), [0; 5000]);
    }

    #[test]
    fn a_place_where_others_could_exchange_the_folder_is_none() {
        // Without a file system in memory, no place is fit.
        let Ok(place) = tempfile::tempdir_in("/dev/shm") else { return };
        if is_on(&File::open(place.path()).unwrap(), &IN_MEMORY) != Some(true) {
            return;
        }
        let set_mode =
            |mode| fs::set_permissions(place.path(), PermissionsExt::from_mode(mode)).unwrap();
        for (mode, is_safe) in [(0o700, true), (0o720, false), (0o702, false), (0o1777, true)] {
            set_mode(mode);
            assert_eq!(is_fit(place.path()), is_safe, "{mode:o}");
        }
        File::options().write(true).create_new(true).open(place.path().join("file")).unwrap();
        assert!(!is_fit(&place.path().join("file")));
        // Only root can give it to another user, who can rename what is in it.
        if rustix::process::geteuid().is_root() {
            chown(place.path(), Some(NOBODY), None).unwrap();
            assert!(!is_fit(place.path()));
        }
    }

    #[test]
    fn an_abandoned_folder_of_another_user_is_left_alone() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(format!("{PREFIX}0011223344556677"));
        fs::create_dir(&folder).unwrap();
        chown(&folder, Some(NOBODY), None).unwrap();
        remove_abandoned(place.path());
        assert!(folder.exists());
        chown(&folder, Some(0), None).unwrap();
        remove_abandoned(place.path());
        assert!(!folder.exists());
    }

    #[test]
    fn an_abandoned_folder_is_removed_and_a_kept_one_stays() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join(format!("{PREFIX}0011223344556677"))).unwrap();
        let kept = PrivateFolder::create_in(place.path()).unwrap();
        kept.create_file(OsStr::new("a")).unwrap().write_all(b"text").unwrap();
        let kept = kept.keep().unwrap();
        remove_abandoned(place.path());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        assert_eq!(fs::read(kept.join("a")).unwrap(), b"text");
    }
}
