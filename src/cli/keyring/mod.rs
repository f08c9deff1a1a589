//! `enwrap keyring`: the keyring file itself.

mod backup;
mod path;

use clap::Subcommand;

use super::app::App;

/// Look after the keyring file
#[derive(Debug, Subcommand)]
pub(crate) enum KeyringVerb {
    Path(path::PathArgs),
    Backup(backup::BackupArgs),
}

pub(crate) fn run(app: &App, verb: &KeyringVerb) -> anyhow::Result<()> {
    match verb {
        KeyringVerb::Path(args) => path::run(app, args),
        KeyringVerb::Backup(args) => backup::run(app, args),
    }
}
