//! Records of `git`.

use serde::Serialize;

use super::PathMember;

/// `git check`.
#[derive(Debug, Serialize)]
pub(crate) struct GitFindingRecord {
    pub(crate) finding: String,
    #[serde(flatten)]
    pub(crate) path: PathMember,
}
