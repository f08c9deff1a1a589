//! The footer of signed messages: `u16 length | DER signature` (`data-format/message-footer.md`).
//!
//! The signature is an ECDSA signature over all bytes before the footer. Its key pair is made for this one message, and
//! the public key is the value of `aws-crypto-public-key` in the stored context, which each wrapping of the data key
//! authenticates. The signature proves that the message was made by whoever wrapped the data key, so that a reader who
//! only knows the data key cannot pass for the writer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p384::ecdsa::signature::hazmat::{PrehashVerifier as _, RandomizedPrehashSigner as _};
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256, Sha384};

use super::HeaderFault;
use crate::message::context::{EncryptionContext, PUBLIC_KEY};
use crate::message::suite::{SignatureAlgorithm, Suite};

/// The length of the signatures that enwrap writes, in bytes. DER signatures vary in length, so a writer signs again
/// until the signature has this length. The length of a message then reveals nothing about its signature.
const P384_DER_LEN: usize = 103;

/// The length in bytes of the length field before a signature.
pub const FOOTER_PREFIX: usize = 2;

/// The length of the footers that enwrap writes, in bytes.
pub const FOOTER_LEN: usize = FOOTER_PREFIX + P384_DER_LEN;

/// The public key that verifies a signed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// For suite 0x0214.
    P256(p256::ecdsa::VerifyingKey),
    /// For the other signed suites.
    P384(p384::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// Returns the length in bytes that the footer of a message under this key usually has. enwrap and the SDKs write no
    /// other; the format allows for shorter ones.
    #[must_use]
    pub fn usual_footer_len(&self) -> usize {
        match self {
            Self::P256(_) => FOOTER_PREFIX + 71,
            Self::P384(_) => FOOTER_LEN,
        }
    }

    /// Returns the public key in `context`; `None` if `suite` is unsigned.
    ///
    /// # Errors
    /// [`HeaderFault`], if a signed suite has no public key, an unsigned suite has one, or it is not a point of the
    /// curve.
    pub fn of(suite: Suite, context: &EncryptionContext) -> Result<Option<Self>, HeaderFault> {
        let (curve, text) = match (suite.signature, context.get(PUBLIC_KEY)) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(HeaderFault::UnexpectedPublicKey),
            (Some(_), None) => return Err(HeaderFault::NoPublicKey),
            (Some(curve), Some(text)) => (curve, text),
        };
        let point = STANDARD.decode(text).map_err(|_| HeaderFault::PublicKey)?;
        // The format has compressed points only.
        if !matches!(point[..], [2 | 3, ..]) {
            return Err(HeaderFault::PublicKey);
        }
        let key = match curve {
            SignatureAlgorithm::P256 => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map(Self::P256).ok()
            }
            SignatureAlgorithm::P384 => {
                p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).map(Self::P384).ok()
            }
        };
        key.map(Some).ok_or(HeaderFault::PublicKey)
    }
}

/// A verifier of one message's signature, which hashes the message as it is read.
#[derive(Clone)]
pub struct Verifier {
    key: PublicKey,
    hash: Hash,
}

#[derive(Clone)]
enum Hash {
    Sha256(Sha256),
    Sha384(Sha384),
}

impl Verifier {
    /// Returns a verifier that has taken no byte of the message.
    #[must_use]
    pub fn new(key: PublicKey) -> Self {
        let hash = match key {
            PublicKey::P256(_) => Hash::Sha256(Sha256::new()),
            PublicKey::P384(_) => Hash::Sha384(Sha384::new()),
        };
        Self { key, hash }
    }

    /// As [`PublicKey::usual_footer_len`].
    #[must_use]
    pub fn usual_footer_len(&self) -> usize {
        self.key.usual_footer_len()
    }

    /// Takes the next bytes of the message.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.hash {
            Hash::Sha256(hash) => hash.update(bytes),
            Hash::Sha384(hash) => hash.update(bytes),
        }
    }

    /// ECDSA-Verify(key, hash of all bytes taken, signature): returns whether the DER `signature` is valid.
    #[must_use]
    pub fn verify(self, signature: &[u8]) -> bool {
        match (self.key, self.hash) {
            (PublicKey::P256(key), Hash::Sha256(hash)) => {
                p256::ecdsa::DerSignature::try_from(signature)
                    .is_ok_and(|signature| key.verify_prehash(&hash.finalize(), &signature).is_ok())
            }
            (PublicKey::P384(key), Hash::Sha384(hash)) => {
                p384::ecdsa::DerSignature::try_from(signature)
                    .is_ok_and(|signature| key.verify_prehash(&hash.finalize(), &signature).is_ok())
            }
            // Cannot happen: `new` chooses the hash by the key.
            _ => false,
        }
    }
}

/// A signer of one message, with a new key pair. The private key is wiped on drop.
pub struct Signer {
    /// On the heap, so that moving a signer copies no secret.
    key: Box<p384::ecdsa::SigningKey>,
    hash: Sha384,
}

impl Signer {
    /// Returns a signer with a new key pair.
    ///
    /// # Errors
    /// The system's own error if it has no random numbers.
    pub fn generate() -> std::io::Result<Self> {
        use p384::elliptic_curve::Generate as _;

        let key = p384::ecdsa::SigningKey::try_generate_from_rng(&mut SysRng)
            .map_err(std::io::Error::other)?;
        Ok(Self { key: Box::new(key), hash: Sha384::new() })
    }

    /// Returns the public key in the form of the context: the base64 of the compressed point.
    #[must_use]
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.key.verifying_key().to_sec1_point(true).as_bytes())
    }

    /// Takes the next bytes of the message.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// signature = ECDSA-Sign(key, SHA-384 of all bytes taken): returns the footer.
    ///
    /// # Errors
    /// The system's own error if it has no random numbers.
    pub fn footer(self) -> std::io::Result<Vec<u8>> {
        let digest = self.hash.finalize();
        loop {
            let signature: p384::ecdsa::DerSignature = self
                .key
                .sign_prehash_with_rng(&mut SysRng, &digest)
                .map_err(|_| std::io::Error::other("signing failed"))?;
            let signature = signature.as_bytes();
            if let (P384_DER_LEN, Ok(len)) = (signature.len(), u16::try_from(signature.len())) {
                return Ok([&len.to_be_bytes(), signature].concat());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use p384::elliptic_curve::sec1::ToSec1Point as _;

    use super::*;

    fn signed() -> Suite {
        Suite::from_id(0x0578).unwrap()
    }

    fn context(key: &str) -> EncryptionContext {
        let mut context = EncryptionContext::default();
        context.insert_allowing_reserved(PUBLIC_KEY, key).unwrap();
        context
    }

    #[test]
    fn a_signature_is_valid_only_for_its_bytes_and_key() {
        for _ in 0..4 {
            let (mut signer, other) = (Signer::generate().unwrap(), Signer::generate().unwrap());
            let [key, other] = [&signer, &other]
                .map(|it| PublicKey::of(signed(), &context(&it.public_key())).unwrap().unwrap());
            signer.update(b"mess");
            signer.update(b"age");
            let footer = signer.footer().unwrap();
            assert_eq!(footer.len(), FOOTER_LEN);
            let holds = |key: &PublicKey, message: &[u8], signature: &[u8]| {
                let mut verifier = Verifier::new(key.clone());
                verifier.update(message);
                verifier.verify(signature)
            };
            assert!(holds(&key, b"message", &footer[2..]));
            assert!(!holds(&key, b"messagf", &footer[2..]));
            assert!(!holds(&other, b"message", &footer[2..]));
            assert!(!holds(&key, b"message", &footer[2..footer.len() - 1]));
        }
    }

    #[test]
    fn only_signed_messages_have_a_public_key_and_it_must_be_valid() {
        let key = Signer::generate().unwrap().public_key();
        assert_eq!(key.len(), 68);
        let none = EncryptionContext::default();
        assert_eq!(PublicKey::of(Suite::COMMITTING, &none), Ok(None));
        assert_eq!(
            PublicKey::of(Suite::COMMITTING, &context(&key)),
            Err(HeaderFault::UnexpectedPublicKey)
        );
        assert_eq!(PublicKey::of(signed(), &none), Err(HeaderFault::NoPublicKey));
        for bad in ["", "AAAA", "!", &key[..64], &STANDARD.encode([2; 49])] {
            assert_eq!(
                PublicKey::of(signed(), &context(bad)),
                Err(HeaderFault::PublicKey),
                "{bad}"
            );
        }
        let point = p384::PublicKey::from_sec1_bytes(&STANDARD.decode(&key).unwrap()).unwrap();
        let mut point = point.to_sec1_point(false).as_bytes().to_vec();
        let parity = point[96] & 1;
        for (form, first) in [("uncompressed", 4), ("hybrid", 6 | parity)] {
            point[0] = first;
            let context = context(&STANDARD.encode(&point));
            assert_eq!(PublicKey::of(signed(), &context), Err(HeaderFault::PublicKey), "{form}");
        }
        let p256 = Suite::from_id(0x0214).unwrap();
        assert_eq!(PublicKey::of(p256, &context(&key)), Err(HeaderFault::PublicKey));
    }
}
