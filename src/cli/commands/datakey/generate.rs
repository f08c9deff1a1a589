//! `enwrap datakey`: GenerateDataKey and GenerateDataKeyWithoutPlaintext.

use clap::{Args, ValueEnum};

use enwrap::operations::datakey;

use super::BlobContextArgs;
use super::value::{AwsAnswer, BlobOutArgs, ValueArgs, print_value};
use crate::cli::app::App;
use crate::cli::key_choice::key_to_wrap;
use crate::output::error::{Error, UsageError};

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// Wrap under this key: an alias or an id [env: ENWRAP_KEY]
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
    args.value.require_no_json_beside(app)?;
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
    let keyring = store.load()?;
    let (key, version, recipient) = key_to_wrap(&keyring, &store, args.key.as_deref())?;
    let (data_key, blob) = datakey::generate(&*recipient, len, &context)?;
    // The blob is on the disk before the plain data key is printed. Otherwise somebody could encrypt under a data key
    // whose blob is lost.
    args.blob_out.write(&app.outputs, &blob)?;
    match (args.value.format, args.without_plaintext) {
        (Some(encoding), true) => print_value(&app.outputs, &blob, encoding),
        (Some(encoding), false) => print_value(&app.outputs, data_key.expose(), encoding),
        (None, without_plaintext) => {
            let mut answer = AwsAnswer::default().blob("CiphertextBlob", &blob);
            if !without_plaintext {
                answer = answer.blob("Plaintext", data_key.expose());
            }
            // The answer has what it needs of it, so it is wiped before anything is printed.
            drop(data_key);
            answer
                .text("KeyId", &key.id().to_string())
                .text("KeyMaterialId", &version.name)
                .print(&app.outputs)
        }
    }
}
