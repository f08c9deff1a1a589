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
    use crate::crypto::ec::{Curve, EcPrivateKey};
    use crate::crypto::secret::DataKey;
    use crate::keys::aws_kms::api::KmsCause;
    use crate::keys::aws_kms::client::{ClientSettings, client};
    use crate::message::context::EncryptionContext;

    #[test]
    fn every_call_says_that_there_is_no_client() {
        let key = "aws-kms:alias/backup".parse().unwrap();
        let client = client(ClientSettings::default());
        let context = EncryptionContext::default();
        let data_key = DataKey::generate(32).unwrap();
        let sender = EcPrivateKey::generate(Curve::P256).unwrap();
        let none = &context;
        for (action, error) in [
            ("GenerateDataKey", client.generate_data_key(&key, 32, none).err()),
            (
                "GenerateDataKeyWithoutPlaintext",
                client.generate_data_key_without_plaintext(&key, 32, none).err(),
            ),
            ("Encrypt", client.encrypt(&key, &data_key, none).err()),
            ("Decrypt", client.decrypt(None, b"x", none).err()),
            ("ReEncrypt", client.re_encrypt(None, b"x", none, &key, none).err()),
            ("DeriveSharedSecret", client.derive_shared_secret(&key, sender.public()).err()),
        ] {
            let error = error.unwrap();
            assert_eq!((error.cause, error.action), (KmsCause::NotBuilt, action));
        }
    }
}
