//! What wraps and unwraps under one key of AWS KMS.

use super::AwsKms;
use super::api::{KmsApi, KmsBlob, KmsKeyName, MOST_BLOB_BYTES};
use crate::crypto::ec::EcPublicKey;
use crate::crypto::secret::DataKey;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keyring::model::name::KMS_NAMESPACE;
use crate::keys::local::raw_ecdh::Agreement;
use crate::keys::service::{KeyName, Recipient, UnwrapError, Unwrapper, WrapError};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// A key that wraps.
pub(super) struct KmsRecipient<'a> {
    pub(super) service: &'a AwsKms,
    pub(super) key: KeyName,
}

impl Recipient for KmsRecipient<'_> {
    fn generate(
        &self,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, EncryptedDataKey), WrapError> {
        let (data_key, blob) = self.service.generate_blob(&self.key, len, context)?;
        Ok((data_key, encrypted_data_key(blob)))
    }

    fn wrap(
        &self,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, WrapError> {
        self.service.encrypt_blob(&self.key, data_key, context).map(encrypted_data_key)
    }
}

fn encrypted_data_key(blob: KmsBlob) -> EncryptedDataKey {
    EncryptedDataKey {
        provider_id: KMS_NAMESPACE.into(),
        provider_info: blob.key.to_string().into(),
        ciphertext: blob.blob,
    }
}

/// A key that unwraps.
pub(super) struct KmsUnwrapper<'a> {
    pub(super) service: &'a AwsKms,
    pub(super) at: KmsKeyName,
    /// Whether it is one of the keyring, whose state was looked at.
    pub(super) is_entry: bool,
    /// The key that the encrypted data key names.
    pub(super) named: KmsArn,
}

impl Unwrapper for KmsUnwrapper<'_> {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        // No blob of the service's: it need not be asked.
        if wrapped.ciphertext.is_empty() || wrapped.ciphertext.len() > MOST_BLOB_BYTES {
            return Err(UnwrapError::Refused);
        }
        let at = Some(&self.at);
        let opened = self
            .service
            .ask("Decrypt", at, context, |api| api.decrypt(at, &wrapped.ciphertext, context));
        // What an alias stands for is not known before: another key says nothing of the one that is named.
        let other_key =
            || if self.at.is_alias() { UnwrapError::OtherKey } else { UnwrapError::Refused };
        let opened = match opened.map_err(UnwrapError::from) {
            Err(UnwrapError::OtherKey) => return Err(other_key()),
            opened => opened?,
        };
        // Under another name, it may be one of the keyring that is switched off.
        if !self.is_entry {
            self.service.require_enabled(&opened.key).map_err(UnwrapError::Key)?;
        }
        if opened.key.is_same_key(&self.named) { Ok(opened.data_key) } else { Err(other_key()) }
    }
}

/// A key pair whose private half is in the service: that agrees on a secret, and the rest is done here.
pub(super) struct PairUnwrapper<'a> {
    pub(super) service: &'a AwsKms,
    pub(super) at: KmsKeyName,
    pub(super) public: EcPublicKey,
}

impl Unwrapper for PairUnwrapper<'_> {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let agreement = Agreement::read(&self.public, wrapped).ok_or(UnwrapError::Refused)?;
        let (at, none) = (&self.at, EncryptionContext::default());
        let call = |api: &dyn KmsApi| api.derive_shared_secret(at, agreement.sender());
        let shared = self.service.ask("DeriveSharedSecret", Some(at), &none, call)?;
        // Nothing has shown that the public half that was imported is that of the key in the service.
        agreement.unwrap(&shared, context).map_err(|_| UnwrapError::InDoubt)
    }
}
