//! Why a root key cannot be found, used or added.

use jiff::Timestamp;

use super::key::State;
use super::kind::Kind;
use super::kms_arn::KmsArn;
use super::name::{Alias, KeyId};

/// Why a root key is not there, may not be used, or cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key has this alias or id.
    #[error("no key '{name}'")]
    NotFound {
        /// What was asked for.
        name: String,
        /// The aliases there are.
        aliases: Vec<Alias>,
    },
    /// Several keys have an id that begins so.
    #[error("'{name}' is the beginning of several keys' ids: {}", list(ids))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The keys.
        ids: Vec<KeyId>,
    },
    /// A key has no version of this number.
    #[error("key '{key}' has no version {version}")]
    NoVersion {
        /// The key.
        key: KeyId,
        /// The number asked for.
        version: u32,
    },
    /// The alias names a key already.
    #[error("the alias '{alias}' already names key {id}")]
    AliasExists {
        /// The alias.
        alias: Alias,
        /// Its key.
        id: KeyId,
    },
    /// The alias names a key that was not generated in this keyring.
    #[error("the alias '{alias}' names key {id}, which was not made here")]
    AliasOfForeign {
        /// The alias.
        alias: Alias,
        /// Its key.
        id: KeyId,
    },
    /// The alias names a key of another kind than the one that is asked for.
    #[error("the alias '{alias}' names key {id}, which is of kind {kind}")]
    AliasOfKind {
        /// The alias.
        alias: Alias,
        /// Its key.
        id: KeyId,
        /// The key's kind.
        kind: Kind,
    },
    /// The key version is switched off.
    #[error("key '{key}' version {version} is {state}{}", until(*deletion_date))]
    Unusable {
        /// The key.
        key: KeyId,
        /// The version.
        version: u32,
        /// Why not.
        state: State,
        /// When it may be destroyed.
        deletion_date: Option<Timestamp>,
    },
    /// The key may decrypt only.
    #[error("key '{key}' was imported as decrypt-only")]
    DecryptOnly {
        /// The key.
        key: KeyId,
    },
    /// Only the public half of the key is held: it encrypts, and opens nothing.
    #[error("only the public half of key '{key}' is here")]
    PublicOnly {
        /// The key.
        key: KeyId,
    },
    /// The key is an RSA key, and this build has no RSA.
    #[error("key '{key}' is an RSA key, and this enwrap was built without its feature 'aws-lc'")]
    NoRsa {
        /// The key.
        key: KeyId,
    },
    /// Only the public half of the key is held, and the private one is never put in its place.
    #[error("the public half of key {id} is here, and is not replaced")]
    PublicHeld {
        /// The key.
        id: KeyId,
    },
    /// Keys of this kind are read, and nothing is encrypted under them.
    #[error("nothing is encrypted under key '{key}': it is a {kind} key, which is only read")]
    OnlyReads {
        /// The key.
        key: KeyId,
        /// Its kind.
        kind: Kind,
    },
    /// Keys of this kind have no public half.
    #[error("key '{key}' has no public half: it is a symmetric {kind} key")]
    Symmetric {
        /// The key.
        key: KeyId,
        /// Its kind.
        kind: Kind,
    },
    /// What is held of a version is no key of its kind: a point beside its curve, or halves that do not belong together.
    #[error("key '{key}' version {version} is damaged: it holds no {kind} key")]
    Malformed {
        /// The key.
        key: KeyId,
        /// The version.
        version: u32,
        /// The kind that it should be.
        kind: Kind,
    },
    /// A key of this namespace and name, or with this id, is there already.
    #[error("key {id} already has the {what}")]
    Occupied {
        /// The key that is there.
        id: KeyId,
        /// What both share.
        what: String,
    },
    /// A namespace that belongs to AWS KMS, or to enwrap's own keys.
    #[error("the name '{name}' in the namespace '{namespace}' is reserved")]
    ReservedName {
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// The key was made elsewhere, and gets new versions only there.
    #[error("key '{key}' was not made here, and gets no new version")]
    NotOurs {
        /// The key.
        key: KeyId,
    },
    /// The key, or its private half, is in AWS KMS, and gets new versions only there.
    #[error("key '{key}' is in AWS KMS, and gets no new version here")]
    InKms {
        /// The key.
        key: KeyId,
        /// Its kind.
        kind: Kind,
        /// Its ARN.
        arn: KmsArn,
    },
    /// The current version cannot be deleted without its key.
    #[error("version {version} is the current version of key '{key}'")]
    CurrentVersion {
        /// The key.
        key: KeyId,
        /// The version.
        version: u32,
    },
    /// The key has no deletion date that could be taken back.
    #[error("key '{key}' is not pending-deletion")]
    NotPending {
        /// The key.
        key: KeyId,
    },
    /// A key version without a namespace or a name.
    #[error("a key's namespace and name must not be empty")]
    Unnamed,
    /// A key version whose material is not here.
    #[error("the material of key '{key}' is kept by AWS KMS")]
    Remote {
        /// The key.
        key: KeyId,
    },
}

fn list(ids: &[KeyId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")
}

fn until(date: Option<Timestamp>) -> String {
    date.map_or_else(String::new, |date| format!(", to be deleted after {date}"))
}
