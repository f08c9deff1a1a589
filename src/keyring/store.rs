//! Where a keyring is, read with suspicion and changed without ever losing it.
//!
//! A change: take the lock, read again, change, write and sync a new file beside the old one, give
//! the old one a second name `keyring.json.N`, rename the new one over it, sync the folder. So the
//! name always leads to a whole keyring, and the last generations stay against accidents.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::error::KeyringError;
use super::file::{self, FileFault};
use super::model::Keyring;
use crate::atomic_file::fault::{Step, step};
use crate::atomic_file::{
    AtomicFile, AtomicFileError, Existing, Publication, folder_of, is_descriptor, resolve_symlinks,
    sync_folder,
};
use crate::secret::SecretText;

/// Generations that are kept.
const KEPT_GENERATIONS: usize = 10;

/// A keyring of a hundred thousand keys has 40 MiB; more is no keyring.
const MOST_BYTES: usize = 64 << 20;

/// How long a change waits for another process to finish its own.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The variable that holds a keyring's text, as errors name it.
const DATA_NAME: &str = "ENWRAP_KEYRING_DATA";

/// Where a keyring comes from.
#[derive(Debug)]
pub enum Location {
    /// A file, which changes can be saved to.
    File(PathBuf),
    /// The text itself, or base64 of it: read-only, and never on a disk.
    Data(SecretText),
}

/// A keyring's place, and how strictly it is looked at.
#[derive(Debug)]
pub struct Store {
    location: Location,
    allow_readable: bool,
}

/// What saving a change did besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The first generation of a new file.
    Created,
    /// A further generation.
    Changed,
}

impl Store {
    /// A keyring at `location`; with `allow_readable`, also a file that others may read.
    #[must_use]
    pub fn new(location: Location, allow_readable: bool) -> Self {
        Self { location, allow_readable }
    }

    /// The name for messages: the path, or the variable.
    #[must_use]
    pub fn path(&self) -> &Path {
        match &self.location {
            Location::File(path) => path,
            Location::Data(_) => Path::new(DATA_NAME),
        }
    }

    /// Reads the keyring.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn load(&self) -> Result<Keyring, KeyringError> {
        let bytes = self.read()?;
        self.decode(bytes.expose()).map(|(keyring, _)| keyring)
    }

    /// Copies the keyring's file as it is, after looking at it as [`load`](Self::load) does.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn export(&self) -> Result<SecretText, KeyringError> {
        let bytes = self.read()?;
        self.decode(bytes.expose())?;
        Ok(bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Keyring, u64), KeyringError> {
        file::decode(bytes)
            .map_err(|fault| KeyringError::File { path: self.path().to_path_buf(), fault })
    }

    fn read(&self) -> Result<SecretText, KeyringError> {
        match &self.location {
            Location::File(path) => self.read_file(path),
            Location::Data(data) => decode_data(data.expose()),
        }
    }

    fn read_file(&self, path: &Path) -> Result<SecretText, KeyringError> {
        let target = resolve(path)?;
        let read_failed = |source| io_error("read", path, source);
        let file = match File::open(&target) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(missing(path, target));
            }
            Err(error) => return Err(read_failed(error)),
        };
        let metadata = file.metadata().map_err(read_failed)?;
        if metadata.is_dir() {
            return Err(read_failed(rustix::io::Errno::ISDIR.into()));
        }
        if metadata.is_file() {
            self.require_private(path, &target, &metadata)?;
        }
        SecretText::read_from(file, MOST_BYTES).map_err(read_failed)
    }

    fn require_private(
        &self,
        path: &Path,
        target: &Path,
        metadata: &Metadata,
    ) -> Result<(), KeyringError> {
        let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
        // Being readable can be allowed (a mounted secret is); being someone else's, or writable,
        // cannot: what is encrypted under a key that others planted is theirs.
        let refused = if self.allow_readable { 0o022 } else { 0o066 };
        if mode & refused != 0 || !is_trusted(owner) {
            return Err(KeyringError::OpenToOthers { path: path.to_path_buf(), mode, owner });
        }
        require_private_folder(path, folder_of(target))
    }

    /// Changes the keyring under its lock, and saves it.
    ///
    /// # Errors
    /// `change`'s own, or [`KeyringError`]; the file is then as it was.
    pub fn update<T, E: From<KeyringError>>(
        &self,
        change: impl FnOnce(&mut Keyring) -> Result<T, E>,
    ) -> Result<(T, Saved), E> {
        let (path, target) = self.require_writable()?;
        let _lock = Lock::take(path, &target, LOCK_TIMEOUT)?;
        let old = match self.read_file(path) {
            Ok(bytes) => Some(bytes),
            Err(KeyringError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let (mut keyring, generation) = match &old {
            Some(bytes) => self.decode(bytes.expose())?,
            None => (Keyring::default(), 0),
        };
        let result = change(&mut keyring)?;
        let saved = match old {
            None => {
                publish(prepare(&target, &file::encode(&keyring, 1))?, Existing::Refuse)?;
                Saved::Created
            }
            Some(old) => {
                let kept = generation_name(&target, generation)?;
                let new = file::encode(&keyring, kept.number.saturating_add(1));
                let new = prepare(&target, &new)?;
                keep_generation(&target, &kept, &old)?;
                publish(new, Existing::Replace)?;
                forget_generations(&target);
                Saved::Changed
            }
        };
        Ok((result, saved))
    }

    /// The path and what it leads to, if a change could be saved there; makes its folder.
    fn require_writable(&self) -> Result<(&Path, PathBuf), KeyringError> {
        let read_only = || KeyringError::ReadOnly { path: self.path().to_path_buf() };
        let Location::File(path) = &self.location else { return Err(read_only()) };
        if is_descriptor(path) {
            return Err(read_only());
        }
        let target = resolve(path)?;
        match fs::metadata(&target) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(metadata) if metadata.is_dir() => {
                return Err(io_error("write", path, rustix::io::Errno::ISDIR.into()));
            }
            // A pipe or a device: read once, and gone.
            Ok(_) => return Err(read_only()),
            Err(_) => DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder_of(&target))
                .map_err(|source| io_error("make the folder of", path, source))?,
        }
        require_private_folder(path, folder_of(&target))?;
        Ok((path, target))
    }
}

fn decode_data(data: &[u8]) -> Result<SecretText, KeyringError> {
    use base64::Engine as _;
    use zeroize::Zeroize as _;

    let text = data.trim_ascii();
    if text.is_empty() {
        return Err(KeyringError::EmptyData);
    }
    let mut decoded = SecretText::default();
    if text.starts_with(b"{") {
        // `$(cat keyring.json)` and the boxes of CI systems lose the last newline, and some lines end
        // in CRLF; the checksum covers the text as it was written.
        for line in text.split(|byte| *byte == b'\n') {
            decoded.push(line.strip_suffix(b"\r").unwrap_or(line));
            decoded.push(b"\n");
        }
        return Ok(decoded);
    }
    let mut packed: Vec<u8> = Vec::with_capacity(text.len());
    packed.extend(text.iter().filter(|b| !b.is_ascii_whitespace()));
    let bytes = base64::engine::general_purpose::STANDARD.decode(&packed);
    packed.zeroize();
    let mut bytes = bytes.map_err(|_| KeyringError::File {
        path: PathBuf::from(DATA_NAME),
        fault: FileFault::NotAKeyring,
    })?;
    decoded.push(&bytes);
    bytes.zeroize();
    Ok(decoded)
}

/// Why there is nothing at `target`, which `path` leads to.
fn missing(path: &Path, target: PathBuf) -> KeyringError {
    let path = path.to_path_buf();
    match generations(&target) {
        // Not even a folder: there never was one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => KeyringError::NotFound { path },
        Err(source) => KeyringError::Io { action: "look for generations of", path, source },
        Ok(mut found) => match found.pop() {
            None => KeyringError::NotFound { path },
            Some((_, newest)) => KeyringError::Lost { path, target, newest },
        },
    }
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> KeyringError {
    KeyringError::Io { action, path: path.to_path_buf(), source }
}

fn resolve(path: &Path) -> Result<PathBuf, KeyringError> {
    // `<(..)` and /dev/fd/3 are links to what has no path; they are opened as they are.
    if is_descriptor(path) {
        return Ok(path.to_path_buf());
    }
    resolve_symlinks(path).map_err(|source| io_error("follow the link", path, source))
}

fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

fn require_private_folder(path: &Path, folder: &Path) -> Result<(), KeyringError> {
    let metadata = fs::metadata(folder).map_err(|source| io_error("look at", folder, source))?;
    let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
    let sticky = mode & 0o1000 != 0;
    if (mode & 0o022 != 0 && !sticky) || !is_trusted(owner) {
        let (path, folder) = (path.to_path_buf(), folder.to_path_buf());
        return Err(KeyringError::FolderOpenToOthers { path, folder, mode, owner });
    }
    Ok(())
}

/// `<target><suffix>`.
fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The lock file, locked. It is never removed: a process that waits for it holds it open already,
/// and would lock a file that no one else sees.
#[derive(Debug)]
struct Lock(#[expect(dead_code, reason = "held for its lock, which ends with it")] File);

impl Lock {
    fn take(path: &Path, target: &Path, timeout: Duration) -> Result<Self, KeyringError> {
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
                    std::thread::sleep(Duration::from_millis(20));
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

/// Writes and syncs what is to become `target`, before anything else is touched.
fn prepare(target: &Path, text: &SecretText) -> Result<AtomicFile, KeyringError> {
    let mut file = AtomicFile::create(target).map_err(KeyringError::Save)?;
    file.write_all(text.expose()).and_then(|()| file.sync()).map_err(|source| {
        KeyringError::Save(AtomicFileError::Io { action: "write", path: target.into(), source })
    })?;
    Ok(file)
}

fn publish(file: AtomicFile, existing: Existing) -> Result<(), KeyringError> {
    let publication =
        Publication { existing, mode: 0o600, keeps_mode: true, modified: None, sync: true };
    file.publish(publication).map_err(KeyringError::Save)
}

/// The name under which the current file stays as a generation.
struct GenerationName {
    number: u64,
    path: PathBuf,
    /// Left by a change that failed after naming it.
    is_current_file: bool,
}

/// No generation is ever overwritten: where its own number is taken (an older keyring was put back
/// by hand), the current file gets the next free one.
fn generation_name(target: &Path, generation: u64) -> Result<GenerationName, KeyringError> {
    let is_target = |path: &Path| match (fs::metadata(path), fs::metadata(target)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    };
    let list = generations(target);
    let mut list = list.map_err(|source| io_error("look for generations of", target, source))?;
    let number = match list.pop() {
        Some((number, path)) if is_target(&path) => {
            return Ok(GenerationName { number, path, is_current_file: true });
        }
        Some((newest, _)) => generation.max(newest.saturating_add(1)),
        None => generation,
    };
    let path = beside(target, &format!(".{number}"));
    Ok(GenerationName { number, path, is_current_file: false })
}

/// Gives the current file, which holds `text`, its second name.
fn keep_generation(
    target: &Path,
    name: &GenerationName,
    text: &SecretText,
) -> Result<(), KeyringError> {
    if name.is_current_file {
        return Ok(());
    }
    let linked = step(Step::KeepGeneration).and_then(|()| fs::hard_link(target, &name.path));
    if linked.is_err() {
        // A file system without hard links.
        publish(prepare(&name.path, text)?, Existing::Refuse)?;
    }
    sync_folder(folder_of(target)).map_err(|source| io_error("sync the folder of", target, source))
}

/// The generations beside `target`, in ascending order. What others put there is none.
fn generations(target: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let Some(name) = target.file_name() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder_of(target))? {
        let entry = entry?;
        let entry_name = entry.file_name();
        let number = entry_name
            .as_bytes()
            .strip_prefix(name.as_bytes())
            .and_then(|rest| std::str::from_utf8(rest.strip_prefix(b".")?).ok())
            .and_then(|number| number.parse().ok().filter(|n: &u64| n.to_string() == number));
        let Some(number) = number else { continue };
        if entry.metadata().is_ok_and(|metadata| metadata.is_file() && is_trusted(metadata.uid())) {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn forget_generations(target: &Path) {
    // One too many harms nothing, so neither does a folder that cannot be listed now.
    let mut old = generations(target).unwrap_or_default();
    old.truncate(old.len().saturating_sub(KEPT_GENERATIONS));
    for (_, path) in old {
        drop(fs::remove_file(path));
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
