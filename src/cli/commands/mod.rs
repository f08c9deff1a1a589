//! The verbs, one a file.

mod completions;
mod datakey;
mod decrypt;
pub(crate) mod encrypt;
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

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Keygen(keygen::KeygenArgs),
    Encrypt(encrypt::EncryptArgs),
    Decrypt(decrypt::DecryptArgs),
    Verify(verify::VerifyArgs),
    Inspect(inspect::InspectArgs),
    Rewrap(Box<rewrap::RewrapArgs>),
    Reencrypt(Box<reencrypt::ReencryptArgs>),
    Datakey(Box<datakey::DatakeyArgs>),
    #[command(subcommand)]
    Key(key::KeyVerb),
    #[command(subcommand)]
    Keyring(keyring::KeyringVerb),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Verb {
    pub(crate) fn run(self, app: &App) -> anyhow::Result<()> {
        match self {
            Self::Keygen(args) => keygen::run(app, &args),
            Self::Encrypt(args) => encrypt::run(app, &args),
            Self::Decrypt(args) => decrypt::run(app, &args),
            Self::Verify(args) => verify::run(app, &args),
            Self::Inspect(args) => inspect::run(app, &args),
            Self::Rewrap(args) => rewrap::run(app, &args),
            Self::Reencrypt(args) => reencrypt::run(app, &args),
            Self::Datakey(args) => datakey::run(app, &args),
            Self::Key(verb) => key::run(app, &verb),
            Self::Keyring(verb) => keyring::run(app, &verb),
            Self::Completions(args) => completions::run(app, &args),
            Self::Man(args) => man::run(app, &args),
        }
    }
}
