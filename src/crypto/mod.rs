//! Secrets, random numbers and AES-GCM, for all other modules.
//!
//! - [`argon2id`]: keys from passphrases
//! - [`secret`]: bytes that are wiped when dropped, and random numbers
//! - [`ec`]: keys on elliptic curves; `agreement`: what is computed with them; [`rsa`]: RSA encryption
//! - [`der`]: both kinds of keys as other tools write them
//! - [`counter_kdf`]: keys from shared secrets and branch keys
//! - [`engine`]: AES-GCM, in one of two implementations
//! - `locked`: memory that is not swapped out, for keys
//! - [`stack`]: wipes what work with secrets leaves on the stack

mod agreement;
pub mod argon2id;
pub mod counter_kdf;
pub mod der;
pub mod ec;
pub mod engine;
mod locked;
pub mod rsa;
pub mod secret;
pub mod stack;
