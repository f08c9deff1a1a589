//! `enwrap key alias`: the names of root keys.

use clap::{Args, Subcommand};

use enwrap::keyring::Alias;

use super::parse_alias;
use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::output::error::{AfterDone as _, Concerning as _, Error};
use crate::output::records::key::RenamedRecord;

/// Give root keys names, and take them away
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key alias add archive backup
    enwrap key alias move archive offsite
    enwrap key alias rename archive old-archive
    enwrap key alias remove old-archive
"])]
pub(crate) struct AliasArgs {
    #[command(subcommand)]
    verb: AliasVerb,
}

#[derive(Debug, Subcommand)]
enum AliasVerb {
    /// Give a key a further name
    Add {
        /// The new name
        #[arg(value_parser = parse_alias)]
        alias: Alias,
        /// An alias, or an id
        #[arg(add = crate::cli::complete::key_names())]
        key: String,
    },
    /// Have a name mean another key
    Move {
        /// A name that is taken
        #[arg(value_parser = parse_alias, add = crate::cli::complete::key_names())]
        alias: Alias,
        /// An alias, or an id
        #[arg(add = crate::cli::complete::key_names())]
        key: String,
    },
    /// Take a name away; the key stays
    Remove {
        /// The name
        #[arg(value_parser = parse_alias, add = crate::cli::complete::key_names())]
        alias: Alias,
    },
    /// Give a name another spelling
    Rename {
        /// The old name
        #[arg(value_parser = parse_alias, add = crate::cli::complete::key_names())]
        old: Alias,
        /// The new name
        #[arg(value_parser = parse_alias)]
        new: Alias,
    },
}

pub(crate) fn run(app: &App, args: &AliasArgs) -> Result<(), Error> {
    let store = app.store()?;
    let (id, _) = store.update(|keyring| {
        let change = match &args.verb {
            AliasVerb::Add { alias, key } => keyring.add_alias(alias, key),
            AliasVerb::Move { alias, key } => keyring.move_alias(alias, key),
            AliasVerb::Remove { alias } => keyring.remove_alias(alias),
            AliasVerb::Rename { old, new } => keyring.rename_alias(old, new),
        };
        change.in_keyring(&store)
    })?;
    app.ui.result("", &RenamedRecord { key_id: id }).after(|| format!("key {id} was changed"))
}
