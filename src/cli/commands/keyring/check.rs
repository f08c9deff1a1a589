//! `enwrap keyring check`: whether the keyring is what it should be.

use std::path::PathBuf;

use clap::Args;

use enwrap::keyring::Location;
use enwrap::operations::keyring_check;

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::cli::secrets::args::ImportPassphraseArgs;
use crate::output::counted::counted;
use crate::output::error::{Error, Found};
use crate::output::records::keyring::FindingRecord;
use crate::output::records::summary::KeyringCounts;
use crate::output::sanitize;
use crate::output::status::Status;

/// Look whether the keyring is whole, private and works
///
/// Reads it as every command does (structure, checksum, permissions), has every version of every key wrap
/// and unwrap a data key, and looks at what stands beside it. With --against, it names the key versions that
/// a copy lacks: what is encrypted under them cannot be opened with the copy. Exit code 14 if there is
/// something to do.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap keyring check
    enwrap keyring check keyring-copy.json \\
        --against $(enwrap keyring path)
"])]
pub(crate) struct CheckArgs {
    /// A copy, to be checked instead of the keyring
    #[arg(value_name = "COPY", value_hint = clap::ValueHint::FilePath)]
    copy: Option<PathBuf>,

    /// Find what it lacks of this keyring
    #[arg(long, value_name = "KEYRING", value_hint = clap::ValueHint::FilePath)]
    against: Option<PathBuf>,

    #[command(flatten)]
    passphrase: ImportPassphraseArgs,
}

pub(crate) fn run(app: &App, args: &CheckArgs) -> Result<Status, Error> {
    let store = match &args.copy {
        None => app.store()?,
        Some(copy) => app.other_store(Location::File(copy.clone()), args.passphrase.sources()),
    };
    let against = args.against.as_ref().map(|path| app.store_at(Location::File(path.clone())));
    let checked = keyring_check::check(&store, against.as_ref())?;
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
