//! `enwrap datakey`: data keys for other programs (AWS KMS: GenerateDataKey, Decrypt, ReEncrypt).
//!
//! A blob is one encrypted data key, exactly as a message header serialises it.

mod blob;
mod decrypt;
mod generate;
mod rewrap;
mod value;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use enwrap::message::context::EncryptionContext;

use crate::cli::app::App;
use crate::cli::args::{Pair, context_of, insert_pairs};
use crate::cli::examples::examples;
use crate::cli::outputs::{Outputs, Role};
use crate::output::error::{Error, UsageError};

/// Make a data key for another program, and open or re-wrap it later
///
/// Prints the data key in plain and wrapped under a root key, as the JSON of 'aws kms
/// generate-data-key'. Use the plain one at once and forget it; keep the wrapped one (the blob) beside
/// the data.
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
                UsageError::new(format!("--encryption-context: '{pair}' is not KEY=VALUE"))
            })?;
            context.insert(key, value)?;
        }
        Ok(context)
    }
}
