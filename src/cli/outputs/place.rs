//! Where a file is, whatever it is called.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use enwrap::fs::atomic_file::folder_of;

/// Where a file is, or would be. Two paths to one file have the same place.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A file that exists: its device and inode.
    File(u64, u64),
    /// A file that does not exist: its path, with the links of its folder resolved.
    Missing(PathBuf),
}

impl Place {
    /// `None` where no file can be, for example in a folder that does not exist. Whoever opens the path gets the
    /// error.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match fs::metadata(path) {
            Ok(metadata) => Some(Self::File(metadata.dev(), metadata.ino())),
            Err(_) => {
                let folder = fs::canonicalize(folder_of(path)).ok()?;
                Some(Self::Missing(folder.join(path.file_name()?)))
            }
        }
    }
}
