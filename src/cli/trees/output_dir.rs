//! The folder of `--output-dir`, which is made if it is not there.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use enwrap::fs::atomic_file::{folder_of, sync_folder};

use super::results::Results;
use crate::cli::args::OutputArgs;
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::sanitize;

/// The folder for the results of a run.
#[derive(Clone, Copy)]
pub(crate) struct OutputDir<'a> {
    pub(super) path: &'a Path,
    /// The mode that it gets, less the umask.
    mode: u32,
    /// Whether it is also on the disk before anything is put into it.
    sync: bool,
}

impl<'a> OutputDir<'a> {
    /// The one that the arguments name, if they do. The owner always has all permissions, or nothing could be put into it.
    pub(super) fn of(output: &'a OutputArgs, results: &dyn Results) -> Option<Self> {
        let (mode, sync) = (results.folder_mode() | 0o700, output.is_synced());
        output.output_dir.as_deref().map(|path| Self { path, mode, sync })
    }

    /// Makes it, and the folders above it.
    pub(super) fn require(self) -> Result<(), Error> {
        let ancestors: Vec<&Path> = self.path.ancestors().collect();
        let named = ancestors.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty());
        named.into_iter().try_for_each(|folder| self.require_one(folder))
    }

    /// Makes one of them if nothing stands there. The user has named it, so it may be a link to a folder.
    fn require_one(self, path: &Path) -> Result<(), Error> {
        let made = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().mode(self.mode).create(path)
            }
            Err(error) => Err(error),
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        };
        match made {
            Ok(()) if self.sync => sync_folder(folder_of(path)).cannot("sync the folder of", path),
            Ok(()) => Ok(()),
            // It existed before, or another process made it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                match fs::metadata(path) {
                    Ok(found) if found.is_dir() => Ok(()),
                    Ok(_) => Err(no_folder(path).into()),
                    Err(_) => Err(error).cannot("make", path),
                }
            }
            Err(error) => Err(error).cannot("make", path),
        }
    }
}

/// What stands where a folder was to be made.
pub(super) fn no_folder(path: &Path) -> UsageError {
    UsageError::new(format!("'{}' is no folder", sanitize::name(path)))
        .hint("choose another --output-dir")
}
