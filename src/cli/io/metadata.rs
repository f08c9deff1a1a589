//! `--metadata FILE`: a JSON line about each file, with the members that the AWS Encryption CLI writes.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use enwrap::crypto::engine::{Iv, Tag};
use enwrap::fs::close::close_duplicate;
use enwrap::message::header::{ContentType, Header, ParsedHeader};

use super::destination::Target;
use super::source::is_stdin;
use crate::cli::outputs::place::Place;
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::sanitize;

#[derive(Debug, Args)]
pub(crate) struct MetadataArgs {
    /// Append a JSON line about each file to this one, as the AWS Encryption CLI does
    #[arg(long, value_name = "FILE", help_heading = "Output", hide_short_help = true)]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(crate) metadata: Option<PathBuf>,
}

/// The file that the lines go to, if there is one.
pub(crate) struct Metadata(Option<(File, PathBuf)>);

impl MetadataArgs {
    /// Opens the file. An error, if it is one of `others`: the lines would damage it.
    pub(crate) fn open<'a>(
        &self,
        others: impl IntoIterator<Item = &'a Path>,
    ) -> Result<Metadata, Error> {
        let Some(path) = &self.metadata else { return Ok(Metadata(None)) };
        let shown = sanitize::name(path);
        if Target::of(path).is_stdout() {
            return Err(UsageError::new("--metadata takes a file").into());
        }
        let place = Place::of(path);
        if place.is_some() && others.into_iter().any(|other| Place::of(other) == place) {
            let problem = format!("'{shown}' is an input, an output or the keyring, too");
            return Err(UsageError::new(problem).hint("name another file with --metadata").into());
        }
        let file = File::options().create(true).append(true).mode(0o666).open(path);
        let file = file.cannot("open", path)?;
        Ok(Metadata(Some((file, path.clone()))))
    }
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
        let Some((file, path)) = &self.0 else { return Ok(()) };
        let mut object = json!({ "mode": mode });
        insert(&mut object, "input", input);
        insert(&mut object, "output", output.unwrap_or_else(|| Path::new("-")));
        object["header"] = header_to_json(header);
        object["header_auth"] = json!({ "iv": STANDARD.encode(iv), "tag": STANDARD.encode(tag) });
        // One write a line, so that the lines of several processes do not mix.
        let mut file: &File = file;
        file.write_all(format!("{}\n", sanitize::json(&object)).as_bytes())
            .and_then(|()| close_duplicate(file))
            .cannot("write", path)
    }
}

/// Adds a path as the AWS Encryption CLI does: absolute, or `-`.
fn insert(object: &mut Value, member: &str, path: &Path) {
    let absolute = if is_stdin(path) { None } else { std::path::absolute(path).ok() };
    sanitize::insert_path(object, member, absolute.as_deref().unwrap_or(path));
}

fn header_to_json(header: &Header) -> Value {
    let is_version_2 = header.suite.format_version() == 2;
    let context: serde_json::Map<String, Value> =
        header.context.iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    let keys: Vec<Value> = header
        .encrypted_data_keys
        .iter()
        .map(|key| {
            json!({
                "key_provider": {
                    "provider_id": STANDARD.encode(&key.provider_id),
                    "key_info": STANDARD.encode(&key.provider_info),
                },
                "encrypted_data_key": STANDARD.encode(&key.ciphertext),
            })
        })
        .collect();
    let (content_type, frame_length) = match header.content {
        ContentType::NonFramed => (1, 0),
        ContentType::Framed(length) => (2, length.get()),
    };
    json!({
        "version": if is_version_2 { "2.0" } else { "1.0" },
        "algorithm": header.suite.name,
        "message_id": STANDARD.encode(header.message_id.as_bytes()),
        "encryption_context": context,
        "encrypted_data_keys": keys,
        "content_type": content_type,
        "frame_length": frame_length,
        "type": (!is_version_2).then_some(0x80),
        "header_iv_length": (!is_version_2).then_some(12),
        "commitment_key": header.commit_key.map(|key| STANDARD.encode(key)),
    })
}
