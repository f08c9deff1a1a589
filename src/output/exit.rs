//! The exit codes: one for each kind of cause, so that a script can tell them apart.

/// Why the process ends.
///
/// The numbers are a promise; see docs/scripting.md. A signal is 128 + its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// I/O, a full disk, a file that changed meanwhile.
    Failure = 1,
    /// The command line is wrong, or no key was chosen.
    Usage = 2,
    /// No key opens it, or a key or keyring is not there.
    NoKey = 3,
    /// A tag does not hold.
    Authentication = 4,
    /// The message ends too early.
    Truncated = 5,
    /// The encryption context is not the expected one.
    Context = 6,
    /// The key is disabled, or pending deletion.
    KeyDisabled = 7,
    /// The output or the alias is there already.
    Exists = 8,
    /// The keyring is locked, or the passphrase is wrong.
    KeyringLocked = 9,
    /// The keyring is damaged, unsafe or read-only.
    Keyring = 10,
    /// Not a message, or not one that this version can read.
    NotAMessage = 11,
    /// Some of several files failed.
    SomeFailed = 12,
    /// Refused by a policy or a limit.
    Policy = 16,
}

impl Exit {
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
            Self::Policy => "policy",
        }
    }

    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}
