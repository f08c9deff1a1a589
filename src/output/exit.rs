//! The exit codes: one for each kind of cause, so that a script can tell them apart.

/// Why the process ends.
///
/// The numbers are a promise; docs/scripting.md has them with what to do about each. A signal is
/// 128 + its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Failure = 1,
    Usage = 2,
    NoKey = 3,
    Authentication = 4,
    Truncated = 5,
    Context = 6,
    KeyDisabled = 7,
    Exists = 8,
    KeyringLocked = 9,
    Keyring = 10,
    NotAMessage = 11,
    SomeFailed = 12,
    Kms = 13,
    Found = 14,
    Producer = 15,
    Policy = 16,
    NotExecutable = 126,
    NoCommand = 127,
}

/// Whose exit codes a verb has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Our own: one a cause.
    Own,
    /// A command runs in the verb's place, and the codes are the command's.
    OfExec,
    /// git calls it to merge, and takes every code up to 128 for a conflict in a file that it leaves to the user.
    OfMergeDriver,
}

impl Codes {
    /// The code for a cause.
    pub(crate) fn of(self, exit: Exit) -> u8 {
        match (self, exit) {
            (Self::Own, _) | (Self::OfExec, Exit::NotExecutable | Exit::NoCommand) => exit.code(),
            (Self::OfExec, _) => Exit::BEFORE_COMMAND,
            (Self::OfMergeDriver, _) => Exit::FAILED_MERGE,
        }
    }
}

impl Exit {
    pub(crate) const ALL: [Self; 18] = [
        Self::Failure,
        Self::Usage,
        Self::NoKey,
        Self::Authentication,
        Self::Truncated,
        Self::Context,
        Self::KeyDisabled,
        Self::Exists,
        Self::KeyringLocked,
        Self::Keyring,
        Self::NotAMessage,
        Self::SomeFailed,
        Self::Kms,
        Self::Found,
        Self::Producer,
        Self::Policy,
        Self::NotExecutable,
        Self::NoCommand,
    ];

    /// The code with which `exec` says that it failed before it tried to start the command, whatever the cause: the
    /// other ones may be the command's own.
    pub(crate) const BEFORE_COMMAND: u8 = 125;

    /// What git takes for a merge driver that failed. A code of up to 128 would be a conflict, and our side the proposal
    /// to resolve it.
    pub(crate) const FAILED_MERGE: u8 = 255;

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The name in JSON.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::NoKey => "no_key",
            Self::Authentication => "authentication",
            Self::Truncated => "truncated",
            Self::Context => "context",
            Self::KeyDisabled => "key_disabled",
            Self::Exists => "exists",
            Self::KeyringLocked => "keyring_locked",
            Self::Keyring => "keyring",
            Self::NotAMessage => "not_a_message",
            Self::SomeFailed => "some_failed",
            Self::Kms => "kms",
            Self::Found => "found",
            Self::Producer => "producer",
            Self::Policy => "policy",
            Self::NotExecutable => "not_executable",
            Self::NoCommand => "no_command",
        }
    }

    /// The cause, in a few words.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Failure => "other failure: I/O, a full disk, a file that changed meanwhile",
            Self::Usage => "usage, or no key chosen",
            Self::NoKey => "no key opens it, or a key or keyring is not there",
            Self::Authentication => "authentication failed",
            Self::Truncated => "truncated",
            Self::Context => "another encryption context",
            Self::KeyDisabled => "the key is disabled, or pending-deletion",
            Self::Exists => "the output, the alias or the key exists",
            Self::KeyringLocked => {
                "the keyring is sealed, the passphrase is wrong, or one is named and it is not sealed"
            }
            Self::Keyring => "the keyring is damaged, unsafe or read-only",
            Self::NotAMessage => "not an encrypted message, or not supported",
            Self::SomeFailed => "some of several files failed",
            Self::Kms => "a remote key service refused, or could not be reached",
            Self::Found => "a check found work",
            Self::Producer => "a command that was to produce the input, or an editor, failed",
            Self::Policy => "refused by a limit or a policy",
            Self::NotExecutable => "exec: the command cannot be executed",
            Self::NoCommand => "exec: the command is not there",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the contract's table: code, kind, meaning.
    fn documented() -> Vec<[String; 3]> {
        include_str!("../../docs/scripting.md")
            .lines()
            .filter_map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                let [code, kind, meaning, _] = cells[..] else { return None };
                code.parse::<u8>().ok().filter(|code| *code != 0)?;
                let kind = kind.trim_matches('`');
                Some([code, kind, meaning].map(str::to_owned))
            })
            .collect()
    }

    #[test]
    fn the_contract_lists_the_codes_as_they_are() {
        let codes: Vec<[String; 3]> = Exit::ALL
            .iter()
            .map(|exit| {
                [exit.code().to_string(), exit.kind().to_owned(), exit.meaning().to_owned()]
            })
            .collect();
        assert_eq!(documented(), codes);
    }
}
