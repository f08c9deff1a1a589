//! Where the results of a tree go: beside each file, or to the same places below `--output-dir`.
//!
//! Names in a tree may be anyone's. Nothing here leads out of the output folder: no name of a result is `..`,
//! and no link is followed below it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use enwrap::atomic_file::{folder_of, sync_folder};

use super::tree::Entry;
use crate::output::error::UsageError;
use crate::output::sanitize;

/// The places of a run's results.
pub(crate) struct Mirror<'a> {
    operands: &'a [PathBuf],
    output_dir: Option<&'a Path>,
    /// The name of a result, by that of its input.
    rename: fn(&OsStr) -> Option<OsString>,
    /// The mode of folders that are made, less the umask.
    mode: u32,
    sync: bool,
    /// The folder that was looked at last: most files are beside the one before.
    last: Mutex<PathBuf>,
}

impl<'a> Mirror<'a> {
    pub(crate) fn new(
        operands: &'a [PathBuf],
        output_dir: Option<&'a Path>,
        rename: fn(&OsStr) -> Option<OsString>,
        mode: u32,
        sync: bool,
    ) -> Result<Self, UsageError> {
        let last = Mutex::default();
        let mirror = Self { operands, output_dir, rename, mode, sync, last };
        if output_dir.is_some() {
            // As `cp -r` does, each under its own name; so two of one name would be mixed.
            let mut roots: Vec<PathBuf> =
                operands.iter().filter_map(|operand| mirror.root(operand)).collect();
            roots.sort();
            if let Some([root, _]) = roots.windows(2).find(|pair| pair[0] == pair[1]) {
                let problem = format!("two inputs would go to '{}'", sanitize::name(root));
                return Err(UsageError::new(problem).hint("run them one by one"));
            }
        }
        Ok(mirror)
    }

    /// Where an operand's results go, below the output folder: as with `cp -r`, under its own name.
    fn root(&self, operand: &Path) -> Option<PathBuf> {
        let folder = self.output_dir?;
        match operand.file_name() {
            Some(name) if operand.is_dir() => Some(folder.join(name)),
            Some(name) => Some(folder.join((self.rename)(name)?)),
            // `.`, `..` and `/` have no name of their own.
            None => Some(folder.to_path_buf()),
        }
    }

    /// The folders that this run fills, and which are so no part of any tree. One that is a tree itself
    /// stays one: its results are beside their inputs.
    pub(crate) fn filled(&self) -> Vec<PathBuf> {
        let same = |a: &Path, b: &Path| {
            fs::canonicalize(a).ok().is_some_and(|a| fs::canonicalize(b).ok() == Some(a))
        };
        let roots = self.operands.iter().filter(|operand| operand.is_dir());
        roots
            .filter_map(|operand| self.root(operand))
            .filter(|root| !self.operands.iter().any(|operand| same(root, operand)))
            .collect()
    }

    /// The place of a file's result; makes the folders on the way. `None` where its name gives none.
    pub(crate) fn target(&self, entry: &Entry) -> anyhow::Result<Option<PathBuf>> {
        let Some(name) = entry.path.file_name().and_then(self.rename) else { return Ok(None) };
        let operand =
            self.operands.get(entry.operand).map_or_else(|| Path::new(""), PathBuf::as_path);
        let Some(output_dir) = self.output_dir else {
            return Ok(Some(entry.path.with_file_name(name)));
        };
        let mut below = PathBuf::new();
        if !entry.is_named {
            let in_operand = entry.path.strip_prefix(operand).unwrap_or(&entry.path);
            let parts = operand.file_name().into_iter().chain(folder_of(in_operand));
            below.extend(parts.filter(|part| *part != "."));
        }
        let folder = output_dir.join(&below);
        if *self.last.lock().unwrap_or_else(PoisonError::into_inner) != folder {
            self.require_folders(output_dir, &below)?;
            self.last.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&folder);
        }
        Ok(Some(folder.join(name)))
    }

    /// Makes the output folder and those below it.
    fn require_folders(&self, output_dir: &Path, below: &Path) -> anyhow::Result<()> {
        let mut folder = output_dir.to_path_buf();
        self.require_folder(&folder, true)?;
        for part in below {
            folder.push(part);
            self.require_folder(&folder, false)?;
        }
        Ok(())
    }

    /// Makes a folder, or sees that it is one; through a link only where the user named it.
    fn require_folder(&self, folder: &Path, is_named: bool) -> anyhow::Result<()> {
        let shown = || sanitize::name(folder);
        let mut tries = 0..3;
        loop {
            let found = if is_named { fs::metadata(folder) } else { fs::symlink_metadata(folder) };
            match found {
                Ok(metadata) if metadata.is_dir() => return Ok(()),
                Ok(metadata) if metadata.is_symlink() => {
                    let problem = format!("'{}' is a link, and may lead elsewhere", shown());
                    return Err(UsageError::new(problem).hint("remove it").into());
                }
                Ok(_) => {
                    let problem = format!("'{}' is no folder", shown());
                    return Err(UsageError::new(problem)
                        .hint("choose another --output-dir")
                        .into());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot open '{}'", shown()));
                }
            }
            let made = DirBuilder::new().mode(self.mode).recursive(is_named).create(folder);
            match made {
                // Another worker was faster.
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists && tries.next().is_some() => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot make '{}'", shown()));
                }
                Ok(()) if self.sync => {
                    let synced = sync_folder(folder_of(folder));
                    synced.with_context(|| format!("cannot sync the folder of '{}'", shown()))?;
                }
                Ok(()) => {}
            }
        }
    }
}
