//! `enwrap datakey`: GenerateDataKey and GenerateDataKeyWithoutPlaintext.

use clap::{Args, ValueEnum};

use enwrap::crypto::secret::DataKey;
use enwrap::keyring::RootKeys;
use enwrap::keys::aws_kms::{AwsKms, Discovery};
use enwrap::keys::service::{KeyName, recipient};
use enwrap::message::context::EncryptionContext;
use enwrap::operations::datakey;

use super::BlobContextArgs;
use super::key_answer::KeyAnswer;
use super::value::{AwsAnswer, BlobOutArgs, ValueArgs, print_value};
use crate::cli::app::App;
use crate::cli::key_choice::{key_to_wrap, keyring_for};
use crate::cli::key_services::data_key_services;
use crate::output::error::{Concerning as _, Error, UsageError};

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// Wrap under this key: an alias, an id, or the ARN of a key in AWS KMS [env: ENWRAP_KEY]
    /// [default: the key with the alias 'default']
    #[arg(short, long = "key", alias = "key-id", value_name = "KEY")]
    #[arg(add = crate::cli::complete::key_names())]
    key: Option<String>,

    #[command(flatten)]
    context: BlobContextArgs,

    /// The length of the data key
    #[arg(
        long,
        value_name = "SPEC",
        default_value = "AES_256",
        conflicts_with = "number_of_bytes"
    )]
    key_spec: KeySpec,

    /// The length of the data key in bytes, 1 to 1024
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    number_of_bytes: Option<u16>,

    /// Leave the plain data key out: it is made to be opened later
    #[arg(long)]
    without_plaintext: bool,

    #[command(flatten)]
    value: ValueArgs,

    #[command(flatten)]
    blob_out: BlobOutArgs,
}

/// The lengths that AWS KMS has names for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KeySpec {
    /// 32 bytes
    #[value(name = "AES_256")]
    Aes256,
    /// 16 bytes
    #[value(name = "AES_128")]
    Aes128,
}

pub(super) fn run(app: &App, args: &GenerateArgs) -> Result<(), Error> {
    args.value.require_printable(app)?;
    if args.value.format.is_some() && !args.without_plaintext && args.blob_out.blob_out.is_none() {
        return Err(UsageError::new(
            "--format prints the plain data key alone, and the blob would be lost",
        )
        .hint("keep the blob with --blob-out FILE, or print it with --without-plaintext")
        .into());
    }
    let len = match (args.number_of_bytes, args.key_spec) {
        (Some(len), _) => usize::from(len),
        (None, KeySpec::Aes256) => 32,
        (None, KeySpec::Aes128) => 16,
    };
    let context = args.context.context(&app.outputs)?;
    let store = app.store()?;
    let keyring = keyring_for(&store, args.key.as_slice())?;
    let chosen = key_to_wrap(&keyring, &store, args.key.as_deref())?;
    let mut kms = app.aws_kms(&keyring, Discovery::Off);
    chosen.add_to(&mut kms);
    let made = if chosen.is_in_kms() {
        Made::in_kms(&kms, &chosen.name(), len, &context, args.without_plaintext)
    } else {
        Made::here(&keyring, &kms, &chosen.name(), len, &context)
    };
    let Made { data_key, blob, key } = made.in_keyring(&store)?;
    // The blob is on the disk before the plain data key is printed. Otherwise somebody could encrypt under a data key
    // whose blob is lost.
    args.blob_out.write(&app.outputs, &blob)?;
    let data_key = data_key.filter(|_| !args.without_plaintext);
    match (args.value.format, data_key) {
        (Some(encoding), None) => print_value(&app.outputs, &blob, encoding),
        (Some(encoding), Some(data_key)) => print_value(&app.outputs, data_key.expose(), encoding),
        (None, data_key) => {
            let mut answer = AwsAnswer::default().blob("CiphertextBlob", &blob);
            if let Some(data_key) = data_key {
                // The answer has what it needs of it, so it is wiped before anything is printed.
                answer = answer.blob("Plaintext", data_key.expose());
            }
            answer
                .text("KeyId", &key.id)
                .text_if_any("KeyMaterialId", key.material_id.as_deref())
                .print(&app.outputs)
        }
    }
}

/// A data key that was made, and its wrap.
struct Made {
    /// `None` where it has not left AWS KMS.
    data_key: Option<DataKey>,
    blob: Vec<u8>,
    key: KeyAnswer,
}

impl Made {
    fn here(
        keyring: &RootKeys,
        kms: &AwsKms,
        name: &KeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<Self, Error> {
        let recipient = recipient(&data_key_services(keyring, kms), name)?;
        let (data_key, blob) = datakey::generate(&*recipient, len, context)?;
        let key = keyring.key(&name.to_string())?;
        let key = KeyAnswer::of_held(key, key.current());
        Ok(Self { data_key: Some(data_key), blob, key })
    }

    fn in_kms(
        kms: &AwsKms,
        name: &KeyName,
        len: usize,
        context: &EncryptionContext,
        without_plaintext: bool,
    ) -> Result<Self, Error> {
        let (data_key, made) = if without_plaintext {
            (None, kms.generate_blob_alone(name, len, context)?)
        } else {
            let (data_key, made) = kms.generate_blob(name, len, context)?;
            (Some(data_key), made)
        };
        let key = KeyAnswer::of_service(&made.key, made.material_id);
        Ok(Self { data_key, blob: made.blob, key })
    }
}
