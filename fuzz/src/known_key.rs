//! The wrapping key of the known answers in `tests/vectors`, in a keyring.

use std::sync::OnceLock;

use enwrap::keyring::{Key, KeyVersion, Kind, Material, RootKeys, file};
use enwrap::{Keyring, KeyringOptions};

pub const NAMESPACE: &str = "my-ns";
pub const NAME: &str = "key-1";

const MATERIAL: &[u8] = b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Returns the bytes of the wrapping key.
pub fn material() -> Vec<u8> {
    hex::decode(MATERIAL).unwrap()
}

/// Returns the keyring, as the rooms below the library have it.
pub fn root_keys() -> &'static RootKeys {
    static ROOT_KEYS: OnceLock<RootKeys> = OnceLock::new();
    ROOT_KEYS.get_or_init(|| {
        let material = Material::from_hex(MATERIAL).unwrap();
        let version = KeyVersion::new(1, NAMESPACE, NAME, Some(material));
        let mut keyring = RootKeys::default();
        keyring.add(Key::import(Kind::Aes, version).unwrap()).unwrap();
        keyring
    })
}

/// Returns the keyring, as programs open it.
pub fn keyring() -> &'static Keyring {
    static KEYRING: OnceLock<Keyring> = OnceLock::new();
    KEYRING.get_or_init(|| {
        let bytes = file::encode(root_keys(), 1, None).unwrap();
        KeyringOptions::new().open_bytes(bytes.expose()).unwrap()
    })
}
