//! Passphrases, and the environment.

pub(crate) mod environment;
pub(crate) mod passphrase;
pub(crate) mod prompt;
