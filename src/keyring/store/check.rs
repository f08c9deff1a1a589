//! Whether the keyring, and the files beside it, are as they should be.

use std::fmt;
use std::io;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::Store;
use super::compare::missing_from;
use super::generations::{Remnant, RemnantKind};
use super::reading::Decoded;
use crate::clock::now;
use crate::keyring::model::key::{Key, KeyVersion};
use crate::keyring::model::material::{ByMaterial, Material, Materials};
use crate::keyring::model::name::KeyId;
use crate::keyring::model::root_keys::RootKeys;
use crate::keyring::store::error::KeyringError;

/// What a check of a keyring found.
#[derive(Debug)]
pub struct Checked {
    /// The number of keys.
    pub keys: usize,
    /// The number of versions of all keys.
    pub versions: usize,
    /// The number of earlier generations beside the keyring.
    pub generations: usize,
    /// What somebody should look at.
    pub findings: Vec<Finding>,
}

/// Something about a keyring that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub enum Finding {
    /// Its date is later than now, so its age is not known.
    FromTheFuture {
        /// The key.
        key: KeyId,
        /// Its version.
        version: u32,
        /// The date.
        created: Timestamp,
    },
    /// A key version failed the test of the caller.
    DoesNotUnwrap {
        /// The key.
        key: KeyId,
        /// Its version.
        version: u32,
    },
    /// Two versions have the same material under two names.
    SameMaterial {
        /// The version that comes first in the keyring.
        first: (KeyId, u32),
        /// The other one.
        second: (KeyId, u32),
    },
    /// The keyring that it is compared with has a version that this one lacks.
    Lacks {
        /// The key.
        key: KeyId,
        /// Its version.
        version: u32,
    },
    /// A temporary file of a process that died while it saved.
    Abandoned(PathBuf),
    /// An earlier generation that could not be put back; the reason names it.
    Unreadable(String),
    /// An earlier generation in the clear, beside a sealed keyring.
    Unsealed(PathBuf),
    /// An earlier generation with key versions whose destruction was interrupted.
    HoldsDestroyed(PathBuf),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoesNotUnwrap { key, version } => {
                write!(f, "key {key} version {version} does not unwrap what it wraps")
            }
            Self::FromTheFuture { key, version, created } => write!(
                f,
                "key {key} version {version} was made in the future ({created}): by a clock that was wrong"
            ),
            Self::SameMaterial { first: (a, m), second: (b, n) } => {
                write!(f, "key {a} version {m} and key {b} version {n} are the same secret")
            }
            Self::Lacks { key, version } => {
                write!(f, "key {key} version {version} is missing: this keyring is the older one")
            }
            Self::Abandoned(path) => {
                write!(f, "'{}' was left by a process that died", path.display())
            }
            Self::Unreadable(reason) => f.write_str(reason),
            Self::Unsealed(path) => write!(f, "'{}' holds keys in the clear", path.display()),
            Self::HoldsDestroyed(path) => {
                write!(f, "'{}' holds key versions that were to be destroyed", path.display())
            }
        }
    }
}

impl Store {
    /// Reads the keyring with all the checks of a reading, tests every version with `works`, and looks at
    /// the files beside it.
    ///
    /// # Errors
    /// [`KeyringError`], where it cannot even be read.
    pub fn check(
        &self,
        works: impl Fn(&Key, &KeyVersion) -> io::Result<bool>,
    ) -> Result<Checked, KeyringError> {
        let Decoded { keyring, is_sealed, .. } = self.load_decoded()?;
        let mut findings = findings_in(&keyring, works).map_err(|source| {
            let path = self.path().to_path_buf();
            KeyringError::Io { action: "check", path, source }
        })?;
        let held: Materials<'_> = keyring.materials().collect();
        let mut generations = 0;
        for remnant in self.remnants()? {
            match remnant.kind {
                RemnantKind::Other => {}
                RemnantKind::Abandoned => findings.push(Finding::Abandoned(remnant.path)),
                RemnantKind::Generation(_) => {
                    generations += 1;
                    findings.extend(self.finding_in_generation(remnant, is_sealed, &held));
                }
            }
        }
        let (keys, versions) = (keyring.keys().len(), keyring.versions().count());
        Ok(Checked { keys, versions, generations, findings })
    }

    /// What this keyring lacks of `newer`, of which it is a copy: what is encrypted under these versions
    /// cannot be opened with the copy.
    ///
    /// # Errors
    /// [`KeyringError`], where either cannot be read.
    pub fn lacks(&self, newer: &Self) -> Result<Vec<Finding>, KeyringError> {
        let (copy, newer) = (self.load()?, newer.load()?);
        let missing = missing_from(&copy, &newer).into_iter();
        Ok(missing
            .map(|(key, version)| Finding::Lacks { key: key.id(), version: version.number })
            .collect())
    }

    fn finding_in_generation(
        &self,
        generation: Remnant,
        is_sealed: bool,
        held: &Materials<'_>,
    ) -> Option<Finding> {
        if is_sealed && !generation.is_sealed() {
            return Some(Finding::Unsealed(generation.path));
        }
        let mut keyring = match self.load_remnant(&generation) {
            Ok(keyring) => keyring,
            Err(error) => return Some(Finding::Unreadable(error.to_string())),
        };
        let due = keyring.destroy_due(&[], now());
        let is_destroyed = |material: &Material| !held.contains(material);
        let mut materials = due.iter().filter_map(|it| it.version.material.as_ref());
        // A generation that has more than this was left by a restore, and not by a destruction that was interrupted.
        let is_older = keyring.materials().all(|material| held.contains(material));
        (is_older && materials.any(is_destroyed))
            .then_some(Finding::HoldsDestroyed(generation.path))
    }
}

/// The versions that do not work, and those whose material another one has too.
fn findings_in(
    keyring: &RootKeys,
    works: impl Fn(&Key, &KeyVersion) -> io::Result<bool>,
) -> io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut seen = ByMaterial::<(KeyId, u32)>::default();
    for (key, version) in keyring.versions() {
        let this = (key.id(), version.number);
        if !works(key, version)? {
            findings.push(Finding::DoesNotUnwrap { key: this.0, version: this.1 });
        }
        // A day is left to time zones and clocks that go ahead a little.
        if version.created > now() + SignedDuration::from_hours(24) {
            let (key, version, created) = (this.0, this.1, version.created);
            findings.push(Finding::FromTheFuture { key, version, created });
        }
        let Some(material) = &version.material else { continue };
        let first = *seen.entry(material).or_insert(this);
        if first != this {
            findings.push(Finding::SameMaterial { first, second: this });
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeSet;

    use super::*;
    use crate::keyring::model::kind::Kind;

    #[test]
    fn a_version_that_fails_and_a_material_that_is_there_twice_are_found() {
        let mut keyring = RootKeys::default();
        let first = keyring.add(Key::generate(BTreeSet::new(), "").unwrap()).unwrap();
        let (id, material) = (first.id(), first.current().material.as_ref().unwrap().duplicate());
        assert_eq!(findings_in(&keyring, |_, _| Ok(true)).unwrap(), []);
        let copy = KeyVersion::new(1, "ns", "n", Some(material));
        let second = keyring.add(Key::import(Kind::Aes, copy).unwrap()).unwrap().id();
        let found = findings_in(&keyring, |_, version| Ok(version.namespace != "ns")).unwrap();
        assert_eq!(
            found,
            [
                Finding::DoesNotUnwrap { key: second, version: 1 },
                Finding::SameMaterial { first: (id, 1), second: (second, 1) },
            ]
        );
    }

    #[test]
    fn a_version_from_the_future_is_found_where_no_time_zone_explains_it() {
        let found = |hours| {
            let created = now() + SignedDuration::from_hours(hours);
            let version = KeyVersion { created, ..KeyVersion::new(1, "ns", "n", None) };
            let mut keyring = RootKeys::default();
            let key = keyring.add(Key::import(Kind::Aes, version).unwrap()).unwrap().id();
            let expected = Finding::FromTheFuture { key, version: 1, created };
            let found = findings_in(&keyring, |_, _| Ok(true)).unwrap();
            assert!(found.is_empty() || found == [expected]);
            found.len()
        };
        assert_eq!((found(23), found(25)), (0, 1));
    }

    #[test]
    fn each_version_is_compared_with_a_set_and_not_with_every_other() {
        // If every version were compared with every other, this would take minutes.
        const MANY: u32 = 60_000;
        let mut key = Key::generate(BTreeSet::new(), "").unwrap();
        (1..MANY).for_each(|_| key.rotate().unwrap());
        let mut keyring = RootKeys::default();
        keyring.add(key).unwrap();
        let tested = Cell::new(0);
        let works = |_: &Key, _: &KeyVersion| {
            tested.set(tested.get() + 1);
            Ok(true)
        };
        assert_eq!(findings_in(&keyring, works).unwrap(), []);
        assert_eq!(tested.get(), MANY);
    }
}
