//! `keyring check`: every key version wraps and unwraps a data key.

use crate::keyring::store::check::Checked;
use crate::keyring::{KeyringError, Store};
use crate::keys::local::unwraps_what_it_wraps;

/// Checks the keyring, the files beside it, and that each version unwraps what it wraps. With `against`, of
/// which it is a copy, it also finds what the copy lacks.
///
/// # Errors
/// [`KeyringError`], where a keyring cannot even be read.
pub fn check(store: &Store, against: Option<&Store>) -> Result<Checked, KeyringError> {
    let mut checked = store.check(unwraps_what_it_wraps)?;
    if let Some(newer) = against {
        checked.findings.extend(store.lacks(newer)?);
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::keyring::Key;

    #[test]
    fn a_generated_version_works() {
        let key = Key::generate(BTreeSet::new(), "").unwrap();
        assert!(unwraps_what_it_wraps(&key, key.current()).unwrap());
    }
}
