//! `enwrap keyring check`: whether the keyring is what it should be.

use clap::Args;

use enwrap::operations::keyring_check;

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::output::counted::counted;
use crate::output::error::{Error, Found};
use crate::output::records::keyring::FindingRecord;
use crate::output::records::summary::KeyringCounts;
use crate::output::sanitize;
use crate::output::status::Status;

/// Look whether the keyring is whole, private and works
///
/// Reads it as every command does (structure, checksum, permissions), has every version of every key wrap
/// and unwrap a data key, and looks at what stands beside it. Exit code 14 if there is something to do.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap keyring check
    enwrap --keyring keyring-copy.json keyring check
"])]
pub(crate) struct CheckArgs {}

pub(crate) fn run(app: &App, _args: &CheckArgs) -> Result<Status, Error> {
    let store = app.store()?;
    let checked = keyring_check::check(&store)?;
    for finding in &checked.findings {
        let text = sanitize::text(&finding.to_string());
        app.ui.result(&format!("{text}\n"), &FindingRecord { finding: text })?;
    }
    app.ui.note(&format!(
        "{}: {}, {}, {}",
        sanitize::name(store.path()),
        counted(checked.keys, "key"),
        counted(checked.versions, "version"),
        counted(checked.generations, "earlier generation"),
    ));
    app.ui.summary(&KeyringCounts {
        keys: checked.keys,
        versions: checked.versions,
        generations: checked.generations,
        findings: checked.findings.len(),
    })?;
    match checked.findings.len() {
        0 => Ok(Status::Done),
        n => Ok(Status::Found(Found(format!("{} to look at", counted(n, "thing"))))),
    }
}
