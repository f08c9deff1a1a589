//! RustCrypto's curves.

use crate::crypto::ec::{Curve, on_curve};
use crate::crypto::secret::SecretBytes;

/// A private key.
#[derive(Debug)]
pub(crate) struct Private {
    curve: Curve,
    scalar: SecretBytes,
}

impl Private {
    /// Reads an integer as long as the field; `None` if `curve` has no such private key.
    pub(crate) fn read(curve: Curve, scalar: &[u8]) -> Option<Self> {
        let is_private_key = scalar.len() == curve.scalar_len()
            && on_curve!(curve, lib => lib::SecretKey::from_slice(scalar).is_ok());
        is_private_key.then(|| Self { curve, scalar: SecretBytes::copy_of(scalar) })
    }

    /// Returns its public key as an uncompressed point.
    pub(crate) fn public_point(&self) -> Option<Box<[u8]>> {
        on_curve!(self.curve, lib => {
            use lib::elliptic_curve::sec1::ToSec1Point as _;

            let secret = lib::SecretKey::from_slice(self.scalar.expose()).ok()?;
            Some(secret.public_key().to_sec1_point(false).to_bytes())
        })
    }

    /// Returns the x coordinate of the point that this key shares with that of an uncompressed point.
    pub(crate) fn shared_with(&self, point: &[u8]) -> Option<SecretBytes> {
        on_curve!(self.curve, lib => {
            let secret = lib::SecretKey::from_slice(self.scalar.expose()).ok()?;
            let other = lib::PublicKey::from_sec1_bytes(point).ok()?;
            Some(SecretBytes::copy_of(secret.diffie_hellman(&other).raw_secret_bytes()))
        })
    }
}
