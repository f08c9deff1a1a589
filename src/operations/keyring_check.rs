//! `keyring check`: every key version wraps and unwraps a data key.

use crate::keyring::store::check::Checked;
use crate::keyring::{KeyringError, Store};
use crate::keys::local::unwraps_what_it_wraps;

/// Checks the keyring, the files beside it, and that each version unwraps what it wraps.
///
/// # Errors
/// [`KeyringError`], where the keyring cannot even be read.
pub fn check(store: &Store) -> Result<Checked, KeyringError> {
    store.check(unwraps_what_it_wraps)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::keyring::Key;

    #[test]
    fn a_generated_version_works() {
        let key = Key::generate(BTreeSet::new(), "").unwrap();
        assert!(unwraps_what_it_wraps(key.current()));
    }
}
