//! Records of the verbs that work on messages.

use std::collections::BTreeMap;

use enwrap::message::message_id::MessageId;
use serde::Serialize;

use super::{EnvelopeMember, KeyVersionMember, OutputMember, PathMember, as_text};

/// `encrypt`.
#[derive(Debug, Serialize)]
pub(crate) struct EncryptedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) message_id: MessageId,
    pub(crate) keys: Vec<KeyVersionMember>,
    /// True where a passphrase opens it too, and else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) passphrase: bool,
    pub(crate) plaintext_bytes: u64,
    pub(crate) message_bytes: u64,
    /// True where the source was written to while it was read, and else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) source_changed: bool,
    /// True where the output held the same already, and else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unchanged: bool,
    #[serde(flatten)]
    pub(crate) path: PathMember,
    #[serde(flatten)]
    pub(crate) output: OutputMember,
}

/// `decrypt`.
#[derive(Debug, Serialize)]
pub(crate) struct DecryptedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) message_id: MessageId,
    pub(crate) opened_by: KeyVersionMember,
    pub(crate) plaintext_bytes: u64,
    pub(crate) written_bytes: u64,
    #[serde(flatten)]
    pub(crate) path: PathMember,
    #[serde(flatten)]
    pub(crate) output: OutputMember,
}

/// `decrypt --salvage`.
#[derive(Debug, Serialize)]
pub(crate) struct SalvagedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) message_id: MessageId,
    pub(crate) saved_frames: u64,
    pub(crate) saved_bytes: u64,
    /// Null where the end of the message is lost.
    pub(crate) plaintext_bytes: Option<u64>,
    pub(crate) lost: Vec<Lost>,
    #[serde(flatten)]
    pub(crate) path: PathMember,
    /// Left out where nothing could be saved.
    #[serde(flatten)]
    pub(crate) output: Option<OutputMember>,
}

/// Plaintext bytes that are lost.
#[derive(Debug, Serialize)]
pub(crate) struct Lost {
    pub(crate) offset: u64,
    /// Null to an unknown end.
    pub(crate) length: Option<u64>,
}

/// `verify`.
#[derive(Debug, Serialize)]
pub(crate) struct VerifiedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) message_id: MessageId,
    pub(crate) opened_by: KeyVersionMember,
    pub(crate) plaintext_bytes: u64,
    pub(crate) signed: bool,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// `edit`.
#[derive(Debug, Serialize)]
pub(crate) struct EditedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) message_id: MessageId,
    pub(crate) changed: bool,
    /// Left out where nothing was changed or the file is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) old_message_id: Option<String>,
    pub(crate) keys: Vec<KeyVersionMember>,
    /// True where a passphrase opens it too, and else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) passphrase: bool,
    /// This and the next: left out where nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plaintext_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message_bytes: Option<u64>,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// `inspect`. Nothing in it is authenticated.
#[derive(Debug, Serialize)]
pub(crate) struct InspectedRecord {
    pub(crate) format_version: u8,
    pub(crate) suite: String,
    pub(crate) algorithm: &'static str,
    #[serde(serialize_with = "as_text")]
    pub(crate) message_id: MessageId,
    pub(crate) encryption_context: BTreeMap<String, String>,
    pub(crate) encrypted_data_keys: Vec<InspectedKey>,
    pub(crate) envelope_keys: Vec<EnvelopeKey>,
    /// Null where there are no frames.
    pub(crate) frame_length: Option<u32>,
    /// Null where it cannot be told.
    pub(crate) frames: Option<u32>,
    /// Null where it cannot be told.
    pub(crate) plaintext_bytes: Option<u64>,
    pub(crate) signed: bool,
    pub(crate) armored: bool,
    pub(crate) header_bytes: u64,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// An encrypted data key of a header. The last three are null where the keyring has no such key.
#[derive(Debug, Serialize)]
pub(crate) struct InspectedKey {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) key_id: Option<String>,
    pub(crate) version: Option<u32>,
    pub(crate) aliases: Option<Vec<String>>,
    /// Whether only the public half of the key is here.
    pub(crate) public_only: bool,
    /// Left out where it is not under a passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) passphrase: Option<PassphraseMember>,
}

/// What one try of the passphrase of an encrypted data key costs.
#[derive(Debug, Serialize)]
pub(crate) struct PassphraseMember {
    pub(crate) kdf: &'static str,
    pub(crate) m_kib: u32,
    pub(crate) t: u32,
    pub(crate) p: u32,
}

/// An encrypted data key of a record in an envelope file.
#[derive(Debug, Serialize)]
pub(crate) struct EnvelopeKey {
    #[serde(flatten)]
    pub(crate) key: InspectedKey,
    #[serde(flatten)]
    pub(crate) envelope: EnvelopeMember,
}

/// `rewrap`.
#[derive(Debug, Serialize)]
pub(crate) struct RewrappedRecord {
    /// Left out where nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message_id: Option<String>,
    pub(crate) changed: bool,
    /// The keys of the record that was written or, with `--dry-run`, would be; left out where nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keys: Option<Vec<KeyVersionMember>>,
    /// True where a passphrase opens it too, and else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) passphrase: bool,
    #[serde(flatten)]
    pub(crate) path: PathMember,
    #[serde(flatten)]
    pub(crate) envelope: Option<EnvelopeMember>,
}

/// `encrypt --dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct WouldEncryptRecord {
    #[serde(flatten)]
    pub(crate) path: PathMember,
    #[serde(flatten)]
    pub(crate) output: Option<OutputMember>,
}

/// `reencrypt --dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct WouldReencryptRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) old_message_id: MessageId,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// `reencrypt`.
#[derive(Debug, Serialize)]
pub(crate) struct ReencryptedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) old_message_id: MessageId,
    #[serde(serialize_with = "as_text")]
    pub(crate) message_id: MessageId,
    pub(crate) keys: Vec<KeyVersionMember>,
    /// True where a passphrase opens it too, and else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) passphrase: bool,
    pub(crate) plaintext_bytes: u64,
    pub(crate) message_bytes: u64,
    #[serde(flatten)]
    pub(crate) path: PathMember,
    #[serde(flatten)]
    pub(crate) output: OutputMember,
}
