//! The steps in which a keyring's file is written, and what may stand beside it.

use std::fs::Metadata;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::crypto::secret::SecretText;
use crate::fs::atomic_file::{
    Access, AtomicFile, AtomicFileError, Durability, Existing, Publication, Published,
};
use crate::fs::lock::{FileLock, LockError};
use crate::keyring::store::error::KeyringError;

/// The longest keyring that is read. One of a hundred thousand keys has 40 MiB.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// Writes and syncs the new content of `target` in a temporary file, before anything else is changed.
pub(crate) fn prepare(target: &Path, text: &SecretText) -> Result<AtomicFile, KeyringError> {
    let mut file = AtomicFile::create(target).map_err(KeyringError::Save)?;
    file.write_all(text.expose()).and_then(|()| file.sync()).map_err(|source| {
        KeyringError::Save(AtomicFileError::Io { action: "write", path: target.into(), source })
    })?;
    Ok(file)
}

/// Whether others can read a prepared file, although it was made for its owner only: its file system has no permissions.
pub(crate) fn is_readable_for_others(file: &AtomicFile) -> Result<bool, KeyringError> {
    let metadata = file.file().metadata();
    let metadata = metadata.map_err(|source| io_error("look at", file.target(), source))?;
    Ok(metadata.mode() & 0o044 != 0)
}

/// The access that a keyring has that keeps the mode of its file.
pub(crate) const SAME_MODE: Access = Access::Mode(0o600);

/// Gives the prepared file its name.
pub(crate) fn publish(
    file: AtomicFile,
    existing: Existing,
    access: Access,
) -> Result<Published, KeyringError> {
    let publication = Publication::new(access).existing(existing).durability(Durability::Synced);
    file.publish(publication).map_err(KeyringError::Save)
}

/// Waits for the lock of the keyring at `target`, which `path` leads to.
pub(crate) fn lock(
    path: &Path,
    target: &Path,
    timeout: Duration,
) -> Result<FileLock, KeyringError> {
    // Without a lock, two changes at once could lose a key.
    FileLock::take(&target.into(), timeout).map_err(|error| match error {
        LockError::Unsupported(source) => {
            KeyringError::NoLocks { path: path.to_path_buf(), source }
        }
        LockError::Held { holder } => KeyringError::Locked { path: path.to_path_buf(), holder },
        LockError::Io(source) => match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem => {
                KeyringError::ReadOnly { path: path.to_path_buf() }
            }
            io::ErrorKind::PermissionDenied if !beside(target, ".lock").exists() => {
                KeyringError::ReadOnly { path: path.to_path_buf() }
            }
            _ => io_error("take the lock file of", path, source),
        },
    })
}

pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> KeyringError {
    KeyringError::Io { action, path: path.to_path_buf(), source }
}

/// `<target><suffix>`.
pub(crate) fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether both names lead to one file.
pub(crate) fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}
