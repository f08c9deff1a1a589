//! One verb on one or several inputs.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::app::App;
use crate::output::diagnosis::{Diagnosis, is_broken_pipe, is_full_disk};
use crate::output::error::{About, SomeFailed, Subject};

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
    let mut run = |input: &T| {
        let subject = Subject::of(input.as_ref());
        let about = || About { subject, keyring: keyring.to_path_buf() };
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
