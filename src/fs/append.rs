//! Opens files to append records to, so that no other file is damaged: not one that a link leads to, and not one
//! that holds something else.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::atomic_file::resolve_symlinks;
use super::trust::is_planted;

/// Bytes of a first line that are read at most.
const MOST_LINE_BYTES: u64 = 1 << 20;

/// Why nothing is appended to a file, which is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum AppendFault {
    /// The path is a link, and was not to be followed.
    #[error("it is a link")]
    Link,
    /// Another user made the file or link, in a folder that others can write to.
    #[error("another user put it into a folder that others can write to")]
    Planted,
    /// A folder, a FIFO or a device.
    #[error("it is not a plain file")]
    NotAFile,
    /// The file has content of another kind.
    #[error("it does not begin with a record of its kind")]
    OtherContent,
    /// A system call failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What to do if the path is a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Append to the file that it leads to. For a path that the user named.
    Follow,
    /// Fail. For a path that was derived from another one.
    Refuse,
}

/// The file that `path` leads to.
///
/// # Errors
/// [`AppendFault::Link`], [`AppendFault::Planted`], or the error of reading a link.
pub fn resolve(path: &Path, links: Links) -> Result<PathBuf, AppendFault> {
    let Ok(entry) = fs::symlink_metadata(path) else { return Ok(path.to_path_buf()) };
    if !entry.is_symlink() {
        return Ok(path.to_path_buf());
    }
    if is_planted(path, entry.uid()) {
        return Err(AppendFault::Planted);
    }
    match links {
        Links::Refuse => Err(AppendFault::Link),
        Links::Follow => Ok(resolve_symlinks(path)?),
    }
}

/// Opens the file at `target`, which is no link, to read it and to append to it. Creates it with `mode` if it is
/// missing. A file that is not empty must begin with a line that `is_record` accepts.
///
/// # Errors
/// [`AppendFault`].
pub fn open(
    target: &Path,
    mode: u32,
    is_record: impl FnOnce(&[u8]) -> bool,
) -> Result<File, AppendFault> {
    // Opening a FIFO must not wait for a reader.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options()
        .read(true)
        .append(true)
        .create(true)
        .mode(mode)
        .custom_flags(flags.bits().cast_signed())
        .open(target)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(AppendFault::NotAFile);
    }
    if is_planted(target, metadata.uid()) {
        return Err(AppendFault::Planted);
    }
    let mut line = Vec::new();
    BufReader::new((&file).take(MOST_LINE_BYTES)).read_until(b'\n', &mut line)?;
    if !line.is_empty() && !is_record(&line) {
        return Err(AppendFault::OtherContent);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    fn append(path: &Path, links: Links) -> Result<(), AppendFault> {
        let target = resolve(path, links)?;
        let mut file = open(&target, 0o600, |line| line.starts_with(b"record"))?;
        Ok(file.write_all(b"record\n")?)
    }

    #[test]
    fn only_an_empty_file_or_one_of_its_kind_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        append(&path, Links::Refuse).unwrap();
        append(&path, Links::Refuse).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"record\nrecord\n");
        let other = folder.path().join("other");
        File::create_new(&other).unwrap().write_all(b"{}\nrecord\n").unwrap();
        assert!(matches!(append(&other, Links::Follow), Err(AppendFault::OtherContent)));
        assert_eq!(fs::read(&other).unwrap(), b"{}\nrecord\n");
        assert!(matches!(
            append(Path::new("/dev/full"), Links::Follow),
            Err(AppendFault::NotAFile)
        ));
    }

    #[test]
    fn a_link_is_followed_only_where_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        symlink("target", &link).unwrap();
        assert!(matches!(append(&link, Links::Refuse), Err(AppendFault::Link)));
        assert!(!target.exists());
        append(&link, Links::Follow).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"record\n");
    }

    #[test]
    fn what_another_user_made_in_a_shared_folder_is_refused() {
        const NOBODY: u32 = 65_534;
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        append(&path, Links::Refuse).unwrap();
        chown(&path, Some(NOBODY), None).unwrap();
        append(&path, Links::Refuse).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).unwrap();
        assert!(matches!(append(&path, Links::Follow), Err(AppendFault::Planted)));
        let link = folder.path().join("link");
        symlink("file", &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(NOBODY), None).unwrap();
        assert!(matches!(append(&link, Links::Follow), Err(AppendFault::Planted)));
    }
}
