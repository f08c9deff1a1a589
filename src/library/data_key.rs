//! Data keys for what this crate does not encrypt itself.

use super::decrypt::DecryptOptions;
use super::encrypt::EncryptOptions;
use super::error::{Error, ErrorKind};
use crate::crypto::secret::DataKey;
use crate::keys::service::Recipient;
use crate::operations::datakey::{self, Blob};

/// A new data key, in the clear and wrapped: what [`generate_data_key`] returns.
#[derive(Debug)]
#[non_exhaustive]
pub struct GeneratedDataKey {
    /// The data key itself.
    pub data_key: DataKey,
    /// The data key wrapped under the root key: one encrypted data key, as a message header has it (docs/format.md, "Header
    /// body", EDKs). It is not secret, and is stored beside what is encrypted under the data key.
    pub blob: Vec<u8>,
}

/// Draws a data key of `len` bytes (32 for AES-256), and wraps it under the one key of `options` (AWS KMS:
/// GenerateDataKey).
///
/// Of the options, the key and the context count, stored and bound pairs alike. The blob holds no context: whoever decrypts
/// it has to give the same one.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] for several keys or a length of 0, [`ErrorKind::NoKey`], [`ErrorKind::KeyUnusable`] or
/// [`ErrorKind::Io`].
pub fn generate_data_key(
    len: u16,
    options: &EncryptOptions<'_>,
) -> Result<GeneratedDataKey, Error> {
    if len == 0 {
        return Err(Error::new(ErrorKind::InvalidInput, "a data key has at least one byte"));
    }
    let context = options.full_context()?;
    let recipient = one_recipient(options)?;
    let (data_key, blob) =
        datakey::generate(&*recipient, len.into(), &context).map_err(Error::of)?;
    Ok(GeneratedDataKey { data_key, blob })
}

/// Unwraps the data key in a blob (AWS KMS: Decrypt).
///
/// Of the options, the keys and the context count, which must be the one that the blob was made with.
///
/// # Errors
/// [`ErrorKind::NotAMessage`] for what is no blob, [`ErrorKind::NoKey`], [`ErrorKind::KeyUnusable`], or
/// [`ErrorKind::Authentication`] where the blob is damaged or the context is another one.
pub fn decrypt_data_key(blob: &[u8], options: &DecryptOptions<'_>) -> Result<DataKey, Error> {
    let blob = datakey::parse_blob(blob).and_then(Blob::own).map_err(Error::of)?;
    let services = options.keyring().services();
    let (data_key, _) = datakey::decrypt(&services, &options.key_names()?, blob, &options.pairs()?)
        .map_err(Error::of)?;
    Ok(data_key)
}

/// Wraps the data key in a blob anew, and returns the new blob (AWS KMS: ReEncrypt). The data key stays the same.
///
/// # Errors
/// As [`decrypt_data_key`] with `old`, and as [`generate_data_key`] with `new`.
pub fn rewrap_data_key(
    blob: &[u8],
    old: &DecryptOptions<'_>,
    new: &EncryptOptions<'_>,
) -> Result<Vec<u8>, Error> {
    let data_key = decrypt_data_key(blob, old)?;
    datakey::wrap(&*one_recipient(new)?, &data_key, &new.full_context()?).map_err(Error::of)
}

fn one_recipient<'a>(options: &EncryptOptions<'a>) -> Result<Box<dyn Recipient + 'a>, Error> {
    let mut recipients = options.recipients()?;
    match (recipients.pop(), recipients.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(Error::new(ErrorKind::InvalidInput, "a data key is wrapped under one key")),
    }
}
