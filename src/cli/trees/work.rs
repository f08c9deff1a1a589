//! What a verb works on that writes one result for each input: files, or with `-r` or `--files-from` many.

use std::fs;
use std::path::{Path, PathBuf};

use enwrap::keyring::Store;

use super::batch::{self, Outcome, Turn, Turns};
use super::folders::Folders;
use super::job::{self, Job};
use super::output_dir::OutputDir;
use super::results::Results;
use super::selection::SelectionArgs;
use super::tree::require_files;
use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::cli::outputs::Role;
use crate::cli::outputs::place::Place;
use crate::output::error::{Error, UsageError};
use crate::output::records::summary::Done;
use crate::output::sanitize;

/// What the command line says of inputs and outputs.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) inputs: &'a [PathBuf],
    pub(crate) selection: &'a SelectionArgs,
    pub(crate) output: &'a OutputArgs,
    /// The file of `--metadata`.
    pub(crate) metadata: Option<&'a Path>,
    /// The file with the passphrase of the messages.
    pub(crate) passphrase: Option<&'a Path>,
    /// Whether it is only said what would be done.
    pub(crate) is_dry: bool,
}

/// All inputs of a run. Where each result goes was decided, and refused where it cannot go there, before the first
/// input is read.
pub(crate) enum Work<'a> {
    Files {
        jobs: Vec<Job>,
        /// Made before the first result.
        folder: Option<OutputDir<'a>>,
    },
    Folders(Box<Folders<'a>>),
}

impl<'a> Work<'a> {
    pub(crate) fn plan(
        app: &App,
        store: &Store,
        request: Request<'a>,
        results: &'a dyn Results,
    ) -> Result<Self, Error> {
        let Request { inputs, selection, output, .. } = request;
        for input in inputs {
            app.outputs.protect(input, Role::Input);
        }
        let mut needed = app.needed_files(store);
        needed.extend(request.passphrase.map(Path::to_path_buf));
        if !selection.takes_many() {
            output.require_one_by_one()?;
        }
        let work = if selection.takes_many() {
            if !selection.recursive {
                require_files(inputs, false)?;
            }
            Self::Folders(Box::new(Folders::new(app, request, results, store.path(), &needed)?))
        } else {
            require_files(inputs, false)?;
            let folder = OutputDir::of(output, results).filter(|_| !request.is_dry);
            Self::Files { jobs: job::plan(app, inputs, output, results)?, folder }
        };
        if output.remove_source {
            if selection.takes_stdin(inputs) {
                return Err(UsageError::new("--remove-source needs an input that is a file")
                    .hint("name a FILE, or leave out --remove-source")
                    .into());
            }
            require_removable(inputs, &needed)?;
        }
        Ok(work)
    }

    /// Runs `one` for each input; `turns` is for folders. `done` says, in the summary of a run over folders, what was done to each.
    pub(crate) fn run(
        &self,
        app: &App,
        store: &Store,
        turns: Turns,
        done: fn(usize) -> Done,
        one: impl Fn(&Job, &Turn<'_>) -> Result<Outcome, Error> + Sync,
    ) -> Result<(), Error> {
        match self {
            Self::Files { jobs, folder } => batch::for_each(app, store.path(), jobs, |job| {
                folder.map_or(Ok(()), OutputDir::require)?;
                one(job, &Turn::alone(app))
            }),
            Self::Folders(folders) => folders.run(app, store.path(), turns, done, one),
        }
    }
}

/// Refuses to remove inputs of which the file would stay, or that are `needed` to open the result.
fn require_removable(inputs: &[PathBuf], needed: &[PathBuf]) -> Result<(), UsageError> {
    let needed: Vec<Place> = needed.iter().filter_map(|path| Place::of(path)).collect();
    for input in inputs {
        let shown = sanitize::name(input);
        if fs::symlink_metadata(input).is_ok_and(|metadata| metadata.is_symlink()) {
            let problem = format!("'{shown}' is a link: --remove-source would leave the file");
            return Err(UsageError::new(problem).hint("name the file itself"));
        }
        if Place::of(input).is_some_and(|place| needed.contains(&place)) {
            let problem = format!("'{shown}' is needed to decrypt, and is not removed");
            return Err(UsageError::new(problem).hint("leave it out, or leave out --remove-source"));
        }
    }
    Ok(())
}
