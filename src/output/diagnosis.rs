//! What an error means to the user: exit code, message, causes and the next step.
//!
//! Errors below are data and know nothing of flags. Here, and only here, each gets its exit code and
//! its hint.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Error;
use serde_json::{Value, json};

use enwrap::fs::atomic_file::AtomicFileError;
use enwrap::fs::lock::LockError;
use enwrap::keyring::format::exchange::NotAnExport;
use enwrap::keyring::format::seal::SealError;
use enwrap::keyring::model::key::State;
use enwrap::keyring::{FileFault, KeyError, KeyringError};
use enwrap::keys::envelope::append::AppendError;
use enwrap::keys::unlock::UnlockError;
use enwrap::message::armor::ArmorError;
use enwrap::message::context::ContextError;
use enwrap::message::{Limit, MessageError};
use enwrap::operations::decrypt::OpenError;
use enwrap::operations::encrypt::EncryptError;
use enwrap::operations::rewrap::RewrapError;
use enwrap::operations::verify_first::VerifyFirstError;
use enwrap::pipeline::PipelineError;

use super::error::{
    About, BlobError, Found, NoParts, NothingLost, PaperError, PassphraseError, ProducerError,
    SomeFailed, SourceError, UnknownKeys, Unreadable, UsageError,
};
use super::exit::Exit;
use super::sanitize;

/// An error, ready to be told.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
    path: Option<PathBuf>,
}

/// What one error comes to, before its path and causes are added.
type Verdict = (Exit, Option<String>);

impl Diagnosis {
    pub(crate) fn of(error: &Error) -> Self {
        let about = error.downcast_ref::<About>();
        let (exit, hint) = judge(error, about);
        // The first link of the chain is `About` itself, where it was added.
        let mut told = error.chain().skip(usize::from(about.is_some())).map(ToString::to_string);
        let first = told.next().unwrap_or_default();
        let mut causes: Vec<String> = Vec::new();
        for cause in told {
            // Transparent wrappers repeat what they wrap.
            if cause != first && causes.last() != Some(&cause) {
                causes.push(sanitize::text(&cause));
            }
        }
        let message = match about {
            Some(about) if !names_its_own_path(error) => {
                format!("{about}{}", sanitize::text(&first))
            }
            _ => sanitize::text(&first),
        };
        let path = about.and_then(|about| about.subject.path()).map(Path::to_path_buf);
        Self { exit, message, causes, hint, path }
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut message = self.message.clone();
        for cause in &self.causes {
            message = format!("{message}: {cause}");
        }
        let mut object = json!({
            "kind": self.exit.kind(),
            "exit_code": self.exit.code(),
            "message": message,
            "hint": self.hint,
            "path": null,
        });
        if let Some(path) = &self.path {
            sanitize::insert_path(&mut object, "path", path);
        }
        object
    }
}

impl Diagnosis {
    /// What it is about, in a list.
    pub(crate) fn subject(&self) -> String {
        self.path.as_ref().map_or_else(|| self.message.clone(), sanitize::name)
    }

    /// The same for programs.
    pub(crate) fn in_short(&self) -> Value {
        let mut object = json!({
            "kind": self.exit.kind(),
            "exit_code": self.exit.code(),
            "path": null,
        });
        if let Some(path) = &self.path {
            sanitize::insert_path(&mut object, "path", path);
        }
        object
    }
}

/// Whether the message of this error says which file or key it is about.
fn names_its_own_path(error: &Error) -> bool {
    error.is::<AtomicFileError>()
        || error.is::<KeyringError>()
        || error.is::<KeyError>()
        || error.is::<UsageError>()
}

/// Whether an error means that the reader of stdout has gone.
pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Whether an error means that no further output can succeed.
pub(crate) fn is_full_disk(error: &Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|cause| {
        matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    })
}

fn judge(error: &Error, about: Option<&About>) -> Verdict {
    let keyring = about.map(|about| about.keyring.as_path());
    let file = about.and_then(|about| about.subject.path());
    if let Some(usage) = error.downcast_ref::<UsageError>() {
        (Exit::Usage, usage.hint.clone())
    } else if let Some(source) = error.downcast_ref::<SourceError>() {
        judge_source(source)
    } else if let Some(parts) = error.downcast_ref::<NoParts>() {
        (Exit::Policy, parts.hint.map(str::to_owned))
    } else if error.is::<NothingLost>() {
        let hint = "decrypt it without --salvage, which proves that it is whole";
        (Exit::Authentication, Some(hint.to_owned()))
    } else if error.is::<Unreadable>() {
        (Exit::Authentication, Some("restore the file from a copy".to_owned()))
    } else if error.is::<ProducerError>() {
        (Exit::Producer, None)
    } else if let Some(open) = error.downcast_ref::<OpenError>() {
        judge_open(open, keyring, file)
    } else if let Some(message) = error.downcast_ref::<MessageError>() {
        judge_message(message)
    } else if let Some(verified) = error.downcast_ref::<VerifyFirstError>() {
        match verified {
            VerifyFirstError::Open(open) => judge_open(open, keyring, file),
            VerifyFirstError::Pipeline(pipeline) => judge_pipeline(pipeline),
        }
    } else if let Some(encrypt) = error.downcast_ref::<EncryptError>() {
        judge_encrypt(encrypt)
    } else if let Some(pipeline) = error.downcast_ref::<PipelineError>() {
        judge_pipeline(pipeline)
    } else if let Some(keyring) = error.downcast_ref::<KeyringError>() {
        judge_keyring(keyring)
    } else if let Some(key) = error.downcast_ref::<KeyError>() {
        judge_key(key, keyring)
    } else if let Some(file) = error.downcast_ref::<AtomicFileError>() {
        judge_atomic_file(file)
    } else if error.is::<ContextError>() {
        (Exit::Usage, None)
    } else if error.is::<NotAnExport>() {
        let hint = "make one with 'enwrap key export'; for a plain key, use --material-file";
        (Exit::NotAMessage, Some(hint.to_owned()))
    } else if let Some(blob) = error.downcast_ref::<BlobError>() {
        judge_blob(blob, keyring)
    } else if let Some(passphrase) = error.downcast_ref::<PassphraseError>() {
        judge_passphrase(passphrase)
    } else if let Some(rewrap) = error.downcast_ref::<RewrapError>() {
        judge_rewrap(rewrap, keyring, file)
    } else if error.is::<UnknownKeys>() {
        let hint = "name the full new set with -k KEY, or let them go with --drop-unknown-keys";
        (Exit::NoKey, Some(hint.to_owned()))
    } else if let Some(AppendError::Lock { source: LockError::Held { .. }, .. }) =
        error.downcast_ref::<AppendError>()
    {
        let hint = "try again when that process is done, or wait longer: --lock-timeout";
        (Exit::Failure, Some(hint.to_owned()))
    } else if error.is::<PaperError>() {
        (Exit::Keyring, Some("compare these lines with the paper, and correct them".to_owned()))
    } else if error.is::<Found>() {
        (Exit::Found, None)
    } else if error.is::<SomeFailed>() {
        (Exit::SomeFailed, None)
    } else {
        (Exit::Failure, None)
    }
}

fn judge_source(error: &SourceError) -> Verdict {
    match error {
        SourceError::Open(_) => (Exit::Failure, None),
        SourceError::Folder => {
            (Exit::Usage, Some("name the files in it; enwrap takes no folder here".to_owned()))
        }
        SourceError::Shrank { .. } => (Exit::Failure, None),
    }
}

fn judge_message(error: &MessageError) -> Verdict {
    match error {
        MessageError::Empty | MessageError::NotAMessage { .. } => (
            Exit::NotAMessage,
            Some("it was not encrypted by enwrap or an AWS Encryption SDK".to_owned()),
        ),
        MessageError::UnknownSuite { .. } | MessageError::Malformed { .. } => {
            (Exit::NotAMessage, None)
        }
        MessageError::Armor(ArmorError::Utf16) => (
            Exit::NotAMessage,
            Some("have enwrap write the file itself, with -o, instead of a redirection".to_owned()),
        ),
        MessageError::Armor(ArmorError::NotBase64) => (Exit::NotAMessage, None),
        MessageError::Armor(ArmorError::Cut) => {
            (Exit::Truncated, Some("the file is incomplete: fetch or restore it again".to_owned()))
        }
        MessageError::LimitExceeded { limit, .. } => {
            let flag = match limit {
                Limit::HeaderSize => "--max-header-size",
                Limit::EncryptedDataKeys => "--max-encrypted-data-keys",
                Limit::FrameLength => "--max-frame-length",
            };
            (Exit::Policy, Some(format!("if you trust the message, raise the limit with {flag}")))
        }
        MessageError::Truncated { .. } => {
            (Exit::Truncated, Some("the file is incomplete: fetch or restore it again".to_owned()))
        }
        MessageError::Authentication { .. }
        | MessageError::OutOfSequence { .. }
        | MessageError::Oversized { .. }
        | MessageError::TrailingBytes { .. } => (
            Exit::Authentication,
            Some("the file is damaged or was tampered with: restore it from a copy".to_owned()),
        ),
        MessageError::Read(_) => (Exit::Failure, None),
    }
}

fn judge_open(error: &OpenError, keyring: Option<&Path>, file: Option<&Path>) -> Verdict {
    match error {
        OpenError::Message(message) => judge_message(message),
        OpenError::NotCommitting { .. } => (
            Exit::Policy,
            Some(
                "if you trust whoever made it, allow it with --commitment-policy \
                 require-encrypt-allow-decrypt"
                    .to_owned(),
            ),
        ),
        OpenError::Signed => {
            (Exit::Policy, Some("leave out --unsigned-only to read it".to_owned()))
        }
        OpenError::ContextMismatch { .. } | OpenError::ContextAbsent { .. } => {
            (Exit::Context, Some("this is not the message that -c describes".to_owned()))
        }
        // Only pairs that it stores and pairs that -c adds can be too much together.
        OpenError::Context(_) => (Exit::Context, None),
        OpenError::Locked { error: UnlockError::Unwrap { .. }, bound } if !bound.is_empty() => {
            let bound: Vec<String> = bound.iter().map(|key| format!("'{key}'")).collect();
            let bound = sanitize::text(&bound.join(", "));
            let hint = format!(
                "the message does not store {bound}: the value is wrong, or it was never bound to it"
            );
            (Exit::Context, Some(hint))
        }
        OpenError::Locked { error, .. } => judge_unlock(
            error,
            keyring,
            file,
            "the causes cannot be told apart: a damaged header, other material under that name, or a \
             context pair that was bound to it and not given (-c K=V)",
        ),
    }
}

fn judge_unlock(
    error: &UnlockError,
    keyring: Option<&Path>,
    file: Option<&Path>,
    unwrap_hint: &str,
) -> Verdict {
    match error {
        UnlockError::NoKey { is_excluded: true, .. } => {
            (Exit::NoKey, Some("the key is here, but it is not one of --only-key".to_owned()))
        }
        UnlockError::NoKey { .. } => {
            let lacks = keyring.map_or_else(String::new, |keyring| {
                format!("the keyring '{}' lacks it: ", sanitize::name(keyring))
            });
            let envelope = file.map_or_else(String::new, |file| {
                let envelope = sanitize::name(enwrap::keys::envelope::beside(file));
                format!("; looked for '{envelope}' too")
            });
            let hint = format!("{lacks}choose another with --keyring, or import the key{envelope}");
            (Exit::NoKey, Some(hint))
        }
        UnlockError::Unusable(key) => judge_key(key, keyring),
        UnlockError::Provider(_) => (Exit::Failure, None),
        UnlockError::Unwrap { .. } | UnlockError::Refused => {
            (Exit::Authentication, Some(unwrap_hint.to_owned()))
        }
    }
}

fn judge_blob(error: &BlobError, keyring: Option<&Path>) -> Verdict {
    match error {
        BlobError::NotBase64 | BlobError::NotABlob(_) => {
            let hint =
                "give the CiphertextBlob that 'enwrap datakey' printed, or wrote with --blob-out";
            (Exit::NotAMessage, Some(hint.to_owned()))
        }
        BlobError::Locked(error) => judge_unlock(
            error,
            keyring,
            None,
            "a blob holds no context, so the causes cannot be told apart: the blob is damaged, or the \
             context (-c K=V) is not the one it was made with",
        ),
    }
}

fn judge_encrypt(error: &EncryptError) -> Verdict {
    match error {
        EncryptError::Pipeline(pipeline) => judge_pipeline(pipeline),
        EncryptError::NoKey | EncryptError::Context(_) | EncryptError::Header(_) => {
            (Exit::Usage, None)
        }
        EncryptError::Unreadable { .. } => {
            (Exit::Policy, Some("encrypt under fewer keys, or with a shorter context".to_owned()))
        }
        EncryptError::Provider(_) | EncryptError::Random(_) => (Exit::Failure, None),
    }
}

fn judge_pipeline(error: &PipelineError) -> Verdict {
    match error {
        PipelineError::Message(message) => judge_message(message),
        PipelineError::Read(_) | PipelineError::Write(_) => (Exit::Failure, None),
        PipelineError::TooLong => (Exit::Failure, Some("split the input".to_owned())),
    }
}

fn judge_keyring(error: &KeyringError) -> Verdict {
    match error {
        KeyringError::NotFound { .. } => (
            Exit::NoKey,
            Some("make one with 'enwrap keygen', or name one with --keyring FILE".to_owned()),
        ),
        KeyringError::Lost { newest, .. } => (
            Exit::Keyring,
            Some(format!("put the newest one back: enwrap keyring restore --generation {newest}")),
        ),
        KeyringError::NoPassphrase { source, .. } => match source.downcast_ref() {
            Some(passphrase) => judge_passphrase(passphrase),
            None => (Exit::KeyringLocked, None),
        },
        KeyringError::Elsewhere { .. } => (
            Exit::Failure,
            Some("remove them, or keep them in another folder, and run this again".to_owned()),
        ),
        KeyringError::Remains { .. } => {
            (Exit::Failure, Some("run this again when they can be removed".to_owned()))
        }
        KeyringError::WouldLose { .. } => (
            Exit::Policy,
            Some(
                "what is encrypted under them would be lost; if that is meant, --force".to_owned(),
            ),
        ),
        KeyringError::NoGeneration { numbers, .. } => {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            let hint = match &numbers[..] {
                [] => "there is none at all".to_owned(),
                _ => format!("there are: {}", numbers.join(", ")),
            };
            (Exit::NoKey, Some(hint))
        }
        KeyringError::EmptyData { .. } => (
            Exit::Keyring,
            Some("unset it to use a keyring file, or give this job the secret".to_owned()),
        ),
        KeyringError::File { path, fault } => judge_file_fault(path, fault),
        KeyringError::OpenToOthers { path, owner, .. } => {
            let path = sanitize::name(path);
            let hint = format!(
                "chmod 600 '{path}', owned by you (now by user {owner}); for a mounted secret that \
                 others may read, --allow-readable-keyring"
            );
            (Exit::Keyring, Some(hint))
        }
        KeyringError::FolderOpenToOthers { folder, .. } => {
            (Exit::Keyring, Some(format!("chmod go-w '{}', and own it", sanitize::name(folder))))
        }
        KeyringError::ReadOnly { .. } => (
            Exit::Keyring,
            Some("name a keyring file that can be changed: --keyring FILE".to_owned()),
        ),
        KeyringError::Locked { .. } => (
            Exit::Failure,
            Some("try again when that process is done, or wait longer: --lock-timeout".to_owned()),
        ),
        KeyringError::Io { .. } => (Exit::Failure, None),
        KeyringError::Save(file) => judge_atomic_file(file),
    }
}

fn judge_file_fault(path: &Path, fault: &FileFault) -> Verdict {
    match fault {
        FileFault::Newer(_) => (Exit::NotAMessage, Some("install a newer enwrap".to_owned())),
        FileFault::Sealed(SealError::Passphrase) => (
            Exit::KeyringLocked,
            Some("its checksum holds, so it is whole: look at the passphrase".to_owned()),
        ),
        FileFault::Sealed(SealError::Memory) => (Exit::Failure, None),
        FileFault::NotAKeyring
        | FileFault::Sealed(SealError::Parameters)
        | FileFault::Checksum
        | FileFault::Malformed { .. }
        | FileFault::Contradiction(_) => {
            // A variable has no path, and no generations.
            let hint = if path.exists() {
                "put back a backup or an earlier generation: see 'enwrap keyring restore --help'"
                    .to_owned()
            } else {
                "give the keyring file's text, or base64 of it: base64 -w0 keyring.json".to_owned()
            };
            (Exit::Keyring, Some(hint))
        }
    }
}

fn judge_key(error: &KeyError, keyring: Option<&Path>) -> Verdict {
    match error {
        KeyError::NotFound { aliases, .. } => {
            let names: Vec<&str> = aliases.iter().map(|alias| alias.as_str()).collect();
            let keyring = keyring.map_or_else(String::new, |k| format!(" '{}'", sanitize::name(k)));
            let hint = if names.is_empty() {
                format!("the keyring{keyring} has no aliases; see 'enwrap key list'")
            } else {
                format!("the keyring{keyring} has: {}", names.join(", "))
            };
            (Exit::NoKey, Some(hint))
        }
        KeyError::NoVersion { key, .. } => {
            (Exit::NoKey, Some(format!("see its versions: enwrap key show {key}")))
        }
        KeyError::AliasExists { .. } => (
            Exit::Exists,
            Some("choose another alias; 'keygen --if-missing' accepts it".to_owned()),
        ),
        KeyError::Unusable { key, state: State::PendingDeletion, .. } => {
            (Exit::KeyDisabled, Some(format!("keep it: enwrap key undelete {key}")))
        }
        KeyError::Unusable { key, .. } => (
            Exit::KeyDisabled,
            Some(format!("enwrap key enable {key}, or see 'enwrap key show {key}'")),
        ),
        KeyError::DecryptOnly { .. } => {
            (Exit::Policy, Some("choose another key with -k".to_owned()))
        }
        KeyError::Occupied { .. } => {
            (Exit::Exists, Some("a key is never overwritten; see 'enwrap key list'".to_owned()))
        }
        KeyError::ReservedName { .. } | KeyError::Unnamed => {
            (Exit::Usage, Some("a raw key needs a namespace and a name of its own".to_owned()))
        }
        KeyError::NotOurs { .. } => (
            Exit::Usage,
            Some("its name belongs to its owner: make a new key with 'enwrap keygen'".to_owned()),
        ),
        KeyError::CurrentVersion { .. } => (
            Exit::Usage,
            Some("rotate the key first, or delete it whole: without --version".to_owned()),
        ),
        KeyError::NotPending { .. } | KeyError::Remote { .. } => (Exit::Usage, None),
    }
}

fn judge_rewrap(error: &RewrapError, keyring: Option<&Path>, file: Option<&Path>) -> Verdict {
    match error {
        RewrapError::NotCommitting { .. } => {
            (Exit::Policy, Some("encrypt it again: enwrap reencrypt".to_owned()))
        }
        RewrapError::TooMany { .. } | RewrapError::TooLong { .. } => {
            (Exit::Policy, Some("name fewer keys, with -k".to_owned()))
        }
        RewrapError::Open(open) => judge_open(open, keyring, file),
        RewrapError::Key(key) => judge_key(key, keyring),
        RewrapError::Locked => (Exit::Authentication, None),
        RewrapError::Provider(_) => (Exit::Failure, None),
    }
}

fn judge_passphrase(error: &PassphraseError) -> Verdict {
    match error {
        PassphraseError::NoSource { variable, flag } => (
            Exit::KeyringLocked,
            Some(format!(
                "name one: {variable}_FILE, {variable}_FD, {variable}_COMMAND or {variable}; or \
                 {flag}-file, {flag}-fd, {flag}-command"
            )),
        ),
        PassphraseError::Several { .. } => (Exit::Usage, Some("unset all but one".to_owned())),
        PassphraseError::NotADescriptor { .. } => (Exit::Usage, None),
        PassphraseError::Empty(_)
        | PassphraseError::NotTheSame
        | PassphraseError::Unreadable { .. }
        | PassphraseError::Command { .. } => (Exit::KeyringLocked, None),
    }
}

fn judge_atomic_file(error: &AtomicFileError) -> Verdict {
    match error {
        AtomicFileError::Io { source, .. } if source.kind() == io::ErrorKind::ResourceBusy => (
            Exit::Failure,
            Some("it is mounted by itself, as containers do: mount its folder instead".to_owned()),
        ),
        AtomicFileError::Exists { .. } => (
            Exit::Exists,
            Some("it is as it was; replace it with -f, or choose another name with -o".to_owned()),
        ),
        AtomicFileError::Io { .. } => (Exit::Failure, None),
    }
}
