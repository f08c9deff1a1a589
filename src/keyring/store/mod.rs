//! Reading and changing the keyring file.
//!
//! - [`location`](Location): a file, or text that the caller holds
//! - [`operator`](Operator): who is asked for the passphrase, and who is warned
//! - `reading`: the bytes, whether others could have read or written them, and what they hold
//! - `folders`: whether others could put another file in the place of the keyring
//! - `changing`: a change under the lock; `saving`: the steps of writing the file
//! - [`generations`]: the earlier states that stay beside the keyring, as `keyring.json.N`
//! - [`restore`]: putting an earlier state, or a backup, in the place of the keyring
//! - `erasure`: removing destroyed key material from every file beside the keyring; `traces`: finding it there
//! - `compare`: what one keyring lacks of another
//! - [`check`]: whether the keyring and the files beside it are as they should be
//! - [`error`]: why a keyring cannot be read or changed

mod changing;
pub mod check;
mod compare;
mod erasure;
pub mod error;
mod folders;
pub mod generations;
mod location;
mod operator;
mod reading;
pub mod restore;
mod saving;
mod traces;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

pub use self::location::Location;
use self::operator::Nobody;
pub use self::operator::Operator;
use crate::keyring::format::seal::Passphrase;

/// How long a change waits for another process to finish its own, unless told otherwise.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// A keyring's place, and how it is opened.
#[derive(Debug)]
pub struct Store {
    location: Location,
    allow_readable: bool,
    is_copy: bool,
    lock_timeout: Duration,
    operator: Box<dyn Operator>,
    passphrase: OnceLock<Passphrase>,
}

/// What a change did to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It made a new file.
    Created,
    /// It replaced the file by its next generation.
    Changed,
    /// Nothing: the keys are as they were.
    Unchanged,
}

impl Store {
    /// A keyring at `location`; with `allow_readable`, also a file that others may read.
    #[must_use]
    pub fn new(location: Location, allow_readable: bool) -> Self {
        Self {
            location,
            allow_readable,
            is_copy: false,
            lock_timeout: LOCK_TIMEOUT,
            operator: Box::new(Nobody),
            passphrase: OnceLock::new(),
        }
    }

    /// Has it read as a copy of a keyring: that others may read it is a warning. It may lie on a medium that keeps no
    /// permissions, such as a USB stick, and a copy is read to be put into a better place.
    #[must_use]
    pub fn as_copy(self) -> Self {
        Self { is_copy: true, ..self }
    }

    /// Has `operator` give the passphrase and take warnings.
    #[must_use]
    pub fn operated_by(self, operator: Box<dyn Operator>) -> Self {
        Self { operator, ..self }
    }

    /// Sets how long a change waits for one that another process makes.
    #[must_use]
    pub fn waiting(self, lock_timeout: Duration) -> Self {
        Self { lock_timeout, ..self }
    }

    /// The name for messages: the path, or the variable.
    #[must_use]
    pub fn path(&self) -> &Path {
        match &self.location {
            Location::File(path) => path,
            Location::Data { name, .. } => name,
        }
    }

    fn lock_timeout(&self) -> Duration {
        self.lock_timeout
    }
}

#[cfg(test)]
mod tests;
