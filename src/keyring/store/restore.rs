//! Putting another keyring in the place of this one: a backup, or an earlier generation.

use std::path::PathBuf;

use super::Store;
use super::changing::Held;
use super::compare::missing_from;
use super::generations::{self, Remnant, RemnantKind};
use super::reading::Decoded;
use super::saving::{self, io_error};
use crate::crypto::secret::SecretText;
use crate::keyring::format::file::{FileFault, KeyringFile};
use crate::keyring::model::key::{Key, KeyVersion};
use crate::keyring::model::keyring::Keyring;
use crate::keyring::store::error::KeyringError;

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
    /// Whether it is sealed and earlier generations beside it are not.
    pub clear_generations: bool,
}

impl Store {
    /// Saves the keyring of `source` here. What it replaces becomes a generation, also where it is
    /// damaged.
    ///
    /// It is sealed as `source` is; where that is not sealed and the one before was and opened, with that
    /// one's passphrase. What would be lost is seen by the current keyring, or, where that does not open, by
    /// its newest generation that does.
    ///
    /// # Errors
    /// [`KeyringError::WouldLose`] unless `force`; else [`KeyringError`].
    pub fn restore(&self, source: &Self, force: bool) -> Result<Restored, KeyringError> {
        let Decoded { keyring, is_sealed, .. } = source.load_decoded()?;
        let source_passphrase = if is_sealed { Some(source.passphrase()?) } else { None };
        let (path, target) = self.require_writable()?;
        // Asked before the lock is taken; by force also without an answer.
        if self.is_sealed().unwrap_or(false) {
            match self.passphrase() {
                Err(error) if !force => return Err(error),
                _ => {}
            }
        }
        let lock = saving::lock(path, &target, self.lock_timeout())?;
        let old = match self.read_file(path) {
            Ok(bytes) => Some(bytes),
            Err(KeyringError::NotFound { .. } | KeyringError::Lost { .. }) => None,
            Err(error) => return Err(error),
        };
        let generations = generations::list(&target)
            .map_err(|source| io_error("look for generations of", &target, source))?;
        let mut generation = generations.last().map_or(0, |(number, _)| *number);
        if let Some(bytes) = &old {
            generation = KeyringFile::parse(bytes.expose()).map_or(0, |file| file.generation());
        }
        let before = self.newest_that_opens(old.as_ref(), &generations, force)?;
        let none = Keyring::default();
        let known = before.as_ref().map_or(&none, |decoded| &decoded.keyring);
        let gained = names_missing_from(known, &keyring);
        let lost = names_missing_from(&keyring, known);
        if !lost.is_empty() && !force {
            return Err(KeyringError::WouldLose { path: path.to_path_buf(), versions: lost });
        }
        let was_sealed = before.as_ref().is_some_and(|decoded| decoded.is_sealed);
        let passphrase = match source_passphrase {
            Some(passphrase) => Some(passphrase),
            // Only one that has opened something here: a slip of the hand must not seal it.
            None if was_sealed => Some(self.passphrase()?),
            None => None,
        };
        let clear_generations = passphrase.is_some() && !was_sealed && before.is_some();
        let is_sealed = old.as_ref().is_some_and(|bytes| {
            KeyringFile::parse(bytes.expose()).is_ok_and(|file| file.is_sealed())
        });
        Held { store: self, _lock: lock, target, old, keyring, generation, is_sealed }
            .save(passphrase)?;
        Ok(Restored { gained, lost, is_sealed: passphrase.is_some(), clear_generations })
    }

    /// What to compare with: the current keyring, or, where that is gone or damaged, its newest generation
    /// that opens. What is closed to us stops everything, unless by `force`.
    fn newest_that_opens(
        &self,
        current: Option<&SecretText>,
        generations: &[(u64, PathBuf)],
        force: bool,
    ) -> Result<Option<Decoded>, KeyringError> {
        let mut closed = None;
        let generations = generations.iter().rev().map(|(number, path)| {
            self.decode_known(&Remnant {
                path: path.clone(),
                kind: RemnantKind::Generation(*number),
            })
        });
        let current = current.map(|bytes| self.decode(bytes));
        for decoded in current.into_iter().chain(generations) {
            match decoded {
                Ok(decoded) => return Ok(Some(decoded)),
                Err(error) if !is_damage(&error) => drop(closed.get_or_insert(error)),
                Err(_) => {}
            }
            if !force && let Some(error) = closed {
                return Err(error);
            }
        }
        Ok(None)
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

/// The versions of `other` that `keyring` lacks, for people.
fn names_missing_from(keyring: &Keyring, other: &Keyring) -> Vec<String> {
    let named =
        |(key, version): (&Key, &KeyVersion)| format!("{} version {}", key.id(), version.number);
    missing_from(keyring, other).into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::keyring::store::Location;

    fn store(path: &Path) -> Store {
        Store::new(Location::File(path.to_path_buf()), false)
    }

    fn add(store: &Store, alias: &str) {
        let key = Key::generate([alias.parse().unwrap()].into(), "").unwrap();
        let id = store.update(|keyring| Ok::<_, KeyringError>(keyring.add(key).unwrap().id()));
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
        let id = store(&path).load().unwrap().key("b").unwrap().id();
        let error = store(&path).restore(&store(&copy), false).unwrap_err();
        let lost = vec![format!("{id} version 1")];
        assert!(matches!(&error, KeyringError::WouldLose { versions, .. } if *versions == lost));
        assert_eq!(aliases(&path), ["a", "b"]);
        let restored = store(&path).restore(&store(&copy), true).unwrap();
        assert_eq!(
            restored,
            Restored { gained: vec![], lost, is_sealed: false, clear_generations: false }
        );
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

    #[test]
    fn a_slip_of_the_hand_seals_nothing() {
        use crate::keyring::format::seal::passphrase;
        use crate::keyring::store::Operator;

        #[derive(Debug)]
        struct Says(&'static str);

        impl Operator for Says {
            fn passphrase(
                &self,
                _: &Path,
            ) -> Result<crate::keyring::Passphrase, Box<dyn std::error::Error + Send + Sync>>
            {
                Ok(passphrase(self.0))
            }

            fn on_readable_by_others(&self, _: &Path, _: u32) {}
        }

        let (folder, path, copy) = prepared();
        fs::hard_link(&copy, folder.path().join("elsewhere")).unwrap();
        let elsewhere = TempDir::new().unwrap();
        let clear = elsewhere.path().join("copy");
        fs::copy(&copy, &clear).unwrap();
        fs::remove_file(&copy).unwrap();
        fs::remove_file(folder.path().join("elsewhere")).unwrap();
        store(&path).reseal(Some(passphrase("right"))).unwrap();
        let typo = || store(&path).operated_by(Box::new(Says("typo")));
        let right = || store(&path).operated_by(Box::new(Says("right")));
        let closed = typo().restore(&store(&clear), false).unwrap_err();
        assert!(matches!(closed, KeyringError::File { .. }), "{closed}");
        // The right one, and what was sealed stays sealed.
        assert!(right().restore(&store(&clear), true).unwrap().is_sealed);
        assert!(right().load().is_ok());
        // By force, and without a passphrase that opens anything: in the clear, and it says so.
        assert!(!typo().restore(&store(&clear), true).unwrap().is_sealed);
        assert_eq!(aliases(&path), ["a"]);
        // Sealed over what is in the clear: the earlier generations are named.
        let sealed = elsewhere.path().join("sealed");
        fs::copy(&clear, &sealed).unwrap();
        store(&sealed).reseal(Some(passphrase("right"))).unwrap_err();
        fs::remove_file(&clear).unwrap();
        store(&sealed).reseal(Some(passphrase("right"))).unwrap();
        let source = store(&sealed).operated_by(Box::new(Says("right")));
        let restored = store(&path).restore(&source, true).unwrap();
        assert!(restored.is_sealed && restored.clear_generations);
    }
}
