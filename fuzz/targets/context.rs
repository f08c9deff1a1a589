//! Law: a serialised encryption context that parses serialises to the same bytes, and pairs that were inserted in any
//! order come back from the bytes.

#![no_main]

use enwrap::message::context::EncryptionContext;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(context) = EncryptionContext::parse(data) {
        assert_eq!(context.serialise(), data);
        insert_backwards(&context);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut context = EncryptionContext::default();
    let mut pairs = Vec::new();
    for line in text.lines() {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let before = context.clone();
        match context.insert(key, value) {
            Ok(()) => pairs.push((key, value)),
            Err(_) => assert_eq!(context, before, "what was refused changes nothing"),
        }
    }
    pairs.sort_unstable();
    assert!(context.iter().eq(pairs));
    let bytes = context.serialise();
    assert!(bytes.len() <= usize::from(u16::MAX));
    assert_eq!(EncryptionContext::parse(&bytes), Ok(context));
});

fn insert_backwards(context: &EncryptionContext) {
    let pairs: Vec<_> = context.iter().collect();
    let mut again = EncryptionContext::default();
    for (key, value) in pairs.iter().rev() {
        again.insert_allowing_reserved(key, value).unwrap();
    }
    assert_eq!(again, *context);
}
