//! Putting another keyring in the place of this one: a backup, or an earlier generation.

use super::error::KeyringError;
use super::file::{FileFault, KeyringFile};
use super::generations::{self, Remnant, RemnantKind};
use super::key::{Key, KeyVersion};
use super::lock::Lock;
use super::model::Keyring;
use super::store::{Held, Store};

/// What a restored keyring has that the one before it had not, and the other way round; each as
/// `<key id> version <number>`.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// Back again.
    pub gained: Vec<String>,
    /// Gone, by force.
    pub lost: Vec<String>,
    /// Whether it is sealed now.
    pub is_sealed: bool,
}

impl Store {
    /// Saves the keyring of `source` here. What it replaces becomes a generation, also where it is
    /// damaged.
    ///
    /// It is sealed as `source` is; where that is not sealed and the one before was, with that one's
    /// passphrase. What would be lost is seen by the current keyring, or, where that does not open, by
    /// its newest generation that does.
    ///
    /// # Errors
    /// [`KeyringError::WouldLose`] unless `force`; else [`KeyringError`].
    pub fn restore(&self, source: &Self, force: bool) -> Result<Restored, KeyringError> {
        let keyring = source.load()?;
        let source_passphrase = if source.is_sealed()? { Some(source.passphrase()?) } else { None };
        let (path, target) = self.require_writable()?;
        let is_sealed = self.is_sealed().unwrap_or(false);
        if is_sealed && !force {
            self.passphrase()?;
        }
        let lock = Lock::take(path, &target, self.lock_timeout())?;
        let old = match self.read_file(path) {
            Ok(bytes) => Some(bytes),
            Err(KeyringError::NotFound { .. } | KeyringError::Lost { .. }) => None,
            Err(error) => return Err(error),
        };
        let generations = generations::list(&target).unwrap_or_default();
        let mut generation = generations.last().map_or(0, |(number, _)| *number);
        if let Some(bytes) = &old {
            generation = KeyringFile::parse(bytes.expose()).map_or(0, |file| file.generation());
        }
        let before = match old.as_ref().map(|bytes| self.decode(bytes)) {
            Some(Ok(decoded)) => Some(decoded.keyring),
            Some(Err(error)) if !is_damage(&error) && !force => return Err(error),
            // Nothing to compare with but what is kept of it.
            _ => generations.into_iter().rev().find_map(|(number, path)| {
                let kind = RemnantKind::Generation(number);
                self.load_remnant(&Remnant { path, kind }).ok()
            }),
        };
        let before = before.unwrap_or_default();
        let (gained, lost) = (missing_from(&before, &keyring), missing_from(&keyring, &before));
        if !lost.is_empty() && !force {
            return Err(KeyringError::WouldLose { path: path.to_path_buf(), versions: lost });
        }
        let passphrase = match source_passphrase {
            Some(passphrase) => Some(passphrase),
            None if is_sealed => Some(self.passphrase()?),
            None => None,
        };
        Held { store: self, _lock: lock, target, old, keyring, generation, is_sealed }
            .save(passphrase)?;
        Ok(Restored { gained, lost, is_sealed: passphrase.is_some() })
    }

    /// Generation `number` beside this keyring, to be restored.
    ///
    /// # Errors
    /// [`KeyringError::NoGeneration`], with the numbers there are.
    pub fn generation(&self, number: u64) -> Result<Remnant, KeyringError> {
        let remnants = self.remnants()?;
        let kind = RemnantKind::Generation(number);
        let found = remnants.iter().find(|remnant| remnant.kind == kind);
        found.cloned().ok_or_else(|| KeyringError::NoGeneration {
            path: self.path().to_path_buf(),
            number,
            numbers: remnants.iter().filter_map(Remnant::generation).collect(),
        })
    }
}

/// Whether the bytes are not those of a keyring, as opposed to one that is closed, or too new, to us.
fn is_damage(error: &KeyringError) -> bool {
    let KeyringError::File { fault, .. } = error else { return false };
    !matches!(fault, FileFault::Sealed(_) | FileFault::Newer(_))
}

/// The versions of `other` that `keyring` lacks, or has with other material.
fn missing_from(keyring: &Keyring, other: &Keyring) -> Vec<String> {
    let holds = |wanted: &KeyVersion| {
        keyring.versions().any(|(_, held)| {
            (&held.namespace, &held.name, &held.material)
                == (&wanted.namespace, &wanted.name, &wanted.material)
        })
    };
    let named =
        |(key, version): (&Key, &KeyVersion)| format!("{} version {}", key.id, version.number);
    other.versions().filter(|(_, version)| !holds(version)).map(named).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use tempfile::TempDir;

    use super::*;
    use crate::keyring::store::Location;

    fn store(path: &Path) -> Store {
        Store::new(Location::File(path.to_path_buf()), false)
    }

    fn add(store: &Store, alias: &str) {
        let key = Key::generate([alias.parse().unwrap()].into(), "").unwrap();
        let id = store.update(|keyring| Ok::<_, KeyringError>(keyring.add(key).unwrap().id));
        id.unwrap();
    }

    fn aliases(path: &Path) -> Vec<String> {
        store(path).load().unwrap().aliases().iter().map(ToString::to_string).collect()
    }

    /// A keyring with `a` and `b`, and a copy from before `b`.
    fn prepared() -> (TempDir, PathBuf, PathBuf) {
        let folder = TempDir::new().unwrap();
        let (path, copy) = (folder.path().join("keyring.json"), folder.path().join("copy"));
        add(&store(&path), "a");
        fs::copy(&path, &copy).unwrap();
        add(&store(&path), "b");
        (folder, path, copy)
    }

    #[test]
    fn what_would_be_lost_is_named_and_needs_force() {
        let (_folder, path, copy) = prepared();
        let id = store(&path).load().unwrap().key("b").unwrap().id;
        let error = store(&path).restore(&store(&copy), false).unwrap_err();
        let lost = vec![format!("{id} version 1")];
        assert!(matches!(&error, KeyringError::WouldLose { versions, .. } if *versions == lost));
        assert_eq!(aliases(&path), ["a", "b"]);
        let restored = store(&path).restore(&store(&copy), true).unwrap();
        assert_eq!(restored, Restored { gained: vec![], lost, is_sealed: false });
        assert_eq!(aliases(&path), ["a"]);
        // And what was replaced is a generation, from which it comes back.
        let newest = store(&path).generation(2).unwrap();
        let restored = store(&path).restore(&store(&newest.path), false).unwrap();
        assert_eq!(restored.gained.len(), 1);
        assert_eq!(aliases(&path), ["a", "b"]);
        let missing = store(&path).generation(9).unwrap_err();
        assert!(
            matches!(missing, KeyringError::NoGeneration { numbers, .. } if numbers == [1, 2, 3])
        );
    }

    #[test]
    fn where_the_keyring_is_damaged_or_lost_its_newest_generation_says_what_would_be_lost() {
        for damaged in [true, false] {
            let (_folder, path, copy) = prepared();
            add(&store(&path), "c");
            fs::remove_file(&path).unwrap();
            if damaged {
                let file = fs::File::options().write(true).create_new(true).open(&path).unwrap();
                std::io::Write::write_all(&mut &file, b"{}").unwrap();
                file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            }
            let error = store(&path).restore(&store(&copy), false).unwrap_err();
            assert!(matches!(error, KeyringError::WouldLose { .. }), "{error}");
            let newest = store(&path).generation(2).unwrap();
            store(&path).restore(&store(&newest.path), false).unwrap();
            assert_eq!(aliases(&path), ["a", "b"]);
            assert_eq!(store(&path).generation(3).is_ok(), damaged);
        }
    }

    #[test]
    fn a_machine_without_a_keyring_gets_one() {
        let (folder, _, copy) = prepared();
        let new = folder.path().join("new/keyring.json");
        store(&new).restore(&store(&copy), false).unwrap();
        assert_eq!(aliases(&new), ["a"]);
    }
}
