//! The keyring, as a program opens one.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use super::error::{Error, ErrorKind};
use crate::crypto::secret::{SecretBytes, SecretText};
use crate::keyring::store::Operator;
use crate::keyring::{self, Alias, Key, Location, Passphrase, Store};
use crate::keys::service::{KeyName, KeyService, Recipient};

/// Root keys, as they were read from a keyring file (docs/format.md, "The keyring").
///
/// It holds the keys that the file had when it was opened; a program that runs for long opens it again to get new ones.
/// It can be shared between threads. Its key material is wiped when it is dropped.
pub struct Keyring(keyring::RootKeys);

impl Keyring {
    /// Opens the keyring file at `path`, as `enwrap` and [`KeyringOptions::create`] make them.
    ///
    /// A file that others may read or change, or that stands in a folder of others, is refused. A sealed keyring is
    /// opened with [`KeyringOptions`].
    ///
    /// # Errors
    /// [`ErrorKind::NoKey`] where there is none, [`ErrorKind::Keyring`] where it is damaged or unsafe,
    /// [`ErrorKind::Sealed`], or [`ErrorKind::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        KeyringOptions::new().open(path)
    }

    /// The aliases of its keys, sorted by their bytes. A key can have several, or none.
    pub fn aliases(&self) -> impl Iterator<Item = String> {
        self.0.aliases().into_iter().map(|alias| alias.to_string())
    }

    pub(super) fn services(&self) -> [&dyn KeyService; 1] {
        [&self.0]
    }

    /// The key that an alias or an id means.
    pub(super) fn key_name(&self, name: &str) -> Result<KeyName, Error> {
        Ok(self.0.key(name).map_err(Error::of)?.id().into())
    }

    /// What wraps under a key.
    pub(super) fn recipient(&self, name: &str) -> Result<Box<dyn Recipient + '_>, Error> {
        self.0.recipient(&self.key_name(name)?).map_err(Error::of)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aliases: Vec<String> = self.aliases().collect();
        f.debug_struct("Keyring").field("aliases", &aliases).finish_non_exhaustive()
    }
}

/// How a keyring is opened, or made.
#[derive(Debug, Default)]
#[must_use]
pub struct KeyringOptions {
    passphrase: Option<SecretBytes>,
    allow_readable: bool,
}

impl KeyringOptions {
    /// Begins without a passphrase, and refuses a file that others may read.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens a sealed keyring with this passphrase, or seals a new one with it. One newline at its end does not
    /// count. A keyring that is not sealed is then refused: somebody may have put it in the place of the sealed one.
    ///
    /// What is passed is copied to memory that is wiped; wiping the original is up to the caller.
    pub fn passphrase(mut self, passphrase: impl AsRef<[u8]>) -> Self {
        self.passphrase = Some(SecretBytes::copy_of(passphrase.as_ref()));
        self
    }

    /// Also opens a file that others may read, such as a mounted secret; by default that is
    /// [`ErrorKind::Keyring`]. One that others may change is refused all the same.
    pub fn allow_readable(mut self, allow: bool) -> Self {
        self.allow_readable = allow;
        self
    }

    /// Opens the keyring file at `path`.
    ///
    /// The seal of a sealed one takes 64 MiB of memory and a tenth of a second to open, and at most 1 GiB and some seconds if
    /// somebody else made it.
    ///
    /// # Errors
    /// As [`Keyring::open`]; [`ErrorKind::Sealed`] where the passphrase is empty or does not open it, and where the
    /// file is not sealed and a passphrase is given.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Keyring, Error> {
        self.load(Location::File(path.as_ref().to_path_buf()))
    }

    /// Opens a keyring that is not in a file: the bytes of one, or base64 of them, as a secret manager hands them
    /// out.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_bytes(self, bytes: &[u8]) -> Result<Keyring, Error> {
        let mut text = SecretText::default();
        text.push(bytes);
        self.load(Location::Data { name: "keyring bytes".into(), text })
    }

    /// Makes a keyring file (mode 0600) with one new AES key of 256 bits, whose alias is `default`, and opens it. It is
    /// sealed if there is a passphrase. Missing folders are made (mode 0700). When this returns, the key is on the disk.
    ///
    /// **Whoever loses the file loses everything that is encrypted under its key**: keep a copy elsewhere.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] where there is one, [`ErrorKind::Keyring`] where the folder is not safe or the file is
    /// gone and earlier generations of it are there, [`ErrorKind::InvalidInput`] for an empty passphrase, or
    /// [`ErrorKind::Io`].
    pub fn create(self, path: impl AsRef<Path>) -> Result<Keyring, Error> {
        let path = path.as_ref();
        let passphrase = self.passphrase.as_ref().map(Passphrase::new).transpose();
        let passphrase = passphrase.map_err(Error::of)?;
        let exists = || {
            let text = format!("there is a keyring at '{}' already", path.display());
            Error::new(ErrorKind::AlreadyExists, text)
        };
        // Checked first, so that no passphrase is needed to learn that there is a sealed one.
        if path.try_exists()? {
            return Err(exists());
        }
        let store = Store::new(Location::File(path.to_path_buf()), self.allow_readable);
        let mut held = store.hold().map_err(Error::of)?;
        // Checked again under the lock: another process may have made one since.
        if held.old.is_some() {
            return Err(exists());
        }
        let key = Key::generate([Alias::default_alias()].into(), "").map_err(Error::of)?;
        held.keyring.add(key).map_err(Error::of)?;
        held.save(passphrase.as_ref()).map_err(Error::of)?;
        Ok(Keyring(held.keyring))
    }

    fn load(self, location: Location) -> Result<Keyring, Error> {
        let store = Store::new(location, self.allow_readable)
            .operated_by(Box::new(KnownPassphrase(self.passphrase)));
        store.load().map(Keyring).map_err(Error::of)
    }
}

/// Gives the passphrase that the options have.
#[derive(Debug)]
struct KnownPassphrase(Option<SecretBytes>);

impl Operator for KnownPassphrase {
    fn passphrase(&self, _: &Path) -> Result<Passphrase, Box<dyn StdError + Send + Sync>> {
        let text = self.0.as_ref().ok_or("the options have none")?;
        Ok(Passphrase::new(text)?)
    }

    fn expects_seal(&self) -> bool {
        self.0.is_some()
    }

    /// Ignored: a sealed keyring may be read by others, and the caller gave its passphrase.
    fn on_readable_by_others(&self, _: &Path, _: u32) {}
}
