//! What one keyring lacks of another.

use std::collections::HashSet;

use crate::keyring::model::key::{Key, KeyVersion};
use crate::keyring::model::material::Material;
use crate::keyring::model::root_keys::RootKeys;

/// The versions of `other` that `keyring` lacks, or has with other material.
pub(crate) fn missing_from<'a>(
    keyring: &RootKeys,
    other: &'a RootKeys,
) -> Vec<(&'a Key, &'a KeyVersion)> {
    fn identity(version: &KeyVersion) -> (&str, &str, Option<&Material>) {
        (&version.namespace, &version.name, version.material.as_ref())
    }
    let held: HashSet<_> = keyring.versions().map(|(_, version)| identity(version)).collect();
    other.versions().filter(|(_, version)| !held.contains(&identity(version))).collect()
}
