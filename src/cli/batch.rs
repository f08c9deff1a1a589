//! One verb on one or several inputs.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use enwrap::atomic_file::folder_of;

use super::app::App;
use super::destination::Target;
use crate::output::diagnosis::{
    About, Diagnosis, SomeFailed, Subject, UsageError, is_broken_pipe, is_full_disk,
};
use crate::output::sanitize;

/// Refuses outputs that would stand in each other's place, or in an input's: with `-f`, the last one
/// would silently win.
pub(crate) fn require_apart(inputs: &[PathBuf], targets: &[Target]) -> Result<(), UsageError> {
    if inputs.len() < 2 {
        // Of one pair, the destination itself sees to it.
        return Ok(());
    }
    let sources: HashSet<Place> = inputs.iter().filter_map(|input| Place::of(input)).collect();
    let mut taken = HashSet::new();
    for target in targets {
        let Target::File(path) = target else { continue };
        let Some(place) = Place::of(path) else { continue };
        let shown = sanitize::name(path);
        if sources.contains(&place) {
            return Err(UsageError::new(format!("'{shown}' is both an input and an output"))
                .hint("leave it out, or write elsewhere with --output-dir"));
        }
        if !taken.insert(place) {
            return Err(UsageError::new(format!("two inputs have the same output '{shown}'"))
                .hint("run them one by one, with -o"));
        }
    }
    Ok(())
}

/// Where a file is, or would be, under whichever name.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    File(u64, u64),
    Missing(PathBuf),
}

impl Place {
    /// `None` for what no file can be at: its own error comes when it is used.
    fn of(path: &Path) -> Option<Self> {
        match fs::metadata(path) {
            Ok(metadata) => Some(Self::File(metadata.dev(), metadata.ino())),
            Err(_) => {
                let folder = fs::canonicalize(folder_of(path)).ok()?;
                Some(Self::Missing(folder.join(path.file_name()?)))
            }
        }
    }
}

/// Runs `one` for each input.
///
/// One input fails with its own error. Of several, each failure is told when it happens and the rest
/// goes on, unless the disk is full: then nothing after it could succeed.
pub(crate) fn for_each(
    app: &App,
    keyring: &Path,
    inputs: &[PathBuf],
    mut one: impl FnMut(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut run = |input: &PathBuf| {
        let about = || About { subject: Subject::of(input), keyring: keyring.to_path_buf() };
        one(input).with_context(about)
    };
    if let [input] = inputs {
        return run(input);
    }
    let mut failed = 0;
    for input in inputs {
        let Err(error) = run(input) else { continue };
        if is_broken_pipe(&error) {
            return Err(error);
        }
        failed += 1;
        app.ui.error(&Diagnosis::of(&error));
        if is_full_disk(&error) {
            break;
        }
    }
    let total = inputs.len();
    app.ui.summary(json!({ "files": total, "failed": failed }))?;
    if failed == 0 { Ok(()) } else { Err(SomeFailed { failed, total }.into()) }
}
