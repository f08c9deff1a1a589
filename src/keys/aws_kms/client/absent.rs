//! The client of a build without the feature `aws-kms`: every call fails.

use crate::crypto::ec::EcPublicKey;
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keys::aws_kms::api::{
    KmsApi, KmsBlob, KmsCause, KmsError, KmsKeyName, KmsOpened, KmsRewrapped,
};
use crate::message::context::EncryptionContext;

pub(super) struct NoClient;

fn not_built<T>(action: &'static str, key: Option<&KmsKeyName>) -> Result<T, KmsError> {
    Err(KmsError::new(action, key, KmsCause::NotBuilt))
}

impl KmsApi for NoClient {
    fn generate_data_key(
        &self,
        key: &KmsKeyName,
        _len: usize,
        _context: &EncryptionContext,
    ) -> Result<(DataKey, KmsBlob), KmsError> {
        not_built("GenerateDataKey", Some(key))
    }

    fn generate_data_key_without_plaintext(
        &self,
        key: &KmsKeyName,
        _len: usize,
        _context: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        not_built("GenerateDataKeyWithoutPlaintext", Some(key))
    }

    fn encrypt(
        &self,
        key: &KmsKeyName,
        _data_key: &DataKey,
        _context: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        not_built("Encrypt", Some(key))
    }

    fn decrypt(
        &self,
        key: Option<&KmsKeyName>,
        _blob: &[u8],
        _context: &EncryptionContext,
    ) -> Result<KmsOpened, KmsError> {
        not_built("Decrypt", key)
    }

    fn re_encrypt(
        &self,
        _source: Option<&KmsKeyName>,
        _blob: &[u8],
        _source_context: &EncryptionContext,
        destination: &KmsKeyName,
        _destination_context: &EncryptionContext,
    ) -> Result<KmsRewrapped, KmsError> {
        not_built("ReEncrypt", Some(destination))
    }

    fn derive_shared_secret(
        &self,
        key: &KmsKeyName,
        _sender: &EcPublicKey,
    ) -> Result<SecretBytes, KmsError> {
        not_built("DeriveSharedSecret", Some(key))
    }
}

#[cfg(test)]
mod tests {
    use crate::keys::aws_kms::api::KmsCause;
    use crate::keys::aws_kms::client::{ClientSettings, client};
    use crate::message::context::EncryptionContext;

    #[test]
    fn every_call_says_that_there_is_no_client() {
        let key = "aws-kms:alias/backup".parse().unwrap();
        let client = client(ClientSettings::default());
        let context = EncryptionContext::default();
        let error = client.generate_data_key(&key, 32, &context).unwrap_err();
        assert_eq!((error.cause, error.action), (KmsCause::NotBuilt, "GenerateDataKey"));
        assert_eq!(client.decrypt(None, b"x", &context).unwrap_err().cause, KmsCause::NotBuilt);
    }
}
