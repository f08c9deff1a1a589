//! The seam between messages and whatever holds root keys.
//!
//! A [`KeyService`] holds wrapping keys: the local keyring is one, AWS KMS another. A service gives a
//! [`Recipient`] for encrypting, and for an encrypted data key the [`Candidate`]s that it names. The two
//! sides are separate traits because a public key can wrap and cannot unwrap.
//!
//! A new service implements [`KeyService`] and is named where services are made. Nothing else changes.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::crypto::secret::DataKey;
use crate::keyring::seal::Oddity;
use crate::keyring::{KeyError, KeyId};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// How a root key is called across services.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyName {
    /// A key of the local keyring.
    Id(KeyId),
    /// A key that only its service knows, by that service's own name for it.
    Foreign(String),
}

impl From<KeyId> for KeyName {
    fn from(id: KeyId) -> Self {
        Self::Id(id)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Foreign(name) => f.write_str(name),
        }
    }
}

/// One version of a root key, as a service holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrappingKey {
    /// The root key.
    pub key: KeyName,
    /// Its version; 1 where a service has no versions.
    pub version: u32,
    /// Whether new data keys are wrapped under this version.
    pub is_current: bool,
    /// Whether its state allows use.
    pub is_enabled: bool,
}

/// The root key that an encrypted data key names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey {
    /// The key.
    pub key: KeyName,
    /// Whether no other key can have the name: it is the id of a key that was made here, or the public key itself. Other
    /// names were chosen by whoever made an import, and do not tell one reader from another.
    pub is_identified: bool,
    /// Whether the key has another name than the one that is given: it is a replica in another region, with the same
    /// material.
    pub is_replica: bool,
}

/// Where a service does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locality {
    /// In this process: always there, and asked first.
    Local,
    /// Behind a network: asked only after every local key failed, and may be out of reach.
    Remote,
    /// In this process, with a secret that a person may have to be asked for: asked last.
    Person,
}

/// What holds wrapping keys.
pub trait KeyService: Send + Sync {
    /// Returns where the service does its work.
    fn locality(&self) -> Locality;

    /// Returns what wraps new data keys under the current version of a key.
    ///
    /// # Errors
    /// [`WrapError::Key`] where the key is not held here, is switched off, or may not encrypt.
    fn recipient(&self, key: &KeyName) -> Result<Box<dyn Recipient + '_>, WrapError>;

    /// Returns the wrapping keys held here that an encrypted data key names, in any state. Asks no network.
    ///
    /// A name proves nothing: only an unwrap does.
    fn candidates(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>>;

    /// Returns the wrapping keys held here that could have made an encrypted data key which does not name
    /// them, because its name may be damaged. Asks no network.
    fn unnamed_candidates(&self, _wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        Vec::new()
    }

    /// Returns what to tell people about an encrypted data key that names a version of a key held here which is not
    /// held itself, such as `has version 1 of 'backup', not 2: ..`.
    fn missing_version(&self, _wrapped: &EncryptedDataKey) -> Option<String> {
        None
    }

    /// Returns how many secrets of a person this service has tried and replaced.
    fn replaced(&self) -> u32 {
        0
    }

    /// Gets another secret of a person in the place of the last one, after that has opened nothing, and returns whether there
    /// is one that was not tried. `tried` is what [`replaced`](Self::replaced) said before it was tried.
    fn replace(&self, _tried: u32) -> bool {
        false
    }

    /// Returns the root key held here that an encrypted data key names, also where it names a version that
    /// was destroyed.
    fn root_key(&self, wrapped: &EncryptedDataKey) -> Option<NamedKey>;
}

/// What new data keys are wrapped for.
///
/// `context` is always the full encryption context of the message: stored and bound pairs together.
pub trait Recipient: Send + Sync {
    /// Whether a data key unwraps only under the encryption context that it is wrapped under.
    fn binds_context(&self) -> bool {
        true
    }

    /// Draws a data key of `len` bytes and wraps it.
    ///
    /// # Errors
    /// [`WrapError::Random`], or the service's own.
    fn generate(
        &self,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, EncryptedDataKey), WrapError> {
        let data_key = DataKey::generate(len).map_err(WrapError::Random)?;
        let wrapped = self.wrap(&data_key, context)?;
        Ok((data_key, wrapped))
    }

    /// Wraps a data key.
    ///
    /// # Errors
    /// [`WrapError::Random`], or the service's own.
    fn wrap(
        &self,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, WrapError>;
}

/// What unwraps data keys that were wrapped under one wrapping key.
pub trait Unwrapper: Send + Sync {
    /// Whether a data key unwraps only under the encryption context that it was wrapped under.
    fn binds_context(&self) -> bool {
        true
    }

    /// Unwraps a data key.
    ///
    /// # Errors
    /// [`UnwrapError`].
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError>;

    /// Unwraps a data key, and asks no person for a secret: the message can be opened otherwise.
    ///
    /// # Errors
    /// [`UnwrapError`].
    fn unwrap_unasked(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        self.unwrap(wrapped, context)
    }
}

/// A wrapping key that may open an encrypted data key.
pub struct Candidate<'a> {
    /// Which wrapping key it is.
    pub key: WrappingKey,
    /// Why the key may not be used for opening now, if so.
    pub refusal: Option<KeyError>,
    /// What tries.
    pub unwrapper: Box<dyn Unwrapper + 'a>,
}

/// A service that could not be asked, or would not answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{source}")]
pub struct ServiceError {
    /// The service's own reason, which says what the service is called.
    #[source]
    pub source: Arc<dyn std::error::Error + Send + Sync>,
}

/// Why a passphrase did not open an encrypted data key. It never counts as refused: another passphrase may open it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PassphraseFault {
    /// No passphrase is given, and nobody was asked.
    #[error("no key here opens it, and a passphrase that would is not given")]
    NotGiven,
    /// The passphrase that was named cannot be got.
    #[error("no key here opens it, and the passphrase that may cannot be had")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The passphrase is another one, or the encrypted data key or the context is not the one of the wrap.
    #[error("the passphrase does not open it")]
    Wrong(Option<Oddity>),
    /// It asks for a derivation that is too cheap, or would harm this machine. It was not tried.
    #[error("the cost that it sets for a try of its passphrase is out of bounds")]
    OutOfBounds,
    /// The message has more of them than are tried.
    #[error("no key here opens it, and it has more passphrases than are tried")]
    TooMany,
    /// The system had no memory for the derivation.
    #[error("there is not enough memory to try a passphrase")]
    Memory,
}

/// Why a data key was not wrapped.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// The key is not held, is switched off, or may not encrypt.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The operating system has no random numbers to give.
    #[error("the system's random number generator failed")]
    Random(#[source] io::Error),
    /// The data key has no room in a wrap of this key.
    #[error("a data key of {bytes} bytes is too long for the RSA key")]
    TooLong {
        /// The length of the data key.
        bytes: usize,
    },
    /// The key's service could not be asked.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Why a data key was not unwrapped.
#[derive(Debug, thiserror::Error)]
pub enum UnwrapError {
    /// The encrypted data key, the context or the wrapping key is not the one of the wrap. Whoever tries
    /// several keys goes on after it.
    #[error("the encrypted data key does not unwrap")]
    Refused,
    /// It is under another key than this one, which may be the one that it names. So nothing is known of that.
    #[error("the encrypted data key is under another key")]
    OtherKey,
    /// It does not unwrap, and the key may not be the one that it is held to be. So nothing is known.
    #[error("the encrypted data key does not unwrap, or the key is another one")]
    InDoubt,
    /// The key is held, and cannot unwrap: only its public half is here. So nothing is known.
    #[error(transparent)]
    Key(KeyError),
    /// The passphrase is missing or another one, so nothing is known.
    #[error(transparent)]
    Passphrase(#[from] PassphraseFault),
    /// The key's service could not be asked, so nothing is known.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Returns what wraps under a root key, from the service that holds it.
///
/// # Errors
/// [`WrapError`] of the service that holds the key; where none does, of the first one asked.
pub fn recipient<'a>(
    services: &[&'a dyn KeyService],
    key: &KeyName,
) -> Result<Box<dyn Recipient + 'a>, WrapError> {
    let mut missing = None;
    for service in services {
        match service.recipient(key) {
            // The first to look is the keyring, which has more to say of what it lacks than others.
            Err(WrapError::Key(error @ (KeyError::NotFound { .. } | KeyError::Remote { .. }))) => {
                missing.get_or_insert(error);
            }
            other => return other,
        }
    }
    let not_found = || KeyError::NotFound { name: key.to_string(), aliases: Vec::new() };
    Err(missing.unwrap_or_else(not_found).into())
}
