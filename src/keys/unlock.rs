//! From encrypted data keys to the data key: which keys are tried, in which order, and what it means
//! when none fits. Messages and the blobs of `datakey` come through here alike.

use crate::crypto::secret::DataKey;
use crate::keyring::KeyId;
use crate::keyring::{KeyError, Keyring};
use crate::keys::provider::raw_aes;
use crate::keys::provider::{Provider as _, ProviderError};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// Why no data key was found.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// None of the keys that are named is here, or may be used by the caller's choice.
    #[error("no key here opens it: it is encrypted under {}", wanted.join(", "))]
    NoKey {
        /// The keys that would: `namespace: name`.
        wanted: Vec<String>,
        /// Whether one of them is here, and was left out by the caller's choice.
        is_excluded: bool,
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
    /// A key's keeper could not be asked, and no other key opens it.
    #[error(transparent)]
    Provider(ProviderError),
    /// A data key was unwrapped, and is not the one that is looked for.
    #[error("the data key is not the one of this message")]
    Refused,
}

impl UnlockError {
    /// Of two failures, the one that says more: a key that is here comes before one that is not.
    pub(crate) fn closer(first: Option<Self>, second: Self) -> Self {
        let rank = |error: &Self| match error {
            Self::NoKey { .. } => 0,
            Self::Refused | Self::Unwrap { .. } => 1,
            Self::Unusable(_) | Self::Provider(_) => 2,
        };
        match first {
            Some(first) if rank(&first) >= rank(&second) => first,
            _ => second,
        }
    }
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
/// With `only_keys`, no others are tried. `context` is the full encryption context.
///
/// # Errors
/// [`UnlockError`]: the one that came closest.
pub fn unlock<'a, T>(
    keyring: &Keyring,
    only_keys: &[KeyId],
    wrapped: impl IntoIterator<Item = &'a EncryptedDataKey>,
    context: &EncryptionContext,
    accept: impl Fn(DataKey) -> Option<T>,
) -> Result<Unlocked<T>, UnlockError> {
    let (mut wanted, mut named) = (Vec::new(), Vec::new());
    let (mut unusable, mut unreachable) = (None, None);
    let (mut is_refused, mut is_excluded) = (false, false);
    for wrapped in wrapped {
        wanted.push(wrapped);
        for (key, version) in keyring.named_by(wrapped) {
            if !only_keys.is_empty() && !only_keys.contains(&key.id()) {
                is_excluded = true;
                continue;
            }
            if let Err(error) = version.require_enabled(key.id()) {
                unusable.get_or_insert(error);
                continue;
            }
            let Some(provider) = version.provider() else { continue };
            match provider.unwrap(wrapped, context).map(&accept) {
                Ok(Some(found)) => {
                    return Ok(Unlocked { found, key: key.id(), version: version.number });
                }
                Ok(None) => is_refused = true,
                Err(ProviderError::Unwrap) => named.push(wrapped),
                Err(error) => drop(unreachable.get_or_insert(error)),
            }
        }
    }
    Err(match (unreachable, unusable) {
        (Some(error), _) => UnlockError::Provider(error),
        _ if is_refused => UnlockError::Refused,
        _ if !named.is_empty() => UnlockError::Unwrap { named: names_of(&named) },
        (None, Some(error)) => UnlockError::Unusable(error),
        (None, None) => UnlockError::NoKey { wanted: names_of(&wanted), is_excluded },
    })
}

/// The names in a list that stays readable, whatever a header claims.
fn names_of(wrapped: &[&EncryptedDataKey]) -> Vec<String> {
    const MOST: usize = 8;
    let mut names: Vec<String> =
        wrapped.iter().take(MOST).map(|wrapped| name_of(wrapped)).collect();
    if wrapped.len() > MOST {
        names.push(format!("and {} more", wrapped.len() - MOST));
    }
    names
}

/// `namespace: name` of the key that an encrypted data key names, cut where it is longer than any
/// sane name. Not authentic.
#[must_use]
pub fn name_of(wrapped: &EncryptedDataKey) -> String {
    const MOST: usize = 200;
    let namespace = String::from_utf8_lossy(&wrapped.provider_id);
    let name = raw_aes::key_name(&wrapped.provider_info).map_or_else(
        || String::from_utf8_lossy(&wrapped.provider_info),
        std::borrow::Cow::Borrowed,
    );
    let cut = |text: &str| match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    };
    format!("{}: {}", cut(&namespace), cut(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;
    use crate::keyring::Key;
    use crate::keyring::deletion::Doomed;
    use crate::keyring::model::key::State;

    /// A keyring with two keys, a data key, and its wrap under each.
    fn sample() -> (Keyring, DataKey, [EncryptedDataKey; 2]) {
        let mut keyring = Keyring::default();
        for alias in ["a", "b"] {
            let aliases = [alias.parse().unwrap()].into();
            keyring.add(Key::generate(aliases, "").unwrap()).unwrap();
        }
        let provider = |n: usize| keyring.keys()[n].current().provider().unwrap();
        let (data_key, first) = provider(0).generate(32, &EncryptionContext::default()).unwrap();
        let second = provider(1).wrap(&data_key, &EncryptionContext::default()).unwrap();
        (keyring, data_key, [first, second])
    }

    fn unlock_all(
        keyring: &Keyring,
        only: &[KeyId],
        wrapped: &[EncryptedDataKey],
    ) -> Result<Unlocked<DataKey>, UnlockError> {
        unlock(keyring, only, wrapped, &EncryptionContext::default(), Some)
    }

    #[test]
    fn the_first_that_opens_is_taken() {
        let (mut keyring, data_key, mut wrapped) = sample();
        let ids = [keyring.keys()[0].id(), keyring.keys()[1].id()];
        let unlocked = unlock_all(&keyring, &[], &wrapped).unwrap();
        assert_eq!((unlocked.found, unlocked.key, unlocked.version), (data_key, ids[0], 1));
        assert_eq!(unlock_all(&keyring, &[ids[1]], &wrapped).unwrap().key, ids[1]);
        wrapped[0].ciphertext[0] ^= 1;
        assert_eq!(unlock_all(&keyring, &[], &wrapped).unwrap().key, ids[1]);
        keyring.key_mut("b").unwrap().switch(None, State::Disabled).unwrap();
        let error = unlock_all(&keyring, &[], &wrapped).unwrap_err();
        assert!(matches!(error, UnlockError::Unwrap { named } if named.len() == 1));
    }

    #[test]
    fn the_closest_miss_is_the_error() {
        let (mut keyring, _, wrapped) = sample();
        let (mut other, _, _) = sample();
        let error = unlock_all(&other, &[], &wrapped).unwrap_err();
        assert!(
            matches!(error, UnlockError::NoKey { wanted, is_excluded: false } if wanted.len() == 2)
        );
        let error = unlock_all(&keyring, &[other.keys()[0].id()], &wrapped).unwrap_err();
        assert!(matches!(error, UnlockError::NoKey { is_excluded: true, .. }));
        let error = unlock(&keyring, &[], &wrapped, &EncryptionContext::default(), |_| None::<()>)
            .unwrap_err();
        assert!(matches!(error, UnlockError::Refused));
        for alias in ["a", "b"] {
            let key = keyring.key_mut(alias).unwrap();
            key.schedule_deletion(Doomed::Key, now()).unwrap();
        }
        let error = unlock_all(&keyring, &[], &wrapped).unwrap_err();
        assert!(matches!(error, UnlockError::Unusable(KeyError::Unusable { .. })));
        other = Keyring::default();
        assert!(unlock_all(&other, &[], &[]).is_err());
    }

    #[test]
    fn a_list_of_names_stays_readable() {
        let (keyring, _, [mut wrapped, _]) = sample();
        wrapped.provider_id = vec![b'x'; 65_535];
        let all = vec![wrapped; 20];
        let error = unlock_all(&keyring, &[], &all).unwrap_err().to_string();
        assert!(error.len() < 8 * 300 && error.ends_with("and 12 more"), "{error}");
    }
}
