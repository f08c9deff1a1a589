//! Work with files that survives crashes, other processes and other users. Knows nothing of messages or keys.
//!
//! - [`atomic_file`]: a file that appears whole or not at all; [`lock`]: one change of a file at a time
//! - [`trust`]: whose files are believed; [`read_full`]: reading until a buffer is full

pub mod atomic_file;
pub mod lock;
pub mod read_full;
pub mod trust;
