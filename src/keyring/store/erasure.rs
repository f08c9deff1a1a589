//! Changes after which nothing of the old may stay beside the keyring: the destruction of key versions, and
//! another passphrase.
//!
//! First a look at the files that are not enwrap's to remove, while nothing is changed yet; then the new
//! generation, and when that is on the disk, the removal of those that hold the old.

use std::collections::HashSet;
use std::fs::File;

use jiff::Timestamp;

use super::Store;
use super::changing::Held;
use super::generations::{self, Remnant, RemnantKind};
use super::saving::io_error;
use super::traces::Traces;
use crate::keyring::format::seal::Passphrase;
use crate::keyring::model::deletion::Destroyed;
use crate::keyring::model::keyring::Keyring;
use crate::keyring::model::material::Material;
use crate::keyring::model::name::KeyId;
use crate::keyring::store::error::KeyringError;

impl Store {
    /// Sets, changes or removes the passphrase; older generations go, since they hold the old form.
    ///
    /// # Errors
    /// [`KeyringError::Elsewhere`], and nothing is changed; [`KeyringError::Remains`], and it is; or another
    /// [`KeyringError`].
    pub fn reseal(&self, new: Option<Passphrase>) -> Result<(), KeyringError> {
        let held = self.hold()?;
        if held.old.is_none() {
            return Err(KeyringError::NotFound { path: self.path().to_path_buf() });
        }
        // Copies in the clear take nothing from a keyring in the clear.
        if new.is_some() {
            let materials: Vec<&Material> = held.keyring.materials().collect();
            refuse_copies(&held, &materials, |_| true)?;
        }
        held.save(new.as_ref())?;
        generations::erase(&held.target, |_| true)
    }

    /// Destroys what is due at `now`, of these keys, or of all if there are none: in the keyring first,
    /// and when that is on the disk, in its older generations.
    ///
    /// # Errors
    /// [`KeyringError::Elsewhere`], and nothing is changed; [`KeyringError::Remains`], and the keyring itself
    /// holds nothing of it, and the next run tries the rest again; or another [`KeyringError`].
    pub fn destroy_due(
        &self,
        only: &[KeyId],
        now: Timestamp,
    ) -> Result<Vec<Destroyed>, KeyringError> {
        let mut held = self.hold()?;
        let destroyed = held.keyring.destroy_due(only, now);
        let interrupted = interrupted(&held, now);
        let gone: HashSet<&Material> = (interrupted.iter().chain(&destroyed))
            .filter_map(|it| it.version.material.as_ref())
            .collect();
        if gone.is_empty() {
            return Ok(destroyed);
        }
        let holds = |keyring: &Keyring| keyring.materials().any(|it| gone.contains(it));
        let materials: Vec<&Material> = gone.iter().copied().collect();
        refuse_copies(&held, &materials, holds)?;
        if !destroyed.is_empty() {
            held.save(held.own_passphrase()?)?;
        }
        // What does not open may hold it.
        generations::erase(&held.target, |remnant| {
            self.load_known(remnant).map_or(true, |keyring| holds(&keyring))
        })?;
        Ok(destroyed)
    }
}

/// What a run that was killed had taken out of the keyring, and not yet out of its generations: they say
/// themselves that it was due. Only of generations that have nothing else to lose: one that was left by a
/// restore may be the last place of other keys.
pub(crate) fn interrupted(held: &Held<'_>, now: Timestamp) -> Vec<Destroyed> {
    let present: HashSet<&Material> = held.keyring.materials().collect();
    let is_present = |material: &Option<Material>| {
        material.as_ref().is_none_or(|material| present.contains(material))
    };
    let mut found = Vec::new();
    for (number, path) in generations::list(&held.target).unwrap_or_default() {
        let generation = Remnant { path, kind: RemnantKind::Generation(number) };
        let Ok(mut old) = held.store.load_known(&generation) else { continue };
        let due = old.destroy_due(&[], now);
        if old.versions().all(|(_, version)| is_present(&version.material)) {
            found.extend(due.into_iter().filter(|it| !is_present(&it.version.material)));
        }
    }
    found
}

/// Refuses to go on where a file that is not enwrap's to remove holds any of these: a backup, an exported
/// key. `holds` says it of a keyring that opens.
fn refuse_copies(
    held: &Held<'_>,
    materials: &[&Material],
    holds: impl Fn(&Keyring) -> bool,
) -> Result<(), KeyringError> {
    let failed = |source| io_error("look for copies of", &held.target, source);
    let traces = Traces::of(materials.iter().copied());
    let mut files = Vec::new();
    for remnant in generations::remnants(&held.target).map_err(failed)? {
        if remnant.kind != RemnantKind::Other {
            continue;
        }
        // What cannot be read at all, others put there, or another program holds.
        let Ok(file) = File::open(&remnant.path) else { continue };
        let is_copy = traces.are_in(file).unwrap_or(false)
            || is_sealed(&remnant)
                && held.store.load_known(&remnant).is_ok_and(|keyring| holds(&keyring));
        if is_copy {
            files.push(remnant.path);
        }
    }
    if files.is_empty() { Ok(()) } else { Err(KeyringError::Elsewhere { files }) }
}

fn is_sealed(remnant: &Remnant) -> bool {
    // Not every large file of the folder is read whole to find out.
    remnant.begins_as_keyring() && remnant.is_sealed()
}
