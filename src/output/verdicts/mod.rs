//! The exit code and the hint of every error.
//!
//! Errors of the library are data and know nothing of flags and commands. Here each gets its exit code and the
//! next step, by subject: [`message`], [`keys`], [`kms`], [`keyring`], [`files`], and the command line's [`own`]. Every
//! match lists all variants, so that a new one does not compile before it has an exit code.

mod files;
mod keyring;
mod keys;
mod kms;
mod message;
mod own;

use super::error::About;
use super::exit::Exit;

/// What an error comes to.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) exit: Exit,
    /// The next step, if there is one to name.
    pub(crate) hint: Option<String>,
}

impl From<Exit> for Verdict {
    fn from(exit: Exit) -> Self {
        Self { exit, hint: None }
    }
}

impl Exit {
    /// This exit code, and the next step.
    fn hint(self, hint: impl Into<String>) -> Verdict {
        Verdict { exit: self, hint: Some(hint.into()) }
    }
}

/// An error that has an exit code.
pub(crate) trait Classified: std::error::Error + 'static {
    fn verdict(&self, about: &About) -> Verdict;

    /// Whether its message says which file or key it is about, and needs no other beginning.
    fn names_its_subject(&self) -> bool {
        false
    }
}
