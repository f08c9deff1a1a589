//! Whether a file depends on wrapping keys that are to be destroyed.
//!
//! A message counts as independent only if another key is proved to open it. A file that cannot be read as a message
//! counts as depending if anything in it speaks of enwrap: its name, or a sign of a doomed key in its bytes. One
//! flipped bit, or a lost first byte, must not cost the only key.

use std::io;
use std::path::Path;

use enwrap::crypto::secret::SecretText;
use enwrap::fs::file_at::FileAt;
use enwrap::fs::search::Needles;
use enwrap::keyring::KeyId;
use enwrap::keyring::file::KeyringFile;
use enwrap::keys::envelope::{self, Record};
use enwrap::keys::local::signs::add_signs;
use enwrap::keys::service::{KeyName, WrappingKey};
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use enwrap::operations::datakey::parse_blob;
use enwrap::operations::usage::{Survival, blob_survival, survival};

use crate::cli::io::message_source::MessageSource;
use crate::cli::io::source::Source;
use crate::cli::opening::Opening;
use crate::cli::trees::job::EXTENSION;
use crate::cli::trees::tree::Entry;
use crate::output::error::{Cannot as _, Error};

/// A blob or a keyring is looked at whole; a larger file is neither.
const MOST_BYTES: usize = 64 << 20;

/// What a file is, and whether it depends on a doomed key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dependence {
    Message(Survival),
    /// A wrapped data key of `enwrap datakey`.
    Blob(Survival),
    /// No message, and nothing in it speaks of a doomed key.
    Other,
    /// No message that can be read, and something in it speaks of enwrap.
    Suspect,
}

/// The wrapping keys that are to be destroyed, and what to look for in files that are not messages.
pub(super) struct DoomedVersions<'a> {
    opening: &'a Opening,
    versions: &'a [(KeyId, u32)],
    signs: Needles,
}

impl<'a> DoomedVersions<'a> {
    pub(super) fn new(opening: &'a Opening, versions: &'a [(KeyId, u32)]) -> Self {
        let mut signs = Needles::default();
        for (key, version) in opening.keyring.versions() {
            if versions.contains(&(key.id(), version.number)) {
                add_signs(key, version, &mut signs);
            }
        }
        Self { opening, versions, signs }
    }

    fn includes(&self, key: &WrappingKey) -> bool {
        let is_it =
            |(id, version): &(KeyId, u32)| key.key == KeyName::Id(*id) && key.version == *version;
        self.versions.iter().any(is_it)
    }

    /// Says what a file is, and whether it depends on a doomed key.
    pub(super) fn look_at(&self, entry: &Entry) -> Result<Dependence, Error> {
        let limits = &self.opening.policy.limits;
        let path = &entry.path;
        if let Some((_, header)) = MessageSource::find(&entry.path, entry.is_named, limits)? {
            let one = self.opening.of(path);
            let survival = survival(&header, &one.opener(), |key| self.includes(key))?;
            let is_suspect = survival == Survival::Unrelated && self.speaks_of_doomed(path)?;
            return Ok(Dependence::Message(if is_suspect { Survival::Depends } else { survival }));
        }
        let text = small_file(path)?;
        let bytes = text.expose();
        if let Some(blob) = blob_in(bytes) {
            let services = self.opening.services();
            let context = &self.opening.policy.pairs;
            let survival = blob_survival(&services, blob, context, |key| self.includes(key));
            if survival != Survival::Unrelated {
                return Ok(Dependence::Blob(survival));
            }
        }
        if KeyringFile::parse(bytes).is_ok() {
            return Ok(Dependence::Other);
        }
        let is_suspect = if is_envelope_file(bytes) {
            self.signs.are_in(&*lines_that_are_no_record(bytes)).cannot("read", path)?
        } else {
            is_named_like_ours(path) || self.speaks_of_doomed(path)?
        };
        Ok(if is_suspect { Dependence::Suspect } else { Dependence::Other })
    }

    /// Whether a sign of a doomed key is anywhere in a file.
    fn speaks_of_doomed(&self, path: &FileAt) -> Result<bool, Error> {
        self.signs.are_in(Source::open(path)?).cannot("read", path)
    }
}

/// Whether a file's name is one that enwrap gives to a message or an envelope file.
fn is_named_like_ours(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == EXTENSION || it == envelope::EXTENSION)
}

/// The bytes of a file, or none of a large one. They may be somebody's secrets.
fn small_file(path: &FileAt) -> Result<SecretText, Error> {
    match SecretText::read_from(Source::open(path)?, MOST_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Ok(SecretText::default()),
        read => read.cannot("read", path),
    }
}

/// The blob in a file: its bytes, base64 of them, or the JSON of `enwrap datakey`.
fn blob_in(bytes: &[u8]) -> Option<EncryptedDataKey> {
    /// Without the plaintext that may stand beside it.
    #[derive(serde::Deserialize)]
    struct Answer {
        #[serde(rename = "CiphertextBlob")]
        blob: String,
    }

    let json = serde_json::from_slice(bytes).ok();
    parse_blob(json.as_ref().map_or(bytes, |answer: &Answer| answer.blob.as_bytes()))
        .ok()?
        .own()
        .ok()
}

fn is_envelope_file(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    first.is_some_and(|line| Record::from_line(line).is_some())
}

/// What an envelope file holds besides its records. Records name keys of the past by design, and the messages that
/// they serve are checked by themselves.
fn lines_that_are_no_record(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let other: Vec<&[u8]> = lines.filter(|line| Record::from_line(line).is_none()).collect();
    other.join(&b'\n')
}
