//! AES-GCM by the crate aes-gcm, which is pure Rust.

use std::sync::{Mutex, PoisonError};

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::{Aes192, cipher::consts::U12};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm, KeyInit};

use super::{Iv, Tag, TagMismatch};
use crate::crypto::locked::Page;

/// AES-GCM under one key of 128, 192 or 256 bits.
///
/// The key schedule stays where it is, so that moving this value copies no secret, and that is memory that is not
/// swapped out, where the system allows it. It is wiped on drop.
pub struct Gcm(Option<Schedule>);

type Schedule = Box<Page<Option<KeySchedule>>>;

/// The pages of key schedules that were wiped, for the next ones.
static FREE: Mutex<Vec<Schedule>> = Mutex::new(Vec::new());

enum KeySchedule {
    Aes128(Aes128Gcm),
    Aes192(AesGcm<Aes192, U12>),
    Aes256(Aes256Gcm),
}

impl Gcm {
    /// Returns the cipher for `key`; `None` unless the key is 16, 24 or 32 bytes long.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        let schedule = match key.len() {
            16 => KeySchedule::Aes128(Aes128Gcm::new_from_slice(key).ok()?),
            24 => KeySchedule::Aes192(AesGcm::new_from_slice(key).ok()?),
            32 => KeySchedule::Aes256(Aes256Gcm::new_from_slice(key).ok()?),
            _ => return None,
        };
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut page = free.unwrap_or_else(|| Page::locked(None));
        page.0 = Some(schedule);
        Some(Self(Some(page)))
    }

    #[expect(clippy::expect_used, reason = "there is one from `new` to `drop`")]
    fn schedule(&self) -> &KeySchedule {
        self.0.as_ref().and_then(|page| page.0.as_ref()).expect("a key schedule")
    }

    /// AES-GCM-Encrypt(key, iv, associated data, buffer): encrypts `buffer` in place, and returns the tag.
    ///
    /// The tag covers `buffer` and `associated_data`. The caller must use each `iv` only once under a key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "fails only beyond 64 GiB, more than any buffer here")]
    pub fn seal(&self, iv: &Iv, associated_data: &[u8], buffer: &mut [u8]) -> Tag {
        let (iv, buffer) = (iv.into(), InOutBuf::from(buffer));
        match self.schedule() {
            KeySchedule::Aes128(aes) => aes.encrypt_inout_detached(iv, associated_data, buffer),
            KeySchedule::Aes192(aes) => aes.encrypt_inout_detached(iv, associated_data, buffer),
            KeySchedule::Aes256(aes) => aes.encrypt_inout_detached(iv, associated_data, buffer),
        }
        .expect("a buffer in memory is within the limit of AES-GCM")
        .into()
    }

    /// AES-GCM-Decrypt(key, iv, associated data, buffer, tag): verifies the tag, and only then decrypts `buffer` in
    /// place.
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
        let (iv, tag, buffer) = (iv.into(), tag.into(), InOutBuf::from(buffer));
        match self.schedule() {
            KeySchedule::Aes128(aes) => {
                aes.decrypt_inout_detached(iv, associated_data, buffer, tag)
            }
            KeySchedule::Aes192(aes) => {
                aes.decrypt_inout_detached(iv, associated_data, buffer, tag)
            }
            KeySchedule::Aes256(aes) => {
                aes.decrypt_inout_detached(iv, associated_data, buffer, tag)
            }
        }
        .map_err(|_| TagMismatch)
    }
}

impl Drop for Gcm {
    fn drop(&mut self) {
        if let Some(mut page) = self.0.take() {
            page.0 = None;
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(page);
        }
    }
}
