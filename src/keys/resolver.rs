//! From encrypted data keys to the data key: the one place where anything is unwrapped.
//!
//! The keys of a message stand in sets: the records of envelope files, the newest first, and the header.
//! A resolution tries them in that order, with every local key before any remote one and passphrases last, and gives
//! each encrypted data key one [`Proof`]. Opening, rewrapping, counting and destroying read these proofs, and no other code unwraps.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::crypto::secret::DataKey;
use crate::crypto::stack;
use crate::keyring::KeyError;
use crate::keys::local::namespace_and_name;
use crate::keys::proof::{Proof, Refusal, UnknownReason, rank};
use crate::keys::service::{
    Candidate, KeyName, KeyService, Locality, PassphraseFault, ServiceError, UnwrapError,
    WrappingKey,
};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// Derivations from a passphrase that are tried for one message. Each can cost seconds. Further encrypted data keys under
/// a derivation that was tried cost nothing: records repeat what the header has.
const MOST_PASSPHRASES: usize = 4;

/// Encrypted data keys in records of one message that a remote service is asked for. A message has some; whoever can write
/// beside it can add thousands, and each is a call that costs time and money. How many its header may have, its reader says.
const MOST_ASKED: usize = 32;

/// Why a remote service was not asked for an encrypted data key.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "its envelope files have more than {MOST_ASKED} wrapped data keys for keys of a remote service, and not all were asked for"
)]
pub struct TooManyToAsk;

fn is_too_many(proof: &Proof) -> bool {
    matches!(proof, Proof::Unknown(UnknownReason::Service(error)) if error.source.is::<TooManyToAsk>())
}

/// What a resolution is for, and so which keys it tries.
#[derive(Clone, Copy, Debug)]
pub enum ResolvePurpose<'a> {
    /// To open: keys that are enabled, and among `only` if that names any; ends with the first that opens.
    Open {
        /// The only keys that may open; all, if empty.
        only: &'a [KeyName],
    },
    /// Both to open, as [`Open`](Self::Open), and to know which keys open, as [`Prove`](Self::Prove): each is tried once.
    OpenAndProve {
        /// The only keys that may open; all, if empty.
        only: &'a [KeyName],
    },
    /// To know which keys are named. Nothing is unwrapped, so nothing is proved and no service asked.
    Name,
    /// To know which keys open: every key that is named, in whatever state.
    Prove,
    /// To know which keys open although they may not be named, because a name can be damaged.
    ProveUnnamed,
}

/// Where a set of encrypted data keys stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOrigin {
    /// In a record of an envelope file.
    Record,
    /// In the message's header, or it is a blob of its own.
    Header,
}

/// One encrypted data key, and what was found out about it.
#[derive(Debug)]
pub struct ResolvedKey {
    /// The encrypted data key.
    pub wrapped: EncryptedDataKey,
    /// The root key held here that it names, also where it names a version that was destroyed.
    pub root_key: Option<KeyName>,
    /// The root key held here that it names by a name that no other key can have.
    pub identified: Option<KeyName>,
    /// Whether the key that is held has another name, and is a replica of the one that it names.
    pub is_of_replica: bool,
    /// What to tell people where it names a version that is not held of a key that is.
    pub missing_version: Option<String>,
    /// The wrapping key held here that it names.
    pub key: Option<WrappingKey>,
    /// What was found out.
    pub proof: Proof,
}

impl ResolvedKey {
    fn new(wrapped: EncryptedDataKey, services: &[&dyn KeyService]) -> Self {
        let named = services.iter().find_map(|service| service.root_key(&wrapped));
        let identified = named.as_ref().filter(|named| named.is_identified);
        let identified = identified.map(|named| named.key.clone());
        let is_of_replica = named.as_ref().is_some_and(|named| named.is_replica);
        let root_key = named.map(|named| named.key);
        let missing_version = services.iter().find_map(|service| service.missing_version(&wrapped));
        let proof = Proof::Unknown(UnknownReason::NotHeld);
        Self { wrapped, root_key, identified, is_of_replica, missing_version, key: None, proof }
    }

    /// Whether its key is proved to open the message.
    #[must_use]
    pub fn opens(&self) -> bool {
        matches!(self.proof, Proof::Opens)
    }

    /// Whether nothing is known about it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.proof, Proof::Unknown(_))
    }

    /// Whether only the public half of its key is held, so that nothing can be proved about it here.
    #[must_use]
    pub fn is_public_only(&self) -> bool {
        matches!(self.proof, Proof::Unknown(UnknownReason::Unusable(KeyError::PublicOnly { .. })))
    }
}

/// The encrypted data keys of a header, of one record or of a blob.
#[derive(Debug)]
pub struct KeySet {
    /// Where it stands.
    pub origin: SetOrigin,
    /// In their order.
    pub keys: Vec<ResolvedKey>,
}

impl KeySet {
    /// The wrapping keys that are proved to open the message.
    pub fn proved(&self) -> impl Iterator<Item = &WrappingKey> {
        self.keys.iter().filter(|key| key.opens()).filter_map(|key| key.key.as_ref())
    }
}

/// What a resolution came to.
#[derive(Debug)]
pub struct Resolution<T> {
    /// Every encrypted data key, in the order in which the sets were given.
    pub sets: Vec<KeySet>,
    /// What the caller made of the data key, and the wrapping key that opened it first.
    pub opened: Option<(T, WrappingKey)>,
}

/// Tries encrypted data keys until it is known what the purpose asks for.
///
/// `context` is the full encryption context. `accept` makes something of a data key, or tells that it is not
/// the one of the message.
pub fn resolve<T>(
    services: &[&dyn KeyService],
    sets: impl IntoIterator<Item = (SetOrigin, Vec<EncryptedDataKey>)>,
    context: &EncryptionContext,
    purpose: ResolvePurpose<'_>,
    accept: impl Fn(DataKey) -> Option<T>,
) -> Resolution<T> {
    let resolved = |keys: Vec<EncryptedDataKey>| {
        keys.into_iter().map(|wrapped| ResolvedKey::new(wrapped, services)).collect()
    };
    let mut sets: Vec<KeySet> =
        sets.into_iter().map(|(origin, keys)| KeySet { origin, keys: resolved(keys) }).collect();
    let (derivations, asked) = (Vec::new(), 0);
    let mut attempt = Attempt { context, purpose, accept, opened: None, derivations, asked };
    for locality in [Locality::Local, Locality::Remote, Locality::Person] {
        let services = services.iter().filter(|service| service.locality() == locality);
        let services: Vec<&dyn KeyService> = services.copied().collect();
        let replaced =
            || -> Vec<u32> { services.iter().map(|service| service.replaced()).collect() };
        let mut tried = replaced();
        attempt.on_all(&mut sets, locality, &services);
        // A person may have typed a passphrase wrong.
        while attempt.is_worth_asking_again(&sets)
            && services.iter().zip(&tried).any(|(service, tried)| service.replace(*tried))
        {
            tried = replaced();
            attempt.derivations.clear();
            attempt.on_all(&mut sets, locality, &services);
        }
    }
    let opened = attempt.opened;
    if opened.is_none() {
        for key in sets.iter_mut().flat_map(|set| &mut set.keys) {
            match key.proof {
                Proof::Refused(Refusal::DoesNotUnwrap) => {
                    key.proof = Proof::Unknown(UnknownReason::ContextInDoubt);
                }
                Proof::Refused(Refusal::NotBound) => {
                    key.proof = Proof::Unknown(UnknownReason::NotBound);
                }
                Proof::Opens | Proof::Refused(Refusal::OtherDataKey) | Proof::Unknown(_) => {}
            }
        }
    }
    Resolution { sets, opened }
}

/// A resolution on its way.
struct Attempt<'a, T, F> {
    context: &'a EncryptionContext,
    purpose: ResolvePurpose<'a>,
    accept: F,
    opened: Option<(T, WrappingKey)>,
    /// The derivations from a passphrase that were tried, as encrypted data keys name them.
    derivations: Vec<String>,
    /// How often a remote service was asked for keys of records.
    asked: usize,
}

impl<T, F: Fn(DataKey) -> Option<T>> Attempt<'_, T, F> {
    /// Tries all encrypted data keys with the keys of the services of one locality.
    fn on_all(&mut self, sets: &mut [KeySet], locality: Locality, services: &[&dyn KeyService]) {
        let mut sets: Vec<&mut KeySet> = sets.iter_mut().collect();
        if locality == Locality::Person {
            // Few derivations are tried, and whoever can write beside the message could use them up with records.
            sets.sort_by_key(|set| set.origin != SetOrigin::Header);
        }
        // Records repeat what the header has, and a service would be asked again. Not a hash map: the one of the standard
        // library panics where the system has no random numbers to give.
        let mut tried: BTreeMap<EncryptedDataKey, (Option<WrappingKey>, Proof)> = BTreeMap::new();
        for set in sets {
            for key in &mut set.keys {
                match tried.get(&key.wrapped) {
                    Some((held, proof)) => (key.key, key.proof) = (held.clone(), proof.clone()),
                    None => {
                        self.on(key, set.origin, services);
                        // What a record may not be asked for, the header still may.
                        if !is_too_many(&key.proof) {
                            let found = (key.key.clone(), key.proof.clone());
                            tried.insert(key.wrapped.clone(), found);
                        }
                    }
                }
            }
        }
    }

    /// Whether nothing has opened, and another passphrase may.
    fn is_worth_asking_again(&self, sets: &[KeySet]) -> bool {
        use ResolvePurpose::{Open, OpenAndProve};

        let is_wrong = |key: &ResolvedKey| {
            matches!(
                &key.proof,
                Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::Wrong(_)))
            )
        };
        matches!(self.purpose, Open { .. } | OpenAndProve { .. })
            && self.opened.is_none()
            && sets.iter().flat_map(|set| &set.keys).any(is_wrong)
    }

    /// Tries one encrypted data key with the keys of some services.
    fn on(&mut self, resolved: &mut ResolvedKey, origin: SetOrigin, services: &[&dyn KeyService]) {
        for service in services {
            let candidates = match self.purpose {
                ResolvePurpose::ProveUnnamed => service.unnamed_candidates(&resolved.wrapped),
                ResolvePurpose::Open { .. }
                | ResolvePurpose::OpenAndProve { .. }
                | ResolvePurpose::Name
                | ResolvePurpose::Prove => service.candidates(&resolved.wrapped),
            };
            for candidate in candidates {
                // What opens it may still be a key that may not be used for that, and a further one may.
                let goes_on = matches!(self.purpose, ResolvePurpose::OpenAndProve { .. })
                    && self.opened.is_none();
                if resolved.opens() && !goes_on {
                    return;
                }
                let is_person = service.locality() == Locality::Person;
                let is_remote = service.locality() == Locality::Remote;
                let is_bounded = is_remote && origin == SetOrigin::Record;
                let proof = if is_bounded && self.asked == MOST_ASKED {
                    let source = Arc::new(TooManyToAsk);
                    Proof::Unknown(UnknownReason::Service(ServiceError { source }))
                } else {
                    // Before what was found is copied to the heap, with what is left of keys as its padding.
                    stack::wipe_after(|| {
                        self.try_candidate(&candidate, &resolved.wrapped, is_person)
                    })
                };
                let was_asked = !matches!(
                    proof,
                    Proof::Unknown(
                        UnknownReason::NotChosen
                            | UnknownReason::NotTried
                            | UnknownReason::Unusable(_)
                    )
                );
                self.asked += usize::from(is_bounded && was_asked && self.asked < MOST_ASKED);
                if is_person {
                    // A passphrase is no key that is held here, unless it opens: every one has the same name.
                    let is_closer = rank(&proof) > rank(&resolved.proof)
                        || matches!(resolved.proof, Proof::Unknown(UnknownReason::NotHeld));
                    if is_closer {
                        resolved.proof = proof;
                        if resolved.opens() {
                            resolved.key = Some(candidate.key);
                        }
                    }
                    continue;
                }
                let is_closer = resolved.key.is_none() || rank(&proof) > rank(&resolved.proof);
                if is_closer {
                    (resolved.key, resolved.proof) = (Some(candidate.key), proof);
                }
            }
        }
    }

    fn try_candidate(
        &mut self,
        candidate: &Candidate<'_>,
        wrapped: &EncryptedDataKey,
        is_person: bool,
    ) -> Proof {
        let is_chosen = match self.purpose {
            ResolvePurpose::Open { only } | ResolvePurpose::OpenAndProve { only } => {
                only.is_empty() || only.contains(&candidate.key.key)
            }
            ResolvePurpose::Name | ResolvePurpose::Prove | ResolvePurpose::ProveUnnamed => true,
        };
        if let ResolvePurpose::Open { .. } = self.purpose {
            if self.opened.is_some() {
                return Proof::Unknown(UnknownReason::NotTried);
            }
            if !is_chosen {
                return Proof::Unknown(UnknownReason::NotChosen);
            }
            if let Some(refusal) = &candidate.refusal {
                return Proof::Unknown(UnknownReason::Unusable(refusal.clone()));
            }
        }
        if is_person && !is_chosen && self.opened.is_none() {
            // To get a passphrase runs a command or reads a file: not for what may not open it.
            return Proof::Unknown(UnknownReason::NotChosen);
        }
        if let ResolvePurpose::Name = self.purpose {
            return Proof::Unknown(UnknownReason::NotTried);
        }
        let new_derivation = is_person
            .then(|| namespace_and_name(wrapped).1)
            .filter(|name| !self.derivations.iter().any(|tried| tried == name));
        if new_derivation.is_some() && self.derivations.len() == MOST_PASSPHRASES {
            return Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::TooMany));
        }
        let (may_open, may_ask) = match self.purpose {
            ResolvePurpose::Open { .. } => (true, true),
            ResolvePurpose::OpenAndProve { .. } => {
                let may_open = is_chosen && candidate.refusal.is_none();
                (may_open, may_open && self.opened.is_none())
            }
            ResolvePurpose::Name | ResolvePurpose::Prove | ResolvePurpose::ProveUnnamed => {
                (true, false)
            }
        };
        let unwrapped = if may_ask {
            candidate.unwrapper.unwrap(wrapped, self.context)
        } else {
            candidate.unwrapper.unwrap_unasked(wrapped, self.context)
        };
        // What was not derived has cost nothing: without a passphrase there is none of them too many.
        let is_derived =
            matches!(unwrapped, Ok(_) | Err(UnwrapError::Passphrase(PassphraseFault::Wrong(_))));
        self.derivations.extend(new_derivation.filter(|_| is_derived).map(Cow::into_owned));
        match unwrapped.map(&self.accept) {
            Ok(Some(found)) => {
                if may_open {
                    self.opened.get_or_insert_with(|| (found, candidate.key.clone()));
                }
                Proof::Opens
            }
            Ok(None) if candidate.unwrapper.binds_context() => {
                Proof::Refused(Refusal::OtherDataKey)
            }
            Ok(None) => Proof::Refused(Refusal::NotBound),
            Err(UnwrapError::Refused) => Proof::Refused(Refusal::DoesNotUnwrap),
            Err(UnwrapError::OtherKey) => Proof::Unknown(UnknownReason::NotHeld),
            Err(UnwrapError::InDoubt) => Proof::Unknown(UnknownReason::ContextInDoubt),
            Err(UnwrapError::Key(error)) => Proof::Unknown(UnknownReason::Unusable(error)),
            Err(UnwrapError::Service(error)) => Proof::Unknown(UnknownReason::Service(error)),
            Err(UnwrapError::Passphrase(fault)) => Proof::Unknown(UnknownReason::Passphrase(fault)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::keyring::model::key::State;
    use crate::keyring::{Key, RootKeys};
    use crate::keys::fake::{FakeRemote, Mood};
    use crate::keys::service::recipient;
    use crate::keys::unopened::ResolveError;
    use crate::message::context::context;

    /// A keyring with two keys, a data key, and its wrap under each.
    fn sample() -> (RootKeys, DataKey, [EncryptedDataKey; 2]) {
        let mut keyring = RootKeys::default();
        for alias in ["a", "b"] {
            let aliases = [alias.parse().unwrap()].into();
            keyring.add(Key::generate(aliases, "").unwrap()).unwrap();
        }
        let none = EncryptionContext::default();
        let [a, b] = ids(&keyring);
        let (data_key, first) = keyring.recipient(&a).unwrap().generate(32, &none).unwrap();
        let second = keyring.recipient(&b).unwrap().wrap(&data_key, &none).unwrap();
        (keyring, data_key, [first, second])
    }

    fn ids(keyring: &RootKeys) -> [KeyName; 2] {
        ["a", "b"].map(|alias| keyring.key(alias).unwrap().id().into())
    }

    fn open_with(
        services: &[&dyn KeyService],
        only: &[KeyName],
        sets: &[&[EncryptedDataKey]],
    ) -> Result<(DataKey, WrappingKey), ResolveError> {
        let sets = sets.iter().enumerate().map(|(index, set)| {
            let is_last = index + 1 == sets.len();
            (if is_last { SetOrigin::Header } else { SetOrigin::Record }, set.to_vec())
        });
        let none = EncryptionContext::default();
        let resolution = resolve(services, sets, &none, ResolvePurpose::Open { only }, Some);
        resolution.opened.ok_or_else(|| ResolveError::of(resolution.sets))
    }

    fn open(
        keyring: &RootKeys,
        only: &[KeyName],
        wrapped: &[EncryptedDataKey],
    ) -> Result<(DataKey, WrappingKey), ResolveError> {
        open_with(&[keyring], only, &[wrapped])
    }

    #[test]
    fn the_first_that_opens_is_taken() {
        let (mut keyring, data_key, mut wrapped) = sample();
        let [a, b] = ids(&keyring);
        let (opened, key) = open(&keyring, &[], &wrapped).unwrap();
        assert_eq!((opened, &key.key, key.version), (data_key, &a, 1));
        assert_eq!(open(&keyring, from_ref(&b), &wrapped).unwrap().1.key, b);
        // The header names what the message was made with, so its names come first.
        let (one, other) = (from_ref(&wrapped[0]), from_ref(&wrapped[1]));
        let error = open_with(&[&RootKeys::default()], &[], &[one, other]).unwrap_err();
        let ResolveError::NoKey { wanted, .. } = error else { unreachable!("{error}") };
        assert!(wanted[0].contains(&b.to_string()) && wanted[1].contains(&a.to_string()));
        wrapped[0].ciphertext[0] ^= 1;
        assert_eq!(open(&keyring, &[], &wrapped).unwrap().1.key, b);
        keyring.key_mut("b").unwrap().switch(None, State::Disabled).unwrap();
        let error = open(&keyring, &[], &wrapped).unwrap_err();
        assert!(matches!(error, ResolveError::DoesNotUnwrap { named } if named.len() == 1));
    }

    #[test]
    fn what_is_proved_about_every_key_opens_only_with_those_that_may() {
        let (mut keyring, data_key, wrapped) = sample();
        let [a, b] = ids(&keyring);
        let none = EncryptionContext::default();
        let find = |keyring: &RootKeys, only: &[KeyName]| {
            let sets = [(SetOrigin::Header, wrapped.to_vec())];
            let purpose = ResolvePurpose::OpenAndProve { only };
            let found = resolve(&[keyring], sets, &none, purpose, Some);
            let keys = &found.sets[0].keys;
            assert!(keys.iter().all(|key| key.opens() && !key.is_unknown()));
            assert!(!keys.iter().any(ResolvedKey::is_public_only));
            found.opened
        };
        let (opened, key) = find(&keyring, from_ref(&b)).unwrap();
        assert_eq!((opened, key.key), (data_key, b.clone()));
        keyring.key_mut("a").unwrap().switch(None, State::Disabled).unwrap();
        assert_eq!(find(&keyring, &[]).unwrap().1.key, b);
        assert!(find(&keyring, from_ref(&a)).is_none());
    }

    #[test]
    fn the_closest_miss_is_the_error() {
        let (mut keyring, _, wrapped) = sample();
        let (other, _, _) = sample();
        let error = open(&other, &[], &wrapped).unwrap_err();
        assert!(
            matches!(error, ResolveError::NoKey { wanted, is_excluded: false, .. } if wanted.len() == 2)
        );
        let error = open(&keyring, &[ids(&other)[0].clone()], &wrapped).unwrap_err();
        assert!(matches!(error, ResolveError::NoKey { is_excluded: true, .. }));
        let none = EncryptionContext::default();
        let sets = [(SetOrigin::Header, wrapped.to_vec())];
        let purpose = ResolvePurpose::Open { only: &[] };
        let refused = resolve(&[&keyring], sets, &none, purpose, |_| None::<()>);
        assert!(matches!(ResolveError::of(refused.sets), ResolveError::OtherDataKey));
        for alias in ["a", "b"] {
            keyring.key_mut(alias).unwrap().switch(None, State::Disabled).unwrap();
        }
        let error = open(&keyring, &[], &wrapped).unwrap_err();
        assert!(matches!(error, ResolveError::Unusable(KeyError::Unusable { .. })));
        assert!(open(&RootKeys::default(), &[], &[]).is_err());
    }

    #[test]
    fn a_list_of_names_stays_readable() {
        let (keyring, _, [mut wrapped, _]) = sample();
        wrapped.provider_id = vec![b'x'; 65_535];
        let all = vec![wrapped; 20];
        let error = open(&keyring, &[], &all).unwrap_err().to_string();
        assert!(error.len() < 8 * 300 && error.ends_with("and 12 more"), "{error}");
    }

    #[test]
    fn every_local_key_of_every_set_comes_before_any_remote_one() {
        let (keyring, data_key, [local, _]) = sample();
        let remote = FakeRemote::new("r");
        let none = EncryptionContext::default();
        let far = recipient(&[&keyring, &remote], &remote.key()).unwrap().wrap(&data_key, &none);
        let far = far.unwrap();
        let services: [&dyn KeyService; 2] = [&remote, &keyring];
        // The newest record names the remote key, and the header a local one.
        let (_, key) = open_with(&services, &[], &[from_ref(&far), from_ref(&local)]).unwrap();
        assert_eq!((key.key, remote.asked.load(Ordering::Relaxed)), (ids(&keyring)[0].clone(), 0));
        let mut damaged = local;
        damaged.ciphertext[0] ^= 1;
        let (_, key) = open_with(&services, &[], &[&[damaged], &[far]]).unwrap();
        assert_eq!((key.key, remote.asked.load(Ordering::Relaxed)), (remote.key(), 1));
    }

    #[test]
    fn names_are_looked_at_without_asking_anybody() {
        let (keyring, data_key, [local, _]) = sample();
        let remote = FakeRemote::new("r");
        let none = EncryptionContext::default();
        let far = remote.recipient(&remote.key()).unwrap().wrap(&data_key, &none).unwrap();
        let services: [&dyn KeyService; 2] = [&keyring, &remote];
        let sets = [(SetOrigin::Header, vec![local, far])];
        let named = resolve(&services, sets, &none, ResolvePurpose::Name, Some);
        let keys = named.sets[0].keys.iter().map(|key| key.key.clone().unwrap().key);
        let expected = [ids(&keyring)[0].clone(), remote.key()];
        assert_eq!(keys.collect::<Vec<_>>(), expected);
        assert!(named.opened.is_none() && named.sets[0].keys.iter().all(ResolvedKey::is_unknown));
        assert_eq!(remote.asked.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn an_outage_decides_only_where_no_key_opens_and_a_refusal_is_no_outage() {
        let (keyring, data_key, [mut local, _]) = sample();
        let remote = FakeRemote::new("r");
        let none = EncryptionContext::default();
        let far = remote.recipient(&remote.key()).unwrap().wrap(&data_key, &none).unwrap();
        let services: [&dyn KeyService; 2] = [&keyring, &remote];
        remote.set(Mood::Down);
        assert!(open_with(&services, &[], &[&[far.clone(), local.clone()]]).is_ok());
        local.ciphertext[0] ^= 1;
        let both = [far, local];
        let error = open_with(&services, &[], &[&both]).unwrap_err();
        assert!(matches!(error, ResolveError::Service(_)), "{error}");
        remote.set(Mood::Refusing);
        let error = open_with(&services, &[], &[&both]).unwrap_err();
        assert!(matches!(error, ResolveError::DoesNotUnwrap { named } if named.len() == 2));
    }

    #[test]
    fn what_cannot_be_asked_is_unknown_and_what_was_refused_is_so_only_beside_an_opener() {
        let (keyring, data_key, [local, other]) = sample();
        let remote = FakeRemote::new("r");
        let own = context(&[("k", "v")]);
        let far = remote.recipient(&remote.key()).unwrap().wrap(&data_key, &own).unwrap();
        let good = keyring.recipient(&ids(&keyring)[0]).unwrap().wrap(&data_key, &own).unwrap();
        let services: [&dyn KeyService; 2] = [&keyring, &remote];
        let proofs = |keys: Vec<EncryptedDataKey>| {
            let sets = [(SetOrigin::Header, keys)];
            let all =
                resolve(&services, sets, &own, ResolvePurpose::Prove, Some).sets.remove(0).keys;
            all.into_iter().map(|key| key.proof).collect::<Vec<_>>()
        };
        // `local` and `other` were wrapped under another context.
        remote.set(Mood::Down);
        let all = proofs(vec![local.clone(), far.clone(), good.clone()]);
        assert!(matches!(
            all[..],
            [
                Proof::Refused(Refusal::DoesNotUnwrap),
                Proof::Unknown(UnknownReason::Service(_)),
                Proof::Opens
            ]
        ));
        let all = proofs(vec![local, other, far]);
        assert!(matches!(
            all[..],
            [
                Proof::Unknown(UnknownReason::ContextInDoubt),
                Proof::Unknown(UnknownReason::ContextInDoubt),
                Proof::Unknown(UnknownReason::Service(_))
            ]
        ));
    }
}
