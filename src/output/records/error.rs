//! Records of failures.

use std::path::Path;

use serde::Serialize;

use super::bytes_of;
use crate::output::exit::Exit;

/// Why something failed.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorRecord {
    kind: &'static str,
    exit_code: u8,
    message: String,
    hint: Option<String>,
    #[serde(flatten)]
    path: PathOrNull,
}

/// A failure in the summary of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    kind: &'static str,
    exit_code: u8,
    #[serde(flatten)]
    path: PathOrNull,
}

/// The file that an error is about, if it is about one.
#[derive(Debug, Serialize)]
struct PathOrNull {
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

impl From<Option<&Path>> for PathOrNull {
    fn from(path: Option<&Path>) -> Self {
        Self {
            path: path.map(|path| path.to_string_lossy().into_owned()),
            path_bytes: path.and_then(bytes_of),
        }
    }
}

impl ErrorRecord {
    pub(crate) fn new(
        exit: Exit,
        message: String,
        hint: Option<String>,
        path: Option<&Path>,
    ) -> Self {
        let (kind, exit_code) = (exit.kind(), exit.code());
        Self { kind, exit_code, message, hint, path: path.into() }
    }
}

impl Failure {
    pub(crate) fn new(exit: Exit, path: Option<&Path>) -> Self {
        Self { kind: exit.kind(), exit_code: exit.code(), path: path.into() }
    }
}
