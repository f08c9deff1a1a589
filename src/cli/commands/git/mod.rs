//! `enwrap git`: encrypted files in a git repository.
//!
//! There is no clean and no smudge filter: with them the plaintext would be in the work tree, which is where it leaks
//! from. The files are messages in the work tree, in the index and in history alike; git is told how to show and how
//! to merge them.

mod check;
mod merge;
mod setup;
mod textconv;

use clap::Subcommand;

use crate::cli::app::App;
use crate::output::error::Error;
use crate::output::status::Status;

/// The name by which .gitattributes and the configuration of a repository refer to enwrap.
const DRIVER: &str = "enwrap";

/// Keep encrypted files in a git repository
#[derive(Debug, Subcommand)]
pub(crate) enum GitVerb {
    Setup(setup::SetupArgs),
    Textconv(textconv::TextconvArgs),
    Merge(merge::MergeArgs),
    Check(check::CheckArgs),
}

pub(crate) fn run(app: &App, verb: &GitVerb) -> Result<Status, Error> {
    match verb {
        GitVerb::Setup(args) => setup::run(app, args).map(Status::from),
        GitVerb::Textconv(args) => textconv::run(app, args).map(Status::from),
        GitVerb::Merge(args) => merge::run(app, args),
        GitVerb::Check(args) => check::run(app, args),
    }
}
