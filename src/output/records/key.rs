//! Records of `keygen` and `key`.

use std::collections::BTreeSet;

use enwrap::clock::now;
use enwrap::keyring::model::key::State;
use enwrap::keyring::{Alias, Key, KeyId, KeyVersion, Kind};
use jiff::Timestamp;
use serde::Serialize;

use super::{KeyVersionMember, OutputMember, PathMember, as_text, as_text_or_null, names};

/// `keygen`.
#[derive(Debug, Serialize)]
pub(crate) struct GeneratedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) key_id: KeyId,
    aliases: Vec<String>,
    #[serde(serialize_with = "as_text")]
    created: Timestamp,
    /// Whether this run made it; false where `--if-missing` found it.
    new: bool,
}

impl GeneratedRecord {
    pub(crate) fn new(key: &Key, new: bool) -> Self {
        Self { key_id: key.id(), aliases: names(key.aliases()), created: key.created(), new }
    }
}

/// `key list` and `key show`: everything about a key but its material.
#[derive(Debug, Serialize)]
pub(crate) struct KeyRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) key_id: KeyId,
    aliases: Vec<String>,
    description: String,
    #[serde(serialize_with = "as_text")]
    created: Timestamp,
    origin: String,
    kind: &'static str,
    /// Whether only public halves of it are here, and AWS KMS has no private one: it encrypts, and opens nothing.
    public_only: bool,
    #[serde(serialize_with = "as_text")]
    state: State,
    age_days: i64,
    decrypt_only: bool,
    versions: Vec<VersionRecord>,
}

/// A version in a [`KeyRecord`].
#[derive(Debug, Serialize)]
struct VersionRecord {
    version: u32,
    namespace: String,
    name: String,
    #[serde(serialize_with = "as_text")]
    created: Timestamp,
    #[serde(serialize_with = "as_text")]
    state: State,
    #[serde(serialize_with = "as_text_or_null")]
    deletion_date: Option<Timestamp>,
    /// Of an elliptic-curve key those of its curve. Null of a key of AWS KMS.
    bits: Option<usize>,
    /// How an RSA key pads; null for other kinds.
    padding: Option<&'static str>,
    /// The ARN of the key in AWS KMS, or of the one that has the private half; null of all others.
    aws_kms: Option<String>,
}

impl KeyRecord {
    pub(crate) fn new(key: &Key) -> Self {
        Self {
            key_id: key.id(),
            aliases: names(key.aliases()),
            description: key.description().to_owned(),
            created: key.created(),
            origin: key.origin().to_string(),
            kind: key.kind().name(),
            public_only: key.is_public_only(),
            state: key.current().state,
            age_days: age_days(key),
            decrypt_only: key.is_decrypt_only(),
            versions: key
                .versions()
                .iter()
                .map(|version| VersionRecord::new(key, version))
                .collect(),
        }
    }
}

impl VersionRecord {
    fn new(key: &Key, version: &KeyVersion) -> Self {
        Self {
            version: version.number,
            namespace: version.namespace.clone(),
            name: version.name.clone(),
            created: version.created,
            state: version.state,
            deletion_date: version.deletion_date,
            bits: bits(key, version),
            padding: version.rsa.as_ref().map(|rsa| rsa.padding.name()),
            aws_kms: version.kms_arn().map(|arn| arn.to_string()),
        }
    }
}

/// The length of a version's key, as its kind counts it.
pub(crate) fn bits(key: &Key, version: &KeyVersion) -> Option<usize> {
    match key.kind() {
        Kind::P256 => Some(256),
        Kind::P384 => Some(384),
        Kind::P521 => Some(521),
        Kind::Aes | Kind::Branch => Some(version.material.as_ref()?.secret().len() * 8),
        // The modulus is not taken out of the key for this, and AWS KMS is not asked.
        Kind::Rsa | Kind::AwsKms => None,
    }
}

/// Whole days since the current version was made: what decides about rotation.
pub(crate) fn age_days(key: &Key) -> i64 {
    now().duration_since(key.current().created).as_hours() / 24
}

/// `key import`: the key, and the names of its newest version, by which an SDK knows it.
#[derive(Debug, Serialize)]
pub(crate) struct ImportedRecord {
    #[serde(flatten)]
    pub(crate) key: KeyRecord,
    namespace: String,
    name: String,
    /// The aliases that the key has in the imported file, and not here.
    pub(crate) file_aliases: Vec<String>,
}

impl ImportedRecord {
    pub(crate) fn new(key: &Key, file_aliases: &BTreeSet<Alias>) -> Self {
        let KeyVersion { namespace, name, .. } = key.current();
        let (namespace, name) = (namespace.clone(), name.clone());
        Self { key: KeyRecord::new(key), namespace, name, file_aliases: names(file_aliases) }
    }
}

/// `key alias`.
#[derive(Debug, Serialize)]
pub(crate) struct RenamedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) key_id: KeyId,
}

/// `key enable` and `key disable`.
#[derive(Debug, Serialize)]
pub(crate) struct SwitchedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) key_id: KeyId,
    /// Null for all versions.
    pub(crate) version: Option<u32>,
    #[serde(serialize_with = "as_text")]
    pub(crate) state: State,
}

/// `key delete` and `key undelete`.
#[derive(Debug, Serialize)]
pub(crate) struct DeletionRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) key_id: KeyId,
    pub(crate) version: u32,
    #[serde(serialize_with = "as_text")]
    pub(crate) state: State,
    #[serde(serialize_with = "as_text_or_null")]
    pub(crate) deletion_date: Option<Timestamp>,
}

/// `key purge`.
#[derive(Debug, Serialize)]
pub(crate) struct PurgedRecord {
    #[serde(serialize_with = "as_text")]
    pub(crate) key_id: KeyId,
    pub(crate) version: u32,
    pub(crate) aliases: Vec<String>,
    /// False with `--dry-run`.
    pub(crate) destroyed: bool,
    /// The ARN of the key that stays in AWS KMS: only its entry is gone. Null of all others.
    pub(crate) aws_kms: Option<String>,
}

/// `key purge --check`: a message that is not proved to open without what is due.
#[derive(Debug, Serialize)]
pub(crate) struct NeedingRecord {
    pub(crate) needs_what_is_due: bool,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// `key export -o`.
#[derive(Debug, Serialize)]
pub(crate) struct ExportedRecord {
    #[serde(flatten)]
    pub(crate) key: KeyVersionMember,
    /// Whether there is no secret in the file: public halves only.
    pub(crate) public: bool,
    #[serde(flatten)]
    pub(crate) output: OutputMember,
}

/// A key version in the records of `key usage`.
#[derive(Debug, Serialize)]
pub(crate) struct Holder {
    #[serde(flatten)]
    pub(crate) key: KeyVersionMember,
    pub(crate) current: bool,
}

/// `key usage`: a file.
#[derive(Debug, Serialize)]
pub(crate) struct UsageOfFile {
    pub(crate) bytes: u64,
    pub(crate) message_id: String,
    pub(crate) keys: Vec<Holder>,
    pub(crate) by_proof: bool,
    pub(crate) needs_old_version: bool,
    pub(crate) by_envelope_only: bool,
    /// Keys of which nothing is known, because AWS KMS did not answer; left out if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) not_proved: Vec<String>,
    pub(crate) closed: bool,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// `key usage`: a key version.
#[derive(Debug, Serialize)]
pub(crate) struct UsageOfVersion {
    #[serde(flatten)]
    pub(crate) holder: Holder,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}
