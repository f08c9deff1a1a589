//! `enwrap keyring backup`: a copy of the keyring elsewhere.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use enwrap::crypto::secret::SecretText;
use enwrap::fs::atomic_file::{Access, Durability, Existing, Publication};
use enwrap::keyring::paper;

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::cli::io::destination::{Destination, Payload, Target};
use crate::cli::secrets::args::NewPassphraseArgs;
use crate::output::error::{AfterDone as _, Cannot as _, Error, UsageError};
use crate::output::records::keyring::BackedUpRecord;
use crate::output::sanitize;

/// Copy the keyring to a new file, after checking it
///
/// The copy is as secret as the keyring, and is synced to the disk. It is outside of enwrap's reach:
/// a key that is destroyed here lives on in it. With --text it is sealed, and made of short lines, each
/// with a checksum: to print, to keep in a safe, and to type back for 'enwrap keyring restore'.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap keyring backup keyring-copy.json
    enwrap --keyring keyring-copy.json key list
    enwrap keyring backup --text paper.txt \\
        --new-passphrase-file secret.txt
"])]
pub(crate) struct BackupArgs {
    /// The new file; with --text, '-' is standard output
    #[arg(value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    /// Replace a file that exists
    #[arg(short, long)]
    force: bool,

    /// Write lines to print and to type, sealed: with the keyring's passphrase, or, if it has none, with
    /// a new one
    #[arg(long)]
    text: bool,

    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
}

pub(crate) fn run(app: &App, args: &BackupArgs) -> Result<(), Error> {
    let target = Target::of(&args.file);
    if target.is_stdout() && !args.text {
        return Err(UsageError::new("a backup goes to a file")
            .hint("name a FILE; --text alone can go to standard output, to be printed")
            .into());
    }
    if target.is_stdout() {
        app.require_no_json_beside("backup", "write it to a file")?;
    }
    let store = app.store()?;
    let text = if args.text {
        let sealed = store.export_sealed(|| {
            Ok::<_, Error>(args.new_passphrase.sources().passphrase("the backup")?)
        })?;
        let mut lines = SecretText::default();
        lines.push(paper::print(sealed.expose()).as_bytes());
        lines
    } else {
        store.export()?
    };
    app.outputs.protect_passphrase(&args.new_passphrase.sources());
    let publication = Publication::new(Access::OwnerOnly)
        .existing(Existing::replaced_if(args.force))
        .durability(Durability::Synced);
    let payload = if args.text { Payload::Plaintext } else { Payload::Binary };
    let mut destination = Destination::open(&app.outputs, &target, None, payload, publication)?;
    let shown = sanitize::name(&args.file);
    destination.write_all(text.expose()).cannot("write", &args.file)?;
    destination.finish()?;
    if target.is_stdout() {
        return Ok(());
    }
    app.ui.note(&if args.text {
        format!("wrote {shown}: print it; it opens with its passphrase only")
    } else {
        format!("wrote {shown}: keep it secret, and on another machine")
    });
    let printed = app.ui.result("", &BackedUpRecord { output: args.file.as_path().into() });
    printed.after(|| format!("'{shown}' was written"))
}
