//! Data keys with blobs of the service's own, as `aws kms` has them: a blob names no key that could be read here.

use super::api::{KmsApi, KmsBlob, KmsError, KmsKeyName, KmsOpened, KmsRewrapped};
use super::key::KmsKey;
use super::{AwsKms, Discovery};
use crate::crypto::secret::DataKey;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keys::service::{KeyName, UnwrapError, WrapError};
use crate::message::context::EncryptionContext;

impl AwsKms {
    /// GenerateDataKey: draws a data key of `len` bytes. The blob is the service's own.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn generate_blob(
        &self,
        key: &KeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, KmsBlob), WrapError> {
        let at = &self.key(key)?;
        let (data_key, blob) = self.ask("GenerateDataKey", Some(at), context, |api| {
            api.generate_data_key(at, len, context)
        })?;
        self.require_enabled(&blob.key)?;
        Ok((data_key, blob))
    }

    /// GenerateDataKeyWithoutPlaintext: the data key stays in the service.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn generate_blob_alone(
        &self,
        key: &KeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, WrapError> {
        let at = &self.key(key)?;
        let blob = self.ask("GenerateDataKeyWithoutPlaintext", Some(at), context, |api| {
            api.generate_data_key_without_plaintext(at, len, context)
        })?;
        self.require_enabled(&blob.key)?;
        Ok(blob)
    }

    /// Encrypt: the blob is the service's own.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn encrypt_blob(
        &self,
        key: &KeyName,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, WrapError> {
        let at = &self.key(key)?;
        let blob =
            self.ask("Encrypt", Some(at), context, |api| api.encrypt(at, data_key, context))?;
        self.require_enabled(&blob.key)?;
        Ok(blob)
    }

    /// Decrypt: opens a blob of the service's own, which names no key that could be read here. Each key that may be used
    /// is tried, of `only` if that has any; with discovery, the service finds the key.
    ///
    /// # Errors
    /// [`UnwrapError`] of the key that came closest; [`UnwrapError::Refused`] if there is none to ask.
    pub fn decrypt_blob(
        &self,
        only: &[KeyName],
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<KmsOpened, UnwrapError> {
        let opened = self.with_each_key(only, |key| {
            Ok(self.ask("Decrypt", key, context, |api| api.decrypt(key, blob, context))?)
        })?;
        self.require_enabled(&opened.key).map_err(UnwrapError::Key)?;
        let is_allowed = self.may_use(only, &opened.key);
        is_allowed.then_some(opened).ok_or(UnwrapError::Refused)
    }

    /// ReEncrypt: wraps what a blob holds under another key. In one region the data key does not leave the service;
    /// between two it has to come here.
    ///
    /// # Errors
    /// As [`decrypt_blob`](Self::decrypt_blob), and as [`encrypt_blob`](Self::encrypt_blob).
    pub fn rewrap_blob(
        &self,
        only: &[KeyName],
        blob: &[u8],
        old: &EncryptionContext,
        destination: &KeyName,
        new: &EncryptionContext,
    ) -> Result<KmsRewrapped, RewrapBlobError> {
        let to = self.key(destination).map_err(WrapError::from)?;
        let rewrapped = self.with_each_key(only, |key| {
            let region = key.and_then(KmsKeyName::region);
            if region.is_some() && to.region().is_some() && region != to.region() {
                return Err(UnwrapError::Refused);
            }
            let call = |api: &dyn KmsApi| api.re_encrypt(key, blob, old, &to, new);
            // The service does not say which of the two it means.
            let of_both = |error: KmsError| {
                let from = key.map_or_else(|| "that of the blob".to_owned(), ToString::to_string);
                KmsError { key: format!("{from}, or {to}"), ..error }
            };
            Ok(self.ask("ReEncrypt", Some(&to), old, call).map_err(of_both)?)
        });
        match rewrapped {
            Ok(rewrapped) if self.may_use(only, &rewrapped.source) => {
                for key in [&rewrapped.source, &rewrapped.wrapped.key] {
                    self.require_enabled(key).map_err(WrapError::from)?;
                }
                return Ok(rewrapped);
            }
            Ok(_) => return Err(UnwrapError::Refused.into()),
            // It is under a key of another region, or none of these.
            Err(UnwrapError::Refused | UnwrapError::OtherKey) => {}
            Err(error) => return Err(error.into()),
        }
        let opened = self.decrypt_blob(only, blob, old)?;
        let wrapped = self.encrypt_blob(destination, &opened.data_key, new)?;
        Ok(KmsRewrapped { source: opened.key, wrapped })
    }

    /// Asks with each key that may be used, until one is not refused.
    fn with_each_key<T>(
        &self,
        only: &[KeyName],
        ask: impl Fn(Option<&KmsKeyName>) -> Result<T, UnwrapError>,
    ) -> Result<T, UnwrapError> {
        let mut closest = UnwrapError::Refused;
        for key in self.chosen(only) {
            let answer = match &key.refusal {
                Some(refusal) => Err(UnwrapError::Key(refusal.clone())),
                None => ask(Some(&key.at)),
            };
            match answer {
                Err(UnwrapError::Refused | UnwrapError::OtherKey) => {}
                // A further try may succeed where the service did not answer.
                Err(error @ UnwrapError::Service(_)) => closest = error,
                Err(_) if matches!(closest, UnwrapError::Service(_)) => {}
                Err(error) => closest = error,
                answer => return answer,
            }
        }
        let finds = self.discovery != Discovery::Off && only.is_empty();
        if finds { ask(None) } else { Err(closest) }
    }

    /// Whether what a key opened may be used. A key that the service found is one of those that discovery allows.
    fn may_use(&self, only: &[KeyName], opened_by: &KmsArn) -> bool {
        self.chosen(only).any(|key| key.may_open(opened_by)) || self.discovery.allows(opened_by)
    }

    /// The keys that wrap and unwrap blobs, of `only` if that has any.
    fn chosen(&self, only: &[KeyName]) -> impl Iterator<Item = &KmsKey> {
        let is_chosen = |key: &&KmsKey| only.is_empty() || only.contains(&key.key.key);
        self.keys.iter().filter(|key| key.pair.is_none()).filter(is_chosen)
    }
}

/// Why a blob was not wrapped again.
#[derive(Debug, thiserror::Error)]
pub enum RewrapBlobError {
    /// It was not unwrapped.
    #[error(transparent)]
    Unwrap(#[from] UnwrapError),
    /// It was not wrapped.
    #[error(transparent)]
    Wrap(#[from] WrapError),
}
