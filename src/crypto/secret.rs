//! Bytes that wipe themselves.
//!
//! Every secret of enwrap (a data key, a derived key, a root key's material, a keyring's text) is
//! one of these types. They have no `Clone`, their `Debug` shows a length only, they compare in
//! constant time, and they are overwritten when dropped. Reading one is a call of `expose`, so that
//! a search for that word finds every place where a secret becomes plain bytes.

use std::fmt;
use std::io;

use rand::TryRng as _;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A fixed number of secret bytes on the heap, wiped on drop.
pub struct SecretBytes(Box<[u8]>);

impl SecretBytes {
    /// Returns `len` zero bytes, to be filled through [`expose_mut`](Self::expose_mut).
    ///
    /// The length never changes afterwards: a buffer that grows leaves unwiped copies behind.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        Self(vec![0; len].into_boxed_slice())
    }

    /// Returns `len` bytes from the operating system's random number generator.
    ///
    /// # Errors
    /// When the system has no random numbers to give; enwrap never falls back to a weaker source.
    pub fn random(len: usize) -> io::Result<Self> {
        let mut secret = Self::zeroed(len);
        fill_random(&mut secret.0)?;
        Ok(secret)
    }

    /// Copies `bytes`; the caller's copy stays the caller's to wipe.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret itself, to be filled or encrypted in place.
    #[must_use]
    pub fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// The number of bytes, which is no secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        // As a slice, which is wiped whole; the box would be wiped byte by byte.
        (*self.0).zeroize();
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.0.len())
    }
}

impl PartialEq for SecretBytes {
    /// Compares in constant time for secrets of one length.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

/// The key that encrypts one message, before any derivation (AWS: plaintext data key).
#[derive(Debug, PartialEq, Eq)]
pub struct DataKey(SecretBytes);

impl DataKey {
    /// Draws a new data key of `len` bytes.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn generate(len: usize) -> io::Result<Self> {
        SecretBytes::random(len).map(Self)
    }

    /// Takes over bytes that were unwrapped.
    #[must_use]
    pub fn new(bytes: SecretBytes) -> Self {
        Self(bytes)
    }

    /// The key itself: for derivation, for a wrap, and for `datakey`, whose purpose is to show it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The number of bytes, which is no secret.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no data key is empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// A growing text of secrets, such as a keyring's JSON.
///
/// Growing moves the bytes; this wipes what they leave behind, which a `Vec` does not.
#[derive(Default)]
pub struct SecretText(Vec<u8>);

impl SecretText {
    /// The text so far.
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

    /// Reads `source` to its end, at most `limit` bytes.
    ///
    /// # Errors
    /// The source's own, or `InvalidData` when it holds more than `limit` bytes.
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
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
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
/// When the system has no random numbers to give.
pub fn fill_random(bytes: &mut [u8]) -> io::Result<()> {
    SysRng.try_fill_bytes(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_byte() {
        let secret = SecretBytes::copy_of(&[0xAB; 4]);
        assert_eq!(format!("{secret:?}"), "SecretBytes(4 bytes)");
        let key = DataKey::new(secret);
        assert_eq!(format!("{key:?}"), "DataKey(SecretBytes(4 bytes))");
        let mut text = SecretText::default();
        text.push(b"hunter2");
        assert_eq!(format!("{text:?}"), "SecretText(7 bytes)");
    }

    #[test]
    fn equal_only_when_length_and_bytes_are() {
        let secret = SecretBytes::copy_of(b"abc");
        assert_eq!(secret, SecretBytes::copy_of(b"abc"));
        assert_ne!(secret, SecretBytes::copy_of(b"abd"));
        assert_ne!(secret, SecretBytes::copy_of(b"abcd"));
    }

    #[test]
    fn text_keeps_everything_while_it_grows() {
        let long: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
        let text = SecretText::read_from(&long[..], long.len()).unwrap();
        assert_eq!(text.expose(), long);
        let error = SecretText::read_from(&long[..], long.len() - 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
