//! The encryption context: pairs of text that are authenticated with a message, and never secret.
//!
//! Serialised as the SDK's `framework/structures.md` says: nothing at all for an empty map, else
//! `pair count u16`, then per pair `key length u16 | key | value length u16 | value`, UTF-8, in
//! ascending order of the keys' bytes, no key twice. The same bytes stand in the header and are the
//! associated data of every data-key wrap.

use std::collections::BTreeMap;

/// Keys with this prefix belong to the SDK itself.
pub const RESERVED_PREFIX: &str = "aws-crypto-";

/// The context pair that carries a signed message's public key.
pub const PUBLIC_KEY: &str = "aws-crypto-public-key";

/// The header's length field has 16 bits.
const MAX_SERIALISED: usize = u16::MAX as usize;

/// Why a context cannot be built from what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// A pair without a key.
    #[error("an encryption context key is empty")]
    EmptyKey,
    /// A key that belongs to the SDK.
    #[error(
        "the encryption context key '{key}' is reserved: no key may begin with '{RESERVED_PREFIX}'"
    )]
    Reserved {
        /// The refused key.
        key: String,
    },
    /// One key, two values.
    #[error("the encryption context key '{key}' is given twice")]
    Duplicate {
        /// The repeated key.
        key: String,
    },
    /// More than the format can hold.
    #[error(
        "the encryption context is {len} bytes long when serialised; the format holds {MAX_SERIALISED}"
    )]
    TooLong {
        /// The serialised length.
        len: usize,
    },
}

/// What is wrong with the bytes of a serialised context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextSyntaxError {
    /// A length points past the end.
    #[error("a length points past its end")]
    Overrun,
    /// Bytes after the last pair.
    #[error("bytes follow the last pair")]
    Trailing,
    /// A count of zero, which an empty context must not have.
    #[error("an empty map must have no bytes at all")]
    EmptyCount,
    /// A key or value that is no text.
    #[error("a key or value is not UTF-8")]
    NotUtf8,
    /// Keys out of order, or one key twice.
    #[error("its keys are not in ascending order, each once")]
    Order,
}

/// An encryption context: text pairs, sorted by the bytes of their keys.
///
/// It always serialises within the format's limit: nothing that would not is taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionContext {
    // A `String` orders by its UTF-8 bytes, which is the order the format asks for.
    pairs: BTreeMap<String, String>,
}

impl EncryptionContext {
    /// Adds a pair that a user gave.
    ///
    /// # Errors
    /// An empty, reserved or repeated key, or a context longer than 65,535 bytes; the context is then
    /// as it was.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), ContextError> {
        if key.is_empty() {
            return Err(ContextError::EmptyKey);
        }
        if key.starts_with(RESERVED_PREFIX) {
            return Err(ContextError::Reserved { key: key.to_owned() });
        }
        self.insert_allowing_reserved(key, value)
    }

    /// Adds a pair of any key: the SDKs store pairs with reserved keys, and some writers an empty key.
    ///
    /// # Errors
    /// A repeated key, or a context longer than 65,535 bytes; the context is then as it was.
    pub fn insert_allowing_reserved(&mut self, key: &str, value: &str) -> Result<(), ContextError> {
        if self.pairs.contains_key(key) {
            return Err(ContextError::Duplicate { key: key.to_owned() });
        }
        let len = self.serialised_len().max(2) + 4 + key.len() + value.len();
        if len > MAX_SERIALISED {
            return Err(ContextError::TooLong { len });
        }
        self.pairs.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }

    /// The pairs in the order of the format.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Takes a pair out; a key that is not there is no error.
    pub fn remove(&mut self, key: &str) {
        self.pairs.remove(key);
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// These pairs and `other`'s: the full context of a message whose stored pairs these are.
    ///
    /// # Errors
    /// A key that stands in both, or more than 65,535 bytes together.
    pub fn union(&self, other: &Self) -> Result<Self, ContextError> {
        let mut union = self.clone();
        for (key, value) in other.iter() {
            union.insert_allowing_reserved(key, value)?;
        }
        Ok(union)
    }

    fn serialised_len(&self) -> usize {
        let pairs: usize = self.iter().map(|(key, value)| 4 + key.len() + value.len()).sum();
        if self.is_empty() { 0 } else { 2 + pairs }
    }

    /// The bytes of the format: none for an empty context.
    #[must_use]
    pub fn serialise(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.serialised_len());
        if self.is_empty() {
            return bytes;
        }
        let push_len = |bytes: &mut Vec<u8>, len: usize| {
            debug_assert!(len <= MAX_SERIALISED, "every way in bounds the whole");
            bytes.extend_from_slice(&u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes());
        };
        push_len(&mut bytes, self.pairs.len());
        for (key, value) in self.iter() {
            push_len(&mut bytes, key.len());
            bytes.extend_from_slice(key.as_bytes());
            push_len(&mut bytes, value.len());
            bytes.extend_from_slice(value.as_bytes());
        }
        bytes
    }

    /// Reads the bytes of the format; what it accepts serialises to the same bytes again.
    ///
    /// # Errors
    /// Anything that a writer following the format cannot have written.
    pub fn parse(bytes: &[u8]) -> Result<Self, ContextSyntaxError> {
        let mut context = Self::default();
        if bytes.is_empty() {
            return Ok(context);
        }
        let mut rest = bytes;
        let count = take_u16(&mut rest)?;
        if count == 0 {
            return Err(ContextSyntaxError::EmptyCount);
        }
        for _ in 0..count {
            let key = take_text(&mut rest)?;
            let value = take_text(&mut rest)?;
            if context.pairs.last_key_value().is_some_and(|(last, _)| last.as_str() >= key) {
                return Err(ContextSyntaxError::Order);
            }
            context.pairs.insert(key.to_owned(), value.to_owned());
        }
        if rest.is_empty() { Ok(context) } else { Err(ContextSyntaxError::Trailing) }
    }
}

fn take_u16(rest: &mut &[u8]) -> Result<usize, ContextSyntaxError> {
    let (number, after) = rest.split_first_chunk::<2>().ok_or(ContextSyntaxError::Overrun)?;
    *rest = after;
    Ok(usize::from(u16::from_be_bytes(*number)))
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, ContextSyntaxError> {
    let len = take_u16(rest)?;
    let (text, after) = rest.split_at_checked(len).ok_or(ContextSyntaxError::Overrun)?;
    *rest = after;
    std::str::from_utf8(text).map_err(|_| ContextSyntaxError::NotUtf8)
}

/// A context of these pairs, for tests everywhere.
#[cfg(test)]
pub(crate) fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    let mut context = EncryptionContext::default();
    for (key, value) in pairs {
        context.insert(key, value).unwrap();
    }
    context
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn serialises_in_byte_order() {
        // From the known answers: a < purpose < é, whatever order they came in.
        let bytes = context(&[("purpose", "test"), ("é", "ü"), ("a", "1")]).serialise();
        let expected = "000300016100013100077075 72706f7365000474657374 0002c3a90002c3bc";
        assert_eq!(hex::encode(bytes), expected.replace(' ', ""));
        assert!(EncryptionContext::default().serialise().is_empty());
    }

    #[test]
    fn refuses_keys_of_the_sdk_empty_keys_and_repeats() {
        let mut context = context(&[("k", "v")]);
        let reserved = ContextError::Reserved { key: PUBLIC_KEY.to_owned() };
        assert_eq!(context.insert(PUBLIC_KEY, "x"), Err(reserved));
        assert_eq!(context.insert("", "x"), Err(ContextError::EmptyKey));
        assert_eq!(context.insert("k", "w"), Err(ContextError::Duplicate { key: "k".to_owned() }));
        assert_eq!(context.get("k"), Some("v"));
    }

    #[test]
    fn holds_65_535_bytes_and_not_one_more() {
        let fits = "v".repeat(MAX_SERIALISED - 2 - 4 - 1);
        assert_eq!(context(&[("k", &fits)]).serialise().len(), MAX_SERIALISED);
        let mut context = EncryptionContext::default();
        let error = context.insert("k", &format!("{fits}v")).unwrap_err();
        assert_eq!(error, ContextError::TooLong { len: MAX_SERIALISED + 1 });
        assert!(context.is_empty());
    }

    #[test]
    fn each_fault_of_the_bytes_has_its_name() {
        let parse = |text: &str| EncryptionContext::parse(&hex::decode(text).unwrap()).unwrap_err();
        assert_eq!(parse("00"), ContextSyntaxError::Overrun);
        assert_eq!(parse("0000"), ContextSyntaxError::EmptyCount);
        assert_eq!(parse("000100016b0002ff"), ContextSyntaxError::Overrun);
        assert_eq!(parse("000100016b0001ff"), ContextSyntaxError::NotUtf8);
        assert_eq!(parse("000100016b00017600"), ContextSyntaxError::Trailing);
        assert_eq!(parse("000200016b00017600016b000176"), ContextSyntaxError::Order);
        assert_eq!(parse("0002000162000176000161000176"), ContextSyntaxError::Order);
    }

    proptest! {
        #[test]
        fn parses_what_it_serialised(pairs in proptest::collection::btree_map(".{1,8}", ".{0,8}", 0..6)) {
            let mut context = EncryptionContext::default();
            for (key, value) in &pairs {
                context.insert(key, value).unwrap();
            }
            prop_assert_eq!(EncryptionContext::parse(&context.serialise()), Ok(context));
        }

        #[test]
        fn what_parses_serialises_to_the_same_bytes(bytes in proptest::collection::vec(0u8..4, 0..24)) {
            if let Ok(context) = EncryptionContext::parse(&bytes) {
                prop_assert_eq!(context.serialise(), bytes);
            }
        }
    }
}
