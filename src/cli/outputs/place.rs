//! Which file a path leads to.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use enwrap::fs::atomic_file::{folder_of, resolve_symlinks};
use enwrap::fs::file_at::FileAt;
use enwrap::fs::folder::Folder;

/// A file, whatever it is called. Two paths to one file have the same place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A plain file that exists: its device and inode.
    File(u64, u64),
    /// A file that does not exist: the device and inode of its folder, and its name.
    Missing(u64, u64, OsString),
}

impl Place {
    /// `None` where no plain file is and none can be made: for a folder, a device, or a path through a folder that
    /// does not exist. Whoever opens the path gets the error.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        if let Ok(metadata) = fs::metadata(path) {
            return Self::of_file(&metadata);
        }
        // A link that leads nowhere: the file is made where it leads.
        let path = resolve_symlinks(path).ok()?;
        let folder = fs::metadata(folder_of(&path)).ok()?;
        Some(Self::Missing(folder.dev(), folder.ino(), path.file_name()?.to_owned()))
    }

    /// The place of a file in an open folder, where no link is followed, and of what was `found` there.
    pub(super) fn in_folder(file: &FileAt, found: Option<&Metadata>) -> Option<Self> {
        if let Some(found) = found {
            return Self::of_file(found);
        }
        let (device, inode) = file.folder()?.identity().ok()?;
        Some(Self::Missing(device, inode, file.file_name()?.to_owned()))
    }

    /// The place of an open file; `None` if it is no plain file.
    pub(crate) fn of_file(metadata: &Metadata) -> Option<Self> {
        metadata.is_file().then(|| Self::File(metadata.dev(), metadata.ino()))
    }
}

/// The places of a keyring's file, its lock and its generations.
#[derive(Debug)]
pub(super) struct KeyringPlaces {
    files: Vec<Place>,
    /// The device and inode of the keyring's folder, and the keyring's name in it.
    folder: Option<(u64, u64, OsString)>,
}

impl KeyringPlaces {
    pub(super) fn of(keyring: &Path) -> Self {
        // The lock and the generations are beside the file that a link leads to.
        let Ok(target) = resolve_symlinks(keyring) else {
            return Self { files: Vec::new(), folder: None };
        };
        let (folder, name) = (folder_of(&target), target.file_name().unwrap_or_default());
        // In a folder that cannot be listed, files are still known by their names.
        let names = Folder::open(folder).and_then(|folder| folder.names()).unwrap_or_default();
        let files = names
            .iter()
            .filter(|found| is_of_keyring(found, name))
            .filter_map(|found| Place::of(&folder.join(found)))
            .chain(Place::of(&target))
            .collect();
        let found = fs::metadata(folder).ok();
        Self { files, folder: found.map(|found| (found.dev(), found.ino(), name.to_owned())) }
    }

    /// Whether `path`, which leads to `place`, is or would be one of the keyring's files.
    pub(super) fn contains(&self, path: &Path, place: &Place) -> bool {
        if self.files.contains(place) {
            return true;
        }
        let Some((device, inode, keyring)) = &self.folder else { return false };
        // Of a new file, which is the usual output, the place says all, and the system is not asked again.
        if let Place::Missing(of_device, of_inode, name) = place {
            return (of_device, of_inode) == (device, inode) && is_of_keyring(name, keyring);
        }
        let Ok(path) = resolve_symlinks(path) else { return false };
        is_of_keyring(path.file_name().unwrap_or_default(), keyring)
            && fs::metadata(folder_of(&path))
                .is_ok_and(|folder| (folder.dev(), folder.ino()) == (*device, *inode))
    }
}

/// Whether a file beside the keyring is the keyring itself, its lock, or, by its name, a generation.
fn is_of_keyring(name: &OsStr, keyring: &OsStr) -> bool {
    match name.as_encoded_bytes().strip_prefix(keyring.as_encoded_bytes()) {
        Some([] | b".lock") => true,
        Some([b'.', number @ ..]) => !number.is_empty() && number.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
