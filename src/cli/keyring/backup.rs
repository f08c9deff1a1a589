//! `enwrap keyring backup`: a copy of the keyring elsewhere.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::destination::{Destination, Payload, Rules, Target};
use crate::cli::examples::examples;
use crate::output::error::UsageError;
use crate::output::sanitize;

/// Copy the keyring to a new file, after checking it
///
/// The copy is as secret as the keyring, and is synced to the disk. It is outside of enwrap's reach:
/// a key that is destroyed here lives on in it.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap keyring backup keyring-copy.json
    enwrap --keyring keyring-copy.json key list
"])]
pub(crate) struct BackupArgs {
    /// The new file
    #[arg(value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    /// Replace a file that exists
    #[arg(short, long)]
    force: bool,
}

pub(crate) fn run(app: &App, args: &BackupArgs) -> anyhow::Result<()> {
    let target = Target::of(&args.file);
    if target.is_stdout() {
        return Err(UsageError::new("a backup goes to a file").into());
    }
    let store = app.store()?;
    let text = store.export()?;
    let rules =
        Rules { force: args.force, sync: true, mode: 0o600, keeps_mode: false, modified: None };
    let mut destination = Destination::open(&target, None, Payload::Binary, rules)?;
    let shown = sanitize::name(&args.file);
    destination.write_all(text.expose()).with_context(|| format!("cannot write '{shown}'"))?;
    destination.finish()?;
    app.ui.note(&format!("wrote {shown}: keep it secret, and on another machine"));
    let mut object = json!({});
    sanitize::insert_path(&mut object, "output", &args.file);
    Ok(app.ui.result("", object)?)
}
