//! Root keys in a local file. This module knows nothing of messages.
//!
//! - [`model`]: root keys as data
//! - [`mod@format`]: the keyring as bytes, also sealed, on paper, and as exports
//! - [`store`]: the file: who may read and write it, and how it is changed without being lost

pub mod format;
pub mod model;
pub mod store;

pub use format::exchange;
pub use format::file::{self, FileFault};
pub use format::paper;
pub use format::pem;
pub use format::seal::{self, Passphrase};
pub use model::deletion;
pub use model::error::KeyError;
pub use model::key::{self, Key, KeyVersion};
pub use model::kind::{Kind, RsaPadding};
pub use model::material::Material;
pub use model::name::{Alias, KeyId};
pub use model::root_keys::RootKeys;
pub use store::error::KeyringError;
pub use store::{Location, Store};
