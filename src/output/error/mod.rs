//! The error type of the command line.
//!
//! [`Error`] is closed: it can be made of the types that [`Cause`] lists, and of nothing else. Each of them says
//! its own exit code and hint, as [`Classified`]. So an error type that nobody gave an exit code does not compile,
//! neither here nor where a verb would pass it on with `?`.

mod own;

use std::path::{Path, PathBuf};

use enwrap::fs::atomic_file::AtomicFileError;
use enwrap::fs::private_folder::PrivateFolderError;
use enwrap::keyring::format::exchange::NotAnExport;
use enwrap::keyring::format::pem::PemFault;
use enwrap::keyring::{KeyError, KeyringError, Store};
use enwrap::keys::envelope::append::AppendError;
use enwrap::keys::service::WrapError;
use enwrap::message::MessageError;
use enwrap::message::context::ContextError;
use enwrap::message::encrypted_data_key::FieldTooLong;
use enwrap::operations::datakey::DatakeyError;
use enwrap::operations::decrypt::OpenError;
use enwrap::operations::encrypt::EncryptError;
use enwrap::operations::rewrap::RewrapError;
use enwrap::operations::verify_first::VerifyFirstError;
use enwrap::pipeline::PipelineError;

pub(crate) use own::*;

use super::sanitize;
use super::verdicts::Classified;

/// Why a verb failed, and what it was working on.
///
/// Boxed, since every function of the command line returns it.
#[derive(Debug)]
pub(crate) struct Error(Box<Parts>);

#[derive(Debug)]
struct Parts {
    cause: Cause,
    about: About,
}

impl Error {
    pub(crate) fn cause(&self) -> &Cause {
        &self.0.cause
    }

    pub(crate) fn into_cause(self) -> Cause {
        self.0.cause
    }

    /// This error, about `about` and nothing else.
    pub(crate) fn concerning(mut self, about: About) -> Self {
        let is_salvageable = self.0.about.is_salvageable;
        self.0.about = About { is_salvageable, ..about };
        self
    }

    /// This error, of a message whose whole frames `decrypt --salvage` can save, or not.
    pub(crate) fn salvageable_if(mut self, is_salvageable: bool) -> Self {
        self.0.about.is_salvageable = is_salvageable;
        self
    }

    pub(crate) fn about(&self) -> &About {
        &self.0.about
    }
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self(Box::new(Parts { cause, about: About::default() }))
    }
}

/// Lists the error types of the edge, each with its variant of [`Cause`].
macro_rules! causes {
    ($($variant:ident($error:ty),)*) => {
        /// Everything that can go wrong in a verb.
        #[derive(Debug)]
        pub(crate) enum Cause {
            $($variant($error),)*
        }

        impl Cause {
            pub(crate) fn get(&self) -> &dyn Classified {
                match self {
                    $(Self::$variant(error) => error,)*
                }
            }
        }

        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Cause::$variant(error).into()
            }
        })*
    };
}

causes! {
    Append(AppendError),
    AtomicFile(AtomicFileError),
    CannotAppend(CannotAppend),
    ChangedMeanwhile(ChangedMeanwhile),
    Command(CommandError),
    Context(ContextError),
    Datakey(DatakeyError),
    Differs(Differs),
    Editor(EditorError),
    Encrypt(EncryptError),
    Export(NotAnExport),
    FieldTooLong(FieldTooLong),
    Format(std::fmt::Error),
    Git(GitError),
    InUse(InUse),
    Io(std::io::Error),
    Key(KeyError),
    Keyring(KeyringError),
    Message(MessageError),
    NoParts(NoParts),
    NotChecked(NotChecked),
    NotReported(NotReported),
    NothingLost(NothingLost),
    Occupied(Occupied),
    Open(OpenError),
    Paper(PaperError),
    Passphrase(PassphraseError),
    Pem(PemFault),
    Pipeline(PipelineError),
    PrivateFolder(PrivateFolderError),
    Producer(ProducerError),
    Rewrap(RewrapError),
    SomeFailed(SomeFailed),
    Source(SourceError),
    Step(StepError),
    TooLarge(TooLarge),
    UnknownKeys(UnknownKeys),
    Unreadable(Unreadable),
    UnsoundKey(UnsoundKey),
    Usage(UsageError),
    VerifyFirst(VerifyFirstError),
    Wrap(WrapError),
}

/// What an error is about, and which keyring was used. Hints name them.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) subject: Subject,
    pub(crate) keyring: Option<PathBuf>,
    /// Whether the subject is a message whose whole frames can be saved: it is a file, in frames and unsigned.
    pub(crate) is_salvageable: bool,
    /// Whether the run goes over folders or a list, where the options for outputs are others.
    pub(crate) is_of_tree: bool,
}

/// What was worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Nothing that the error's message does not name itself.
    #[default]
    Unnamed,
    Stdin,
    File(PathBuf),
}

impl About {
    /// About one input of a run that uses `keyring`.
    pub(crate) fn input(input: &Path, keyring: &Path) -> Self {
        Self {
            subject: Subject::of(input),
            keyring: Some(keyring.to_path_buf()),
            ..Self::default()
        }
    }

    pub(crate) fn keyring(&self) -> Option<&Path> {
        self.keyring.as_deref()
    }
}

impl Subject {
    /// The subject of an operand.
    pub(crate) fn of(input: &Path) -> Self {
        if input.as_os_str() == "-" { Self::Stdin } else { Self::File(input.to_path_buf()) }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Unnamed | Self::Stdin => None,
        }
    }
}

/// The beginning of a message: what it is about, and a colon.
impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unnamed => Ok(()),
            Self::Stdin => f.write_str("standard input: "),
            Self::File(path) => write!(f, "{}: ", sanitize::name(path)),
        }
    }
}

/// Adds to an error what it is about.
pub(crate) trait Concerning<T> {
    /// Adds the input and the keyring. Of two, the outer one counts.
    fn about(self, about: impl FnOnce() -> About) -> Result<T, Error>;

    /// Adds which keyring was looked at.
    fn in_keyring(self, store: &Store) -> Result<T, Error>;
}

impl<T, E: Into<Error>> Concerning<T> for Result<T, E> {
    fn about(self, about: impl FnOnce() -> About) -> Result<T, Error> {
        self.map_err(|error| error.into().concerning(about()))
    }

    fn in_keyring(self, store: &Store) -> Result<T, Error> {
        self.about(|| About { keyring: Some(store.path().to_path_buf()), ..About::default() })
    }
}

/// Adds to a failed write to standard output what was done before.
pub(crate) trait AfterDone {
    fn after(self, done: impl FnOnce() -> String) -> Result<(), Error>;
}

impl AfterDone for std::io::Result<()> {
    fn after(self, done: impl FnOnce() -> String) -> Result<(), Error> {
        let place = "standard output".to_owned();
        self.map_err(|source| NotReported { done: done(), place, source }.into())
    }
}

/// Adds to an I/O error which step failed.
pub(crate) trait Cannot<T> {
    /// Says `cannot ACTION 'PATH'`.
    fn cannot(self, action: &'static str, path: &Path) -> Result<T, Error>;

    /// Says `cannot ACTION`.
    fn cannot_do(self, action: &'static str) -> Result<T, Error>;
}

impl<T> Cannot<T> for std::io::Result<T> {
    fn cannot(self, action: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| StepError { action, path: Some(path.to_path_buf()), source }.into())
    }

    fn cannot_do(self, action: &'static str) -> Result<T, Error> {
        self.map_err(|source| StepError { action, path: None, source }.into())
    }
}
