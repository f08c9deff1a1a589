//! An encrypted data key: one wrapped copy of a data key (`framework/structures.md`).
//!
//! It is serialised as `u16 length | provider id | u16 length | provider info | u16 length | ciphertext`, in headers,
//! and by itself as the result of `enwrap datakey`.

use std::io::Read;

use super::codec::{FieldReader, push_sized};
use super::{Limits, MessageError};

/// A data key that is wrapped under a wrapping key, with the fields that identify this key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EncryptedDataKey {
    /// The key provider: the namespace of a raw key, or `aws-kms`.
    pub provider_id: Vec<u8>,
    /// The name of the key at its provider, and further parameters of the wrapping, such as an IV.
    pub provider_info: Vec<u8>,
    /// The wrapped data key.
    pub ciphertext: Vec<u8>,
}

/// The error for a field that is longer than 65,535 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field of an encrypted data key is {len} bytes long; the format holds 65535")]
pub struct FieldTooLong {
    /// The field's length.
    pub len: usize,
}

impl EncryptedDataKey {
    /// Appends the serialised form to `bytes`.
    ///
    /// # Errors
    /// [`FieldTooLong`] for a field over 65,535 bytes.
    pub fn serialise_into(&self, bytes: &mut Vec<u8>) -> Result<(), FieldTooLong> {
        for field in [&self.provider_id, &self.provider_info, &self.ciphertext] {
            push_sized(bytes, field).map_err(|len| FieldTooLong { len })?;
        }
        Ok(())
    }

    /// Reads an encrypted data key from a header.
    ///
    /// # Errors
    /// As [`FieldReader::take`].
    pub fn read(reader: &mut FieldReader<impl Read>) -> Result<Self, MessageError> {
        Ok(Self {
            provider_id: reader.take_sized()?.to_vec(),
            provider_info: reader.take_sized()?.to_vec(),
            ciphertext: reader.take_sized()?.to_vec(),
        })
    }

    /// Parses `bytes`, which must be one encrypted data key and nothing else.
    ///
    /// # Errors
    /// [`MessageError::Empty`], [`MessageError::Truncated`] or [`MessageError::TrailingBytes`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.is_empty() {
            return Err(MessageError::Empty);
        }
        let mut reader = FieldReader::new(bytes, &Limits::default());
        let key = Self::read(&mut reader)?;
        if reader.position() < bytes.len() {
            return Err(MessageError::TrailingBytes { after: reader.position() as u64 });
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> EncryptedDataKey {
        EncryptedDataKey {
            provider_id: b"enwrap".to_vec(),
            provider_info: b"info".to_vec(),
            ciphertext: vec![9; 48],
        }
    }

    #[test]
    fn a_serialised_key_parses_and_cuts_and_extensions_are_refused() {
        let mut bytes = Vec::new();
        sample().serialise_into(&mut bytes).unwrap();
        assert_eq!(EncryptedDataKey::parse(&bytes).unwrap(), sample());
        for len in 1..bytes.len() {
            let error = EncryptedDataKey::parse(&bytes[..len]).unwrap_err();
            assert!(matches!(error, MessageError::Truncated { after, .. } if after == len as u64));
        }
        bytes.push(0);
        let error = EncryptedDataKey::parse(&bytes).unwrap_err();
        assert!(matches!(error, MessageError::TrailingBytes { after: 64 }), "{error}");
    }

    #[test]
    fn a_field_over_16_bits_is_refused() {
        let long = EncryptedDataKey { provider_id: vec![0; 65_536], ..sample() };
        let error = long.serialise_into(&mut Vec::new()).unwrap_err();
        assert_eq!(error, FieldTooLong { len: 65_536 });
    }
}
