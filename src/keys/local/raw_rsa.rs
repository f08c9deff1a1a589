//! The SDK's raw RSA keyring (`framework/raw-rsa-keyring.md`): a wrap for a public key.
//!
//! ```text
//! provider id   = key namespace
//! provider info = key name
//! ciphertext    = RSA encryption of the data key, as long as the modulus
//! ```
//!
//! The padding is the key's own, and stands nowhere in the message. The wrap does not bind the encryption context, so
//! a data key that unwraps says nothing about it: only the tag of the message's header does.

use crate::crypto::rsa::{BITS, RsaPadding, RsaPrivateKey, RsaPublicKey};
use crate::crypto::secret::DataKey;
use crate::keys::service::{Recipient, UnwrapError, Unwrapper, WrapError};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// A public key that data keys are wrapped for.
pub struct RawRsaRecipient {
    namespace: String,
    name: String,
    padding: RsaPadding,
    key: RsaPublicKey,
}

impl RawRsaRecipient {
    /// A recipient that messages call by this namespace and name.
    #[must_use]
    pub fn new(namespace: &str, name: &str, padding: RsaPadding, key: RsaPublicKey) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned(), padding, key }
    }
}

impl Recipient for RawRsaRecipient {
    fn binds_context(&self) -> bool {
        false
    }

    fn wrap(
        &self,
        data_key: &DataKey,
        _context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, WrapError> {
        // A data key of at most 1024 bytes can be too long for the modulus; one of a message never is.
        let ciphertext = self.key.encrypt(self.padding, data_key.expose());
        let ciphertext = ciphertext.ok_or(WrapError::TooLong { bytes: data_key.len() })?;
        Ok(EncryptedDataKey {
            provider_id: self.namespace.as_bytes().to_vec(),
            provider_info: self.name.as_bytes().to_vec(),
            ciphertext,
        })
    }
}

/// A private key, which unwraps what was wrapped for its public half.
pub struct RawRsa {
    padding: RsaPadding,
    key: RsaPrivateKey,
}

impl RawRsa {
    /// What unwraps with this private key.
    #[must_use]
    pub fn new(padding: RsaPadding, key: RsaPrivateKey) -> Self {
        Self { padding, key }
    }
}

/// Whether `wrapped` names the RSA key of this namespace and name. A name proves nothing: only the unwrap does.
#[must_use]
pub fn is_named(namespace: &str, name: &str, wrapped: &EncryptedDataKey) -> bool {
    wrapped.provider_id == namespace.as_bytes() && wrapped.provider_info == name.as_bytes()
}

/// Whether it is as long as some RSA ciphertext, whatever its name has become.
#[must_use]
pub fn has_shape(wrapped: &EncryptedDataKey) -> bool {
    BITS.contains(&(8 * wrapped.ciphertext.len()))
}

impl Unwrapper for RawRsa {
    fn binds_context(&self) -> bool {
        false
    }

    /// Unwraps without regard to the namespace and name, which the wrap does not bind either.
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        _context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let data_key = self.key.decrypt(self.padding, &wrapped.ciphertext);
        data_key.filter(|key| !key.is_empty()).map(DataKey::new).ok_or(UnwrapError::Refused)
    }
}

#[cfg(feature = "aws-lc")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::der::PrivateKey;
    use crate::keyring::pem;

    /// The key of the known answers.
    fn key() -> RsaPrivateKey {
        let rows = include_str!("../../../tests/vectors/asymmetric-known-answers.json");
        let rows: Vec<serde_json::Value> = serde_json::from_str(rows).unwrap();
        let text = rows.iter().find_map(|row| row["private_key"].as_str()).unwrap();
        match pem::read_private(text.as_bytes()).unwrap() {
            PrivateKey::Rsa { key, .. } => key,
            PrivateKey::Ec(_) => unreachable!("an RSA key"),
        }
    }

    fn context(value: &str) -> EncryptionContext {
        let mut context = EncryptionContext::default();
        context.insert("k", value).unwrap();
        context
    }

    #[test]
    fn a_wrap_names_its_key_and_opens_under_any_context() {
        for padding in RsaPadding::ALL {
            let recipient = RawRsaRecipient::new("ns", "n", padding, key().public().clone());
            let (data_key, wrapped) = recipient.generate(32, &context("a")).unwrap();
            assert!(is_named("ns", "n", &wrapped) && has_shape(&wrapped));
            for (namespace, name) in [("ns", ""), ("ns", "n1"), ("n", "n"), ("", "n")] {
                assert!(!is_named(namespace, name, &wrapped));
            }
            let unwrapper = RawRsa::new(padding, key());
            assert_eq!(unwrapper.unwrap(&wrapped, &context("b")).unwrap(), data_key);
            assert!(!unwrapper.binds_context());
        }
    }

    #[test]
    fn a_data_key_that_has_no_room_and_one_of_no_bytes_are_refused() {
        let recipient = RawRsaRecipient::new("ns", "n", RsaPadding::Pkcs1, key().public().clone());
        let error = recipient.generate(1024, &context("a")).unwrap_err();
        assert!(matches!(error, WrapError::TooLong { bytes: 1024 }));
        let ciphertext = key().public().encrypt(RsaPadding::Pkcs1, b"").unwrap();
        let (provider_id, provider_info) = (b"ns".to_vec(), b"n".to_vec());
        let empty = EncryptedDataKey { provider_id, provider_info, ciphertext };
        let opened = RawRsa::new(RsaPadding::Pkcs1, key()).unwrap(&empty, &context("a"));
        assert!(matches!(opened, Err(UnwrapError::Refused)));
    }
}
