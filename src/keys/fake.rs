//! A second key service for tests: remote, and slow, failing or refusing as a test asks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keyring::KeyError;
use crate::keys::service::{
    Candidate, KeyName, KeyService, Locality, NamedKey, Recipient, ServiceError, UnwrapError,
    Unwrapper, WrapError, WrappingKey,
};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// The provider id of its encrypted data keys.
const PROVIDER: &str = "fake-remote";

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It wraps and unwraps.
    Well,
    /// It refuses every unwrap.
    Refusing,
    /// It cannot be reached.
    Down,
}

/// A service with one key, which "wraps" by keeping the data key in its own memory.
pub(crate) struct FakeRemote {
    key: String,
    mood: Mutex<Mood>,
    kept: Mutex<Vec<(Vec<u8>, Vec<u8>)>>,
    /// How often it was asked to unwrap.
    pub(crate) asked: AtomicUsize,
}

impl FakeRemote {
    pub(crate) fn new(key: &str) -> Self {
        let (mood, kept) = (Mutex::new(Mood::Well), Mutex::default());
        Self { key: key.to_owned(), mood, kept, asked: AtomicUsize::new(0) }
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn key(&self) -> KeyName {
        KeyName::Foreign(self.key.clone())
    }

    fn reach(&self) -> Result<(), ServiceError> {
        if *self.mood.lock().unwrap() == Mood::Down {
            let source = Arc::new(std::io::Error::other("no route to host"));
            return Err(ServiceError { source });
        }
        Ok(())
    }
}

impl KeyService for FakeRemote {
    fn locality(&self) -> Locality {
        Locality::Remote
    }

    fn recipient(&self, key: &KeyName) -> Result<Box<dyn Recipient + '_>, WrapError> {
        if *key == self.key() {
            return Ok(Box::new(Remote(self)));
        }
        Err(KeyError::NotFound { name: key.to_string(), aliases: Vec::new() }.into())
    }

    fn candidates(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        let is_named = wrapped.provider_id == PROVIDER.as_bytes()
            && wrapped.provider_info == self.key.as_bytes();
        if !is_named {
            return Vec::new();
        }
        let key = WrappingKey { key: self.key(), version: 1, is_current: true, is_enabled: true };
        vec![Candidate { key, refusal: None, unwrapper: Box::new(Remote(self)) }]
    }

    fn root_key(&self, wrapped: &EncryptedDataKey) -> Option<NamedKey> {
        let candidate = self.candidates(wrapped).into_iter().next()?;
        Some(NamedKey { key: candidate.key.key, is_identified: false, is_replica: false })
    }
}

/// The one key of the service.
struct Remote<'a>(&'a FakeRemote);

impl Recipient for Remote<'_> {
    fn wrap(
        &self,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, WrapError> {
        self.0.reach()?;
        let mut kept = self.0.kept.lock().unwrap();
        kept.push((data_key.expose().to_vec(), context.serialise()));
        Ok(EncryptedDataKey {
            provider_id: PROVIDER.into(),
            provider_info: self.0.key.clone().into(),
            ciphertext: vec![u8::try_from(kept.len() - 1).unwrap()],
        })
    }
}

impl Unwrapper for Remote<'_> {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        self.0.reach()?;
        if *self.0.mood.lock().unwrap() == Mood::Refusing {
            return Err(UnwrapError::Refused);
        }
        let kept = self.0.kept.lock().unwrap();
        match kept.get(usize::from(wrapped.ciphertext[0])) {
            Some((data_key, made_with)) if *made_with == context.serialise() => {
                Ok(DataKey::new(SecretBytes::copy_of(data_key)))
            }
            _ => Err(UnwrapError::Refused),
        }
    }
}
