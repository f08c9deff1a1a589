//! `enwrap verify`: everything that decrypt checks, and no output.

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use enwrap::operations::encrypt::PlaintextFile as _;

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::examples::examples;
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::metadata::Metadata;
use crate::cli::io::source::operands;
use crate::cli::opening::{Missing, Opening};
use crate::cli::trees::batch::{self, Outcome, Turn};
use crate::cli::trees::job::EXTENSION;
use crate::cli::trees::selection::{Selection, SelectionArgs, require_apart};
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::tree::{Entry, Tree, require_files};
use crate::output::error::Error;
use crate::output::{Ui, sanitize};

/// Check that files decrypt, to the last byte, without writing them
///
/// Authenticates everything that decrypt does, with the same exit codes. With -r, every message of a folder
/// is checked, and whatever ends in .enwrap has to be one.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap verify report.pdf.enwrap docs.tar.enwrap
    enwrap verify -r encrypted
"])]
pub(crate) struct VerifyArgs {
    /// What to check: files, and with -r folders; '-' is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    open: OpenArgs,

    #[command(flatten)]
    metadata: crate::cli::io::metadata::MetadataArgs,
}

/// What is the same for every input.
struct Plan {
    ui: Ui,
    opening: Opening,
    metadata: Metadata,
    is_recursive: bool,
}

pub(crate) fn run(app: &App, args: &VerifyArgs) -> Result<(), Error> {
    let inputs = operands(&args.inputs)?;
    let is_recursive = args.selection.recursive;
    require_files(&inputs, is_recursive)?;
    let store = app.store()?;
    let opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    let metadata = args.metadata.open(inputs.iter().map(PathBuf::as_path).chain([store.path()]))?;
    let plan = Plan { ui: app.ui, opening, metadata, is_recursive };
    if !is_recursive {
        batch::for_each(app, store.path(), &inputs, |input| {
            let entry = Entry { path: input.clone(), is_named: true, operand: 0 };
            plan.verify(&entry, &Turn::alone(app)).map(|_| ())
        })?;
        if inputs.len() > 1 {
            app.ui.note(&format!("all {} files hold", inputs.len()));
        }
        return Ok(());
    }
    require_apart(&inputs)?;
    let in_use: Vec<PathBuf> = args.metadata.metadata.iter().cloned().collect();
    let selection = Selection::new(&args.selection, store.path(), &in_use)?;
    let mut tree = Tree::new(&inputs, true).of(&selection);
    let tally =
        batch::in_parallel(app, store.path(), &mut tree, |entry, turn| plan.verify(entry, turn))?;
    tally.finish_many(app, "verified")
}

impl Plan {
    fn verify(&self, entry: &Entry, turn: &Turn<'_>) -> Result<Outcome, Error> {
        let (ui, input) = (self.ui, entry.path.as_path());
        // A message that is damaged beyond recognition is known by its name.
        let must_be = entry.is_named || input.extension().is_some_and(|it| it == EXTENSION);
        let mut source = if must_be {
            MessageSource::open(input)?
        } else {
            match MessageSource::find(&entry.path, entry.is_named, &self.opening.policy.limits)? {
                Some((source, _)) => source,
                None => return Ok(Outcome::Skipped(Reason::NotAMessage)),
            }
        };
        let shown = source.source().shown();
        let meter = turn.meter(source.source(), false);
        let opened = self.opening.of(input)?.open(&mut source)?.with_jobs(turn.jobs);
        let by_position = match source.positional() {
            Some(file) => opened.decrypt_file(file, file.claimed_len(), None, &meter)?,
            None => None,
        };
        let len = match by_position {
            Some(len) => len,
            None => opened.decrypt(&mut source, &mut io::sink(), &meter)?,
        };
        meter.finish();
        self.metadata.write("verify", input, None, opened.read_header())?;
        ui.detail(&format!(
            "{shown}: opened by key {} version {}",
            opened.key.key, opened.key.version
        ));
        // Of a tree, people want to know what does not hold.
        let text = if self.is_recursive && !ui.is_verbose() {
            String::new()
        } else {
            format!("{shown}: OK, {len} bytes\n")
        };
        let mut object = json!({
            "message_id": opened.header().message_id.to_string(),
            "opened_by": { "key_id": opened.key.key.to_string(), "version": opened.key.version },
            "plaintext_bytes": len,
            "signed": opened.header().public_key.is_some(),
        });
        sanitize::insert_path(&mut object, "path", input);
        ui.result(&text, object)?;
        Ok(Outcome::Done)
    }
}
