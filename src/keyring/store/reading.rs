//! Reading a keyring: its bytes, whether others could have read or written them, and what they hold.

use std::error::Error;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::folders::require_private_folders;
use super::generations::{self, Remnant};
use super::location::{decode_data, resolve, with_line_ends_mended};
use super::saving::{MOST_BYTES, io_error};
use super::{Location, Store};
use crate::crypto::secret::SecretText;
use crate::fs::atomic_file::is_descriptor;
use crate::fs::trust::{is_trusted, may_lack_modes};
use crate::fs::wait::Waiting;
use crate::keyring::format::file::{self, FileFault, KeyringFile};
use crate::keyring::format::seal::{Passphrase, SealError};
use crate::keyring::model::root_keys::RootKeys;
use crate::keyring::store::error::KeyringError;

/// A keyring as it was read, and the form that it was read from.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) keyring: RootKeys,
    pub(crate) generation: u64,
    pub(crate) is_sealed: bool,
}

impl Store {
    /// Reads the keyring.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn load(&self) -> Result<RootKeys, KeyringError> {
        self.load_decoded().map(|decoded| decoded.keyring)
    }

    /// Reads the keyring, and says which form it has. One reading serves both: a pipe cannot be read twice.
    pub(crate) fn load_decoded(&self) -> Result<Decoded, KeyringError> {
        let decoded = self.decode(&self.read()?)?;
        self.require_expected_seal(decoded.is_sealed)?;
        Ok(decoded)
    }

    /// Refuses a keyring in the clear where a passphrase was named: somebody may have exchanged it, to have
    /// files encrypted under a key of their own.
    pub(super) fn require_expected_seal(&self, is_sealed: bool) -> Result<(), KeyringError> {
        if is_sealed || !self.operator.expects_seal() {
            return Ok(());
        }
        Err(KeyringError::NotSealed { path: self.path().to_path_buf() })
    }

    /// The keyring's bytes as they are, after the checks of [`load`](Self::load). A sealed keyring stays
    /// sealed, and needs no passphrase.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn export(&self) -> Result<SecretText, KeyringError> {
        let bytes = self.read()?;
        let is_sealed = self.parse(bytes.expose())?.is_sealed();
        self.require_expected_seal(is_sealed)?;
        if !is_sealed {
            self.decode(&bytes)?;
        }
        Ok(bytes)
    }

    /// The keyring's bytes, sealed: with its own passphrase if it has one, else with `passphrase`. They can
    /// lie where others read them.
    ///
    /// # Errors
    /// [`KeyringError`]; `passphrase`'s own.
    pub fn export_sealed<E: From<KeyringError>>(
        &self,
        passphrase: impl FnOnce() -> Result<Passphrase, E>,
    ) -> Result<SecretText, E> {
        let Decoded { keyring, generation, is_sealed } = self.load_decoded()?;
        let encoded = if is_sealed {
            file::encode(&keyring, generation, Some(self.passphrase()?))
        } else {
            file::encode(&keyring, generation, Some(&passphrase()?))
        };
        Ok(encoded.map_err(|source| io_error("seal", self.path(), source))?)
    }

    /// The files beside the keyring that may hold keys: generations, what dead processes left, and others.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn remnants(&self) -> Result<Vec<Remnant>, KeyringError> {
        let Location::File(path) = &self.location else { return Ok(Vec::new()) };
        let target = resolve(path)?;
        let found = match generations::remnants(&target) {
            // Without its folder, nothing is beside it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            found => found,
        };
        found.map_err(|source| io_error("look for generations of", path, source))
    }

    /// The keyring in a file beside this one, opened with the same passphrase.
    ///
    /// # Errors
    /// [`KeyringError`], as of its own file.
    pub fn load_remnant(&self, remnant: &Remnant) -> Result<RootKeys, KeyringError> {
        let bytes = remnant.read().map_err(|source| io_error("read", &remnant.path, source))?;
        self.decode_at(&remnant.path, bytes.expose()).map(|decoded| decoded.keyring)
    }

    /// As [`load_remnant`](Self::load_remnant), but asks for no passphrase: other processes wait for the lock.
    pub(crate) fn load_known(&self, remnant: &Remnant) -> Result<RootKeys, KeyringError> {
        self.decode_known(remnant).map(|decoded| decoded.keyring)
    }

    /// As [`load_known`](Self::load_known), and says which form it has.
    pub(crate) fn decode_known(&self, remnant: &Remnant) -> Result<Decoded, KeyringError> {
        let bytes = remnant.read().map_err(|source| io_error("read", &remnant.path, source))?;
        let is_sealed = KeyringFile::parse(bytes.expose()).is_ok_and(|file| file.is_sealed());
        if self.passphrase.get().is_none() && is_sealed {
            let fault = FileFault::Sealed(SealError::Passphrase);
            return Err(KeyringError::File { path: remnant.path.clone(), fault });
        }
        self.decode_at(&remnant.path, bytes.expose())
    }

    /// Whether the keys are encrypted under a passphrase.
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
        let keyring = match (is_sealed, self.passphrase.get()) {
            (false, _) => file.keyring(),
            (true, Some(passphrase)) => file.unseal(passphrase),
            (true, None) => self.unseal_asking(&file)?,
        };
        Ok(Decoded { keyring: keyring.map_err(faulty)?, generation, is_sealed })
    }

    /// The passphrase, which is asked for once.
    pub(crate) fn passphrase(&self) -> Result<&Passphrase, KeyringError> {
        if let Some(passphrase) = self.passphrase.get() {
            return Ok(passphrase);
        }
        let passphrase = self.operator.passphrase(self.path());
        let passphrase = passphrase.map_err(|source| self.no_passphrase(source))?;
        Ok(self.passphrase.get_or_init(|| passphrase))
    }

    /// Gets the passphrase before the lock is taken: nobody waits for someone who types, or types again. Whether it is right
    /// in the end, the reading under the lock says.
    pub(super) fn settle_passphrase(&self) -> Result<(), KeyringError> {
        if self.passphrase.get().is_none() && self.operator.asks_a_person() {
            let bytes = self.read()?;
            if let Ok(file) = KeyringFile::parse(bytes.expose()) {
                return self.unseal_asking(&file).map(drop);
            }
        }
        self.passphrase().map(drop)
    }

    /// Opens a sealed keyring with a passphrase that is asked for, and again where it is wrong and the operator has another.
    fn unseal_asking(
        &self,
        file: &KeyringFile<'_>,
    ) -> Result<Result<RootKeys, FileFault>, KeyringError> {
        let mut passphrase = self.operator.passphrase(self.path());
        loop {
            let given = passphrase.map_err(|source| self.no_passphrase(source))?;
            let unsealed = file.unseal(&given);
            if let Err(FileFault::Sealed(SealError::Passphrase | SealError::OddPassphrase(_))) =
                unsealed
                && let Some(next) = self.operator.passphrase_again(self.path())
            {
                passphrase = next;
                continue;
            }
            self.passphrase.get_or_init(|| given);
            return Ok(unsealed);
        }
    }

    fn no_passphrase(&self, source: Box<dyn Error + Send + Sync>) -> KeyringError {
        KeyringError::NoPassphrase { path: self.path().to_path_buf(), source }
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
        let may_lack_modes = may_lack_modes(&file);
        let bytes = SecretText::read_from(Waiting(file), MOST_BYTES).map_err(read_failed)?;
        let bytes = with_line_ends_mended(bytes);
        if metadata.is_file() {
            // A keyring is made without the permission to execute it. Where it has that, its mode is the mount's.
            let is_mode_of_mount = may_lack_modes && metadata.mode() & 0o111 != 0;
            let without_modes = is_mode_of_mount.then(|| metadata.dev());
            self.require_private(path, &metadata, without_modes, bytes.expose())?;
        }
        Ok(bytes)
    }

    fn require_private(
        &self,
        path: &Path,
        metadata: &Metadata,
        without_modes: Option<u64>,
        bytes: &[u8],
    ) -> Result<(), KeyringError> {
        let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
        // Its checksum is computed only where others can read it, which is rare.
        let is_readable = mode & 0o044 != 0;
        let is_sealed = is_readable && KeyringFile::parse(bytes).is_ok_and(|file| file.is_sealed());
        // That others can read it may be allowed, as for a mounted secret. That others own it, or can write
        // it, may not: they could plant a key of their own, and read all that is encrypted under it.
        let is_tolerated = self.allow_readable || self.is_copy || is_sealed;
        let without_modes = without_modes.filter(|_| is_tolerated);
        let refused = match (is_tolerated, without_modes) {
            (false, _) => 0o066,
            (true, None) => 0o022,
            // The mode is that of the mount, and says nothing of this file.
            (true, Some(_)) => 0,
        };
        if mode & refused != 0 || !is_trusted(owner) {
            return Err(KeyringError::OpenToOthers { path: path.to_path_buf(), mode, owner });
        }
        if is_readable && !self.allow_readable {
            self.operator.on_readable_by_others(path, mode);
        }
        // A descriptor was opened by the caller, whatever leads to its file.
        if is_descriptor(path) { Ok(()) } else { require_private_folders(path, without_modes) }
    }
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
