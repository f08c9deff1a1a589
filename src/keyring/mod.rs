//! Root keys in a local file.
//!
//! - [`model`]: what a keyring holds, and which key a name means
//! - [`key`]: a root key and its versions; [`error`]: what goes wrong with them, and with the file
//! - [`deletion`]: how a key ends, and `erasure`: that nothing of it stays beside the keyring, which `traces`
//!   looks for
//! - [`name`]: ids and aliases; [`material`]: the secret part
//! - [`exchange`]: key versions as JSON, to hand to or take from another tool
//! - [`mod@file`]: the file's bytes: a header line with a checksum, and a body; [`seal`]: the body under
//!   a passphrase; [`paper`]: the file as lines to print and type
//! - [`store`]: reading it with suspicion, and changing it without ever losing it; below it
//!   [`generations`] and `saving`
//! - [`restore`] and [`check`]: another keyring in its place, and whether it is what it should be

pub mod check;
pub mod deletion;
mod erasure;
pub mod error;
pub mod exchange;
pub mod file;
pub mod generations;
pub mod key;
pub mod material;
pub mod model;
pub mod name;
pub mod paper;
pub mod restore;
mod saving;
pub mod seal;
pub mod store;
mod traces;

pub use error::{KeyError, KeyringError};
pub use file::FileFault;
pub use key::{Key, KeyVersion};
pub use material::Material;
pub use model::Keyring;
pub use name::{Alias, KeyId};
pub use seal::Passphrase;
pub use store::{Location, Store};
