//! What is found out about one encrypted data key, and which of several findings says most.

use crate::keyring::KeyError;
use crate::keys::service::{PassphraseFault, ServiceError};

/// What a resolution found out about one encrypted data key.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Its key unwraps it to the data key that is looked for.
    Opens,
    /// Its key was tried, and does not open the message.
    Refused(Refusal),
    /// Nothing is known. This never counts as refused: no reader is dropped and no key destroyed on it.
    Unknown(UnknownReason),
}

/// How an encrypted data key failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The key that it names does not unwrap it.
    DoesNotUnwrap,
    /// It unwraps to a data key that is not the one of the message.
    OtherDataKey,
    /// It unwraps to a data key that does not open the message, and the wrap does not bind the encryption context: so the
    /// data key can be the right one and the context another.
    NotBound,
}

/// Why nothing is known about an encrypted data key.
#[derive(Clone, Debug)]
pub enum UnknownReason {
    /// No key that it names is held here.
    NotHeld,
    /// Its key is held, and the caller chose others.
    NotChosen,
    /// Its key is switched off, or only its public half is held.
    Unusable(KeyError),
    /// Its key's service could not be asked.
    Service(ServiceError),
    /// It is under a passphrase that is not given, or is another one.
    Passphrase(PassphraseFault),
    /// Its key does not unwrap it, and nothing else opened the message: a pair that was bound to the message
    /// and not given would look the same.
    ContextInDoubt,
    /// Its key unwraps it, to a data key that does not open the message under this encryption context. The wrap does not
    /// bind the context, so this can be another one.
    NotBound,
    /// Another one opened the message first.
    NotTried,
}

/// Of two candidates for one encrypted data key, the proof of the one that ranks higher is kept.
pub(super) fn rank(proof: &Proof) -> u8 {
    match proof {
        Proof::Unknown(
            UnknownReason::NotHeld | UnknownReason::NotTried | UnknownReason::NotChosen,
        ) => 0,
        // A public half opens nothing, whatever is done about it; a passphrase can be given, and a key that is switched off
        // can be switched on.
        Proof::Unknown(UnknownReason::Unusable(KeyError::PublicOnly { .. })) => 1,
        Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::NotGiven)) => 2,
        Proof::Unknown(UnknownReason::Unusable(_)) => 3,
        Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::OutOfBounds)) => 4,
        Proof::Refused(Refusal::DoesNotUnwrap | Refusal::NotBound)
        | Proof::Unknown(UnknownReason::ContextInDoubt | UnknownReason::NotBound) => 5,
        // Before a key that does not unwrap: a further try, with another passphrase, may succeed.
        Proof::Unknown(UnknownReason::Passphrase(
            PassphraseFault::Wrong(_) | PassphraseFault::Unavailable(_) | PassphraseFault::Memory,
        )) => 6,
        // The right one may be among those that were not tried.
        Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::TooMany)) => 7,
        Proof::Refused(Refusal::OtherDataKey) => 8,
        Proof::Unknown(UnknownReason::Service(_)) => 9,
        Proof::Opens => 10,
    }
}
