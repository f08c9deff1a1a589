//! What `key purge --check` must prove before anything is destroyed: that every message of some trees opens
//! without it.

use std::path::PathBuf;

use enwrap::keyring::{KeyId, Store};
use enwrap::keys::service::{KeyName, WrappingKey};
use enwrap::operations::usage::{Survival, survival};

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::io::message_source::MessageSource;
use crate::cli::opening::{Missing, Opening};
use crate::cli::trees::batch::Outcome;
use crate::cli::trees::skipped::{Reason, Skipped};
use crate::cli::trees::tree::{Entry, Tree};
use crate::output::diagnosis::Diagnosis;
use crate::output::error::{About, Concerning as _, Error, Found, UsageError};
use crate::output::records::key::Needing;
use crate::output::records::summary::{OfTree, PurgeCheckCounts, Summary};
use crate::output::sanitize;

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checked {
    messages: usize,
    needed: usize,
    pub(super) by_envelope_only: usize,
}

/// The inner error is that a message of `paths` is not proved to open without the key
/// versions of `doomed`.
///
/// What cannot be read, or cannot be proved, counts as depending on every version of ours that it names: a name
/// proves nothing, and destruction is for ever. A message that names none is tried with the doomed versions
/// themselves, since a name can be damaged too.
pub(super) fn require_unneeded(
    app: &App,
    store: &Store,
    args: &OpenArgs,
    paths: &[PathBuf],
    doomed: &[(KeyId, u32)],
) -> Result<Result<Checked, Found>, Error> {
    if let Some(odd) = paths.iter().find(|path| !path.is_dir() && !path.is_file()) {
        let shown = sanitize::name(odd);
        return Err(UsageError::new(format!("'{shown}' is no file and no folder to check")).into());
    }
    let opening = Opening::new(app, store, args, Missing::Refused)?;
    let mut checked = Checked::default();
    let mut tree = Tree::new(paths, true);
    let (mut files, mut failed, mut not_messages) = (0, 0, Skipped::default());
    for file in tree.by_ref() {
        let entry = file?;
        let result = look(app, &opening, &entry, doomed, &mut checked);
        match result.about(|| About::input(&entry.path, store.path())) {
            Ok(Outcome::Skipped(reason)) => not_messages.add(reason),
            Ok(Outcome::Done) => files += 1,
            // Whatever the error is, nobody can say that the file opens without what is due.
            Err(error) => {
                app.ui.error(&Diagnosis::of(&error));
                checked.needed += 1;
                files += 1;
                failed += 1;
            }
        }
    }
    let mut skipped = tree.skipped;
    skipped.append(&not_messages);
    let not_messages = skipped.count(Reason::NotAMessage);
    let special = skipped.count(Reason::Special);
    let Checked { messages, needed, by_envelope_only } = checked;
    app.ui.note(&format!(
        "{messages} messages checked, {not_messages} not messages, {special} special files left alone"
    ));
    let counts = PurgeCheckCounts { messages, not_messages, special, needed, by_envelope_only };
    let counts = OfTree { counts, skipped: skipped.members() };
    app.ui.summary(&Summary { files, failed, counts, failures: Vec::new() })?;
    if needed > 0 {
        let files =
            if needed == 1 { "1 file needs".to_owned() } else { format!("{needed} files need") };
        return Ok(Err(Found(format!("work: {files} what would be destroyed"))));
    }
    Ok(Ok(checked))
}

impl Checked {
    /// What to keep in mind when it is done.
    pub(super) fn remind(self, app: &App) {
        let files = match self.by_envelope_only {
            0 => return,
            1 => "1 file opens".to_owned(),
            n => format!("{n} files open"),
        };
        app.ui.warning(&format!(
            "{files} only through an envelope file; copies of them without it are lost"
        ));
    }
}

fn look(
    app: &App,
    opening: &Opening,
    entry: &Entry,
    doomed: &[(KeyId, u32)],
    checked: &mut Checked,
) -> Result<Outcome, Error> {
    let Some((_, header)) =
        MessageSource::find(&entry.path, entry.is_named, &opening.policy.limits)?
    else {
        return Ok(Outcome::Skipped(Reason::NotAMessage));
    };
    checked.messages += 1;
    let one = opening.of(&entry.path)?;
    let is_doomed = |key: &WrappingKey| {
        doomed.iter().any(|(id, version)| key.key == KeyName::Id(*id) && key.version == *version)
    };
    let survival = survival(&header, &one.opener(), is_doomed)?;
    checked.by_envelope_only += usize::from(survival == Survival::ByEnvelope);
    if survival == Survival::Depends {
        checked.needed += 1;
        let shown = sanitize::name(&entry.path);
        let record = Needing { needs_what_is_due: true, path: entry.path.as_path().into() };
        app.ui.result(
            &format!("{shown}: not proved to open without what would be destroyed\n"),
            &record,
        )?;
    }
    Ok(Outcome::Done)
}
