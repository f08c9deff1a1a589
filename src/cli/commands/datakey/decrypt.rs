//! `enwrap datakey decrypt`: Decrypt.

use clap::Args;

use enwrap::operations::datakey;

use super::BlobContextArgs;
use super::blob::BlobArgs;
use super::value::{AwsAnswer, ValueArgs, algorithm, print_value};
use crate::cli::app::App;
use crate::cli::key_choice::key_ids;
use crate::cli::key_services::data_key_services;
use crate::output::error::{Concerning as _, Error};

/// Open a wrapped data key
///
/// The context must be the one that it was made with: a blob holds none, and authenticates all of it. A blob
/// under an RSA key authenticates none, and is opened without one.
#[derive(Debug, Args)]
pub(super) struct DecryptBlobArgs {
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

pub(super) fn run(app: &App, args: &DecryptBlobArgs) -> Result<(), Error> {
    args.value.require_no_json_beside(app)?;
    let context = args.context.context(&app.outputs)?;
    let store = app.store()?;
    let keyring = store.load()?;
    let only_keys = key_ids(&keyring, &store, &args.only_key)?;
    let blob = args.blob.read(&app.outputs, store.path())?;
    let (data_key, key) =
        datakey::decrypt(&data_key_services(&keyring), &only_keys, blob, &context)
            .in_keyring(&store)?;
    if let Some(encoding) = args.value.format {
        return print_value(&app.outputs, data_key.expose(), encoding);
    }
    let (key, number) = (keyring.key(&key.key.to_string())?, key.version);
    let version = key.version(Some(number))?;
    AwsAnswer::default()
        .text("KeyId", &key.id().to_string())
        .blob("Plaintext", data_key.expose())
        .text("EncryptionAlgorithm", algorithm(key, version))
        .text("KeyMaterialId", &version.name)
        .print(&app.outputs)
}
