//! Law: a blob that parses, as bytes or as base64, serialises to bytes that parse to the same, and so does base64 of
//! them. What opens with the known key is wrapped and opened again with the same result.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enwrap::operations::datakey::{parse_blob, serialise_blob};
use enwrap::{DecryptOptions, decrypt_data_key};
use enwrap_fuzz::known_key;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let options = DecryptOptions::new(known_key::keyring());
    let Ok(blob) = parse_blob(data) else {
        assert!(decrypt_data_key(data, &options).is_err());
        return;
    };
    let bytes = serialise_blob(&blob).unwrap();
    // A namespace of more than 2,303 bytes begins with what base64 could begin with.
    if bytes[0] < b'\t' {
        assert_eq!(parse_blob(&bytes).unwrap(), blob);
    }
    let mut text = STANDARD.encode(&bytes);
    assert_eq!(parse_blob(text.as_bytes()).unwrap(), blob);
    text.insert_str(text.len() / 2, "\r\n \t");
    assert_eq!(parse_blob(text.as_bytes()).unwrap(), blob);
    let opened = decrypt_data_key(data, &options);
    let again = decrypt_data_key(text.as_bytes(), &options);
    match (opened, again) {
        (Ok(key), Ok(again)) => assert_eq!(key, again),
        (Err(error), Err(again)) => assert_eq!(error.to_string(), again.to_string()),
        _ => panic!("base64 of a blob gives another result"),
    }
});
