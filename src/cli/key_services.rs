//! The key services of a run. A further service is named here, and nowhere else in the command line.

use enwrap::keyring::RootKeys;
use enwrap::keys::passphrase::Passphrases;
use enwrap::keys::service::KeyService;

/// The services whose keys serve for messages: those of the keyring, and passphrases.
pub(crate) fn key_services<'a>(
    keyring: &'a RootKeys,
    passphrases: &'a Passphrases,
) -> [&'a dyn KeyService; 2] {
    [keyring, passphrases]
}

/// The services whose keys serve for data keys outside of messages.
pub(crate) fn data_key_services(keyring: &RootKeys) -> [&dyn KeyService; 1] {
    [keyring]
}
