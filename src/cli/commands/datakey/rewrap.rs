//! `enwrap datakey rewrap`: ReEncrypt.

use clap::Args;

use enwrap::message::context::EncryptionContext;
use enwrap::operations::datakey;

use super::BlobContextArgs;
use super::blob::BlobArgs;
use super::value::{AwsAnswer, BlobOutArgs, ValueArgs, algorithm, print_value};
use crate::cli::app::App;
use crate::cli::args::Pair;
use crate::cli::key_choice::{key_ids, key_to_wrap};
use crate::cli::key_services::data_key_services;
use crate::output::error::{Concerning as _, Error};

/// Wrap a wrapped data key under another key
///
/// The data key itself stays the same, and is not shown. So does the context, but for what
/// --set-context changes. The old blob still opens under its old key.
#[derive(Debug, Args)]
pub(super) struct RewrapBlobArgs {
    #[command(flatten)]
    blob: BlobArgs,

    /// Wrap under this key: an alias or an id
    #[arg(short, long = "key", alias = "destination-key-id", value_name = "KEY", required = true)]
    #[arg(add = crate::cli::complete::key_names())]
    key: String,

    #[command(flatten)]
    context: BlobContextArgs,

    /// Add a pair to the context of the new blob, or give it another value (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set_context: Vec<Pair>,

    /// Open with this key only (repeatable)
    #[arg(long, alias = "source-key-id", value_name = "KEY", add = crate::cli::complete::key_names())]
    only_key: Vec<String>,

    #[command(flatten)]
    value: ValueArgs,

    #[command(flatten)]
    blob_out: BlobOutArgs,
}

pub(super) fn run(app: &App, args: &RewrapBlobArgs) -> Result<(), Error> {
    args.value.require_no_json_beside(app)?;
    let context = args.context.context(&app.outputs)?;
    let new_context = changed(&context, &args.set_context)?;
    let store = app.store()?;
    let keyring = store.load()?;
    let (key, version, recipient) = key_to_wrap(&keyring, &store, Some(&args.key))?;
    let only_keys = key_ids(&keyring, &store, &args.only_key)?;
    let old = args.blob.read(&app.outputs, store.path())?;
    let (data_key, source) =
        datakey::decrypt(&data_key_services(&keyring), &only_keys, old, &context)
            .in_keyring(&store)?;
    let blob = datakey::wrap(&*recipient, &data_key, &new_context)?;
    drop(data_key);
    args.blob_out.write(&app.outputs, &blob)?;
    if let Some(encoding) = args.value.format {
        return print_value(&app.outputs, &blob, encoding);
    }
    let source_key = keyring.key(&source.key.to_string())?;
    let source_version = source_key.version(Some(source.version))?;
    AwsAnswer::default()
        .blob("CiphertextBlob", &blob)
        .text("SourceKeyId", &source_key.id().to_string())
        .text("KeyId", &key.id().to_string())
        .text("SourceEncryptionAlgorithm", algorithm(source_key, source_version))
        .text("DestinationEncryptionAlgorithm", algorithm(key, version))
        .print(&app.outputs)
}

/// `context` with each of `set` added or changed.
fn changed(context: &EncryptionContext, set: &[Pair]) -> Result<EncryptionContext, Error> {
    let mut changed = EncryptionContext::default();
    for (key, value) in context.iter().filter(|(key, _)| set.iter().all(|pair| pair.key != *key)) {
        changed.insert(key, value)?;
    }
    for Pair { key, value } in set {
        changed.insert(key, value)?;
    }
    Ok(changed)
}
