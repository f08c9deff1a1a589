//! What a run would ask of AWS KMS: every call is counted, and none made.

use std::sync::Arc;

use super::api::{KmsApi, KmsBlob, KmsCause, KmsError, KmsKeyName, KmsOpened, KmsRewrapped};
use super::client::calls::KmsCalls;
use crate::crypto::ec::EcPublicKey;
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::message::context::EncryptionContext;

/// Makes no call, and counts it as expected.
pub struct Estimate(Arc<KmsCalls>);

impl Estimate {
    /// An estimate that is counted in `calls`.
    #[must_use]
    pub fn new(calls: Arc<KmsCalls>) -> Self {
        Self(calls)
    }

    fn not_asked(&self, action: &'static str, key: Option<&KmsKeyName>) -> KmsError {
        self.0.expect(1);
        KmsError::new(action, key, KmsCause::NotAsked)
    }

    /// What stands for a blob, so that what is done with one goes on.
    fn blob(&self, action: &'static str, key: &KmsKeyName) -> Result<KmsBlob, KmsError> {
        let error = self.not_asked(action, Some(key));
        let arn = match key {
            KmsKeyName::Arn(arn) => Some(arn.clone()),
            KmsKeyName::Bare(id) => format!("arn:aws:kms:none:000000000000:key/{id}").parse().ok(),
        };
        let key = arn.ok_or(error)?;
        Ok(KmsBlob { key, blob: Vec::new(), material_id: None })
    }
}

impl KmsApi for Estimate {
    fn generate_data_key(
        &self,
        key: &KmsKeyName,
        _: usize,
        _: &EncryptionContext,
    ) -> Result<(DataKey, KmsBlob), KmsError> {
        Err(self.not_asked("GenerateDataKey", Some(key)))
    }

    fn generate_data_key_without_plaintext(
        &self,
        key: &KmsKeyName,
        _: usize,
        _: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        Err(self.not_asked("GenerateDataKeyWithoutPlaintext", Some(key)))
    }

    fn encrypt(
        &self,
        key: &KmsKeyName,
        _: &DataKey,
        _: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        self.blob("Encrypt", key)
    }

    fn decrypt(
        &self,
        key: Option<&KmsKeyName>,
        _: &[u8],
        _: &EncryptionContext,
    ) -> Result<KmsOpened, KmsError> {
        Err(self.not_asked("Decrypt", key))
    }

    fn re_encrypt(
        &self,
        source: Option<&KmsKeyName>,
        _: &[u8],
        _: &EncryptionContext,
        _: &KmsKeyName,
        _: &EncryptionContext,
    ) -> Result<KmsRewrapped, KmsError> {
        Err(self.not_asked("ReEncrypt", source))
    }

    fn derive_shared_secret(
        &self,
        key: &KmsKeyName,
        _: &EcPublicKey,
    ) -> Result<SecretBytes, KmsError> {
        Err(self.not_asked("DeriveSharedSecret", Some(key)))
    }
}
