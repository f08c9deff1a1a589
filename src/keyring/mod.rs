//! Root keys in a local file.
//!
//! - [`model`]: what a keyring holds, and which key a name means
//! - [`key`]: a root key and its versions; [`error`]: what goes wrong with them, and with the file
//! - [`name`]: ids and aliases; [`material`]: the secret part
//! - [`exchange`]: one key version as JSON, to hand to or take from another tool
//! - [`mod@file`]: the file's bytes: a header line with a checksum, and a body
//! - [`store`]: reading it with suspicion, and changing it without ever losing it

pub mod error;
pub mod exchange;
pub mod file;
pub mod key;
pub mod material;
pub mod model;
pub mod name;
pub mod store;

pub use error::{KeyError, KeyringError};
pub use file::FileFault;
pub use key::{Key, KeyVersion};
pub use material::Material;
pub use model::Keyring;
pub use name::{Alias, KeyId};
pub use store::{Location, Store};
