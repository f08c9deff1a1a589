//! The lines of `--metadata FILE`, as the AWS Encryption CLI writes them.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enwrap::crypto::engine::{Iv, Tag};
use enwrap::message::header::{ContentType, Header};
use serde::Serialize;

use super::{InputMember, OutputMember};

/// What was done to one file.
#[derive(Debug, Serialize)]
pub(crate) struct MetadataRecord<'a> {
    mode: &'a str,
    #[serde(flatten)]
    input: InputMember,
    #[serde(flatten)]
    output: OutputMember,
    header: HeaderMember<'a>,
    header_auth: HeaderAuthMember,
}

/// The fields of a header.
#[derive(Debug, Serialize)]
struct HeaderMember<'a> {
    version: &'static str,
    algorithm: &'static str,
    message_id: String,
    encryption_context: BTreeMap<&'a str, &'a str>,
    encrypted_data_keys: Vec<EncryptedDataKeyMember>,
    content_type: u8,
    frame_length: u32,
    /// Null but in version 1.
    r#type: Option<u8>,
    /// Null but in version 1.
    header_iv_length: Option<u8>,
    commitment_key: Option<String>,
}

#[derive(Debug, Serialize)]
struct EncryptedDataKeyMember {
    key_provider: KeyProviderMember,
    encrypted_data_key: String,
}

#[derive(Debug, Serialize)]
struct KeyProviderMember {
    provider_id: String,
    key_info: String,
}

#[derive(Debug, Serialize)]
struct HeaderAuthMember {
    iv: String,
    tag: String,
}

impl<'a> MetadataRecord<'a> {
    pub(crate) fn new(
        mode: &'a str,
        (input, output): (&Path, &Path),
        header: &'a Header,
        (iv, tag): (&Iv, &Tag),
    ) -> Self {
        Self {
            mode,
            input: input.into(),
            output: output.into(),
            header: HeaderMember::new(header),
            header_auth: HeaderAuthMember { iv: STANDARD.encode(iv), tag: STANDARD.encode(tag) },
        }
    }
}

impl<'a> HeaderMember<'a> {
    fn new(header: &'a Header) -> Self {
        let is_version_2 = header.suite.format_version() == 2;
        let (content_type, frame_length) = match header.content {
            ContentType::NonFramed => (1, 0),
            ContentType::Framed(length) => (2, length.get()),
        };
        let keys = header.encrypted_data_keys.iter().map(|key| EncryptedDataKeyMember {
            key_provider: KeyProviderMember {
                provider_id: STANDARD.encode(&key.provider_id),
                key_info: STANDARD.encode(&key.provider_info),
            },
            encrypted_data_key: STANDARD.encode(&key.ciphertext),
        });
        Self {
            version: if is_version_2 { "2.0" } else { "1.0" },
            algorithm: header.suite.name,
            message_id: STANDARD.encode(header.message_id.as_bytes()),
            encryption_context: header.context.iter().collect(),
            encrypted_data_keys: keys.collect(),
            content_type,
            frame_length,
            r#type: (!is_version_2).then_some(0x80),
            header_iv_length: (!is_version_2).then_some(12),
            commitment_key: header.commit_key.map(|key| STANDARD.encode(key)),
        }
    }
}
