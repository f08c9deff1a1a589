//! The service by a fake of it: wraps, replicas, aliases and entries that are off.

mod asked;
mod blobs;

use std::slice::from_ref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::api::{KmsBlob, KmsOpened, KmsRewrapped, MOST_BLOB_BYTES};
use super::*;
use crate::crypto::ec::{Curve, EcPrivateKey, EcPublicKey};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keyring::model::key::State;
use crate::keyring::{Key, KeyId, KeyVersion, Kind};
use crate::keys::proof::{Proof, UnknownReason};
use crate::keys::resolver::{ResolvePurpose, SetOrigin, resolve};
use crate::keys::service::{UnwrapError, recipient};
use crate::keys::unopened::ResolveError;
use crate::message::context::context;

const ONE: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-1";
/// The same multi-Region key.
const ONE_IN_EUROPE: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
const TWO: &str = "arn:aws:kms:us-east-1:111122223333:key/2";
const THREE: &str = "arn:aws:kms:us-east-1:111122223333:key/3";
const ALIAS: &str = "arn:aws:kms:us-east-1:111122223333:alias/two";

/// What a fake of the service has.
#[derive(Default)]
struct Inside {
    wrapped: Mutex<Vec<Wrap>>,
    calls: AtomicUsize,
    /// How often a data key left it.
    seen: AtomicUsize,
    fault: Mutex<Option<KmsCause>>,
    /// A key that the caller may not use.
    denied: Mutex<Option<&'static str>>,
    /// The private half of its key pair.
    pair: Mutex<Option<EcPrivateKey>>,
}

/// What was wrapped: under which key id, with which context, and the data key.
struct Wrap(String, Vec<u8>, Vec<u8>);

/// A service in which every ARN is a key, and the alias `two` stands for [`TWO`].
#[derive(Clone, Default)]
struct Fake(Arc<Inside>);

impl Fake {
    fn begin(&self, key: &str) -> Result<(), KmsError> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        if *self.0.denied.lock().unwrap() == Some(key) {
            return Err(KmsError { cause: KmsCause::AccessDenied, ..refused(key) });
        }
        match self.0.fault.lock().unwrap().clone() {
            Some(cause) => {
                Err(KmsError { action: "Any", key: key.to_owned(), context: Vec::new(), cause })
            }
            None => Ok(()),
        }
    }

    fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }

    fn fail(&self, cause: KmsCause) {
        *self.0.fault.lock().unwrap() = Some(cause);
    }

    fn arn(key: &KmsKeyName) -> KmsArn {
        match key.key_id() {
            name if name == ALIAS || name == "alias/two" => TWO.parse().unwrap(),
            name => name.parse().unwrap(),
        }
    }
}

fn refused(key: &str) -> KmsError {
    KmsError {
        action: "Decrypt",
        key: key.to_owned(),
        context: Vec::new(),
        cause: KmsCause::Refused,
    }
}

impl KmsApi for Fake {
    fn generate_data_key(
        &self,
        key: &KmsKeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, KmsBlob), KmsError> {
        let data_key = DataKey::generate(len).unwrap();
        let blob = self.encrypt(key, &data_key, context)?;
        self.0.seen.fetch_add(1, Ordering::Relaxed);
        Ok((data_key, blob))
    }

    fn generate_data_key_without_plaintext(
        &self,
        key: &KmsKeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        self.generate_data_key(key, len, context).map(|(_, blob)| blob)
    }

    fn encrypt(
        &self,
        key: &KmsKeyName,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        self.begin(key.key_id())?;
        let key = Self::arn(key);
        let mut wrapped = self.0.wrapped.lock().unwrap();
        let material = key.key_id().unwrap().to_owned();
        wrapped.push(Wrap(material, context.serialise(), data_key.expose().to_vec()));
        let blob = vec![u8::try_from(wrapped.len()).unwrap()];
        Ok(KmsBlob { key, blob, material_id: None })
    }

    fn decrypt(
        &self,
        key: Option<&KmsKeyName>,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<KmsOpened, KmsError> {
        let shown = key.map_or("", KmsKeyName::key_id);
        self.begin(shown)?;
        let wrapped = self.0.wrapped.lock().unwrap();
        let index = usize::from(blob[0]).checked_sub(1);
        let found = index.and_then(|index| wrapped.get(index)).ok_or_else(|| refused(shown))?;
        let Wrap(material, made_with, data_key) = found;
        let key = key.map_or_else(|| TWO.parse().unwrap(), Self::arn);
        if key.key_id() != Some(material) {
            return Err(KmsError { cause: KmsCause::OtherKey, ..refused(shown) });
        }
        if *made_with != context.serialise() {
            return Err(refused(shown));
        }
        let data_key = DataKey::new(SecretBytes::copy_of(data_key));
        self.0.seen.fetch_add(1, Ordering::Relaxed);
        Ok(KmsOpened { key, data_key, material_id: None })
    }

    fn re_encrypt(
        &self,
        source: Option<&KmsKeyName>,
        blob: &[u8],
        source_context: &EncryptionContext,
        destination: &KmsKeyName,
        destination_context: &EncryptionContext,
    ) -> Result<KmsRewrapped, KmsError> {
        let opened = self.decrypt(source, blob, source_context)?;
        self.0.seen.fetch_sub(1, Ordering::Relaxed);
        let wrapped = self.encrypt(destination, &opened.data_key, destination_context)?;
        Ok(KmsRewrapped { source: opened.key, wrapped })
    }

    fn derive_shared_secret(
        &self,
        key: &KmsKeyName,
        sender: &EcPublicKey,
    ) -> Result<SecretBytes, KmsError> {
        self.begin(key.key_id())?;
        let pair = self.0.pair.lock().unwrap();
        let shared = pair.as_ref().and_then(|pair| pair.agree(sender));
        shared.ok_or_else(|| refused(key.key_id()))
    }
}

/// A service that may use these keys, and the fake behind it.
fn service(names: &[&str], discovery: Discovery) -> (AwsKms, Fake) {
    let fake = Fake::default();
    let mut service = AwsKms::new(Box::new(fake.clone()), &RootKeys::default(), discovery);
    for name in names {
        service.add(name.parse().unwrap());
    }
    (service, fake)
}

fn key(name: &str) -> KeyName {
    KeyName::Foreign(name.to_owned())
}

/// A data key, and its wrap under the first key of a service.
fn wrapped(service: &AwsKms, name: &str) -> (DataKey, EncryptedDataKey) {
    service.recipient(&key(name)).unwrap().generate(32, &context(&[("k", "v")])).unwrap()
}

fn open(
    service: &AwsKms,
    only: &[KeyName],
    wrapped: &EncryptedDataKey,
    value: &str,
) -> Option<(DataKey, WrappingKey)> {
    let services: [&dyn KeyService; 1] = [service];
    let sets = [(SetOrigin::Header, vec![wrapped.clone()])];
    let purpose = ResolvePurpose::Open { only };
    resolve(&services, sets, &context(&[("k", value)]), purpose, Some).opened
}

#[test]
fn a_wrap_is_that_of_the_sdk_and_opens_under_its_context_only() {
    let (service, _) = service(&[ONE], Discovery::Off);
    let (data_key, wrapped) = wrapped(&service, ONE);
    assert_eq!(wrapped.provider_id, b"aws-kms");
    assert_eq!(wrapped.provider_info, ONE.as_bytes());
    let (opened, used) = open(&service, &[], &wrapped, "v").unwrap();
    assert_eq!((opened, used.key), (data_key, key(ONE)));
    assert!(open(&service, &[], &wrapped, "w").is_none());
}

/// A keyring with an entry for each of some keys.
fn entries(arns: &[&str]) -> RootKeys {
    let mut keyring = RootKeys::default();
    for arn in arns {
        let key = Key::import(Kind::AwsKms, KeyVersion::of_kms(&arn.parse().unwrap())).unwrap();
        keyring.add(key).unwrap();
    }
    keyring
}

fn id_of(keyring: &RootKeys, arn: &str) -> KeyId {
    let (key, _) = keyring.versions().find(|(_, version)| version.name == arn).unwrap();
    key.id()
}

#[test]
fn of_several_replicas_the_named_one_is_taken_and_one_that_is_off_is_no_obstacle() {
    let mut keyring = entries(&[ONE, ONE_IN_EUROPE]);
    let fake = Fake::default();
    let new = |keyring: &RootKeys| AwsKms::new(Box::new(fake.clone()), keyring, Discovery::Off);
    let service = new(&keyring);
    for arn in [ONE, ONE_IN_EUROPE] {
        let id = id_of(&keyring, arn).into();
        let recipient = service.recipient(&id).unwrap();
        let (_, wrapped) = recipient.generate(32, &context(&[("k", "v")])).unwrap();
        assert_eq!(open(&service, &[], &wrapped, "v").unwrap().1.key, id);
        assert_eq!(service.root_key(&wrapped).unwrap().key, id);
    }
    let (_, wrapped) = {
        let recipient = service.recipient(&id_of(&keyring, ONE).into()).unwrap();
        recipient.generate(32, &context(&[("k", "v")])).unwrap()
    };
    let off = id_of(&keyring, ONE);
    keyring.key_mut(&off.to_string()).unwrap().switch(None, State::Disabled).unwrap();
    let service = new(&keyring);
    let opened = open(&service, &[], &wrapped, "v").unwrap();
    assert_eq!(opened.1.key, id_of(&keyring, ONE_IN_EUROPE).into());
    // Also where more is to be known than what opens it.
    let own = context(&[("k", "v")]);
    let sets = || [(SetOrigin::Header, vec![wrapped.clone()])];
    let purpose = ResolvePurpose::OpenAndProve { only: &[] };
    let opened = resolve(&[&service], sets(), &own, purpose, Some).opened.unwrap();
    assert_eq!(opened.1.key, id_of(&keyring, ONE_IN_EUROPE).into());
    // Where none opens it, the one that it names is shown.
    fake.fail(KmsCause::AccessDenied);
    let found = resolve(&[&service], sets(), &own, ResolvePurpose::Prove, Some);
    let shown = found.sets[0].keys[0].key.as_ref().unwrap();
    assert_eq!(shown.key, id_of(&keyring, ONE).into());
}

#[test]
fn a_replica_that_opens_a_wrap_is_not_taken_for_the_reader_that_it_names() {
    let keyring = entries(&[ONE, ONE_IN_EUROPE]);
    let fake = Fake::default();
    let service = AwsKms::new(Box::new(fake.clone()), &keyring, Discovery::Off);
    let europe: KeyName = id_of(&keyring, ONE_IN_EUROPE).into();
    let own = context(&[("k", "v")]);
    let (_, wrapped) = service.recipient(&europe).unwrap().generate(32, &own).unwrap();
    *fake.0.denied.lock().unwrap() = Some(ONE_IN_EUROPE);
    let services: [&dyn KeyService; 2] = [&keyring, &service];
    let sets = [(SetOrigin::Header, vec![wrapped.clone()])];
    let found = resolve(&services, sets, &own, ResolvePurpose::Prove, Some);
    let resolved = &found.sets[0].keys[0];
    assert!(resolved.opens() && resolved.key.as_ref().is_some_and(|key| key.key != europe));
    assert_eq!((resolved.identified.as_ref(), resolved.is_of_replica), (Some(&europe), false));
    // Where only the replica is held, it is the reader, and has another name than the wrap.
    let alone = entries(&[ONE]);
    let service = AwsKms::new(Box::new(fake), &alone, Discovery::Off);
    for holder in [&alone as &dyn KeyService, &service] {
        let named = holder.root_key(&wrapped).unwrap();
        assert_eq!((named.key, named.is_replica), (id_of(&alone, ONE).into(), true));
    }
}

#[test]
fn an_alias_of_another_key_proves_nothing_about_the_named_one() {
    let (maker, fake) = service(&[THREE], Discovery::Off);
    let (_, under_three) = wrapped(&maker, THREE);
    let mut reader = AwsKms::new(Box::new(fake), &RootKeys::default(), Discovery::Off);
    reader.add(ALIAS.parse().unwrap());
    let services: [&dyn KeyService; 1] = [&reader];
    let sets = [(SetOrigin::Header, vec![under_three])];
    let found = resolve(&services, sets, &context(&[("k", "v")]), ResolvePurpose::Prove, Some);
    assert!(matches!(found.sets[0].keys[0].proof, Proof::Unknown(UnknownReason::NotHeld)));
}

#[test]
fn a_key_whose_entry_is_off_is_not_used_by_another_name() {
    let mut keyring = entries(&[TWO]);
    let off = id_of(&keyring, TWO).to_string();
    let fake = Fake::default();
    let new = |keyring: &RootKeys| {
        let mut service = AwsKms::new(Box::new(fake.clone()), keyring, Discovery::Off);
        service.add(ALIAS.parse().unwrap());
        service
    };
    let (_, wrapped) = wrapped(&new(&keyring), ALIAS);
    let (_, blob) = new(&keyring).generate_blob(&key(ALIAS), 32, &context(&[("k", "v")])).unwrap();
    keyring.key_mut(&off).unwrap().switch(None, State::Disabled).unwrap();
    let service = new(&keyring);
    let own = context(&[("k", "v")]);
    // By its own name it is known to open the message, and may not be used for it.
    let services: [&dyn KeyService; 1] = [&service];
    let sets = [(SetOrigin::Header, vec![wrapped.clone()])];
    let proved = resolve(&services, sets, &own, ResolvePurpose::Prove, Some);
    assert!(proved.sets[0].keys[0].opens());
    let is_off = |error: &KeyError| matches!(error, KeyError::Unusable { .. });
    // Of what answers, the entry of the very name counts, and an alias that is no entry does not.
    assert!(service.require_enabled(&TWO.parse().unwrap()).is_err());
    assert!(service.require_enabled(&THREE.parse().unwrap()).is_ok());
    let mut replicas = entries(&[ONE, ONE_IN_EUROPE]);
    let one = id_of(&replicas, ONE).to_string();
    replicas.key_mut(&one).unwrap().switch(None, State::Disabled).unwrap();
    assert!(new(&replicas).require_enabled(&ONE.parse().unwrap()).is_err());
    assert!(new(&replicas).require_enabled(&ONE_IN_EUROPE.parse().unwrap()).is_ok());
    let made = service.recipient(&key(ALIAS)).unwrap().generate(32, &own);
    assert!(matches!(made, Err(WrapError::Key(error)) if is_off(&error)));
    assert!(open(&service, &[], &wrapped, "v").is_none());
    let opened = service.decrypt_blob(&[key(ALIAS)], &blob.blob, &own);
    assert!(matches!(opened, Err(UnwrapError::Key(error)) if is_off(&error)));
}

#[test]
fn a_refusal_is_none_of_the_service_and_every_other_failure_is() {
    let (service, fake) = service(&[ONE], Discovery::Off);
    let (_, wrapped) = wrapped(&service, ONE);
    let unwrap = || {
        let candidate = service.candidates(&wrapped).remove(0);
        candidate.unwrapper.unwrap(&wrapped, &context(&[("k", "v")]))
    };
    fake.fail(KmsCause::Refused);
    assert!(matches!(unwrap(), Err(UnwrapError::Refused)));
    for cause in [KmsCause::AccessDenied, KmsCause::Disabled, KmsCause::Throttled] {
        fake.fail(cause.clone());
        let Err(UnwrapError::Service(error)) = unwrap() else { unreachable!("{cause}") };
        let error = error.source.downcast_ref::<KmsError>().unwrap();
        assert_eq!(error.cause, cause);
    }
}

#[test]
fn what_is_wrapped_for_a_public_half_opens_by_the_service() {
    let private = EcPrivateKey::generate(Curve::P384).unwrap();
    let version = KeyVersion::of_public_in_kms(1, private.public(), TWO.parse().unwrap());
    let mut keyring = RootKeys::default();
    let id = keyring.add(Key::import(Kind::P384, version).unwrap()).unwrap().id();
    let fake = Fake::default();
    let service = AwsKms::new(Box::new(fake.clone()), &keyring, Discovery::Off);
    let services: [&dyn KeyService; 2] = [&keyring, &service];
    let own = context(&[("k", "v")]);
    let (data_key, wrapped) = recipient(&services, &id.into()).unwrap().generate(32, &own).unwrap();
    assert_eq!((&wrapped.provider_id[..], fake.calls()), (&b"aws-kms-ecdh"[..], 0));
    let open = |wrapped: &EncryptedDataKey| {
        let sets = [(SetOrigin::Header, vec![wrapped.clone()])];
        resolve(&services, sets, &own, ResolvePurpose::Open { only: &[] }, Some)
    };
    // What names the pair's ARN as that of a symmetric key is not the pair's.
    let (provider_id, provider_info) = (b"aws-kms".to_vec(), TWO.into());
    let symmetric = EncryptedDataKey { provider_id, provider_info, ciphertext: vec![1] };
    assert!(service.candidates(&symmetric).is_empty());
    // The service has another key.
    *fake.0.pair.lock().unwrap() = Some(EcPrivateKey::generate(Curve::P384).unwrap());
    assert!(open(&wrapped).opened.is_none());
    *fake.0.pair.lock().unwrap() = Some(private);
    let (opened, used) = open(&wrapped).opened.unwrap();
    assert_eq!((opened, used.key), (data_key, id.into()));
    fake.fail(KmsCause::AccessDenied);
    let sets = open(&wrapped).sets;
    assert!(matches!(ResolveError::of(sets), ResolveError::Service(_)), "not the public half");
}

#[test]
fn names_are_arns_ids_and_aliases() {
    for good in [ONE, ALIAS, "aws-kms:1234", "aws-kms:alias/a/b"] {
        let name: KmsKeyName = good.parse().unwrap();
        assert_eq!((name.to_string(), KmsKeyName::is_meant(good)), (good.to_owned(), true));
    }
    let is_alias = |name: &str| name.parse::<KmsKeyName>().unwrap().is_alias();
    assert_eq!(
        [ONE, ALIAS, "aws-kms:1234", "aws-kms:alias/a"].map(is_alias),
        [false, true, false, true]
    );
    for bad in ["", "arn:", "aws-kms:", "aws-kms:alias/", "aws-kms:a b", "arn:aws:s3:::b", "backup"]
    {
        assert!(bad.parse::<KmsKeyName>().is_err(), "{bad}");
    }
}

#[test]
fn an_answer_has_to_be_of_the_key_that_was_asked_for() {
    let arn = |text: &str| text.parse::<KmsArn>().unwrap();
    let can_be =
        |asked: &str, answered: &str| asked.parse::<KmsKeyName>().unwrap().can_be(&arn(answered));
    assert!(can_be(ONE, ONE) && can_be(ALIAS, TWO) && can_be("aws-kms:2", TWO));
    assert!(can_be("aws-kms:alias/two", TWO));
    // A request for one region is answered by that region.
    assert!(!can_be(ONE, ONE_IN_EUROPE) && !can_be(ONE, TWO) && !can_be("aws-kms:1", TWO));
    assert!(!can_be(ALIAS, ALIAS) && !can_be(ALIAS, ONE_IN_EUROPE));
}
