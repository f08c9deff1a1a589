//! The errors of the command line itself: what goes wrong above the library.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use enwrap::fs::append::AppendFault;
use enwrap::keyring::format::paper::PaperFault;
use enwrap::keyring::format::seal::EmptyPassphrase;
use enwrap::keyring::{KeyId, Kind};
use enwrap::message::header::{ContentType, Header};

use crate::output::sanitize;

/// A command line that cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct UsageError {
    pub(crate) message: String,
    /// The command line that can.
    pub(crate) hint: String,
}

/// What is wrong with a command line. It is an error once it says what to do instead.
#[must_use]
#[derive(Debug)]
pub(crate) struct UsageProblem(String);

impl UsageError {
    #[expect(clippy::new_ret_no_self, reason = "no usage error is without a hint")]
    pub(crate) fn new(message: impl Into<String>) -> UsageProblem {
        UsageProblem(message.into())
    }

    /// The same with another hint.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }
}

impl UsageProblem {
    pub(crate) fn hint(self, hint: impl Into<String>) -> UsageError {
        UsageError { message: self.0, hint: hint.into() }
    }
}

/// An input that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("cannot open it")]
    Open(#[source] io::Error),
    #[error("it is a folder")]
    Folder,
    #[error("it shrank from {expected} to {read} bytes while it was read")]
    Shrank { expected: u64, read: u64 },
}

/// The system refused a step.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}{}", path.as_ref().map_or_else(String::new, |path| format!(" '{}'", sanitize::name(path))))]
pub(crate) struct StepError {
    /// What was tried, after "cannot".
    pub(crate) action: &'static str,
    /// The file, unless another part of the message names it.
    pub(crate) path: Option<PathBuf>,
    pub(crate) source: io::Error,
}

/// A file to which lines were to be appended, and were not.
#[derive(Debug, thiserror::Error)]
#[error("cannot append to '{}'", sanitize::name(path))]
pub(crate) struct CannotAppend {
    pub(crate) path: PathBuf,
    pub(crate) source: AppendFault,
}

/// The work was done, and then the place that was to hear of it could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{done}, but {place} cannot be written")]
pub(crate) struct NotReported {
    /// What was done, as a sentence.
    pub(crate) done: String,
    pub(crate) place: String,
    pub(crate) source: io::Error,
}

/// A command that was to produce what is encrypted, and did not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProducerError {
    #[error("cannot run '{command}'")]
    NotStarted {
        command: String,
        #[source]
        source: io::Error,
    },
    #[error("'{command}' failed with exit status {status}, and its output was not kept")]
    Failed { command: String, status: i32 },
    #[error("'{command}' was killed by signal {signal}, and its output was not kept")]
    Killed { command: String, signal: i32 },
}

/// An editor that did not leave a new content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditorError {
    #[error("cannot run the editor '{editor}'")]
    NotStarted {
        editor: String,
        #[source]
        source: io::Error,
    },
    #[error("the editor '{editor}' failed with exit status {status}, and nothing was changed")]
    Failed { editor: String, status: i32 },
    #[error("the editor '{editor}' was killed by signal {signal}, and nothing was changed")]
    Killed { editor: String, signal: i32 },
    #[error("the editor left no file, and nothing was changed")]
    Removed,
    #[error("the new content is empty, and nothing was changed")]
    Emptied,
}

/// git, which did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("cannot run git")]
    NotStarted {
        #[source]
        source: io::Error,
    },
    #[error("'git {verb}' failed")]
    Failed { verb: String },
}

/// A file that another process edits.
#[derive(Debug, thiserror::Error)]
#[error("another 'enwrap edit' has it open")]
pub(crate) struct InUse;

/// A command that was to run in our place, and could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot run '{command}'")]
pub(crate) struct CommandError {
    /// The command's name, safe to show.
    pub(crate) command: String,
    pub(crate) source: io::Error,
}

/// A plaintext that was to be held in memory, and is too large for that.
#[derive(Debug, thiserror::Error)]
#[error("its plaintext has more than {limit} bytes, and is not read into memory")]
pub(crate) struct TooLarge {
    pub(crate) limit: usize,
}

/// A message that is proved as a whole, or not at all.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct NoParts {
    reason: &'static str,
    pub(crate) hint: Option<&'static str>,
}

impl NoParts {
    pub(crate) fn of(header: &Header, hint: Option<&'static str>) -> Self {
        let reason = match header.content {
            ContentType::NonFramed => "it is not in frames: one tag covers all of it",
            ContentType::Framed(_) => "it is signed, and a signature covers all of a message",
        };
        Self { reason, hint }
    }
}

/// A salvage of what was not damaged. No success: scripts must not take salvaging for decrypting.
#[derive(Debug, thiserror::Error)]
#[error("nothing is lost, and it is no damaged message")]
pub(crate) struct NothingLost;

/// A salvaged message of which some could not be read.
#[derive(Debug, thiserror::Error)]
#[error("not all of it can be read")]
pub(crate) struct Unreadable(#[source] pub(crate) io::Error);

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassphraseError {
    #[error("no source of a passphrase is named, and there is no terminal to ask at")]
    NoSource { variable: &'static str, flag: &'static str, has_command_flag: bool },
    #[error(
        "of {variable}, {variable}_FILE, {variable}_FD and {variable}_COMMAND, several are set"
    )]
    Several { variable: &'static str },
    #[error("of {flag}-file, {flag}-fd and {flag}-command, several are given")]
    SeveralFlags { flag: &'static str },
    #[error(transparent)]
    Empty(EmptyPassphrase),
    #[error("the two passphrases are not the same")]
    NotTheSame,
    #[error("'{number}' is no number of a descriptor")]
    NotADescriptor { number: String },
    #[error("cannot read a passphrase from '{}'", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the command that was to print the passphrase failed{}", told(*status))]
    Command {
        status: Option<ExitStatus>,
        #[source]
        source: Option<io::Error>,
    },
}

fn told(status: Option<ExitStatus>) -> String {
    status.map_or_else(String::new, |status| format!(" ({status})"))
}

/// A key that was to be imported, and cannot work: a point beside its curve, or halves that do not belong together.
#[derive(Debug, thiserror::Error)]
#[error(
    "version {version} of key {key} is no sound {kind} key: its parts are damaged, or do not belong together"
)]
pub(crate) struct UnsoundKey {
    pub(crate) key: KeyId,
    pub(crate) version: u32,
    pub(crate) kind: Kind,
}

/// A backup that was typed from paper, and is not what was printed.
#[derive(Debug, thiserror::Error)]
#[error("the backup is not as it was printed")]
pub(crate) struct PaperError(#[source] pub(crate) PaperFault);

/// A check ended, and somebody should look at what it found; each finding was told.
#[derive(Debug, thiserror::Error)]
#[error("the check found {0}")]
pub(crate) struct Found(pub(crate) String);

/// Keys that a message has, and that are not here to be carried over.
#[derive(Debug, thiserror::Error)]
#[error("it is also encrypted under keys that are not here, or do not open it: {}", names.join(", "))]
pub(crate) struct UnknownKeys {
    pub(crate) names: Vec<String>,
}

/// A file that was to be replaced is no longer the one that was read.
#[derive(Debug, thiserror::Error)]
#[error("it changed meanwhile, and is as others left it")]
pub(crate) struct ChangedMeanwhile;

/// In a run over folders, something that stands where a result is to go, and may not be passed over either.
#[derive(Debug, thiserror::Error)]
#[error("'{}' already exists{skipping}", sanitize::name(path))]
pub(crate) struct Occupied {
    pub(crate) path: PathBuf,
    pub(crate) skipping: Skipping,
}

/// Whether results of an earlier run are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Skipping {
    /// They would be, with `--skip-existing`.
    #[error("")]
    NotAsked,
    /// They are, and this is none.
    #[error(", with another time or size than the result of this file has")]
    ResultsOnly,
    /// The input is to be removed, so that it would be none of a run that ended.
    #[error(", and the input is still there")]
    Never,
}

/// An output that exists, and is not what would be written.
#[derive(Debug, thiserror::Error)]
#[error("'{}' exists, and {difference}", sanitize::name(path))]
pub(crate) struct Differs {
    pub(crate) path: PathBuf,
    pub(crate) difference: Difference,
}

/// In what an existing output is not what would be written. No byte of either is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Difference {
    #[error("is no message that opens with these keys and pairs")]
    Closed,
    #[error("is damaged or cut")]
    Unproved,
    #[error("is encrypted under other keys, or other versions of them")]
    Keys,
    #[error("has another encryption context")]
    Context,
    #[error("has another algorithm, frame length or armour")]
    Form,
    #[error("holds other bytes")]
    Bytes,
}

/// Some of several files failed; each was told when it happened.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {total} files failed")]
pub(crate) struct SomeFailed {
    pub(crate) failed: usize,
    pub(crate) total: usize,
}

/// A file that a check of everything could not look at.
#[derive(Debug, thiserror::Error)]
#[error("it was not checked: it is {what}")]
pub(crate) struct NotChecked {
    pub(crate) what: &'static str,
}
