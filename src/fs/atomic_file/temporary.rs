//! Temporary file names.
//!
//! Every temporary name of this process is in one list, so that the signal handler can remove all of them
//! before the process ends.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags};

use super::fault::{Step, step};
use super::leftovers::{self, Leftover};
use super::naming::make_placeholder;
use super::publication::Seen;
use crate::crypto::secret::fill_random;
use crate::fs::file_at::FileAt;

const PREFIX: &str = ".enwrap-";
const SUFFIX: &str = ".tmp";

static LIVE: Mutex<BTreeMap<PathBuf, FileAt>> = Mutex::new(BTreeMap::new());

fn live() -> MutexGuard<'static, BTreeMap<PathBuf, FileAt>> {
    // Each change of the map is a single call, so a panic of another thread leaves it consistent.
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file with a random name in the target's folder, removed on drop.
#[derive(Debug)]
pub(super) struct Temporary(FileAt);

impl Temporary {
    /// Creates an empty file with a new random name beside `target`.
    pub(super) fn create(target: &FileAt, mode: Mode) -> io::Result<(File, Self)> {
        Self::name(target, |file| {
            let made = file.open_with(OFlags::CREATE | OFlags::EXCL | OFlags::RDWR, mode)?;
            // Before the lock, another run may have taken the file for one that was left behind. Some file systems have
            // no locks; there, nothing is removed that is not old.
            drop(made.lock());
            match made.metadata()?.nlink() {
                0 => Err(io::ErrorKind::AlreadyExists.into()),
                _ => Ok(made),
            }
        })
    }

    /// Calls `make` with a new random name beside `target`, and again with another name if that one exists.
    pub(super) fn name<T>(
        target: &FileAt,
        make: impl Fn(&FileAt) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        const TRIES: usize = 8;
        leftovers::remove_beside(target);
        let mut tries = 0;
        loop {
            let mut random = [0; 8];
            fill_random(&mut random)?;
            let name = format!("{PREFIX}{}{SUFFIX}", hex::encode(random));
            let file = target.sibling(OsStr::new(&name));
            let mut live = live();
            match make(&file) {
                Ok(made) => {
                    live.insert(file.to_path_buf(), file.clone());
                    return Ok((made, Self(file)));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn file(&self) -> &FileAt {
        &self.0
    }

    /// Gives it the name `target`, which must not exist, where the file system can only rename over what is there: makes
    /// an empty file of that name first, and renames over that.
    pub(super) fn rename_over_placeholder(&self, target: &FileAt) -> io::Result<()> {
        // Held, so that a signal does not end the process between both steps: that would leave the empty file.
        let mut live = live();
        let placeholder = make_placeholder(target)?.metadata()?;
        let renamed = step(Step::Rename).and_then(|()| self.rename(target));
        if renamed.is_ok() {
            live.remove(self.0.as_path());
        } else if target.entry_metadata().is_ok_and(|now| Seen::of(&now) == Seen::of(&placeholder))
        {
            drop(target.remove());
        }
        drop(live);
        renamed
    }

    /// Renames it over `target`.
    pub(super) fn rename_to(self, target: &FileAt) -> io::Result<()> {
        self.rename(target)
        // `self` is dropped now, which finds nothing to remove.
    }

    fn rename(&self, target: &FileAt) -> io::Result<()> {
        let ((from_folder, from), (folder, to)) = (self.0.place(), target.place());
        Ok(rustix::fs::renameat(from_folder, from, folder, to)?)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut live = live();
        if self.0.remove().is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
            leftovers::found(Leftover { path: self.0.to_path_buf(), is_removed: false });
        }
        live.remove(self.0.as_path());
    }
}

/// Removes every temporary file of this process, and blocks the creation of new ones.
///
/// Only for the signal handler, right before the process ends: it never releases the lock of the list, so every
/// other thread that creates or removes a temporary file waits until the process ends.
pub fn remove_all() {
    let live = live();
    for file in live.values() {
        drop(file.remove());
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
