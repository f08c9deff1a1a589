//! Key services, and the one loop that finds a data key among encrypted data keys.
//!
//! - [`service`]: the traits of a key service; [`local`]: the keyring as one
//! - [`passphrase`]: passphrases as one; [`aws_kms`]: AWS KMS as one
//! - [`envelope`]: further encrypted data keys of a message, kept beside it
//! - [`resolver`]: tries encrypted data keys, local keys before remote ones; [`proof`]: what is found out about each
//! - [`unopened`]: why none of them opened

pub mod aws_kms;
pub mod envelope;
#[cfg(test)]
pub(crate) mod fake;
pub mod local;
pub mod passphrase;
pub mod proof;
pub mod resolver;
pub mod service;
pub mod unopened;
