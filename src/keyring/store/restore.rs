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
use crate::keyring::model::root_keys::RootKeys;
use crate::keyring::store::error::KeyringError;

/// What a restored keyring has and lacks, compared with the one before it. A version is named as
/// `<key id> version <number>`.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// Versions that it has and the one before it had not.
    pub gained: Vec<String>,
    /// Versions that the one before it had, and that were given up by force.
    pub lost: Vec<String>,
    /// Further versions that it lacks, and that a generation beside it has.
    pub lacks: Vec<String>,
    /// What it was compared with.
    pub compared: Compared,
    /// Whether it is sealed now.
    pub is_sealed: bool,
    /// Whether it is sealed and earlier generations beside it are not.
    pub clear_generations: bool,
}

/// What a restored keyring was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// The keyring that it replaced.
    Current,
    /// The newest generation that opens. The keyring itself did not, so what its last change added is unknown.
    Generation,
    /// Nothing: there was no keyring, and no generation of one that opens.
    Nothing,
}

impl Store {
    /// Saves the keyring of `source` here. The keyring that it replaces becomes a generation, even if it is
    /// damaged.
    ///
    /// The restored keyring is sealed if `source` is. It is also sealed, with the passphrase of the keyring
    /// before it, if that one was sealed and was opened. What would be lost is found by comparing with the
    /// current keyring or, where that does not open, with its newest generation that does.
    ///
    /// # Errors
    /// [`KeyringError::WouldLose`] unless `force`; else [`KeyringError`].
    pub fn restore(&self, source: &Self, force: bool) -> Result<Restored, KeyringError> {
        let Decoded { keyring, is_sealed, .. } = source.load_decoded()?;
        let source_passphrase = if is_sealed { Some(source.passphrase()?) } else { None };
        let (path, target) = self.require_writable()?;
        // The passphrase is asked for before the lock is taken. With `force`, it may stay unknown.
        if self.is_sealed().unwrap_or(false) {
            match self.settle_passphrase() {
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
        let compared = match &before {
            Some((_, compared)) => *compared,
            None => Compared::Nothing,
        };
        let before = before.map(|(decoded, _)| decoded);
        let none = RootKeys::default();
        let known = before.as_ref().map_or(&none, |decoded| &decoded.keyring);
        let gained = names_missing_from(known, &keyring);
        let lost = names_missing_from(&keyring, known);
        if !lost.is_empty() && !force {
            return Err(KeyringError::WouldLose { path: path.to_path_buf(), versions: lost });
        }
        let lacks = self.known_to(&generations, &keyring, &lost);
        let was_sealed = before.as_ref().is_some_and(|decoded| decoded.is_sealed);
        let passphrase = match source_passphrase {
            Some(passphrase) => Some(passphrase),
            // Only a passphrase that has opened something here: one with a typing error must not seal it.
            None if was_sealed => Some(self.passphrase()?),
            None => None,
        };
        let clear_generations = passphrase.is_some() && !was_sealed && before.is_some();
        let is_sealed = old.as_ref().is_some_and(|bytes| {
            KeyringFile::parse(bytes.expose()).is_ok_and(|file| file.is_sealed())
        });
        Held { store: self, _lock: lock, target, old, keyring, generation, is_sealed }
            .save(passphrase)?;
        let is_sealed = passphrase.is_some();
        Ok(Restored { gained, lost, lacks, compared, is_sealed, clear_generations })
    }

    /// The versions that a generation has, and that neither `restored` nor `named` has.
    fn known_to(
        &self,
        generations: &[(u64, PathBuf)],
        restored: &RootKeys,
        named: &[String],
    ) -> Vec<String> {
        let mut lacks: Vec<String> = Vec::new();
        for (number, path) in generations {
            let kind = RemnantKind::Generation(*number);
            // A generation that does not open was either reported already, or passed over by force.
            let Ok(known) = self.load_known(&Remnant { path: path.clone(), kind }) else {
                continue;
            };
            for name in names_missing_from(restored, &known) {
                if !named.contains(&name) && !lacks.contains(&name) {
                    lacks.push(name);
                }
            }
        }
        lacks
    }

    /// The keyring to compare with: the current one or, where that is gone or damaged, its newest generation
    /// that opens. A keyring that is sealed or too new is an error, unless `force` passes over it.
    fn newest_that_opens(
        &self,
        current: Option<&SecretText>,
        generations: &[(u64, PathBuf)],
        force: bool,
    ) -> Result<Option<(Decoded, Compared)>, KeyringError> {
        let mut closed = None;
        let generations = generations.iter().rev().map(|(number, path)| {
            let kind = RemnantKind::Generation(*number);
            (self.decode_known(&Remnant { path: path.clone(), kind }), Compared::Generation)
        });
        let current = current.map(|bytes| (self.decode(bytes), Compared::Current));
        for (decoded, compared) in current.into_iter().chain(generations) {
            match decoded {
                Ok(decoded) => return Ok(Some((decoded, compared))),
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

/// Whether the bytes are no keyring, as opposed to one that is sealed or from a newer enwrap.
fn is_damage(error: &KeyringError) -> bool {
    let KeyringError::File { fault, .. } = error else { return false };
    !matches!(fault, FileFault::Sealed(_) | FileFault::Newer(_))
}

/// The versions of `other` that `keyring` lacks, for people.
fn names_missing_from(keyring: &RootKeys, other: &RootKeys) -> Vec<String> {
    let named =
        |(key, version): (&Key, &KeyVersion)| format!("{} version {}", key.id(), version.number);
    missing_from(keyring, other).into_iter().map(named).collect()
}
