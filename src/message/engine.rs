//! AES-GCM: the one file that names the cipher's crate.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::{Aes192, cipher::consts::U12};
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm, KeyInit};

/// Bytes of an initialisation vector.
pub const IV_LEN: usize = 12;

/// Bytes of an authentication tag.
pub const TAG_LEN: usize = 16;

/// An initialisation vector. No two uses of one key may share it.
pub type Iv = [u8; IV_LEN];

/// An authentication tag.
pub type Tag = [u8; TAG_LEN];

/// The tag does not fit: something was altered, or the key is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the authentication tag does not fit")]
pub struct TagMismatch;

/// AES-GCM under one key of 128, 192 or 256 bits.
///
/// The key schedule lives on the heap, so that moving this copies no secret, and is wiped on drop.
pub struct Gcm(Box<KeySchedule>);

enum KeySchedule {
    Aes128(Aes128Gcm),
    Aes192(AesGcm<Aes192, U12>),
    Aes256(Aes256Gcm),
}

impl Gcm {
    /// Expands `key`; `None` unless it is 16, 24 or 32 bytes long.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        let schedule = match key.len() {
            16 => KeySchedule::Aes128(Aes128Gcm::new_from_slice(key).ok()?),
            24 => KeySchedule::Aes192(AesGcm::new_from_slice(key).ok()?),
            32 => KeySchedule::Aes256(Aes256Gcm::new_from_slice(key).ok()?),
            _ => return None,
        };
        Some(Self(Box::new(schedule)))
    }

    /// Encrypts `buffer` in place and returns the tag over it and `associated_data`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "fails only beyond 64 GiB, more than any buffer here")]
    #[expect(clippy::missing_panics_doc, reason = "the same")]
    pub fn seal(&self, iv: &Iv, associated_data: &[u8], buffer: &mut [u8]) -> Tag {
        let (iv, buffer) = (iv.into(), InOutBuf::from(buffer));
        match &*self.0 {
            KeySchedule::Aes128(aes) => aes.encrypt_inout_detached(iv, associated_data, buffer),
            KeySchedule::Aes192(aes) => aes.encrypt_inout_detached(iv, associated_data, buffer),
            KeySchedule::Aes256(aes) => aes.encrypt_inout_detached(iv, associated_data, buffer),
        }
        .expect("a buffer in memory is within the limit of AES-GCM")
        .into()
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
        let (iv, tag, buffer) = (iv.into(), tag.into(), InOutBuf::from(buffer));
        match &*self.0 {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 16 of the GCM specification (McGrew and Viega).
    #[test]
    fn known_answer() {
        let key = hex::decode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        let iv: Iv = hex::decode("cafebabefacedbaddecaf888").unwrap().try_into().unwrap();
        let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let plaintext = hex::decode(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        )
        .unwrap();
        let mut buffer = plaintext.clone();
        let gcm = Gcm::new(&key.unwrap()).unwrap();
        let tag = gcm.seal(&iv, &aad, &mut buffer);
        assert_eq!(hex::encode(tag), "76fc6ece0f4e1768cddf8853bb2d551b");
        assert_eq!(hex::encode(&buffer[..8]), "522dc1f099567d07");
        gcm.open(&iv, &aad, &mut buffer, &tag).unwrap();
        assert_eq!(buffer, plaintext);
    }

    #[test]
    fn a_wrong_tag_leaves_the_buffer_as_it_was() {
        for len in [16, 24, 32] {
            let gcm = Gcm::new(&vec![7; len]).unwrap();
            let mut buffer = *b"some text";
            let mut tag = gcm.seal(&[0; 12], b"", &mut buffer);
            let sealed = buffer;
            tag[15] ^= 1;
            assert_eq!(gcm.open(&[0; 12], b"", &mut buffer, &tag), Err(TagMismatch));
            assert_eq!(buffer, sealed);
        }
    }

    #[test]
    fn other_key_lengths_are_none() {
        for len in [0, 15, 17, 31, 33] {
            assert!(Gcm::new(&vec![0; len]).is_none());
        }
    }
}
