//! Inputs and where their results go, decided before the first is touched.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use enwrap::fs::atomic_file::folder_of;
use enwrap::keyring::Store;

use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::cli::io::destination::Target;
use crate::cli::io::source::{is_stdin, operands};
use crate::output::error::UsageError;
use crate::output::{Format, sanitize};

/// The extension of encrypted files.
pub(crate) const EXTENSION: &str = "enwrap";

/// One input, and where its result goes.
pub(crate) struct Job {
    pub(crate) input: PathBuf,
    pub(crate) target: Target,
}

impl AsRef<Path> for Job {
    fn as_ref(&self) -> &Path {
        &self.input
    }
}

/// The jobs of a command line. `rename` gives the name of a result that goes beside its input, or into
/// `--output-dir`.
pub(crate) fn plan(
    app: &App,
    inputs: &[PathBuf],
    output: &OutputArgs,
    rename: impl Fn(&OsStr) -> Option<OsString>,
) -> Result<Vec<Job>, UsageError> {
    let inputs = operands(inputs)?;
    if inputs.len() > 1 && output.output.is_some() {
        return Err(UsageError::new("-o takes the result of one input, and there are several")
            .hint("leave it out, or name a folder with --output-dir"));
    }
    let target = |input: &Path| match (&output.output, input.file_name()) {
        (Some(path), _) => Ok(Target::of(path)),
        (None, Some(name)) if !is_stdin(input) => match (rename(name), &output.output_dir) {
            (Some(name), Some(folder)) => Ok(Target::File(folder.join(name))),
            (Some(name), None) => Ok(Target::File(input.with_file_name(name))),
            (None, _) => {
                let shown = sanitize::name(input);
                Err(UsageError::new(format!("'{shown}' does not end in .{EXTENSION}"))
                    .hint("name the output with -o FILE"))
            }
        },
        _ => Ok(Target::Stdout),
    };
    let mut jobs = Vec::with_capacity(inputs.len());
    for input in inputs {
        let target = target(&input)?;
        jobs.push(Job { input, target });
    }
    if app.ui.format == Format::Json && jobs.iter().any(|job| job.target.is_stdout()) {
        let problem = "the result goes to standard output, and so would --json's lines";
        return Err(UsageError::new(problem).hint("write the result to a file with -o FILE"));
    }
    require_apart(&jobs)?;
    Ok(jobs)
}

/// Refuses to remove inputs that have no file to take their place, or that are `needed` to open it.
pub(crate) fn require_removable(inputs: &[PathBuf], needed: &[PathBuf]) -> Result<(), UsageError> {
    if inputs.is_empty() || inputs.iter().any(|input| is_stdin(input)) {
        return Err(UsageError::new("--remove-source needs an input that is a file"));
    }
    let needed: Vec<Place> = needed.iter().filter_map(|path| Place::of(path)).collect();
    for input in inputs {
        let shown = sanitize::name(input);
        if fs::symlink_metadata(input).is_ok_and(|metadata| metadata.is_symlink()) {
            let problem = format!("'{shown}' is a link: --remove-source would leave the file");
            return Err(UsageError::new(problem).hint("name the file itself"));
        }
        if Place::of(input).is_some_and(|place| needed.contains(&place)) {
            let problem = format!("'{shown}' is needed to decrypt, and is not removed");
            return Err(UsageError::new(problem));
        }
    }
    Ok(())
}

/// Every file that the jobs read or write, and the keyring.
pub(crate) fn files<'a>(jobs: &'a [Job], store: &'a Store) -> impl Iterator<Item = &'a Path> {
    let paths = jobs.iter().flat_map(|job| [Some(job.input.as_path()), job.target.path()]);
    paths.flatten().chain([store.path()])
}

/// Refuses outputs that would stand in each other's place, or in an input's: with `-f`, the last one
/// would silently win.
fn require_apart(jobs: &[Job]) -> Result<(), UsageError> {
    if jobs.len() < 2 {
        // Of one pair, the destination itself sees to it.
        return Ok(());
    }
    let sources: HashSet<Place> = jobs.iter().filter_map(|job| Place::of(&job.input)).collect();
    let mut taken = HashSet::new();
    for job in jobs {
        let Target::File(path) = &job.target else { continue };
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
pub(crate) enum Place {
    File(u64, u64),
    Missing(PathBuf),
}

impl Place {
    /// `None` for what no file can be at: its own error comes when it is used.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match fs::metadata(path) {
            Ok(metadata) => Some(Self::File(metadata.dev(), metadata.ino())),
            Err(_) => {
                let folder = fs::canonicalize(folder_of(path)).ok()?;
                Some(Self::Missing(folder.join(path.file_name()?)))
            }
        }
    }
}
