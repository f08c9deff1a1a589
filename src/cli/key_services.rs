//! The key services of a run. A further service is named here, and nowhere else in the command line.

use enwrap::keyring::RootKeys;
use enwrap::keys::aws_kms::AwsKms;
use enwrap::keys::passphrase::Passphrases;
use enwrap::keys::service::KeyService;

/// The services whose keys serve for messages: those of the keyring, those of AWS KMS, and passphrases.
pub(crate) fn key_services<'a>(
    keyring: &'a RootKeys,
    kms: &'a AwsKms,
    passphrases: &'a Passphrases,
) -> [&'a dyn KeyService; 3] {
    [keyring, kms, passphrases]
}

/// The services whose keys serve for data keys outside of messages.
pub(crate) fn data_key_services<'a>(
    keyring: &'a RootKeys,
    kms: &'a AwsKms,
) -> [&'a dyn KeyService; 2] {
    [keyring, kms]
}
