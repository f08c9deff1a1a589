//! Symbolic links, made as they were elsewhere.
//!
//! A link has no content, only the text of its target, which is never looked up here.

use std::ffi::OsStr;
use std::io;

use super::fault::{Step, step};
use super::publication::Seen;
use super::{AtomicFileError, failed};
use crate::fs::file_at::FileAt;

/// Makes a link with the target `text`, and gives it to a user and a group, if there is an `owner`.
///
/// # Errors
/// [`AtomicFileError::Exists`] if the name exists, or the step that failed. There is no link then.
pub fn make(link: &FileAt, text: &OsStr, owner: Option<(u32, u32)>) -> Result<(), AtomicFileError> {
    step(Step::SymbolicLink).and_then(|()| symlink(link, text)).map_err(|source| {
        match source.kind() {
            io::ErrorKind::AlreadyExists => AtomicFileError::Exists { path: link.to_path_buf() },
            _ => failed("make the link", link, source),
        }
    })?;
    let given = give(link, owner);
    if given.is_err() {
        drop(link.remove());
    }
    given
}

/// Gives a link of this user to a user and a group, if there is an `owner`.
///
/// # Errors
/// [`AtomicFileError::NotGiven`].
pub fn give(link: &FileAt, owner: Option<(u32, u32)>) -> Result<(), AtomicFileError> {
    let Some(owner) = owner else { return Ok(()) };
    give_to(link, owner)
        .map_err(|source| AtomicFileError::NotGiven { path: link.to_path_buf(), source })
}

/// Puts another link in the place of one, if that is still the one that was `seen`.
///
/// The old link is removed before the new one is made, and made again if that fails. A rename would do it in one step,
/// but a run that is killed would leave a link with a temporary name: links cannot be locked, so nobody could tell that
/// its process is gone. A killed run leaves no link here, and the next run makes it.
///
/// # Errors
/// [`AtomicFileError::Exists`] if it is another file now, or the step that failed.
pub fn replace(
    link: &FileAt,
    seen: Seen,
    text: &OsStr,
    owner: Option<(u32, u32)>,
) -> Result<(), AtomicFileError> {
    let look = || Ok((Seen::of(&link.entry_metadata()?), link.read_link()?));
    let (now, old) = look().map_err(|source| failed("read the link", link, source))?;
    if now != seen {
        return Err(AtomicFileError::Exists { path: link.to_path_buf() });
    }
    link.remove().map_err(|source| failed("replace", link, source))?;
    let made = make(link, text, owner);
    if made.is_err() {
        drop(symlink(link, &old));
    }
    made
}

fn symlink(link: &FileAt, text: &OsStr) -> io::Result<()> {
    let (folder, name) = link.place();
    Ok(rustix::fs::symlinkat(text, folder, name)?)
}

/// By its descriptor, and only if it is a link of this user: in a folder of somebody else, a hard link to any file could
/// have taken its name meanwhile.
#[cfg(target_os = "linux")]
fn give_to(link: &FileAt, (user, group): (u32, u32)) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};

    let flags = OFlags::PATH | OFlags::NOFOLLOW;
    let open = link.open_with(flags, Mode::empty())?;
    let found = open.metadata()?;
    if (found.uid(), found.gid()) == (user, group) {
        return Ok(());
    }
    if !found.is_symlink() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it was replaced meanwhile"));
    }
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
    Ok(rustix::fs::chownat(open, c"", Some(user), Some(group), AtFlags::EMPTY_PATH)?)
}

/// Links cannot be opened on this system, so it is not sure which file has the name.
#[cfg(not(target_os = "linux"))]
fn give_to(_: &FileAt, _: (u32, u32)) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;
    use std::sync::Arc;

    use super::super::fault::fail_at;
    use super::*;
    use crate::fs::folder::Folder;

    fn at(folder: &tempfile::TempDir, name: &str) -> FileAt {
        let open = Arc::new(Folder::open(folder.path()).unwrap());
        FileAt::in_folder(open, folder.path().join(name))
    }

    #[test]
    fn a_link_is_made_replaced_and_never_followed() {
        let folder = tempfile::tempdir().unwrap();
        let link = at(&folder, "link");
        make(&link, OsStr::new("/etc/hostname"), None).unwrap();
        let again = make(&link, OsStr::new("other"), None);
        assert!(matches!(again, Err(AtomicFileError::Exists { .. })));
        let seen = Seen::of(&link.entry_metadata().unwrap());
        replace(&link, seen, OsStr::new("other"), None).unwrap();
        assert_eq!(link.read_link().unwrap(), "other");
    }

    #[test]
    fn what_is_no_link_any_more_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let link = at(&folder, "link");
        make(&link, OsStr::new("old"), None).unwrap();
        let seen = Seen::of(&link.entry_metadata().unwrap());
        link.remove().unwrap();
        fs::create_dir(folder.path().join("link")).unwrap();
        assert!(replace(&link, seen, OsStr::new("new"), None).is_err());
        assert!(folder.path().join("link").is_dir());
    }

    #[test]
    fn only_a_link_of_ours_is_given_away() {
        const NOBODY: u32 = 65_534;
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (at(&folder, "file"), at(&folder, "link"));
        fs::File::create_new(folder.path().join("file")).unwrap();
        assert!(give_to(&file, (NOBODY, NOBODY)).is_err());
        assert_eq!(file.entry_metadata().unwrap().uid(), 0);
        symlink(&link, OsStr::new("file")).unwrap();
        give_to(&link, (NOBODY, NOBODY)).unwrap();
        assert_eq!(link.entry_metadata().unwrap().uid(), NOBODY);
        assert!(give_to(&link, (0, 0)).is_err(), "it is not ours any more");
        assert_eq!(file.entry_metadata().unwrap().uid(), 0, "it was not followed");
    }

    #[test]
    fn the_old_link_is_back_where_no_new_one_can_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let link = at(&folder, "link");
        make(&link, OsStr::new("old"), None).unwrap();
        let seen = Seen::of(&link.entry_metadata().unwrap());
        let replaced = fail_at(&[Step::SymbolicLink], io::ErrorKind::StorageFull, || {
            replace(&link, seen, OsStr::new("new"), None)
        });
        assert!(matches!(replaced, Err(AtomicFileError::Io { .. })));
        assert_eq!(link.read_link().unwrap(), "old");
    }
}
