//! The JSON that programs read: one struct a record, whose members are the contract of docs/scripting.md.
//!
//! [`Ui`](super::Ui) prints a record as one line, with a `type` before its members: `result` for what one operand
//! or the command came to, `error` for a failure, `summary` at the end of several.

pub(crate) mod error;
pub(crate) mod git;
pub(crate) mod key;
pub(crate) mod keyring;
pub(crate) mod message;
pub(crate) mod metadata;
pub(crate) mod summary;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enwrap::keyring::{Alias, RootKeys};
use enwrap::keys::aws_kms::wrapping_key_named_by;
use enwrap::keys::passphrase::Derivation;
use enwrap::keys::service::{KeyName, WrappingKey};
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use serde::{Serialize, Serializer};

/// One line of output.
#[derive(Serialize)]
pub(super) struct Line<'a, R> {
    pub(super) r#type: Type,
    #[serde(flatten)]
    pub(super) record: &'a R,
    /// False, and else left out, once a file system has refused to sync what this run wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) durable: Option<bool>,
}

/// What a line is.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Type {
    Result,
    Error,
    Summary,
}

/// Makes types for paths, each with the names of its two members: the text, and where that is not exact because the
/// path is not UTF-8, the bytes in base64.
macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident { $text:ident, $bytes:ident })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Serialize)]
        pub(crate) struct $name {
            $text: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            $bytes: Option<String>,
        }

        impl From<&Path> for $name {
            fn from(path: &Path) -> Self {
                Self { $text: path.to_string_lossy().into_owned(), $bytes: bytes_of(path) }
            }
        }
    )*};
}

paths! {
    /// The file that a record is about.
    PathMember { path, path_bytes }
    /// The file that was written.
    OutputMember { output, output_bytes }
    /// The envelope file that was written.
    EnvelopeMember { envelope, envelope_bytes }
    /// The file that was read, in a line of `--metadata`.
    InputMember { input, input_bytes }
}

/// The bytes of a path that is not UTF-8.
fn bytes_of(path: &Path) -> Option<String> {
    path.to_str().is_none().then(|| STANDARD.encode(path.as_os_str().as_bytes()))
}

/// A version of a key.
#[derive(Debug, Serialize)]
pub(crate) struct KeyVersionMember {
    #[serde(serialize_with = "as_text")]
    key_id: KeyName,
    version: u32,
}

impl KeyVersionMember {
    pub(crate) fn new(key: impl Into<KeyName>, version: u32) -> Self {
        Self { key_id: key.into(), version }
    }
}

impl From<&WrappingKey> for KeyVersionMember {
    fn from(key: &WrappingKey) -> Self {
        Self::new(key.key.clone(), key.version)
    }
}

/// The key versions of a keyring, and the keys of AWS KMS, that encrypted data keys name.
pub(crate) fn known_keys(
    keyring: &RootKeys,
    wrapped: &[EncryptedDataKey],
) -> Vec<KeyVersionMember> {
    let known = wrapped.iter().filter_map(|wrapped| wrapping_key_named_by(keyring, wrapped));
    known.map(|key| (&key).into()).collect()
}

/// Whether one of some encrypted data keys is under a passphrase.
pub(crate) fn has_passphrase(wrapped: &[EncryptedDataKey]) -> bool {
    wrapped.iter().any(|wrapped| Derivation::named_by(wrapped).is_some())
}

/// The aliases of a key, as text.
pub(crate) fn names<'a>(aliases: impl IntoIterator<Item = &'a Alias>) -> Vec<String> {
    aliases.into_iter().map(ToString::to_string).collect()
}

/// Serialises a value as the text that people read.
fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Serialises a value as the text that people read, or as null.
fn as_text_or_null<S: Serializer>(
    value: &Option<impl Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
