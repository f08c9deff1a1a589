//! Files of trees, for every verb with `-r`.
//!
//! Symlinks are not followed, so that a tree ends where it seems to; what is no plain file is counted and
//! left alone, since reading a FIFO would wait for ever. Nothing is sorted: that would hold every name of a
//! folder of a hundred thousand in memory.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use enwrap::fs::atomic_file::temporary::is_temporary_name;

use super::selection::Selection;
use super::skipped::{Reason, Skipped};
use crate::cli::io::source::is_stdin;
use crate::output::error::{About, Subject, UsageError};
use crate::output::sanitize;

/// A file, and whether it was named itself or found below a folder that was.
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) is_named: bool,
    /// Which operand it is, or is below.
    pub(crate) operand: usize,
}

impl AsRef<Path> for Entry {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// The operands of a verb, and with `-r` the files below them.
pub(crate) struct Tree<'a> {
    operands: &'a [PathBuf],
    /// How many operands were begun.
    begun: usize,
    recursive: bool,
    /// All files, if `None`.
    selection: Option<&'a Selection>,
    below: Option<Below>,
    pub(crate) skipped: Skipped,
}

/// What is below one operand.
struct Below {
    files: walkdir::IntoIter,
    named: PathBuf,
    /// The operand without links, for comparisons.
    real: PathBuf,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(operands: &'a [PathBuf], recursive: bool) -> Self {
        let (selection, below, skipped) = (None, None, Skipped::default());
        Self { operands, begun: 0, recursive, selection, below, skipped }
    }

    /// Leaves out what is not selected.
    pub(crate) fn of(self, selection: &'a Selection) -> Self {
        Self { selection: Some(selection), ..self }
    }

    /// The same from the beginning.
    pub(crate) fn again(&self) -> Self {
        Self {
            begun: 0,
            below: None,
            skipped: Skipped::default(),
            operands: self.operands,
            recursive: self.recursive,
            selection: self.selection,
        }
    }

    pub(crate) fn is_recursive(&self) -> bool {
        self.recursive
    }
}

impl Iterator for Tree<'_> {
    /// A file; or why a folder cannot be listed.
    type Item = anyhow::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(below) = &mut self.below else {
                let operand = self.operands.get(self.begun)?;
                self.begun += 1;
                // What was named is meant, also through a link.
                let is_folder = !is_stdin(operand) && operand.is_dir();
                if self.recursive && is_folder {
                    self.below = Some(Below {
                        // The path's own end: `folder` and `folder/` are one.
                        files: WalkDir::new(operand).follow_root_links(true).into_iter(),
                        named: operand.clone(),
                        real: fs::canonicalize(operand).unwrap_or_else(|_| operand.clone()),
                    });
                    continue;
                }
                let operand_index = self.begun - 1;
                let path = operand.clone();
                return Some(Ok(Entry { path, is_named: true, operand: operand_index }));
            };
            let entry = match below.files.next() {
                None => {
                    self.below = None;
                    continue;
                }
                Some(Err(error)) => return Some(Err(unlisted(error))),
                Some(Ok(entry)) => entry,
            };
            let is_folder = entry.file_type().is_dir();
            if !is_folder && !entry.file_type().is_file() {
                self.skipped.add(Reason::Special);
                continue;
            }
            let relative = entry.path().strip_prefix(&below.named).unwrap_or_else(|_| entry.path());
            let real = below.real.join(relative);
            let refusal = match self.selection {
                Some(selection) => selection.refusal(relative, &real, is_folder),
                None if !is_folder && is_unfinished(&entry) => Some(Reason::Unfinished),
                None => None,
            };
            match refusal {
                Some(reason) => {
                    self.skipped.add(reason);
                    if is_folder {
                        below.files.skip_current_dir();
                    }
                }
                None if is_folder => {}
                None => {
                    let operand = self.begun - 1;
                    return Some(Ok(Entry { path: entry.into_path(), is_named: false, operand }));
                }
            }
        }
    }
}

fn unlisted(error: walkdir::Error) -> anyhow::Error {
    let path = error.path().map_or_else(PathBuf::new, Path::to_path_buf);
    let about = About { subject: Subject::File(path), keyring: PathBuf::new() };
    anyhow::Error::new(std::io::Error::from(error)).context("cannot list it").context(about)
}

/// Whether it is a temporary file of a live process, which holds a lock on it. What a dead one left is a file
/// like any other: a name alone takes nothing out of a tree.
fn is_unfinished(entry: &walkdir::DirEntry) -> bool {
    is_temporary_name(entry.file_name())
        && File::open(entry.path())
            .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Refuses folders where they were not asked for.
pub(crate) fn require_files(operands: &[PathBuf], recursive: bool) -> Result<(), UsageError> {
    if operands.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(UsageError::new("'-' (standard input) can be read only once"));
    }
    match operands.iter().find(|path| !recursive && !is_stdin(path) && path.is_dir()) {
        None => Ok(()),
        Some(folder) => Err(UsageError::new(format!("'{}' is a folder", sanitize::name(folder)))
            .hint("name the files in it, or take all of them with -r")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_tree_has_its_plain_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("a/b")).unwrap();
        let temporary = [".enwrap-0123456789abcdef.tmp", ".enwrap-fedcba9876543210.tmp"];
        for name in ["x", "a/y", "a/b/z", "a/z.envelope"].iter().chain(&temporary) {
            File::options().write(true).create_new(true).open(path(name)).unwrap();
        }
        symlink(path("x"), path("link")).unwrap();
        symlink(path("a"), path("a/loop")).unwrap();
        let operands = [folder.path().to_path_buf()];
        let mut tree = Tree::new(&operands, true);
        let held = File::open(path(".enwrap-0123456789abcdef.tmp")).unwrap();
        held.try_lock().unwrap();
        let mut found: Vec<PathBuf> = tree.by_ref().map(|it| it.unwrap().path).collect();
        found.sort();
        let names = [".enwrap-fedcba9876543210.tmp", "a/b/z", "a/y", "a/z.envelope", "x"];
        assert_eq!(found, names.map(path));
        let skipped = [Reason::Special, Reason::Unfinished].map(|it| tree.skipped.count(it));
        assert_eq!(skipped, [2, 1]);
        let missing = [path("missing")];
        let named: Vec<_> = Tree::new(&missing, true).map(|it| it.unwrap().path).collect();
        assert_eq!(named, missing, "whoever opens it says what is wrong");
        assert!(require_files(&operands, false).is_err() && require_files(&operands, true).is_ok());
    }
}
