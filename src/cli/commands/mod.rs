//! The verbs, one a file.

mod completions;
mod datakey;
mod decrypt;
mod edit;
pub(crate) mod encrypt;
mod exec;
mod git;
mod inspect;
mod key;
mod keygen;
mod keyring;
mod man;
mod reencrypt;
mod rewrap;
mod verify;

use clap::Subcommand;

use super::app::App;
use crate::output::error::Error;
use crate::output::exit::Codes;
use crate::output::status::Status;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Keygen(keygen::KeygenArgs),
    Encrypt(encrypt::EncryptArgs),
    Decrypt(decrypt::DecryptArgs),
    Verify(verify::VerifyArgs),
    Inspect(inspect::InspectArgs),
    Rewrap(Box<rewrap::RewrapArgs>),
    Reencrypt(Box<reencrypt::ReencryptArgs>),
    Edit(Box<edit::EditArgs>),
    #[command(subcommand)]
    Git(Box<git::GitVerb>),
    Datakey(Box<datakey::DatakeyArgs>),
    Exec(Box<exec::ExecArgs>),
    #[command(subcommand)]
    Key(key::KeyVerb),
    #[command(subcommand)]
    Keyring(keyring::KeyringVerb),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Verb {
    /// Whose exit codes it has.
    pub(crate) fn codes(&self) -> Codes {
        match self {
            Self::Exec(_) => Codes::OfExec,
            Self::Git(verb) if matches!(**verb, git::GitVerb::Merge(_)) => Codes::OfMergeDriver,
            _ => Codes::Own,
        }
    }

    pub(crate) fn run(self, app: &App) -> Result<Status, Error> {
        Ok(match self {
            Self::Keygen(args) => keygen::run(app, &args)?.into(),
            Self::Encrypt(args) => encrypt::run(app, &args)?.into(),
            Self::Decrypt(args) => decrypt::run(app, &args)?.into(),
            Self::Verify(args) => verify::run(app, &args)?.into(),
            Self::Inspect(args) => inspect::run(app, &args)?.into(),
            Self::Rewrap(args) => rewrap::run(app, &args)?.into(),
            Self::Reencrypt(args) => reencrypt::run(app, &args)?.into(),
            Self::Edit(args) => edit::run(app, &args)?.into(),
            Self::Git(verb) => git::run(app, &verb)?,
            Self::Datakey(args) => datakey::run(app, &args)?.into(),
            Self::Exec(args) => exec::run(app, &args)?,
            Self::Key(verb) => key::run(app, &verb)?,
            Self::Keyring(verb) => keyring::run(app, &verb)?,
            Self::Completions(args) => completions::run(app, &args)?.into(),
            Self::Man(args) => man::run(app, &args)?.into(),
        })
    }
}
