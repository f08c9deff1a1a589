//! How a verb that writes files names them.

use std::ffi::{OsStr, OsString};

use enwrap::fs::file_at::FileAt;

use super::skipped::Reason;

/// Whether a file is what a power cut leaves of a result: it is cut, or has zeros in the place of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoiled {
    Yes,
    No,
    /// It has to be compared with what the result is.
    OnlyContentTells,
}

/// How a verb names the files that it writes, and how it knows them again.
pub(crate) trait Results: Sync {
    /// The name of the result for an input of this name; `None` if the input's name gives none.
    fn name(&self, input: &OsStr) -> Option<OsString>;

    /// Whether a file may be the result of an earlier run. Any other file may be an input or of another origin,
    /// and is not replaced, also not with `-f`.
    fn is_result(&self, file: &FileAt) -> bool;

    /// Whether `result` is as long as the whole result for `input` is, and is whole as far as its form tells.
    fn is_whole(&self, input: &FileAt, result: &FileAt) -> bool;

    /// Whether a file is what a power cut leaves of a result.
    fn spoiled(&self, file: &FileAt) -> Spoiled;

    /// Whether two results for one input have other bytes, and so the time at which they were written where one
    /// replaced another.
    fn differ_each_run(&self) -> bool;

    /// Whether a file that is as long as a result may hold something else: only its content tells.
    fn is_doubtful(&self, _file: &FileAt) -> bool {
        false
    }

    /// Whether the verb itself compares a result that is there with its input, and decides what becomes of it.
    fn are_compared(&self) -> bool {
        false
    }

    /// Which permission bits a folder that is made may keep of the folder that it stands for.
    fn folder_mode(&self) -> u32;

    /// Whether a folder that is made has these bits whatever the umask is.
    fn preserves_mode(&self) -> bool {
        false
    }

    /// Why an input needs no result, where none could be written for it.
    fn reason_to_skip(&self, _input: &FileAt) -> Option<Reason> {
        None
    }
}
