//! Verdicts on the command line itself.

use std::io::ErrorKind;

use super::{Classified, Verdict};
use crate::output::error::{
    About, CommandError, EditorError, Found, GitError, InUse, NoParts, NotChecked, NothingLost,
    PaperError, PassphraseError, ProducerError, SomeFailed, TooLarge, Unreadable, UnsoundKey,
    UsageError,
};
use crate::output::exit::Exit;

impl Classified for UsageError {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Usage.hint(&self.hint)
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

impl Classified for UnsoundKey {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::NotAMessage.hint("export the key again where it came from; nothing was imported")
    }
}

impl Classified for NoParts {
    fn verdict(&self, _: &About) -> Verdict {
        Verdict { exit: Exit::Policy, hint: self.hint.map(str::to_owned) }
    }
}

impl Classified for NothingLost {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Authentication.hint("decrypt it without --salvage, which proves that it is whole")
    }
}

impl Classified for Unreadable {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Authentication.hint("restore the file from a copy")
    }
}

impl Classified for ProducerError {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Producer.into()
    }
}

impl Classified for EditorError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::Failed { status: 126 | 127, .. } | Self::NotStarted { .. } => {
                Exit::Producer.hint("name another one with VISUAL or EDITOR")
            }
            Self::Emptied => Exit::Producer.hint("if that is meant: --allow-empty"),
            Self::Failed { .. } | Self::Killed { .. } | Self::Removed => Exit::Producer.into(),
        }
    }
}

impl Classified for GitError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::NotStarted { .. } => Exit::Failure.hint("install git, or add it to PATH"),
            Self::Failed { .. } => Exit::Failure.into(),
        }
    }
}

impl Classified for InUse {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Failure.hint("wait until it is done")
    }
}

impl Classified for CommandError {
    fn verdict(&self, _: &About) -> Verdict {
        match self.source.kind() {
            ErrorKind::NotFound => Exit::NoCommand.into(),
            ErrorKind::ArgumentListTooLong => Exit::NotExecutable
                .hint("the system limits the size of an environment: pass large secrets with --secret-file"),
            _ => Exit::NotExecutable.into(),
        }
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

impl Classified for TooLarge {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Policy.into()
    }
}

impl Classified for PassphraseError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::NoSource { variable, flag, has_command_flag } => {
                let command =
                    if *has_command_flag { format!(", {flag}-command") } else { String::new() };
                Exit::KeyringLocked.hint(format!(
                    "name one: {variable}_FILE, {variable}_FD, {variable}_COMMAND or {variable}; or \
                     {flag}-file, {flag}-fd{command}"
                ))
            }
            Self::Several { .. } => Exit::Usage.hint("unset all but one"),
            Self::SeveralFlags { .. } => Exit::Usage.hint("leave out all but one"),
            Self::NotADescriptor { .. } => Exit::Usage.into(),
            Self::Empty(_) | Self::NotTheSame | Self::Unreadable { .. } | Self::Command { .. } => {
                Exit::KeyringLocked.into()
            }
        }
    }
}

impl Classified for PaperError {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Keyring.hint("compare these lines with the paper, and correct them")
    }
}

impl Classified for Found {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Found.into()
    }
}

impl Classified for SomeFailed {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::SomeFailed.into()
    }
}

impl Classified for NotChecked {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Found.hint("check what it stands for by itself, or move it out of the folder")
    }
}
