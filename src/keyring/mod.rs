//! Root keys in a local file.
//!
//! - [`model`]: what a keyring holds, and which key a name means
//! - [`name`]: ids and aliases; [`material`]: the secret part
//! - [`exchange`]: one key version as JSON, to hand to or take from another tool
//! - [`mod@file`]: the file's bytes: a header line with a checksum, and a body
//! - [`store`]: reading it with suspicion, and changing it without ever losing it

pub mod exchange;
pub mod file;
pub mod material;
pub mod model;
pub mod name;
pub mod store;

use std::io;
use std::path::PathBuf;

pub use file::FileFault;
pub use material::Material;
pub use model::{Key, KeyError, KeyVersion, Keyring};
pub use name::{Alias, KeyId};
pub use store::{Location, Store};

use crate::atomic_file::AtomicFileError;

/// Why a keyring was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is none.
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
        /// The same, symlinks resolved.
        target: PathBuf,
        /// The newest generation beside it.
        newest: PathBuf,
    },
    /// `ENWRAP_KEYRING_DATA` is set and holds nothing.
    #[error("ENWRAP_KEYRING_DATA is set but empty: the secret is not available here")]
    EmptyData,
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
    /// Others may put another file in its place.
    #[error("others can write to the folder of the keyring '{}' (mode {mode:04o}, owner {owner})", path.display())]
    FolderOpenToOthers {
        /// The file.
        path: PathBuf,
        /// The folder that it is in, symlinks resolved.
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
