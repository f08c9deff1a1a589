//! The key services of a run. A further service is named here, and nowhere else in the command line.

use enwrap::keyring::RootKeys;
use enwrap::keys::service::KeyService;

/// The services whose keys serve: those of the keyring.
pub(crate) fn key_services(keyring: &RootKeys) -> [&dyn KeyService; 1] {
    [keyring]
}
