//! The versions of one root key: at least one, in ascending order of their numbers.

use std::iter;

use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::key::KeyVersion;

/// The versions of a root key. There is always a current one, and the numbers of all ascend.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<KeyVersion>")]
pub struct Versions {
    old: Vec<KeyVersion>,
    current: KeyVersion,
}

/// Versions that no key has: none, or with numbers that do not ascend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionsFault {
    /// There is none.
    #[error("a key without versions")]
    Empty,
    /// A number is not above the one before it.
    #[error("key versions out of order")]
    OutOfOrder,
}

impl Versions {
    /// The one version of a new key.
    pub(crate) fn of(version: KeyVersion) -> Self {
        Self { old: Vec::new(), current: version }
    }

    /// The version that encrypts, which is the newest.
    #[must_use]
    pub fn current(&self) -> &KeyVersion {
        &self.current
    }

    /// All versions in ascending order; the current one is the last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &KeyVersion> {
        self.old.iter().chain(iter::once(&self.current))
    }

    /// How many there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.old.len() + 1
    }

    /// Adds a version above all others, which is then the current one.
    pub(crate) fn push(&mut self, version: KeyVersion) -> Result<(), VersionsFault> {
        if version.number <= self.current.number {
            return Err(VersionsFault::OutOfOrder);
        }
        self.old.push(std::mem::replace(&mut self.current, version));
        Ok(())
    }

    /// All versions, to change what they may be used for. Their numbers stay.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut KeyVersion> {
        self.old.iter_mut().chain(iter::once(&mut self.current))
    }

    /// Separates the versions with these numbers, which ascend, from the rest, which is `None` where nothing is left.
    pub(super) fn without(self, numbers: &[u32]) -> (Option<Self>, Vec<KeyVersion>) {
        let all = self.old.into_iter().chain(iter::once(self.current));
        let (removed, rest): (Vec<_>, Vec<_>) =
            all.partition(|version| numbers.binary_search(&version.number).is_ok());
        (Self::try_from(rest).ok(), removed)
    }
}

impl TryFrom<Vec<KeyVersion>> for Versions {
    type Error = VersionsFault;

    fn try_from(mut versions: Vec<KeyVersion>) -> Result<Self, VersionsFault> {
        if !versions.is_sorted_by(|a, b| a.number < b.number) {
            return Err(VersionsFault::OutOfOrder);
        }
        let current = versions.pop().ok_or(VersionsFault::Empty)?;
        Ok(Self { old: versions, current })
    }
}

impl Serialize for Versions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
