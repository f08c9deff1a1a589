//! ECDSA on P-384 by the crate p384, which is pure Rust.

use std::io;

use p384::ecdsa::DerSignature;
use p384::ecdsa::signature::hazmat::{PrehashVerifier as _, RandomizedPrehashSigner as _};
use p384::elliptic_curve::Generate as _;
use rand::rngs::SysRng;

use super::{Digest, Point};

/// A key pair. It is on the heap, so that moving it copies no secret, and is wiped on drop.
pub struct SigningKey(Box<p384::ecdsa::SigningKey>);

impl SigningKey {
    pub(crate) fn generate() -> io::Result<Self> {
        let key = p384::ecdsa::SigningKey::try_generate_from_rng(&mut SysRng);
        Ok(Self(Box::new(key.map_err(io::Error::other)?)))
    }

    pub(crate) fn public_key(&self) -> Point {
        let mut point = [0; size_of::<Point>()];
        point.copy_from_slice(self.0.verifying_key().to_sec1_point(true).as_bytes());
        point
    }

    /// ECDSA-Sign(key, digest), in DER.
    pub(crate) fn sign(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        let signature: DerSignature = self
            .0
            .sign_prehash_with_rng(&mut SysRng, digest)
            .map_err(|_| io::Error::other("signing failed"))?;
        Ok(signature.as_bytes().to_vec())
    }
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey(p384::ecdsa::VerifyingKey);

impl VerifyingKey {
    /// `None` if it is no point of the curve.
    pub(crate) fn from_point(point: &Point) -> Option<Self> {
        p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Self).ok()
    }

    /// Whether ECDSA-Verify(key, digest, signature) holds; the signature is in DER.
    pub(crate) fn verifies(&self, digest: &Digest, signature: &[u8]) -> bool {
        DerSignature::try_from(signature)
            .is_ok_and(|signature| self.0.verify_prehash(digest, &signature).is_ok())
    }
}
