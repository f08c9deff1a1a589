//! `encrypt --if-changed`: an output that opens to the same bytes is left as it is.
//!
//! Two messages of one plaintext never have the same bytes, so the old one is opened and compared. What counts is all
//! that a new message would have of its own accord: the key versions, the context, the bound pairs, the form and the
//! plaintext. Key versions count by proof: a name in a header alone does not show that the key opens it.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::Path;

use enwrap::fs::atomic_file::Seen;
use enwrap::fs::file_at::FileAt;
use enwrap::keys::envelope::NoRecords;
use enwrap::keys::passphrase::Passphrases;
use enwrap::keys::service::KeyName;
use enwrap::message::MessageError;
use enwrap::message::header::ContentType;
use enwrap::operations::decrypt::{DecryptPolicy, MessageOpener, OpenError, OpenedMessage};
use enwrap::operations::encrypt::{EncryptError, Encrypted, MessageSealer};
use enwrap::operations::reencrypt::successor;
use enwrap::operations::usage::KeyReport;
use enwrap::pipeline::PipelineError;

use super::EncryptRun;
use crate::cli::io::destination::Target;
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::side_by_side::{Likeness, SideBySide};
use crate::cli::key_choice::ChosenKey;
use crate::cli::key_services::key_services;
use crate::cli::trees::batch::Outcome;
use crate::cli::trees::skipped::Reason;
use crate::output::error::{
    AfterDone as _, Cannot as _, Cause, Difference, Differs, Error, UsageError,
};
use crate::output::progress::FileMeter;
use crate::output::records::message::EncryptedRecord;
use crate::output::sanitize;

/// What stands under the name of an output.
pub(super) enum Existing {
    /// What would be written is something else, whatever the input holds.
    Other(Difference),
    /// A message with the keys, the context and the form that a new one would have.
    Alike(Box<Alike>),
}

/// A message whose plaintext remains to be compared.
pub(super) struct Alike {
    path: FileAt,
    message: MessageSource,
    opened: OpenedMessage,
    pub(super) seen: Seen,
}

impl Likeness {
    /// The difference, if there is one.
    fn difference(self) -> Option<Difference> {
        match self {
            Self::Same => None,
            Self::Open | Self::Different => Some(Difference::Bytes),
            Self::Unproved => Some(Difference::Unproved),
        }
    }
}

impl Alike {
    /// Compares the plaintext with all of `source`.
    pub(super) fn compare(&mut self, source: impl Read) -> io::Result<Option<Difference>> {
        let old = self.opened.plaintext(&mut self.message);
        Ok(SideBySide::new(source, old).compare()?.difference())
    }
}

impl EncryptRun<'_> {
    /// Looks at the file that the result is for, without its plaintext; `None` where there is none.
    pub(super) fn existing(&self, target: &Target) -> Result<Option<Existing>, Error> {
        let Target::File(path) = target else {
            return Err(UsageError::new("--if-changed needs an output that is a file")
                .hint("name one with -o FILE")
                .into());
        };
        let found = match path.file_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found.cannot("open", path)?,
        };
        if !found.is_file() {
            let problem = format!("'{}' is no plain file", sanitize::name(path));
            return Err(UsageError::new(problem)
                .hint("choose another output: -o FILE, or --output-dir DIR")
                .into());
        }
        let mut message = match MessageSource::open(path) {
            Ok(message) => message,
            Err(error) => {
                return match error.cause() {
                    Cause::Message(cause) if !matches!(cause, MessageError::Read(_)) => {
                        Ok(Some(Existing::Other(Difference::Closed)))
                    }
                    _ => Err(error),
                };
            }
        };
        let services = key_services(self.keyring, self.kms, self.passphrases);
        // A new message would have no record in any envelope file, so the old one must open without.
        let policy = DecryptPolicy { pairs: self.spec.bound.clone(), ..DecryptPolicy::default() };
        let opener = MessageOpener { services: &services, records: &NoRecords, policy: &policy };
        let (opened, report) = match OpenedMessage::open_and_prove(&mut message, &opener) {
            Ok(opened) => opened,
            Err(OpenError::Message(MessageError::Read(error))) => {
                return Err(error).cannot("read", path);
            }
            Err(_) => return Ok(Some(Existing::Other(Difference::Closed))),
        };
        if let Some(difference) = self.difference(&opened, &report, message.is_armored()) {
            return Ok(Some(Existing::Other(difference)));
        }
        let (path, seen) = (path.clone(), Seen::of(&found));
        Ok(Some(Existing::Alike(Box::new(Alike { path, message, opened, seen }))))
    }

    /// In what a message differs from the one that would be written, before its plaintext.
    fn difference(
        &self,
        opened: &OpenedMessage,
        report: &KeyReport,
        is_armored: bool,
    ) -> Option<Difference> {
        let header = opened.header();
        let old = successor(header, &self.spec.bound);
        if old.context != self.spec.context {
            return Some(Difference::Context);
        }
        let is_form = (old.algorithm, old.frame_length, is_armored)
            == (self.spec.algorithm, self.spec.frame_length, self.args.armor);
        if !is_form || !matches!(header.content, ContentType::Framed(_)) {
            return Some(Difference::Form);
        }
        let proved: BTreeSet<(KeyName, u32)> =
            report.proved().into_iter().map(|key| (key.key, key.version)).collect();
        let passphrase = self.args.recipient.sources().map(|_| (Passphrases::name(), 1));
        let keys = self.keys.iter().map(|key| match key {
            ChosenKey::Held(key) => (key.id().into(), key.current().number),
            ChosenKey::InKms(_) => (key.name(), 1),
        });
        let chosen: BTreeSet<(KeyName, u32)> = keys.chain(passphrase).collect();
        let is_same =
            proved == chosen && report.keys().all(|key| key.opens() && !key.is_of_replica);
        (!is_same).then_some(Difference::Keys)
    }

    /// Encrypts what can be read only once, and compares it meanwhile. Returns whether the old message holds the same:
    /// then what was written is not to be published.
    ///
    /// Without `-f`, a difference ends it.
    pub(super) fn seal_compared(
        &self,
        alike: &mut Alike,
        sealer: MessageSealer,
        source: impl Read + Send,
        output: &mut impl Write,
        meter: &FileMeter<'_>,
    ) -> Result<(Encrypted, bool), EncryptError> {
        let old = alike.opened.plaintext(&mut alike.message);
        let mut both = Checked {
            both: SideBySide::new(source, old),
            path: &alike.path,
            is_replaced: self.args.output.force,
        };
        let encrypted = self.seal(sealer, &mut both, output, meter)?;
        Ok((encrypted, both.both.likeness() == Likeness::Same))
    }

    /// Refuses a difference without `-f`.
    pub(super) fn require_force(
        &self,
        target: &Target,
        difference: Difference,
    ) -> Result<(), Error> {
        match target.path() {
            Some(path) if !self.args.output.force => {
                Err(Differs { path: path.to_path_buf(), difference }.into())
            }
            _ => Ok(()),
        }
    }

    /// Tells that an output was left as it is.
    pub(super) fn leave(
        &self,
        input: &Path,
        alike: &Alike,
        plaintext_bytes: u64,
    ) -> Result<Outcome, Error> {
        let path = &alike.path;
        if self.args.output.is_synced() {
            // An earlier run may have written it without --sync, or ended before it was on the disk.
            path.sync().cannot("sync", path)?;
        }
        self.ui.detail(&format!("{}: unchanged", sanitize::name(path)));
        let record = EncryptedRecord {
            message_id: alike.opened.header().message_id,
            keys: self.key_members(alike.opened.header()),
            passphrase: self.args.recipient.sources().is_some(),
            plaintext_bytes,
            message_bytes: path.size().unwrap_or_default(),
            source_changed: false,
            unchanged: true,
            path: input.into(),
            output: path.as_path().into(),
        };
        let printed = self.ui.result("", &record);
        printed.after(|| format!("'{}' was left as it is", sanitize::name(path)))?;
        Ok(Outcome::Skipped(Reason::Unchanged))
    }
}

/// A source that fails where it differs from the old message, unless that is to be replaced.
struct Checked<'a, S, O> {
    both: SideBySide<S, O>,
    path: &'a FileAt,
    is_replaced: bool,
}

impl<S: Read, O: Read> Read for Checked<'_, S, O> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.both.read(buffer)?;
        let is_other = matches!(self.both.likeness(), Likeness::Different | Likeness::Unproved);
        match self.both.likeness().difference() {
            Some(difference) if is_other && !self.is_replaced => {
                Err(io::Error::other(Differs { path: self.path.to_path_buf(), difference }))
            }
            _ => Ok(read),
        }
    }
}

/// The error of a source that was read for encryption, where it is one of ours.
pub(super) fn read_error(error: io::Error) -> Error {
    match error.downcast::<Differs>() {
        Ok(differs) => differs.into(),
        Err(error) => PipelineError::Read(error).into(),
    }
}
