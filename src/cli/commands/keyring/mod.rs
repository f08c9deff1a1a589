//! `enwrap keyring`: the keyring file itself.

mod backup;
mod check;
mod history;
mod passphrase;
mod path;
mod restore;

use clap::Subcommand;

use crate::cli::app::App;
use crate::output::error::Error;
use crate::output::status::Status;

/// Look after the keyring file: backups, passphrase, generations
#[derive(Debug, Subcommand)]
pub(crate) enum KeyringVerb {
    Path(path::PathArgs),
    Backup(backup::BackupArgs),
    Check(check::CheckArgs),
    History(history::HistoryArgs),
    Passphrase(passphrase::KeyringPassphraseArgs),
    Restore(restore::RestoreArgs),
}

pub(crate) fn run(app: &App, verb: &KeyringVerb) -> Result<Status, Error> {
    Ok(match verb {
        KeyringVerb::Path(args) => path::run(app, args)?.into(),
        KeyringVerb::Check(args) => check::run(app, args)?,
        KeyringVerb::Backup(args) => backup::run(app, args)?.into(),
        KeyringVerb::History(args) => history::run(app, args)?.into(),
        KeyringVerb::Restore(args) => restore::run(app, args)?.into(),
        KeyringVerb::Passphrase(args) => passphrase::run(app, args)?.into(),
    })
}
