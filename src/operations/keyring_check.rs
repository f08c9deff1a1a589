//! `keyring check`: every key version wraps and unwraps a data key.

use crate::keyring::store::check::Checked;
use crate::keyring::{KeyVersion, KeyringError, Store};
use crate::keys::provider::Provider as _;
use crate::message::context::EncryptionContext;

/// Checks the keyring, the files beside it, and that each version unwraps what it wraps.
///
/// # Errors
/// [`KeyringError`], where the keyring cannot even be read.
pub fn check(store: &Store) -> Result<Checked, KeyringError> {
    store.check(unwraps_what_it_wraps)
}

fn unwraps_what_it_wraps(version: &KeyVersion) -> bool {
    // A version whose material AWS KMS keeps can only be tested there.
    let Some(provider) = version.provider() else { return version.material.is_none() };
    let mut context = EncryptionContext::default();
    context.insert("purpose", "check").is_ok()
        && provider.generate(32, &context).is_ok_and(|(data_key, wrapped)| {
            provider.unwrap(&wrapped, &context).is_ok_and(|unwrapped| unwrapped == data_key)
        })
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
