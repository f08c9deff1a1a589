//! The deletion of root keys, and of single versions.
//!
//! As with AWS KMS, it takes two steps, because it cannot be undone: a version gets a deletion date, and can be
//! destroyed after that date. From the first step on it neither encrypts nor decrypts. What was encrypted under
//! a destroyed version is lost.
//!
//! The current version is destroyed only together with its key. If an old version became the current one again,
//! the next rotation would give the destroyed version's number, and so its name, to other material.

use jiff::Timestamp;

use super::key::{Key, KeyVersion, State};
use super::name::{Alias, KeyId};
use super::root_keys::RootKeys;
use crate::keyring::model::error::KeyError;

/// What is to be deleted of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doomed {
    /// The whole key.
    Key,
    /// One version that is not the current one.
    Version(u32),
    /// All versions but the current one.
    OldVersions,
}

/// A key version that was taken out of the keyring to be destroyed.
#[derive(Debug)]
pub struct Destroyed {
    /// Its key.
    pub key: KeyId,
    /// The aliases of the key.
    pub aliases: Vec<Alias>,
    /// The version. Its material is wiped when this is dropped.
    pub version: KeyVersion,
}

impl Key {
    /// Gives versions a date after which they can be destroyed, and returns their numbers. From now on they
    /// neither encrypt nor decrypt.
    ///
    /// The versions of a whole key get one date, which is not before any date that one of them has already.
    ///
    /// # Errors
    /// [`KeyError::NoVersion`], [`KeyError::CurrentVersion`], or [`KeyError::Unusable`] for what has a
    /// date already; nothing is changed then.
    pub fn schedule_deletion(
        &mut self,
        doomed: Doomed,
        date: Timestamp,
    ) -> Result<Vec<u32>, KeyError> {
        let current = self.current().number;
        match doomed {
            Doomed::Key => self.current().require_not_pending(self.id())?,
            Doomed::Version(number) => {
                self.version(Some(number))?.require_not_pending(self.id())?;
                if number == current {
                    return Err(KeyError::CurrentVersion { key: self.id(), version: number });
                }
            }
            Doomed::OldVersions => {}
        }
        let is_doomed = |version: &&mut KeyVersion| match doomed {
            Doomed::Key => true,
            Doomed::Version(number) => version.number == number,
            Doomed::OldVersions => version.number != current,
        };
        let latest = self.versions.iter().filter_map(|version| version.deletion_date).max();
        let date =
            if doomed == Doomed::Key { latest.map_or(date, |it| it.max(date)) } else { date };
        let mut numbers = Vec::new();
        for version in self.versions.iter_mut().filter(is_doomed) {
            if version.state != State::PendingDeletion {
                version.state = State::PendingDeletion;
                version.deletion_date = Some(date);
                numbers.push(version.number);
            }
        }
        Ok(numbers)
    }

    /// Takes back the date of one version, or of all that have one, and returns their numbers. They are
    /// disabled then, as after `CancelKeyDeletion` of AWS KMS: that the key is used again is a decision of its
    /// own.
    ///
    /// # Errors
    /// [`KeyError::NoVersion`] or [`KeyError::NotPending`]; [`KeyError::Unusable`] for an old version of
    /// a key that is to be deleted as a whole.
    pub fn cancel_deletion(&mut self, version: Option<u32>) -> Result<Vec<u32>, KeyError> {
        let (key, current) = (self.id(), self.current().number);
        if let Some(number) = version {
            if self.version(Some(number))?.state != State::PendingDeletion {
                return Err(KeyError::NotPending { key });
            }
            if number != current {
                self.current().require_not_pending(key)?;
            }
        }
        let mut numbers = Vec::new();
        for held in self.versions.iter_mut() {
            let is_meant = version.is_none_or(|number| held.number == number);
            if is_meant && held.state == State::PendingDeletion {
                held.state = State::Disabled;
                held.deletion_date = None;
                numbers.push(held.number);
            }
        }
        if numbers.is_empty() { Err(KeyError::NotPending { key }) } else { Ok(numbers) }
    }

    /// The numbers of the versions that can be destroyed at `now`.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<u32> {
        let is_due = |version: &&KeyVersion| {
            version.state == State::PendingDeletion
                && version.deletion_date.is_some_and(|date| date <= now)
        };
        let mut due: Vec<u32> =
            self.versions.iter().filter(is_due).map(|version| version.number).collect();
        if due.len() < self.versions.len() {
            due.retain(|number| *number != self.current().number);
        }
        due
    }
}

impl KeyVersion {
    fn require_not_pending(&self, key: KeyId) -> Result<(), KeyError> {
        match self.state {
            State::PendingDeletion => self.require_enabled(key),
            State::Enabled | State::Disabled => Ok(()),
        }
    }
}

impl RootKeys {
    /// Takes out the versions that can be destroyed at `now`, and returns them. `only` names the keys to look
    /// at; if it is empty, all are. A key without a version left is removed, and its aliases are free.
    pub fn destroy_due(&mut self, only: &[KeyId], now: Timestamp) -> Vec<Destroyed> {
        let mut destroyed = Vec::new();
        for key in std::mem::take(&mut self.keys) {
            let is_meant = only.is_empty() || only.contains(&key.id());
            let due = if is_meant { key.due(now) } else { Vec::new() };
            let (id, aliases) = (key.id(), key.aliases.iter().cloned().collect::<Vec<_>>());
            let (rest, removed) = key.without(&due);
            self.keys.extend(rest);
            destroyed.extend(removed.into_iter().map(|version| Destroyed {
                key: id,
                aliases: aliases.clone(),
                version,
            }));
        }
        destroyed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::now;
    use jiff::ToSpan as _;

    /// A key with three versions.
    fn sample() -> Key {
        let mut key = Key::generate(BTreeSet::from(["a".parse().unwrap()]), "").unwrap();
        key.rotate().unwrap();
        key.rotate().unwrap();
        key
    }

    fn version(key: &Key, at: usize) -> &KeyVersion {
        key.versions.iter().nth(at).unwrap()
    }

    fn in_days(days: i64) -> Timestamp {
        now() + (days * 24).hours()
    }

    #[test]
    fn what_has_a_date_does_nothing_until_it_is_taken_back() {
        let mut key = sample();
        assert_eq!(key.schedule_deletion(Doomed::Version(1), in_days(7)), Ok(vec![1]));
        assert!(matches!(
            version(&key, 0).require_enabled(key.id()),
            Err(KeyError::Unusable { .. })
        ));
        let again = key.schedule_deletion(Doomed::Version(1), in_days(30));
        assert!(matches!(again, Err(KeyError::Unusable { .. })));
        assert_eq!(version(&key, 0).deletion_date, Some(in_days(7)));
        assert_eq!(key.cancel_deletion(Some(2)), Err(KeyError::NotPending { key: key.id() }));
        assert_eq!(key.schedule_deletion(Doomed::Version(2), in_days(7)), Ok(vec![2]));
        assert_eq!(key.cancel_deletion(Some(2)), Ok(vec![2]));
        assert_eq!(version(&key, 0).state, State::PendingDeletion);
        assert_eq!(key.cancel_deletion(None), Ok(vec![1]));
        assert_eq!(version(&key, 0).state, State::Disabled);
        assert_eq!(version(&key, 0).deletion_date, None);
        assert_eq!(key.cancel_deletion(None), Err(KeyError::NotPending { key: key.id() }));
    }

    #[test]
    fn the_current_version_goes_with_its_key_only_and_last() {
        let mut key = sample();
        let alone = key.schedule_deletion(Doomed::Version(3), in_days(7));
        assert_eq!(alone, Err(KeyError::CurrentVersion { key: key.id(), version: 3 }));
        assert_eq!(key.schedule_deletion(Doomed::Version(2), in_days(30)), Ok(vec![2]));
        assert_eq!(key.schedule_deletion(Doomed::OldVersions, in_days(20)), Ok(vec![1]));
        assert_eq!(key.schedule_deletion(Doomed::Key, in_days(7)), Ok(vec![3]));
        assert_eq!(version(&key, 2).deletion_date, Some(in_days(30)));
        // An old version does not outlive the key.
        assert!(matches!(key.cancel_deletion(Some(1)), Err(KeyError::Unusable { .. })));
        assert_eq!((key.due(in_days(6)), key.due(in_days(21))), (vec![], vec![1]));
        assert_eq!(key.due(in_days(30)), [1, 2, 3]);
        // A file that says otherwise changes nothing about that.
        key.versions.iter_mut().nth(1).unwrap().deletion_date = Some(in_days(90));
        assert_eq!(key.due(in_days(30)), [1]);
    }

    #[test]
    fn what_is_due_is_taken_out_and_an_empty_key_is_gone() {
        let mut keyring = RootKeys::default();
        let id = keyring.add(sample()).unwrap().id();
        let other = keyring.add(Key::generate(BTreeSet::new(), "").unwrap()).unwrap().id();
        let key = keyring.key_mut("a").unwrap();
        key.schedule_deletion(Doomed::OldVersions, in_days(7)).unwrap();
        assert!(keyring.destroy_due(&[], in_days(6)).is_empty());
        assert!(keyring.destroy_due(&[other], in_days(8)).is_empty());
        let numbers = |destroyed: Vec<Destroyed>| -> Vec<u32> {
            destroyed.iter().map(|it| it.version.number).collect()
        };
        assert_eq!(numbers(keyring.destroy_due(&[id], in_days(8))), [1, 2]);
        assert_eq!(keyring.find_contradiction(), None);
        keyring.key_mut("a").unwrap().schedule_deletion(Doomed::Key, in_days(7)).unwrap();
        assert_eq!(numbers(keyring.destroy_due(&[], in_days(8))), [3]);
        assert_eq!((keyring.keys.len(), keyring.aliases().len()), (1, 0));
    }
}
