//! Runs over folders that write a result for each file: which files, where the results go, and what is done
//! about results that are there.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use enwrap::fs::atomic_file::AtomicFileError;

use super::batch::lock;
use super::job::{EXTENSION, Job};
use super::mirror::Mirror;
use super::selection::{Selection, SelectionArgs, real, require_apart};
use super::skipped::Reason;
use super::tree::{Entry, Tree};
use crate::cli::args::OutputArgs;
use crate::cli::io::destination::Target;
use crate::cli::io::message_source::is_message;
use crate::cli::io::source::is_stdin;
use crate::output::error::UsageError;
use crate::output::sanitize;

/// What is the same for every file of a run.
pub(crate) struct Folders<'a> {
    operands: &'a [PathBuf],
    selection: Selection,
    mirror: Mirror<'a>,
    output: &'a OutputArgs,
    /// Whether a file that stands where a result is to go may be one of an earlier run. Everything else may
    /// be an input, or somebody's, and is not replaced, also not with `-f`.
    is_result: fn(&Path) -> bool,
    is_whole: fn(&Path, &Path) -> bool,
    begun: SystemTime,
    /// What was written under `-f`, by device and inode: it must not be replaced by another result of this run,
    /// on a file system where two names are one.
    written: Mutex<HashSet<(u64, u64)>>,
    /// What comes out of messages in messages, without links: the walk may come by it, and it is no input.
    nested: Mutex<HashSet<PathBuf>>,
}

/// How a verb names its results, and knows them.
pub(crate) struct Results {
    pub(crate) rename: fn(&OsStr) -> Option<OsString>,
    pub(crate) is_result: fn(&Path) -> bool,
    /// Whether a result is as long as that of this source is.
    pub(crate) is_whole: fn(&Path, &Path) -> bool,
    /// What the folders that are made keep of the mode of those they stand for.
    pub(crate) folder_mode: u32,
}

impl<'a> Folders<'a> {
    pub(crate) fn new(
        operands: &'a [PathBuf],
        selection: &SelectionArgs,
        output: &'a OutputArgs,
        results: &Results,
        (needed, metadata): (&[PathBuf], Option<&Path>),
    ) -> anyhow::Result<Self> {
        if output.output.is_some() {
            return Err(UsageError::new("-o takes the result of one input, and -r has many")
                .hint("leave it out, or name a folder with --output-dir")
                .into());
        }
        if operands.is_empty() || operands.iter().any(|operand| is_stdin(operand)) {
            return Err(UsageError::new("-r takes folders, and not standard input")
                .hint("name a DIR")
                .into());
        }
        require_apart(operands)?;
        let Results { rename, is_result, is_whole, folder_mode } = *results;
        let folder = output.output_dir.as_deref();
        let mirror = Mirror::new(operands, folder, rename, folder_mode, output.is_synced())?;
        let mut in_use = mirror.filled();
        in_use.extend(metadata.map(Path::to_path_buf));
        let keyring = needed.first().map_or_else(|| Path::new(""), PathBuf::as_path);
        in_use.extend(needed.iter().skip(1).cloned());
        let selection = Selection::new(selection, keyring, &in_use)?;
        Ok(Self {
            operands,
            selection,
            mirror,
            output,
            is_result,
            is_whole,
            begun: SystemTime::now(),
            written: Mutex::default(),
            nested: Mutex::default(),
        })
    }

    /// The files that are taken.
    pub(crate) fn tree(&self) -> Tree<'_> {
        Tree::new(self.operands, true).of(&self.selection)
    }

    /// Notes what a job has written.
    pub(crate) fn note(&self, job: &Job) {
        let path = job.target.path().filter(|_| self.output.force);
        if let Some(found) = path.and_then(|path| fs::metadata(path).ok()) {
            lock(&self.written).insert((found.dev(), found.ino()));
        }
    }

    /// Why a file is passed over: a walk through a large folder comes by what the run has put there meanwhile.
    pub(crate) fn skipped(&self, path: &Path, reason: Reason) -> Reason {
        if self.is_new(path) { Reason::InUse } else { reason }
    }

    /// Whether a file was put beside its source in this run.
    fn is_new(&self, path: &Path) -> bool {
        let is_new = fs::metadata(path).is_ok_and(|found| {
            let nanos = u32::try_from(found.ctime_nsec()).unwrap_or(0);
            let changed = Duration::new(found.ctime().unsigned_abs(), nanos);
            SystemTime::UNIX_EPOCH + changed >= self.begun
        });
        is_new && self.output.output_dir.is_none()
    }

    /// Whether this run has made it, from a message in a message.
    fn is_nested(&self, input: &Path) -> bool {
        let nested = lock(&self.nested);
        !nested.is_empty() && real(input).is_some_and(|input| nested.contains(&input))
    }

    /// What is to be done about a file, or why nothing is.
    pub(crate) fn job(&self, entry: &Entry) -> anyhow::Result<Result<Job, Reason>> {
        let input = entry.path.clone();
        if self.is_nested(&input) {
            return Ok(Err(Reason::InUse));
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
            return Ok(Err(self.skipped(&input, Reason::NotAMessage)));
        };
        match fs::symlink_metadata(&output) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let shown = sanitize::name(&output);
                return Err(error).with_context(|| format!("cannot open '{shown}'"));
            }
            Ok(found) => {
                if self.is_done_before(&input, &output, &found)? {
                    return Ok(Err(Reason::Existing));
                }
            }
        }
        // Before it is there to be found.
        if [&input, &output].iter().all(|path| path.extension().is_some_and(|it| it == EXTENSION)) {
            lock(&self.nested).extend(real(&output));
        }
        Ok(Ok(Job { input, target: Target::File(output) }))
    }

    /// Whether what stands where a result is to go is that result; an error, if it must not be replaced.
    fn is_done_before(
        &self,
        input: &Path,
        output: &Path,
        found: &Metadata,
    ) -> anyhow::Result<bool> {
        let exists = || AtomicFileError::Exists { path: output.to_path_buf() };
        let is_result = || found.is_file() && (self.is_result)(output);
        if self.output.skip_existing
            && is_same_time(&fs::metadata(input)?, found)
            && is_result()
            && (self.is_whole)(input, output)
        {
            return Ok(true);
        }
        if !self.output.force {
            return Err(exists().into());
        }
        let is_needed = || real(output).is_some_and(|output| self.selection.is_of_keyring(&output));
        let is_ours = || lock(&self.written).contains(&(found.dev(), found.ino()));
        if !is_result() || is_needed() || is_ours() {
            let shown = sanitize::name(output);
            let problem =
                format!("'{shown}' is in the way, and is not the result of an earlier run");
            return Err(UsageError::new(problem).hint("move it, or remove it").into());
        }
        Ok(false)
    }
}

/// Whether a result carries the time of its source, as finely as its file system keeps it: to 100 ns (NTFS),
/// microseconds, 10 ms (exFAT), 1 s (HFS+) or 2 s (FAT).
fn is_same_time(source: &Metadata, result: &Metadata) -> bool {
    const UNITS: [i128; 6] = [1, 100, 1_000, 10_000_000, 1_000_000_000, 2_000_000_000];
    let nanos =
        |of: &Metadata| i128::from(of.mtime()) * 1_000_000_000 + i128::from(of.mtime_nsec());
    let (source, result) = (nanos(source), nanos(result));
    UNITS.iter().any(|unit| source - source.rem_euclid(*unit) == result)
}

#[cfg(test)]
mod tests {
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
