//! The known answers of the other kinds of keys (`tests/vectors/asymmetric-known-answers.json`): raw ECDH and raw RSA by the
//! official SDK, static branch keys by an independent writer.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::crypto::der::{PrivateKey, PublicKey};
use crate::crypto::ec::{EcPrivateKey, EcPublicKey};
use crate::crypto::rsa::{IS_BUILT, RsaPadding};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keyring::key::RsaPublic;
use crate::keyring::{Key, KeyVersion, Kind, Material, RootKeys, pem};
use crate::keys::envelope::NoRecords;
use crate::keys::local::raw_ecdh::Agreement;
use crate::keys::local::unwraps_what_it_wraps;
use crate::keys::resolver::{ResolvePurpose, SetOrigin, resolve};
use crate::keys::service::KeyService as _;
use crate::keys::unopened::ResolveError;
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::operations::decrypt::{DecryptPolicy, MessageOpener, OpenError, OpenedMessage};
use crate::pipeline::NoProgress;

#[derive(Deserialize)]
struct KnownAnswer {
    kind: String,
    /// Of ECDH.
    recipient_private_key: Option<String>,
    recipient_public_key: Option<String>,
    /// Of RSA.
    private_key: Option<String>,
    padding: Option<RsaPadding>,
    key_namespace: Option<String>,
    key_name: Option<String>,
    /// Of branch keys.
    branch_key_id: Option<String>,
    branch_key_version: Option<String>,
    branch_key: Option<String>,
    suite: String,
    encryption_context_header: BTreeMap<String, String>,
    data_key: String,
    edk_provider_id: String,
    edk_provider_info: String,
    edk_ciphertext: String,
    plaintext: String,
    message: String,
}

fn answers(kind: &str) -> Vec<KnownAnswer> {
    let rows: Vec<KnownAnswer> =
        serde_json::from_str(include_str!("../../tests/vectors/asymmetric-known-answers.json"))
            .unwrap();
    assert_eq!(rows.len(), 25);
    rows.into_iter().filter(|row| row.kind == kind).collect()
}

fn keyring_of(kind: Kind, version: KeyVersion) -> RootKeys {
    let mut keyring = RootKeys::default();
    keyring.add(Key::import(kind, version).unwrap()).unwrap();
    assert!(keyring.versions().all(|(key, version)| unwraps_what_it_wraps(key, version).unwrap()));
    keyring
}

impl KnownAnswer {
    fn keyring(&self) -> RootKeys {
        if let Some(text) = &self.recipient_private_key {
            let PrivateKey::Ec(key) = pem::read_private(text.as_bytes()).unwrap() else {
                unreachable!("a key on a curve")
            };
            return keyring_of(key.public().curve().into(), KeyVersion::of_pair(1, key));
        }
        if let Some(text) = &self.private_key {
            let PrivateKey::Rsa { pkcs8, key } = pem::read_private(text.as_bytes()).unwrap() else {
                unreachable!("an RSA key")
            };
            let (namespace, name) = (self.key_namespace.as_ref(), self.key_name.as_ref());
            let rsa = RsaPublic::new(self.padding.unwrap(), key.public());
            let version =
                KeyVersion::of_rsa(1, namespace.unwrap(), name.unwrap(), rsa, Some(pkcs8));
            return keyring_of(Kind::Rsa, version);
        }
        let (id, version) = (self.branch_key_id.as_ref(), self.branch_key_version.as_ref());
        let name = format!("{}/{}", id.unwrap(), version.unwrap());
        let material = Material::from_hex(self.branch_key.as_ref().unwrap().as_bytes());
        keyring_of(Kind::Branch, KeyVersion::new(1, "aws-kms-hierarchy", &name, material))
    }

    fn wrapped(&self) -> EncryptedDataKey {
        EncryptedDataKey {
            provider_id: self.edk_provider_id.as_bytes().to_vec(),
            provider_info: hex::decode(&self.edk_provider_info).unwrap(),
            ciphertext: hex::decode(&self.edk_ciphertext).unwrap(),
        }
    }

    fn message(&self) -> Vec<u8> {
        hex::decode(&self.message).unwrap()
    }

    /// The whole encryption context of the message, as its wraps have it.
    fn context(&self) -> EncryptionContext {
        let header = self.opened(&self.message(), &self.keyring()).unwrap();
        header.header().context.clone()
    }

    fn opened(&self, mut message: &[u8], keyring: &RootKeys) -> Result<OpenedMessage, OpenError> {
        let mut policy = DecryptPolicy::default();
        for (key, value) in &self.encryption_context_header {
            policy.pairs.insert_allowing_reserved(key, value).unwrap();
        }
        let opener = MessageOpener { services: &[keyring], records: &NoRecords, policy: &policy };
        let opened = OpenedMessage::open(&mut message, &opener)?;
        let mut plaintext = Vec::new();
        opened.decrypt(&mut message, &mut plaintext, &NoProgress).unwrap();
        assert_eq!(hex::encode(plaintext), self.plaintext);
        Ok(opened)
    }

    fn unwrapped(
        &self,
        wrapped: EncryptedDataKey,
        keyring: &RootKeys,
        context: &EncryptionContext,
    ) -> Result<DataKey, ResolveError> {
        let sets = [(SetOrigin::Header, vec![wrapped])];
        let purpose = ResolvePurpose::Open { only: &[] };
        let resolution = resolve(&[keyring], sets, context, purpose, Some);
        resolution.opened.map(|(key, _)| key).ok_or_else(|| ResolveError::of(resolution.sets))
    }

    /// The message is opened, and its data key is the known one.
    fn opens(&self) {
        let unwrapped = self.unwrapped(self.wrapped(), &self.keyring(), &self.context()).unwrap();
        assert_eq!(hex::encode(unwrapped.expose()), self.data_key);
    }

    /// The shared secret opens it without the private key, as where AWS KMS has that; and no other secret does.
    fn opens_under_its_shared_secret_only(&self, public: &EcPublicKey) {
        let private = self.recipient_private_key.as_ref().unwrap();
        let PrivateKey::Ec(private) = pem::read_private(private.as_bytes()).unwrap() else {
            unreachable!("a key on a curve")
        };
        let (wrapped, context) = (self.wrapped(), self.context());
        let agreement = Agreement::read(public, &wrapped).unwrap();
        let shared = private.agree(agreement.sender()).unwrap();
        let data_key = agreement.unwrap(&shared, &context).unwrap();
        assert_eq!(hex::encode(data_key.expose()), self.data_key);
        let bytes = shared.expose();
        let flipped = [&[bytes[0] ^ 1], &bytes[1..]].concat();
        let longer = [bytes, &[0]].concat();
        for wrong in [&flipped[..], &longer, &bytes[1..], &[]] {
            assert!(agreement.unwrap(&SecretBytes::copy_of(wrong), &context).is_err());
        }
        let other = EcPrivateKey::generate(public.curve()).unwrap();
        assert!(Agreement::read(other.public(), &wrapped).is_none());
    }

    /// No other encrypted data key is taken for the right one: of each field, every altered byte and every cut is refused.
    fn opens_as_it_is_only(&self) {
        let (keyring, context, right) = (self.keyring(), self.context(), self.wrapped());
        type Field = fn(&mut EncryptedDataKey) -> &mut Vec<u8>;
        let fields: [Field; 3] =
            [|it| &mut it.provider_id, |it| &mut it.provider_info, |it| &mut it.ciphertext];
        for field in fields {
            let len = field(&mut right.clone()).len();
            for at in 0..=len {
                let mut wrong = vec![right.clone(), right.clone()];
                match field(&mut wrong[0]).get_mut(at) {
                    Some(byte) => *byte ^= 1,
                    None => field(&mut wrong[0]).push(0),
                }
                field(&mut wrong[1]).truncate(at);
                wrong.retain(|wrong| *wrong != right);
                for wrong in wrong {
                    let is_named = !keyring.candidates(&wrong).is_empty();
                    let error = self.unwrapped(wrong, &keyring, &context).unwrap_err();
                    let is_refused = matches!(error, ResolveError::DoesNotUnwrap { .. });
                    assert!(is_refused == is_named, "{} byte {at}: {error}", self.suite);
                }
            }
        }
    }
}

/// A wrap whose names are damaged opens with its key all the same, where it is looked for without them; and one that cannot
/// be of the key's kind is not tried.
#[test]
fn a_key_finds_its_wrap_without_its_name_and_tries_nothing_of_another_shape() {
    for kind in ["raw-ecdh", "aws-kms-hierarchy", "raw-rsa"] {
        for answer in answers(kind).iter().filter(|_| IS_BUILT || kind != "raw-rsa") {
            let (keyring, context) = (answer.keyring(), answer.context());
            let mut damaged = answer.wrapped();
            damaged.provider_id[0] ^= 1;
            assert!(keyring.candidates(&damaged).is_empty());
            let found = keyring.unnamed_candidates(&damaged);
            let opens = |wrapped: &EncryptedDataKey| {
                let unwrapped = found.iter().map(|it| it.unwrapper.unwrap(wrapped, &context));
                unwrapped.flatten().any(|key| hex::encode(key.expose()) == answer.data_key)
            };
            // A branch key's wrap has its version in the additional data, and a damaged one is found out by it.
            assert!(found.len() == 1 && opens(&damaged), "{kind}");
            for len in [0, 16, 27] {
                let ciphertext = damaged.ciphertext[..len].to_vec();
                let cut = EncryptedDataKey { ciphertext, ..damaged.clone() };
                assert!(keyring.unnamed_candidates(&cut).is_empty(), "{kind}, {len}");
            }
        }
    }
}

#[test]
fn raw_ecdh_messages_of_the_sdk_open_and_no_altered_wrap_does() {
    let answers = answers("raw-ecdh");
    assert_eq!(answers.len(), 18);
    // The next to each other differ in suite and context only.
    answers.iter().step_by(3).for_each(KnownAnswer::opens_as_it_is_only);
    for answer in &answers {
        answer.opens();
        let public = answer.recipient_public_key.as_ref().unwrap();
        let PublicKey::Ec(public) = pem::read_public(public.as_bytes()).unwrap() else {
            unreachable!("a key on a curve")
        };
        answer.opens_under_its_shared_secret_only(&public);
        let name = answer.keyring().keys()[0].current().name.clone();
        assert_eq!(hex::encode(public.as_bytes()), name);
        // With the public half alone nothing opens.
        let version = KeyVersion::of_public(1, &public);
        let keyring = keyring_of(public.curve().into(), version);
        let Err(error) = answer.opened(&answer.message(), &keyring) else {
            unreachable!("a public half opened it")
        };
        assert!(matches!(error, OpenError::Locked { error: ResolveError::Unusable(_), .. }));
    }
}

#[test]
fn branch_key_messages_open_and_no_altered_wrap_does() {
    let answers = answers("aws-kms-hierarchy");
    assert_eq!(answers.len(), 2);
    for answer in &answers {
        answer.opens();
        answer.opens_as_it_is_only();
    }
}

#[test]
fn raw_rsa_messages_of_the_sdk_open_and_no_altered_wrap_does() {
    let answers = answers("raw-rsa");
    assert_eq!(answers.len(), 5);
    for answer in answers.iter().filter(|_| IS_BUILT) {
        answer.opens();
        answer.opens_as_it_is_only();
    }
}
