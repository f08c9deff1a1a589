//! `enwrap verify`: everything that decrypt checks, and no output.

use std::path::PathBuf;

use clap::Args;

use enwrap::fs::folder::Kind;

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::examples::examples;
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::metadata::{Metadata, MetadataArgs};
use crate::cli::io::plaintext;
use crate::cli::io::source::operands;
use crate::cli::opening::{self, Missing, Opening};
use crate::cli::outputs::Role;
use crate::cli::trees::batch::{self, Outcome, Turn, Turns};
use crate::cli::trees::job::EXTENSION;
use crate::cli::trees::name_list::NameList;
use crate::cli::trees::selection::{Selection, SelectionArgs, require_apart};
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::tree::{Entry, Origin, Tree, require_files};
use crate::output::Ui;
use crate::output::error::Error;
use crate::output::records::message::VerifiedRecord;
use crate::output::records::summary::Done;

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
    metadata: MetadataArgs,
}

/// What all inputs of a run share.
struct VerifyRun {
    ui: Ui,
    opening: Opening,
    metadata: Metadata,
    /// Whether there are folders or a list.
    takes_many: bool,
}

pub(crate) fn run(app: &App, args: &VerifyArgs) -> Result<(), Error> {
    let takes_many = args.selection.takes_many();
    let list = NameList::open(app, &args.selection.paths, &args.inputs)?;
    let inputs = if list.is_some() { args.inputs.clone() } else { operands(&args.inputs)? };
    let is_recursive = args.selection.recursive;
    require_files(&inputs, is_recursive)?;
    let store = app.store()?;
    opening::protect_inputs(app, &args.open);
    let opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    for input in &inputs {
        app.outputs.protect(input, Role::Input);
    }
    let metadata = args.metadata.open(&app.outputs)?;
    let plan = VerifyRun { ui: app.ui, opening, metadata, takes_many };
    if takes_many {
        require_apart(&inputs)?;
        let in_use: Vec<PathBuf> = args.metadata.metadata.iter().cloned().collect();
        let selection = Selection::new(&args.selection, store.path(), &in_use)?;
        let mut tree = Tree::new(&inputs, is_recursive)
            .of(&selection)
            .and_listed(list)
            .on_one_device(args.selection.paths.one_file_system);
        let one = |entry: &Entry, turn: &Turn<'_>| plan.verify(entry, turn);
        let turns = Turns::BySize(plan.opening.files_at_once(app));
        return batch::in_parallel(app, store.path(), &mut tree, turns, one)?
            .finish_folders(app, Done::Verified);
    }
    batch::for_each(app, store.path(), &inputs, |input| {
        let origin = Origin::Operand(0);
        let entry = Entry { path: input.into(), kind: Kind::File, is_named: true, origin };
        plan.verify(&entry, &Turn::alone(app))
    })?;
    if inputs.len() > 1 {
        app.ui.note(&format!("{} verified", inputs.len()));
    }
    Ok(())
}

impl VerifyRun {
    fn verify(&self, entry: &Entry, turn: &Turn<'_>) -> Result<Outcome, Error> {
        let (ui, input) = (self.ui, entry.path.as_path());
        let Some(mut source) = self.message(entry)? else {
            return Ok(Outcome::Skipped(Reason::NotAMessage));
        };
        let shown = source.source().shown();
        let meter = turn.meter(source.source(), false);
        let opened = self.opening.of(&entry.path).open(&mut source)?.with_jobs(turn.jobs);
        let can_save = source.is_salvageable(opened.header());
        let len = plaintext::decrypt(&opened, &mut source, None, &meter)
            .map_err(|error| Error::from(error).salvageable_if(can_save))?;
        meter.finish();
        self.metadata.write("verify", input, None, opened.read_header())?;
        ui.detail(&format!("{shown}: opened by {}", self.opening.shown_opener(&opened.key)));
        // Of a tree, only what fails is told.
        let text = if self.takes_many && !ui.is_verbose() {
            String::new()
        } else {
            format!("{shown}: OK, {len} bytes\n")
        };
        let record = VerifiedRecord {
            message_id: opened.header().message_id,
            opened_by: (&opened.key).into(),
            plaintext_bytes: len,
            signed: opened.header().public_key.is_some(),
            path: input.into(),
        };
        ui.result(&text, &record)?;
        Ok(Outcome::Done)
    }
    /// The message in a file; `None` where a tree has a file that is no message.
    fn message(&self, entry: &Entry) -> Result<Option<MessageSource>, Error> {
        let path = entry.path.as_path();
        // By its name, a file is known to have been a message even where nothing else shows it any more.
        if entry.is_named || path.extension().is_some_and(|it| it == EXTENSION) {
            return MessageSource::open(&entry.path).map(Some);
        }
        let found = MessageSource::find(&entry.path, entry.is_named, &self.opening.policy.limits)?;
        Ok(found.map(|(message, _)| message))
    }
}
