//! One verb on one or several inputs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

use anyhow::Context as _;
use serde_json::{Value, json};

use enwrap::pipeline::Jobs;

use super::skipped::{Reason, Skipped};
use super::tree::{Entry, Tree};
use crate::cli::app::App;
use crate::output::Ui;
use crate::output::diagnosis::{Diagnosis, is_broken_pipe, is_full_disk};
use crate::output::error::{About, SomeFailed, Subject};
use crate::output::progress::{Meter, Part};

/// Failures that are listed again at the end of a run; the rest is only counted, so that memory stays flat.
const MOST_LISTED: usize = 1000;

/// Files from this size on are worked on one at a time and by all threads, and smaller ones each by one thread.
const LARGE: u64 = 16 << 20;

/// How many inputs there were, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Those that were tried.
    pub(crate) files: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: Skipped,
    /// What failed, for the list at the end of a long run.
    failures: Vec<Diagnosis>,
}

impl Tally {
    /// Ends the run: the counts, and what else a verb has to say of all.
    pub(crate) fn finish(self, app: &App, more: Value) -> anyhow::Result<()> {
        let Self { files, failed, failures, .. } = self;
        let mut summary = json!({ "files": files, "failed": failed });
        if let (Some(summary), Value::Object(mut more)) = (summary.as_object_mut(), more) {
            summary.append(&mut more);
            if !failures.is_empty() {
                let list = failures.iter().map(Diagnosis::in_short).collect();
                summary.insert("failures".to_owned(), list);
            }
        }
        app.ui.failures(&failures, failed - failures.len());
        app.ui.summary(summary)?;
        if failed == 0 { Ok(()) } else { Err(SomeFailed { failed, total: files }.into()) }
    }

    /// The same for a run over folders, which passes over some files.
    pub(crate) fn finish_many(self, app: &App, done: &str) -> anyhow::Result<()> {
        let count = self.files - self.failed;
        let skipped = self.skipped.told().map_or_else(String::new, |told| format!("; {told}"));
        app.ui.note(&format!("{count} {done}{skipped}"));
        let skipped = self.skipped.to_json();
        self.finish(app, json!({ done: count, "skipped": skipped }))
    }
}

/// What became of one file of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Skipped(Reason),
}

/// A run of several inputs, while it lasts.
#[derive(Default)]
struct Running {
    tally: Tally,
    /// Whether failures are listed at the end.
    is_listed: bool,
    is_over: bool,
}

impl Running {
    /// Counts an input; says why it failed, if it did.
    fn add(&mut self, ui: Ui, result: anyhow::Result<Outcome>) -> anyhow::Result<()> {
        let error = match result {
            Ok(Outcome::Done) => {
                self.tally.files += 1;
                return Ok(());
            }
            Ok(Outcome::Skipped(reason)) => {
                self.tally.skipped.add(reason);
                return Ok(());
            }
            Err(error) => error,
        };
        self.tally.files += 1;
        if is_broken_pipe(&error) {
            return Err(error);
        }
        self.tally.failed += 1;
        let diagnosis = Diagnosis::of(&error);
        ui.error(&diagnosis);
        if self.is_listed && self.tally.failures.len() < MOST_LISTED {
            self.tally.failures.push(diagnosis);
        }
        self.is_over = is_full_disk(&error);
        Ok(())
    }
}

/// Runs `one` for each input.
///
/// One input fails with its own error. Of several, each failure is told when it happens and the rest
/// goes on, unless the disk is full: then nothing after it could succeed.
pub(crate) fn for_each<T: AsRef<Path>>(
    app: &App,
    keyring: &Path,
    inputs: &[T],
    mut one: impl FnMut(&T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if let [input] = inputs {
        return one(input).with_context(|| about(input.as_ref(), keyring));
    }
    let mut running = Running::default();
    for input in inputs {
        let result = one(input).with_context(|| about(input.as_ref(), keyring));
        running.add(app.ui, result.map(|()| Outcome::Done))?;
        if running.is_over {
            break;
        }
    }
    Tally { files: inputs.len(), ..running.tally }.finish(app, json!({}))
}

/// Runs `one` for each file of a tree. Without `-r`, one operand fails with its own error; all else is told
/// when it happens, and counted.
pub(crate) fn for_tree(
    app: &App,
    keyring: &Path,
    operands: &[PathBuf],
    tree: &mut Tree<'_>,
    mut one: impl FnMut(&Entry) -> anyhow::Result<()>,
) -> anyhow::Result<Tally> {
    let mut running = Running { is_listed: tree.is_recursive(), ..Running::default() };
    let is_single = operands.len() == 1 && !tree.is_recursive();
    for file in tree {
        let result =
            file.and_then(|entry| one(&entry).with_context(|| about(&entry.path, keyring)));
        if is_single {
            result?;
            return Ok(Tally { files: 1, ..Tally::default() });
        }
        running.add(app.ui, result.map(|()| Outcome::Done))?;
        if running.is_over {
            break;
        }
    }
    Ok(running.tally)
}

/// One file's turn in a run of many.
pub(crate) struct Turn<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) jobs: Jobs,
    pub(crate) progress: &'a Part<'a>,
}

/// Runs `one` for each file of a tree, on `jobs` threads in all: small files beside each other, and each
/// large one with all of them. Every failure is told when it happens, and the rest goes on, unless the disk
/// is full.
pub(crate) fn in_parallel(
    app: &App,
    keyring: &Path,
    tree: &mut Tree<'_>,
    one: impl Fn(Turn<'_>) -> anyhow::Result<Outcome> + Sync,
) -> anyhow::Result<Tally> {
    let (ui, jobs) = (app.ui, app.jobs);
    let meter = Meter::of_many(ui);
    let counted = tree.again();
    let running = Mutex::new(Running { is_listed: true, ..Running::default() });
    let (files, stop, fatal) = (Mutex::new(&mut *tree), AtomicBool::new(false), Mutex::new(None));
    // Held by each small file, and by a large one alone.
    let threads = RwLock::new(());
    let worker = || {
        while !stop.load(Ordering::Relaxed) {
            let Some(file) = lock(&files).next() else { return };
            let result = file.and_then(|entry| {
                let size = size_of(&entry);
                let progress = meter.part(&entry.path, size.unwrap_or(0));
                let entry_turn = |jobs| one(Turn { entry: &entry, jobs, progress: &progress });
                let result = if size.is_some_and(|size| size < LARGE) {
                    let _beside_others = threads.read().unwrap_or_else(PoisonError::into_inner);
                    entry_turn(Jobs::ONE)
                } else {
                    let _alone = threads.write().unwrap_or_else(PoisonError::into_inner);
                    entry_turn(jobs)
                };
                result.with_context(|| about(&entry.path, keyring))
            });
            let mut running = lock(&running);
            if let Err(error) = running.add(ui, result) {
                stop.store(true, Ordering::Relaxed);
                lock(&fatal).get_or_insert(error);
            }
            if running.is_over {
                stop.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        if meter.is_shown() {
            let count = || count(counted, &meter, &stop);
            drop(thread::Builder::new().spawn_scoped(scope, count));
        }
        for _ in 1..jobs.count() {
            // Where there are no more threads to be had, this one does the work.
            drop(thread::Builder::new().spawn_scoped(scope, worker));
        }
        worker();
        // Nobody needs the count any more.
        stop.store(true, Ordering::Relaxed);
    });
    meter.finish();
    if let Some(error) = fatal.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut tally = running.into_inner().unwrap_or_else(PoisonError::into_inner).tally;
    tally.skipped.append(&tree.skipped);
    Ok(tally)
}

/// Tells a meter how much there is to do.
fn count(tree: Tree<'_>, meter: &Meter, stop: &AtomicBool) {
    let (mut files, mut bytes) = (0, 0);
    for entry in tree.flatten() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        files += 1;
        bytes += size_of(&entry).unwrap_or(0);
    }
    meter.expect(files, bytes);
}

/// A plain file's size; `None` for what is none.
fn size_of(entry: &Entry) -> Option<u64> {
    let metadata = std::fs::metadata(&entry.path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counts and iterators are whole after every call, so a panic elsewhere did not break them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn about(input: &Path, keyring: &Path) -> About {
    About { subject: Subject::of(input), keyring: keyring.to_path_buf() }
}
