//! Which keys open a message: what names claim, and what is proved.
//!
//! A key version counts as one that opens a message only if its encrypted data key unwraps, the message's
//! commit key matches and the header's tag holds. A name alone proves nothing: one flipped bit in a name, or
//! a forged record, must not cost the only key.

use crate::crypto::secret::DataKey;
use crate::keyring::model::key::{NAMESPACE, State};
use crate::keyring::{Key, KeyId, KeyVersion, Keyring};
use crate::keys::provider::Provider as _;
use crate::keys::provider::raw_aes;
use crate::keys::unlock::name_of;
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::message::frame::FrameOpener;
use crate::message::header::ParsedHeader;
use crate::operations::decrypt::{OpenError, Reader, bound_pairs, commit};

/// A key version, and whether it is its key's current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The key.
    pub key: KeyId,
    /// Its version.
    pub version: u32,
    /// Whether it is the newest of its key.
    pub is_current: bool,
    /// Whether it may be used.
    pub is_enabled: bool,
}

impl Holder {
    fn new(key: &Key, version: &KeyVersion) -> Self {
        let is_current = key.current().number == version.number;
        let is_enabled = version.state == State::Enabled;
        Self { key: key.id(), version: version.number, is_current, is_enabled }
    }
}

/// One encrypted data key of a message.
#[derive(Debug)]
pub struct Wrap {
    /// The wrapped data key.
    pub wrapped: EncryptedDataKey,
    /// The key version of this keyring that it names.
    pub holder: Option<Holder>,
    /// Whether that version does open the message.
    pub is_proved: bool,
}

/// The encrypted data keys of a header, or of one record.
#[derive(Debug)]
pub struct WrapSet {
    /// Whether it stands in an envelope file.
    pub is_record: bool,
    /// In their order.
    pub wraps: Vec<Wrap>,
}

impl WrapSet {
    /// The key versions that are proved to open the message.
    pub fn proved(&self) -> impl Iterator<Item = Holder> {
        self.wraps.iter().filter(|wrap| wrap.is_proved).filter_map(|wrap| wrap.holder)
    }
}

/// All encrypted data keys of a message.
#[derive(Debug)]
pub struct Wraps {
    /// Records, the newest first, and last the header.
    pub sets: Vec<WrapSet>,
    /// Pairs that are stored, and pairs that the reader says were bound.
    pub(crate) context: EncryptionContext,
    bound: EncryptionContext,
    /// The data key, where anything proved it.
    pub(crate) data_key: Option<DataKey>,
}

impl Wraps {
    /// Tries every encrypted data key of a message whose key is in the reader's keyring, whatever state that
    /// is in: this is about what opens it, and not about opening it.
    ///
    /// # Errors
    /// [`OpenError`], where the context contradicts what the reader expects.
    pub fn of(header: &ParsedHeader, reader: &Reader<'_>) -> Result<Self, OpenError> {
        let fields = &header.fields;
        let bound = bound_pairs(&fields.context, reader.expected)?;
        let context = fields.context.union(&bound).map_err(OpenError::Context)?;
        let mut data_key = None;
        let mut set = |is_record: bool, keys: Vec<EncryptedDataKey>| {
            let wraps = keys.into_iter().map(|wrapped| {
                let held = reader.keyring.named_by(&wrapped).next();
                let proof = held
                    .and_then(|(_, version)| prove(header, &bound, version, &wrapped, &context));
                let (holder, is_proved) =
                    (held.map(|(key, version)| Holder::new(key, version)), proof.is_some());
                if data_key.is_none() {
                    data_key = proof;
                }
                Wrap { wrapped, holder, is_proved }
            });
            WrapSet { is_record, wraps: wraps.collect() }
        };
        let records =
            if fields.suite.commits() { reader.records.of(&fields.message_id) } else { Vec::new() };
        let mut sets: Vec<WrapSet> =
            records.into_iter().map(|record| set(true, record.encrypted_data_keys)).collect();
        sets.push(set(false, fields.encrypted_data_keys.clone()));
        Ok(Self { sets, context, bound, data_key })
    }

    /// The newest set of which anything is proved: the keys that the message is meant to have.
    #[must_use]
    pub fn newest(&self) -> Option<&WrapSet> {
        self.sets.iter().find(|set| set.proved().next().is_some())
    }

    /// The header's own.
    #[must_use]
    pub fn header(&self) -> Option<&WrapSet> {
        self.sets.last()
    }

    /// The pairs that are bound to the message and not stored, as far as the reader said.
    #[must_use]
    pub fn bound(&self) -> &EncryptionContext {
        &self.bound
    }

    /// The keys of this keyring that the message is meant to have.
    #[must_use]
    pub fn keys<'a>(&self, keyring: &'a Keyring) -> Vec<&'a Key> {
        let holders: Vec<Holder> = self.newest().into_iter().flat_map(WrapSet::proved).collect();
        keyring.keys().iter().filter(|key| holders.iter().any(|it| it.key == key.id())).collect()
    }

    /// The names of the keys that nobody here can carry over to a new message: those that are not here, and those
    /// that do not open it; in any record, and in the header. A destroyed version of a key that opens the message
    /// now is none of them.
    #[must_use]
    pub fn unknown(&self, keyring: &Keyring) -> Vec<String> {
        let known = self.keys(keyring);
        let mut names = Vec::new();
        for wrap in self.sets.iter().flat_map(|set| &set.wraps) {
            let is_known = wrap.is_proved
                || wrap.holder.is_some_and(|holder| known.iter().any(|key| key.id() == holder.key))
                || known.iter().any(|key| names_version_of(&wrap.wrapped, key));
            let name = name_of(&wrap.wrapped);
            if !is_known && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Every key version that is proved to open the message, once.
    #[must_use]
    pub fn proved(&self) -> Vec<Holder> {
        let mut holders: Vec<Holder> = self.sets.iter().flat_map(WrapSet::proved).collect();
        holders.sort();
        holders.dedup();
        holders
    }

    /// Every key version of the keyring that is named anywhere, proved or not, once.
    #[must_use]
    pub fn named(&self) -> Vec<Holder> {
        let wraps = self.sets.iter().flat_map(|set| &set.wraps);
        let mut holders: Vec<Holder> = wraps.filter_map(|wrap| wrap.holder).collect();
        holders.sort();
        holders.dedup();
        holders
    }
}

/// Whether it names a version of this key, perhaps one that is no more.
#[must_use]
pub fn names_version_of(wrapped: &EncryptedDataKey, key: &Key) -> bool {
    let prefix = format!("{}/", key.id());
    wrapped.provider_id == NAMESPACE.as_bytes()
        && raw_aes::key_name(&wrapped.provider_info).is_some_and(|name| {
            name.strip_prefix(&prefix).is_some_and(|number| number.parse::<u32>().is_ok())
        })
}

/// Whether the material of a version unwraps something of a message, whatever it names: a name can be damaged,
/// and the key still be the only one.
#[must_use]
pub fn unwraps_by_material(wraps: &Wraps, version: &KeyVersion) -> bool {
    let Some(material) = &version.material else { return false };
    let mut all = wraps.sets.iter().flat_map(|set| &set.wraps);
    all.any(|wrap| raw_aes::unwraps_unnamed(material.secret(), &wrap.wrapped, &wraps.context))
}

/// The data key, if this version unwraps the very one of this message.
fn prove(
    header: &ParsedHeader,
    bound: &EncryptionContext,
    version: &KeyVersion,
    wrapped: &EncryptedDataKey,
    context: &EncryptionContext,
) -> Option<DataKey> {
    let data_key = version.provider()?.unwrap(wrapped, context).ok()?;
    let frame_key = commit(&header.fields, &data_key)?;
    let (id, tag) = (&header.fields.message_id, (&header.iv, &header.tag));
    FrameOpener::begin(&frame_key, id, header.body(), &bound.serialise(), tag).ok()?;
    Some(data_key)
}
