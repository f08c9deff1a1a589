//! Law: a blob that parses, as bytes or as base64, serialises to bytes that parse to the same, and so does base64 of
//! them. What opens with the known key is wrapped and opened again with the same result. What AWS KMS may have made is no
//! text, has a length that it can have, and is the same as base64.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enwrap::keys::aws_kms::api::MOST_BLOB_BYTES;
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use enwrap::operations::datakey::{Blob, parse_blob, serialise_blob};
use enwrap::{DecryptOptions, decrypt_data_key};
use enwrap_fuzz::known_key;
use libfuzzer_sys::fuzz_target;

fn own(form: &[u8]) -> EncryptedDataKey {
    parse_blob(form).unwrap().own().unwrap()
}

fuzz_target!(|data: &[u8]| {
    let options = DecryptOptions::new(known_key::keyring());
    let blob = match parse_blob(data) {
        Ok(Blob::Own(blob)) => blob,
        Ok(Blob::OfService { bytes, .. }) => {
            assert!(bytes.len() <= MOST_BLOB_BYTES && std::str::from_utf8(&bytes).is_err());
            let text = STANDARD.encode(&bytes);
            let again = parse_blob(text.as_bytes());
            assert!(matches!(again, Ok(Blob::OfService { bytes: again, .. }) if again == bytes));
            assert!(decrypt_data_key(data, &options).is_err());
            return;
        }
        Err(_) => {
            assert!(decrypt_data_key(data, &options).is_err());
            return;
        }
    };
    let bytes = serialise_blob(&blob).unwrap();
    // A namespace of more than 2,303 bytes begins with what base64 could begin with.
    if bytes[0] < b'\t' {
        assert_eq!(own(&bytes), blob);
    }
    let mut text = STANDARD.encode(&bytes);
    assert_eq!(own(text.as_bytes()), blob);
    text.insert_str(text.len() / 2, "\r\n \t");
    assert_eq!(own(text.as_bytes()), blob);
    let opened = decrypt_data_key(data, &options);
    let again = decrypt_data_key(text.as_bytes(), &options);
    match (opened, again) {
        (Ok(key), Ok(again)) => assert_eq!(key, again),
        (Err(error), Err(again)) => assert_eq!(error.to_string(), again.to_string()),
        _ => panic!("base64 of a blob gives another result"),
    }
});
