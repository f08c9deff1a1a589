//! Opening a message: the one way in, for every command that reads one.
//!
//! 1. Read the header, within the limits.
//! 2. Compare the encryption context with what the reader expects.
//! 3. Unwrap the data key: each encrypted data key that names a key of this keyring, in order.
//! 4. Derive the frame key; the commit key tells a right data key from a wrong one.
//! 5. Check the header's tag.
//! 6. Open the frames ([`Opened::decrypt`]).
//!
//! The first check that fails decides the error, and the order never depends on where the bytes
//! come from.

use std::io::{Read, Write};

use subtle::ConstantTimeEq as _;

use crate::context::{ContextError, EncryptionContext};
use crate::keyring::model::KeyId;
use crate::keyring::{KeyError, Keyring};
use crate::message::derivation::derive;
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::message::frame::FrameCipher;
use crate::message::header::{Header, ReadHeader};
use crate::message::{Limits, MessageError, Part};
use crate::pipeline::{PipelineError, Progress, sequential};
use crate::provider::Provider as _;
use crate::provider::raw_aes;
use crate::secret::DataKey;

/// What a reader asks of a message.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// What is held in memory at most.
    pub limits: Limits,
    /// Context keys that must be stored, whatever their value.
    pub present: Vec<String>,
    /// Pairs that must fit: one that is stored with another value is refused, and one that is not
    /// stored is taken as bound to the message.
    pub pairs: EncryptionContext,
    /// The only keys that may open it; all of the keyring's, if empty.
    pub only_keys: Vec<KeyId>,
}

/// Why a message does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its bytes are not whole and authentic.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A stored pair has another value. No value is shown: either may be someone's data.
    #[error("the encryption context of the message has another value for '{key}'")]
    ContextMismatch {
        /// The pair's key.
        key: String,
    },
    /// A key that must be stored is not.
    #[error("the encryption context of the message has no '{key}'")]
    ContextAbsent {
        /// The missing key.
        key: String,
    },
    /// The expected pairs and the stored ones together are no context.
    #[error(transparent)]
    Context(ContextError),
    /// None of the keys that the message names is here.
    #[error("no key here opens it: it is encrypted under {}", wanted.join(", "))]
    NoKey {
        /// The keys that would: `namespace: name`.
        wanted: Vec<String>,
    },
    /// The keys that the message names are switched off.
    #[error(transparent)]
    Unusable(KeyError),
    /// Keys of the right names are here, and do not unwrap its data key.
    #[error("the named key does not open it: {}", named.join(", "))]
    Unwrap {
        /// The keys tried: `namespace: name`.
        named: Vec<String>,
        /// Expected pairs that the message does not store, and that were tried as bound ones.
        bound: Vec<String>,
    },
}

/// A message whose header is authentic.
pub struct Opened {
    header: ReadHeader,
    cipher: FrameCipher,
    limits: Limits,
    /// The key that opened it.
    pub key: KeyId,
    /// The version of that key.
    pub version: u32,
}

impl Opened {
    /// Reads the header at the start of `source`, and opens it with a key of `keyring`.
    ///
    /// # Errors
    /// [`OpenError`]; the first failing check.
    pub fn open(
        source: &mut impl Read,
        keyring: &Keyring,
        expected: &Expectation,
    ) -> Result<Self, OpenError> {
        let header = ReadHeader::read(source, &expected.limits)?;
        let bound = bound_pairs(&header.fields.context, expected)?;
        let candidates = Candidates { keyring, header: &header.fields, expected, bound: &bound };
        let (cipher, key, version) = candidates.unlock()?;
        cipher
            .open_header(&header.body, &bound.serialise(), &header.tag)
            .map_err(|_| MessageError::Authentication { part: Part::Header })?;
        Ok(Self { header, cipher, limits: expected.limits, key, version })
    }

    /// The authentic header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header.fields
    }

    /// Decrypts the rest of `source` to `output`, and returns the length of the plaintext.
    ///
    /// # Errors
    /// [`PipelineError`]; what was written before it is authentic, but not all.
    pub fn decrypt(
        &self,
        source: &mut impl Read,
        output: &mut impl Write,
        progress: &dyn Progress,
    ) -> Result<u64, PipelineError> {
        let (content, start) = (self.header.fields.content, self.header.len());
        sequential::open(&self.cipher, content, start, &self.limits, source, output, progress)
    }
}

/// The expected pairs that are not stored, and so must have been bound to the message.
fn bound_pairs(
    stored: &EncryptionContext,
    expected: &Expectation,
) -> Result<EncryptionContext, OpenError> {
    if let Some(key) = expected.present.iter().find(|key| stored.get(key).is_none()) {
        return Err(OpenError::ContextAbsent { key: key.clone() });
    }
    let mut bound = EncryptionContext::default();
    for (key, value) in expected.pairs.iter() {
        match stored.get(key) {
            Some(found) if found == value => {}
            Some(_) => return Err(OpenError::ContextMismatch { key: key.to_owned() }),
            None => bound.insert(key, value).map_err(OpenError::Context)?,
        }
    }
    Ok(bound)
}

/// The ways to a message's data key.
struct Candidates<'a> {
    keyring: &'a Keyring,
    header: &'a Header,
    expected: &'a Expectation,
    bound: &'a EncryptionContext,
}

impl Candidates<'_> {
    /// Tries each encrypted data key that names a usable key, until one unwraps to the data key
    /// that the header commits to.
    fn unlock(&self) -> Result<(FrameCipher, KeyId, u32), OpenError> {
        let full = self.header.context.union(self.bound).map_err(OpenError::Context)?;
        let context = full.serialise();
        let mut failed = Vec::new();
        let mut unusable = None;
        let mut not_committed = false;
        for wrapped in &self.header.encrypted_data_keys {
            for (key, version) in self.keyring.named_by(wrapped) {
                if !self.is_allowed(key.id) {
                    continue;
                }
                if let Err(error) = version.require_enabled(key.id) {
                    unusable.get_or_insert(error);
                    continue;
                }
                let unwrapped =
                    version.provider().and_then(|provider| provider.unwrap(wrapped, &context).ok());
                let Some(data_key) = unwrapped else {
                    failed.push(name_of(wrapped));
                    continue;
                };
                match self.commit(&data_key) {
                    Some(cipher) => return Ok((cipher, key.id, version.number)),
                    None => not_committed = true,
                }
            }
        }
        Err(if not_committed {
            MessageError::Authentication { part: Part::Header }.into()
        } else if !failed.is_empty() {
            let bound = self.bound.iter().map(|(key, _)| key.to_owned()).collect();
            OpenError::Unwrap { named: failed, bound }
        } else if let Some(unusable) = unusable {
            OpenError::Unusable(unusable)
        } else {
            let wanted = self.header.encrypted_data_keys.iter().map(name_of).collect();
            OpenError::NoKey { wanted }
        })
    }

    fn is_allowed(&self, key: KeyId) -> bool {
        self.expected.only_keys.is_empty() || self.expected.only_keys.contains(&key)
    }

    /// The message's cipher, if its header commits to this data key.
    fn commit(&self, data_key: &DataKey) -> Option<FrameCipher> {
        let Header { suite, message_id, commit_key, .. } = self.header;
        if data_key.len() != suite.key_len {
            return None;
        }
        let (frame_key, committed) = derive(*suite, data_key, message_id);
        let fits: bool = committed.ct_eq(commit_key).into();
        fits.then(|| FrameCipher::new(&frame_key, message_id))
    }
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
