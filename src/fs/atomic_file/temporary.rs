//! Names of files that are not to stay.
//!
//! Every temporary name of the process is listed here before it exists, so that a signal's handler
//! can remove them all.

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
    // A set of names is whole after every change, so a panic elsewhere did not break it.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A random name in the folder of a file to come, removed on drop.
#[derive(Debug)]
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// Creates an empty file under a new name.
    pub(super) fn create(folder: &Path, mode: Mode) -> io::Result<(File, Self)> {
        Self::name(folder, |path| {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
            Ok(File::from(rustix::fs::open(path, flags, mode)?))
        })
    }

    /// Has `make` create something under a new name, with other names while it says "exists".
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
        // Dropping `self` now removes nothing: the name is gone.
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut live = live();
        // Nothing can be done about a failure, and the name says what it is.
        drop(fs::remove_file(&self.0));
        live.remove(&self.0);
    }
}

/// Removes every temporary file of this process, and stops it from making another.
///
/// For a signal's handler, on its own thread, right before the process ends: it never gives back
/// the list that everyone who creates or removes a temporary file waits for.
pub fn remove_all() {
    let live = live();
    for path in live.iter() {
        drop(fs::remove_file(path));
    }
    std::mem::forget(live);
}

/// Whether a file name is one of enwrap's temporary ones.
#[must_use]
pub fn is_temporary_name(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX))
        .is_some_and(|random| random.len() == 16 && random.bytes().all(|b| b.is_ascii_hexdigit()))
}
