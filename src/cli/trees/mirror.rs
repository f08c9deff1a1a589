//! Where the results of a run over folders go: beside each input, or below `--output-dir` in folders like those of
//! the inputs.
//!
//! Names in a tree may have been chosen by an attacker. So that no result leaves the output folder, no name of a
//! result is `..`, and no link below the output folder is followed.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use enwrap::fs::atomic_file::{folder_of, sync_folder};
use enwrap::fs::file_at::FileAt;

use super::batch::lock;
use super::results::Results;
use super::tree::Entry;
use crate::cli::args::OutputArgs;
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::sanitize;

/// Where the results of a run go.
pub(crate) struct Mirror<'a> {
    operands: &'a [PathBuf],
    output_dir: Option<&'a Path>,
    results: &'a dyn Results,
    /// Whether a folder that is made is also on the disk before anything is put into it.
    sync: bool,
    /// The folder that was required last: most files are in the same one as the file before. Locked while folders
    /// are made, so that no thread uses a folder that is not yet synced.
    last: Mutex<PathBuf>,
}

impl<'a> Mirror<'a> {
    pub(crate) fn new(
        operands: &'a [PathBuf],
        output: &'a OutputArgs,
        results: &'a dyn Results,
    ) -> Result<Self, UsageError> {
        let (output_dir, sync) = (output.output_dir.as_deref(), output.is_synced());
        let mirror = Self { operands, output_dir, results, sync, last: Mutex::default() };
        if output_dir.is_some() {
            // Each operand has a folder of its own name there, as with `cp -r`. Two of one name would be mixed.
            let mut roots: Vec<PathBuf> =
                operands.iter().filter_map(|operand| mirror.root(operand)).collect();
            roots.sort();
            // So would one below the other: an operand without a name, such as `.`, fills the output folder itself.
            if let Some([root, _]) = roots.windows(2).find(|pair| pair[1].starts_with(&pair[0])) {
                let problem = format!("two inputs would go to '{}'", sanitize::name(root));
                return Err(UsageError::new(problem).hint("run them one by one"));
            }
        }
        let is_own = |operand: &&PathBuf| {
            output_dir.is_some_and(|folder| is_same(folder, operand))
                && mirror.root(operand).is_some_and(|root| !is_same(&root, operand))
        };
        if let Some(operand) = operands.iter().find(is_own) {
            let problem = format!("'{}' is input and output folder", sanitize::name(operand));
            return Err(UsageError::new(problem)
                .hint("leave out --output-dir: results are beside the files then"));
        }
        Ok(mirror)
    }

    /// Where in the output folder an operand's results go: under its own name, as with `cp -r`.
    fn root(&self, operand: &Path) -> Option<PathBuf> {
        let folder = self.output_dir?;
        match operand.file_name() {
            Some(name) if operand.is_dir() => Some(folder.join(name)),
            Some(name) => Some(folder.join(self.results.name(name)?)),
            // `.`, `..` and `/` have no name of their own.
            None => Some(folder.to_path_buf()),
        }
    }

    /// The folders that this run fills. Their files are not taken for inputs, unless such a folder is an operand
    /// itself.
    pub(crate) fn filled(&self) -> Vec<PathBuf> {
        let roots = self.operands.iter().filter(|operand| operand.is_dir());
        roots
            .filter_map(|operand| self.root(operand))
            .filter(|root| !self.operands.iter().any(|operand| is_same(root, operand)))
            .collect()
    }

    /// The path of a file's result; makes the folders on the way. `None` if the file's name gives no name for a
    /// result.
    pub(crate) fn target(&self, entry: &Entry) -> Result<Option<FileAt>, Error> {
        let Some(name) = entry.path.file_name().and_then(|name| self.results.name(name)) else {
            return Ok(None);
        };
        let operand =
            self.operands.get(entry.operand).map_or_else(|| Path::new(""), PathBuf::as_path);
        let Some(output_dir) = self.output_dir else {
            return Ok(Some(entry.path.sibling(&name)));
        };
        let mut below = PathBuf::new();
        if !entry.is_named {
            let in_operand = entry.path.strip_prefix(operand).unwrap_or(&entry.path);
            let parts = operand.file_name().into_iter().chain(folder_of(in_operand));
            below.extend(parts.filter(|part| *part != "."));
        }
        let folder = output_dir.join(&below);
        let mut last = lock(&self.last);
        if *last != folder {
            self.require_folders(output_dir, &below, operand)?;
            last.clone_from(&folder);
        }
        Ok(Some(FileAt::named(folder.join(name))))
    }

    /// Makes the output folder and the folders below it, each with the permissions of the input folder that it
    /// stands for.
    fn require_folders(
        &self,
        output_dir: &Path,
        below: &Path,
        operand: &Path,
    ) -> Result<(), Error> {
        let ancestors: Vec<&Path> = output_dir.ancestors().collect();
        for folder in ancestors.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
            self.require_folder(folder, true, 0o777)?;
        }
        let (mut folder, mut source) = (output_dir.to_path_buf(), operand.to_path_buf());
        for (index, part) in below.iter().enumerate() {
            folder.push(part);
            // If the operand has a name, the first part is that name, and stands for the operand itself.
            if index > 0 || operand.file_name().is_none() {
                source.push(part);
            }
            let mode = fs::metadata(&source).map_or(0o700, |metadata| metadata.mode());
            self.require_folder(&folder, false, mode)?;
        }
        Ok(())
    }

    /// Makes a folder, if nothing stands there; an error, if something else than a folder does. A link to a folder is
    /// accepted only where the user named it.
    fn require_folder(&self, folder: &Path, is_named: bool, mode: u32) -> Result<(), Error> {
        let shown = || sanitize::name(folder);
        let look = || if is_named { fs::metadata(folder) } else { fs::symlink_metadata(folder) };
        let made = match look() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The owner always has all permissions, or nothing could be put into the folder.
                DirBuilder::new().mode(mode & self.results.folder_mode() | 0o700).create(folder)
            }
            Err(error) => Err(error),
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        };
        match made {
            Ok(()) if self.sync => {
                sync_folder(folder_of(folder)).cannot("sync the folder of", folder)
            }
            Ok(()) => Ok(()),
            // It existed before, or another process made it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match look() {
                Ok(metadata) if metadata.is_dir() => Ok(()),
                Ok(metadata) if metadata.is_symlink() => {
                    let problem = format!("'{}' is a link, and may lead elsewhere", shown());
                    Err(UsageError::new(problem).hint("remove it").into())
                }
                Ok(_) => {
                    let problem = format!("'{}' is no folder", shown());
                    Err(UsageError::new(problem).hint("choose another --output-dir").into())
                }
                Err(_) => Err(error).cannot("make", folder),
            },
            Err(error) => Err(error).cannot("make", folder),
        }
    }
}

/// Whether two paths lead to the same file or folder.
fn is_same(a: &Path, b: &Path) -> bool {
    fs::canonicalize(a).ok().is_some_and(|a| fs::canonicalize(b).ok() == Some(a))
}
