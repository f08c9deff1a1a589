//! `enwrap keyring restore`: a backup, or an earlier generation, as the keyring.

use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::crypto::secret::SecretText;
use enwrap::keyring::store::restore::Compared;
use enwrap::keyring::{Location, Store, paper};

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::cli::io::source::{Source, is_stdin};
use crate::cli::secrets::args::ImportPassphraseArgs;
use crate::output::counted::counted;
use crate::output::error::{About, AfterDone as _, Concerning as _, Error, PaperError, Subject};
use crate::output::records::keyring::RestoredRecord;
use crate::output::sanitize;

/// The longest backup that is read from a pipe, or from a file typed from paper.
const MOST_BYTES: usize = 64 << 20;

/// Put a backup, or an earlier generation, in the keyring's place
///
/// FILE is what 'enwrap keyring backup' wrote, on paper too. What is replaced becomes a generation. If it
/// has key versions that FILE lacks, nothing is done without --force. A generation is the keyring before a
/// change, and lacks what the change added: a backup that was made later has it. With both, FILE is put back
/// if it lacks nothing that the generation has.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap keyring restore keyring-copy.json --force
    enwrap keyring restore paper.txt --import-passphrase-file secret.txt
"])]
pub(crate) struct RestoreArgs {
    /// The backup; '-' is standard input
    #[arg(value_hint = clap::ValueHint::FilePath, required_unless_present = "generation")]
    file: Option<PathBuf>,

    /// An earlier generation, as 'enwrap keyring history' lists them
    #[arg(long, value_name = "N")]
    generation: Option<u64>,

    /// Also where key versions are lost by it
    #[arg(short, long)]
    force: bool,

    #[command(flatten)]
    passphrase: ImportPassphraseArgs,
}

pub(crate) fn run(app: &App, args: &RestoreArgs) -> Result<(), Error> {
    let store = app.store()?;
    let source = match (&args.file, args.generation) {
        (Some(file), Some(number)) => better(app, args, file, &store, number)?,
        (None, Some(number)) => generation(app, args, &store, number)?,
        (Some(file), None) => backup(app, args, file, &store)?,
        (None, None) => return Ok(()),
    };
    let restored = store.restore(&source, args.force)?;
    let (gained, lost) = (&restored.gained, &restored.lost);
    let form = if restored.is_sealed { "sealed" } else { "in the clear" };
    let back = match gained.len() {
        0 => String::new(),
        1..=3 => format!("; back: {}", gained.join(", ")),
        n => format!("; back: {} (-v lists them)", counted(n, "key version")),
    };
    app.ui.note(&format!("restored {}, {form}{back}", sanitize::name(store.path())));
    for version in gained {
        app.ui.detail(&format!("back: {version}"));
    }
    if restored.clear_generations {
        app.ui.warning(
            "earlier generations beside it hold keys in the clear; 'enwrap keyring passphrase' removes them",
        );
    }
    if !lost.is_empty() {
        app.ui.note(&format!("gone: {}", lost.join(", ")));
    }
    if !restored.lacks.is_empty() {
        app.ui.warning(&format!(
            "it lacks what generations beside it have ('enwrap keyring history'): {}",
            restored.lacks.join(", ")
        ));
    }
    if restored.compared == Compared::Generation {
        app.ui.warning(
            "the keyring before it could not be read: what its last change added is in no generation; a backup \
             that was made after that change has it",
        );
    }
    let record = RestoredRecord {
        gained: gained.clone(),
        lost: lost.clone(),
        lacks: restored.lacks.clone(),
        sealed: restored.is_sealed,
        path: store.path().into(),
    };
    app.ui.result("", &record).after(|| "the keyring was restored".to_owned())
}

fn generation(app: &App, args: &RestoreArgs, store: &Store, number: u64) -> Result<Store, Error> {
    let path = store.generation(number)?.path;
    Ok(app.other_store(Location::File(path), args.passphrase.sources()))
}

/// The backup, unless it lacks something that the generation has.
fn better(
    app: &App,
    args: &RestoreArgs,
    file: &Path,
    store: &Store,
    number: u64,
) -> Result<Store, Error> {
    let backup = backup(app, args, file, store)?;
    let generation = generation(app, args, store, number)?;
    let lacking = backup.lacks(&generation)?.len();
    if lacking == 0 {
        return Ok(backup);
    }
    app.ui.warning(&format!(
        "'{}' lacks {} that generation {number} has: the generation is put back",
        sanitize::name(file),
        counted(lacking, "key version"),
    ));
    Ok(generation)
}

/// Reads the backup in `file`: a keyring, a keyring in base64, or one that was typed from paper.
fn backup(app: &App, args: &RestoreArgs, file: &Path, store: &Store) -> Result<Store, Error> {
    let about = || About::input(file, store.path());
    let sources = args.passphrase.sources();
    let mut source = Source::open(file).about(about)?;
    let mut first = [0; 1];
    let is_keyring = source.is_file() && source.read_at(&mut first, 0).is_ok() && first == *b"{";
    if is_keyring && !is_stdin(file) {
        // With every check that the keyring's own file gets.
        return Ok(app.other_store(Location::File(file.to_path_buf()), sources));
    }
    let mut text = SecretText::read_from(&mut source, MOST_BYTES).about(about)?;
    if paper::is_paper(text.expose()) {
        text = paper::read(text.expose()).map_err(PaperError).about(about)?;
    }
    let name = Subject::of(file).path().map_or_else(|| PathBuf::from("standard input"), Into::into);
    Ok(app.other_store(Location::Data { name, text }, sources))
}
