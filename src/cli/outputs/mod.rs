//! The files that a run writes to, and the one place that refuses to write to a file.
//!
//! Refused are: the keyring in use, with its lock and its generations; the file with the passphrase; an input of this
//! run; and another output of this run. A link to such a file, also a hard link, is that file.

pub(crate) mod place;

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use enwrap::fs::append::{self, Links, Opened};
use enwrap::fs::file_at::FileAt;

use crate::cli::secrets::passphrase::Sources;
use crate::output::error::{CannotAppend, Error, UsageError};
use crate::output::{Ui, sanitize};
use place::{KeyringPlaces, Place};

/// What a file is to this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The keyring, its lock, or one of its generations.
    Keyring,
    /// The file with a passphrase.
    Passphrase,
    Input,
    /// An output that is still to be written.
    Planned,
    /// An output that was written, or is open.
    Written,
}

/// The files of a run.
pub(crate) struct Outputs {
    pub(crate) ui: Ui,
    files: Mutex<BTreeMap<Place, Role>>,
    keyring: OnceLock<PathBuf>,
    /// Looked for when the first output is.
    keyring_places: OnceLock<KeyringPlaces>,
}

impl Outputs {
    pub(crate) fn new(ui: Ui) -> Self {
        let (keyring, keyring_places) = (OnceLock::new(), OnceLock::new());
        Self { ui, files: Mutex::default(), keyring, keyring_places }
    }

    /// Has the files of `keyring` refused.
    pub(crate) fn protect_keyring(&self, keyring: &Path) {
        self.keyring.get_or_init(|| keyring.to_path_buf());
    }

    /// Has the file refused that a passphrase is read from.
    pub(crate) fn protect_passphrase(&self, sources: &Sources) {
        if let Some(file) = sources.file() {
            self.protect(&file, Role::Passphrase);
        }
    }

    /// Has a file refused as an output.
    pub(crate) fn protect(&self, path: &Path, role: Role) {
        if let Some(place) = Place::of(path) {
            self.files().entry(place).or_insert(role);
        }
    }

    /// As [`protect`](Self::protect), for a file that is open.
    pub(crate) fn protect_open(&self, metadata: &Metadata, role: Role) {
        if let Some(place) = Place::of_file(metadata) {
            self.files().insert(place, role);
        }
    }

    /// Refuses a file that must not be written to, and notes it as an output of this run.
    pub(crate) fn plan(&self, path: &Path) -> Result<(), UsageError> {
        let Some(place) = Place::of(path) else { return Ok(()) };
        if let Some(role) = self.role(path, &place) {
            return Err(refusal(&quoted(path), role));
        }
        self.files().insert(place, Role::Planned);
        Ok(())
    }

    /// Refuses a file that must not be written to. It may have been planned.
    pub(crate) fn check(&self, path: &Path) -> Result<(), UsageError> {
        let role = Place::of(path).and_then(|place| self.role(path, &place));
        match role.filter(|role| *role != Role::Planned) {
            Some(role) => Err(refusal(&quoted(path), role)),
            None => Ok(()),
        }
    }

    /// As [`check`](Self::check), for a file in an open folder, and what was `found` there.
    pub(crate) fn check_in_folder(
        &self,
        file: &FileAt,
        found: Option<&Metadata>,
    ) -> Result<(), UsageError> {
        let role = Place::in_folder(file, found).and_then(|place| self.role(file, &place));
        match role.filter(|role| *role != Role::Planned) {
            Some(role) => Err(refusal(&quoted(file), role)),
            None => Ok(()),
        }
    }

    /// Notes a file in an open folder as an output of this run, and refuses a second one of its name. Two may be worked
    /// on beside each other, and with `-f` the one that is ready later would replace the other.
    pub(crate) fn plan_in_folder(&self, file: &FileAt) -> Result<(), UsageError> {
        let Some(place) = Place::in_folder(file, None) else { return Ok(()) };
        let mut files = self.files();
        if let Some(role) = files.get(&place) {
            return Err(refusal(&quoted(file), *role));
        }
        files.insert(place, Role::Planned);
        Ok(())
    }

    /// Refuses a file that must not be written to, by its open folder where it is in one.
    pub(crate) fn check_at(&self, file: &FileAt) -> Result<(), UsageError> {
        match file.folder() {
            Some(_) => self.check_in_folder(file, file.entry_metadata().ok().as_ref()),
            None => self.check(file),
        }
    }

    /// Refuses standard output where it leads to a file that must not be written to.
    pub(crate) fn check_stdout(&self, metadata: &Metadata) -> Result<(), UsageError> {
        let Some(place) = Place::of_file(metadata) else { return Ok(()) };
        // By place alone: standard output has no name.
        match self.role(Path::new(""), &place) {
            Some(role @ (Role::Keyring | Role::Passphrase | Role::Input)) => {
                Err(refusal("standard output", role))
            }
            _ => Ok(()),
        }
    }

    /// Opens a file that was [planned](Self::plan), to append lines to it. It must be empty, or begin with a line that `is_record` accepts.
    pub(crate) fn append_to(
        &self,
        path: &Path,
        is_record: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Opened, Error> {
        let opened = append::resolve(&path.into(), Links::Follow)
            .and_then(|target| append::open(&target, 0o666, is_record))
            .map_err(|source| CannotAppend { path: path.to_path_buf(), source })?;
        self.protect_open(&opened.file.metadata()?, Role::Written);
        Ok(opened)
    }

    fn role(&self, path: &Path, place: &Place) -> Option<Role> {
        let keyring = self.keyring.get().map(|keyring| {
            self.keyring_places.get_or_init(|| KeyringPlaces::of(keyring)).contains(path, place)
        });
        if keyring == Some(true) { Some(Role::Keyring) } else { self.files().get(place).copied() }
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<Place, Role>> {
        // Each change of the map is a single call, so a panic of another thread leaves it consistent.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn quoted(path: &Path) -> String {
    format!("'{}'", sanitize::name(path))
}

fn refusal(shown: &str, role: Role) -> UsageError {
    let problem = match role {
        Role::Keyring => format!("{shown} belongs to the keyring itself"),
        Role::Passphrase => format!("{shown} holds a passphrase"),
        Role::Input => format!("{shown} is both an input and an output: they are the same file"),
        Role::Planned | Role::Written => format!("two results have the same output {shown}"),
    };
    UsageError::new(problem).hint(match role {
        Role::Keyring | Role::Passphrase => "write to another file",
        Role::Input | Role::Planned | Role::Written => {
            "choose another output: -o FILE, or --output-dir DIR"
        }
    })
}
