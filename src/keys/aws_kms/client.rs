//! The client of AWS KMS.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::api::{KmsApi, KmsBlob, KmsCause, KmsError, KmsKeyName, KmsOpened, KmsRewrapped};
use crate::crypto::ec::EcPublicKey;
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::message::context::EncryptionContext;

/// Whether this build can talk to AWS KMS.
pub const IS_BUILT: bool = cfg!(feature = "aws-kms");

/// How the service is used.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// How long one call may take, with all that is tried again.
    pub timeout: Duration,
    /// How many calls are under way at most.
    pub concurrency: NonZeroUsize,
}

/// A client. It costs nothing until it is asked.
#[must_use]
pub fn client(_: ClientSettings) -> Box<dyn KmsApi> {
    Box::new(NotBuilt)
}

struct NotBuilt;

fn not_built(action: &'static str, key: Option<&KmsKeyName>) -> KmsError {
    let key = key.map_or_else(String::new, KmsKeyName::to_string);
    KmsError { action, key, context: Vec::new(), cause: KmsCause::NotBuilt }
}

impl KmsApi for NotBuilt {
    fn generate_data_key(
        &self,
        key: &KmsKeyName,
        _: usize,
        _: &EncryptionContext,
    ) -> Result<(DataKey, KmsBlob), KmsError> {
        Err(not_built("GenerateDataKey", Some(key)))
    }

    fn generate_data_key_without_plaintext(
        &self,
        key: &KmsKeyName,
        _: usize,
        _: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        Err(not_built("GenerateDataKeyWithoutPlaintext", Some(key)))
    }

    fn encrypt(
        &self,
        key: &KmsKeyName,
        _: &DataKey,
        _: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError> {
        Err(not_built("Encrypt", Some(key)))
    }

    fn decrypt(
        &self,
        key: Option<&KmsKeyName>,
        _: &[u8],
        _: &EncryptionContext,
    ) -> Result<KmsOpened, KmsError> {
        Err(not_built("Decrypt", key))
    }

    fn re_encrypt(
        &self,
        source: Option<&KmsKeyName>,
        _: &[u8],
        _: &EncryptionContext,
        _: &KmsKeyName,
        _: &EncryptionContext,
    ) -> Result<KmsRewrapped, KmsError> {
        Err(not_built("ReEncrypt", source))
    }

    fn derive_shared_secret(
        &self,
        key: &KmsKeyName,
        _: &EcPublicKey,
    ) -> Result<SecretBytes, KmsError> {
        Err(not_built("DeriveSharedSecret", Some(key)))
    }
}
