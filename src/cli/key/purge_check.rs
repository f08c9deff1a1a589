//! What `key purge --check` must prove before anything is destroyed: that every message of some trees opens
//! without it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use enwrap::keyring::{KeyId, Store};
use enwrap::message::header::ReadHeader;
use enwrap::wraps::{Holder, WrapSet, Wraps};

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::message_source::MessageSource;
use crate::cli::opening::{Missing, Opening};
use crate::cli::tree::Tree;
use crate::output::error::{About, Found, Subject};
use crate::output::sanitize;

/// What was found.
#[derive(Debug, Default)]
struct Checked {
    needed: usize,
    by_envelope_only: usize,
}

/// Refuses where a message of `paths` is not proved to open without the key versions of `doomed`.
///
/// What cannot be read, or cannot be proved, counts as depending on every version that it names: a name proves
/// nothing, and destruction is for ever.
pub(super) fn require_unneeded(
    app: &App,
    store: &Store,
    args: &OpenArgs,
    paths: &[PathBuf],
    doomed: &[(KeyId, u32)],
) -> anyhow::Result<()> {
    let opening = Opening::new(app, store, args, Missing::Refused)?;
    let mut checked = Checked::default();
    for file in Tree::new(paths, true) {
        let path = file.map_err(|(_, error)| error)?;
        let about = || About { subject: Subject::of(&path), keyring: store.path().to_path_buf() };
        look(app, &opening, &path, doomed, &mut checked).with_context(about)?;
    }
    let Checked { needed, by_envelope_only } = checked;
    if by_envelope_only > 0 {
        let files = if by_envelope_only == 1 { "1 file opens" } else { "some files open" };
        let files = files.replace("some", &by_envelope_only.to_string());
        app.ui.note(&format!(
            "{files} only through an envelope file; copies of them without it are lost"
        ));
    }
    if needed > 0 {
        let files = if needed == 1 { "1 file needs" } else { "some files need" };
        let files = files.replace("some", &needed.to_string());
        return Err(Found(format!("work: {files} what would be destroyed")).into());
    }
    Ok(())
}

fn look(
    app: &App,
    opening: &Opening,
    path: &Path,
    doomed: &[(KeyId, u32)],
    checked: &mut Checked,
) -> anyhow::Result<()> {
    let mut source = MessageSource::open(path)?;
    if !source.source().looks_encrypted() {
        return Ok(());
    }
    let header = ReadHeader::read(&mut source, &opening.expected.limits)?;
    let one = opening.of(path)?;
    let wraps = Wraps::of(&header, &one.reader())?;
    let is_doomed = |holder: &Holder| doomed.contains(&(holder.key, holder.version));
    let survives = |set: &WrapSet| set.proved().any(|holder| !is_doomed(&holder));
    if wraps.sets.iter().any(survives) {
        let header_survives = wraps.header().is_some_and(survives);
        checked.by_envelope_only += usize::from(!header_survives);
        return Ok(());
    }
    if wraps.named().iter().any(is_doomed) {
        checked.needed += 1;
        let shown = sanitize::name(path);
        let mut object = serde_json::json!({ "needs_what_is_due": true });
        sanitize::insert_path(&mut object, "path", path);
        app.ui.result(&format!("{shown}: needs what would be destroyed\n"), object)?;
    }
    Ok(())
}
