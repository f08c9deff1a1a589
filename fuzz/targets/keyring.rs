//! Law: a keyring file that opens is encoded and parsed to the same keyring. A sealed one is opened only by its
//! passphrase, and only where its seal is as cheap as a seal may be.
//!
//! The checksum of the body is made right first: the fuzzer cannot find it.

#![no_main]

use enwrap::crypto::secret::SecretBytes;
use enwrap::keyring::Passphrase;
use enwrap::keyring::file::{KeyringFile, encode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

fuzz_target!(|data: &[u8]| {
    drop(KeyringFile::parse(data).map(|file| file.generation()));
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let header: Option<Value> = serde_json::from_slice(line).ok();
    let is_cheap = header.as_ref().is_some_and(has_cheap_seal);
    let Some(bytes) = header.and_then(|header| with_checksum(header, body)) else { return };
    let Ok(file) = KeyringFile::parse(&bytes) else { return };
    let generation = file.generation();
    if file.is_sealed() {
        assert!(file.keyring().is_err(), "it opens without its passphrase");
        if is_cheap {
            let text = SecretBytes::copy_of(b"passphrase");
            drop(file.unseal(&Passphrase::new(&text).unwrap()));
        }
        return;
    }
    let Ok(keyring) = file.keyring() else { return };
    let encoded = encode(&keyring, generation, None).unwrap();
    let again = KeyringFile::parse(encoded.expose()).unwrap();
    assert_eq!(again.generation(), generation);
    let again = again.keyring().unwrap();
    assert_eq!(again.keys(), keyring.keys());
    assert_eq!(encode(&again, generation, None).unwrap().expose(), encoded.expose());
});

/// Whether one try of a passphrase costs 8 MiB and one pass; or nothing, since the bounds refuse it.
fn has_cheap_seal(header: &Value) -> bool {
    let cost = &header["seal"]["parameters"];
    let number = |name: &str| cost[name].as_u64().unwrap_or(0);
    number("m_kib") <= 8 << 10 && number("t") <= 1 && number("p") <= 4
}

fn with_checksum(mut header: Value, body: &[u8]) -> Option<Vec<u8>> {
    let checksum = header.as_object_mut()?.get_mut("sha256")?;
    *checksum = hex::encode(Sha256::digest(body)).into();
    let mut bytes = serde_json::to_vec(&header).unwrap();
    bytes.push(b'\n');
    bytes.extend(body);
    Some(bytes)
}
