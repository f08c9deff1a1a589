//! The files that operands name, and with `-r` those in the folders that they name.
//!
//! Links are not followed, so a walk stays in its folder. What is neither file nor folder is counted and left alone:
//! reading a FIFO, for example, could wait for ever. Files come in the order in which the system lists them; to sort
//! them, all names of a folder would have to be in memory.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use enwrap::fs::atomic_file::temporary::is_temporary_name;
use enwrap::fs::file_at::FileAt;
use enwrap::fs::folder::Kind;
use enwrap::fs::walk::{Found, Unlisted, Walk};

use super::selection::Selection;
use super::skipped::{Reason, Skipped};
use crate::cli::io::source::is_stdin;
use crate::output::error::{About, Error, NotChecked, StepError, Subject, UsageError};
use crate::output::sanitize;

/// A file to work on.
pub(crate) struct Entry {
    pub(crate) path: FileAt,
    /// Whether it is an operand itself, and was not found in a folder.
    pub(crate) is_named: bool,
    /// The index of the operand that it is, or is below.
    pub(crate) operand: usize,
}

impl AsRef<Path> for Entry {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// The walk over all operands of a verb: an iterator over files.
pub(crate) struct Tree<'a> {
    operands: &'a [PathBuf],
    /// How many operands were begun.
    begun: usize,
    recursive: bool,
    /// Which files are taken; all, if `None`.
    selection: Option<&'a Selection>,
    /// Whether what is passed over is an error instead.
    is_complete: bool,
    /// The operand that is walked through now, if it is a folder.
    folder: Option<OperandFolder>,
    pub(crate) skipped: Skipped,
}

/// The walk through an operand that is a folder.
struct OperandFolder {
    walk: Walk,
    operand: PathBuf,
    /// The operand's path without links.
    real: PathBuf,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(operands: &'a [PathBuf], recursive: bool) -> Self {
        let skipped = Skipped::default();
        Self {
            operands,
            begun: 0,
            recursive,
            selection: None,
            is_complete: false,
            folder: None,
            skipped,
        }
    }

    /// Takes only the files of a selection.
    pub(crate) fn of(self, selection: &'a Selection) -> Self {
        Self { selection: Some(selection), ..self }
    }

    /// Passes over nothing in silence: a link, a special file or a file that is being written is an error.
    pub(crate) fn complete(self) -> Self {
        Self { is_complete: true, ..self }
    }

    /// A walk over the same operands, from the beginning.
    pub(crate) fn again(&self) -> Self {
        Self { selection: self.selection, ..Self::new(self.operands, self.recursive) }
    }

    pub(crate) fn is_recursive(&self) -> bool {
        self.recursive
    }
}

impl Iterator for Tree<'_> {
    /// A file; an error where a folder cannot be listed.
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.folder.is_some() {
                match self.next_in_folder() {
                    Some(found) => return Some(found),
                    None => self.folder = None,
                }
            }
            let operand = self.operands.get(self.begun)?;
            self.begun += 1;
            // A folder that was named is meant, also through a link.
            let is_folder = !is_stdin(operand) && operand.is_dir();
            if self.recursive && is_folder {
                match self.begin(operand) {
                    Ok(folder) => self.folder = folder,
                    Err(source) => {
                        let unlisted = Unlisted { below: PathBuf::new(), source };
                        return Some(Err(unlisted_in(operand, unlisted)));
                    }
                }
            } else {
                let (path, operand) = (FileAt::from(operand), self.begun - 1);
                return Some(Ok(Entry { path, is_named: true, operand }));
            }
        }
    }
}

impl Tree<'_> {
    /// Opens an operand that is a folder; `None` if it is not to be entered.
    fn begin(&mut self, operand: &Path) -> io::Result<Option<OperandFolder>> {
        let real = fs::canonicalize(operand).unwrap_or_else(|_| operand.to_path_buf());
        if let Some(selection) = self.selection
            && let Some(reason) = selection.refusal(Path::new(""), &real, true)
        {
            self.skipped.add(reason);
            return Ok(None);
        }
        let walk = Walk::new(operand)?;
        Ok(Some(OperandFolder { walk, operand: operand.to_path_buf(), real }))
    }

    /// The next file of the folder that is walked through now; counts what is passed over.
    fn next_in_folder(&mut self) -> Option<Result<Entry, Error>> {
        let OperandFolder { walk, operand, real } = self.folder.as_mut()?;
        loop {
            let found = match walk.next()? {
                Ok(found) => found,
                Err(unlisted) => return Some(Err(unlisted_in(operand, unlisted))),
            };
            match refusal(&found, real, self.selection) {
                Some(_) if self.is_complete => return Some(Err(not_checked(operand, &found))),
                Some(reason) => self.skipped.add(reason),
                None if found.kind == Kind::Folder => {
                    if let Err(unlisted) = walk.enter(found) {
                        return Some(Err(unlisted_in(operand, unlisted)));
                    }
                }
                None => {
                    let path = FileAt::in_folder(found.folder, operand.join(&found.below));
                    return Some(Ok(Entry { path, is_named: false, operand: self.begun - 1 }));
                }
            }
        }
    }
}

/// Why a file is passed over or a folder is not entered. `real` is the path without links of the operand.
fn refusal(found: &Found, real: &Path, selection: Option<&Selection>) -> Option<Reason> {
    let is_folder = found.kind == Kind::Folder;
    if !is_folder && found.kind != Kind::File {
        return Some(Reason::Special);
    }
    match selection {
        Some(selection) => selection.refusal(&found.below, &real.join(&found.below), is_folder),
        None => (!is_folder && is_unfinished(found)).then_some(Reason::Unfinished),
    }
}

fn not_checked(operand: &Path, found: &Found) -> Error {
    let what = match found.kind {
        Kind::Link => "a link, and links are not followed",
        Kind::File => "being written by another process",
        _ => "no plain file",
    };
    let subject = Subject::File(operand.join(&found.below));
    Error::from(NotChecked { what }).concerning(About { subject, keyring: None })
}

fn unlisted_in(operand: &Path, Unlisted { below, source }: Unlisted) -> Error {
    let is_operand = below.as_os_str().is_empty();
    let path = if is_operand { operand.to_path_buf() } else { operand.join(below) };
    let error = StepError { action: "list it", path: None, source };
    Error::from(error).concerning(About { subject: Subject::File(path), keyring: None })
}

/// Whether a file is the temporary file of a process that still runs: it has such a name, and is locked. What a dead
/// process left is a file like any other, since a name alone is no reason to pass over a file.
fn is_unfinished(found: &Found) -> bool {
    is_temporary_name(&found.name)
        && found
            .folder
            .open_file(&found.name)
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
    use std::fs::File;
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
        let mut found: Vec<PathBuf> =
            tree.by_ref().map(|it| it.unwrap().path.to_path_buf()).collect();
        found.sort();
        let names = [".enwrap-fedcba9876543210.tmp", "a/b/z", "a/y", "a/z.envelope", "x"];
        assert_eq!(found, names.map(path));
        let skipped = [Reason::Special, Reason::Unfinished].map(|it| tree.skipped.count(it));
        assert_eq!(skipped, [2, 1]);
        let missing = [path("missing")];
        let named: Vec<_> =
            Tree::new(&missing, true).map(|it| it.unwrap().path.to_path_buf()).collect();
        assert_eq!(named, missing, "whoever opens it says what is wrong");
        assert!(require_files(&operands, false).is_err() && require_files(&operands, true).is_ok());
    }
}
