//! The files that earlier changes left beside the keyring: its last generations, and temporary files of
//! processes that died.
//!
//! Generations help after an accident. They must not undo a destruction: key material that is destroyed is
//! removed from them too.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::saving::{MOST_BYTES, beside, io_error, is_same_file, prepare, publish};
use crate::crypto::secret::SecretText;
use crate::fs::atomic_file::fault::{Step, step};
use crate::fs::atomic_file::temporary::is_temporary_name;
use crate::fs::atomic_file::{Access, Existing, folder_of, sync_folder};
use crate::fs::folder::Folder;
use crate::fs::refused::{Wish, is_refused};
use crate::fs::trust::is_trusted;
use crate::keyring::format::file::{self, KeyringFile};
use crate::keyring::store::error::KeyringError;

/// Generations that are kept.
const KEPT: usize = 10;

/// The first bytes of every keyring that enwrap writes.
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
    /// Whether the name exists already: an earlier change failed after it had made the name.
    is_current_file: bool,
}

/// The generations beside `target`, in ascending order. Files of other users do not count.
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
    let folder = Folder::open(folder_of(target))?;
    for entry_name in folder.names()? {
        let metadata = match step(Step::LookBeside).and_then(|()| folder.metadata_of(&entry_name)) {
            Ok(metadata) => metadata,
            // Another process removed it since the folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if !metadata.is_file() || !is_trusted(metadata.uid()) || entry_name == name {
            continue;
        }
        let number = entry_name
            .as_bytes()
            .strip_prefix(name.as_bytes())
            .and_then(|rest| std::str::from_utf8(rest.strip_prefix(b".")?).ok())
            .and_then(|number| number.parse().ok().filter(|n: &u64| n.to_string() == number));
        let path = target.with_file_name(&entry_name);
        let mut remnant = Remnant { path, kind: RemnantKind::Other };
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

    /// Opens it, to be read.
    pub(crate) fn open(&self) -> io::Result<File> {
        step(Step::OpenBeside).and_then(|()| File::open(&self.path))
    }

    /// All of its bytes.
    pub(crate) fn read(&self) -> io::Result<SecretText> {
        SecretText::read_from(self.open()?, MOST_BYTES)
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

    fn remove(&self) -> io::Result<()> {
        let fault = self.generation().map_or(Ok(()), |number| step(Step::RemoveGeneration(number)));
        match fault.and_then(|()| fs::remove_file(&self.path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn is_locked(&self) -> bool {
        File::open(&self.path)
            .is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
    }
}

/// The name for the current file. Nothing that has such a name is overwritten, nor written through where it is a
/// link: where the file's own number is taken, because an older keyring was put back by hand or somebody planted
/// a link, the file gets the next free number.
pub(crate) fn name(target: &Path, generation: u64) -> Result<GenerationName, KeyringError> {
    let is_target = |path: &Path| match (fs::metadata(path), fs::metadata(target)) {
        (Ok(a), Ok(b)) => is_same_file(&a, &b),
        _ => false,
    };
    let mut list =
        list(target).map_err(|source| io_error("look for generations of", target, source))?;
    let first = match list.pop() {
        Some((number, path)) if is_target(&path) => {
            return Ok(GenerationName { number, path, is_current_file: true });
        }
        Some((newest, _)) => generation.max(newest.saturating_add(1)),
        None => generation,
    };
    for number in first..=u64::MAX {
        let path = beside(target, &format!(".{number}"));
        match fs::symlink_metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(GenerationName { number, path, is_current_file: false });
            }
            Err(source) => return Err(io_error("name a generation of", target, source)),
        }
    }
    Err(io_error("name a generation of", target, io::ErrorKind::QuotaExceeded.into()))
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
    match step(Step::KeepGeneration).and_then(|()| fs::hard_link(target, &name.path)) {
        Ok(()) => {}
        // It appeared since the name was chosen.
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
            return Err(io_error("name a generation of", target, source));
        }
        // A file system without hard links.
        Err(_) => {
            let _ = publish(prepare(&name.path, text)?, Existing::Refuse, Access::OwnerOnly)?;
        }
    }
    sync_folder(folder_of(target)).map_err(|source| io_error("sync the folder of", target, source))
}

/// Removes the second name if the current file is still the same. Otherwise a change that fails every night
/// would fill the list of generations with copies of one state.
pub(crate) fn unkeep(target: &Path, name: &GenerationName, text: &SecretText) {
    let current = File::open(target).and_then(|file| SecretText::read_from(file, MOST_BYTES));
    if current.is_ok_and(|current| current.expose() == text.expose()) {
        drop(fs::remove_file(&name.path));
    }
}

/// Removes what dead processes left, and the generations beyond the last ten, the oldest first.
///
/// It stops at the first file that cannot be removed. That file may hold key material whose destruction was
/// interrupted, and only a newer generation says that the material was due.
pub(crate) fn forget(target: &Path) {
    // A generation too many does no harm, so a folder that cannot be listed is no error here.
    let Ok(remnants) = remnants(target) else { return };
    let count = remnants.iter().filter(|remnant| remnant.generation().is_some()).count();
    let (old, others) = remnants.split_at(count.min(remnants.len()));
    let abandoned = others.iter().filter(|it| it.kind == RemnantKind::Abandoned);
    let old = &old[..count.saturating_sub(KEPT)];
    for remnant in abandoned.chain(old) {
        if remnant.remove().is_err() {
            return;
        }
    }
}

/// What [`erase`] does with a generation or an abandoned file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// It stays.
    No,
    /// It is removed.
    Yes,
    /// It is removed after all others are gone: it says that what they hold was due.
    Last,
}

/// Removes generations and abandoned files as `choose` says, and syncs the folder.
///
/// Where one cannot be removed, those that are to go last stay: the next purge learns from them what is still
/// to be destroyed.
///
/// # Errors
/// [`KeyringError::Remains`] names what could not be removed.
pub(crate) fn erase(
    target: &Path,
    choose: impl Fn(&Remnant) -> Removal,
) -> Result<(), KeyringError> {
    // The older generations may be all that a power cut leaves, if the new one is not on the disk.
    if is_refused(Wish::Sync) {
        let refused = io::ErrorKind::Unsupported.into();
        return Err(io_error(
            "sync the new generation, so the older ones stay, of",
            target,
            refused,
        ));
    }
    let sync = || {
        sync_folder(folder_of(target))
            .map_err(|source| io_error("sync the folder of", target, source))
    };
    let found = remnants(target)
        .map_err(|source| io_error("look for generations of", target, source))?
        .into_iter()
        .filter(|remnant| remnant.kind != RemnantKind::Other)
        .map(|remnant| (choose(&remnant), remnant));
    let (last, others): (Vec<_>, Vec<_>) = found.partition(|(it, _)| *it == Removal::Last);
    let mut files = Vec::new();
    for (_, remnant) in others.into_iter().filter(|(it, _)| *it == Removal::Yes) {
        if remnant.remove().is_err() {
            files.push(remnant.path);
        }
    }
    sync()?;
    // In ascending order: the newest one names the most versions.
    for (_, remnant) in last {
        if files.is_empty() && remnant.remove().is_err() {
            files.push(remnant.path);
        }
    }
    sync()?;
    if files.is_empty() { Ok(()) } else { Err(KeyringError::Remains { files }) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_temporary_file_that_is_being_written_is_not_abandoned() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("keyring.json");
        let path = folder.path().join(".enwrap-0123456789abcdef.tmp");
        File::create_new(&path).unwrap().write_all(FIRST_BYTES).unwrap();
        let kinds = || remnants(&target).unwrap().into_iter().map(|it| it.kind).collect::<Vec<_>>();
        assert_eq!(kinds(), [RemnantKind::Abandoned]);
        let writing = File::open(&path).unwrap();
        writing.try_lock().unwrap();
        assert_eq!(kinds(), []);
    }
}
