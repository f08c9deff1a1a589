//! From encrypted data keys to the data key: which keys are tried, in which order, and what it means
//! when none fits. Messages and the blobs of `datakey` come through here alike.

use crate::keyring::model::KeyId;
use crate::keyring::{KeyError, Keyring};
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::provider::Provider as _;
use crate::provider::raw_aes;
use crate::secret::DataKey;

/// Why no data key was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// None of the keys that are named is here, or may be used by the caller's choice.
    #[error("no key here opens it: it is encrypted under {}", wanted.join(", "))]
    NoKey {
        /// The keys that would: `namespace: name`.
        wanted: Vec<String>,
    },
    /// The keys that are named are switched off.
    #[error(transparent)]
    Unusable(KeyError),
    /// Keys of the right names are here, and do not unwrap it.
    #[error("the named key does not open it: {}", named.join(", "))]
    Unwrap {
        /// The keys tried: `namespace: name`.
        named: Vec<String>,
    },
    /// A data key was unwrapped, and is not the one that is looked for.
    #[error("the data key is not the one of this message")]
    Refused,
}

/// What was found, and the key version that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlocked<T> {
    /// What the caller made of the data key.
    pub found: T,
    /// The key.
    pub key: KeyId,
    /// Its version.
    pub version: u32,
}

/// Tries each of `wrapped` that names a usable key of `keyring`, in order, until one unwraps to a
/// data key that `accept` makes something of.
///
/// With `only_keys`, no others are tried. `context` is the serialised full encryption context.
///
/// # Errors
/// [`UnlockError`]: the one that came closest.
pub fn unlock<'a, T>(
    keyring: &Keyring,
    only_keys: &[KeyId],
    wrapped: impl IntoIterator<Item = &'a EncryptedDataKey>,
    context: &[u8],
    accept: impl Fn(DataKey) -> Option<T>,
) -> Result<Unlocked<T>, UnlockError> {
    let mut wanted = Vec::new();
    let mut named = Vec::new();
    let mut unusable = None;
    let mut is_refused = false;
    for wrapped in wrapped {
        wanted.push(name_of(wrapped));
        for (key, version) in keyring.named_by(wrapped) {
            if !only_keys.is_empty() && !only_keys.contains(&key.id) {
                continue;
            }
            if let Err(error) = version.require_enabled(key.id) {
                unusable.get_or_insert(error);
                continue;
            }
            let unwrapped =
                version.provider().and_then(|provider| provider.unwrap(wrapped, context).ok());
            match unwrapped.map(&accept) {
                None => named.push(name_of(wrapped)),
                Some(None) => is_refused = true,
                Some(Some(found)) => {
                    return Ok(Unlocked { found, key: key.id, version: version.number });
                }
            }
        }
    }
    Err(match unusable {
        _ if is_refused => UnlockError::Refused,
        _ if !named.is_empty() => UnlockError::Unwrap { named },
        Some(unusable) => UnlockError::Unusable(unusable),
        None => UnlockError::NoKey { wanted },
    })
}

/// `namespace: name` of the key that an encrypted data key names. Not authentic.
#[must_use]
pub fn name_of(wrapped: &EncryptedDataKey) -> String {
    let namespace = String::from_utf8_lossy(&wrapped.provider_id);
    match raw_aes::key_name(&wrapped.provider_info) {
        Some(name) => format!("{namespace}: {name}"),
        None => format!("{namespace}: {}", String::from_utf8_lossy(&wrapped.provider_info)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Key;
    use crate::keyring::model::State;

    /// A keyring with two keys, a data key, and its wrap under each.
    fn sample() -> (Keyring, DataKey, [EncryptedDataKey; 2]) {
        let mut keyring = Keyring::default();
        for alias in ["a", "b"] {
            let aliases = [alias.parse().unwrap()].into();
            keyring.add(Key::generate(aliases, "").unwrap()).unwrap();
        }
        let provider = |n: usize| keyring.keys[n].current().provider().unwrap();
        let (data_key, first) = provider(0).generate(32, b"context").unwrap();
        let second = provider(1).wrap(&data_key, b"context").unwrap();
        (keyring, data_key, [first, second])
    }

    fn unlock_all(
        keyring: &Keyring,
        only: &[KeyId],
        wrapped: &[EncryptedDataKey],
    ) -> Result<Unlocked<DataKey>, UnlockError> {
        unlock(keyring, only, wrapped, b"context", Some)
    }

    #[test]
    fn the_first_that_opens_is_taken() {
        let (mut keyring, data_key, mut wrapped) = sample();
        let ids = [keyring.keys[0].id, keyring.keys[1].id];
        let unlocked = unlock_all(&keyring, &[], &wrapped).unwrap();
        assert_eq!((unlocked.found, unlocked.key, unlocked.version), (data_key, ids[0], 1));
        assert_eq!(unlock_all(&keyring, &[ids[1]], &wrapped).unwrap().key, ids[1]);
        wrapped[0].ciphertext[0] ^= 1;
        assert_eq!(unlock_all(&keyring, &[], &wrapped).unwrap().key, ids[1]);
        keyring.keys[1].versions[0].state = State::Disabled;
        let error = unlock_all(&keyring, &[], &wrapped).unwrap_err();
        assert!(matches!(error, UnlockError::Unwrap { named } if named.len() == 1));
    }

    #[test]
    fn the_closest_miss_is_the_error() {
        let (mut keyring, _, wrapped) = sample();
        let (mut other, _, _) = sample();
        let error = unlock_all(&other, &[], &wrapped).unwrap_err();
        assert!(matches!(error, UnlockError::NoKey { wanted } if wanted.len() == 2));
        let error = unlock_all(&keyring, &[other.keys[0].id], &wrapped).unwrap_err();
        assert!(matches!(error, UnlockError::NoKey { .. }));
        let error = unlock(&keyring, &[], &wrapped, b"context", |_| None::<()>).unwrap_err();
        assert_eq!(error, UnlockError::Refused);
        for key in &mut keyring.keys {
            key.versions[0].state = State::PendingDeletion;
        }
        let error = unlock_all(&keyring, &[], &wrapped).unwrap_err();
        assert!(matches!(error, UnlockError::Unusable(KeyError::Unusable { .. })));
        other.keys.clear();
        assert!(unlock_all(&other, &[], &[]).is_err());
    }
}
