//! How a data key or a blob is printed: the AWS CLI's JSON, or one value.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};

use enwrap::crypto::secret::{SecretBytes, SecretText};
use enwrap::fs::atomic_file::{Access, Durability, Existing, Publication};

use crate::cli::app::App;
use crate::cli::io::destination::{Destination, Payload, Target};
use crate::cli::outputs::Outputs;
use crate::output::error::{Cause, Error, UsageError};

/// How one value is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Encoding {
    /// Hexadecimal digits and a newline
    Hex,
    /// Base64 and a newline
    Base64,
    /// The bytes themselves, never to a terminal
    Raw,
}

/// What is printed.
#[derive(Debug, Args)]
pub(super) struct ValueArgs {
    /// Print one value instead of JSON
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Encoding>,
}

impl ValueArgs {
    /// Refuses, before a blob is written, what could not be printed after it: raw bytes for a terminal, anything for
    /// a closed standard output, and a value beside `--json`. Without `--format`, what is printed is the AWS CLI's JSON.
    pub(super) fn require_printable(&self, app: &App) -> Result<(), Error> {
        if self.format.is_some() {
            app.require_no_json_beside("value", "leave out --json, or --format")?;
        }
        let payload = self.format.map_or(Payload::Plaintext, payload);
        open_stdout(&app.outputs, payload).map(drop)
    }
}

/// `bytes` in an encoding. The text is wiped after use, whether it is secret or not.
pub(super) fn encode(bytes: &[u8], encoding: Encoding) -> SecretText {
    let mut text = SecretText::default();
    match encoding {
        Encoding::Raw => text.push(bytes),
        Encoding::Hex => {
            text.push(SecretBytes::hex_of(bytes).expose());
            text.push(b"\n");
        }
        Encoding::Base64 => {
            text.push(base64(bytes).expose());
            text.push(b"\n");
        }
    }
    text
}

fn base64(bytes: &[u8]) -> SecretBytes {
    let mut text = SecretBytes::zeroed(bytes.len().div_ceil(3) * 4);
    let encoded = STANDARD.encode_slice(bytes, text.expose_mut());
    debug_assert!(encoded.is_ok_and(|len| len == text.len()), "four characters for three bytes");
    text
}

fn payload(encoding: Encoding) -> Payload {
    if encoding == Encoding::Raw { Payload::Binary } else { Payload::Plaintext }
}

/// Prints one value.
pub(super) fn print_value(
    outputs: &Outputs,
    bytes: &[u8],
    encoding: Encoding,
) -> Result<(), Error> {
    let mut stdout = open_stdout(outputs, payload(encoding))?;
    stdout.write_all(encode(bytes, encoding).expose())?;
    stdout.finish()
}

/// Writes to standard output without the buffer of `std::io::stdout`, which is never wiped.
fn open_stdout(outputs: &Outputs, payload: Payload) -> Result<Destination<'_>, Error> {
    let publication = Publication::new(Access::OwnerOnly);
    Destination::open(outputs, &Target::Stdout, None, payload, publication).map_err(|error| {
        let Cause::Usage(_) = error.cause() else { return error };
        UsageError::new("raw bytes do not go to a terminal")
            .hint("pipe them into a program, or use --format hex")
            .into()
    })
}

/// The AWS CLI's JSON: an object with the members of the answer, blobs in base64.
#[derive(Default)]
pub(super) struct AwsAnswer {
    text: SecretText,
}

impl AwsAnswer {
    pub(super) fn text(mut self, member: &str, value: &str) -> Self {
        // `Value` escapes whatever is in the string.
        self.push(member, serde_json::Value::from(value).to_string().as_bytes());
        self
    }

    /// A member that is left out where there is nothing to say.
    pub(super) fn text_if_any(self, member: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(member, value),
            None => self,
        }
    }

    pub(super) fn blob(mut self, member: &str, value: &[u8]) -> Self {
        let mut quoted = SecretText::default();
        quoted.push(b"\"");
        quoted.push(base64(value).expose());
        quoted.push(b"\"");
        self.push(member, quoted.expose());
        self
    }

    fn push(&mut self, member: &str, value: &[u8]) {
        let separator = if self.text.expose().is_empty() { "{\n" } else { ",\n" };
        self.text.push(format!("{separator}    \"{member}\": ").as_bytes());
        self.text.push(value);
    }

    pub(super) fn print(mut self, outputs: &Outputs) -> Result<(), Error> {
        self.text.push(b"\n}\n");
        let mut stdout = open_stdout(outputs, Payload::Plaintext)?;
        stdout.write_all(self.text.expose())?;
        stdout.finish()
    }
}

/// Where a verb that makes a blob writes it to.
#[derive(Debug, Args)]
pub(super) struct BlobOutArgs {
    /// Write the wrapped data key to a new file that only you can read, as bytes
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) blob_out: Option<PathBuf>,

    /// Replace the file of --blob-out if it exists
    #[arg(short, long, requires = "blob_out")]
    force: bool,
}

impl BlobOutArgs {
    /// Writes the blob, if a file was named for it, and syncs it to the disk.
    pub(super) fn write(&self, outputs: &Outputs, blob: &[u8]) -> Result<(), Error> {
        let Some(file) = &self.blob_out else { return Ok(()) };
        let mut destination = self.open(outputs, file)?;
        destination.write_all(blob)?;
        destination.finish()
    }

    fn open<'a>(&self, outputs: &'a Outputs, file: &Path) -> Result<Destination<'a>, Error> {
        let target = Target::of(file);
        if target.is_stdout() {
            return Err(UsageError::new(
                "--blob-out takes a file: standard output is for the value",
            )
            .hint("name a FILE; without --format, both are printed as JSON")
            .into());
        }
        let publication = Publication::new(Access::OwnerOnly)
            .existing(Existing::replaced_if(self.force))
            .durability(Durability::Synced);
        Destination::open(outputs, &target, None, Payload::Binary, publication)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_json_as_the_aws_cli_prints_it() {
        let mut answer =
            AwsAnswer::default().blob("CiphertextBlob", &[0, 255]).text("KeyId", "a\"b");
        answer.text.push(b"\n}\n");
        let text = std::str::from_utf8(answer.text.expose()).unwrap();
        assert_eq!(text, "{\n    \"CiphertextBlob\": \"AP8=\",\n    \"KeyId\": \"a\\\"b\"\n}\n");
    }

    #[test]
    fn a_value_is_encoded_as_asked() {
        let bytes = [0xAB, 0xCD, 0xEF, 0x01];
        let encoded = |encoding| encode(&bytes, encoding).expose().to_vec();
        assert_eq!(encoded(Encoding::Raw), bytes);
        assert_eq!(encoded(Encoding::Hex), b"abcdef01\n");
        assert_eq!(encoded(Encoding::Base64), b"q83vAQ==\n");
    }
}
