//! A wrapped data key from the command line, a file or standard input.

use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::fs::read_full::read_full;
use enwrap::operations::datakey::{Blob, MOST_BLOB_BYTES, parse_blob};

use crate::cli::io::source::{Source, is_stdin, operands};
use crate::cli::outputs::{Outputs, Role};
use crate::output::error::{About, Concerning as _, Error, UsageError};
use crate::output::sanitize;

/// The arguments that name a blob.
#[derive(Debug, Args)]
pub(super) struct BlobArgs {
    /// The wrapped data key in base64; '-' is standard input
    #[arg(value_name = "BLOB")]
    blob: Option<String>,

    /// Take the wrapped data key from a file, as bytes or base64
    #[arg(long, value_name = "FILE", conflicts_with = "blob", value_hint = clap::ValueHint::FilePath)]
    blob_file: Option<PathBuf>,

    /// For those who come from the AWS CLI: base64, or fileb://PATH
    #[arg(long, hide = true, value_name = "BLOB", conflicts_with_all = ["blob", "blob_file"])]
    ciphertext_blob: Option<String>,
}

impl BlobArgs {
    /// Reads the blob. An error names `keyring` as the one in use.
    pub(super) fn read(&self, outputs: &Outputs, keyring: &Path) -> Result<Blob, Error> {
        let from_aws = self.ciphertext_blob.as_deref();
        let file = self
            .blob_file
            .as_deref()
            .or_else(|| from_aws.and_then(|blob| blob.strip_prefix("fileb://")).map(Path::new));
        if let Some(file) = file {
            outputs.protect(file, Role::Input);
            return read_file(file, keyring);
        }
        match self.blob.as_deref().or(from_aws) {
            Some(blob) if !is_stdin(Path::new(blob)) => parse_blob(blob.as_bytes())
                .map_err(|error| named_as_file(blob).map_or_else(|| error.into(), Into::into)),
            _ => read_file(&operands(&[])?[0], keyring),
        }
    }
}

/// The error about a blob that is the name of a file.
fn named_as_file(blob: &str) -> Option<UsageError> {
    let shown = sanitize::name(Path::new(blob));
    let problem = || format!("'{shown}' is a file, and BLOB is the base64 of a wrapped data key");
    Path::new(blob)
        .exists()
        .then(|| UsageError::new(problem()).hint(format!("--blob-file {shown}")))
}

fn read_file(file: &Path, keyring: &Path) -> Result<Blob, Error> {
    let about = || About::input(file, keyring);
    let mut source = Source::open(file).about(about)?;
    // Base64 has four characters for three bytes, and perhaps line ends.
    let mut bytes = vec![0; 2 * MOST_BLOB_BYTES];
    let len = read_full(&mut source, &mut bytes).about(about)?;
    bytes.truncate(len);
    parse_blob(&bytes).about(about)
}
