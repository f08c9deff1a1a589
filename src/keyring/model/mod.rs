//! Root keys as data: keys, their versions, names and states. Nothing here reads or writes a file.
//!
//! - [`root_keys`]: all of them in one place, and which key a name means
//! - [`key`]: a root key; [`versions`]: its versions, at least one; [`material`]: the secret part of a version
//! - [`name`]: ids and aliases; [`deletion`]: how a key ends; [`error`]: what can be wrong with any of it
//! - [`kms_arn`]: what keys of AWS KMS are called

pub mod deletion;
pub mod error;
pub mod key;
pub mod kind;
pub mod kms_arn;
pub mod material;
pub mod name;
pub mod root_keys;
pub mod versions;
