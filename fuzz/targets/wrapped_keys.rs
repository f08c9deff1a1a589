//! Law: of the wraps under keys of other kinds than AES, one is opened only if it is a known one, byte for byte; and
//! where its names are disregarded, only to a known data key.
//!
//! The first byte chooses a known answer, for its key and its context, which another one can have too; an encrypted data
//! key follows.

#![no_main]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use enwrap::crypto::der::PrivateKey;
use enwrap::keyring::{Key, KeyVersion, Kind, Material, RootKeys, pem};
use enwrap::keys::service::{Candidate, KeyService};
use enwrap::message::Limits;
use enwrap::message::context::EncryptionContext;
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use enwrap::message::header::ParsedHeader;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

struct Known {
    keyring: RootKeys,
    context: EncryptionContext,
    wrapped: EncryptedDataKey,
    data_key: Vec<u8>,
}

fuzz_target!(|data: &[u8]| {
    let Some((number, bytes)) = data.split_first() else { return };
    let Some(known) = known_answers().get(number) else { return };
    let Ok(wrapped) = EncryptedDataKey::parse(bytes) else { return };
    let alike = || known_answers().values().filter(|it| it.has_key_and_context_of(known));
    let right = alike().find(|it| it.wrapped == wrapped).map(|it| it.data_key.clone());
    assert_eq!(opened(known, &wrapped, known.keyring.candidates(&wrapped)), right);
    if let Some(found) = opened(known, &wrapped, known.keyring.unnamed_candidates(&wrapped)) {
        assert!(alike().any(|it| it.data_key == found));
    }
});

impl Known {
    fn has_key_and_context_of(&self, other: &Self) -> bool {
        let name = |known: &Self| known.keyring.keys()[0].current().name.clone();
        name(self) == name(other) && self.context == other.context
    }
}

fn opened(
    known: &Known,
    wrapped: &EncryptedDataKey,
    candidates: Vec<Candidate<'_>>,
) -> Option<Vec<u8>> {
    let unwrap = |it: &Candidate<'_>| it.unwrapper.unwrap(wrapped, &known.context).ok();
    candidates.iter().find_map(unwrap).map(|key| key.expose().to_vec())
}

/// The known answers by their number, without those of RSA, which is not in this build.
fn known_answers() -> &'static BTreeMap<u8, Known> {
    static KNOWN: OnceLock<BTreeMap<u8, Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let text = include_str!("../../tests/vectors/asymmetric-known-answers.json");
        let rows: Vec<Value> = serde_json::from_str(text).unwrap();
        let numbered = (0..).zip(&rows).filter(|(_, row)| row["kind"] != "raw-rsa");
        numbered.map(|(number, row)| (number, known_of(row))).collect()
    })
}

fn known_of(row: &Value) -> Known {
    let text = |member: &str| row[member].as_str().unwrap();
    let (kind, version) = match row.get("recipient_private_key") {
        Some(private) => {
            let Ok(PrivateKey::Ec(key)) = pem::read_private(private.as_str().unwrap().as_bytes())
            else {
                panic!("a known key is not read")
            };
            (Kind::from(key.public().curve()), KeyVersion::of_pair(1, key))
        }
        None => {
            let name = format!("{}/{}", text("branch_key_id"), text("branch_key_version"));
            let material = Material::from_hex(text("branch_key").as_bytes());
            (Kind::Branch, KeyVersion::new(1, "aws-kms-hierarchy", &name, material))
        }
    };
    let mut keyring = RootKeys::default();
    keyring.add(Key::import(kind, version).unwrap()).unwrap();
    let message = hex::decode(text("message")).unwrap();
    let mut header = ParsedHeader::read(&mut &message[..], &Limits::default()).unwrap();
    Known {
        keyring,
        context: header.fields.context,
        wrapped: header.fields.encrypted_data_keys.remove(0),
        data_key: hex::decode(text("data_key")).unwrap(),
    }
}
