//! The keyring as bytes.
//!
//! - [`mod@file`]: the keyring file: a header line with a checksum, and a body
//! - [`seal`]: the body encrypted under a passphrase; [`paper`]: the file as lines to print and type
//! - [`exchange`]: key versions as JSON, for another keyring or another SDK; [`pem`]: single keys, for any tool

pub mod exchange;
pub mod file;
pub mod paper;
pub mod pem;
pub mod seal;
