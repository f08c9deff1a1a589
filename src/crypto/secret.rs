//! Secret bytes that are wiped when dropped, and random numbers.
//!
//! Every secret of enwrap (a data key, a derived key, the material of a root key, the text of a keyring) has one of
//! these types. They have no `Clone`, their `Debug` shows only the length, comparisons take constant time, and they
//! are overwritten when dropped. A secret is read by a call of `expose`, so that a search for this word finds every
//! place where a secret becomes plain bytes.

use std::fmt;
use std::io;

use rand::TryRng as _;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::locked::{SLOT, Slot};

/// A fixed number of secret bytes, which are wiped on drop. Keys are in memory that is not swapped out, where the system
/// allows it; buffers are on the heap.
pub struct SecretBytes(Place);

enum Place {
    /// As many bytes of a slot.
    Locked(Slot, usize),
    Heap(Box<[u8]>),
}

impl SecretBytes {
    /// Returns `len` zero bytes, to be filled through [`expose_mut`](Self::expose_mut).
    ///
    /// The length never changes afterwards: a buffer that grows leaves unwiped copies behind.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        Self(match len {
            1..=SLOT => Place::Locked(Slot::take(), len),
            _ => Place::Heap(vec![0; len].into_boxed_slice()),
        })
    }

    /// Returns `len` bytes from the operating system's random number generator.
    ///
    /// # Errors
    /// The system's own error if it has no random numbers. There is no fallback to a weaker source.
    pub fn random(len: usize) -> io::Result<Self> {
        let mut secret = Self::zeroed(len);
        fill_random(secret.expose_mut())?;
        Ok(secret)
    }

    /// Returns a copy of `bytes`. The caller has to wipe the original.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut secret = Self::zeroed(bytes.len());
        secret.expose_mut().copy_from_slice(bytes);
        secret
    }

    /// Returns `bytes` in hex. The caller has to wipe the original.
    #[must_use]
    pub fn hex_of(bytes: &[u8]) -> Self {
        let mut digits = Self::zeroed(bytes.len() * 2);
        let encoded = hex::encode_to_slice(bytes, digits.expose_mut());
        debug_assert!(encoded.is_ok(), "two digits a byte");
        digits
    }

    /// Returns the secret bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        match &self.0 {
            Place::Locked(slot, len) => &slot[..*len],
            Place::Heap(bytes) => bytes,
        }
    }

    /// Returns the secret bytes, to be filled or encrypted in place.
    #[must_use]
    pub fn expose_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Place::Locked(slot, len) => &mut slot[..*len],
            Place::Heap(bytes) => bytes,
        }
    }

    /// Returns the number of bytes, which is not secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.expose().len()
    }

    /// Returns whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        // A slot wipes itself. The slice is wiped as a whole: `zeroize` on the box would go byte by byte, which is slower.
        if let Place::Heap(bytes) = &mut self.0 {
            (**bytes).zeroize();
        }
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.len())
    }
}

impl PartialEq for SecretBytes {
    /// Compares in a time that depends on the lengths only.
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for SecretBytes {}

/// A data key in the clear, before any derivation. AWS calls it the plaintext data key.
///
/// [`generate_data_key`](crate::generate_data_key) and [`decrypt_data_key`](crate::decrypt_data_key) return one. It is wiped
/// when it is dropped, compares in constant time, and its `Debug` shows only its length.
#[derive(Debug, PartialEq, Eq)]
pub struct DataKey(SecretBytes);

impl DataKey {
    /// Returns a new random data key of `len` bytes.
    ///
    /// # Errors
    /// The system's own error if it has no random numbers.
    pub(crate) fn generate(len: usize) -> io::Result<Self> {
        SecretBytes::random(len).map(Self)
    }

    /// Returns the data key that consists of `bytes`, which were unwrapped.
    #[must_use]
    pub(crate) fn new(bytes: SecretBytes) -> Self {
        Self(bytes)
    }

    /// Returns the key's bytes, to derive from it, to wrap it, or to hand it to a caller who asked for a data key. Copies of
    /// them are the caller's to wipe.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// Returns the number of bytes, which is not secret.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no data key is empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// A secret text that can grow, such as the JSON of a keyring.
///
/// When it grows, the bytes move, and their old place is wiped. A `Vec` would leave them there.
#[derive(Default)]
pub struct SecretText(Vec<u8>);

impl SecretText {
    /// Returns the text.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Appends `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let capacity = (self.0.len() + bytes.len()).next_power_of_two().max(4096);
            let mut grown = Vec::with_capacity(capacity);
            grown.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = grown;
        }
        self.0.extend_from_slice(bytes);
    }

    /// Reads `source` to its end, and returns its text of at most `limit` bytes.
    ///
    /// # Errors
    /// The error of `source`, or `FileTooLarge` if it has more than `limit` bytes.
    pub fn read_from(mut source: impl io::Read, limit: usize) -> io::Result<Self> {
        let mut text = Self::default();
        let mut chunk = SecretBytes::zeroed(8192);
        loop {
            let read = match source.read(chunk.expose_mut()) {
                Ok(0) => return Ok(text),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if text.0.len() + read > limit {
                let problem = format!("it is larger than {limit} bytes");
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
            }
            text.push(&chunk.expose()[..read]);
        }
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}

impl io::Write for SecretText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fills `bytes` from the operating system's random number generator.
///
/// # Errors
/// The system's own error if it has no random numbers.
pub fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    SysRng.try_fill_bytes(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret_byte() {
        let secret = SecretBytes::copy_of(&[0xAB; 4]);
        assert_eq!(format!("{secret:?}"), "SecretBytes(4 bytes)");
        let key = DataKey::new(secret);
        assert_eq!(format!("{key:?}"), "DataKey(SecretBytes(4 bytes))");
        let mut text = SecretText::default();
        text.push(b"hunter2");
        assert_eq!(format!("{text:?}"), "SecretText(7 bytes)");
    }

    #[test]
    fn secrets_are_equal_only_if_lengths_and_bytes_are() {
        let secret = SecretBytes::copy_of(b"abc");
        assert_eq!(secret, SecretBytes::copy_of(b"abc"));
        assert_ne!(secret, SecretBytes::copy_of(b"abd"));
        assert_ne!(secret, SecretBytes::copy_of(b"abcd"));
    }

    #[test]
    fn a_growing_text_keeps_its_bytes() {
        let long: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
        let text = SecretText::read_from(&long[..], long.len()).unwrap();
        assert_eq!(text.expose(), long);
        let error = SecretText::read_from(&long[..], long.len() - 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
