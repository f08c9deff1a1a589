//! Data keys for other programs (AWS KMS: GenerateDataKey, Decrypt, ReEncrypt).
//!
//! A blob is one encrypted data key, exactly as a message header serialises it. It holds no encryption context,
//! and authenticates all of it: whoever opens a blob gives the context that it was made with. RSA binds none, so there a
//! context is refused.
//!
//! Under a key of AWS KMS, a blob is the service's own, as `aws kms` has it: it shows nothing of its key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::crypto::secret::DataKey;
use crate::crypto::stack;
use crate::keyring::RootKeys;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keys::aws_kms::AwsKms;
use crate::keys::aws_kms::api::{self, KmsRewrapped};
use crate::keys::aws_kms::blobs::RewrapBlobError;
use crate::keys::resolver::{ResolvePurpose, SetOrigin, resolve};
use crate::keys::service::{KeyName, KeyService, Recipient, UnwrapError, WrapError, WrappingKey};
use crate::keys::unopened::ResolveError;
use crate::message::MessageError;
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::{EncryptedDataKey, FieldTooLong};

/// Bytes of a blob at most: three fields of 65,535, each behind its length.
pub const MOST_BLOB_BYTES: usize = 3 * (2 + 65_535);

/// Why there is no data key, or no blob.
#[derive(Debug, thiserror::Error)]
pub enum DatakeyError {
    /// The bytes are not a blob, and not base64 of one.
    #[error("this is no wrapped data key: it is neither base64 nor the bytes themselves")]
    NotBase64,
    /// The bytes are not a blob.
    #[error("this is no wrapped data key")]
    NotABlob(#[source] MessageError),
    /// No key here opens it.
    #[error(transparent)]
    Locked(#[from] ResolveError),
    /// A key did not wrap.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// A context was given for a key that would not hold anybody to it.
    #[error("an RSA key binds no encryption context to a data key")]
    NotBound,
    /// The wrapped data key does not fit into the format.
    #[error(transparent)]
    Format(#[from] FieldTooLong),
}

/// A wrapped data key.
#[derive(Debug)]
pub enum Blob {
    /// An encrypted data key, as a message header has it.
    Own(EncryptedDataKey),
    /// Other bytes, which AWS KMS may have made.
    OfService {
        /// The bytes.
        bytes: Vec<u8>,
        /// Why they are no encrypted data key.
        fault: MessageError,
    },
}

impl Blob {
    /// The encrypted data key.
    ///
    /// # Errors
    /// [`DatakeyError::NotABlob`] for other bytes.
    pub fn own(self) -> Result<EncryptedDataKey, DatakeyError> {
        match self {
            Self::Own(wrapped) => Ok(wrapped),
            Self::OfService { fault, .. } => Err(DatakeyError::NotABlob(fault)),
        }
    }
}

/// What opened a blob.
#[derive(Debug)]
pub enum BlobKey {
    /// A wrapping key of a key service.
    Wrapping(WrappingKey),
    /// The key of AWS KMS that the service says it used, and the id of its material.
    OfService(KmsArn, Option<String>),
}

/// Reads a blob: its bytes, or base64 of them with any white space.
///
/// # Errors
/// [`DatakeyError::NotBase64`] or [`DatakeyError::NotABlob`].
pub fn parse_blob(bytes: &[u8]) -> Result<Blob, DatakeyError> {
    // A blob of ours begins with the high byte of a short length and one of AWS KMS with its version, which no base64 does.
    let is_text = bytes.is_ascii() && bytes.first().is_none_or(|first| *first >= b'\t');
    if !is_text {
        return parse_bytes(bytes);
    }
    let text: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| DatakeyError::NotBase64)?);
    parse_bytes(&bytes)
}

/// Whether AWS KMS may have made a blob of these bytes: it has the name of a key, an IV, a tag and some more. A text is not
/// sent anywhere, since it may be somebody's secret.
fn may_be_of_service(bytes: &[u8]) -> bool {
    const LEAST: usize = 64;
    (LEAST..=api::MOST_BLOB_BYTES).contains(&bytes.len()) && std::str::from_utf8(bytes).is_err()
}

fn parse_bytes(bytes: &[u8]) -> Result<Blob, DatakeyError> {
    match EncryptedDataKey::parse(bytes) {
        Ok(own) => Ok(Blob::Own(own)),
        Err(fault) if may_be_of_service(bytes) => {
            Ok(Blob::OfService { bytes: bytes.to_vec(), fault })
        }
        Err(fault) => Err(DatakeyError::NotABlob(fault)),
    }
}

/// Returns the bytes of a blob.
///
/// # Errors
/// [`DatakeyError::Format`].
pub fn serialise_blob(wrapped: &EncryptedDataKey) -> Result<Vec<u8>, DatakeyError> {
    let mut bytes = Vec::new();
    wrapped.serialise_into(&mut bytes)?;
    Ok(bytes)
}

/// Draws a data key of `len` bytes, and wraps it: the key itself, and the blob (GenerateDataKey).
///
/// # Errors
/// [`DatakeyError::NotBound`], [`DatakeyError::Wrap`] or [`DatakeyError::Format`].
pub fn generate(
    recipient: &dyn Recipient,
    len: usize,
    context: &EncryptionContext,
) -> Result<(DataKey, Vec<u8>), DatakeyError> {
    require_bound(recipient.binds_context(), context)?;
    let (data_key, wrapped) = stack::wipe_after(|| recipient.generate(len, context))?;
    Ok((data_key, serialise_blob(&wrapped)?))
}

/// As [`decrypt`], also of a blob of AWS KMS's own.
///
/// # Errors
/// [`DatakeyError::NotABlob`], [`DatakeyError::Locked`] or [`DatakeyError::NotBound`].
pub fn decrypt_with_kms(
    keyring: &RootKeys,
    kms: &AwsKms,
    only: &[KeyName],
    blob: Blob,
    context: &EncryptionContext,
) -> Result<(DataKey, BlobKey), DatakeyError> {
    match blob {
        Blob::Own(wrapped) => {
            let (data_key, key) = decrypt(&[keyring, kms], only, wrapped, context)?;
            Ok((data_key, BlobKey::Wrapping(key)))
        }
        Blob::OfService { fault, .. } if !kms.may_ask(&[]) => Err(DatakeyError::NotABlob(fault)),
        Blob::OfService { .. } if !kms.may_ask(only) => {
            let wanted = vec!["a key of AWS KMS".to_owned()];
            Err(ResolveError::NoKey { wanted, is_excluded: true, missing_version: None }.into())
        }
        Blob::OfService { bytes, .. } => {
            let opened = kms.decrypt_blob(only, &bytes, context).map_err(unopened)?;
            Ok((opened.data_key, BlobKey::OfService(opened.key, opened.material_id)))
        }
    }
}

/// Opens a blob, with the keys of `only` or, if that is empty, with any (Decrypt).
///
/// # Errors
/// [`DatakeyError::Locked`] or [`DatakeyError::NotBound`].
pub fn decrypt(
    services: &[&dyn KeyService],
    only: &[KeyName],
    blob: EncryptedDataKey,
    context: &EncryptionContext,
) -> Result<(DataKey, WrappingKey), DatakeyError> {
    let mut candidates = services.iter().flat_map(|service| service.candidates(&blob));
    let binds = candidates.all(|candidate| candidate.unwrapper.binds_context());
    let sets = [(SetOrigin::Header, vec![blob])];
    let resolution =
        stack::wipe_after(|| resolve(services, sets, context, ResolvePurpose::Open { only }, Some));
    let opened = resolution.opened.ok_or_else(|| ResolveError::of(resolution.sets))?;
    require_bound(binds, context)?;
    Ok(opened)
}

/// Why AWS KMS did not open a blob of its own.
fn unopened(error: UnwrapError) -> DatakeyError {
    DatakeyError::Locked(match error {
        UnwrapError::Refused | UnwrapError::OtherKey | UnwrapError::InDoubt => {
            ResolveError::DoesNotUnwrap { named: vec!["AWS KMS".to_owned()] }
        }
        UnwrapError::Key(error) => ResolveError::Unusable(error),
        UnwrapError::Passphrase(fault) => ResolveError::Passphrase(fault),
        UnwrapError::Service(error) => ResolveError::Service(error),
    })
}

/// Has AWS KMS wrap a blob of its own under another of its keys (ReEncrypt).
///
/// # Errors
/// [`DatakeyError::Locked`] or [`DatakeyError::Wrap`].
pub fn rewrap_in_kms(
    kms: &AwsKms,
    only: &[KeyName],
    blob: &[u8],
    contexts: [&EncryptionContext; 2],
    key: &KeyName,
) -> Result<KmsRewrapped, DatakeyError> {
    let [old, new] = contexts;
    kms.rewrap_blob(only, blob, old, key, new).map_err(|error| match error {
        RewrapBlobError::Unwrap(error) => unopened(error),
        RewrapBlobError::Wrap(error) => error.into(),
    })
}

fn require_bound(binds: bool, context: &EncryptionContext) -> Result<(), DatakeyError> {
    if binds || context.is_empty() { Ok(()) } else { Err(DatakeyError::NotBound) }
}

/// Wraps an opened data key anew, and returns the new blob (the second half of ReEncrypt).
///
/// # Errors
/// [`DatakeyError::Wrap`] or [`DatakeyError::Format`].
pub fn wrap(
    recipient: &dyn Recipient,
    data_key: &DataKey,
    context: &EncryptionContext,
) -> Result<Vec<u8>, DatakeyError> {
    require_bound(recipient.binds_context(), context)?;
    serialise_blob(&stack::wipe_after(|| recipient.wrap(data_key, context))?)
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;
    use std::sync::Arc;

    use super::*;
    use crate::keyring::{Key, RootKeys};
    use crate::keys::aws_kms::Discovery;
    use crate::keys::aws_kms::estimate::Estimate;
    use crate::message::context::context;

    #[test]
    fn a_blob_opens_with_its_context_in_either_form_and_moves_to_another_key() {
        let mut keyring = RootKeys::default();
        let mut add = || -> KeyName {
            keyring.add(Key::generate([].into(), "").unwrap()).unwrap().id().into()
        };
        let (first, second) = (add(), add());
        let services: [&dyn KeyService; 1] = [&keyring];
        let (own, other) = (context(&[("k", "v")]), context(&[("k", "w")]));
        let recipient = keyring.recipient(&first).unwrap();
        let (data_key, blob) = generate(&*recipient, 24, &own).unwrap();
        assert_eq!(data_key.len(), 24);
        let base64 = STANDARD.encode(&blob);
        let (start, end) = base64.split_at(7);
        for form in [&blob[..], base64.as_bytes(), format!("{start}\r\n {end}\n").as_bytes()] {
            let parsed = parse_blob(form).unwrap().own().unwrap();
            let (opened, key) = decrypt(&services, &[], parsed, &own).unwrap();
            assert_eq!((&opened, &key.key), (&data_key, &first));
        }
        let parsed = parse_blob(&blob).unwrap().own().unwrap();
        let error = decrypt(&services, &[], parsed.clone(), &other).unwrap_err();
        assert!(matches!(error, DatakeyError::Locked(ResolveError::DoesNotUnwrap { .. })));
        let error = decrypt(&services, from_ref(&second), parsed, &own).unwrap_err();
        assert!(matches!(
            error,
            DatakeyError::Locked(ResolveError::NoKey { is_excluded: true, .. })
        ));
        let moved = wrap(&*keyring.recipient(&second).unwrap(), &data_key, &other).unwrap();
        let (opened, key) =
            decrypt(&services, &[], parse_blob(&moved).unwrap().own().unwrap(), &other).unwrap();
        assert_eq!((opened, key.key), (data_key, second));
    }

    #[test]
    fn a_blob_of_aws_kms_is_told_from_one_of_ours() {
        // The beginning of those that the service makes today.
        let bytes = [&[1, 2, 2, 0, 0x78][..], &[0xf7; 150]].concat();
        let of_service = |form: &[u8]| match parse_blob(form) {
            Ok(Blob::OfService { bytes, .. }) => Some(bytes),
            _ => None,
        };
        for form in [&bytes[..], STANDARD.encode(&bytes).as_bytes()] {
            assert_eq!(of_service(form).as_ref(), Some(&bytes));
        }
        // Whatever it begins with: what is no text is taken as it is.
        assert!(of_service(&[&b"1234"[..], &[0xff; 60]].concat()).is_some());
        assert!(of_service(&[0xff; api::MOST_BLOB_BYTES]).is_some());
        for other in [
            &[0xff; api::MOST_BLOB_BYTES + 1][..],
            &[0xff; 63],
            // Somebody's password, and a secret access key of AWS.
            "pässwörd = geheim; pässwörd = geheim; pässwörd = geheim; pässwörd".as_bytes(),
            b"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab",
        ] {
            assert!(of_service(other).is_none());
        }
        let kms = AwsKms::new(
            Box::new(Estimate::new(Arc::default())),
            &RootKeys::default(),
            Discovery::Off,
        );
        let blob = parse_blob(&bytes).unwrap();
        let none = EncryptionContext::default();
        let opened = decrypt_with_kms(&RootKeys::default(), &kms, &[], blob, &none);
        assert!(matches!(opened, Err(DatakeyError::NotABlob(_))), "nobody was to be asked");
    }

    #[test]
    fn other_bytes_are_no_blob() {
        for (bytes, is_base64) in [(&b"!"[..], false), (b"AAAA", true), (b"\0\x05ab", true)] {
            let error = parse_blob(bytes).and_then(Blob::own).unwrap_err();
            assert_eq!(matches!(error, DatakeyError::NotABlob(_)), is_base64, "{error}");
        }
    }
}
