//! One change of a keyring at a time.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::error::KeyringError;
use super::saving::{beside, io_error, is_trusted};

/// How often a waiting process looks again.
const INTERVAL: Duration = Duration::from_millis(20);

/// The lock file, locked. It is never removed: a process that waits for it holds it open already,
/// and would lock a file that no one else sees.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held for its lock, which ends with it")] File);

impl Lock {
    /// Waits for the lock of the keyring at `target`, which `path` leads to.
    pub(super) fn take(
        path: &Path,
        target: &Path,
        timeout: Duration,
    ) -> Result<Self, KeyringError> {
        let lock_failed = |source: io::Error| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                KeyringError::ReadOnly { path: path.to_path_buf() }
            }
            _ => io_error("lock", path, source),
        };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            // Where others can make files, what stands under its name may be theirs, or a link.
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(beside(target, ".lock"))
            .map_err(lock_failed)?;
        let metadata = file.metadata().map_err(lock_failed)?;
        if !metadata.is_file() || !is_trusted(metadata.uid()) || metadata.nlink() != 1 {
            return Err(lock_failed(io::Error::other(
                "its lock file is not a plain file of yours",
            )));
        }
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(source)) => return Err(lock_failed(source)),
                Err(fs::TryLockError::WouldBlock) if start.elapsed() < timeout => {
                    std::thread::sleep(INTERVAL);
                }
                Err(fs::TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    drop(file.read_to_string(&mut holder));
                    let holder = holder.trim().to_owned();
                    return Err(KeyringError::Locked { path: path.to_path_buf(), holder });
                }
            }
        }
        // The number helps people only, so a full disk does not matter here.
        drop(file.set_len(0).and_then(|()| file.rewind()));
        drop(writeln!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}
