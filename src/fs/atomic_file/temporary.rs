//! Temporary file names.
//!
//! Every temporary name of this process is in one list, so that the signal handler can remove all of them
//! before the process ends.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags};

use crate::crypto::secret::fill_random;

const PREFIX: &str = ".enwrap-";
const SUFFIX: &str = ".tmp";

static LIVE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn live() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // Each change of the set is a single call, so a panic of another thread leaves it consistent.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file with a random name in the target's folder, removed on drop.
#[derive(Debug)]
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// Creates an empty file with a new random name.
    pub(super) fn create(folder: &Path, mode: Mode) -> io::Result<(File, Self)> {
        Self::name(folder, |path| {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
            Ok(File::from(rustix::fs::open(path, flags, mode)?))
        })
    }

    /// Calls `make` with a new random name, and again with another name if that one exists.
    pub(super) fn name<T>(
        folder: &Path,
        make: impl Fn(&Path) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        const TRIES: usize = 8;
        let mut tries = 0;
        loop {
            let mut random = [0; 8];
            fill_random(&mut random)?;
            let path = folder.join(format!("{PREFIX}{}{SUFFIX}", hex::encode(random)));
            let mut live = live();
            match make(&path) {
                Ok(made) => {
                    live.insert(path.clone());
                    return Ok((made, Self(path)));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Renames it over `target`.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub(super) fn rename_to(self, target: &Path) -> io::Result<()> {
        fs::rename(&self.0, target)
        // `self` is dropped now, which finds nothing to remove.
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut live = live();
        // A failure cannot be handled here; the name shows later that the file is a leftover.
        drop(fs::remove_file(&self.0));
        live.remove(&self.0);
    }
}

/// Removes every temporary file of this process, and blocks the creation of new ones.
///
/// Only for the signal handler, right before the process ends: it never releases the lock of the list, so every
/// other thread that creates or removes a temporary file waits until the process ends.
pub fn remove_all() {
    let live = live();
    for path in live.iter() {
        drop(fs::remove_file(path));
    }
    std::mem::forget(live);
}

/// Whether a file name has the form of enwrap's temporary names.
#[must_use]
pub fn is_temporary_name(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX))
        .is_some_and(|random| random.len() == 16 && random.bytes().all(|b| b.is_ascii_hexdigit()))
}
