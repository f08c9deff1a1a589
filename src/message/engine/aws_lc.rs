//! AES-GCM by AWS-LC, through the crate aws-lc-rs. No claim of FIPS validation is made by this.

use std::cell::RefCell;

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::{Iv, TAG_LEN, Tag, TagMismatch};

thread_local! {
    /// A copy of the ciphertext, which is no secret: the library opens from one place to another.
    static CIPHERTEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// AES-GCM under one key of 128, 192 or 256 bits; the library wipes the key schedule.
pub struct Gcm(Box<LessSafeKey>);

impl Gcm {
    /// Expands `key`; `None` unless it is 16, 24 or 32 bytes long.
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

    /// Encrypts `buffer` in place and returns the tag over it and `associated_data`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "fails only beyond 64 GiB, more than any buffer here")]
    #[expect(clippy::missing_panics_doc, reason = "the same")]
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

    /// Checks the tag, and only then decrypts `buffer` in place.
    ///
    /// # Errors
    /// [`TagMismatch`]; `buffer` is then unchanged.
    pub fn open(
        &self,
        iv: &Iv,
        associated_data: &[u8],
        buffer: &mut [u8],
        tag: &Tag,
    ) -> Result<(), TagMismatch> {
        let nonce = Nonce::assume_unique_for_key(*iv);
        CIPHERTEXT.with_borrow_mut(|ciphertext| {
            ciphertext.clear();
            ciphertext.extend_from_slice(buffer);
            let aad = Aad::from(associated_data);
            self.0.open_separate_gather(nonce, aad, ciphertext, tag, buffer).map_err(|_| {
                buffer.copy_from_slice(ciphertext);
                TagMismatch
            })
        })
    }
}
