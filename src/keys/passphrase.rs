//! Passphrases as a key service: data keys are wrapped under keys that Argon2id derives from a passphrase.
//!
//! ```text
//! provider id  = enwrap-passphrase
//! key name     = argon2id:m=<KiB>,t=<passes>,p=<lanes>:<salt, 16 bytes, base64url without padding>
//! wrapping key = Argon2id(passphrase, salt, m, t, p, 32 bytes)
//! ```
//!
//! The wrap is that of a raw AES key with this namespace and name, so an official SDK opens it with the derived key.
//! One run derives one key for all that it writes. Each wrap has a random IV, so one key serves 2^32 of them, and a
//! tree of files costs one derivation to write, and one to read.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::local::raw_aes::{self, RawAes};
use super::service::{
    Candidate, KeyName, KeyService, Locality, NamedKey, PassphraseFault, Recipient, ServiceError,
    UnwrapError, Unwrapper, WrapError, WrappingKey,
};
use crate::crypto::argon2id::{Cost, DerivationError};
use crate::crypto::secret::{DataKey, SecretBytes, fill_random};
use crate::keyring::{KeyError, Passphrase};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// The provider id of encrypted data keys under passphrases.
pub const PROVIDER: &str = "enwrap-passphrase";

const SALT_LEN: usize = 16;

/// Derived keys that are kept. A tree that one run has written needs one.
const MOST_KEPT: usize = 64;

/// What the derivation of a wrapping key needs besides the passphrase: the key name of an encrypted data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// Its cost.
    pub cost: Cost,
    salt: [u8; SALT_LEN],
}

/// A key name is not that of a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADerivation;

impl Derivation {
    /// A new one, at the cost that enwrap sets.
    fn draw() -> std::io::Result<Self> {
        let mut salt = [0; SALT_LEN];
        fill_random(&mut salt)?;
        Ok(Self { cost: Cost::DEFAULT, salt })
    }

    /// The one that an encrypted data key names.
    #[must_use]
    pub fn named_by(wrapped: &EncryptedDataKey) -> Option<Self> {
        let (namespace, name) = raw_aes::names(wrapped)?;
        if namespace == PROVIDER { name.parse().ok() } else { None }
    }
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { m_kib, t, p } = self.cost;
        let salt = URL_SAFE_NO_PAD.encode(self.salt);
        write!(f, "argon2id:m={m_kib},t={t},p={p}:{salt}")
    }
}

impl FromStr for Derivation {
    type Err = NotADerivation;

    /// Takes only what [`Display`](fmt::Display) writes: one derivation has one name.
    fn from_str(name: &str) -> Result<Self, NotADerivation> {
        let parse = || {
            let (cost, salt) = name.strip_prefix("argon2id:m=")?.split_once(':')?;
            let (m_kib, rest) = cost.split_once(",t=")?;
            let (t, p) = rest.split_once(",p=")?;
            let cost = Cost { m_kib: m_kib.parse().ok()?, t: t.parse().ok()?, p: p.parse().ok()? };
            let salt = URL_SAFE_NO_PAD.decode(salt).ok()?.try_into().ok()?;
            Some(Self { cost, salt })
        };
        parse().filter(|derivation| derivation.to_string() == name).ok_or(NotADerivation)
    }
}

/// Whether a person may be asked for a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A passphrase is needed to go on.
    Allowed,
    /// It would only serve to know more.
    Unwanted,
}

/// Has the passphrase that messages are read with.
pub trait PassphraseHolder: Send + Sync {
    /// The passphrase; `None` where there is none to get.
    ///
    /// # Errors
    /// Why the passphrase that there should be cannot be got.
    fn passphrase(
        &self,
        asking: Asking,
    ) -> Result<Option<Passphrase>, Box<dyn std::error::Error + Send + Sync>>;
}

/// The passphrases of a run: the one that messages are read with, and the one that new ones get.
#[derive(Default)]
pub struct Passphrases {
    holder: Option<Box<dyn PassphraseHolder>>,
    new: Option<Derived>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The passphrase that messages are read with, once it is known.
    passphrase: Option<Passphrase>,
    /// Why it cannot be had. It is not asked for again.
    failure: Option<PassphraseFault>,
    derived: Vec<Derived>,
    /// What messages that are written anew are wrapped under, where they keep the passphrase of the old ones.
    kept: Option<Derived>,
}

/// A wrapping key that was derived. It is kept until the end of the run.
struct Derived {
    derivation: Derivation,
    key: SecretBytes,
}

impl Derived {
    fn draw(passphrase: &Passphrase) -> Result<Self, WrapError> {
        let derivation = Derivation::draw().map_err(WrapError::Random)?;
        let key = passphrase.derive(derivation.cost, &derivation.salt);
        let key = key.map_err(|error| WrapError::Service(no_service(error)))?;
        Ok(Self { derivation, key })
    }

    fn raw_aes(&self) -> Option<RawAes> {
        RawAes::new(PROVIDER, &self.derivation.to_string(), &self.key)
    }
}

impl Passphrases {
    /// The passphrase that `holder` has, to read messages with.
    #[must_use]
    pub fn of(holder: Box<dyn PassphraseHolder>) -> Self {
        Self { holder: Some(holder), ..Self::default() }
    }

    /// Has new messages wrapped under a passphrase, as the recipient [`new_name`](Self::new_name).
    ///
    /// # Errors
    /// [`WrapError`], where the system has no random numbers or no memory.
    pub fn with_new(self, passphrase: &Passphrase) -> Result<Self, WrapError> {
        Ok(Self { new: Some(Derived::draw(passphrase)?), ..self })
    }

    /// How the passphrase is called that opens a message. No alias of a key is like it.
    #[must_use]
    pub fn name() -> KeyName {
        KeyName::Foreign("passphrase:argon2id".to_owned())
    }

    /// How the passphrase is called that new messages get. It may be another one than that which opens the old ones.
    #[must_use]
    pub fn new_name() -> KeyName {
        KeyName::Foreign("passphrase:new".to_owned())
    }

    /// What wraps under the passphrase that new messages get, if there is one.
    #[must_use]
    pub fn new_recipient(&self) -> Option<Box<dyn Recipient>> {
        let new = self.new.as_ref()?.raw_aes()?;
        Some(Box::new(new))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done in it by a panic of another thread.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What unwraps under a derivation. Only one thread derives at a time, so that the run has the memory of one
    /// derivation, and a person is asked once.
    fn raw_aes(&self, derivation: Derivation, asking: Asking) -> Result<RawAes, PassphraseFault> {
        let mut state = self.state();
        let refused = || PassphraseFault::OutOfBounds;
        if !derivation.cost.is_bounded() {
            return Err(refused());
        }
        let is_it = |derived: &&Derived| derived.derivation == derivation;
        if let Some(derived) = state.derived.iter().find(is_it) {
            return derived.raw_aes().ok_or_else(refused);
        }
        let key = state
            .passphrase(self.holder.as_deref(), asking)?
            .derive(derivation.cost, &derivation.salt)
            .map_err(|error| match error {
                DerivationError::OutOfBounds => PassphraseFault::OutOfBounds,
                DerivationError::Memory => PassphraseFault::Memory,
            })?;
        let derived = Derived { derivation, key };
        let raw_aes = derived.raw_aes().ok_or_else(refused);
        if state.derived.len() == MOST_KEPT {
            state.derived.remove(0);
        }
        state.derived.push(derived);
        raw_aes
    }
}

impl State {
    fn passphrase(
        &mut self,
        holder: Option<&dyn PassphraseHolder>,
        asking: Asking,
    ) -> Result<&Passphrase, PassphraseFault> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.passphrase.is_none() {
            let holder = holder.ok_or(PassphraseFault::NotGiven)?;
            self.passphrase = holder.passphrase(asking).map_err(|error| {
                let failure = PassphraseFault::Unavailable(Arc::from(error));
                self.failure = Some(failure.clone());
                failure
            })?;
        }
        self.passphrase.as_ref().ok_or(PassphraseFault::NotGiven)
    }

    fn wrong(&self) -> PassphraseFault {
        PassphraseFault::Wrong(self.passphrase.as_ref().and_then(Passphrase::oddity))
    }
}

fn no_service(error: DerivationError) -> ServiceError {
    ServiceError { service: "the derivation of a key".to_owned(), source: error.into() }
}

impl KeyService for Passphrases {
    fn name(&self) -> &'static str {
        "passphrases"
    }

    fn locality(&self) -> Locality {
        Locality::Person
    }

    fn recipient(&self, key: &KeyName) -> Result<Box<dyn Recipient + '_>, WrapError> {
        let missing = || KeyError::NotFound { name: key.to_string(), aliases: Vec::new() };
        if *key == Self::new_name() {
            return self.new_recipient().ok_or_else(|| missing().into());
        }
        if *key != Self::name() {
            return Err(missing().into());
        }
        let mut state = self.state();
        // Under a new salt: an old one may have come with a cost that makes guesses cheap.
        if state.kept.is_none() {
            let kept = Derived::draw(state.passphrase.as_ref().ok_or_else(missing)?)?;
            state.kept = Some(kept);
        }
        let kept = state.kept.as_ref().and_then(Derived::raw_aes).ok_or_else(missing)?;
        Ok(Box::new(kept))
    }

    fn candidates(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        let Some(derivation) = Derivation::named_by(wrapped) else { return Vec::new() };
        let key = WrappingKey {
            key: Self::name(),
            version: 1,
            is_current: derivation.cost == Cost::DEFAULT,
            is_enabled: true,
        };
        let unwrapper = Box::new(ByPassphrase { passphrases: self, derivation });
        vec![Candidate { key, refusal: None, unwrapper }]
    }

    /// None: that the passphrase opens one of them shows nothing of another, which may be another person's.
    fn root_key(&self, _: &EncryptedDataKey) -> Option<NamedKey> {
        None
    }
}

/// Unwraps under the key of one derivation.
struct ByPassphrase<'a> {
    passphrases: &'a Passphrases,
    derivation: Derivation,
}

impl ByPassphrase<'_> {
    fn try_it(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
        asking: Asking,
    ) -> Result<DataKey, UnwrapError> {
        let key = self.passphrases.raw_aes(self.derivation, asking)?;
        key.unwrap(wrapped, context).map_err(|_| self.passphrases.state().wrong().into())
    }
}

impl Unwrapper for ByPassphrase<'_> {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        self.try_it(wrapped, context, Asking::Allowed)
    }

    fn unwrap_unasked(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        self.try_it(wrapped, context, Asking::Unwanted)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::keyring::seal::passphrase;
    use crate::keyring::{Key, RootKeys};
    use crate::keys::resolver::{Proof, ResolvePurpose, SetOrigin, UnknownReason, resolve};
    use crate::keys::unopened::ResolveError;

    /// What enwrap writes, with a salt of counted bytes.
    const NAME: &str = "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw";

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
    fn a_name_is_read_only_as_it_is_written() {
        let derivation: Derivation = NAME.parse().unwrap();
        assert_eq!((derivation.cost, derivation.to_string()), (Cost::DEFAULT, NAME.to_owned()));
        for other in [
            "",
            "argon2id",
            "argon2i:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=065536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=+65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=4294967296,t=3,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:t=3,m=65536,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=65536,t=3,p=4,x=1:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw==",
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0OD/",
            // The bits behind the last byte are not zero.
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODx",
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0O",
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODxA",
            "argon2id:m=65536,t=3,p=4: AAECAwQFBgcICQoLDA0ODw",
        ] {
            assert_eq!(other.parse::<Derivation>(), Err(NotADerivation), "{other}");
        }
    }

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
        assert!(matches!(
            all[4],
            Proof::Unknown(UnknownReason::Passphrase(PassphraseFault::TooMany))
        ));
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
            resolution
                .opened
                .map(|(_, key)| key.key)
                .ok_or_else(|| ResolveError::of(resolution.sets))
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
    fn a_cost_out_of_bounds_is_not_tried_and_nobody_is_asked() {
        let (_, mut wrapped) = wrapped("right", CHEAP);
        let (passphrases, asked) = person("right", true);
        for cost in ["m=1024,t=1,p=1", "m=2097152,t=1,p=1", "m=65536,t=17,p=1", "m=65536,t=3,p=17"]
        {
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
}
