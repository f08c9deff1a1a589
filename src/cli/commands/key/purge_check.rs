//! What `key purge --check` must prove before anything is destroyed: that every message of some trees opens
//! without it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use enwrap::keyring::{KeyId, Store};
use enwrap::operations::usage::Survival;

use super::dependence::{Dependence, DoomedVersions};
use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::opening::{Missing, Opening};
use crate::cli::outputs::place::Place;
use crate::cli::trees::batch::{self, Outcome, Tally, Turns, lock};
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::tree::{Entry, Tree};
use crate::output::counted::counted;
use crate::output::error::{Error, Found, UsageError};
use crate::output::records::key::NeedingRecord;
use crate::output::records::summary::PurgeCheckCounts;
use crate::output::sanitize;

/// What was found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PurgeCheck {
    messages: usize,
    blobs: usize,
    /// Files that are no messages that can be read, and may be some that need the key.
    suspects: usize,
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
        return Err(UsageError::new(format!("'{shown}' is no file and no folder to check"))
            .hint("name with --check the files and folders that may need the key")
            .into());
    }
    let opening = Opening::new(app, store, args, Missing::Refused)?;
    let doomed = DoomedVersions::new(&opening, doomed);
    let own = own_files(store)?;
    let checked = Mutex::new(PurgeCheck::default());
    let mut tree = Tree::new(paths, true).complete();
    let tally =
        batch::for_tree(app, store.path(), paths, &mut tree, Turns::InOrder, |entry, _| {
            if own.contains(&Place::of(&entry.path)) {
                return Ok(Outcome::Skipped(Reason::InUse));
            }
            let finding = doomed.look_at(entry);
            let mut checked = lock(&checked);
            // Of what cannot be read, nothing proves that it opens without the key.
            checked.unreadable += usize::from(finding.is_err());
            checked.count(app, entry, finding?)
        })?;
    let mut checked = checked.into_inner().unwrap_or_else(PoisonError::into_inner);
    checked.needed += checked.unreadable;
    checked.unchecked = tally.failed - checked.unreadable;
    checked.tell(app, tally)?;
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
    fn count(&mut self, app: &App, entry: &Entry, finding: Dependence) -> Result<Outcome, Error> {
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
                self.suspects += 1;
                (true, "not a message that can be read, and it may be one that needs the key")
            }
            Dependence::Other => return Ok(Outcome::Skipped(Reason::of_no_message(&entry.path))),
        };
        if !is_needed {
            return Ok(Outcome::Done);
        }
        self.needed += 1;
        let record = NeedingRecord { needs_what_is_due: true, path: entry.path.as_path().into() };
        let text = format!("{}: {why}\n", sanitize::name(&entry.path));
        app.ui.result(&text, &record)?;
        Ok(Outcome::Done)
    }

    fn tell(self, app: &App, tally: Tally) -> Result<(), Error> {
        let Self { messages, blobs, suspects, needed, by_envelope_only, .. } = self;
        let (messages_told, blobs_told) =
            (counted(messages, "message"), counted(blobs, "wrapped data key"));
        tally.tell(app, &[format!("{messages_told} and {blobs_told} checked")]);
        app.ui.note(
            "not seen by this check: copies elsewhere, and messages inside archives or other messages",
        );
        let counts = PurgeCheckCounts { messages, blobs, suspects, needed, by_envelope_only };
        tally.summarise_tree(app, counts)
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
