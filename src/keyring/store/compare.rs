//! What one keyring lacks of another.

use std::collections::BTreeMap;

use crate::keyring::model::key::{Key, KeyVersion};
use crate::keyring::model::root_keys::RootKeys;

/// The versions of `other` that `keyring` lacks, or has with other material or in another place.
pub(crate) fn missing_from<'a>(
    keyring: &RootKeys,
    other: &'a RootKeys,
) -> Vec<(&'a Key, &'a KeyVersion)> {
    fn full_name(version: &KeyVersion) -> (&str, &str) {
        (&version.namespace, &version.name)
    }
    let held: BTreeMap<_, &KeyVersion> =
        keyring.versions().map(|(_, version)| (full_name(version), version)).collect();
    let is_held = |version: &KeyVersion| {
        held.get(&full_name(version)).is_some_and(|held| {
            (&held.material, &held.aws_kms) == (&version.material, &version.aws_kms)
        })
    };
    other.versions().filter(|(_, version)| !is_held(version)).collect()
}
