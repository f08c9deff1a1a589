//! RSA by AWS-LC, through the crate aws-lc-rs.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey,
    Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};

use super::{RsaFault, RsaPadding};
use crate::crypto::secret::SecretBytes;
use crate::crypto::stack;

/// A public key of a size that is used.
#[derive(Clone)]
pub struct RsaPublicKey {
    key: PublicEncryptingKey,
    spki: Box<[u8]>,
}

impl RsaPublicKey {
    /// Reads a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`RsaFault::Unsound`], also where the size is wrong: who knows the size has looked before.
    pub fn read(spki: &[u8]) -> Result<Self, RsaFault> {
        let key = PublicEncryptingKey::from_der(spki).map_err(|_| RsaFault::Unsound)?;
        // AWS-LC reads other encodings too, and leaves alone what follows the key. One key has one form here.
        Self::of(key)
            .and_then(|key| if *key.spki == *spki { Ok(key) } else { Err(RsaFault::Unsound) })
    }

    fn of(key: PublicEncryptingKey) -> Result<Self, RsaFault> {
        let spki: PublicKeyX509Der<'_> = key.as_der().map_err(|_| RsaFault::Unsound)?;
        let spki = spki.as_ref().into();
        Ok(Self { key, spki })
    }

    /// It, as `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn as_spki(&self) -> &[u8] {
        &self.spki
    }

    /// Encrypts a short text; `None` if it has no room in a ciphertext of this key, or there are no random numbers.
    #[must_use]
    pub fn encrypt(&self, padding: RsaPadding, plaintext: &[u8]) -> Option<Vec<u8>> {
        stack::wipe_after(|| {
            let mut ciphertext = vec![0; self.key.key_size_bytes()];
            let len = match oaep(padding) {
                None => Pkcs1PublicEncryptingKey::new(self.key.clone())
                    .ok()?
                    .encrypt(plaintext, &mut ciphertext)
                    .ok()?
                    .len(),
                Some(oaep) => OaepPublicEncryptingKey::new(self.key.clone())
                    .ok()?
                    .encrypt(oaep, plaintext, &mut ciphertext, None)
                    .ok()?
                    .len(),
            };
            (len == ciphertext.len()).then_some(ciphertext)
        })
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({} bits)", self.key.key_size_bits())
    }
}

/// A private key of a size that is used. AWS-LC has checked that its numbers belong together, and wipes them.
pub struct RsaPrivateKey {
    key: PrivateDecryptingKey,
    public: RsaPublicKey,
}

impl RsaPrivateKey {
    /// Reads a PKCS#8 `PrivateKeyInfo` in DER.
    ///
    /// # Errors
    /// As [`RsaPublicKey::read`].
    pub fn read(pkcs8: &SecretBytes) -> Result<Self, RsaFault> {
        stack::wipe_after(|| {
            let key =
                PrivateDecryptingKey::from_pkcs8(pkcs8.expose()).map_err(|_| RsaFault::Unsound)?;
            let public = RsaPublicKey::of(key.public_key())?;
            Ok(Self { key, public })
        })
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &RsaPublicKey {
        &self.public
    }

    /// Decrypts what [`RsaPublicKey::encrypt`] made. `None` says no more than that it did not: whoever could tell a wrong
    /// padding from other faults could decrypt without the key (Bleichenbacher's attack on PKCS#1 v1.5).
    #[must_use]
    pub fn decrypt(&self, padding: RsaPadding, ciphertext: &[u8]) -> Option<SecretBytes> {
        stack::wipe_after(|| {
            let mut room = SecretBytes::zeroed(self.key.key_size_bytes());
            let plaintext = match oaep(padding) {
                None => Pkcs1PrivateDecryptingKey::new(self.key.clone())
                    .ok()?
                    .decrypt(ciphertext, room.expose_mut())
                    .ok()?,
                Some(oaep) => OaepPrivateDecryptingKey::new(self.key.clone())
                    .ok()?
                    .decrypt(oaep, ciphertext, room.expose_mut(), None)
                    .ok()?,
            };
            Some(SecretBytes::copy_of(plaintext))
        })
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivateKey({} bits)", self.key.key_size_bits())
    }
}

/// The variant of OAEP; `None` for PKCS#1 v1.5.
fn oaep(padding: RsaPadding) -> Option<&'static OaepAlgorithm> {
    match padding {
        RsaPadding::Pkcs1 => None,
        RsaPadding::OaepSha1 => Some(&OAEP_SHA1_MGF1SHA1),
        RsaPadding::OaepSha256 => Some(&OAEP_SHA256_MGF1SHA256),
        RsaPadding::OaepSha384 => Some(&OAEP_SHA384_MGF1SHA384),
        RsaPadding::OaepSha512 => Some(&OAEP_SHA512_MGF1SHA512),
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::Pkcs8V1Der;
    use aws_lc_rs::rsa::KeySize;

    use super::*;

    fn generated() -> RsaPrivateKey {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
        RsaPrivateKey::read(&SecretBytes::copy_of(pkcs8.as_ref())).unwrap()
    }

    #[test]
    fn only_the_same_key_and_padding_decrypt() {
        let (key, other) = (generated(), generated());
        let public = RsaPublicKey::read(key.public().as_spki()).unwrap();
        // PKCS #1 v1.5 takes random bytes for padding once in 65,536 times, and what OAEP has made, which begins with a zero
        // too, once in some hundred. What it finds there is not the data key, and the commit key refuses it.
        let is_found = |found: Option<SecretBytes>, padding| match padding {
            RsaPadding::Pkcs1 => found.is_some_and(|found| found.expose() == b"data key"),
            _ => found.is_some(),
        };
        for padding in RsaPadding::ALL {
            let ciphertext = public.encrypt(padding, b"data key").unwrap();
            assert_eq!(key.decrypt(padding, &ciphertext).unwrap().expose(), b"data key");
            assert!(!is_found(other.decrypt(padding, &ciphertext), padding));
            for wrong in RsaPadding::ALL.into_iter().filter(|wrong| *wrong != padding) {
                let found = key.decrypt(wrong, &ciphertext);
                assert!(!is_found(found, wrong), "{padding} by {wrong}");
            }
            for cut in [&ciphertext[1..], &ciphertext[..255], &[]] {
                assert!(key.decrypt(padding, cut).is_none());
            }
            assert!(public.encrypt(padding, &[0; 256]).is_none());
        }
    }

    #[test]
    fn other_bytes_are_no_key() {
        let key = generated();
        let spki = key.public().as_spki();
        for bad in [&[][..], &spki[1..], &spki[..spki.len() - 1], &[spki, &[0]].concat()] {
            assert_eq!(RsaPublicKey::read(bad).unwrap_err(), RsaFault::Unsound);
        }
        for bad in [&[][..], &[0; 1200], spki] {
            let bad = SecretBytes::copy_of(bad);
            assert_eq!(RsaPrivateKey::read(&bad).unwrap_err(), RsaFault::Unsound);
        }
    }
}
