//! Law: a key on a curve that is read, from PEM or from DER, is written as PEM that is read as the same key, and written
//! again as the same text; and no text makes the reader panic.

#![no_main]

use enwrap::crypto::der::{self, PrivateKey, PublicKey};
use enwrap::keyring::exchange::Half;
use enwrap::keyring::{KeyVersion, Kind, pem};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let privates =
        [pem::read_private(data).ok(), der::read_pkcs8(data).ok(), der::read_sec1(data).ok()];
    for key in privates.into_iter().flatten() {
        if let PrivateKey::Ec(key) = key {
            let kind = Kind::from(key.public().curve());
            let version = KeyVersion::of_pair(1, key);
            let text = written(kind, &version, Half::All);
            let Ok(PrivateKey::Ec(again)) = pem::read_private(&text) else {
                panic!("a key that was written is not read")
            };
            let again = KeyVersion::of_pair(1, again);
            assert_eq!((&again.name, &again.material), (&version.name, &version.material));
            assert_eq!(written(kind, &again, Half::All), text);
            hold_of_public(kind, &version);
        }
    }
    let publics = [pem::read_public(data).ok(), der::read_spki(data).ok()];
    for key in publics.into_iter().flatten() {
        if let PublicKey::Ec(key) = key {
            hold_of_public(key.curve().into(), &KeyVersion::of_public(1, &key));
        }
    }
    // There is no RSA in this build, so that these are refused after their size.
    assert!(der::read_pkcs1(data).is_err() && der::read_pkcs1_public(data).is_err());
});

fn hold_of_public(kind: Kind, version: &KeyVersion) {
    let text = written(kind, version, Half::Public);
    let Ok(PublicKey::Ec(again)) = pem::read_public(&text) else {
        panic!("a key that was written is not read")
    };
    assert_eq!(KeyVersion::of_public(1, &again).name, version.name);
}

fn written(kind: Kind, version: &KeyVersion, half: Half) -> Vec<u8> {
    pem::write(kind, version, half).unwrap().expose().to_vec()
}
