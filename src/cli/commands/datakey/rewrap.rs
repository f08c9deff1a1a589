//! `enwrap datakey rewrap`: ReEncrypt.

use clap::Args;

use enwrap::keyring::RootKeys;
use enwrap::keys::aws_kms::AwsKms;
use enwrap::keys::aws_kms::api::KmsRewrapped;
use enwrap::keys::service::{KeyName, recipient};
use enwrap::message::context::EncryptionContext;
use enwrap::operations::datakey::{self, Blob};

use super::blob::BlobArgs;
use super::key_answer::KeyAnswer;
use super::value::{AwsAnswer, BlobOutArgs, ValueArgs, print_value};
use super::{BlobContextArgs, BlobKeyArgs};
use crate::cli::app::App;
use crate::cli::args::Pair;
use crate::cli::key_choice::{ChosenKey, key_to_wrap};
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

    /// Wrap under this key: an alias, an id, or the ARN of a key in AWS KMS
    #[arg(short, long = "key", alias = "destination-key-id", value_name = "KEY", required = true)]
    #[arg(add = crate::cli::complete::key_names())]
    key: String,

    #[command(flatten)]
    context: BlobContextArgs,

    /// Add a pair to the context of the new blob, or give it another value (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set_context: Vec<Pair>,

    #[command(flatten)]
    keys: BlobKeyArgs,

    #[command(flatten)]
    value: ValueArgs,

    #[command(flatten)]
    blob_out: BlobOutArgs,
}

pub(super) fn run(app: &App, args: &RewrapBlobArgs) -> Result<(), Error> {
    args.value.require_printable(app)?;
    let context = args.context.context(&app.outputs)?;
    let new_context = changed(&context, &args.set_context)?;
    let store = app.store()?;
    let keyring = args.keys.keyring(&store)?;
    let key = key_to_wrap(&keyring, &store, Some(&args.key))?;
    let only_keys = args.keys.only(&keyring, &store)?;
    let mut kms = args.keys.aws_kms(app, &keyring, &store)?;
    key.add_to(&mut kms);
    let old = args.blob.read(&app.outputs, store.path())?;
    let contexts = [&context, &new_context];
    let Moved { blob, from, to } =
        moved(&keyring, &kms, &only_keys, old, contexts, &key).in_keyring(&store)?;
    args.blob_out.write(&app.outputs, &blob)?;
    if let Some(encoding) = args.value.format {
        return print_value(&app.outputs, &blob, encoding);
    }
    AwsAnswer::default()
        .blob("CiphertextBlob", &blob)
        .text("SourceKeyId", &from.id)
        .text("KeyId", &to.id)
        .text("SourceEncryptionAlgorithm", from.algorithm)
        .text("DestinationEncryptionAlgorithm", to.algorithm)
        .print(&app.outputs)
}

/// A data key that is under another key.
struct Moved {
    blob: Vec<u8>,
    from: KeyAnswer,
    to: KeyAnswer,
}

fn moved(
    keyring: &RootKeys,
    kms: &AwsKms,
    only: &[KeyName],
    old: Blob,
    contexts: [&EncryptionContext; 2],
    key: &ChosenKey<'_>,
) -> Result<Moved, Error> {
    let [context, new_context] = contexts;
    if let (Blob::OfService { bytes, .. }, true) = (&old, key.is_in_kms()) {
        let KmsRewrapped { source, wrapped } =
            datakey::rewrap_in_kms(kms, only, bytes, contexts, &key.name())?;
        let from = KeyAnswer::of_service(&source, None);
        let to = KeyAnswer::of_service(&wrapped.key, None);
        return Ok(Moved { blob: wrapped.blob, from, to });
    }
    let (data_key, opener) = datakey::decrypt_with_kms(keyring, kms, only, old, context)?;
    let from = KeyAnswer::of_opener(keyring, opener)?;
    if key.is_in_kms() {
        let wrapped = kms.encrypt_blob(&key.name(), &data_key, new_context)?;
        let to = KeyAnswer::of_service(&wrapped.key, None);
        return Ok(Moved { blob: wrapped.blob, from, to });
    }
    let recipient = recipient(&data_key_services(keyring, kms), &key.name())?;
    let blob = datakey::wrap(&*recipient, &data_key, new_context)?;
    let key = keyring.key(&key.name().to_string())?;
    Ok(Moved { blob, from, to: KeyAnswer::of_held(key, key.current()) })
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
