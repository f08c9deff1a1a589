//! The interface of `aws_lc`, in a build without it: no key is ever made.

use std::convert::Infallible;

use super::{RsaFault, RsaPadding};
use crate::crypto::secret::SecretBytes;

/// A public key. There is none in this build.
#[derive(Debug)]
pub struct RsaPublicKey(Infallible);

impl RsaPublicKey {
    /// Refuses every key.
    ///
    /// # Errors
    /// [`RsaFault::NotBuilt`].
    pub fn read(_spki: &[u8]) -> Result<Self, RsaFault> {
        Err(RsaFault::NotBuilt)
    }

    /// It, as `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn as_spki(&self) -> &[u8] {
        match self.0 {}
    }

    /// Encrypts a short text.
    #[must_use]
    pub fn encrypt(&self, _padding: RsaPadding, _plaintext: &[u8]) -> Option<Vec<u8>> {
        match self.0 {}
    }
}

/// A private key. There is none in this build.
#[derive(Debug)]
pub struct RsaPrivateKey(Infallible);

impl RsaPrivateKey {
    /// Refuses every key.
    ///
    /// # Errors
    /// [`RsaFault::NotBuilt`].
    pub fn read(_pkcs8: &SecretBytes) -> Result<Self, RsaFault> {
        Err(RsaFault::NotBuilt)
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &RsaPublicKey {
        match self.0 {}
    }

    /// Decrypts what [`RsaPublicKey::encrypt`] made.
    #[must_use]
    pub fn decrypt(&self, _padding: RsaPadding, _ciphertext: &[u8]) -> Option<SecretBytes> {
        match self.0 {}
    }
}
