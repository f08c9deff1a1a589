//! Runs over folders and lists that write a result for each file: which files, where the results go, and what is done
//! about a file that stands there already.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use enwrap::fs::atomic_file::Seen;
use enwrap::fs::file_at::FileAt;
use enwrap::fs::folder::Kind;
use enwrap::fs::trust::is_trusted;

use super::batch::{self, Outcome, Turn, Turns, lock};
use super::job::{EXTENSION, Found, Job};
use super::links;
use super::mirror::Mirror;
use super::name_list::NameList;
use super::results::{Results, Spoiled};
use super::selection::{Selection, real, require_apart};
use super::skipped::Reason;
use super::tree::{Entry, Remade, Tree};
use super::work::Request;
use crate::cli::app::App;
use crate::cli::args::{OutputArgs, SkipExisting};
use crate::cli::io::destination::Target;
use crate::cli::io::message_file::is_message;
use crate::cli::io::source::is_stdin;
use crate::output::error::{Cannot as _, Error, Occupied, Skipping, UsageError};
use crate::output::records::summary::Done;
use crate::output::sanitize;

/// A run over folders, or over what a list names.
pub(crate) struct Folders<'a> {
    operands: &'a [PathBuf],
    /// What is named beside the operands, until the run begins.
    list: Mutex<Option<NameList>>,
    is_recursive: bool,
    is_on_one_device: bool,
    selection: Selection,
    mirror: Mirror<'a>,
    output: &'a OutputArgs,
    results: &'a dyn Results,
    /// When the run began.
    begun: SystemTime,
    /// The results of this run that are messages though their inputs are messages too, by their paths without
    /// links. The walk may find one, and must not take it for an input.
    nested: Mutex<BTreeSet<PathBuf>>,
    /// Whether it is only said what would be done.
    is_dry: bool,
}

/// What is to be done for one file of a tree.
enum FileStep {
    Do(Job),
    Skip(Reason),
}

impl<'a> Folders<'a> {
    /// `needed` are further files that no run may take for inputs.
    pub(super) fn new(
        app: &App,
        request: Request<'a>,
        results: &'a dyn Results,
        keyring: &Path,
        needed: &[PathBuf],
    ) -> Result<Self, Error> {
        let Request { inputs: operands, selection: args, output, metadata, is_dry, .. } = request;
        if output.output.is_some() {
            let option = if args.recursive { "-r" } else { "--files-from" };
            let problem = format!("-o takes the result of one input, and {option} has many");
            return Err(UsageError::new(problem)
                .hint("leave it out, or name a folder with --output-dir")
                .into());
        }
        let list = NameList::open(app, &args.paths, operands)?;
        let names_stdin = operands.iter().any(|operand| is_stdin(operand));
        if list.is_some() && names_stdin {
            return Err(UsageError::new("--files-from takes files, and not standard input")
                .hint("encrypt or decrypt '-' in a run of its own")
                .into());
        }
        if list.is_none() && (operands.is_empty() || names_stdin) {
            return Err(UsageError::new("-r takes folders, and not standard input")
                .hint("name a DIR")
                .into());
        }
        require_apart(operands)?;
        let mirror = Mirror::new(operands, output, results, is_dry)?;
        let mut in_use = mirror.filled();
        // A list may name a folder that it is in.
        in_use.extend(output.output_dir.iter().filter(|_| list.is_some()).cloned());
        in_use.extend(metadata.map(Path::to_path_buf));
        in_use.extend_from_slice(needed);
        let selection = Selection::new(args, keyring, &in_use)?;
        let (list, begun, nested) = (Mutex::new(list), SystemTime::now(), Mutex::default());
        let (is_recursive, is_on_one_device) = (args.recursive, args.paths.one_file_system);
        Ok(Self {
            operands,
            list,
            is_recursive,
            is_on_one_device,
            selection,
            mirror,
            output,
            results,
            begun,
            nested,
            is_dry,
        })
    }

    /// Runs `one` for each file that is to be worked on; the summary says how many were `done`.
    pub(super) fn run(
        &self,
        app: &App,
        keyring: &Path,
        turns: Turns,
        done: fn(usize) -> Done,
        one: impl Fn(&Job, &Turn<'_>) -> Result<Outcome, Error> + Sync,
    ) -> Result<(), Error> {
        let has_folder = self.output.output_dir.is_some();
        // With --include, certain files were asked for, and no folders.
        let folders = has_folder && !self.selection.is_for_some_files();
        let mut tree = Tree::new(self.operands, self.is_recursive)
            .of(&self.selection)
            .and_listed(lock(&self.list).take())
            .on_one_device(self.is_on_one_device)
            .filling(self.output.output_dir.as_deref())
            .remaking(Remade { folders, links: self.output.links });
        let tally = batch::in_parallel(app, keyring, &mut tree, turns, |entry, turn| {
            match entry.kind {
                Kind::Folder => {
                    return self.mirror.folder(entry).map(|()| Outcome::MadeFolder);
                }
                Kind::Link if self.is_dry => return Ok(Outcome::MadeLink),
                Kind::Link => return links::remake(app, &self.mirror, self.output, entry),
                Kind::File | Kind::Special => {}
            }
            let job = match self.step(app, entry) {
                Ok(FileStep::Do(job)) => job,
                Ok(FileStep::Skip(reason)) => return Ok(Outcome::Skipped(reason)),
                // A file that needs no result does not need a place for one either.
                Err(error) => {
                    return self
                        .results
                        .reason_to_skip(&entry.path)
                        .map_or(Err(error), |reason| Ok(Outcome::Skipped(reason)));
                }
            };
            Ok(match one(&job, turn)? {
                Outcome::Skipped(reason) => Outcome::Skipped(self.reason(&job.input, reason)),
                done => done,
            })
        })?;
        tally.finish_folders(app, done)
    }

    /// What is to be done for a file.
    fn step(&self, app: &App, entry: &Entry) -> Result<FileStep, Error> {
        let input = entry.path.clone();
        if self.is_nested(&input) {
            return Ok(FileStep::Skip(Reason::InUse));
        }
        let Some(output) = self.mirror.target(entry)? else {
            if entry.is_named || is_message(&input) != Some(false) {
                return Err(UsageError::new(format!(
                    "'{}' does not end in .{EXTENSION}",
                    sanitize::name(&input)
                ))
                .hint("decrypt it by itself, with -o FILE")
                .into());
            }
            return Ok(FileStep::Skip(self.reason(&input, Reason::NotAMessage)));
        };
        // Also where the result is passed over, so that no later one takes its place.
        if self.output.force {
            app.outputs.plan_in_folder(&output)?;
        }
        let found = match output.entry_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::NothingOfOurs,
            Err(error) => return Err(error).cannot("open", &output),
            Ok(found) => match self.judge(&input, &output, &found)? {
                Some(found) => found,
                None => {
                    self.sync_passed_over(&output)?;
                    return Ok(FileStep::Skip(Reason::Existing));
                }
            },
        };
        // Noted now, before the walk can find it.
        if [&input, &output].iter().all(|path| path.extension().is_some_and(|it| it == EXTENSION)) {
            lock(&self.nested).extend(real(&output));
        }
        Ok(FileStep::Do(Job { input, target: Target::File(output), found }))
    }

    /// Has a result of an earlier run on the disk, where this run promises that of all of them.
    fn sync_passed_over(&self, output: &FileAt) -> Result<(), Error> {
        if !self.output.sync || self.is_dry {
            return Ok(());
        }
        output.sync().cannot("sync", output)
    }

    /// The reason to tell for a file that is passed over for `reason`: a walk through a large folder finds what the
    /// run has put there meanwhile.
    fn reason(&self, path: &FileAt, reason: Reason) -> Reason {
        if self.is_new(path) { Reason::InUse } else { reason }
    }

    /// Whether this run seems to have put a file beside its source: it changed since the run began.
    fn is_new(&self, path: &FileAt) -> bool {
        let is_new = path.file_metadata().is_ok_and(|found| {
            let nanos = u32::try_from(found.ctime_nsec()).unwrap_or(0);
            let changed = Duration::new(found.ctime().unsigned_abs(), nanos);
            SystemTime::UNIX_EPOCH + changed >= self.begun
        });
        is_new && self.output.output_dir.is_none()
    }

    /// Whether this run has written the file, as a result that is a message like its input.
    fn is_nested(&self, input: &Path) -> bool {
        let nested = lock(&self.nested);
        !nested.is_empty() && real(input).is_some_and(|input| nested.contains(&input))
    }

    /// What `found` is, which stands where the result for `input` is to go; `None` if it is that result already. An
    /// error, if it is something else and must not be replaced.
    fn judge(
        &self,
        input: &FileAt,
        output: &FileAt,
        found: &Metadata,
    ) -> Result<Option<Found>, Error> {
        let is_result = || found.is_file() && self.results.is_result(output);
        if let Some(how) = self.output.skip_existing {
            let source = input.file_metadata()?;
            let is_same_time = is_same_time(&source, found);
            let is_newer = self.results.differ_each_run() && is_unchanged_since(&source, found);
            let comparable =
                Found::Comparable { seen: Seen::of(found), is_strict: how == SkipExisting::Verify };
            if (is_same_time || is_newer) && is_result() && self.results.is_whole(input, output) {
                let is_proved = how == SkipExisting::Time && !self.results.is_doubtful(output);
                return Ok((!is_proved && is_same_time).then_some(comparable));
            }
            // What a power cut leaves of a file that was published and not synced: its name, and no bytes; or its time
            // too, and a part of its bytes, or zeros. A file with another time may be anything: somebody has edited
            // it, or it is the only copy of something. It is not replaced.
            let is_given = self.output.preserve_owner && found.uid() == source.uid();
            let is_ours = found.is_file() && (is_trusted(found.uid()) || is_given);
            if is_ours && found.len() == 0 {
                return Ok(Some(Found::Unfinished(Seen::of(found))));
            }
            if is_ours && is_same_time {
                match self.results.spoiled(output) {
                    Spoiled::Yes => return Ok(Some(Found::Unfinished(Seen::of(found)))),
                    Spoiled::OnlyContentTells if is_result() => return Ok(Some(comparable)),
                    Spoiled::OnlyContentTells | Spoiled::No => {}
                }
            }
        }
        if self.results.are_compared() && is_result() {
            return Ok(Some(Found::NothingOfOurs));
        }
        if !self.output.force {
            let skipping = match self.output.skip_existing {
                Some(_) => Skipping::ResultsOnly,
                None if self.output.remove_source => Skipping::Never,
                None => Skipping::NotAsked,
            };
            return Err(Occupied { path: output.to_path_buf(), skipping }.into());
        }
        if !is_result() {
            let shown = sanitize::name(output);
            let problem =
                format!("'{shown}' is in the way, and is not the result of an earlier run");
            return Err(UsageError::new(problem).hint("move it, or remove it").into());
        }
        Ok(Some(Found::NothingOfOurs))
    }
}

/// Whether a result has the modification time of its source, cut to a unit of time in which some file system keeps
/// it: 100 ns (NTFS), 1 us, 10 ms (exFAT), 1 s (HFS+) or 2 s (FAT).
fn is_same_time(source: &Metadata, result: &Metadata) -> bool {
    const UNITS: [i128; 6] = [1, 100, 1_000, 10_000_000, 1_000_000_000, 2_000_000_000];
    let nanos =
        |of: &Metadata| i128::from(of.mtime()) * 1_000_000_000 + i128::from(of.mtime_nsec());
    let (source, result) = (nanos(source), nanos(result));
    UNITS.iter().any(|unit| source - source.rem_euclid(*unit) == result)
}

/// Whether nothing was done to a source since its result was written: not to its bytes, its times or its name. A result
/// that replaced another one has the time at which it did.
fn is_unchanged_since(source: &Metadata, result: &Metadata) -> bool {
    let written = (result.mtime(), result.mtime_nsec());
    // A time that the result was given, and that lies ahead, says nothing.
    written <= (result.ctime(), result.ctime_nsec())
        && (source.ctime(), source.ctime_nsec()) < written
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn times_are_compared_as_finely_as_both_have_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, nanos| {
            let file = fs::File::create_new(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::new(7, nanos)).unwrap();
            file.metadata().unwrap()
        };
        let (fine, same, other, coarse) = (file("a", 5), file("b", 5), file("c", 6), file("d", 0));
        assert!(is_same_time(&fine, &same) && is_same_time(&fine, &coarse));
        assert!(!is_same_time(&fine, &other) && !is_same_time(&coarse, &fine));
    }
}
