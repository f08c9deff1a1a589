//! AES-GCM by AWS-LC, through the crate aws-lc-rs. It claims no FIPS validation.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{Iv, TAG_LEN, Tag, TagMismatch};

/// AES-GCM under one key of 128, 192 or 256 bits. AWS-LC wipes the key schedule.
pub struct Gcm(Box<LessSafeKey>);

impl Gcm {
    /// Returns the cipher for `key`; `None` unless the key is 16, 24 or 32 bytes long.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return None,
        };
        let key = UnboundKey::new(algorithm, key).ok()?;
        Some(Self(Box::new(LessSafeKey::new(key))))
    }

    /// AES-GCM-Encrypt(key, iv, associated data, buffer): encrypts `buffer` in place, and returns the tag.
    ///
    /// The tag covers `buffer` and `associated_data`. The caller must use each `iv` only once under a key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "fails only beyond 64 GiB, more than any buffer here")]
    pub fn seal(&self, iv: &Iv, associated_data: &[u8], buffer: &mut [u8]) -> Tag {
        let nonce = Nonce::assume_unique_for_key(*iv);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(associated_data), buffer)
            .expect("a buffer in memory is within the limit of AES-GCM");
        let mut bytes = [0; TAG_LEN];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// AES-GCM-Decrypt(key, iv, associated data, buffer, tag): verifies the tag, and decrypts `buffer` in place.
    ///
    /// # Errors
    /// [`TagMismatch`]. The content of `buffer` is then undefined, but holds no plaintext.
    pub fn open(
        &self,
        iv: &Iv,
        associated_data: &[u8],
        buffer: &mut [u8],
        tag: &Tag,
    ) -> Result<(), TagMismatch> {
        let nonce = Nonce::assume_unique_for_key(*iv);
        let aad = Aad::from(associated_data);
        if self.0.open_in_place_separate_tag(nonce, aad, tag, buffer).is_err() {
            // AWS-LC clears the buffer too, but does not document it.
            buffer.fill(0);
            return Err(TagMismatch);
        }
        Ok(())
    }
}
