//! ECDSA on P-384 by AWS-LC, through the crate aws-lc-rs.

use std::io;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA384};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};

use super::{Digest, Point};

/// A key pair. AWS-LC draws it, and the numbers of its signatures, from a generator that the system's random numbers
/// seed, and wipes it on drop.
pub struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    pub(crate) fn generate() -> io::Result<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING);
        key.map(Self).map_err(|_| io::Error::other("no key pair could be generated"))
    }

    pub(crate) fn public_key(&self) -> Point {
        // `04 | x | y`: the last bit of y is its parity.
        let uncompressed = self.0.public_key().as_ref();
        let mut point = [2; size_of::<Point>()];
        point[1..].copy_from_slice(&uncompressed[1..size_of::<Point>()]);
        point[0] |= uncompressed.last().copied().unwrap_or_default() & 1;
        point
    }

    /// ECDSA-Sign(key, digest), in DER.
    pub(crate) fn sign(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        let signature = imported(digest).and_then(|digest| self.0.sign_digest(&digest).ok());
        let signature = signature.ok_or_else(|| io::Error::other("signing failed"))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// A public key.
#[derive(Clone, Debug)]
pub struct VerifyingKey(Arc<ParsedPublicKey>);

impl VerifyingKey {
    /// `None` if it is no point of the curve.
    pub(crate) fn from_point(point: &Point) -> Option<Self> {
        ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point).map(Arc::new).map(Self).ok()
    }

    /// Whether ECDSA-Verify(key, digest, signature) holds; the signature is in DER.
    pub(crate) fn verifies(&self, digest: &Digest, signature: &[u8]) -> bool {
        imported(digest).is_some_and(|digest| self.0.verify_digest_sig(&digest, signature).is_ok())
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        (*self.0).as_ref() == (*other.0).as_ref()
    }
}

impl Eq for VerifyingKey {}

/// The digest as a type of AWS-LC.
fn imported(digest: &Digest) -> Option<digest::Digest> {
    digest::Digest::import_less_safe(digest, &SHA384).ok()
}
