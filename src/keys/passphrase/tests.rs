//! Messages under passphrases: who is asked, what is derived, and what each comes to.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::keyring::seal::passphrase;
use crate::keyring::{Key, RootKeys};
use crate::keys::proof::{Proof, UnknownReason};
use crate::keys::resolver::{ResolvePurpose, SetOrigin, resolve};
use crate::keys::unopened::ResolveError;

/// Cheap enough for tests, and in bounds.
const CHEAP: &str = "argon2id:m=8192,t=1,p=1:AAECAwQFBgcICQoLDA0ODw";

/// Has a passphrase for whoever asks, and counts.
struct Person {
    word: &'static str,
    is_named: bool,
    asked: Arc<AtomicUsize>,
}

impl PassphraseHolder for Person {
    fn passphrase(
        &self,
        asking: Asking,
    ) -> Result<Option<Passphrase>, Box<dyn std::error::Error + Send + Sync>> {
        if asking == Asking::Unwanted && !self.is_named {
            return Ok(None);
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(Some(passphrase(self.word)))
    }
}

fn person(word: &'static str, is_named: bool) -> (Passphrases, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    let person = Person { word, is_named, asked: Arc::clone(&asked) };
    (Passphrases::of(Box::new(person)), asked)
}

fn wrapped(word: &str, name: &str) -> (DataKey, EncryptedDataKey) {
    let derivation: Derivation = name.parse().unwrap();
    let key = passphrase(word).derive(derivation.cost, &derivation.salt).unwrap();
    let derived = Derived { derivation, key };
    derived.raw_aes().unwrap().generate(32, &EncryptionContext::default()).unwrap()
}

fn proofs(
    passphrases: &Passphrases,
    keys: &[EncryptedDataKey],
    purpose: ResolvePurpose<'_>,
) -> Vec<Proof> {
    let sets = [(SetOrigin::Header, keys.to_vec())];
    let context = EncryptionContext::default();
    let keys = resolve(&[passphrases], sets, &context, purpose, Some).sets.remove(0).keys;
    keys.into_iter().map(|key| key.proof).collect()
}

const OPEN: ResolvePurpose<'static> = ResolvePurpose::Open { only: &[] };

#[test]
fn a_person_is_asked_once_and_only_where_the_message_is_to_be_opened() {
    let ((_, first), (_, second)) = (wrapped("right", CHEAP), wrapped("right", CHEAP));
    let (passphrases, asked) = person("right", false);
    let all = proofs(&passphrases, std::slice::from_ref(&first), ResolvePurpose::Prove);
    assert!(matches!(
        all[..],
        [Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::NotGiven))]
    ));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let all = proofs(&passphrases, &[first.clone(), second], OPEN);
    assert!(matches!(all[..], [Proof::Opens, Proof::Unknown(UnknownReason::NotTried)]));
    assert!(
        proofs(&passphrases, std::slice::from_ref(&first), ResolvePurpose::Prove)[0].opens_it()
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let (named, asked) = person("right", true);
    assert!(proofs(&named, &[first], ResolvePurpose::Prove)[0].opens_it());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn another_passphrase_proves_nothing_and_four_are_tried() {
    let (_, mine) = wrapped("mine", CHEAP);
    let (_, yours) = wrapped("yours", CHEAP);
    let (passphrases, _) = person("mine", true);
    let all = proofs(&passphrases, &[yours.clone(), mine.clone()], ResolvePurpose::Prove);
    assert!(matches!(
        all[..],
        [Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::Wrong(None))), Proof::Opens]
    ));
    let repeated = [vec![yours; 9], vec![mine.clone()]].concat();
    assert!(proofs(&passphrases, &repeated, OPEN)[9].opens_it());
    // Each with a salt of its own.
    let others = ["BA", "CA", "DA", "EA"].map(|salt| {
        wrapped("yours", &format!("argon2id:m=8192,t=1,p=1:{salt}ECAwQFBgcICQoLDA0ODw")).1
    });
    let late = [&others[..], &[mine]].concat();
    let all = proofs(&passphrases, &late, OPEN);
    assert!(matches!(all[4], Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::TooMany))));
}

#[test]
fn records_that_anybody_can_write_leave_the_header_its_turn() {
    let (_, mine) = wrapped("mine", CHEAP);
    let forged = ["BA", "CA", "DA", "EA"].map(|salt| {
        wrapped("yours", &format!("argon2id:m=8192,t=1,p=1:{salt}ECAwQFBgcICQoLDA0ODw")).1
    });
    let (passphrases, _) = person("mine", true);
    let sets = [(SetOrigin::Record, forged.to_vec()), (SetOrigin::Header, vec![mine])];
    let context = EncryptionContext::default();
    assert!(resolve(&[&passphrases], sets, &context, OPEN, Some).opened.is_some());
}

/// Types these one after the other.
struct Typist(Mutex<Vec<&'static str>>);

impl PassphraseHolder for Typist {
    fn passphrase(
        &self,
        _: Asking,
    ) -> Result<Option<Passphrase>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.another())
    }

    fn another(&self) -> Option<Passphrase> {
        self.0.lock().unwrap().pop().map(passphrase)
    }
}

#[test]
fn a_wrong_passphrase_is_typed_again_until_one_opens_and_only_to_open() {
    let typed = |words: &[&'static str]| {
        let words = words.iter().rev().copied().collect();
        Passphrases::of(Box::new(Typist(Mutex::new(words))))
    };
    let (_, mine) = wrapped("right", CHEAP);
    let one = std::slice::from_ref(&mine);
    let left = |passphrases: &Passphrases| {
        let mut left = 0;
        while passphrases.holder.as_ref().unwrap().another().is_some() {
            left += 1;
        }
        left
    };
    let passphrases = typed(&["wrong", "also wrong", "right", "unused"]);
    assert!(proofs(&passphrases, one, OPEN)[0].opens_it());
    assert_eq!((passphrases.replaced(), left(&passphrases)), (2, 1));
    let passphrases = typed(&["wrong", "also wrong"]);
    assert!(!proofs(&passphrases, one, OPEN)[0].opens_it());
    // To know more is no reason to ask again, and a message that no passphrase is for is none either.
    let passphrases = typed(&["wrong", "right"]);
    assert!(!proofs(&passphrases, one, ResolvePurpose::Prove)[0].opens_it());
    assert_eq!(left(&passphrases), 1);
    let passphrases = typed(&["unused"]);
    assert!(proofs(&passphrases, &[], OPEN).is_empty());
    assert_eq!(left(&passphrases), 1);
    // What has opened one was typed right, and another message has another passphrase.
    let passphrases = typed(&["right", "other"]);
    assert!(proofs(&passphrases, one, OPEN)[0].opens_it());
    let (_, other) = wrapped("other", CHEAP);
    assert!(!proofs(&passphrases, std::slice::from_ref(&other), OPEN)[0].opens_it());
    assert_eq!(left(&passphrases), 1);
}

#[test]
fn every_key_comes_before_a_passphrase_and_a_wrong_one_decides_only_where_none_opens() {
    let mut keyring = RootKeys::default();
    let key = keyring.add(Key::generate([].into(), "").unwrap()).unwrap().id();
    let (data_key, mine) = wrapped("right", CHEAP);
    let context = EncryptionContext::default();
    let local = keyring.recipient(&key.into()).unwrap().wrap(&data_key, &context).unwrap();
    let mut damaged = local.clone();
    damaged.ciphertext[0] ^= 1;
    let open = |passphrases: &Passphrases, keys: [&EncryptedDataKey; 2]| {
        let sets = [(SetOrigin::Header, keys.map(Clone::clone).to_vec())];
        let services: [&dyn KeyService; 2] = [passphrases, &keyring];
        let resolution = resolve(&services, sets, &context, OPEN, Some);
        resolution.opened.map(|(_, key)| key.key).ok_or_else(|| ResolveError::of(resolution.sets))
    };
    let (right, asked) = person("right", false);
    assert_eq!(open(&right, [&mine, &local]).unwrap(), key.into());
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(open(&right, [&mine, &damaged]).unwrap(), Passphrases::name());
    let (wrong, _) = person("wrong", false);
    assert!(matches!(
        open(&wrong, [&damaged, &mine]).unwrap_err(),
        ResolveError::Passphrase(PassphraseFault::Wrong(None))
    ));
    // Without one, what is known of the key decides.
    assert!(matches!(
        open(&Passphrases::default(), [&damaged, &mine]).unwrap_err(),
        ResolveError::DoesNotUnwrap { named } if named.len() == 1
    ));
}

#[test]
fn nobody_is_asked_to_know_more_of_a_message_that_is_open() {
    let mut keyring = RootKeys::default();
    let key = keyring.add(Key::generate([].into(), "").unwrap()).unwrap().id();
    let (data_key, mine) = wrapped("right", CHEAP);
    let context = EncryptionContext::default();
    let local = keyring.recipient(&key.into()).unwrap().wrap(&data_key, &context).unwrap();
    let (right, asked) = person("right", false);
    let services: [&dyn KeyService; 2] = [&right, &keyring];
    let sets = [(SetOrigin::Header, vec![mine, local])];
    let purpose = ResolvePurpose::OpenAndProve { only: &[] };
    let found = resolve(&services, sets, &context, purpose, Some);
    assert_eq!(found.opened.unwrap().1.key, key.into());
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_cost_out_of_bounds_is_not_tried_and_nobody_is_asked() {
    let (_, mut wrapped) = wrapped("right", CHEAP);
    let (passphrases, asked) = person("right", true);
    for cost in ["m=1024,t=1,p=1", "m=2097152,t=1,p=1", "m=65536,t=17,p=1", "m=65536,t=3,p=17"] {
        let name = format!("argon2id:{cost}:AAECAwQFBgcICQoLDA0ODw");
        let tail = wrapped.provider_info.len() - 20;
        wrapped.provider_info.splice(..tail, name.into_bytes());
        let all = proofs(&passphrases, std::slice::from_ref(&wrapped), OPEN);
        assert!(matches!(
            all[..],
            [Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::OutOfBounds))]
        ));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[test]
fn what_keeps_its_passphrase_gets_a_new_salt_once_a_run_and_the_cost_that_is_set() {
    let (_, old) = wrapped("right", CHEAP);
    let (passphrases, _) = person("right", true);
    assert!(passphrases.recipient(&Passphrases::name()).is_err(), "not known yet");
    assert!(passphrases.recipient(&Passphrases::new_name()).is_err());
    let (new, _) = person("right", true);
    let new = new.with_new(&passphrase("new")).unwrap();
    assert!(new.recipient(&Passphrases::new_name()).is_ok());
    proofs(&passphrases, std::slice::from_ref(&old), OPEN);
    let context = EncryptionContext::default();
    let wrap = || {
        let recipient = passphrases.recipient(&Passphrases::name()).unwrap();
        recipient.generate(32, &context).unwrap().1
    };
    let [first, second] = [wrap(), wrap()];
    let derivation = Derivation::named_by(&first).unwrap();
    assert_eq!(derivation.cost, Cost::DEFAULT);
    assert_eq!(Derivation::named_by(&second), Some(derivation));
    assert_ne!(first.provider_info, second.provider_info, "another IV");
    let is_current = |wrapped| passphrases.candidates(wrapped)[0].key.is_current;
    assert!(is_current(&first) && !is_current(&old));
}

impl Proof {
    fn opens_it(&self) -> bool {
        matches!(self, Self::Opens)
    }
}
