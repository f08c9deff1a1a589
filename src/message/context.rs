//! The encryption context: pairs of text that are authenticated with a message, and are not secret.
//!
//! It is serialised as in `framework/structures.md`. An empty context has no bytes at all. Otherwise, the bytes are
//! `pair count u16`, and for each pair `key length u16 | key | value length u16 | value`, in UTF-8, in ascending order
//! of the bytes of the keys, which are distinct. The same bytes are a field of the header, and the associated data of
//! each wrapping of the data key.

use std::collections::BTreeMap;

/// The prefix of the keys that are reserved for the SDK.
pub const RESERVED_PREFIX: &str = "aws-crypto-";

/// The key of the pair that holds the public key of a signed message.
pub const PUBLIC_KEY: &str = "aws-crypto-public-key";

/// The greatest length of a serialised context: the header has 16 bits for the length.
const MAX_SERIALISED: usize = u16::MAX as usize;

/// Why a pair cannot be added to a context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The key is empty.
    #[error("an encryption context key is empty")]
    EmptyKey,
    /// The key is reserved for the SDK.
    #[error(
        "the encryption context key '{key}' is reserved: no key may begin with '{RESERVED_PREFIX}'"
    )]
    Reserved {
        /// The key.
        key: String,
    },
    /// The context has the key already.
    #[error("the encryption context key '{key}' is given twice")]
    Duplicate {
        /// The key.
        key: String,
    },
    /// The context would be longer than the format can hold.
    #[error(
        "the encryption context is {len} bytes long when serialised; the format holds {MAX_SERIALISED}"
    )]
    TooLong {
        /// The serialised length that it would have.
        len: usize,
    },
}

/// Why the bytes of a serialised context are invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextSyntaxError {
    /// A length reaches beyond the end.
    #[error("a length points past its end")]
    Overrun,
    /// Bytes follow the last pair.
    #[error("bytes follow the last pair")]
    Trailing,
    /// The pair count is zero; an empty context must have no bytes.
    #[error("an empty map must have no bytes at all")]
    EmptyCount,
    /// A key or value is not UTF-8.
    #[error("a key or value is not UTF-8")]
    NotUtf8,
    /// The keys are not in ascending order, or not distinct.
    #[error("its keys are not in ascending order, each once")]
    Order,
}

/// An encryption context: pairs of text, sorted by the bytes of their keys.
///
/// Its serialised form is never longer than 65,535 bytes, since no pair is added that would make it longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionContext {
    // Strings are ordered by their UTF-8 bytes, which is the order of the format.
    pairs: BTreeMap<String, String>,
}

impl EncryptionContext {
    /// Adds a pair that a user gave.
    ///
    /// # Errors
    /// [`ContextError`], if the key is empty, reserved or present already, or the context would be longer than 65,535
    /// bytes. The context is then unchanged.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), ContextError> {
        if key.is_empty() {
            return Err(ContextError::EmptyKey);
        }
        if key.starts_with(RESERVED_PREFIX) {
            return Err(ContextError::Reserved { key: key.to_owned() });
        }
        self.insert_allowing_reserved(key, value)
    }

    /// Adds a pair that comes from a message, whose key may be reserved or empty.
    ///
    /// # Errors
    /// [`ContextError`], if the key is present already, or the context would be longer than 65,535 bytes. The context
    /// is then unchanged.
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

    /// Returns the value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }

    /// Returns the pairs in the order of the format.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Removes the pair with the key `key`, if there is one.
    pub fn remove(&mut self, key: &str) {
        self.pairs.remove(key);
    }

    /// Returns whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns the pairs of both contexts, such as the stored and the bound pairs of a message.
    ///
    /// # Errors
    /// [`ContextError`], if a key is in both, or the union would be longer than 65,535 bytes.
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

    /// Returns the serialised form; it is empty for an empty context.
    #[must_use]
    pub fn serialise(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.serialised_len());
        if self.is_empty() {
            return bytes;
        }
        let push_len = |bytes: &mut Vec<u8>, len: usize| {
            debug_assert!(len <= MAX_SERIALISED, "insertion and parsing bound the length");
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

    /// Parses a serialised context. The result serialises to the same bytes again.
    ///
    /// # Errors
    /// [`ContextSyntaxError`], if the bytes are not the serialised form of any context.
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

/// Returns a context of `pairs`, for the tests of all modules.
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
    fn pairs_are_serialised_in_byte_order() {
        // From the known answers: the order is a < purpose < é, whatever the order of insertion.
        let bytes = context(&[("purpose", "test"), ("é", "ü"), ("a", "1")]).serialise();
        let expected = "000300016100013100077075 72706f7365000474657374 0002c3a90002c3bc";
        assert_eq!(hex::encode(bytes), expected.replace(' ', ""));
        assert!(EncryptionContext::default().serialise().is_empty());
    }

    #[test]
    fn reserved_empty_and_repeated_keys_are_refused() {
        let mut context = context(&[("k", "v")]);
        let reserved = ContextError::Reserved { key: PUBLIC_KEY.to_owned() };
        assert_eq!(context.insert(PUBLIC_KEY, "x"), Err(reserved));
        assert_eq!(context.insert("", "x"), Err(ContextError::EmptyKey));
        assert_eq!(context.insert("k", "w"), Err(ContextError::Duplicate { key: "k".to_owned() }));
        assert_eq!(context.get("k"), Some("v"));
    }

    #[test]
    fn a_context_holds_at_most_65_535_bytes() {
        let fits = "v".repeat(MAX_SERIALISED - 2 - 4 - 1);
        assert_eq!(context(&[("k", &fits)]).serialise().len(), MAX_SERIALISED);
        let mut context = EncryptionContext::default();
        let error = context.insert("k", &format!("{fits}v")).unwrap_err();
        assert_eq!(error, ContextError::TooLong { len: MAX_SERIALISED + 1 });
        assert!(context.is_empty());
        // All pairs count.
        context.insert("a", "b").unwrap();
        let error = context.insert("k", &fits).unwrap_err();
        assert_eq!(error, ContextError::TooLong { len: MAX_SERIALISED + 6 });
    }

    #[test]
    fn each_syntax_error_is_told_apart() {
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
        fn a_serialised_context_parses(pairs in proptest::collection::btree_map(".{1,8}", ".{0,8}", 0..6)) {
            let mut context = EncryptionContext::default();
            for (key, value) in &pairs {
                context.insert(key, value).unwrap();
            }
            prop_assert_eq!(EncryptionContext::parse(&context.serialise()), Ok(context));
        }

        #[test]
        fn a_parsed_context_serialises_to_the_same_bytes(bytes in proptest::collection::vec(0u8..4, 0..24)) {
            if let Ok(context) = EncryptionContext::parse(&bytes) {
                prop_assert_eq!(context.serialise(), bytes);
            }
        }
    }
}
