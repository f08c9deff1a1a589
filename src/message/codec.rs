//! Reads a header field by field, within a limit, and writes fields with their lengths.

use std::io::Read;

use crate::fs::read_full::read_full;

use super::{Limit, Limits, MessageError, MessagePart};

/// A reader of header fields that keeps every byte it has read.
///
/// The header's tag covers the bytes as they were read, so they are kept instead of being serialised again. Each length
/// is checked against the limit before memory is allocated for it.
pub struct FieldReader<R> {
    source: R,
    raw: Vec<u8>,
    limit: usize,
}

impl<R: Read> FieldReader<R> {
    /// Begins at the next byte of `source`.
    pub fn new(source: R, limits: &Limits) -> Self {
        Self {
            source,
            raw: Vec::with_capacity(512.min(limits.header_size)),
            limit: limits.header_size,
        }
    }

    /// Returns all bytes read so far.
    pub fn into_raw(self) -> Vec<u8> {
        self.raw
    }

    /// Returns the number of bytes read so far.
    pub fn position(&self) -> usize {
        self.raw.len()
    }

    /// Reads the next `len` bytes.
    ///
    /// # Errors
    /// [`MessageError::LimitExceeded`], before memory is allocated; [`MessageError::Truncated`], if the source ends
    /// before; or the error of the source.
    pub fn take(&mut self, len: usize) -> Result<&[u8], MessageError> {
        let start = self.raw.len();
        let end = start + len;
        if end > self.limit {
            return Err(MessageError::LimitExceeded {
                limit: Limit::HeaderSize,
                found: end as u64,
                allowed: self.limit as u64,
            });
        }
        self.raw.resize(end, 0);
        let read =
            read_full(&mut self.source, &mut self.raw[start..]).map_err(MessageError::of_source)?;
        if read < len {
            let after = (start + read) as u64;
            return Err(MessageError::Truncated { after, part: MessagePart::Header });
        }
        Ok(&self.raw[start..])
    }

    /// Reads the next `N` bytes.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Reads a 16-bit number.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_u16(&mut self) -> Result<u16, MessageError> {
        self.take_array().map(u16::from_be_bytes)
    }

    /// Reads a 32-bit number.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_u32(&mut self) -> Result<u32, MessageError> {
        self.take_array().map(u32::from_be_bytes)
    }

    /// Reads a field that follows its own 16-bit length.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_sized(&mut self) -> Result<&[u8], MessageError> {
        let len = self.take_u16()?;
        self.take(usize::from(len))
    }
}

/// Appends the 16-bit length of `field`, and `field` itself.
///
/// # Errors
/// The length of `field`, if it does not fit into 16 bits.
pub fn push_sized(bytes: &mut Vec<u8>, field: &[u8]) -> Result<(), usize> {
    let len = u16::try_from(field.len()).map_err(|_| field.len())?;
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(field);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &[u8], header_size: usize) -> FieldReader<&[u8]> {
        FieldReader::new(bytes, &Limits { header_size, ..Limits::default() })
    }

    #[test]
    fn the_bytes_that_were_read_are_kept() {
        let mut reader = reader(&[1, 2, 0, 2, 8, 9, 7], 100);
        assert_eq!(reader.take_u16().unwrap(), 0x0102);
        assert_eq!(reader.take_sized().unwrap(), [8, 9]);
        assert_eq!(reader.into_raw(), [1, 2, 0, 2, 8, 9]);
    }

    #[test]
    fn an_early_end_is_reported_with_its_place() {
        let mut reader = reader(&[0, 5, 8, 9], 100);
        let error = reader.take_sized().unwrap_err();
        assert!(matches!(error, MessageError::Truncated { after: 4, part: MessagePart::Header }));
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_it_is_read() {
        let mut reader = reader(&[0xFF, 0xFF, 8, 9], 100);
        let error = reader.take_sized().unwrap_err();
        assert!(matches!(
            error,
            MessageError::LimitExceeded { limit: Limit::HeaderSize, found: 65_537, allowed: 100 }
        ));
        assert_eq!(reader.position(), 2);
    }

    #[test]
    fn a_field_is_at_most_65_535_bytes() {
        let mut bytes = Vec::new();
        assert_eq!(push_sized(&mut bytes, &[0; 65_536]), Err(65_536));
        assert_eq!(push_sized(&mut bytes, &[7]), Ok(()));
        assert_eq!(bytes, [0, 1, 7]);
    }
}
