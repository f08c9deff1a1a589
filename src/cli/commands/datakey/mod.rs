//! `enwrap datakey`: data keys for other programs (AWS KMS: GenerateDataKey, Decrypt, ReEncrypt).
//!
//! A blob is one encrypted data key, exactly as a message header serialises it.

mod blob;
mod decrypt;
mod generate;
mod key_answer;
mod rewrap;
mod value;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use enwrap::keyring::{KeyringError, RootKeys, Store};
use enwrap::keys::aws_kms::api::KmsKeyName;
use enwrap::keys::aws_kms::{AwsKms, Discovery};
use enwrap::keys::service::KeyName;
use enwrap::message::context::EncryptionContext;

use crate::cli::app::App;
use crate::cli::args::{DiscoveryArgs, Pair, context_of, insert_pairs};
use crate::cli::examples::examples;
use crate::cli::key_choice::{key_ids, keys_in_kms};
use crate::cli::outputs::{Outputs, Role};
use crate::output::error::{Error, UsageError};

/// Make a data key for another program, and open or re-wrap it later
///
/// Prints the JSON of 'aws kms generate-data-key': the data key in plain, and wrapped under a root key. Use the plain one at once and forget it; keep the wrapped one (the blob) beside
/// the data. With a key in AWS KMS, the blob is the service's own.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_long_help = examples!["
    enwrap datakey -k backup -c purpose=disk
    enwrap datakey --format hex --blob-out data.key
    enwrap datakey decrypt --blob-file data.key --format hex
    enwrap datakey rewrap --blob-file data.key -k offsite
"])]
pub(crate) struct DatakeyArgs {
    #[command(subcommand)]
    verb: Option<DatakeyVerb>,

    #[command(flatten)]
    generate: generate::GenerateArgs,
}

#[derive(Debug, Subcommand)]
enum DatakeyVerb {
    Decrypt(decrypt::DecryptBlobArgs),
    Rewrap(rewrap::RewrapBlobArgs),
}

pub(crate) fn run(app: &App, args: &DatakeyArgs) -> Result<(), Error> {
    app.require_output()?;
    match &args.verb {
        None => generate::run(app, &args.generate),
        Some(DatakeyVerb::Decrypt(args)) => decrypt::run(app, args),
        Some(DatakeyVerb::Rewrap(args)) => rewrap::run(app, args),
    }
}

/// The context of a blob, which holds none itself.
#[derive(Debug, Args)]
struct BlobContextArgs {
    /// Bind a pair to the data key (repeatable): the same pairs open it again; they are not secret
    #[arg(short = 'c', long = "context", value_name = "KEY=VALUE")]
    pairs: Vec<Pair>,

    /// Bind the pairs of a JSON object of strings
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    context_file: Option<PathBuf>,

    /// For those who come from the AWS CLI: K=V,K=V or a JSON object
    #[arg(long, hide = true, value_name = "PAIRS")]
    encryption_context: Option<String>,
}

/// Which keys may open a blob.
#[derive(Debug, Args)]
struct BlobKeyArgs {
    /// Open with this key only (repeatable): an alias, an id, or the ARN of a key in AWS KMS
    #[arg(long, aliases = ["key-id", "source-key-id"], value_name = "KEY")]
    #[arg(add = crate::cli::complete::key_names())]
    only_key: Vec<String>,

    #[command(flatten)]
    discovery: DiscoveryArgs,
}

impl BlobKeyArgs {
    /// The keyring. What only keys of AWS KMS open needs none.
    fn keyring(&self, store: &Store) -> Result<RootKeys, Error> {
        match store.load() {
            Err(KeyringError::NotFound { .. }) if self.are_in_kms() => Ok(RootKeys::default()),
            loaded => Ok(loaded?),
        }
    }

    fn are_in_kms(&self) -> bool {
        let has_discovery = self.discovery.discovery() != Discovery::Off;
        let all_in_kms = self.only_key.iter().all(|name| KmsKeyName::is_meant(name));
        all_in_kms && (has_discovery || !self.only_key.is_empty())
    }

    fn only(&self, keyring: &RootKeys, store: &Store) -> Result<Vec<KeyName>, Error> {
        key_ids(keyring, store, &self.only_key)
    }

    fn aws_kms(&self, app: &App, keyring: &RootKeys, store: &Store) -> Result<AwsKms, Error> {
        let mut kms = app.aws_kms(keyring, self.discovery.discovery());
        for name in keys_in_kms(keyring, store, &self.only_key)? {
            kms.add(name);
        }
        Ok(kms)
    }
}

impl BlobContextArgs {
    fn context(&self, outputs: &Outputs) -> Result<EncryptionContext, Error> {
        if let Some(file) = &self.context_file {
            outputs.protect(file, Role::Input);
        }
        let mut context = context_of(&self.pairs, self.context_file.as_ref())?;
        let Some(pairs) = &self.encryption_context else { return Ok(context) };
        if pairs.trim_start().starts_with('{') {
            insert_pairs(&mut context, pairs.as_bytes(), "--encryption-context")?;
            return Ok(context);
        }
        for pair in pairs.split(',').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                UsageError::new(format!("--encryption-context: '{pair}' is not KEY=VALUE")).hint(
                    "give pairs by commas, or a JSON object; -c takes a pair with commas in it",
                )
            })?;
            context.insert(key, value)?;
        }
        Ok(context)
    }
}
