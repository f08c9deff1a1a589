//! Passphrases: where they come from, and questions at the terminal.

pub(crate) mod args;
pub(crate) mod passphrase;
pub(crate) mod prompt;
