//! `--metadata FILE`: a JSON line about each file, with the members that the AWS Encryption CLI writes.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::crypto::engine::{Iv, Tag};
use enwrap::fs::append::Opened;
use enwrap::fs::close::close_duplicate;
use enwrap::message::header::{Header, ParsedHeader};

use super::destination::Target;
use super::source::is_stdin;
use crate::cli::outputs::Outputs;
use crate::output::error::{Error, NotReported, UsageError};
use crate::output::records::metadata::MetadataRecord;
use crate::output::sanitize;

#[derive(Debug, Args)]
pub(crate) struct MetadataArgs {
    /// Append a JSON line about each file to this one, as the AWS Encryption CLI does
    #[arg(long, value_name = "FILE", help_heading = "Output", hide_short_help = true)]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(crate) metadata: Option<PathBuf>,
}

/// The file that the lines go to, if there is one.
pub(crate) struct Metadata(Option<(Opened, PathBuf)>);

impl MetadataArgs {
    /// Opens the file. It must be none of the other files of this run, and hold nothing but such lines.
    pub(crate) fn open(&self, outputs: &Outputs) -> Result<Metadata, Error> {
        let Some(path) = &self.metadata else { return Ok(Metadata(None)) };
        let hint = "name another file with --metadata";
        if Target::of(path).is_stdout() {
            return Err(UsageError::new("--metadata takes a file, and not standard output")
                .hint(hint)
                .into());
        }
        outputs.plan(path).map_err(|error| error.hint(hint))?;
        Ok(Metadata(Some((outputs.append_to(path, is_record)?, path.clone()))))
    }
}

/// Whether a line is one of these: an object that says what was done to a message with a header.
fn is_record(line: &[u8]) -> bool {
    serde_json::from_slice(line).is_ok_and(|value: serde_json::Value| {
        value["mode"].is_string() && value["header"].is_object()
    })
}

impl Metadata {
    /// Appends a line about a message that was read.
    pub(crate) fn write(
        &self,
        mode: &str,
        input: &Path,
        output: Option<&Path>,
        header: &ParsedHeader,
    ) -> Result<(), Error> {
        self.append(mode, input, output, &header.fields, (&header.iv, &header.tag))
    }

    /// Appends a line about a message that was read or written.
    pub(crate) fn append(
        &self,
        mode: &str,
        input: &Path,
        output: Option<&Path>,
        header: &Header,
        (iv, tag): (&Iv, &Tag),
    ) -> Result<(), Error> {
        let Some((Opened { file, .. }, path)) = &self.0 else { return Ok(()) };
        let (input, output) = (absolute(input), absolute(output.unwrap_or_else(|| Path::new("-"))));
        let record = MetadataRecord::new(mode, (&input, &output), header, (iv, tag));
        let line = sanitize::json(&record).map_err(io::Error::from)?;
        // One write a line, so that the lines of several processes do not mix.
        let mut file: &File = file;
        file.write_all(format!("{line}\n").as_bytes()).and_then(|()| close_duplicate(file)).map_err(
            |source| {
                let done = match output.to_str() {
                    Some("-") => "the work is done".to_owned(),
                    _ => format!("'{}' was written", sanitize::name(output.as_ref())),
                };
                let place = format!("'{}'", sanitize::name(path));
                NotReported { done, place, source }.into()
            },
        )
    }
}

/// A path as the AWS Encryption CLI has it: absolute, or a dash.
fn absolute(path: &Path) -> Cow<'_, Path> {
    let absolute = if is_stdin(path) { None } else { std::path::absolute(path).ok() };
    absolute.map_or(Cow::Borrowed(path), Cow::Owned)
}
