//! Inputs that were named, and where the result for each goes.

use std::path::{Path, PathBuf};

use enwrap::fs::atomic_file::Seen;
use enwrap::fs::file_at::FileAt;

use super::results::Results;
use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::cli::io::destination::Target;
use crate::cli::io::source::{is_stdin, operands};
use crate::output::error::UsageError;
use crate::output::sanitize;

/// The extension of encrypted files.
pub(crate) const EXTENSION: &str = "enwrap";

/// One input, and where its result goes.
pub(crate) struct Job {
    pub(crate) input: FileAt,
    pub(crate) target: Target,
    pub(crate) found: Found,
}

/// What stands under the name of a result when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing, or something that `-f` alone may replace, or that the verb looks at itself.
    NothingOfOurs,
    /// What an earlier run left unfinished: it is replaced, if it is still the same file.
    Unfinished(Seen),
    /// What seems to be the result: it is compared, and replaced if a power cut has spoiled it; with `is_strict` if it
    /// differs at all.
    Comparable { seen: Seen, is_strict: bool },
}

impl Job {
    /// What is replaced, also without `-f`.
    pub(crate) fn redone(&self) -> Option<Seen> {
        match self.found {
            Found::NothingOfOurs => None,
            Found::Unfinished(seen) | Found::Comparable { seen, .. } => Some(seen),
        }
    }
}

impl AsRef<Path> for Job {
    fn as_ref(&self) -> &Path {
        &self.input
    }
}

/// The jobs of a command line without `-r`.
pub(crate) fn plan(
    app: &App,
    inputs: &[PathBuf],
    output: &OutputArgs,
    results: &dyn Results,
) -> Result<Vec<Job>, UsageError> {
    let inputs = operands(inputs)?;
    if inputs.len() > 1 && output.output.is_some() {
        return Err(UsageError::new("-o takes the result of one input, and there are several")
            .hint("leave it out, or name a folder with --output-dir"));
    }
    let mut jobs = Vec::with_capacity(inputs.len());
    for input in inputs {
        let target = target(&input, output, results)?;
        let (input, found) = (FileAt::named(input), Found::NothingOfOurs);
        jobs.push(Job { input, target, found });
    }
    if jobs.iter().any(|job| job.target.is_stdout()) {
        app.require_no_json_beside("result", "write the result to a file with -o FILE")?;
    }
    // With -f, an output would silently replace an input, or another output.
    for target in jobs.iter().filter_map(|job| job.target.path()) {
        app.outputs.plan(target)?;
    }
    Ok(jobs)
}

/// Where the result for `input` goes: to `-o`, into `--output-dir`, beside the input, or, for standard input, to
/// standard output.
fn target(input: &Path, output: &OutputArgs, results: &dyn Results) -> Result<Target, UsageError> {
    if let Some(path) = &output.output {
        return Ok(Target::of(path));
    }
    let Some(name) = input.file_name().filter(|_| !is_stdin(input)) else {
        return Ok(Target::Stdout);
    };
    match (results.name(name), &output.output_dir) {
        (Some(name), Some(folder)) => Ok(Target::File(FileAt::named(folder.join(name)))),
        (Some(name), None) => Ok(Target::File(FileAt::named(input.with_file_name(name)))),
        (None, _) => {
            let shown = sanitize::name(input);
            Err(UsageError::new(format!("'{shown}' does not end in .{EXTENSION}"))
                .hint("name the output with -o FILE"))
        }
    }
}
