//! Files that enwrap makes of itself: completion scripts and manual pages.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use enwrap::fs::atomic_file::{Access, AtomicFile, Existing, Publication};

use crate::cli::outputs::Outputs;
use crate::output::error::{Cannot as _, Error};

/// Makes the folder, with those above it, unless it is there.
pub(crate) fn make_folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).cannot("make the folder", folder)
}

/// Writes a file that everybody may read, in the place of an older one.
pub(crate) fn write_generated(outputs: &Outputs, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    outputs.check(path)?;
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).cannot("write", path)?;
    let publication = Publication::new(Access::Mode(0o644)).existing(Existing::Replace);
    if file.publish(publication)?.dropped_acl {
        outputs.ui.warn_of_dropped_acl(path);
    }
    Ok(())
}
