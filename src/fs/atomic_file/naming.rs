//! How a complete file gets its name, also on file systems that lack a call for it.

use std::fs::File;
use std::io;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::fault::{Step, step};
use super::path_of;
use super::temporary::Temporary;
use crate::fs::file_at::FileAt;
use crate::fs::refused::is_unsupported;

/// Gives a file that has no name a name. Fails if the name exists.
pub(super) fn name_unnamed(file: &File, name: &FileAt) -> io::Result<()> {
    step(Step::LinkUnnamed)?;
    let (folder, path) = name.place();
    #[cfg(target_os = "linux")]
    match rustix::fs::linkat(file, c"", folder, path, AtFlags::EMPTY_PATH) {
        Ok(()) => return Ok(()),
        Err(error @ (Errno::EXIST | Errno::NOSPC | Errno::DQUOT)) => return Err(error.into()),
        // Kernels before 6.10 allow this to privileged processes only.
        Err(_) => {}
    }
    Ok(rustix::fs::linkat(CWD, path_of(file), folder, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// Gives a temporary file its final name. Fails if the name exists, as a plain rename would not.
///
/// By `link` where the file system has hard links, else by a rename that does not replace, and where there is neither
/// (FUSE mounts of cloud storage, exFAT by FUSE, sshfs) by a [placeholder](Temporary::rename_over_placeholder).
pub(super) fn name_temporary(temporary: &Temporary, name: &FileAt) -> io::Result<()> {
    match link(temporary.file(), name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => match rename_without_replacing(temporary.file(), name) {
            Err(error) if is_unsupported(&error) => temporary.rename_over_placeholder(name),
            done => done,
        },
        Ok(()) => Ok(()),
    }
}

fn link(from: &FileAt, to: &FileAt) -> io::Result<()> {
    step(Step::HardLink)?;
    let ((from_folder, from), (folder, to)) = (from.place(), to.place());
    Ok(rustix::fs::linkat(from_folder, from, folder, to, AtFlags::empty())?)
}

fn rename_without_replacing(from: &FileAt, to: &FileAt) -> io::Result<()> {
    step(Step::RenameWithoutReplacing)?;
    let ((from_folder, from), (folder, to)) = (from.place(), to.place());
    Ok(rustix::fs::renameat_with(from_folder, from, folder, to, RenameFlags::NOREPLACE)?)
}

/// Makes an empty file. Fails if the name exists.
pub(super) fn make_placeholder(name: &FileAt) -> io::Result<File> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
    name.open_with(flags, Mode::RUSR | Mode::WUSR)
}
