//! Law: exported keys that are read are written and read again as the same, and no bytes are read as keys with an error
//! in them.

#![no_main]

use enwrap::keyring::exchange::{Half, KeySelection, from_json};
use enwrap::keyring::key::RsaPublic;
use enwrap::keyring::model::kms_arn::KmsArn;
use enwrap::keyring::{Key, Kind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(keys) = from_json(data) else { return };
    assert!(!keys.is_empty());
    let text = written(&keys);
    let again = from_json(text.as_bytes()).unwrap();
    assert_eq!(facts(&again), facts(&keys));
    assert_eq!(written(&again), text);
});

fn written(keys: &[Key]) -> String {
    let versions = keys
        .iter()
        .flat_map(|key| key.versions().iter().map(move |version| (key, version)))
        .collect();
    let text = KeySelection { versions, half: Half::All, decrypt_only: false }.to_json().unwrap();
    String::from_utf8(text.expose().to_vec()).unwrap()
}

type Fact =
    (String, Kind, bool, u32, String, String, Option<RsaPublic>, Option<KmsArn>, Option<Vec<u8>>);

/// All but the time of the import.
fn facts(keys: &[Key]) -> Vec<Fact> {
    let of_key = |key: &Key| {
        let versions = key.versions().iter().map(|version| {
            let material = version.material.as_ref().map(|it| it.secret().expose().to_vec());
            let (id, is_decrypt_only) = (key.id().to_string(), key.is_decrypt_only());
            let (namespace, name) = (version.namespace.clone(), version.name.clone());
            let (rsa, arn) = (version.rsa.clone(), version.aws_kms.clone());
            (id, key.kind(), is_decrypt_only, version.number, namespace, name, rsa, arn, material)
        });
        versions.collect::<Vec<_>>()
    };
    keys.iter().flat_map(of_key).collect()
}
