//! Verdicts on files and streams.

use std::io;

use enwrap::fs::append::AppendFault;
use enwrap::fs::atomic_file::AtomicFileError;
use enwrap::fs::lock::LockError;
use enwrap::fs::private_folder::PrivateFolderError;
use enwrap::keys::envelope::append::AppendError;

use super::{Classified, Verdict};
use crate::output::error::{
    About, CannotAppend, ChangedMeanwhile, Differs, NotReported, Occupied, Skipping, SourceError,
    StepError, Subject,
};
use crate::output::exit::Exit;

/// The way out for a name that the ending makes too long.
const SHORTER_NAME: &str = "the name is too long with its ending: give it another with -o, or put the files into an archive first";

/// The way out where there is no more room.
const MAKE_ROOM: &str = "make room there, or name another place";

/// What to do about an error of the system, where it is known.
pub(super) fn on_system(error: &io::Error) -> Verdict {
    match error.kind() {
        io::ErrorKind::InvalidFilename => Exit::Failure.hint(SHORTER_NAME),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Exit::Failure.hint(MAKE_ROOM),
        io::ErrorKind::PermissionDenied => {
            Exit::Failure.hint("check the permissions of it and of its folders: ls -ld")
        }
        io::ErrorKind::NotFound => {
            Exit::Failure.hint("check the spelling, and that its folder is there")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            Exit::Failure.hint("it is mounted read-only: name another place")
        }
        io::ErrorKind::FileTooLarge => Exit::Failure
            .hint("a limit of the system or of the file system ends it: see 'ulimit -f'"),
        _ => Exit::Failure.into(),
    }
}

/// The way out where an output exists, by the options that the command has.
fn on_existing(about: &About) -> Verdict {
    Exit::Exists.hint(match (&about.subject, about.is_of_tree) {
        (_, true) => {
            "it is as it was; replace it with -f, pass over what is done with --skip-existing, or write elsewhere \
             with --output-dir"
        }
        (Subject::Unnamed, false) => {
            "it is as it was; name another file, or replace a copy of the keyring with -f"
        }
        _ => "it is as it was; replace it with -f, or choose another name with -o",
    })
}

fn is_too_long(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidFilename
}

impl Classified for AtomicFileError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::ResourceBusy => {
                Exit::Failure
                    .hint("it is mounted by itself, as containers do: mount its folder instead")
            }
            Self::NotGiven { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Exit::Failure.hint(
                    "only root can give files to others: run it as root, or without --preserve-owner",
                )
            }
            Self::NotGiven { .. } => Exit::Failure.into(),
            Self::Io { source, .. } => on_system(source),
            Self::Exists { .. } => on_existing(about),
        }
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

impl Classified for PrivateFolderError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::NoStorage => Exit::Failure.hint(
                "plaintext is never put on a disk: give the new content with 'enwrap edit --stdin FILE'",
            ),
            Self::Io { source, .. } => on_system(source),
        }
    }
}

impl Classified for Occupied {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Exists.hint(match self.skipping {
            Skipping::NotAsked => {
                "it is as it was; replace it with -f, or pass over what an earlier run made: --skip-existing"
            }
            Skipping::ResultsOnly => "it is as it was: look which of both is wanted; -f replaces it",
            Skipping::Never => "if an earlier run was interrupted there: verify the result, and remove the input",
        })
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

impl Classified for Differs {
    fn verdict(&self, about: &About) -> Verdict {
        on_existing(about)
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

impl Classified for AppendError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::Lock { source: LockError::Held { .. }, .. } => Exit::Failure
                .hint("try again when that process is done, or wait longer: --lock-timeout"),
            Self::Lock { source: LockError::Io(source), .. } | Self::Io { source, .. }
                if is_too_long(source) =>
            {
                Exit::Failure.hint("the name leaves no room for the ending: --envelope FILE")
            }
            Self::Lock { source: LockError::Io(source), .. } | Self::Io { source, .. } => {
                on_system(source)
            }
            Self::Lock { source: LockError::Unsupported(_), .. } => Exit::Failure
                .hint("keep it on a file system that has locks: --envelope FILE"),
            Self::TooLarge { .. } => Exit::Failure.hint(
                "name another one with --envelope FILE, and both to the readers: --envelope is repeatable",
            ),
            Self::Refused { source, .. } => verdict_on(source, "name one with --envelope FILE"),
        }
    }
}

impl Classified for CannotAppend {
    fn verdict(&self, _: &About) -> Verdict {
        verdict_on(&self.source, "name another file")
    }
}

fn verdict_on(fault: &AppendFault, hint: &'static str) -> Verdict {
    match fault {
        AppendFault::Link | AppendFault::Planted => Exit::Usage.hint(hint),
        AppendFault::NotAFile | AppendFault::OtherContent => {
            Exit::NotAMessage.hint("it is as it was; name a new file, or one of its kind")
        }
        AppendFault::Io(source) => on_system(source),
    }
}

impl Classified for SourceError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::Open(source) => on_system(source),
            Self::Shrank { .. } => Exit::Failure
                .hint("something writes to it: stop that, or take a snapshot, and run this again"),
            Self::Folder => Exit::Usage.hint("name the files in it; enwrap takes no folder here"),
        }
    }
}

impl Classified for StepError {
    fn verdict(&self, _: &About) -> Verdict {
        on_system(&self.source)
    }
}

impl Classified for NotReported {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Failure.hint("do not repeat it: only the report is missing")
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

impl Classified for ChangedMeanwhile {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Failure.hint("run this again when nothing else writes to it")
    }
}

/// Reading an input, or printing: what it was about is said by [`About`], or goes without saying.
impl Classified for io::Error {
    fn verdict(&self, _: &About) -> Verdict {
        on_system(self)
    }
}

/// Text that is written to memory.
impl Classified for std::fmt::Error {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Failure.into()
    }
}
