//! `enwrap key export`: a root key in the clear, for another keyring or another SDK.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::keyring::exchange;
use enwrap::pipeline::PipelineError;

use crate::cli::app::App;
use crate::cli::destination::{Destination, Payload, Rules, Target};
use crate::cli::examples::examples;
use crate::output::error::{InKeyring as _, UsageError};
use crate::output::{Format, sanitize};

/// Write a root key as JSON, with its material in the clear
///
/// The JSON has what a raw AES keyring of an AWS Encryption SDK needs: key namespace, key name and
/// wrapping key. Whoever reads it can decrypt everything encrypted under this version of the key.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key export backup -o backup-key.json
"])]
pub(crate) struct ExportArgs {
    /// An alias, or an id
    #[arg(add = crate::cli::complete::key_names())]
    key: String,

    /// Export this version instead of the current one
    #[arg(long, value_name = "N")]
    version: Option<u32>,

    /// Write to a new file that only you can read; '-' is standard output, also on a terminal
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
}

pub(crate) fn run(app: &App, args: &ExportArgs) -> anyhow::Result<()> {
    let store = app.store()?;
    let keyring = store.load()?;
    let key = keyring.key(&args.key).in_keyring(&store)?;
    let version = key.version(args.version).in_keyring(&store)?;
    let text = exchange::export(key, version)?;
    let target = args.output.as_deref().map_or(Target::Stdout, Target::of);
    if target.is_stdout() && app.ui.format == Format::Json {
        return Err(UsageError::new(
            "the key goes to standard output, and so would --json's lines",
        )
        .hint("the export is JSON already; leave out --json, or write it with -o FILE")
        .into());
    }
    let rules = Rules { force: false, sync: true, mode: 0o600, keeps_mode: false, modified: None };
    // A terminal keeps what it has shown: a key goes there only when asked to.
    let mut destination = Destination::open(&target, None, Payload::Binary, rules)
        .map_err(|error| insist_on_terminal(error, &target))?;
    destination
        .write_all(text.expose())
        .map_err(|error| target.name_in(PipelineError::Write(error)))?;
    destination.finish()?;
    if let Target::File(path) = &target {
        tell(app, path, key.id)?;
    }
    Ok(())
}

fn insist_on_terminal(error: anyhow::Error, target: &Target) -> anyhow::Error {
    if *target == Target::Stdout && error.is::<UsageError>() {
        return UsageError::new("the key would be shown on the terminal")
            .hint("write it to a file with -o FILE, or insist with '-o -'")
            .into();
    }
    error
}

fn tell(app: &App, path: &Path, id: enwrap::keyring::KeyId) -> anyhow::Result<()> {
    app.ui.note(&format!("wrote {}: whoever reads it has the key", sanitize::name(path)));
    let mut object = serde_json::json!({ "key_id": id.to_string() });
    sanitize::insert_path(&mut object, "output", path);
    Ok(app.ui.result("", object)?)
}
