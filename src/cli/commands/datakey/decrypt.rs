//! `enwrap datakey decrypt`: Decrypt.

use clap::Args;

use enwrap::operations::datakey;

use super::blob::BlobArgs;
use super::key_answer::KeyAnswer;
use super::value::{AwsAnswer, ValueArgs, print_value};
use super::{BlobContextArgs, BlobKeyArgs};
use crate::cli::app::App;
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

    #[command(flatten)]
    keys: BlobKeyArgs,

    #[command(flatten)]
    value: ValueArgs,
}

pub(super) fn run(app: &App, args: &DecryptBlobArgs) -> Result<(), Error> {
    args.value.require_printable(app)?;
    let context = args.context.context(&app.outputs)?;
    let store = app.store()?;
    let keyring = args.keys.keyring(&store)?;
    let only_keys = args.keys.only(&keyring, &store)?;
    let kms = args.keys.aws_kms(app, &keyring, &store)?;
    let blob = args.blob.read(&app.outputs, store.path())?;
    let (data_key, opener) =
        datakey::decrypt_with_kms(&keyring, &kms, &only_keys, blob, &context).in_keyring(&store)?;
    if let Some(encoding) = args.value.format {
        return print_value(&app.outputs, data_key.expose(), encoding);
    }
    let key = KeyAnswer::of_opener(&keyring, opener)?;
    AwsAnswer::default()
        .text("KeyId", &key.id)
        .blob("Plaintext", data_key.expose())
        .text("EncryptionAlgorithm", key.algorithm)
        .text_if_any("KeyMaterialId", key.material_id.as_deref())
        .print(&app.outputs)
}
