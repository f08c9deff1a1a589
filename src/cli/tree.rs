//! Files of trees, for every verb with `-r`.
//!
//! Symlinks are not followed, so that a tree ends where it seems to; what is no plain file is counted and
//! left alone, since reading a FIFO would wait for ever. Nothing is sorted: that would hold every name of a
//! folder of a hundred thousand in memory.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use walkdir::WalkDir;

use enwrap::atomic_file::temporary::is_temporary_name;
use enwrap::envelope;

use super::source::is_stdin;
use crate::output::error::UsageError;
use crate::output::sanitize;

/// What was not looked at on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Links, FIFOs, sockets and devices.
    pub(crate) special: usize,
    /// Envelope files, their locks, and temporary files of enwrap's.
    pub(crate) ours: usize,
}

/// The operands of a verb, and with `-r` the files below them.
pub(crate) struct Tree<'a> {
    operands: std::slice::Iter<'a, PathBuf>,
    recursive: bool,
    below: Option<walkdir::IntoIter>,
    pub(crate) skipped: Skipped,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(operands: &'a [PathBuf], recursive: bool) -> Self {
        Self { operands: operands.iter(), recursive, below: None, skipped: Skipped::default() }
    }

    pub(crate) fn is_recursive(&self) -> bool {
        self.recursive
    }
}

impl Iterator for Tree<'_> {
    /// A file; or a folder that cannot be listed, with its path.
    type Item = Result<PathBuf, (PathBuf, anyhow::Error)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(below) = &mut self.below else {
                let operand = self.operands.next()?;
                // What was named is meant, also through a link.
                let is_folder = !is_stdin(operand) && operand.is_dir();
                if self.recursive && is_folder {
                    // The path's own end: `folder` and `folder/` are one.
                    self.below = Some(WalkDir::new(operand).follow_root_links(true).into_iter());
                    continue;
                }
                return Some(Ok(operand.clone()));
            };
            match below.next() {
                None => self.below = None,
                Some(Err(error)) => {
                    let path = error.path().map_or_else(PathBuf::new, Path::to_path_buf);
                    let shown = sanitize::name(&path);
                    let error = std::io::Error::from(error);
                    let error =
                        Err::<(), _>(error).with_context(|| format!("cannot list '{shown}'"));
                    return error.err().map(|error| Err((path, error)));
                }
                Some(Ok(entry)) if entry.file_type().is_dir() => {}
                Some(Ok(entry)) if !entry.file_type().is_file() => self.skipped.special += 1,
                Some(Ok(entry)) if is_ours(entry.file_name()) => self.skipped.ours += 1,
                Some(Ok(entry)) => return Some(Ok(entry.into_path())),
            }
        }
    }
}

/// Whether a name is one that enwrap gives to files that are no messages.
fn is_ours(name: &OsStr) -> bool {
    let has = |name: &Path| name.extension().is_some_and(|it| it == envelope::EXTENSION);
    let path = Path::new(name);
    let is_lock = path.extension().is_some_and(|it| it == "lock")
        && path.file_stem().is_some_and(|stem| has(Path::new(stem)));
    has(path) || is_lock || is_temporary_name(name)
}

/// Refuses folders where they were not asked for.
pub(crate) fn require_files(operands: &[PathBuf], recursive: bool) -> Result<(), UsageError> {
    match operands.iter().find(|path| !recursive && !is_stdin(path) && path.is_dir()) {
        None => Ok(()),
        Some(folder) => Err(UsageError::new(format!("'{}' is a folder", sanitize::name(folder)))
            .hint("name the files in it, or take all of them with -r")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_tree_has_its_plain_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("a/b")).unwrap();
        for name in ["x", "a/y", "a/b/z", "a/z.envelope", "a/z.envelope.lock", "plain.lock"] {
            fs::File::options().write(true).create_new(true).open(path(name)).unwrap();
        }
        symlink(path("x"), path("link")).unwrap();
        symlink(path("a"), path("a/loop")).unwrap();
        let operands = [folder.path().to_path_buf()];
        let mut tree = Tree::new(&operands, true);
        let mut found: Vec<PathBuf> = tree.by_ref().map(Result::unwrap).collect();
        found.sort();
        assert_eq!(found, ["a/b/z", "a/y", "plain.lock", "x"].map(path));
        assert_eq!(tree.skipped, Skipped { special: 2, ours: 2 });
        let missing = [path("missing")];
        let named: Vec<_> = Tree::new(&missing, true).map(Result::unwrap).collect();
        assert_eq!(named, missing, "whoever opens it says what is wrong");
        assert!(require_files(&operands, false).is_err() && require_files(&operands, true).is_ok());
    }
}
