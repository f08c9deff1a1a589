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
        match self {
            Self::NotStarted { command, source } => {
                Exit::Producer.hint(not_started_hint(command, source))
            }
            Self::Failed { .. } | Self::Killed { .. } => Exit::Producer.into(),
        }
    }
}

/// What to do about a command that could not be started. Where a whole line was given for its name, it names words.
fn not_started_hint(command: &str, source: &std::io::Error) -> String {
    if source.kind() == ErrorKind::NotFound && command.trim().contains(' ') {
        format!(
            "it is one word: leave the quotes out, as in -- {command}; or, for what only a shell understands: \
             -- sh -c '{command}'"
        )
    } else if command.contains('/') {
        "check its spelling; of a script, also the program that its first line ('#!') names"
            .to_owned()
    } else {
        "check its spelling, and that its folder is in PATH".to_owned()
    }
}

impl Classified for EditorError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::Failed { status: 126 | 127, .. } | Self::NotStarted { .. } => {
                Exit::Producer.hint("name another one with VISUAL or EDITOR")
            }
            Self::Emptied => Exit::Producer.hint("if that is meant: --allow-empty"),
            Self::Failed { .. } | Self::Killed { .. } | Self::Removed => {
                Exit::Producer.hint("run it again; another editor is named with VISUAL or EDITOR")
            }
        }
    }
}

impl Classified for GitError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::NotStarted { .. } => Exit::Failure.hint("install git, or add it to PATH"),
            Self::Failed { .. } => Exit::Failure.hint("git says above why"),
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
            ErrorKind::NotFound => {
                Exit::NoCommand.hint(not_started_hint(&self.command, &self.source))
            }
            ErrorKind::ArgumentListTooLong => Exit::NotExecutable
                .hint("the system limits the size of an environment: pass large secrets with --secret-file"),
            ErrorKind::PermissionDenied => Exit::NotExecutable
                .hint("make it executable (chmod +x), or name what runs it: -- sh FILE"),
            _ => Exit::NotExecutable
                .hint("name what runs it, as in -- sh FILE, or a program of this machine's kind"),
        }
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

impl Classified for TooLarge {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Policy.hint("a file of this size is for 'enwrap decrypt'")
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
            Self::NotADescriptor { .. } => {
                Exit::Usage.hint("give a number, such as 3, and open it: 3< FILE")
            }
            Self::Empty(_) => Exit::KeyringLocked
                .hint("type one, or look at the file, command or variable that was to give it"),
            Self::NotTheSame => Exit::KeyringLocked.hint("run it again; nothing was changed"),
            Self::Unreadable { .. } => Exit::KeyringLocked
                .hint("check its name and who may read it; a descriptor has to be open: 3< FILE"),
            Self::Command { .. } => Exit::KeyringLocked
                .hint("run it by itself: it has to print the passphrase and end with 0"),
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
