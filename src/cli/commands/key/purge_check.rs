//! What `key purge --check` must prove before anything is destroyed: that every message of some trees opens
//! without it.

use std::path::PathBuf;

use enwrap::keyring::{KeyId, Store};
use enwrap::operations::usage::Survival;

use super::dependence::{Dependence, DoomedVersions};
use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::opening::{Missing, Opening};
use crate::cli::outputs::place::Place;
use crate::cli::trees::skipped::{Reason, Skipped};
use crate::cli::trees::tree::{Entry, Tree};
use crate::output::counted::counted;
use crate::output::diagnosis::Diagnosis;
use crate::output::error::{About, Concerning as _, Error, Found, UsageError};
use crate::output::records::key::NeedingRecord;
use crate::output::records::summary::{KmsCounts, OfTree, PurgeCheckCounts, Summary};
use crate::output::sanitize;

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PurgeCheck {
    messages: usize,
    blobs: usize,
    not_messages: usize,
    /// Links, special files, and files and folders that cannot be read.
    unchecked: usize,
    /// Files that could not be read as what they seem to be; each of them counts as needed.
    unreadable: usize,
    needed: usize,
    pub(super) by_envelope_only: usize,
}

/// The inner error is that something below `paths` is not proved to open without the key versions of `doomed`.
pub(super) fn require_unneeded(
    app: &App,
    store: &Store,
    args: &OpenArgs,
    paths: &[PathBuf],
    doomed: &[(KeyId, u32)],
) -> Result<Result<PurgeCheck, Found>, Error> {
    if let Some(odd) = paths.iter().find(|path| !path.is_dir() && !path.is_file()) {
        let shown = sanitize::name(odd);
        return Err(UsageError::new(format!("'{shown}' is no file and no folder to check")).into());
    }
    let opening = Opening::new(app, store, args, Missing::Refused)?;
    let doomed = DoomedVersions::new(&opening, doomed);
    let own = own_files(store)?;
    let mut checked = PurgeCheck::default();
    for file in Tree::new(paths, true).complete() {
        let entry = match file {
            Ok(entry) if own.contains(&Place::of(&entry.path)) => continue,
            Ok(entry) => entry,
            Err(error) => {
                app.ui.error(&Diagnosis::of(&error));
                checked.unchecked += 1;
                continue;
            }
        };
        let about = || About::input(&entry.path, store.path());
        match doomed.look_at(&entry).about(about) {
            Ok(finding) => checked.count(app, &entry, finding)?,
            Err(error) => {
                // The file may need the key, since nothing proves that it opens without it.
                app.ui.error(&Diagnosis::of(&error));
                checked.needed += 1;
                checked.unreadable += 1;
            }
        }
    }
    checked.tell(app)?;
    Ok(checked.verdict())
}

/// The places of the keyring and of what stands beside it: they hold the doomed key, and are not messages.
fn own_files(store: &Store) -> Result<Vec<Option<Place>>, Error> {
    let mut lock = store.path().as_os_str().to_owned();
    lock.push(".lock");
    let mut files = vec![Place::of(store.path()), Place::of(lock.as_ref())];
    for remnant in store.remnants()? {
        if remnant.generation().is_some() {
            files.push(Place::of(&remnant.path));
        }
    }
    files.retain(Option::is_some);
    Ok(files)
}

impl PurgeCheck {
    fn count(&mut self, app: &App, entry: &Entry, finding: Dependence) -> Result<(), Error> {
        let (is_needed, why) = match finding {
            Dependence::Message(survival) => {
                self.messages += 1;
                self.by_envelope_only += usize::from(survival == Survival::ByEnvelope);
                let why = "not proved to open without what would be destroyed";
                (survival == Survival::Depends, why)
            }
            Dependence::Blob(survival) => {
                self.blobs += 1;
                let why = "a wrapped data key that is not proved to open without what would be \
                           destroyed; its context is given with -c";
                (survival == Survival::Depends, why)
            }
            Dependence::Suspect => {
                self.not_messages += 1;
                (true, "not a message that can be read, and it may be one that needs the key")
            }
            Dependence::Other => {
                self.not_messages += 1;
                (false, "")
            }
        };
        if !is_needed {
            return Ok(());
        }
        self.needed += 1;
        let record = NeedingRecord { needs_what_is_due: true, path: entry.path.as_path().into() };
        let text = format!("{}: {why}\n", sanitize::name(&entry.path));
        Ok(app.ui.result(&text, &record)?)
    }

    fn tell(self, app: &App) -> Result<(), Error> {
        let Self { messages, blobs, not_messages, unchecked, unreadable, .. } = self;
        let Self { needed, by_envelope_only, .. } = self;
        app.ui.note(&format!(
            "{messages} messages checked, {blobs} wrapped data keys, {not_messages} not messages, \
             {unchecked} not checked\n\
             not seen by this check: copies elsewhere, and messages inside archives or other messages"
        ));
        let mut skipped = Skipped::default();
        (0..not_messages).for_each(|_| skipped.add(Reason::NotAMessage));
        let counts = PurgeCheckCounts {
            messages,
            blobs,
            not_messages,
            special: unchecked,
            needed,
            by_envelope_only,
        };
        let counts = OfTree { counts, skipped: skipped.members() };
        let (files, failed) = (messages + blobs + unchecked + unreadable, unchecked + unreadable);
        let failures = Vec::new();
        Ok(app.ui.summary(&Summary {
            files,
            failed,
            not_tried: None,
            sources_changed: None,
            links: None,
            kms: KmsCounts::from(&**app.kms_calls()),
            counts,
            failures,
        })?)
    }

    fn verdict(self) -> Result<Self, Found> {
        let mut work = Vec::new();
        if self.needed > 0 {
            let verb = if self.needed == 1 { "needs" } else { "need" };
            work.push(format!("{} {verb} what would be destroyed", counted(self.needed, "file")));
        }
        if self.unchecked > 0 {
            work.push(format!("{} could not be checked", counted(self.unchecked, "file")));
        }
        if work.is_empty() { Ok(self) } else { Err(Found(format!("work: {}", work.join(", ")))) }
    }

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
