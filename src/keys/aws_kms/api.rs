//! What is asked of AWS KMS, as calls that wait for the answer, and how they fail.
//!
//! The calls are those of FIPS-validated modules behind a network: an answer is only believed after its key, and the
//! lengths of what it holds, were compared with what was asked for. That is done by whoever implements [`KmsApi`].

use std::fmt;
use std::str::FromStr;

use crate::crypto::ec::EcPublicKey;
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keyring::model::kms_arn::KmsArn;
use crate::message::context::EncryptionContext;

/// The longest plaintext that AWS KMS encrypts, in bytes.
pub const MOST_PLAINTEXT_BYTES: usize = 4096;

/// The longest blob that AWS KMS makes or takes, in bytes.
pub const MOST_BLOB_BYTES: usize = 6144;

/// What a key without an ARN is called by on the command line: `aws-kms:KEY-ID` or `aws-kms:alias/NAME`.
pub const PREFIX: &str = "aws-kms:";

/// How AWS KMS is told which key to use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KmsKeyName {
    /// By the ARN of the key or of an alias: its region is asked.
    Arn(KmsArn),
    /// By a key id or `alias/NAME`, in the region and the account of the caller's credentials.
    Bare(String),
}

/// Text that names no key of AWS KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it names no key of AWS KMS: arn:PARTITION:kms:REGION:ACCOUNT:key/ID, aws-kms:KEY-ID or aws-kms:alias/NAME"
)]
pub struct NotAKmsKey;

impl KmsKeyName {
    /// Whether a text is meant as such a name. No alias of a local key begins so.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("arn:") || text.starts_with(PREFIX)
    }

    /// What a request has as its KeyId.
    #[must_use]
    pub fn key_id(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.as_str(),
            Self::Bare(name) => name,
        }
    }

    /// Whether it is an alias, which can stand for another key tomorrow.
    #[must_use]
    pub fn is_alias(&self) -> bool {
        match self {
            Self::Arn(arn) => arn.key_id().is_none(),
            Self::Bare(name) => name.starts_with("alias/"),
        }
    }

    /// The region to ask; `None` for that of the caller's configuration.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn.region()),
            Self::Bare(_) => None,
        }
    }

    /// Whether an answer that says that it used the key `arn` can be the answer to a request for this one. An alias says
    /// nothing about its key.
    #[must_use]
    pub fn can_be(&self, arn: &KmsArn) -> bool {
        if arn.key_id().is_none() {
            return false;
        }
        match self {
            Self::Arn(own) if own.key_id().is_some() => own == arn,
            Self::Arn(alias) => (alias.region(), alias.account()) == (arn.region(), arn.account()),
            Self::Bare(name) if name.starts_with("alias/") => true,
            Self::Bare(id) => arn.key_id() == Some(id),
        }
    }
}

impl FromStr for KmsKeyName {
    type Err = NotAKmsKey;

    fn from_str(text: &str) -> Result<Self, NotAKmsKey> {
        let Some(name) = text.strip_prefix(PREFIX) else {
            return text.parse().map(Self::Arn).map_err(|_| NotAKmsKey);
        };
        if name.starts_with("arn:") {
            return name.parse().map(Self::Arn).map_err(|_| NotAKmsKey);
        }
        let rest = name.strip_prefix("alias/").unwrap_or(name);
        let is_name = !rest.is_empty()
            && name.len() <= 256
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte));
        if is_name { Ok(Self::Bare(name.to_owned())) } else { Err(NotAKmsKey) }
    }
}

impl fmt::Display for KmsKeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arn(arn) => arn.fmt(f),
            Self::Bare(name) => write!(f, "{PREFIX}{name}"),
        }
    }
}

/// What AWS KMS wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsBlob {
    /// The key that it is under. Its ARN is that of a key, and of the one that was asked for.
    pub key: KmsArn,
    /// The blob: 1 to [`MOST_BLOB_BYTES`] bytes that only AWS KMS understands.
    pub blob: Vec<u8>,
    /// The id of the key's material, where the service says it.
    pub material_id: Option<String>,
}

/// What AWS KMS unwrapped.
#[derive(Debug)]
pub struct KmsOpened {
    /// The key that it was under.
    pub key: KmsArn,
    /// What was wrapped.
    pub data_key: DataKey,
    /// The id of the key's material, where the service says it.
    pub material_id: Option<String>,
}

/// What AWS KMS wrapped again, from one key to another.
#[derive(Debug)]
pub struct KmsRewrapped {
    /// The key that it was under.
    pub source: KmsArn,
    /// The new blob.
    pub wrapped: KmsBlob,
}

/// AWS KMS: each call waits for the answer, for as long as the caller has set at most.
///
/// `context` is the full encryption context. An answer was compared with the request: the key is the one asked for, a
/// plaintext is as long as it must be, a blob has a length that AWS KMS can have made.
pub trait KmsApi: Send + Sync {
    /// GenerateDataKey: draws a data key of `len` bytes, 1 to 1024, and wraps it.
    ///
    /// # Errors
    /// [`KmsError`].
    fn generate_data_key(
        &self,
        key: &KmsKeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, KmsBlob), KmsError>;

    /// GenerateDataKeyWithoutPlaintext: the same, and the data key stays in AWS KMS.
    ///
    /// # Errors
    /// [`KmsError`].
    fn generate_data_key_without_plaintext(
        &self,
        key: &KmsKeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError>;

    /// Encrypt: wraps a data key of up to [`MOST_PLAINTEXT_BYTES`].
    ///
    /// # Errors
    /// [`KmsError`].
    fn encrypt(
        &self,
        key: &KmsKeyName,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, KmsError>;

    /// Decrypt: unwraps a blob; with `key` only if it is under that.
    ///
    /// # Errors
    /// [`KmsError`]; [`KmsCause::Refused`] where the blob or the context is not the one of the wrap, [`KmsCause::OtherKey`] where
    /// the key is not.
    fn decrypt(
        &self,
        key: Option<&KmsKeyName>,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<KmsOpened, KmsError>;

    /// ReEncrypt: wraps what a blob holds under another key, within AWS KMS. Both keys are in one region.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt).
    fn re_encrypt(
        &self,
        source: Option<&KmsKeyName>,
        blob: &[u8],
        source_context: &EncryptionContext,
        destination: &KmsKeyName,
        destination_context: &EncryptionContext,
    ) -> Result<KmsRewrapped, KmsError>;

    /// DeriveSharedSecret: what the private half in AWS KMS and `sender` agree on, the x coordinate of the shared point.
    ///
    /// # Errors
    /// [`KmsError`].
    fn derive_shared_secret(
        &self,
        key: &KmsKeyName,
        sender: &EcPublicKey,
    ) -> Result<SecretBytes, KmsError>;
}

/// Why AWS KMS did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("AWS KMS, {action} with {}: {cause}", with(key))]
pub struct KmsError {
    /// The operation, by its name in policies: `kms:` and this.
    pub action: &'static str,
    /// The key, as it was asked for; empty where the service was to find it.
    pub key: String,
    /// The keys of the encryption context, which a policy can ask for. Its values are not told.
    pub context: Vec<String>,
    /// Why not.
    pub cause: KmsCause,
}

fn with(key: &str) -> String {
    if key.is_empty() { "the key of the blob".to_owned() } else { format!("key '{key}'") }
}

impl KmsError {
    /// An error of a call with `key`, or without one.
    #[must_use]
    pub fn new(action: &'static str, key: Option<&KmsKeyName>, cause: KmsCause) -> Self {
        let key = key.map_or_else(String::new, ToString::to_string);
        Self { action, key, context: Vec::new(), cause }
    }
}

/// The causes that a person can do something about, each in a way of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KmsCause {
    /// There are no credentials, or they cannot be got.
    #[error("there are no AWS credentials")]
    NoCredentials,
    /// The credentials are not valid any more.
    #[error("the AWS credentials have expired")]
    ExpiredCredentials,
    /// The credentials are not known to AWS, or their signature is not right.
    #[error("AWS does not accept the credentials")]
    InvalidCredentials,
    /// The key is named without a region, and none is configured.
    #[error("no AWS region is configured")]
    NoRegion,
    /// A policy does not allow it.
    #[error("access is denied")]
    AccessDenied,
    /// There is no such key in that account and region.
    #[error("there is no such key")]
    NotFound,
    /// The key is disabled.
    #[error("the key is disabled")]
    Disabled,
    /// The key is about to be deleted.
    #[error("the key is pending-deletion")]
    PendingDeletion,
    /// The key is in a state in which it cannot be used, such as the import of its material.
    #[error("the key cannot be used in its state")]
    InvalidState,
    /// The key is of another kind: it does not do this.
    #[error("the key is not of a kind that does this")]
    WrongUsage,
    /// The blob, the context or the key is not the one of the wrap.
    #[error("the wrapped data key does not unwrap")]
    Refused,
    /// Too many requests, also after waiting.
    #[error("it answers that there are too many requests")]
    Throttled,
    /// It answered that it cannot answer now, also when it was asked again.
    #[error("it has an internal error")]
    Internal,
    /// No connection, or a broken one.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// What answers has a certificate of nobody that this system trusts.
    #[error("it cannot be reached safely: {0}")]
    Untrusted(String),
    /// No answer in time.
    #[error("no answer within {seconds} seconds")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// The answer is not one to this request.
    #[error("the answer is not to be trusted: {0}")]
    BadAnswer(&'static str),
    /// The request was refused as malformed; with the service's words.
    #[error("it refused the request: {0}")]
    Invalid(String),
    /// The system cannot start what talks to the network.
    #[error("no connection can be set up: {0}")]
    Setup(String),
    /// It did not answer the last times, and was not asked once more.
    #[error("{0}; it was not asked again")]
    NotAskedAgain(Box<Self>),
    /// The key is another one than that of the wrap.
    #[error("the wrapped data key is under another key")]
    OtherKey,
    /// It was not asked: the run only finds out what it would ask.
    #[error("it was not asked")]
    NotAsked,
    /// This build has no client.
    #[error("this enwrap was built without its feature 'aws-kms'")]
    NotBuilt,
}
