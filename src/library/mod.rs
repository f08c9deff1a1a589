//! What the crate offers to programs: the types and functions that `lib.rs` names at its root.
//!
//! No type of another crate, and none of the rooms below, is in any of their signatures: both can change.

#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs, missing_debug_implementations)]

mod data_key;
mod decrypt;
mod decrypt_at;
mod encrypt;
mod error;
mod keyring;

pub use data_key::{GeneratedDataKey, decrypt_data_key, generate_data_key, rewrap_data_key};
pub use decrypt::{DecryptOptions, DecryptReader, decrypt, verify_then_decrypt};
pub use decrypt_at::DecryptAt;
pub use encrypt::{EncryptOptions, EncryptWriter, encrypt};
pub use error::{Error, ErrorKind};
pub use keyring::{Keyring, KeyringOptions};

use std::num::NonZeroUsize;

use crate::message::context::{ContextError, EncryptionContext};
use crate::pipeline::Jobs;

/// The context of pairs as they were given.
fn context_of(pairs: &[(String, String)]) -> Result<EncryptionContext, ContextError> {
    let mut context = EncryptionContext::default();
    for (key, value) in pairs {
        context.insert(key, value)?;
    }
    Ok(context)
}

/// A number of threads, where 0 means as many as there are processors.
fn jobs_of(threads: usize) -> Jobs {
    NonZeroUsize::new(threads).map_or_else(Jobs::available, Jobs::new)
}
