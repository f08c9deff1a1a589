//! `enwrap verify`: everything that decrypt checks, and no output.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use enwrap::encrypt::PlaintextFile as _;
use serde_json::json;

use super::app::App;
use super::args::OpenArgs;
use super::batch;
use super::examples::examples;
use super::message_source::MessageSource;
use super::metadata::Metadata;
use super::opening::{Missing, Opening};
use super::source::operands;
use crate::output::progress::Meter;
use crate::output::sanitize;

/// Check that files decrypt, to the last byte, without writing them
///
/// Authenticates everything that decrypt does, with the same exit codes.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap verify report.pdf.enwrap documents.tar.enwrap
"])]
pub(crate) struct VerifyArgs {
    /// What to check; '-' is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    open: OpenArgs,

    #[command(flatten)]
    metadata: super::metadata::MetadataArgs,
}

pub(crate) fn run(app: &App, args: &VerifyArgs) -> anyhow::Result<()> {
    let inputs = operands(&args.inputs)?;
    let store = app.store()?;
    let opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    let metadata = args.metadata.open(inputs.iter().map(PathBuf::as_path).chain([store.path()]))?;
    batch::for_each(app, store.path(), &inputs, |input| verify(app, input, &opening, &metadata))?;
    if inputs.len() > 1 {
        app.ui.note(&format!("all {} files hold", inputs.len()));
    }
    Ok(())
}

fn verify(app: &App, input: &Path, opening: &Opening, metadata: &Metadata) -> anyhow::Result<()> {
    let mut source = MessageSource::open(input)?;
    let meter = Meter::new(app.ui, source.source().shown(), source.source().size(), false);
    let opened = opening.of(input)?.open(&mut source)?;
    let opened = opened.with_jobs(app.jobs);
    let by_position = match source.positional() {
        Some(file) => opened.decrypt_file(file, file.claimed_len(), None, &meter)?,
        None => None,
    };
    let len = match by_position {
        Some(len) => len,
        None => opened.decrypt(&mut source, &mut io::sink(), &meter)?,
    };
    meter.finish();
    metadata.write("verify", input, None, opened.read_header())?;
    let shown = source.source().shown();
    app.ui.detail(&format!("{shown}: opened by key {} version {}", opened.key, opened.version));
    let text = format!("{shown}: OK, {len} bytes\n");
    let mut object = json!({
        "message_id": opened.header().message_id.to_string(),
        "opened_by": { "key_id": opened.key.to_string(), "version": opened.version },
        "plaintext_bytes": len,
        "signed": opened.header().public_key.is_some(),
    });
    sanitize::insert_path(&mut object, "path", input);
    Ok(app.ui.result(&text, object)?)
}
