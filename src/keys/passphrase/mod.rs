//! Passphrases as a key service: data keys are wrapped under keys that Argon2id derives from a passphrase.
//!
//! ```text
//! provider id  = enwrap-passphrase
//! key name     = argon2id:m=<KiB>,t=<passes>,p=<lanes>:<salt, 16 bytes, base64url without padding>
//! wrapping key = Argon2id(passphrase, salt, m, t, p, 32 bytes)
//! ```
//!
//! The wrap is that of a raw AES key with this namespace and name, so an official SDK opens it with the derived key.
//! One run derives one key for all that it writes. Each wrap has a random IV, so one key serves 2^32 of them, and a
//! tree of files costs one derivation to write, and one to read.

mod derivation;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::local::raw_aes::RawAes;
use super::service::{
    Candidate, KeyName, KeyService, Locality, NamedKey, PassphraseFault, Recipient, ServiceError,
    UnwrapError, Unwrapper, WrapError, WrappingKey,
};
use crate::crypto::argon2id::{Cost, DerivationError};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keyring::{KeyError, Passphrase};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

pub use derivation::{Derivation, NotADerivation, PROVIDER};

/// Derived keys that are kept. A tree that one run has written needs one.
const MOST_KEPT: usize = 64;

/// Whether a person may be asked for a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A passphrase is needed to go on.
    Allowed,
    /// It would only serve to know more.
    Unwanted,
}

/// Has the passphrase that messages are read with.
pub trait PassphraseHolder: Send + Sync {
    /// The passphrase; `None` where there is none to get.
    ///
    /// # Errors
    /// Why the passphrase that there should be cannot be got.
    fn passphrase(
        &self,
        asking: Asking,
    ) -> Result<Option<Passphrase>, Box<dyn std::error::Error + Send + Sync>>;

    /// Another passphrase, after the last one opened nothing; `None` where nobody is asked again.
    fn another(&self) -> Option<Passphrase> {
        None
    }
}

/// The passphrases of a run: the one that messages are read with, and the one that new ones get.
#[derive(Default)]
pub struct Passphrases {
    holder: Option<Box<dyn PassphraseHolder>>,
    new: Option<Derived>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The passphrase that messages are read with, once it is known.
    passphrase: Option<Passphrase>,
    /// How many passphrases there were before it, which opened nothing.
    replaced: u32,
    /// Whether it has opened a message. Then it was typed right, and another message has another passphrase.
    has_opened: bool,
    /// Why it cannot be had. It is not asked for again.
    failure: Option<PassphraseFault>,
    derived: Vec<Derived>,
    /// What messages that are written anew are wrapped under, where they keep the passphrase of the old ones.
    kept: Option<Derived>,
}

/// A wrapping key that was derived. It is kept until the end of the run.
struct Derived {
    derivation: Derivation,
    key: SecretBytes,
}

impl Derived {
    fn draw(passphrase: &Passphrase) -> Result<Self, WrapError> {
        let derivation = Derivation::draw().map_err(WrapError::Random)?;
        let key = passphrase.derive(derivation.cost, &derivation.salt);
        let key = key.map_err(|error| WrapError::Service(no_service(error)))?;
        Ok(Self { derivation, key })
    }

    fn raw_aes(&self) -> Option<RawAes> {
        RawAes::new(PROVIDER, &self.derivation.to_string(), &self.key)
    }
}

impl Passphrases {
    /// The passphrase that `holder` has, to read messages with.
    #[must_use]
    pub fn of(holder: Box<dyn PassphraseHolder>) -> Self {
        Self { holder: Some(holder), ..Self::default() }
    }

    /// Has new messages wrapped under a passphrase, as the recipient [`new_name`](Self::new_name).
    ///
    /// # Errors
    /// [`WrapError`], where the system has no random numbers or no memory.
    pub fn with_new(self, passphrase: &Passphrase) -> Result<Self, WrapError> {
        Ok(Self { new: Some(Derived::draw(passphrase)?), ..self })
    }

    /// How the passphrase is called that opens a message. No alias of a key is like it.
    #[must_use]
    pub fn name() -> KeyName {
        KeyName::Foreign("passphrase:argon2id".to_owned())
    }

    /// How the passphrase is called that new messages get. It may be another one than that which opens the old ones.
    #[must_use]
    pub fn new_name() -> KeyName {
        KeyName::Foreign("passphrase:new".to_owned())
    }

    /// What wraps under the passphrase that new messages get, if there is one.
    #[must_use]
    pub fn new_recipient(&self) -> Option<Box<dyn Recipient>> {
        let new = self.new.as_ref()?.raw_aes()?;
        Some(Box::new(new))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done in it by a panic of another thread.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What unwraps under a derivation. Only one thread derives at a time, so that the run has the memory of one
    /// derivation, and a person is asked once.
    fn raw_aes(&self, derivation: Derivation, asking: Asking) -> Result<RawAes, PassphraseFault> {
        let mut state = self.state();
        let refused = || PassphraseFault::OutOfBounds;
        if !derivation.cost.is_bounded() {
            return Err(refused());
        }
        let is_it = |derived: &&Derived| derived.derivation == derivation;
        if let Some(derived) = state.derived.iter().find(is_it) {
            return derived.raw_aes().ok_or_else(refused);
        }
        let key = state
            .passphrase(self.holder.as_deref(), asking)?
            .derive(derivation.cost, &derivation.salt)
            .map_err(|error| match error {
                DerivationError::OutOfBounds => PassphraseFault::OutOfBounds,
                DerivationError::Memory => PassphraseFault::Memory,
            })?;
        let derived = Derived { derivation, key };
        let raw_aes = derived.raw_aes().ok_or_else(refused);
        if state.derived.len() == MOST_KEPT {
            state.derived.remove(0);
        }
        state.derived.push(derived);
        raw_aes
    }
}

impl State {
    fn passphrase(
        &mut self,
        holder: Option<&dyn PassphraseHolder>,
        asking: Asking,
    ) -> Result<&Passphrase, PassphraseFault> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.passphrase.is_none() {
            let holder = holder.ok_or(PassphraseFault::NotGiven)?;
            self.passphrase = holder.passphrase(asking).map_err(|error| {
                let failure = PassphraseFault::Unavailable(Arc::from(error));
                self.failure = Some(failure.clone());
                failure
            })?;
        }
        self.passphrase.as_ref().ok_or(PassphraseFault::NotGiven)
    }

    fn wrong(&self) -> PassphraseFault {
        PassphraseFault::Wrong(self.passphrase.as_ref().and_then(Passphrase::oddity))
    }
}

fn no_service(error: DerivationError) -> ServiceError {
    ServiceError { source: Arc::new(error) }
}

impl KeyService for Passphrases {
    fn locality(&self) -> Locality {
        Locality::Person
    }

    fn recipient(&self, key: &KeyName) -> Result<Box<dyn Recipient + '_>, WrapError> {
        let missing = || KeyError::NotFound { name: key.to_string(), aliases: Vec::new() };
        if *key == Self::new_name() {
            return self.new_recipient().ok_or_else(|| missing().into());
        }
        if *key != Self::name() {
            return Err(missing().into());
        }
        let mut state = self.state();
        // Under a new salt: an old one may have come with a cost that makes guesses cheap.
        if state.kept.is_none() {
            let kept = Derived::draw(state.passphrase.as_ref().ok_or_else(missing)?)?;
            state.kept = Some(kept);
        }
        let kept = state.kept.as_ref().and_then(Derived::raw_aes).ok_or_else(missing)?;
        Ok(Box::new(kept))
    }

    fn replaced(&self) -> u32 {
        self.state().replaced
    }

    fn replace(&self, tried: u32) -> bool {
        let mut state = self.state();
        if state.replaced != tried {
            // Another thread has asked meanwhile.
            return true;
        }
        if state.has_opened || state.passphrase.is_none() {
            return false;
        }
        let Some(another) = self.holder.as_ref().and_then(|holder| holder.another()) else {
            return false;
        };
        state.passphrase = Some(another);
        state.derived.clear();
        state.replaced += 1;
        true
    }

    fn candidates(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        let Some(derivation) = Derivation::named_by(wrapped) else { return Vec::new() };
        let key = WrappingKey {
            key: Self::name(),
            version: 1,
            is_current: derivation.cost == Cost::DEFAULT,
            is_enabled: true,
        };
        let unwrapper = Box::new(ByPassphrase { passphrases: self, derivation });
        vec![Candidate { key, refusal: None, unwrapper }]
    }

    /// None: that the passphrase opens one of them shows nothing of another, which may be another person's.
    fn root_key(&self, _: &EncryptedDataKey) -> Option<NamedKey> {
        None
    }
}

/// Unwraps under the key of one derivation.
struct ByPassphrase<'a> {
    passphrases: &'a Passphrases,
    derivation: Derivation,
}

impl ByPassphrase<'_> {
    fn try_it(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
        asking: Asking,
    ) -> Result<DataKey, UnwrapError> {
        let key = self.passphrases.raw_aes(self.derivation, asking)?;
        let unwrapped = key.unwrap(wrapped, context);
        let mut state = self.passphrases.state();
        state.has_opened |= unwrapped.is_ok();
        unwrapped.map_err(|_| state.wrong().into())
    }
}

impl Unwrapper for ByPassphrase<'_> {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        self.try_it(wrapped, context, Asking::Allowed)
    }

    fn unwrap_unasked(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        self.try_it(wrapped, context, Asking::Unwanted)
    }
}

#[cfg(test)]
mod tests;
