//! What earlier changes left beside a keyring: its last generations, and, after a crash, files that never
//! got their name.
//!
//! Generations are kept against accidents, never against destruction: what a change was to destroy is
//! erased from them too.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::saving::{KeepsMode, MOST_BYTES, beside, io_error, is_same_file, prepare, publish};
use crate::crypto::secret::SecretText;
use crate::fs::atomic_file::fault::{Step, step};
use crate::fs::atomic_file::temporary::is_temporary_name;
use crate::fs::atomic_file::{Existing, folder_of, sync_folder};
use crate::fs::trust::is_trusted;
use crate::keyring::format::file::{self, KeyringFile};
use crate::keyring::store::error::KeyringError;

/// Generations that are kept.
const KEPT: usize = 10;

/// How every keyring that enwrap writes begins.
pub const FIRST_BYTES: &[u8] = br#"{"format":"enwrap-keyring""#;

/// A file beside a keyring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remnant {
    /// Where.
    pub path: PathBuf,
    /// What its name says.
    pub kind: RemnantKind,
}

/// What a file beside a keyring is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RemnantKind {
    /// `keyring.json.N`.
    Generation(u64),
    /// A temporary name of enwrap's, whose process is gone.
    Abandoned,
    /// Something else: perhaps a backup, perhaps an exported key.
    Other,
}

/// The name under which the current file stays as a generation.
pub(crate) struct GenerationName {
    pub(crate) number: u64,
    path: PathBuf,
    /// Left by a change that failed after naming it.
    is_current_file: bool,
}

/// The generations beside `target`, in ascending order. What others put there is none.
pub(crate) fn list(target: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for remnant in remnants(target)? {
        if let Some(number) = remnant.generation() {
            found.push((number, remnant.path));
        }
    }
    Ok(found)
}

/// All plain files of ours beside `target`, which may hold keys; sorted, generations first.
pub(crate) fn remnants(target: &Path) -> io::Result<Vec<Remnant>> {
    let Some(name) = target.file_name() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder_of(target))? {
        let entry = entry?;
        let entry_name = entry.file_name();
        let Ok(metadata) = entry.metadata() else { continue };
        if !metadata.is_file() || !is_trusted(metadata.uid()) || entry_name == name {
            continue;
        }
        let number = entry_name
            .as_bytes()
            .strip_prefix(name.as_bytes())
            .and_then(|rest| std::str::from_utf8(rest.strip_prefix(b".")?).ok())
            .and_then(|number| number.parse().ok().filter(|n: &u64| n.to_string() == number));
        let mut remnant = Remnant { path: entry.path(), kind: RemnantKind::Other };
        match number {
            Some(number) if remnant.can_have(number) => {
                remnant.kind = RemnantKind::Generation(number);
            }
            // A live process holds a lock on its temporary files, and will remove them.
            None if is_temporary_name(&entry_name) && remnant.is_locked() => continue,
            None if is_temporary_name(&entry_name) && remnant.begins_as_keyring() => {
                remnant.kind = RemnantKind::Abandoned;
            }
            _ => {}
        }
        found.push(remnant);
    }
    found.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    Ok(found)
}

impl Remnant {
    /// The number of a generation.
    #[must_use]
    pub fn generation(&self) -> Option<u64> {
        match self.kind {
            RemnantKind::Generation(number) => Some(number),
            RemnantKind::Abandoned | RemnantKind::Other => None,
        }
    }

    /// Whether it is a sealed keyring.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.read().is_ok_and(|bytes| {
            KeyringFile::parse(bytes.expose()).is_ok_and(|file| file.is_sealed())
        })
    }

    /// All of its bytes.
    pub(crate) fn read(&self) -> io::Result<SecretText> {
        SecretText::read_from(File::open(&self.path)?, MOST_BYTES)
    }

    /// Whether its first bytes are a keyring's.
    pub(crate) fn begins_as_keyring(&self) -> bool {
        let mut first = [0; FIRST_BYTES.len()];
        File::open(&self.path).and_then(|file| file.read_exact_at(&mut first, 0)).is_ok()
            && first == FIRST_BYTES
    }

    /// Whether a generation can have this number. A copy that someone named by its date has a number far
    /// beyond what it says of itself, and is not ours to remove.
    fn can_have(&self, number: u64) -> bool {
        /// Generations are renumbered where an older keyring was put back by hand; nobody does that often.
        const MOST_RENUMBERED: u64 = 10_000;
        let mut line = [0; 256];
        let read = File::open(&self.path).and_then(|file| file.read_at(&mut line, 0)).unwrap_or(0);
        let own = file::generation_in(&line[..read]).unwrap_or(0);
        number.saturating_sub(own) < MOST_RENUMBERED
    }

    fn is_locked(&self) -> bool {
        File::open(&self.path)
            .is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
    }
}

/// No generation is ever overwritten: where its own number is taken (an older keyring was put back
/// by hand), the current file gets the next free one.
pub(crate) fn name(target: &Path, generation: u64) -> Result<GenerationName, KeyringError> {
    let is_target = |path: &Path| match (fs::metadata(path), fs::metadata(target)) {
        (Ok(a), Ok(b)) => is_same_file(&a, &b),
        _ => false,
    };
    let mut list =
        list(target).map_err(|source| io_error("look for generations of", target, source))?;
    let number = match list.pop() {
        Some((number, path)) if is_target(&path) => {
            return Ok(GenerationName { number, path, is_current_file: true });
        }
        Some((newest, _)) => generation.max(newest.saturating_add(1)),
        None => generation,
    };
    let path = beside(target, &format!(".{number}"));
    Ok(GenerationName { number, path, is_current_file: false })
}

/// Gives the current file, which holds `text`, its second name.
pub(crate) fn keep(
    target: &Path,
    name: &GenerationName,
    text: &SecretText,
) -> Result<(), KeyringError> {
    if name.is_current_file {
        return Ok(());
    }
    let linked = step(Step::KeepGeneration).and_then(|()| fs::hard_link(target, &name.path));
    if linked.is_err() {
        // A file system without hard links.
        publish(prepare(&name.path, text)?, Existing::Refuse, KeepsMode::No)?;
    }
    sync_folder(folder_of(target)).map_err(|source| io_error("sync the folder of", target, source))
}

/// Takes the second name back where the current file is still the same, so that a change that fails every
/// night does not push the real generations out.
pub(crate) fn unkeep(target: &Path, name: &GenerationName, text: &SecretText) {
    let current = File::open(target).and_then(|file| SecretText::read_from(file, MOST_BYTES));
    if current.is_ok_and(|current| current.expose() == text.expose()) {
        drop(fs::remove_file(&name.path));
    }
}

/// Removes the generations beyond the last ten, and what dead processes left.
pub(crate) fn forget(target: &Path) {
    // One too many harms nothing, so neither does a folder that cannot be listed now.
    let mut old = list(target).unwrap_or_default();
    old.truncate(old.len().saturating_sub(KEPT));
    for (_, path) in old {
        drop(fs::remove_file(path));
    }
    for remnant in remnants(target).unwrap_or_default() {
        if remnant.kind == RemnantKind::Abandoned {
            drop(fs::remove_file(remnant.path));
        }
    }
}

/// Removes every generation and abandoned file that `holds` says of, and has that on the disk.
///
/// # Errors
/// [`KeyringError::Remains`] names what could not be removed.
pub(crate) fn erase(target: &Path, holds: impl Fn(&Remnant) -> bool) -> Result<(), KeyringError> {
    let failed = |source| io_error("look for generations of", target, source);
    let mut files = Vec::new();
    for remnant in remnants(target).map_err(failed)? {
        let is_ours = remnant.kind != RemnantKind::Other;
        if is_ours && holds(&remnant) && fs::remove_file(&remnant.path).is_err() {
            files.push(remnant.path);
        }
    }
    sync_folder(folder_of(target))
        .map_err(|source| io_error("sync the folder of", target, source))?;
    if files.is_empty() { Ok(()) } else { Err(KeyringError::Remains { files }) }
}
