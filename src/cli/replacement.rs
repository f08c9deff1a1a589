//! A message whose content is replaced, and what stays: its keys in their current versions, its context, its form.

use std::io::{self, Read, Write};

use enwrap::fs::atomic_file::{
    Access, AtomicFile, AtomicFileError, Durability, Existing, Publication,
};
use enwrap::fs::file_at::FileAt;
use enwrap::keys::envelope::{self, retire::retire};
use enwrap::keys::service::{KeyName, WrapError, recipient};
use enwrap::message::header::Header;
use enwrap::message::message_id::MessageId;
use enwrap::operations::decrypt::OpenedMessage;
use enwrap::operations::encrypt::{EncryptError, Encrypted, MessageSealer, MessageSpec};
use enwrap::operations::reencrypt::successor;
use enwrap::operations::usage::KeyReport;
use enwrap::pipeline::NoProgress;

use super::app::App;
use super::io::armored::write_message;
use super::io::destination::Target;
use super::io::message_source::MessageSource;
use super::io::side_by_side::{Likeness, SideBySide};
use super::io::source::Source;
use super::opening::Opening;
use crate::output::error::{ChangedMeanwhile, EditorError, Error, UnknownKeys};

/// The keys of a message that takes another's place: those that were `given`, else those of the old one.
///
/// `lets_go` says that keys which cannot be carried over are left out; otherwise they are an error. A key whose service did
/// not answer is not one of them: nobody is to lose a reader by an outage.
pub(crate) fn keys_to_carry(
    report: &KeyReport,
    given: &[KeyName],
    lets_go: bool,
) -> Result<Vec<KeyName>, Error> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    if let Some(error) = report.outage() {
        return Err(WrapError::Service(error.clone()).into());
    }
    let names = report.unproved_names();
    if names.is_empty() || lets_go {
        Ok(report.carried())
    } else {
        Err(UnknownKeys { names }.into())
    }
}

/// The beginning of a message under these keys.
pub(crate) fn sealer_for(
    opening: &Opening,
    keys: &[KeyName],
    spec: &MessageSpec,
) -> Result<MessageSealer, Error> {
    let services = opening.services();
    let mut recipients = Vec::new();
    for key in keys {
        recipients.push(recipient(&services, key)?);
    }
    Ok(MessageSealer::new(&recipients, spec)?)
}

/// Puts a new message in the place of the old one at `path`, if that is still what was read from `source`. The
/// envelope file beside it goes with the old one.
pub(crate) fn replace(
    app: &App,
    path: &FileAt,
    old: &MessageId,
    source: &Source,
    file: AtomicFile,
) -> Result<(), Error> {
    // On the disk first, which can take long: what comes between the look and the rename is short.
    file.sync().map_err(|source| {
        let path = path.to_path_buf();
        AtomicFileError::Io { action: "sync", path, source }
    })?;
    let publish = || {
        let is_same = path.file_metadata().is_ok_and(|now| source.is(&now));
        if !is_same || source.is_changed()? {
            return Err(ChangedMeanwhile.into());
        }
        let publication = Publication::new(Access::Mode(0o600))
            .existing(Existing::Replace)
            .durability(Durability::Synced);
        Ok::<_, Error>(file.publish(publication)?)
    };
    if retire(&envelope::beside(path), old, app.lock_timeout(), publish)?.dropped_acl {
        app.ui.warn_of_dropped_acl(path);
    }
    Ok(())
}

/// What became of a message.
pub(crate) enum Rewritten {
    /// Its content is the same, and so is every byte of it.
    Unchanged,
    New(Box<Encrypted>),
}

/// What a new content must not be, since it would be an accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    Allowed,
    Refused,
}

/// A message that is to get another content.
pub(crate) struct Rewriting<'a> {
    app: &'a App,
    opening: &'a Opening,
    path: FileAt,
    /// At the beginning of its body. `None` only where going back there has failed.
    message: Option<MessageSource>,
    opened: OpenedMessage,
    keys: Vec<KeyName>,
    spec: MessageSpec,
}

impl<'a> Rewriting<'a> {
    /// Opens the message at `path`. Its keys are looked up now, before anybody works on a new content: those `given`,
    /// else its own. The envelope file is the one beside `named`.
    pub(crate) fn begin(
        app: &'a App,
        opening: &'a Opening,
        (path, named): (FileAt, &FileAt),
        given: &[KeyName],
        lets_go: bool,
    ) -> Result<Self, Error> {
        let mut message = MessageSource::open(&path)?;
        let (opened, report) = opening.of(named).open_and_prove(&mut message)?;
        let keys = keys_to_carry(&report, given, lets_go)?;
        let spec = successor(opened.header(), report.bound());
        drop(sealer_for(opening, &keys, &spec)?);
        Ok(Self { app, opening, path, message: Some(message), opened, keys, spec })
    }

    pub(crate) fn header(&self) -> &Header {
        self.opened.header()
    }

    /// Writes the content to `output`. An error, unless all of it is authentic.
    pub(crate) fn decrypt_to(&mut self, output: &mut impl Write) -> Result<u64, Error> {
        let mut message =
            self.message.take().ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let len = self.opened.decrypt(&mut message, output, &NoProgress)?;
        self.rewind(message)?;
        Ok(len)
    }

    /// Goes back to the beginning of the body.
    fn rewind(&mut self, message: MessageSource) -> Result<(), Error> {
        let mut message = message.rewound()?;
        if !self.opened.reads_its_header(&mut message)? {
            return Err(ChangedMeanwhile.into());
        }
        self.message = Some(message);
        Ok(())
    }

    /// Encrypts `content` in the place of the old one. It is compared meanwhile, and where it is the same, the file is
    /// left as it is. After an error it can be tried again.
    pub(crate) fn rewrite(
        &mut self,
        content: impl Read + Send,
        empty: Empty,
    ) -> Result<Rewritten, Error> {
        let mut message =
            self.message.take().ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let (old, result) = (self.opened.header().message_id, self.seal(content, &mut message));
        let written = match result {
            Ok((_, _, Likeness::Same)) => return Ok(Rewritten::Unchanged),
            Ok((file, encrypted, likeness)) => {
                if likeness == Likeness::Unproved {
                    self.rewind(message)?;
                    // This finds again what is wrong with it, and says it.
                    self.decrypt_to(&mut io::sink())?;
                    return Err(ChangedMeanwhile.into());
                }
                if encrypted.plaintext_len == 0 && empty == Empty::Refused {
                    Err(EditorError::Emptied.into())
                } else {
                    replace(self.app, &self.path, &old, message.source(), file).map(|()| encrypted)
                }
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(encrypted) => Ok(Rewritten::New(Box::new(encrypted))),
            Err(error) => {
                self.rewind(message)?;
                Err(error)
            }
        }
    }

    fn seal(
        &self,
        content: impl Read + Send,
        message: &mut MessageSource,
    ) -> Result<(AtomicFile, Encrypted, Likeness), Error> {
        let sealer = sealer_for(self.opening, &self.keys, &self.spec)?.with_jobs(self.app.jobs);
        let mut file = AtomicFile::create(&self.path)?;
        let is_armored = message.is_armored();
        let mut both = SideBySide::new(content, self.opened.plaintext(message));
        let encrypted = write_message(&mut file, is_armored, |mut output| {
            sealer.encrypt(&mut both, &mut output, &NoProgress)
        })
        .map_err(|error| name_output(error, &self.path))?;
        Ok((file, encrypted, both.likeness()))
    }
}

/// A failed write names the output, and everything else is told as it is.
pub(crate) fn name_output(error: EncryptError, path: &FileAt) -> Error {
    match error {
        EncryptError::Pipeline(error) => Target::File(path.clone()).name_in(error),
        error => error.into(),
    }
}
