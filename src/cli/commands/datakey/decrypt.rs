//! `enwrap datakey decrypt`: Decrypt.

use clap::Args;

use enwrap::keys::unlock::unlock;

use super::BlobContextArgs;
use super::blob::BlobArgs;
use super::value::{ALGORITHM, Answer, ValueArgs, print_value};
use crate::cli::app::App;
use crate::cli::key_choice::key_ids;
use crate::output::error::{BlobError, Concerning as _, Error};

/// Open a wrapped data key
///
/// The context must be the one that it was made with: a blob holds none, and authenticates all of it.
#[derive(Debug, Args)]
pub(super) struct DecryptArgs {
    #[command(flatten)]
    blob: BlobArgs,

    #[command(flatten)]
    context: BlobContextArgs,

    /// Open with this key only (repeatable)
    #[arg(long, alias = "key-id", value_name = "KEY", add = crate::cli::complete::key_names())]
    only_key: Vec<String>,

    #[command(flatten)]
    value: ValueArgs,
}

pub(super) fn run(app: &App, args: &DecryptArgs) -> Result<(), Error> {
    let context = args.context.context()?;
    let store = app.store()?;
    let keyring = store.load()?;
    let only_keys = key_ids(&keyring, &store, &args.only_key)?;
    let wrapped = args.blob.read(store.path())?;
    let opened = unlock(&keyring, &only_keys, [&wrapped], &context, Some)
        .map_err(BlobError::Locked)
        .in_keyring(&store)?;
    let data_key = opened.found;
    if let Some(encoding) = args.value.format {
        return print_value(data_key.expose(), encoding);
    }
    let version = keyring.key(&opened.key.to_string())?.version(Some(opened.version))?;
    Answer::default()
        .text("KeyId", &opened.key.to_string())
        .blob("Plaintext", data_key.expose())
        .text("EncryptionAlgorithm", ALGORITHM)
        .text("KeyMaterialId", &version.name)
        .print()
}
