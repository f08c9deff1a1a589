//! AES-GCM (NIST SP 800-38D), behind one interface. No other file names the crate of a cipher.
//!
//! There are two implementations, and the same tests run on both. `rustcrypto` wraps data keys, tags headers and seals
//! the keyring: small texts under long-lived keys, which it keeps in memory that is not swapped out. `aws_lc`, behind
//! the feature `aws-lc`, is faster and needs a C compiler; with it, frames are sealed and opened by AWS-LC.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod rustcrypto;

#[cfg(feature = "aws-lc")]
pub use aws_lc::Gcm as BulkGcm;
pub use rustcrypto::Gcm;
#[cfg(not(feature = "aws-lc"))]
pub use rustcrypto::Gcm as BulkGcm;

/// The name of the implementation that seals and opens frames.
pub const BULK: &str = if cfg!(feature = "aws-lc") { "AWS-LC" } else { "aes-gcm" };

/// The length of an initialisation vector in bytes.
pub const IV_LEN: usize = 12;

/// The length of an authentication tag in bytes.
pub const TAG_LEN: usize = 16;

/// An initialisation vector. No two encryptions under one key may use the same one.
pub type Iv = [u8; IV_LEN];

/// An authentication tag.
pub type Tag = [u8; TAG_LEN];

/// The error for a tag that does not match: the data was altered, or belongs to another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the authentication tag does not fit")]
pub struct TagMismatch;

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "aws-lc")]
    use crate::crypto::secret::SecretBytes;

    /// Has the same tests run on each implementation.
    macro_rules! tests_of {
        ($engine:ident, $Gcm:ty) => {
            mod $engine {
                use super::*;

                /// Test case 16 of the GCM specification (McGrew and Viega).
                #[test]
                fn a_known_answer_is_met() {
                    let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
                    let iv: Iv =
                        hex::decode("cafebabefacedbaddecaf888").unwrap().try_into().unwrap();
                    let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
                    let plaintext = hex::decode(
                        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                    )
                    .unwrap();
                    let mut buffer = plaintext.clone();
                    let gcm = <$Gcm>::new(&hex::decode(key).unwrap()).unwrap();
                    let tag = gcm.seal(&iv, &aad, &mut buffer);
                    assert_eq!(hex::encode(tag), "76fc6ece0f4e1768cddf8853bb2d551b");
                    assert_eq!(hex::encode(&buffer[..8]), "522dc1f099567d07");
                    gcm.open(&iv, &aad, &mut buffer, &tag).unwrap();
                    assert_eq!(buffer, plaintext);
                }

                #[test]
                fn a_wrong_tag_reveals_no_plaintext() {
                    // Longer than what either implementation processes at once.
                    let plaintext: Vec<u8> = (0..=255).cycle().take(100_003).collect();
                    for len in [16, 24, 32] {
                        let gcm = <$Gcm>::new(&vec![7; len]).unwrap();
                        let mut buffer = plaintext.clone();
                        let mut tag = gcm.seal(&[0; 12], b"", &mut buffer);
                        tag[15] ^= 1;
                        assert_eq!(gcm.open(&[0; 12], b"", &mut buffer, &tag), Err(TagMismatch));
                        for (left, secret) in buffer.chunks(16).zip(plaintext.chunks(16)) {
                            assert_ne!(left, secret);
                        }
                    }
                }

                #[test]
                fn other_key_lengths_are_refused() {
                    for len in [0, 15, 17, 31, 33] {
                        assert!(<$Gcm>::new(&vec![0; len]).is_none());
                    }
                }
            }
        };
    }

    tests_of!(bulk, BulkGcm);
    #[cfg(feature = "aws-lc")]
    tests_of!(wraps, Gcm);

    #[test]
    #[cfg(feature = "aws-lc")]
    fn each_opens_what_the_other_sealed() {
        for key_len in [16, 24, 32] {
            let key = SecretBytes::random(key_len).unwrap();
            let (wraps, bulk) = (Gcm::new(key.expose()), BulkGcm::new(key.expose()));
            let (wraps, bulk) = (wraps.unwrap(), bulk.unwrap());
            for len in [0, 1, 15, 16, 17, 4096, 100_003] {
                let plaintext: Vec<u8> = (0..=255).cycle().take(len).collect();
                let (mut one, mut other) = (plaintext.clone(), plaintext.clone());
                let tag = wraps.seal(&[3; 12], b"aad", &mut one);
                assert_eq!(bulk.seal(&[3; 12], b"aad", &mut other), tag);
                assert!(one == other);
                bulk.open(&[3; 12], b"aad", &mut one, &tag).unwrap();
                wraps.open(&[3; 12], b"aad", &mut other, &tag).unwrap();
                assert!(one == plaintext && other == plaintext);
            }
        }
    }
}
