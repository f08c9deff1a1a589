//! Why a keyring file cannot be read or changed.

use std::io;
use std::path::{Path, PathBuf};

use crate::fs::atomic_file::AtomicFileError;
use crate::fs::trust::is_trusted;
use crate::keyring::format::file::FileFault;

/// Why a keyring was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is no keyring.
    #[error("there is no keyring at '{}'", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is gone, and earlier generations of it are there.
    #[error("the keyring '{}' is missing, and earlier generations of it are still there", path.display())]
    Lost {
        /// Where it was.
        path: PathBuf,
        /// The number of the newest generation beside it.
        newest: u64,
    },
    /// The data that should be the keyring's text holds nothing.
    #[error("{} is set but empty: the secret is not available here", name.display())]
    EmptyData {
        /// What the caller named the data.
        name: PathBuf,
    },
    /// What was read is no keyring that this version can use.
    #[error("the keyring '{}' {fault}", path.display())]
    File {
        /// The file, or the variable.
        path: PathBuf,
        /// What is wrong with its bytes.
        fault: FileFault,
    },
    /// Others may read or write it.
    #[error("the keyring '{}' is open to others (mode {mode:04o}, owner {owner})", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Its owner's number.
        owner: u32,
    },
    /// The file system keeps no permissions, so others may read a keyring there, and it is not sealed.
    #[error("the file system of the keyring '{}' keeps no permissions: others could read it", path.display())]
    NoModes {
        /// The file.
        path: PathBuf,
    },
    /// The file system has no locks, so two changes at once could lose a key.
    #[error("the file system of the keyring '{}' has no locks, so it is not changed there", path.display())]
    NoLocks {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Others may put another file in its place: they can change a folder or a link on the way to it.
    #[error("{}, on the way to the keyring '{}' (mode {mode:04o}, owner {owner})", weakness(folder, *owner), path.display())]
    FolderOpenToOthers {
        /// The file.
        path: PathBuf,
        /// The folder, with symlinks resolved, or the link.
        folder: PathBuf,
        /// The folder's mode.
        mode: u32,
        /// Its owner's number.
        owner: u32,
    },
    /// It cannot be changed where it is.
    #[error("the keyring '{}' is read-only here", path.display())]
    ReadOnly {
        /// The file, or the variable.
        path: PathBuf,
    },
    /// Another process is changing it, and did not finish in time.
    #[error("the keyring '{}' is locked by process {holder}", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// The process, as its lock file names it.
        holder: String,
    },
    /// The keyring is sealed, and no passphrase was given.
    #[error("the keyring '{}' is sealed, and there is no passphrase", path.display())]
    NoPassphrase {
        /// The file.
        path: PathBuf,
        /// Why there is none.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A passphrase was named in advance, and the keyring is not sealed: another one may stand in its place.
    #[error("the keyring '{}' is not sealed, and a passphrase is named for it", path.display())]
    NotSealed {
        /// The file.
        path: PathBuf,
    },
    /// A file beside the keyring could not be looked into: it may hold what is to be destroyed.
    #[error("cannot look into '{}', which may hold what is to go", path.display())]
    Unseen {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// What is to be destroyed is also in files beside the keyring that are not enwrap's to remove. Nothing
    /// was changed.
    #[error("nothing was changed: what is to go is also in {}", list(files))]
    Elsewhere {
        /// The files that hold it.
        files: Vec<PathBuf>,
    },
    /// The change is saved, but generations that hold what it was to destroy could not be removed.
    #[error("the keyring is changed, but its generations {} could not be removed", list(files))]
    Remains {
        /// The generations.
        files: Vec<PathBuf>,
    },
    /// Another keyring was to be put in its place that lacks some of its key versions.
    #[error("the keyring '{}' has key versions that the other one lacks: {}", path.display(), versions.join(", "))]
    WouldLose {
        /// The file.
        path: PathBuf,
        /// The versions that would be lost, as `<key id> version <number>`.
        versions: Vec<String>,
    },
    /// There is no generation of this number.
    #[error("there is no generation {number} of the keyring '{}'", path.display())]
    NoGeneration {
        /// The keyring.
        path: PathBuf,
        /// The number asked for.
        number: u64,
        /// Those there are.
        numbers: Vec<u64>,
    },
    /// It could not be read.
    #[error("cannot {action} the keyring '{}'", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// It could not be written.
    #[error("the keyring was not saved")]
    Save(#[source] AtomicFileError),
}

fn list(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| format!("'{}'", file.display())).collect();
    files.join(", ")
}

/// Who could put another keyring in the place of this one.
fn weakness(folder: &Path, owner: u32) -> String {
    if is_trusted(owner) {
        format!("others can write to '{}'", folder.display())
    } else {
        format!("another user owns '{}'", folder.display())
    }
}
