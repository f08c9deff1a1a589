//! `enwrap key`: the root keys of a keyring.

mod alias;
mod delete;
mod dependence;
mod export;
mod import;
mod list;
mod purge;
mod purge_check;
mod rotate;
mod show;
mod switch;
mod usage;

use clap::Subcommand;

use enwrap::keyring::model::key::State;
use enwrap::keyring::model::name::InvalidName;
use enwrap::keyring::{Alias, Key};

use crate::cli::app::App;
use crate::output::error::Error;
use crate::output::status::Status;

/// Look after root keys: names, rotation, deletion, export, import
#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Alias(alias::AliasArgs),
    Rotate(rotate::RotateArgs),
    /// Allow the use of a root key again, or of one of its versions
    Enable(switch::SwitchArgs),
    /// Refuse the use of a root key, or of one of its versions, in both directions
    Disable(switch::SwitchArgs),
    Delete(delete::DeleteArgs),
    Undelete(delete::UndeleteArgs),
    Purge(Box<purge::PurgeArgs>),
    Usage(Box<usage::UsageArgs>),
}

pub(crate) fn run(app: &App, verb: &KeyVerb) -> Result<Status, Error> {
    Ok(match verb {
        KeyVerb::List(args) => list::run(app, args)?.into(),
        KeyVerb::Show(args) => show::run(app, args)?.into(),
        KeyVerb::Export(args) => export::run(app, args)?.into(),
        KeyVerb::Import(args) => import::run(app, args)?.into(),
        KeyVerb::Alias(args) => alias::run(app, args)?.into(),
        KeyVerb::Rotate(args) => rotate::run(app, args)?.into(),
        KeyVerb::Enable(args) => switch::run(app, args, State::Enabled)?.into(),
        KeyVerb::Disable(args) => switch::run(app, args, State::Disabled)?.into(),
        KeyVerb::Delete(args) => delete::run(app, args)?.into(),
        KeyVerb::Undelete(args) => delete::undelete(app, args)?.into(),
        KeyVerb::Purge(args) => purge::run(app, args)?,
        KeyVerb::Usage(args) => usage::run(app, args)?,
    })
}

/// Reads an alias from the command line.
pub(crate) fn parse_alias(text: &str) -> Result<Alias, String> {
    text.parse().map_err(|InvalidName| {
        "an alias is 1 to 128 of A-Z a-z 0-9 . _ / -, begins with a letter or digit, and is no id, \
         no 'alias/..' and no 'aws-kms..'"
            .to_owned()
    })
}

/// The kind of a key, where its private half is if that is not here, and whether it only decrypts.
fn kind(key: &Key) -> String {
    let private_half = if key.is_public_only() {
        ", public only"
    } else if key.current().private_half_in_kms().is_some() {
        ", private half in AWS KMS"
    } else {
        ""
    };
    let use_of_it = if key.is_decrypt_only() { ", decrypt only" } else { "" };
    format!("{}{private_half}{use_of_it}", key.kind())
}

fn aliases(key: &Key) -> String {
    let aliases: Vec<&str> = key.aliases().iter().map(Alias::as_str).collect();
    if aliases.is_empty() { "-".to_owned() } else { aliases.join(",") }
}
