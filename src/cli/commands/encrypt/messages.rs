//! How encrypted files are named, and known again in a later run.

use std::ffi::{OsStr, OsString};

use enwrap::fs::file_at::FileAt;

use crate::cli::io::message_file::{has_length_of, is_message, is_whole_message, is_zeroed};
use crate::cli::trees::job::EXTENSION;
use crate::cli::trees::results::{Results, Spoiled};
use crate::cli::trees::skipped::Reason;

/// How files with messages are named.
pub(super) struct Messages {
    /// Whether those that exist are opened and compared.
    pub(super) are_compared: bool,
}

impl Results for Messages {
    fn name(&self, input: &OsStr) -> Option<OsString> {
        Some([input, OsStr::new("."), OsStr::new(EXTENSION)].into_iter().collect())
    }

    fn is_result(&self, file: &FileAt) -> bool {
        is_message(file) == Some(true)
    }

    fn is_whole(&self, input: &FileAt, result: &FileAt) -> bool {
        let has_length =
            input.file_metadata().is_ok_and(|input| has_length_of(result, input.len()));
        has_length && is_whole_message(result)
    }

    fn spoiled(&self, file: &FileAt) -> Spoiled {
        let is_cut = is_message(file) == Some(true) && !is_whole_message(file);
        if is_cut || is_zeroed(file) { Spoiled::Yes } else { Spoiled::No }
    }

    fn differ_each_run(&self) -> bool {
        true
    }

    fn are_compared(&self) -> bool {
        self.are_compared
    }

    fn folder_mode(&self) -> u32 {
        0o777
    }

    fn reason_to_skip(&self, input: &FileAt) -> Option<Reason> {
        is_whole_message(input).then_some(Reason::Encrypted)
    }
}
