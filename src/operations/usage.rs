//! Which keys open a message, by proof.
//!
//! A key version counts as opening a message only if it unwraps an encrypted data key, the commit key of the
//! message is that data key's, and the tag of the header holds. A name alone proves nothing: one flipped bit in
//! a name, or a forged record, must not cost the only key.

use std::collections::BTreeSet;

use crate::crypto::secret::DataKey;
use crate::keys::proof::{Proof, Refusal, UnknownReason};
use crate::keys::resolver::{KeySet, Resolution, ResolvePurpose, ResolvedKey, SetOrigin, resolve};
use crate::keys::service::{KeyName, KeyService, ServiceError, WrappingKey};
use crate::keys::unopened::name_of;
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::message::header::ParsedHeader;
use crate::operations::decrypt::{MessageOpener, OpenError, bound_pairs, frame_opener};

/// What opens a message: every encrypted data key in its records and its header, each with its proof.
#[derive(Debug)]
pub struct KeyReport {
    /// The records, the newest first, and last the header.
    pub sets: Vec<KeySet>,
    /// The stored pairs, and those that the caller says were bound.
    pub(crate) context: EncryptionContext,
    pub(crate) bound: EncryptionContext,
    /// The data key, where anything proved it.
    pub(crate) data_key: Option<DataKey>,
}

/// The encrypted data keys of a message in the order in which they are tried: those of its records, and those of
/// its header. Without a commit key, a record could lead to any data key that its writer chose, so records do not
/// count then.
pub(crate) fn key_sets(
    header: &ParsedHeader,
    opener: &MessageOpener<'_>,
) -> Vec<(SetOrigin, Vec<EncryptedDataKey>)> {
    let fields = &header.fields;
    let records =
        if fields.suite.commits() { opener.records.of(&fields.message_id) } else { Vec::new() };
    let records = records.into_iter().map(|it| (SetOrigin::Record, it.encrypted_data_keys));
    records.chain([(SetOrigin::Header, fields.encrypted_data_keys.clone())]).collect()
}

impl KeyReport {
    /// Tries every encrypted data key of a message, whatever state its key is in: this is about what opens the
    /// message, and not about opening it.
    ///
    /// # Errors
    /// [`OpenError`], where the context contradicts what the caller expects.
    pub fn of(header: &ParsedHeader, opener: &MessageOpener<'_>) -> Result<Self, OpenError> {
        Self::for_purpose(ResolvePurpose::Prove, header, opener)
    }

    /// Looks at the names of every encrypted data key of a message, and tries none.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn by_name(header: &ParsedHeader, opener: &MessageOpener<'_>) -> Result<Self, OpenError> {
        Self::for_purpose(ResolvePurpose::Name, header, opener)
    }

    fn for_purpose(
        purpose: ResolvePurpose<'_>,
        header: &ParsedHeader,
        opener: &MessageOpener<'_>,
    ) -> Result<Self, OpenError> {
        let bound = bound_pairs(&header.fields.context, opener.policy)?;
        let context = header.fields.context.union(&bound).map_err(OpenError::Context)?;
        let Resolution { sets, opened } =
            resolve(opener.services, key_sets(header, opener), &context, purpose, |key| {
                frame_opener(header, &key, &bound).map(|_| key)
            });
        let data_key = opened.map(|(data_key, _)| data_key);
        Ok(Self { sets, context, bound, data_key })
    }

    /// The pairs that are bound to the message and not stored, as far as the caller said.
    #[must_use]
    pub fn bound(&self) -> &EncryptionContext {
        &self.bound
    }

    /// The set of the header.
    #[must_use]
    pub fn header(&self) -> Option<&KeySet> {
        self.sets.last()
    }

    /// Every encrypted data key.
    pub fn keys(&self) -> impl Iterator<Item = &ResolvedKey> {
        self.sets.iter().flat_map(|set| &set.keys)
    }

    /// Every wrapping key that is proved to open the message, once.
    #[must_use]
    pub fn proved(&self) -> Vec<WrappingKey> {
        sorted(self.sets.iter().flat_map(KeySet::proved))
    }

    /// Why the service of a key did not answer that cannot be carried over to a new message, if there is one.
    #[must_use]
    pub fn outage(&self) -> Option<&ServiceError> {
        let carried = self.carried();
        self.keys().find_map(|key| match &key.proof {
            Proof::Unknown(UnknownReason::Service(error))
                if !key.identified.as_ref().is_some_and(|root| carried.contains(root)) =>
            {
                Some(error)
            }
            _ => None,
        })
    }

    /// The keys about which nothing is known because their service did not answer, each once and with the reason.
    #[must_use]
    pub fn unanswered(&self) -> Vec<String> {
        let reason = |key: &ResolvedKey| match &key.proof {
            Proof::Unknown(UnknownReason::Service(error)) => Some(error.to_string()),
            _ => None,
        };
        let reasons: BTreeSet<String> = self.keys().filter_map(reason).collect();
        reasons.into_iter().collect()
    }

    /// Every wrapping key held here that is named anywhere, proved or not, once.
    #[must_use]
    pub fn named(&self) -> Vec<WrappingKey> {
        sorted(self.keys().filter_map(|key| key.key.as_ref()))
    }

    /// The root keys that are proved to open the message, in any record or in the header, the newest record first. Records are not
    /// authenticated, so no record takes a key out of this.
    #[must_use]
    pub fn readers(&self) -> Vec<KeyName> {
        let mut readers: Vec<KeyName> = Vec::new();
        for resolved in self.keys().filter(|key| key.opens()) {
            // A replica of the key that is named can have opened it while that one did not answer.
            let opener = resolved.key.as_ref().map(|key| &key.key);
            let reader = resolved.identified.as_ref().or(opener);
            readers.extend(reader.filter(|reader| !readers.contains(reader)).cloned());
        }
        readers
    }

    /// The root keys that a message in the place of this one gets: those that are proved to open it, and those of its
    /// header of which only the public half is held here. Of these nothing can be proved, but the tag of the header holds:
    /// whoever wrote the message chose them, and a public half is all that a new wrap takes. A record has no tag.
    #[must_use]
    pub fn carried(&self) -> Vec<KeyName> {
        let mut carried = self.readers();
        for key in self.chosen_by_the_writer().filter_map(|key| key.root_key.as_ref()) {
            if !carried.contains(key) {
                carried.push(key.clone());
            }
        }
        carried
    }

    /// The encrypted data keys of a header whose tag holds that are for public halves held here, and name them by the
    /// public key itself. An RSA key has names that any other key can be imported under.
    fn chosen_by_the_writer(&self) -> impl Iterator<Item = &ResolvedKey> {
        let is_it = |key: &&ResolvedKey| key.is_public_only() && key.identified.is_some();
        let header = self.header().filter(|_| self.data_key.is_some());
        header.into_iter().flat_map(|set| &set.keys).filter(is_it)
    }

    /// The names of keys that open the message and of which only a replica is held: a new message names that one.
    #[must_use]
    pub fn replaced_names(&self) -> BTreeSet<String> {
        let replaced = self.keys().filter(|key| key.opens() && key.is_of_replica);
        replaced.map(|key| name_of(&key.wrapped)).collect()
    }

    /// The encrypted data keys whose readers cannot be carried over to a new message: nothing proves them, and
    /// no name that is only one key's says that they are a carried key's.
    pub fn unproved(&self) -> impl Iterator<Item = &ResolvedKey> {
        let carried = self.carried();
        self.keys().filter(move |key| {
            !key.opens() && !key.identified.as_ref().is_some_and(|root| carried.contains(root))
        })
    }

    /// The names of those, each once.
    #[must_use]
    pub fn unproved_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for key in self.unproved() {
            let name = name_of(&key.wrapped);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

fn sorted<'a>(keys: impl Iterator<Item = &'a WrappingKey>) -> Vec<WrappingKey> {
    let mut keys: Vec<WrappingKey> = keys.cloned().collect();
    keys.sort();
    keys.dedup();
    keys
}

/// How a message would fare without some wrapping keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// A key in its header is proved to open it.
    ByHeader,
    /// Only a key in an envelope file is proved to open it.
    ByEnvelope,
    /// Nothing shows that it has to do with any key that is held here.
    Unrelated,
    /// It is not proved to open without them.
    Depends,
}

/// Says whether a message is proved to open without the wrapping keys of `doomed`.
///
/// What cannot be proved counts as depending on every key held here that it names. A message that names none is
/// tried with the doomed keys themselves, since a name can be damaged too.
///
/// # Errors
/// [`OpenError`], where the context contradicts what the caller expects.
pub fn survival(
    header: &ParsedHeader,
    opener: &MessageOpener<'_>,
    doomed: impl Fn(&WrappingKey) -> bool,
) -> Result<Survival, OpenError> {
    let report = KeyReport::of(header, opener)?;
    let survives = |set: &KeySet| set.proved().any(|key| !doomed(key));
    if report.header().is_some_and(survives) {
        return Ok(Survival::ByHeader);
    }
    if report.sets.iter().any(survives) {
        return Ok(Survival::ByEnvelope);
    }
    if report.keys().any(|key| key.root_key.is_some() || key.key.is_some()) {
        return Ok(Survival::Depends);
    }
    let sets = key_sets(header, opener);
    let unnamed =
        resolve(opener.services, sets, &report.context, ResolvePurpose::ProveUnnamed, |key| {
            frame_opener(header, &key, &report.bound).map(drop)
        });
    let is_touched = unnamed.sets.iter().flat_map(|set| &set.keys).any(|key| {
        let unwraps = matches!(
            key.proof,
            Proof::Opens
                | Proof::Refused(Refusal::OtherDataKey | Refusal::NotBound)
                | Proof::Unknown(UnknownReason::NotBound)
        );
        unwraps && key.key.as_ref().is_some_and(&doomed)
    });
    Ok(if is_touched { Survival::Depends } else { Survival::Unrelated })
}

/// Says whether a blob of `datakey` is proved to open without the wrapping keys of `doomed`.
///
/// A blob holds no encryption context. One that does not open under `context` counts as depending on every key held
/// here that it names, in whatever version.
#[must_use]
pub fn blob_survival(
    services: &[&dyn KeyService],
    blob: EncryptedDataKey,
    context: &EncryptionContext,
    doomed: impl Fn(&WrappingKey) -> bool,
) -> Survival {
    let sets = [(SetOrigin::Header, vec![blob])];
    let resolution = resolve(services, sets, context, ResolvePurpose::Prove, Some);
    let mut keys = resolution.sets.iter().flat_map(|set| &set.keys);
    match resolution.opened {
        Some((_, key)) if !doomed(&key) => Survival::ByHeader,
        Some(_) => Survival::Depends,
        None if keys.any(|key| key.root_key.is_some()) => Survival::Depends,
        None => Survival::Unrelated,
    }
}
