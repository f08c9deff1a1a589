//! The one error type of the crate.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::fs::atomic_file::AtomicFileError;
use crate::keyring::seal::{EmptyPassphrase, SealError};
use crate::keyring::{FileFault, KeyError, KeyringError};
use crate::keys::service::{PassphraseFault, WrapError};
use crate::keys::unopened::ResolveError;
use crate::message::MessageError;
use crate::message::armor::ArmorError;
use crate::message::context::ContextError;
use crate::operations::datakey::DatakeyError;
use crate::operations::decrypt::OpenError;
use crate::operations::encrypt::EncryptError;
use crate::operations::verify_first::VerifyFirstError;
use crate::pipeline::PipelineError;

/// What went wrong, in words for people and as an [`ErrorKind`] for programs.
///
/// Its text, and that of its sources, holds no key, no plaintext and no value of an encryption context.
pub struct Error {
    kind: ErrorKind,
    inner: Box<dyn StdError + Send + Sync>,
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A key is not in the keyring, the keyring is not there, or no key in it opens the message.
    NoKey,
    /// The key is disabled, pending-deletion, or may only decrypt.
    KeyUnusable,
    /// A tag or a signature does not hold, so the message was altered. From an error while a message is opened, two more
    /// causes cannot be told apart: the keyring has other material under the key's name, or a context pair that was
    /// bound to the message is not given.
    Authentication,
    /// The message ends too early. What was read before is authentic, and not all there is.
    Truncated,
    /// The message has another encryption context than the one expected.
    Context,
    /// The keyring is sealed, and the passphrase is missing or wrong; or it is not sealed, and a passphrase was given.
    Sealed,
    /// The keyring's file is damaged, or others can read or change it.
    Keyring,
    /// The bytes are no message, no blob, or none that this version knows.
    NotAMessage,
    /// A limit or a policy of the options refuses it, or the message cannot be read in this way.
    Refused,
    /// An option has a value that cannot be.
    InvalidInput,
    /// There is a keyring already.
    AlreadyExists,
    /// A remote key service could not be asked.
    Unavailable,
    /// Reading or writing failed, or the system has no random numbers to give.
    Io,
}

impl Error {
    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(super) fn of(error: impl HasKind) -> Self {
        Self { kind: error.kind(), inner: Box::new(error) }
    }

    pub(super) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, inner: text.into().into() }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.kind).field("error", &self.inner).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source()
    }
}

/// Gives back the [`Error`] that a reader or writer of this crate returned as an [`io::Error`]; any other one is of
/// the kind [`ErrorKind::Io`].
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(Self::of)
    }
}

/// For functions that return an [`io::Error`].
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(io_kind(error.kind), error)
    }
}

fn io_kind(kind: ErrorKind) -> io::ErrorKind {
    match kind {
        ErrorKind::NoKey => io::ErrorKind::NotFound,
        ErrorKind::KeyUnusable | ErrorKind::Sealed | ErrorKind::Refused => {
            io::ErrorKind::PermissionDenied
        }
        ErrorKind::Truncated => io::ErrorKind::UnexpectedEof,
        ErrorKind::InvalidInput => io::ErrorKind::InvalidInput,
        ErrorKind::AlreadyExists => io::ErrorKind::AlreadyExists,
        ErrorKind::Authentication
        | ErrorKind::Context
        | ErrorKind::Keyring
        | ErrorKind::NotAMessage => io::ErrorKind::InvalidData,
        ErrorKind::Unavailable | ErrorKind::Io => io::ErrorKind::Other,
    }
}

/// Puts an [`Error`] in the place of the pipeline's own error, where that is what a reader or writer returned.
pub(super) fn public(error: io::Error) -> io::Error {
    let kind = error.kind();
    match error.downcast::<PipelineError>() {
        Ok(error) => io::Error::new(kind, Error::of(error)),
        Err(error) => error,
    }
}

/// An error of a room below, which has a kind.
pub(super) trait HasKind: StdError + Send + Sync + 'static {
    fn kind(&self) -> ErrorKind;
}

impl HasKind for io::Error {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Io
    }
}

impl HasKind for MessageError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Empty
            | Self::Foreign(_)
            | Self::NotAMessage { .. }
            | Self::UnknownSuite { .. }
            | Self::Malformed { .. }
            | Self::Armor(ArmorError::Utf16 | ArmorError::BlankStart | ArmorError::NotBase64) => {
                ErrorKind::NotAMessage
            }
            Self::LimitExceeded { .. } => ErrorKind::Refused,
            Self::Truncated { .. } | Self::Armor(ArmorError::Cut) => ErrorKind::Truncated,
            Self::Authentication { .. }
            | Self::OutOfSequence { .. }
            | Self::Oversized { .. }
            | Self::TrailingBytes { .. } => ErrorKind::Authentication,
            Self::Read(_) => ErrorKind::Io,
        }
    }
}

impl HasKind for OpenError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Message(error) => error.kind(),
            Self::NotCommitting { .. } | Self::Signed => ErrorKind::Refused,
            Self::ContextMismatch { .. } | Self::ContextAbsent { .. } | Self::Context(_) => {
                ErrorKind::Context
            }
            Self::Locked {
                error:
                    ResolveError::DoesNotUnwrap { .. }
                    | ResolveError::Passphrase(PassphraseFault::Wrong(_)),
                bound,
            } if !bound.is_empty() => ErrorKind::Context,
            Self::Locked { error, .. } => error.kind(),
        }
    }
}

impl HasKind for ResolveError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoKey { .. } => ErrorKind::NoKey,
            Self::Unusable(error) => error.kind(),
            Self::DoesNotUnwrap { .. } | Self::OtherDataKey => ErrorKind::Authentication,
            Self::Service(_) => ErrorKind::Unavailable,
            Self::Passphrase(PassphraseFault::NotGiven) => ErrorKind::NoKey,
            Self::Passphrase(
                PassphraseFault::Wrong(_)
                | PassphraseFault::Unavailable(_)
                | PassphraseFault::Memory,
            ) => ErrorKind::Sealed,
            Self::Passphrase(PassphraseFault::OutOfBounds | PassphraseFault::TooMany) => {
                ErrorKind::Refused
            }
        }
    }
}

impl HasKind for WrapError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Key(error) => error.kind(),
            Self::Random(_) => ErrorKind::Io,
            Self::TooLong { .. } => ErrorKind::InvalidInput,
            Self::Service(_) => ErrorKind::Unavailable,
        }
    }
}

impl HasKind for KeyError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } | Self::NoVersion { .. } | Self::PublicOnly { .. } => {
                ErrorKind::NoKey
            }
            Self::AliasExists { .. }
            | Self::AliasOfForeign { .. }
            | Self::AliasOfKind { .. }
            | Self::Occupied { .. }
            | Self::PublicHeld { .. } => ErrorKind::AlreadyExists,
            Self::Unusable { .. }
            | Self::DecryptOnly { .. }
            | Self::OnlyReads { .. }
            | Self::NoRsa { .. } => ErrorKind::KeyUnusable,
            Self::Malformed { .. } => ErrorKind::Keyring,
            Self::Ambiguous { .. }
            | Self::Symmetric { .. }
            | Self::ReservedName { .. }
            | Self::NotOurs { .. }
            | Self::InKms { .. }
            | Self::CurrentVersion { .. }
            | Self::NotPending { .. }
            | Self::Unnamed => ErrorKind::InvalidInput,
            Self::Remote { .. } => ErrorKind::Unavailable,
        }
    }
}

impl HasKind for ContextError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidInput
    }
}

impl HasKind for PipelineError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Message(error) => error.kind(),
            Self::Read(_) | Self::Write(_) => ErrorKind::Io,
            Self::TooLong => ErrorKind::InvalidInput,
        }
    }
}

impl HasKind for EncryptError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoKey | Self::Context(_) | Self::Header(_) => ErrorKind::InvalidInput,
            Self::Wrap(error) => error.kind(),
            Self::Unreadable { .. } => ErrorKind::Refused,
            Self::Random(_) => ErrorKind::Io,
            Self::Pipeline(error) => error.kind(),
        }
    }
}

impl HasKind for VerifyFirstError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Open(error) => error.kind(),
            Self::Pipeline(error) => error.kind(),
        }
    }
}

impl HasKind for DatakeyError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotBase64 | Self::NotABlob(_) => ErrorKind::NotAMessage,
            Self::Locked(error) => error.kind(),
            Self::NotBound => ErrorKind::InvalidInput,
            Self::Wrap(error) => error.kind(),
            Self::Format(_) => ErrorKind::InvalidInput,
        }
    }
}

impl HasKind for EmptyPassphrase {
    fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidInput
    }
}

impl HasKind for KeyringError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } | Self::NoGeneration { .. } => ErrorKind::NoKey,
            Self::File {
                fault: FileFault::Sealed(SealError::Passphrase | SealError::OddPassphrase(_)),
                ..
            }
            | Self::NoPassphrase { .. }
            | Self::NotSealed { .. } => ErrorKind::Sealed,
            Self::Lost { .. }
            | Self::EmptyData { .. }
            | Self::File { .. }
            | Self::OpenToOthers { .. }
            | Self::NoModes { .. }
            | Self::FolderOpenToOthers { .. }
            | Self::ReadOnly { .. } => ErrorKind::Keyring,
            Self::WouldLose { .. } => ErrorKind::Refused,
            Self::Save(AtomicFileError::Exists { .. }) => ErrorKind::AlreadyExists,
            Self::Locked { .. }
            | Self::NoLocks { .. }
            | Self::Elsewhere { .. }
            | Self::Remains { .. }
            | Self::Unseen { .. }
            | Self::Io { .. }
            | Self::Save(_) => ErrorKind::Io,
        }
    }
}
