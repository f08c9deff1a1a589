//! One verb on one or several inputs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::app::App;
use super::tree::{Entry, Tree};
use crate::output::diagnosis::{Diagnosis, is_broken_pipe, is_full_disk};
use crate::output::error::{About, SomeFailed, Subject};

/// How many inputs there were, and how many failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) files: usize,
    pub(crate) failed: usize,
}

impl Tally {
    /// Ends the run: the counts, and what else a verb has to say of all.
    pub(crate) fn finish(self, app: &App, more: Value) -> anyhow::Result<()> {
        let Self { files, failed } = self;
        let mut summary = json!({ "files": files, "failed": failed });
        if let (Some(summary), Value::Object(mut more)) = (summary.as_object_mut(), more) {
            summary.append(&mut more);
        }
        app.ui.summary(summary)?;
        if failed == 0 { Ok(()) } else { Err(SomeFailed { failed, total: files }.into()) }
    }
}

/// A run of several inputs, while it lasts.
#[derive(Default)]
struct Running {
    tally: Tally,
    is_over: bool,
}

impl Running {
    /// Counts an input; says why it failed, if it did.
    fn add(&mut self, app: &App, result: anyhow::Result<()>) -> anyhow::Result<()> {
        self.tally.files += 1;
        let Err(error) = result else { return Ok(()) };
        if is_broken_pipe(&error) {
            return Err(error);
        }
        self.tally.failed += 1;
        app.ui.error(&Diagnosis::of(&error));
        self.is_over = is_full_disk(&error);
        Ok(())
    }
}

/// Runs `one` for each input.
///
/// One input fails with its own error. Of several, each failure is told when it happens and the rest
/// goes on, unless the disk is full: then nothing after it could succeed.
pub(crate) fn for_each<T: AsRef<Path>>(
    app: &App,
    keyring: &Path,
    inputs: &[T],
    mut one: impl FnMut(&T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if let [input] = inputs {
        return one(input).with_context(|| about(input.as_ref(), keyring));
    }
    let mut running = Running::default();
    for input in inputs {
        running.add(app, one(input).with_context(|| about(input.as_ref(), keyring)))?;
        if running.is_over {
            break;
        }
    }
    Tally { files: inputs.len(), ..running.tally }.finish(app, json!({}))
}

/// Runs `one` for each file of a tree. Without `-r`, one operand fails with its own error; all else is told
/// when it happens, and counted.
pub(crate) fn for_tree(
    app: &App,
    keyring: &Path,
    operands: &[PathBuf],
    tree: &mut Tree<'_>,
    mut one: impl FnMut(&Entry) -> anyhow::Result<()>,
) -> anyhow::Result<Tally> {
    let mut running = Running::default();
    let is_single = operands.len() == 1 && !tree.is_recursive();
    for file in tree {
        let result =
            file.and_then(|entry| one(&entry).with_context(|| about(&entry.path, keyring)));
        if is_single {
            result?;
            return Ok(Tally { files: 1, failed: 0 });
        }
        running.add(app, result)?;
        if running.is_over {
            break;
        }
    }
    Ok(running.tally)
}

fn about(input: &Path, keyring: &Path) -> About {
    About { subject: Subject::of(input), keyring: keyring.to_path_buf() }
}
