//! Where a passphrase comes from: from what a flag names, else from what a variable names, else from a prompt at the
//! terminal. It is never an argument itself, since every user of the machine can read the arguments of a process.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use enwrap::crypto::secret::{SecretBytes, SecretText};
use enwrap::fs::wait::Waiting;
use enwrap::keyring::Passphrase;
use enwrap::keyring::store::Operator;
use enwrap::keys::passphrase::{Asking, PassphraseHolder};

use super::prompt;
use crate::cli::child::Spec;
use crate::cli::environment;
use crate::output::error::PassphraseError;
use crate::output::{Ui, sanitize};

/// The longest passphrase that is read: longer than anybody types, and than any file of a key.
const MOST_BYTES: usize = 64 << 10;

/// What a passphrase is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To open the keyring.
    Keyring,
    /// To seal with.
    New,
    /// To open a file that is imported or restored.
    Import,
    /// To encrypt for whoever has it.
    Recipient,
    /// To open a message.
    Message,
}

impl Purpose {
    /// The variable with the passphrase itself. Those for a file, a descriptor and a command have longer names that
    /// begin with this one.
    fn variable(self) -> &'static str {
        match self {
            Self::Keyring => "ENWRAP_PASSPHRASE",
            Self::New | Self::Recipient => "ENWRAP_NEW_PASSPHRASE",
            Self::Import => "ENWRAP_IMPORT_PASSPHRASE",
            Self::Message => "ENWRAP_MESSAGE_PASSPHRASE",
        }
    }

    /// What the names of the flags for a file, a descriptor and a command begin with.
    fn flag(self) -> &'static str {
        match self {
            Self::Keyring => "--passphrase",
            Self::New | Self::Recipient => "--new-passphrase",
            Self::Import => "--import-passphrase",
            Self::Message => "--message-passphrase",
        }
    }

    /// Whether a flag names a command. There is none where file names are operands of the same verb: a file with the
    /// name of the flag must not run one.
    fn has_command_flag(self) -> bool {
        matches!(self, Self::Keyring | Self::New | Self::Import)
    }

    /// Whether it is a new passphrase, which is asked for twice.
    fn is_new(self) -> bool {
        matches!(self, Self::New | Self::Recipient)
    }
}

/// One source of a passphrase.
#[derive(Clone, Debug)]
enum PassphraseSource {
    Value(OsString),
    File(PathBuf),
    Descriptor(String),
    Command(OsString),
}

/// The sources of a passphrase: the flag, if there was one, and all others by the passphrase's purpose.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    purpose: Purpose,
    /// What the flags name: one, or several by mistake.
    flags: Vec<PassphraseSource>,
    /// The passphrase that was read last. All clones share it, since a pipe cannot be read twice, and nobody should be
    /// asked twice.
    read: Arc<Mutex<Option<SecretBytes>>>,
}

/// How often a person may type one passphrase.
const MOST_TRIES: u8 = 3;

/// Counts what a person has typed of one passphrase.
#[derive(Debug, Default)]
struct Tries(AtomicU8);

impl Tries {
    /// Whether there is one more after a wrong one.
    fn another(&self) -> bool {
        let next = |typed| Some(typed + 1).filter(|typed| *typed < MOST_TRIES);
        self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

impl Sources {
    pub(crate) fn new(
        purpose: Purpose,
        file: Option<PathBuf>,
        descriptor: Option<u32>,
        command: Option<String>,
    ) -> Self {
        let file = file.map(PassphraseSource::File);
        let descriptor = descriptor.map(|number| PassphraseSource::Descriptor(number.to_string()));
        let command = command.map(|command| PassphraseSource::Command(command.into()));
        let flags = [file, descriptor, command].into_iter().flatten().collect();
        Self { purpose, flags, read: Arc::default() }
    }

    /// The source that a flag or a variable names, if any.
    fn named(&self) -> Result<Option<PassphraseSource>, PassphraseError> {
        match &self.flags[..] {
            [] => {}
            [flag] => return Ok(Some(flag.clone())),
            _ => return Err(PassphraseError::SeveralFlags { flag: self.purpose.flag() }),
        }
        let variable = self.purpose.variable();
        let [value, file, descriptor, command] = environment::passphrase(variable);
        let mut set: Vec<PassphraseSource> = [
            value.map(PassphraseSource::Value),
            file.map(|path| PassphraseSource::File(path.into())),
            descriptor
                .map(|number| PassphraseSource::Descriptor(number.to_string_lossy().into_owned())),
            command.map(PassphraseSource::Command),
        ]
        .into_iter()
        .flatten()
        .collect();
        if set.len() > 1 {
            return Err(PassphraseError::Several { variable });
        }
        Ok(set.pop())
    }

    /// The file that holds the passphrase, if the source is a file.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self.named() {
            Ok(Some(PassphraseSource::File(path))) => Some(path),
            _ => None,
        }
    }

    /// Whether a flag or a variable names a source.
    pub(crate) fn is_named(&self) -> bool {
        !matches!(self.named(), Ok(None))
    }

    /// Gets the passphrase; asks for it at the terminal, as that of `what`, if no source is named.
    pub(crate) fn passphrase(&self, what: &str) -> Result<Passphrase, PassphraseError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.is_none() {
            let text = match self.named()? {
                Some(source) => source.read()?,
                None => self.ask(what)?,
            };
            *read = Some(SecretBytes::copy_of(text.expose()));
        }
        Self::parsed(&read)
    }

    /// Asks for it once more, after the last one was wrong. `None` where a source is named: it has no other.
    fn passphrase_again(
        &self,
        what: &str,
        tries: &Tries,
    ) -> Option<Result<Passphrase, PassphraseError>> {
        if self.is_named() || self.purpose.is_new() || !tries.another() {
            return None;
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = self.ask(&format!("{what} (the last one was wrong)"));
        Some(asked.and_then(|text| {
            *read = Some(SecretBytes::copy_of(text.expose()));
            Self::parsed(&read)
        }))
    }

    fn parsed(read: &Option<SecretBytes>) -> Result<Passphrase, PassphraseError> {
        let empty = SecretBytes::copy_of(b"");
        Passphrase::new(read.as_ref().unwrap_or(&empty)).map_err(PassphraseError::Empty)
    }

    fn ask(&self, what: &str) -> Result<SecretText, PassphraseError> {
        let no_terminal = |_| PassphraseError::NoSource {
            variable: self.purpose.variable(),
            flag: self.purpose.flag(),
            has_command_flag: self.purpose.has_command_flag(),
        };
        if !self.purpose.is_new() {
            return prompt::secret(&format!("Passphrase of {what}: ")).map_err(no_terminal);
        }
        let text = prompt::secret(&format!("New passphrase of {what}: ")).map_err(no_terminal)?;
        let again = prompt::secret("The same again: ").map_err(no_terminal)?;
        if text.expose() == again.expose() { Ok(text) } else { Err(PassphraseError::NotTheSame) }
    }
}

impl PassphraseSource {
    fn read(&self) -> Result<SecretText, PassphraseError> {
        match self {
            Self::Value(value) => {
                let mut text = SecretText::default();
                text.push(value.as_bytes());
                Ok(text)
            }
            Self::File(path) => read_file(path),
            Self::Descriptor(number) => match number.parse::<u32>() {
                Ok(number) => read_file(Path::new(&format!("/dev/fd/{number}"))),
                Err(_) => Err(PassphraseError::NotADescriptor { number: number.clone() }),
            },
            Self::Command(command) => run(command),
        }
    }
}

fn read_file(path: &Path) -> Result<SecretText, PassphraseError> {
    File::open(path)
        .and_then(|file| SecretText::read_from(Waiting(file), MOST_BYTES))
        .map_err(|source| PassphraseError::Unreadable { path: path.to_path_buf(), source })
}

fn run(line: &OsStr) -> Result<SecretText, PassphraseError> {
    let failed = |source| PassphraseError::Command { status: None, source: Some(source) };
    // Without our input: what is piped into enwrap is data, and the command could read it away.
    let command = Spec::shell(line).without_input();
    let (mut child, output) = command.start_with_output().map_err(failed)?;
    let text = SecretText::read_from(output, MOST_BYTES).map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    if status.success() {
        Ok(text)
    } else {
        Err(PassphraseError::Command { status: Some(status), source: None })
    }
}

/// Has the passphrase that messages are read with, on the command line.
pub(crate) struct OfMessages {
    sources: Sources,
    tries: Tries,
}

impl OfMessages {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { sources, tries: Tries::default() }
    }
}

impl PassphraseHolder for OfMessages {
    fn passphrase(
        &self,
        asking: Asking,
    ) -> Result<Option<Passphrase>, Box<dyn std::error::Error + Send + Sync>> {
        if asking == Asking::Unwanted && !self.sources.is_named() {
            return Ok(None);
        }
        match self.sources.passphrase("the message") {
            Ok(passphrase) => Ok(Some(passphrase)),
            Err(PassphraseError::NoSource { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn another(&self) -> Option<Passphrase> {
        self.sources.passphrase_again("the message", &self.tries)?.ok()
    }
}

/// The operator of a store, on the command line.
#[derive(Debug)]
pub(crate) struct AtTheTerminal {
    ui: Ui,
    sources: Sources,
    expects_seal: bool,
    has_warned: AtomicBool,
    tries: Tries,
}

impl AtTheTerminal {
    pub(crate) fn new(ui: Ui, sources: Sources) -> Self {
        let expects_seal = sources.is_named();
        let (has_warned, tries) = (AtomicBool::new(false), Tries::default());
        Self { ui, sources, expects_seal, has_warned, tries }
    }

    /// Also takes a keyring in the clear: the sources were named for another one.
    pub(crate) fn or_in_the_clear(self) -> Self {
        Self { expects_seal: false, ..self }
    }
}

impl Operator for AtTheTerminal {
    fn passphrase(
        &self,
        path: &Path,
    ) -> Result<Passphrase, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.sources.passphrase(&format!("'{}'", sanitize::name(path)))?)
    }

    fn passphrase_again(
        &self,
        path: &Path,
    ) -> Option<Result<Passphrase, Box<dyn std::error::Error + Send + Sync>>> {
        let what = format!("'{}'", sanitize::name(path));
        Some(self.sources.passphrase_again(&what, &self.tries)?.map_err(Into::into))
    }

    fn asks_a_person(&self) -> bool {
        !self.sources.is_named()
    }

    fn expects_seal(&self) -> bool {
        self.expects_seal
    }

    fn on_readable_by_others(&self, path: &Path, mode: u32) {
        if self.has_warned.swap(true, Ordering::Relaxed) {
            return;
        }
        self.ui.warning(&format!(
            "others can read the keyring '{}' (mode {mode:04o}): if it is sealed, they can try passphrases on it, \
             and else they have its keys",
            sanitize::name(path)
        ));
    }

    fn on_dropped_acl(&self, path: &Path) {
        self.ui.warn_of_dropped_acl(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_again_however_many_messages_stay_locked() {
        let tries = Tries::default();
        let asked = (0..1000).filter(|_| tries.another()).count();
        assert_eq!(asked, usize::from(MOST_TRIES) - 1);
    }
}
