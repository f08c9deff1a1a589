//! Changes that remove the old state from the keyring's folder too: the destruction of key versions, and a
//! change of the passphrase.
//!
//! 1. Files that are not enwrap's to remove are searched for the old key material, before anything is changed.
//! 2. The new generation is saved and synced.
//! 3. The generations that hold the old material are removed.
//!
//! Each step can be interrupted or fail. A generation that says which versions were due is removed only after
//! all others that hold them, so that the next purge can finish what this one began.

use std::io;

use jiff::Timestamp;

use super::Store;
use super::changing::Held;
use super::generations::{self, Remnant, RemnantKind, Removal};
use super::saving::io_error;
use super::traces::Traces;
use crate::keyring::format::seal::Passphrase;
use crate::keyring::model::deletion::Destroyed;
use crate::keyring::model::material::{Material, Materials};
use crate::keyring::model::name::KeyId;
use crate::keyring::model::root_keys::RootKeys;
use crate::keyring::store::error::KeyringError;

impl Store {
    /// Sets, changes or removes the passphrase, and removes the older generations: they are still in the clear,
    /// or sealed with the old passphrase.
    ///
    /// # Errors
    /// [`KeyringError::Elsewhere`] or [`KeyringError::Unseen`], and nothing is changed;
    /// [`KeyringError::Remains`], and the keyring is changed; or another [`KeyringError`].
    pub fn reseal(&self, new: Option<Passphrase>) -> Result<(), KeyringError> {
        let held = self.hold()?;
        if held.old.is_none() {
            return Err(KeyringError::NotFound { path: self.path().to_path_buf() });
        }
        // Without a new passphrase nothing becomes secret, so copies in the clear do no harm.
        if new.is_some() {
            let materials: Vec<&Material> = held.keyring.materials().collect();
            refuse_copies(&held, &materials, |_| true)?;
        }
        held.save(new.as_ref())?;
        generations::erase(&held.target, |_| Removal::Yes)
    }

    /// Destroys the versions that can be destroyed at `now`: first in the keyring and, when that is on the disk,
    /// in its older generations. `only` names the keys to look at; if it is empty, all are.
    ///
    /// # Errors
    /// [`KeyringError::Elsewhere`] or [`KeyringError::Unseen`], and nothing is changed;
    /// [`KeyringError::Remains`]: the keyring itself no longer holds them, and the next call tries the rest
    /// again; or another [`KeyringError`].
    pub fn destroy_due(
        &self,
        only: &[KeyId],
        now: Timestamp,
    ) -> Result<Vec<Destroyed>, KeyringError> {
        let mut held = self.hold()?;
        let destroyed = held.keyring.destroy_due(only, now);
        let interrupted = interrupted(&held, &destroyed, now)?;
        let gone: Materials<'_> = (interrupted.iter().chain(&destroyed))
            .filter_map(|it| it.version.material.as_ref())
            .collect();
        if gone.is_empty() {
            // Of public halves there is no material, and nothing to look for in other files.
            if !destroyed.is_empty() {
                held.save(held.own_passphrase()?)?;
            }
            return Ok(destroyed);
        }
        let holds = |keyring: &RootKeys| keyring.materials().any(|it| gone.contains(it));
        let materials: Vec<&Material> = gone.iter().copied().collect();
        refuse_copies(&held, &materials, holds)?;
        if !destroyed.is_empty() {
            held.save(held.own_passphrase()?)?;
        }
        generations::erase(&held.target, |remnant| match self.load_known(remnant) {
            // It may hold the material.
            Err(_) => Removal::Yes,
            Ok(keyring) if !holds(&keyring) => Removal::No,
            Ok(mut keyring) => {
                let due = keyring.destroy_due(&[], now);
                let mut due = due.iter().filter_map(|it| it.version.material.as_ref());
                if due.any(|material| gone.contains(material)) {
                    Removal::Last
                } else {
                    Removal::Yes
                }
            }
        })?;
        Ok(destroyed)
    }
}

/// The versions that an earlier purge took out of the keyring, and could not take out of its generations: a
/// generation says that they were due.
///
/// A generation is believed only if everything else in it is in the keyring too, or is destroyed as well. One
/// that was left by a restore may be the last place of other keys.
fn interrupted(
    held: &Held<'_>,
    destroyed: &[Destroyed],
    now: Timestamp,
) -> Result<Vec<Destroyed>, KeyringError> {
    let present: Materials<'_> = held.keyring.materials().collect();
    let mut found: Vec<Destroyed> = Vec::new();
    let list = generations::list(&held.target)
        .map_err(|source| io_error("look for generations of", &held.target, source))?;
    // The newest first: it knows of destroyed versions that older ones still hold as in use.
    for (number, path) in list.into_iter().rev() {
        let generation = Remnant { path, kind: RemnantKind::Generation(number) };
        let mut old = match held.store.load_known(&generation) {
            Ok(old) => old,
            Err(error @ KeyringError::Io { .. }) => return Err(error),
            // It is damaged, or sealed with another passphrase, and says nothing.
            Err(_) => continue,
        };
        let due = old.destroy_due(&[], now);
        let is_gone = |material: &Material| {
            let mut gone = destroyed.iter().chain(&found);
            gone.any(|it| it.version.material.as_ref() == Some(material))
        };
        if old.materials().all(|material| present.contains(material) || is_gone(material)) {
            let is_new = |material: &Material| !present.contains(material) && !is_gone(material);
            let is_left = |it: &Destroyed| it.version.material.as_ref().is_some_and(is_new);
            let left: Vec<Destroyed> = due.into_iter().filter(is_left).collect();
            found.extend(left);
        }
    }
    Ok(found)
}

/// Refuses to go on if a file that is not enwrap's to remove, such as a backup or an exported key, holds any of
/// these materials. `holds` decides for a keyring that was opened.
fn refuse_copies(
    held: &Held<'_>,
    materials: &[&Material],
    holds: impl Fn(&RootKeys) -> bool,
) -> Result<(), KeyringError> {
    let failed = |source| io_error("look for copies of", &held.target, source);
    let traces = Traces::of(materials.iter().copied());
    let mut files = Vec::new();
    for remnant in generations::remnants(&held.target).map_err(failed)? {
        if remnant.kind != RemnantKind::Other {
            continue;
        }
        let is_copy = match remnant.open().and_then(|file| traces.are_in(file)) {
            Ok(true) => true,
            // A sealed copy shows no trace. One with another passphrase cannot be told from any other file.
            Ok(false) => {
                is_sealed(&remnant)
                    && held.store.load_known(&remnant).is_ok_and(|keyring| holds(&keyring))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(source) => return Err(KeyringError::Unseen { path: remnant.path, source }),
        };
        if is_copy {
            files.push(remnant.path);
        }
    }
    if files.is_empty() { Ok(()) } else { Err(KeyringError::Elsewhere { files }) }
}

fn is_sealed(remnant: &Remnant) -> bool {
    // Only a file that begins as a keyring is read as a whole.
    remnant.begins_as_keyring() && remnant.is_sealed()
}
