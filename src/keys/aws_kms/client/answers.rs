//! What is checked before an answer is believed. Whoever sits between, or a service that only looks like AWS KMS, may
//! answer anything; and what is written to a message must be what AWS KMS can read back.
//!
//! Each secret is taken over from the SDK's own buffer, which is wiped also where the answer is refused. What cannot be
//! reached are the SDK's earlier copies: the body of the answer, which has the secret in base64, and TLS's buffers. A search
//! of a process's memory after its calls finds the base64 of the last answer, and no data key as bytes.

use std::ops::RangeInclusive;

use aws_sdk_kms::primitives::Blob;
use zeroize::Zeroizing;

use crate::crypto::secret::SecretBytes;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keys::aws_kms::api::{KmsBlob, KmsCause, KmsKeyName, MOST_BLOB_BYTES};

/// The most characters of the id of key material. AWS KMS has 64.
const MOST_ID_CHARS: usize = 128;

/// The key that an answer names: the ARN of a key, of the one that was `asked` for where one was.
pub(super) fn key_of(asked: Option<&KmsKeyName>, key_id: Option<&str>) -> Result<KmsArn, KmsCause> {
    let arn: KmsArn = key_id
        .and_then(|id| id.parse().ok())
        .filter(|arn: &KmsArn| arn.key_id().is_some())
        .ok_or(KmsCause::BadAnswer("it does not name its key"))?;
    if asked.is_none_or(|asked| asked.can_be(&arn)) {
        Ok(arn)
    } else {
        Err(KmsCause::BadAnswer("it is about another key"))
    }
}

/// What was wrapped under the key that was `asked` for.
pub(super) fn blob_of(
    asked: &KmsKeyName,
    key_id: Option<&str>,
    blob: Option<Blob>,
    material_id: Option<String>,
) -> Result<KmsBlob, KmsCause> {
    let key = key_of(Some(asked), key_id)?;
    let blob = blob.map(Blob::into_inner).unwrap_or_default();
    if !(1..=MOST_BLOB_BYTES).contains(&blob.len()) {
        return Err(KmsCause::BadAnswer("the wrapped data key has a length that none has"));
    }
    Ok(KmsBlob { key, blob, material_id: material_id_of(material_id)? })
}

/// The id of key material, where the answer has it. It is shown to people and programs.
pub(super) fn material_id_of(id: Option<String>) -> Result<Option<String>, KmsCause> {
    let is_id = |id: &String| {
        (1..=MOST_ID_CHARS).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    match id {
        Some(id) if !is_id(&id) => Err(KmsCause::BadAnswer("the id of the key material is none")),
        id => Ok(id),
    }
}

/// A secret, as long as it may be.
pub(super) fn secret_of(
    plaintext: Option<Blob>,
    lengths: RangeInclusive<usize>,
) -> Result<SecretBytes, KmsCause> {
    let bytes = Zeroizing::new(plaintext.map(Blob::into_inner).unwrap_or_default());
    if lengths.contains(&bytes.len()) {
        Ok(SecretBytes::copy_of(&bytes))
    } else {
        Err(KmsCause::BadAnswer("the plaintext has another length than it must have"))
    }
}
