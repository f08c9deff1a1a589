//! Whether others could put another file under the keyring's name: the folders on the way to it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use super::saving::io_error;
use crate::fs::trust::is_trusted;
use crate::keyring::store::error::KeyringError;

/// Links that are followed at most, as the system does.
const MOST_LINKS: usize = 40;

/// In a folder with this bit, others can neither rename nor remove what is ours.
const STICKY: u32 = 0o1000;

/// Refuses a keyring at `path` where others could exchange it.
///
/// Its own folder must not be writable for others. Each folder above it, and each link on the way, must belong
/// to us or to root, and such a folder may be writable for others only if it is sticky. The modes on the device
/// `without_modes`, if there is one, say nothing.
pub(super) fn require_private_folders(
    path: &Path,
    without_modes: Option<u64>,
) -> Result<(), KeyringError> {
    let found = first_unsafe(path, without_modes)
        .map_err(|source| io_error("look at the folders of", path, source))?;
    let Some((folder, metadata)) = found else { return Ok(()) };
    let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
    Err(KeyringError::FolderOpenToOthers { path: path.to_path_buf(), folder, mode, owner })
}

/// The first folder or link on the way to `path` that others could change, if any.
fn first_unsafe(
    path: &Path,
    without_modes: Option<u64>,
) -> io::Result<Option<(PathBuf, Metadata)>> {
    let is_writable_for_others =
        |metadata: &Metadata| metadata.mode() & 0o022 != 0 && Some(metadata.dev()) != without_modes;
    let absolute = std::path::absolute(path)?;
    let mut rest = names(&absolute);
    let mut folder = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            folder.pop();
            continue;
        }
        let next = folder.join(&name);
        let metadata = match fs::symlink_metadata(&next) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            result => result?,
        };
        if !metadata.is_dir() && !metadata.is_symlink() {
            break;
        }
        let above = fs::symlink_metadata(&folder)?;
        let is_safe = !is_writable_for_others(&above) || above.mode() & STICKY != 0;
        if !is_safe || !is_trusted(above.uid()) {
            return Ok(Some((folder, above)));
        }
        if metadata.is_dir() {
            folder = next;
            continue;
        }
        if !is_trusted(metadata.uid()) {
            return Ok(Some((next, metadata)));
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(rustix::io::Errno::LOOP.into());
        }
        let target = fs::read_link(&next)?;
        if target.is_absolute() {
            folder = PathBuf::from("/");
        }
        let mut of_target = names(&target);
        of_target.append(&mut rest);
        rest = of_target;
    }
    let own = fs::symlink_metadata(&folder)?;
    let is_private = !is_writable_for_others(&own) && is_trusted(own.uid());
    Ok((!is_private).then_some((folder, own)))
}

/// The parts of a path, without its root.
fn names(path: &Path) -> VecDeque<OsString> {
    let is_name =
        |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    path.components().filter(is_name).map(|part| part.as_os_str().to_owned()).collect()
}
