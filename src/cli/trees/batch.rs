//! Runs of a verb over one or several inputs.
//!
//! There is one loop, [`Run::work`], and three ways into it: over operands ([`for_each`]), over a tree in order
//! ([`for_tree`]), and over a tree on several threads ([`in_parallel`]).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

use serde::Serialize;

use enwrap::crypto::stack;
use enwrap::keys::aws_kms::client::calls::KmsCalls;
use enwrap::pipeline::Jobs;

use super::skipped::{Reason, Skipped};
use super::tree::{Entry, Tree};
use crate::cli::app::App;
use crate::cli::io::source::Source;
use crate::cli::opening::Opening;
use crate::output::Ui;
use crate::output::counted::counted;
use crate::output::diagnosis::{Diagnosis, is_broken_pipe, is_full_disk};
use crate::output::error::{About, Concerning as _, Error, SomeFailed};
use crate::output::progress::{FileMeter, Meter, Part};
use crate::output::records::summary::{Done, KmsCounts, NoCounts, OfTree, Summary};

/// How many failures are listed again at the end of a run. The rest is only counted, so that memory stays flat.
const MOST_LISTED: usize = 1000;

/// A file of this size or more is worked on alone and by all threads; each smaller one by one thread.
const LARGE: u64 = 16 << 20;

/// How many inputs there were, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Those that were worked on: all that were not passed over.
    pub(crate) files: usize,
    pub(crate) failed: usize,
    /// Those that were not begun, because a full disk has stopped the run.
    not_tried: usize,
    /// Those that were written to while they were read.
    changed: usize,
    /// Links that were made again.
    links: usize,
    pub(crate) skipped: Skipped,
    /// What failed, for the list at the end of a long run.
    failures: Vec<Diagnosis>,
}

impl Tally {
    /// Ends the run: tells the counts, with those of the verb, and fails if any file failed.
    fn finish(self, app: &App, counts: impl Serialize) -> Result<(), Error> {
        let (failed, total) = (self.failed, self.files);
        self.summarise(app, counts)?;
        if failed == 0 { Ok(()) } else { Err(SomeFailed { failed, total }.into()) }
    }

    /// Tells the counts, with those of the verb.
    fn summarise(self, app: &App, counts: impl Serialize) -> Result<(), Error> {
        let Self { files, failed, not_tried, changed, links, failures, .. } = self;
        app.ui.failures(&failures, failed - failures.len());
        app.ui.stopped(not_tried);
        let calls = app.kms_calls();
        if calls.made() > 0 {
            app.ui.note(&kms_calls_told(calls));
        }
        if calls.expected() > 0 {
            let expected = calls_to_kms(calls.expected());
            app.ui.note(&format!("up to {expected} would be made"));
        }
        let failures = failures.iter().map(Diagnosis::failure).collect();
        let if_any = |count| Some(count).filter(|count| *count > 0);
        let (not_tried, sources_changed, links) =
            (if_any(not_tried), if_any(changed), if_any(links));
        let kms = KmsCounts::from(&**calls);
        app.ui.summary(&Summary {
            files,
            failed,
            not_tried,
            sources_changed,
            links,
            kms,
            counts,
            failures,
        })?;
        Ok(())
    }

    /// Says what was done, in the verb's words, and what was passed over: the text of every run over folders.
    pub(crate) fn tell(&self, app: &App, done: &[String]) {
        let skipped = self.skipped.told().map_or_else(String::new, |told| format!("; {told}"));
        app.ui.note(&format!("{}{skipped}", done.join(", ")));
    }

    /// Ends a run over a tree, which tells what was passed over too.
    pub(crate) fn finish_tree(self, app: &App, counts: impl Serialize) -> Result<(), Error> {
        let skipped = self.skipped.members();
        self.finish(app, OfTree { counts, skipped })
    }

    /// Tells the counts of a run over a tree that is a check: what it comes to, the verb says itself.
    pub(crate) fn summarise_tree(self, app: &App, counts: impl Serialize) -> Result<(), Error> {
        let skipped = self.skipped.members();
        self.summarise(app, OfTree { counts, skipped })
    }

    /// Ends a run over folders of a verb that is `done` with each file or passes over it.
    pub(crate) fn finish_folders(self, app: &App, done: fn(usize) -> Done) -> Result<(), Error> {
        let count = self.done();
        let done = done(count);
        let links = (self.links > 0).then(|| counted(self.links, "link"));
        let told = [Some(format!("{count} {}", done.text())), links];
        self.tell(app, &told.into_iter().flatten().collect::<Vec<_>>());
        self.finish_tree(app, done)
    }

    /// Files that were worked on, and did not fail.
    pub(crate) fn done(&self) -> usize {
        self.files - self.failed
    }
}

/// How much AWS KMS was asked.
fn kms_calls_told(calls: &KmsCalls) -> String {
    let throttled = match calls.throttled() {
        0 => String::new(),
        throttled => format!(", {throttled} answered that there were too many"),
    };
    format!("{}{throttled}", calls_to_kms(calls.made()))
}

fn calls_to_kms(number: u64) -> String {
    format!("{number} {} to AWS KMS", if number == 1 { "call" } else { "calls" })
}

/// What became of one file of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// It was done, of a source that was written to meanwhile.
    DoneOfChanged,
    /// It is a link, and was made again.
    MadeLink,
    /// It is a folder, and is there; it counts as nothing.
    MadeFolder,
    Skipped(Reason),
}

/// What a failure of one file means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnFailure {
    /// It is the error of the run: there was one operand only.
    End,
    /// It is told at once, and the rest goes on.
    GoOn,
    /// As [`GoOn`](Self::GoOn), and it is told once more at the end of what may be a long output.
    GoOnAndList,
}

/// A run over files, while it lasts. Every thread of it calls [`work`](Self::work).
struct Run<'a, I, T> {
    ui: Ui,
    keyring: &'a Path,
    on_failure: OnFailure,
    files: Mutex<I>,
    /// Whether something counts where files do that were not tried.
    is_file: fn(&T) -> bool,
    /// Whether no further file is begun.
    is_over: AtomicBool,
    state: Mutex<RunState>,
}

#[derive(Default)]
struct RunState {
    tally: Tally,
    /// Whether a full disk has stopped the run.
    is_stopped: bool,
    /// The error that ended the run.
    error: Option<Error>,
}

impl<'a, I, T> Run<'a, I, T>
where
    I: Iterator<Item = Result<T, Error>>,
    T: AsRef<Path>,
{
    fn new(
        app: &App,
        keyring: &'a Path,
        on_failure: OnFailure,
        files: I,
        is_file: fn(&T) -> bool,
    ) -> Self {
        let (files, is_over, state) = (Mutex::new(files), AtomicBool::new(false), Mutex::default());
        Self { ui: app.ui, keyring, on_failure, files, is_file, is_over, state }
    }

    /// Takes files and does `one` for each, until there are no more or the run is over.
    fn work(&self, mut one: impl FnMut(&T) -> Result<Outcome, Error>) {
        while !self.is_over.load(Ordering::Relaxed) {
            let Some(file) = lock(&self.files).next() else { return };
            let is_of_tree = self.on_failure == OnFailure::GoOnAndList;
            let about = |file: &Path| About { is_of_tree, ..About::input(file, self.keyring) };
            let result = file.and_then(|file| one(&file).about(|| about(file.as_ref())));
            self.count(result);
        }
    }

    /// Counts a file, and tells why it failed, if it did.
    fn count(&self, result: Result<Outcome, Error>) {
        let mut state = lock(&self.state);
        let error = match result {
            Ok(Outcome::Done) => return state.tally.files += 1,
            Ok(Outcome::DoneOfChanged) => {
                state.tally.changed += 1;
                return state.tally.files += 1;
            }
            Ok(Outcome::MadeLink) => return state.tally.links += 1,
            Ok(Outcome::MadeFolder) => return,
            Ok(Outcome::Skipped(reason)) => return state.tally.skipped.add(reason),
            Err(error) => error,
        };
        state.tally.files += 1;
        if self.on_failure == OnFailure::End || is_broken_pipe(&error) {
            self.is_over.store(true, Ordering::Relaxed);
            state.error.get_or_insert(error);
            return;
        }
        state.tally.failed += 1;
        let diagnosis = Diagnosis::of(&error);
        self.ui.error(&diagnosis);
        let is_listed = self.on_failure == OnFailure::GoOnAndList;
        if is_listed && state.tally.failures.len() < MOST_LISTED {
            state.tally.failures.push(diagnosis);
        }
        // No later file could be written either.
        if is_full_disk(&error) {
            state.is_stopped = true;
            self.is_over.store(true, Ordering::Relaxed);
        }
    }

    fn finish(self) -> Result<Tally, Error> {
        let RunState { mut tally, is_stopped, error } =
            self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if is_stopped {
            let files = self.files.into_inner().unwrap_or_else(PoisonError::into_inner);
            tally.not_tried = files.filter(|file| file.as_ref().map_or(true, self.is_file)).count();
        }
        error.map_or(Ok(tally), Err)
    }
}

/// Runs `one` for each input, in order. One input fails with its own error. Of several, each failure is told
/// when it happens and the rest goes on, unless the disk is full; the end is a summary.
pub(crate) fn for_each<T: AsRef<Path>>(
    app: &App,
    keyring: &Path,
    inputs: &[T],
    mut one: impl FnMut(&T) -> Result<Outcome, Error>,
) -> Result<(), Error> {
    let is_single = inputs.len() == 1;
    let on_failure = if is_single { OnFailure::End } else { OnFailure::GoOn };
    let run = Run::new(app, keyring, on_failure, inputs.iter().map(Ok), |_| true);
    run.work(|input| one(input));
    let tally = run.finish()?;
    if is_single {
        return Ok(());
    }
    tally.finish(app, NoCounts {})
}

/// How many files of a tree have their turns beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turns {
    /// One after another, in order.
    InOrder,
    /// As many small ones, and each large one alone with all threads: the work is that of their bytes.
    BySize(usize),
    /// As many: the work is the same for every size.
    Alike(usize),
}

impl Turns {
    /// In order, or where AWS KMS may be asked, as many beside each other as there may be calls.
    pub(crate) fn waiting(app: &App, opening: &Opening, turns: fn(usize) -> Self) -> Self {
        if opening.asks_kms() { turns(opening.files_at_once(app)) } else { Self::InOrder }
    }
}

/// Runs `one` for each file of a tree. Without `-r` or a list, in order, and one operand fails with its own error; every other
/// failure is told when it happens and the rest goes on, unless the disk is full.
pub(crate) fn for_tree(
    app: &App,
    keyring: &Path,
    operands: &[PathBuf],
    tree: &mut Tree<'_>,
    turns: Turns,
    one: impl Fn(&Entry, &Turn<'_>) -> Result<Outcome, Error> + Sync,
) -> Result<Tally, Error> {
    if tree.takes_many() && turns != Turns::InOrder {
        return in_parallel(app, keyring, tree, turns, one);
    }
    let on_failure = match (tree.takes_many(), operands.len()) {
        (true, _) => OnFailure::GoOnAndList,
        (false, 1) => OnFailure::End,
        (false, _) => OnFailure::GoOn,
    };
    let run = Run::new(app, keyring, on_failure, &mut *tree, Entry::is_file);
    run.work(|entry| one(entry, &Turn::alone(app)));
    let mut tally = run.finish()?;
    tally.skipped.append(&tree.skipped);
    Ok(tally)
}

/// Runs `one` for each file of a tree, as many beside each other as `turns` says. Every failure is told when it happens and
/// the rest goes on, unless the disk is full.
pub(crate) fn in_parallel(
    app: &App,
    keyring: &Path,
    tree: &mut Tree<'_>,
    turns: Turns,
    one: impl Fn(&Entry, &Turn<'_>) -> Result<Outcome, Error> + Sync,
) -> Result<Tally, Error> {
    let (ui, jobs) = (app.ui, app.jobs);
    let (at_once, are_alike) = match turns {
        Turns::InOrder => (1, true),
        Turns::BySize(at_once) => (at_once, false),
        Turns::Alike(at_once) => (at_once, true),
    };
    let meter = Meter::of_many(ui).counting(app.kms_calls());
    let uncounted = tree.again();
    let run = Run::new(app, keyring, OnFailure::GoOnAndList, &mut *tree, Entry::is_file);
    // Small files hold it for reading, and a large one for writing.
    let threads = RwLock::new(());
    let in_turn = |entry: &Entry| {
        let size = entry.path.size();
        let part = meter.part(&entry.path, size.unwrap_or(0));
        let turn = |jobs| Turn { ui, jobs, part: Some(&part) };
        if are_alike || size.is_some_and(|size| size < LARGE) {
            let _beside_others = threads.read().unwrap_or_else(PoisonError::into_inner);
            one(entry, &turn(Jobs::ONE))
        } else {
            let _alone = threads.write().unwrap_or_else(PoisonError::into_inner);
            one(entry, &turn(jobs))
        }
    };
    thread::scope(|scope| {
        if let Some(uncounted) = uncounted.filter(|_| meter.is_shown()) {
            let count = || count(uncounted, &meter, &run.is_over);
            drop(thread::Builder::new().spawn_scoped(scope, count));
        }
        for _ in 1..at_once {
            // Where no thread can be started, the others do its work.
            let work = || stack::wipe_after(|| run.work(in_turn));
            drop(thread::Builder::new().spawn_scoped(scope, work));
        }
        run.work(in_turn);
        // Also ends the count of files, which is of no more use.
        run.is_over.store(true, Ordering::Relaxed);
    });
    meter.finish();
    let mut tally = run.finish()?;
    tally.skipped.append(&tree.skipped);
    Ok(tally)
}

/// What one file of a run may use: threads, and a place to show progress.
pub(crate) struct Turn<'a> {
    ui: Ui,
    pub(crate) jobs: Jobs,
    /// Its part of the progress of all files; `None` where it has a meter of its own.
    part: Option<&'a Part<'a>>,
}

impl Turn<'_> {
    /// The turn of a file that is worked on alone.
    pub(crate) fn alone(app: &App) -> Self {
        Self { ui: app.ui, jobs: app.jobs, part: None }
    }

    /// Whether other files of a tree have their turns in the same run.
    pub(crate) fn is_of_many(&self) -> bool {
        self.part.is_some()
    }

    /// Begins to show the progress of reading `source`. `is_busy` says that a terminal shows the result itself.
    pub(crate) fn meter(&self, source: &Source, is_busy: bool) -> FileMeter<'_> {
        FileMeter::begin(self.ui, self.part, source.shown(), source.size(), is_busy)
    }
}

/// Counts what there is to do, and tells the meter.
fn count(tree: Tree<'_>, meter: &Meter, stop: &AtomicBool) {
    let (mut files, mut bytes) = (0, 0);
    for entry in tree.flatten() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        files += 1;
        bytes += entry.path.size().unwrap_or(0);
    }
    meter.expect(files, bytes);
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks guard is whole after every call, so a panic elsewhere did not break it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
