//! Where a keyring is, read with suspicion and changed without ever losing it.
//!
//! A change: take the lock, read again, change, write and sync a new file beside the old one, give
//! the old one a second name `keyring.json.N`, rename the new one over it, sync the folder. So the
//! name always leads to a whole keyring, and the last generations stay against accidents.
//!
//! - [`error`]: what goes wrong; `saving`: the steps of writing the file
//! - [`generations`]: the earlier states kept beside it; [`restore`]: putting one of them, or a backup, back
//! - `erasure`: making sure that destroyed key material stays in no file beside the keyring, with `traces`
//! - [`check`]: whether the keyring and what stands beside it are as they should be

pub mod check;
mod erasure;
pub mod error;
pub mod generations;
pub mod restore;
mod saving;
mod traces;

use std::cell::OnceCell;
use std::error::Error;
use std::fmt;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::generations::Remnant;
use self::saving::{KeepsMode, MOST_BYTES, io_error, prepare, publish, require_private_folder};
use crate::crypto::secret::SecretText;
use crate::fs::atomic_file::{Existing, folder_of, is_descriptor, resolve_symlinks, sync_folder};
use crate::fs::lock::FileLock;
use crate::fs::trust::is_trusted;
use crate::keyring::format::file::{self, FileFault, KeyringFile};
use crate::keyring::format::seal::{Passphrase, SealError};
use crate::keyring::model::keyring::Keyring;
use crate::keyring::store::error::KeyringError;

/// How long a change waits for another process to finish its own, unless told otherwise.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a keyring comes from.
#[derive(Debug)]
pub enum Location {
    /// A file, which changes can be saved to.
    File(PathBuf),
    /// The text itself, or base64 of it: read-only, and never on a disk.
    Data {
        /// What errors call it.
        name: PathBuf,
        /// The keyring.
        text: SecretText,
    },
}

/// Whoever a store turns to when it cannot decide alone. The library itself asks and tells nobody.
pub trait Operator: fmt::Debug {
    /// The passphrase of the sealed keyring at `path`; asked for once, and only if it is needed.
    ///
    /// # Errors
    /// The operator's own; the keyring is then not opened.
    fn passphrase(&self, path: &Path) -> Result<Passphrase, Box<dyn Error + Send + Sync>>;

    /// Hears that others may read the sealed keyring at `path`, and so try passphrases on it.
    fn warn_of_readers(&self, path: &Path, mode: u32);
}

/// No one is there: what is sealed stays closed.
#[derive(Debug)]
struct Nobody;

impl Operator for Nobody {
    fn passphrase(&self, _: &Path) -> Result<Passphrase, Box<dyn Error + Send + Sync>> {
        Err("nobody is there to give it".into())
    }

    fn warn_of_readers(&self, _: &Path, _: u32) {}
}

/// A keyring's place, and how strictly it is looked at.
#[derive(Debug)]
pub struct Store {
    location: Location,
    allow_readable: bool,
    lock_timeout: Duration,
    operator: Box<dyn Operator>,
    passphrase: OnceCell<Passphrase>,
}

/// What saving a change did besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The first generation of a new file.
    Created,
    /// A further generation.
    Changed,
}

/// A keyring as it was read, and the form that it was read from.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) keyring: Keyring,
    pub(crate) generation: u64,
    pub(crate) is_sealed: bool,
}

impl Store {
    /// A keyring at `location`; with `allow_readable`, also a file that others may read.
    #[must_use]
    pub fn new(location: Location, allow_readable: bool) -> Self {
        Self {
            location,
            allow_readable,
            lock_timeout: LOCK_TIMEOUT,
            operator: Box::new(Nobody),
            passphrase: OnceCell::new(),
        }
    }

    /// Has `operator` give passphrases and hear warnings.
    #[must_use]
    pub fn operated_by(self, operator: Box<dyn Operator>) -> Self {
        Self { operator, ..self }
    }

    /// Has a change wait this long for another process's.
    #[must_use]
    pub fn waiting(self, lock_timeout: Duration) -> Self {
        Self { lock_timeout, ..self }
    }

    /// The name for messages: the path, or the variable.
    #[must_use]
    pub fn path(&self) -> &Path {
        match &self.location {
            Location::File(path) => path,
            Location::Data { name, .. } => name,
        }
    }

    /// Reads the keyring.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn load(&self) -> Result<Keyring, KeyringError> {
        self.load_decoded().map(|decoded| decoded.keyring)
    }

    /// The same, and which form it has: from one reading, since a pipe has no second.
    pub(crate) fn load_decoded(&self) -> Result<Decoded, KeyringError> {
        self.decode(&self.read()?)
    }

    /// Copies the keyring's file as it is, after looking at it as [`load`](Self::load) does; a sealed
    /// one stays sealed, and needs no passphrase.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn export(&self) -> Result<SecretText, KeyringError> {
        let bytes = self.read()?;
        if !self.parse(bytes.expose())?.is_sealed() {
            self.decode(&bytes)?;
        }
        Ok(bytes)
    }

    /// The keyring's file for a place that others may see: sealed with `passphrase`, or with the
    /// keyring's own if it has one.
    ///
    /// # Errors
    /// [`KeyringError`]; `passphrase`'s own.
    pub fn export_sealed<E: From<KeyringError>>(
        &self,
        passphrase: impl FnOnce() -> Result<Passphrase, E>,
    ) -> Result<SecretText, E> {
        let Decoded { keyring, generation, is_sealed } = self.decode(&self.read()?)?;
        let encoded = if is_sealed {
            file::encode(&keyring, generation, Some(self.passphrase()?))
        } else {
            file::encode(&keyring, generation, Some(&passphrase()?))
        };
        Ok(encoded.map_err(|source| io_error("seal", self.path(), source))?)
    }

    pub(crate) fn lock_timeout(&self) -> Duration {
        self.lock_timeout
    }

    /// What stands beside the keyring: generations, and what dead processes left.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn remnants(&self) -> Result<Vec<Remnant>, KeyringError> {
        let Location::File(path) = &self.location else { return Ok(Vec::new()) };
        let target = resolve(path)?;
        let found = generations::remnants(&target);
        found.map_err(|source| io_error("look for generations of", path, source))
    }

    /// The keyring in a file beside this one, with the same operator's answers.
    ///
    /// # Errors
    /// [`KeyringError`], as of its own file.
    pub fn load_remnant(&self, remnant: &Remnant) -> Result<Keyring, KeyringError> {
        let bytes = remnant.read().map_err(|source| io_error("read", &remnant.path, source))?;
        self.decode_at(&remnant.path, bytes.expose()).map(|decoded| decoded.keyring)
    }

    /// The same while others wait for the lock: with the passphrase that was given, and no question.
    pub(crate) fn load_known(&self, remnant: &Remnant) -> Result<Keyring, KeyringError> {
        self.decode_known(remnant).map(|decoded| decoded.keyring)
    }

    /// As [`load_known`](Self::load_known), and which form it has.
    pub(crate) fn decode_known(&self, remnant: &Remnant) -> Result<Decoded, KeyringError> {
        let bytes = remnant.read().map_err(|source| io_error("read", &remnant.path, source))?;
        let is_sealed = KeyringFile::parse(bytes.expose()).is_ok_and(|file| file.is_sealed());
        if self.passphrase.get().is_none() && is_sealed {
            let fault = FileFault::Sealed(SealError::Passphrase);
            return Err(KeyringError::File { path: remnant.path.clone(), fault });
        }
        self.decode_at(&remnant.path, bytes.expose())
    }

    /// Whether the keys are to be had by a passphrase only.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn is_sealed(&self) -> Result<bool, KeyringError> {
        let bytes = self.read()?;
        Ok(self.parse(bytes.expose())?.is_sealed())
    }

    fn parse<'a>(&self, bytes: &'a [u8]) -> Result<KeyringFile<'a>, KeyringError> {
        KeyringFile::parse(bytes)
            .map_err(|fault| KeyringError::File { path: self.path().to_path_buf(), fault })
    }

    pub(crate) fn decode(&self, bytes: &SecretText) -> Result<Decoded, KeyringError> {
        self.decode_at(self.path(), bytes.expose())
    }

    fn decode_at(&self, path: &Path, bytes: &[u8]) -> Result<Decoded, KeyringError> {
        let faulty = |fault| KeyringError::File { path: path.to_path_buf(), fault };
        let file = KeyringFile::parse(bytes).map_err(faulty)?;
        let (generation, is_sealed) = (file.generation(), file.is_sealed());
        let keyring = if is_sealed { file.unseal(self.passphrase()?) } else { file.keyring() };
        Ok(Decoded { keyring: keyring.map_err(faulty)?, generation, is_sealed })
    }

    /// The passphrase, which is asked for once.
    pub(crate) fn passphrase(&self) -> Result<&Passphrase, KeyringError> {
        if let Some(passphrase) = self.passphrase.get() {
            return Ok(passphrase);
        }
        let path = self.path();
        let passphrase = self
            .operator
            .passphrase(path)
            .map_err(|source| KeyringError::NoPassphrase { path: path.to_path_buf(), source })?;
        Ok(self.passphrase.get_or_init(|| passphrase))
    }

    fn read(&self) -> Result<SecretText, KeyringError> {
        match &self.location {
            Location::File(path) => self.read_file(path),
            Location::Data { name, text } => decode_data(name, text.expose()),
        }
    }

    pub(crate) fn read_file(&self, path: &Path) -> Result<SecretText, KeyringError> {
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
        let bytes = SecretText::read_from(file, MOST_BYTES).map_err(read_failed)?;
        if metadata.is_file() {
            self.require_private(path, &target, &metadata, bytes.expose())?;
        }
        Ok(bytes)
    }

    fn require_private(
        &self,
        path: &Path,
        target: &Path,
        metadata: &Metadata,
        bytes: &[u8],
    ) -> Result<(), KeyringError> {
        let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
        // Hashed only where it matters: most keyrings are nobody else's to read.
        let is_readable = mode & 0o044 != 0;
        let is_sealed = is_readable && KeyringFile::parse(bytes).is_ok_and(|file| file.is_sealed());
        // Being readable can be allowed (a mounted secret is); being someone else's, or writable,
        // cannot: what is encrypted under a key that others planted is theirs.
        let refused = if self.allow_readable || is_sealed { 0o022 } else { 0o066 };
        if mode & refused != 0 || !is_trusted(owner) {
            return Err(KeyringError::OpenToOthers { path: path.to_path_buf(), mode, owner });
        }
        if is_sealed && !self.allow_readable {
            self.operator.warn_of_readers(path, mode);
        }
        require_private_folder(path, target)
    }

    /// Changes the keyring under its lock, and saves it in the form that it had.
    ///
    /// # Errors
    /// `change`'s own, or [`KeyringError`]; the file is then as it was.
    pub fn update<T, E: From<KeyringError>>(
        &self,
        change: impl FnOnce(&mut Keyring) -> Result<T, E>,
    ) -> Result<(T, Saved), E> {
        let mut held = self.hold()?;
        let result = change(&mut held.keyring)?;
        let saved = held.save(held.own_passphrase()?)?;
        Ok((result, saved))
    }

    /// Takes the lock and reads the keyring, or begins a new one.
    pub(crate) fn hold(&self) -> Result<Held<'_>, KeyringError> {
        let (path, target) = self.require_writable()?;
        // Asked before the lock is taken: others must not wait for someone who types.
        if self.is_sealed().unwrap_or(false) {
            self.passphrase()?;
        }
        let lock = saving::lock(path, &target, self.lock_timeout)?;
        let old = match self.read_file(path) {
            Ok(bytes) => Some(bytes),
            Err(KeyringError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let Decoded { keyring, generation, is_sealed } = match &old {
            Some(bytes) => self.decode(bytes)?,
            None => Decoded { keyring: Keyring::default(), generation: 0, is_sealed: false },
        };
        Ok(Held { store: self, _lock: lock, target, old, keyring, generation, is_sealed })
    }

    /// The path and what it leads to, if a change could be saved there; makes its folder.
    pub(crate) fn require_writable(&self) -> Result<(&Path, PathBuf), KeyringError> {
        let read_only = || KeyringError::ReadOnly { path: self.path().to_path_buf() };
        let Location::File(path) = &self.location else { return Err(read_only()) };
        if is_descriptor(path) {
            return Err(read_only());
        }
        let target = resolve(path)?;
        match fs::metadata(&target) {
            // A rename would replace it all the same; but whoever took the permission meant it.
            Ok(metadata) if metadata.is_file() && metadata.mode() & 0o200 == 0 => {
                return Err(read_only());
            }
            Ok(metadata) if metadata.is_file() => {}
            Ok(metadata) if metadata.is_dir() => {
                return Err(io_error("write", path, rustix::io::Errno::ISDIR.into()));
            }
            // A pipe or a device: read once, and gone.
            Ok(_) => return Err(read_only()),
            Err(_) => make_folder(folder_of(&target))
                .map_err(|source| io_error("make the folder of", path, source))?,
        }
        require_private_folder(path, &target)?;
        Ok((path, target))
    }
}

/// A keyring that nobody else can change meanwhile.
pub(crate) struct Held<'a> {
    pub(crate) store: &'a Store,
    pub(crate) _lock: FileLock,
    /// Where the path leads.
    pub(crate) target: PathBuf,
    /// The file's bytes; `None` if there is none yet.
    pub(crate) old: Option<SecretText>,
    pub(crate) keyring: Keyring,
    /// Of the file, or the newest there was.
    pub(crate) generation: u64,
    pub(crate) is_sealed: bool,
}

impl<'a> Held<'a> {
    pub(crate) fn own_passphrase(&self) -> Result<Option<&'a Passphrase>, KeyringError> {
        if self.is_sealed { self.store.passphrase().map(Some) } else { Ok(None) }
    }

    pub(crate) fn save(&self, passphrase: Option<&Passphrase>) -> Result<Saved, KeyringError> {
        // Whatever a change did, what is written can be read again.
        if let Some(contradiction) = self.keyring.find_contradiction() {
            let (path, fault) = (self.store.path().into(), FileFault::Contradiction(contradiction));
            return Err(KeyringError::File { path, fault });
        }
        let keeps_mode =
            if self.is_sealed && passphrase.is_none() { KeepsMode::No } else { KeepsMode::Yes };
        let encode = |generation| {
            file::encode(&self.keyring, generation, passphrase)
                .map_err(|source| io_error("seal", self.store.path(), source))
        };
        let Some(old) = &self.old else {
            let new = encode(self.generation.saturating_add(1))?;
            publish(prepare(&self.target, &new)?, Existing::Refuse, keeps_mode)?;
            return Ok(Saved::Created);
        };
        let kept = generations::name(&self.target, self.generation)?;
        let new = prepare(&self.target, &encode(kept.number.saturating_add(1))?)?;
        generations::keep(&self.target, &kept, old)?;
        publish(new, Existing::Replace, keeps_mode)
            .inspect_err(|_| generations::unkeep(&self.target, &kept, old))?;
        generations::forget(&self.target);
        Ok(Saved::Changed)
    }
}

/// Makes a folder and those above it, each on the disk with its name: a keyring that a crash takes with its
/// folder is lost like any other.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    let above = folder_of(folder);
    make_folder(above)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_folder(above)
}

fn decode_data(name: &Path, data: &[u8]) -> Result<SecretText, KeyringError> {
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
        path: name.to_path_buf(),
        fault: FileFault::NotAKeyring,
    })?;
    decoded.push(&bytes);
    bytes.zeroize();
    Ok(decoded)
}

/// Why there is nothing at `target`, which `path` leads to.
fn missing(path: &Path, target: PathBuf) -> KeyringError {
    let path = path.to_path_buf();
    match generations::list(&target) {
        // Not even a folder: there never was one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => KeyringError::NotFound { path },
        Err(source) => KeyringError::Io { action: "look for generations of", path, source },
        Ok(mut found) => match found.pop() {
            None => KeyringError::NotFound { path },
            Some((newest, _)) => KeyringError::Lost { path, newest },
        },
    }
}

fn resolve(path: &Path) -> Result<PathBuf, KeyringError> {
    // `<(..)` and /dev/fd/3 are links to what has no path; they are opened as they are.
    if is_descriptor(path) {
        return Ok(path.to_path_buf());
    }
    resolve_symlinks(path).map_err(|source| io_error("follow the link", path, source))
}

#[cfg(test)]
mod tests;
