//! Whom a store asks for the passphrase of a sealed keyring, and whom it warns.

use std::error::Error;
use std::fmt;
use std::path::Path;

use crate::keyring::format::seal::Passphrase;

/// Gives a store the passphrase of a sealed keyring, and takes its warnings. The library itself never
/// prompts and never prints.
pub trait Operator: fmt::Debug + Send + Sync {
    /// The passphrase of the sealed keyring at `path`; asked for once, and only if it is needed.
    ///
    /// # Errors
    /// Why there is no passphrase; the keyring is then not opened.
    fn passphrase(&self, path: &Path) -> Result<Passphrase, Box<dyn Error + Send + Sync>>;

    /// Another passphrase of the keyring at `path`, after the last one did not open it. `None` where nobody is asked again:
    /// what a file or a command gives is the same a second time.
    ///
    /// # Errors
    /// As [`passphrase`](Self::passphrase).
    fn passphrase_again(
        &self,
        _path: &Path,
    ) -> Option<Result<Passphrase, Box<dyn Error + Send + Sync>>> {
        None
    }

    /// Whether a person is asked, who may type it wrong. It is then tried before other processes have to wait.
    fn asks_a_person(&self) -> bool {
        false
    }

    /// Whether the caller named a passphrase in advance, and so expects a sealed keyring.
    fn expects_seal(&self) -> bool {
        false
    }

    /// Others may read the keyring at `path`, which has this mode, and is sealed or a copy: they can try passphrases on
    /// it, or have its keys.
    fn on_readable_by_others(&self, path: &Path, mode: u32);

    /// The keyring's file at `path` was replaced. The old file had an access control list; the new one has none.
    fn on_dropped_acl(&self, _path: &Path) {}
}

/// Has no passphrase, and passes over warnings.
#[derive(Debug)]
pub(super) struct Nobody;

impl Operator for Nobody {
    fn passphrase(&self, _: &Path) -> Result<Passphrase, Box<dyn Error + Send + Sync>> {
        Err("no operator gives one".into())
    }

    fn on_readable_by_others(&self, _: &Path, _: u32) {}
}
