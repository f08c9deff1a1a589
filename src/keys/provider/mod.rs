//! Where a data key is wrapped: the seam between messages and the keepers of root keys.
//!
//! A provider stands for one wrapping key. Local keys are [`raw_aes`]; a network service implements
//! the same trait, and nothing above it changes.

pub mod raw_aes;

use std::io;

use crate::crypto::secret::DataKey;
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// Why a provider did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The wrapped key, the context or the wrapping key is not the one of the wrap.
    #[error("the encrypted data key does not unwrap")]
    Unwrap,
    /// The operating system has no random numbers to give.
    #[error("the system's random number generator failed")]
    Random(#[source] io::Error),
}

/// One wrapping key.
///
/// `context` is always the full encryption context: stored and bound pairs together.
pub trait Provider {
    /// Draws a new data key of `len` bytes, and wraps it.
    ///
    /// # Errors
    /// [`ProviderError::Random`], or the keeper's own.
    fn generate(
        &self,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, EncryptedDataKey), ProviderError> {
        let data_key = DataKey::generate(len).map_err(ProviderError::Random)?;
        let wrapped = self.wrap(&data_key, context)?;
        Ok((data_key, wrapped))
    }

    /// Wraps a data key.
    ///
    /// # Errors
    /// [`ProviderError::Random`], or the keeper's own.
    fn wrap(
        &self,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, ProviderError>;

    /// Unwraps a data key.
    ///
    /// # Errors
    /// [`ProviderError::Unwrap`] where this key does not fit, and only then: whoever tries several keys
    /// goes on after it. Else the keeper's own.
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, ProviderError>;
}
