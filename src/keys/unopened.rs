//! Why a resolution opened nothing: the encrypted data key that came closest decides what is said.

use super::local::namespace_and_name;
use super::proof::{Proof, Refusal, UnknownReason, rank};
use super::resolver::{KeySet, ResolvedKey, SetOrigin};
use super::service::{PassphraseFault, ServiceError};
use crate::keyring::KeyError;
use crate::keyring::model::kind::ECDH_NAMESPACE;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// Why no data key was found.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// None of the keys that are named is here, or may be used by the caller's choice.
    #[error("no key here opens it: it is encrypted under {}", wanted.join(", "))]
    NoKey {
        /// The keys that would: `namespace: name`.
        wanted: Vec<String>,
        /// Whether one of them is here, and was left out by the caller's choice.
        is_excluded: bool,
        /// A note about the first of them whose root key is held here in other versions.
        missing_version: Option<String>,
    },
    /// All keys that are named and held here are switched off.
    #[error(transparent)]
    Unusable(KeyError),
    /// Keys of the right names are here, and do not unwrap it.
    #[error("the named key does not open it: {}", named.join(", "))]
    DoesNotUnwrap {
        /// The keys tried: `namespace: name`.
        named: Vec<String>,
    },
    /// A key's service could not be asked, and no other key opens it.
    #[error(transparent)]
    Service(ServiceError),
    /// A passphrase that may open it is missing, or another one, and no other key opens it.
    #[error(transparent)]
    Passphrase(PassphraseFault),
    /// A data key was unwrapped, and is not the one that is looked for.
    #[error("the data key is not the one of this message")]
    OtherDataKey,
}

impl ResolveError {
    /// Says why a resolution opened nothing: the encrypted data key that came closest decides, and an outage
    /// comes before all else, since a further try may succeed.
    #[must_use]
    pub fn of(sets: Vec<KeySet>) -> Self {
        let mut sets = sets;
        // The header's names first: they are what the message was made with.
        sets.sort_by_key(|set| set.origin == SetOrigin::Record);
        let keys: Vec<ResolvedKey> = sets.into_iter().flat_map(|set| set.keys).collect();
        let closest = keys.iter().map(|key| rank(&key.proof)).max().unwrap_or(0);
        let is_excluded =
            keys.iter().any(|key| matches!(key.proof, Proof::Unknown(UnknownReason::NotChosen)));
        let names = |rank_of: u8| {
            names_of(keys.iter().filter(|key| rank(&key.proof) >= rank_of).map(|key| &key.wrapped))
        };
        let (wanted, named) = (names(0), names(rank(&Proof::Refused(Refusal::DoesNotUnwrap))));
        let missing_version = keys.iter().find_map(|key| key.missing_version.clone());
        let mut decisive = keys.into_iter().map(|key| key.proof);
        match decisive.find(|proof| rank(proof) == closest) {
            Some(Proof::Unknown(UnknownReason::Service(error))) => Self::Service(error),
            Some(Proof::Unknown(UnknownReason::Passphrase(fault))) => Self::Passphrase(fault),
            Some(Proof::Unknown(UnknownReason::Unusable(error))) => Self::Unusable(error),
            Some(Proof::Refused(Refusal::OtherDataKey)) => Self::OtherDataKey,
            Some(
                Proof::Refused(Refusal::DoesNotUnwrap | Refusal::NotBound)
                | Proof::Unknown(UnknownReason::ContextInDoubt | UnknownReason::NotBound),
            ) => Self::DoesNotUnwrap { named },
            _ => Self::NoKey { wanted, is_excluded, missing_version },
        }
    }
}

/// The names in a list that stays readable, whatever a header claims.
fn names_of<'a>(wrapped: impl Iterator<Item = &'a EncryptedDataKey>) -> Vec<String> {
    const MOST: usize = 8;
    let mut names: Vec<String> = wrapped.map(name_of).collect();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}

/// `namespace: name` of the key that an encrypted data key names, cut where it is longer than any
/// sane name. Not authentic.
#[must_use]
pub fn name_of(wrapped: &EncryptedDataKey) -> String {
    let (namespace, name) = namespace_and_name(wrapped);
    format!("{}: {}", cut(&namespace, MOST_OF_A_NAME), short_name(&namespace, &name))
}

/// What people are shown of a key name: the beginning of a public key, and of another name as much as is sane.
#[must_use]
pub fn short_name(namespace: &str, name: &str) -> String {
    // 12 bytes: enough that no two keys of one owner begin alike.
    const MOST_OF_A_POINT: usize = 24;
    let is_point = namespace == ECDH_NAMESPACE;
    cut(name, if is_point { MOST_OF_A_POINT } else { MOST_OF_A_NAME })
}

const MOST_OF_A_NAME: usize = 200;

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}
