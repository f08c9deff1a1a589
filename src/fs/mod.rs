//! Safe file operations, in the presence of crashes, other processes and other users. Nothing here depends on
//! messages or keys.
//!
//! - [`append`]: opens files to append to, and damages no other file
//! - [`atomic_file`]: writes a file that appears complete or not at all
//! - [`mod@close`]: closes files and reports the errors of that
//! - [`folder`]: an open folder, in which no link is followed
//! - [`file_at`]: where a file is, in an open folder or by its path
//! - [`wait`]: reads and writes that wait where a stream does not block
//! - [`walk`]: all that is below a folder
//! - [`lock`]: an advisory lock, so that only one process changes a file at a time
//! - [`magic`]: which kind of file system a file is on
//! - [`search`]: byte strings in a file, as they are and in base64
//! - [`refused`]: what a file system cannot do, and what goes on without it
//! - [`trust`]: decides which owners' files are trusted
//! - [`trusted_path`]: opens a folder through no link of another user
//! - `owner`: gives an open file or folder to a user
//! - [`private_folder`]: a folder in memory for plaintext that another program reads
//! - [`read_full`]: reads until a buffer is full

pub mod append;
pub mod atomic_file;
pub mod close;
#[cfg(test)]
pub(crate) mod failing;
pub mod file_at;
pub mod folder;
pub mod lock;
pub mod magic;
mod owner;
pub mod private_folder;
pub mod read_full;
pub mod refused;
pub mod search;
pub mod trust;
pub mod trusted_path;
pub mod wait;
pub mod walk;
