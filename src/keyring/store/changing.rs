//! Changing a keyring: under its lock, so that nobody else's change is lost.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::folders::require_private_folders;
use super::location::resolve;
use super::reading::Decoded;
use super::saving::{self, SAME_MODE, io_error, is_readable_for_others, prepare, publish};
use super::{Location, Saved, Store, generations};
use crate::crypto::secret::SecretText;
use crate::fs::atomic_file::{Access, Existing, folder_of, is_descriptor, sync_folder};
use crate::fs::lock::FileLock;
use crate::fs::trust::may_lack_modes;
use crate::keyring::format::file::{self, FileFault};
use crate::keyring::format::seal::Passphrase;
use crate::keyring::model::root_keys::RootKeys;
use crate::keyring::store::error::KeyringError;

impl Store {
    /// Changes the keyring under its lock, and saves it in the form that it had, if the change made any difference.
    ///
    /// # Errors
    /// `change`'s own, or [`KeyringError`]; the file is then as it was.
    pub fn update<T, E: From<KeyringError>>(
        &self,
        change: impl FnOnce(&mut RootKeys) -> Result<T, E>,
    ) -> Result<(T, Saved), E> {
        let mut held = self.hold()?;
        let before = held.text()?;
        let result = change(&mut held.keyring)?;
        // What changes nothing writes no generation: a script that repeats it would push the others out.
        if held.old.is_some() && held.text()?.expose() == before.expose() {
            return Ok((result, Saved::Unchanged));
        }
        let saved = held.save(held.own_passphrase()?)?;
        Ok((result, saved))
    }

    /// Takes the lock and reads the keyring, or begins a new one.
    pub(crate) fn hold(&self) -> Result<Held<'_>, KeyringError> {
        let (path, target) = self.require_writable()?;
        // The passphrase is asked for before the lock is taken: nobody waits for someone who types.
        let is_sealed = match self.is_sealed() {
            Ok(is_sealed) => {
                self.require_expected_seal(is_sealed)?;
                is_sealed
            }
            // A new keyring is sealed with the passphrase that was named for it.
            Err(KeyringError::NotFound { .. }) => self.operator.expects_seal(),
            // The reading under the lock says what is wrong.
            Err(_) => false,
        };
        if is_sealed {
            self.settle_passphrase()?;
        }
        let lock = saving::lock(path, &target, self.lock_timeout)?;
        let old = match self.read_file(path) {
            Ok(bytes) => Some(bytes),
            Err(KeyringError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let Decoded { keyring, generation, is_sealed } = match &old {
            Some(bytes) => self.decode(bytes)?,
            None => Decoded {
                keyring: RootKeys::default(),
                generation: 0,
                is_sealed: self.operator.expects_seal(),
            },
        };
        self.require_expected_seal(is_sealed)?;
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
            // A rename could replace it all the same, but whoever took the write permission away meant it.
            Ok(metadata) if metadata.is_file() && metadata.mode() & 0o200 == 0 => {
                return Err(read_only());
            }
            Ok(metadata) if metadata.is_file() => {}
            Ok(metadata) if metadata.is_dir() => {
                return Err(io_error("write", path, rustix::io::Errno::ISDIR.into()));
            }
            // A pipe or a device cannot be replaced.
            Ok(_) => return Err(read_only()),
            Err(_) => make_folder(folder_of(&target))
                .map_err(|source| io_error("make the folder of", path, source))?,
        }
        let without_modes = self.device_without_modes(&target);
        match require_private_folders(path, without_modes.filter(|_| self.does_without_modes())) {
            Err(KeyringError::FolderOpenToOthers { folder, .. })
                if fs::metadata(&folder).is_ok_and(|it| Some(it.dev()) == without_modes) =>
            {
                Err(KeyringError::NoModes { path: path.to_path_buf() })
            }
            Err(error) => Err(error),
            Ok(()) => Ok((path, target)),
        }
    }

    /// The device of the keyring, if its modes may be those of the mount.
    fn device_without_modes(&self, target: &Path) -> Option<u64> {
        let folder = File::open(folder_of(target)).ok().filter(may_lack_modes)?;
        folder.metadata().ok().map(|metadata| metadata.dev())
    }

    /// Whether the keyring may be where others can read it.
    fn does_without_modes(&self) -> bool {
        self.allow_readable || self.operator.expects_seal() || self.is_sealed().unwrap_or(false)
    }
}

/// A keyring whose lock is held, so that nobody else can change it.
pub(crate) struct Held<'a> {
    pub(crate) store: &'a Store,
    pub(crate) _lock: FileLock,
    /// The file that the path leads to.
    pub(crate) target: PathBuf,
    /// The file's bytes; `None` if there is none yet.
    pub(crate) old: Option<SecretText>,
    pub(crate) keyring: RootKeys,
    /// The number of the file's generation or, where the file is gone, of the newest one beside it.
    pub(crate) generation: u64,
    pub(crate) is_sealed: bool,
}

impl<'a> Held<'a> {
    pub(crate) fn own_passphrase(&self) -> Result<Option<&'a Passphrase>, KeyringError> {
        if self.is_sealed { self.store.passphrase().map(Some) } else { Ok(None) }
    }

    /// The keys as an unsealed file would have them, to be compared.
    fn text(&self) -> Result<SecretText, KeyringError> {
        file::encode(&self.keyring, self.generation, None)
            .map_err(|source| io_error("write", self.store.path(), source))
    }

    pub(crate) fn save(&self, passphrase: Option<&Passphrase>) -> Result<Saved, KeyringError> {
        // A change may break what holds between keys: no file is written that could not be read again.
        if let Some(contradiction) = self.keyring.find_contradiction() {
            let (path, fault) = (self.store.path().into(), FileFault::Contradiction(contradiction));
            return Err(KeyringError::File { path, fault });
        }
        // Others may have had access to a sealed file, but not to the keys in it.
        let is_unsealed_now = self.is_sealed && passphrase.is_none();
        let access = if is_unsealed_now { Access::OwnerOnly } else { SAME_MODE };
        let encode = |generation| {
            file::encode(&self.keyring, generation, passphrase)
                .map_err(|source| io_error("seal", self.store.path(), source))
        };
        let prepare = |text: &SecretText| {
            let file = prepare(&self.target, text)?;
            let is_private = passphrase.is_some() || self.store.allow_readable;
            if !is_private && is_readable_for_others(&file)? {
                return Err(KeyringError::NoModes { path: self.store.path().to_path_buf() });
            }
            Ok(file)
        };
        let Some(old) = &self.old else {
            let new = encode(self.generation.saturating_add(1))?;
            let _ = publish(prepare(&new)?, Existing::Refuse, access)?;
            return Ok(Saved::Created);
        };
        let kept = generations::name(&self.target, self.generation)?;
        let new = prepare(&encode(kept.number.saturating_add(1))?)?;
        generations::keep(&self.target, &kept, old)?;
        let published = publish(new, Existing::Replace, access)
            .inspect_err(|_| generations::unkeep(&self.target, &kept, old))?;
        if published.dropped_acl {
            self.store.operator.on_dropped_acl(self.store.path());
        }
        generations::forget(&self.target);
        Ok(Saved::Changed)
    }
}

/// Makes a folder and those above it, and syncs each folder's name, so that a crash cannot take a new
/// keyring away with its folder.
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
