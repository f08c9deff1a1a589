//! Records of `keyring`.

use jiff::Timestamp;
use serde::Serialize;

use super::{OutputMember, PathMember, as_text_or_null};

/// `keyring path`.
#[derive(Debug, Serialize)]
pub(crate) struct PlaceRecord {
    pub(crate) exists: bool,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// `keyring backup`.
#[derive(Debug, Serialize)]
pub(crate) struct BackedUpRecord {
    #[serde(flatten)]
    pub(crate) output: OutputMember,
}

/// `keyring check`.
#[derive(Debug, Serialize)]
pub(crate) struct FindingRecord {
    pub(crate) finding: String,
}

/// `keyring history`.
#[derive(Debug, Serialize)]
pub(crate) struct GenerationRecord {
    pub(crate) generation: u64,
    #[serde(serialize_with = "as_text_or_null")]
    pub(crate) saved: Option<Timestamp>,
    pub(crate) sealed: bool,
    /// Null where it cannot be read.
    pub(crate) keys: Option<usize>,
    /// Null where it cannot be read.
    pub(crate) versions: Option<usize>,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// `keyring passphrase`.
#[derive(Debug, Serialize)]
pub(crate) struct ResealedRecord {
    pub(crate) sealed: bool,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}

/// `keyring restore`.
#[derive(Debug, Serialize)]
pub(crate) struct RestoredRecord {
    pub(crate) gained: Vec<String>,
    pub(crate) lost: Vec<String>,
    /// Versions that it lacks too, and that a generation beside it has.
    pub(crate) lacks: Vec<String>,
    pub(crate) sealed: bool,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}
