//! How every verb opens messages.

use std::io;
use std::path::PathBuf;

use enwrap::fs::file_at::FileAt;
use enwrap::keyring::{RootKeys, Store};
use enwrap::keys::envelope::{self, Envelope, MOST_RECORDS, Record, Records};
use enwrap::keys::service::{KeyName, KeyService, WrappingKey};
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use enwrap::message::header::Header;
use enwrap::message::message_id::MessageId;
use enwrap::operations::decrypt::{DecryptPolicy, MessageOpener, OpenedMessage};

use super::app::App;
use super::args::OpenArgs;
use super::environment;
use super::io::message_source::MessageSource;
use super::io::source::is_stdin;
use super::key_services::key_services;
use super::outputs::Role;
use crate::output::error::{Cannot as _, Error};
use crate::output::{Ui, sanitize};

/// What all messages of a run are opened with: keys, a policy, and the envelope files that were named.
pub(crate) struct Opening {
    ui: Ui,
    pub(crate) keyring: RootKeys,
    pub(crate) policy: DecryptPolicy,
    /// The envelope files that were named. Each is read once a run.
    shared: Vec<Envelope>,
}

/// What one message is opened with: what all are, and the envelope file beside it.
pub(crate) struct OpeningOne<'a> {
    opening: &'a Opening,
    services: [&'a dyn KeyService; 1],
    /// The envelope file beside the message.
    beside: Option<Envelope>,
}

/// What happens if an envelope file that was named does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The run goes on, and will make it.
    Fine,
    Refused,
}

impl Opening {
    pub(crate) fn new(
        app: &App,
        store: &Store,
        args: &OpenArgs,
        missing: Missing,
    ) -> Result<Self, Error> {
        let keyring = store.load()?;
        let policy = args.policy(&keyring, store)?;
        let mut shared = Vec::new();
        for path in envelopes(&args.envelope) {
            let envelope = match Envelope::open(&path) {
                Err(error) if missing == Missing::Fine && is_absent(&error) => continue,
                other => other.cannot("read the envelope file", &path)?,
            };
            warn_of_skipped(app.ui, &envelope);
            shared.push(envelope);
        }
        Ok(Self { ui: app.ui, keyring, policy, shared })
    }

    /// The key services of this run.
    pub(crate) fn services(&self) -> [&dyn KeyService; 1] {
        key_services(&self.keyring)
    }

    /// Looks for the envelope file beside `input`.
    pub(crate) fn of(&self, input: &FileAt) -> OpeningOne<'_> {
        let path = envelope::beside(input);
        let is_shared = self.shared.iter().any(|envelope| envelope.path() == path.as_path());
        let beside = if is_shared { None } else { beside(self.ui, input) };
        OpeningOne { opening: self, services: self.services(), beside }
    }
}

impl Opening {
    /// The alias of a key, or else its name.
    pub(crate) fn shown_key(&self, key: &KeyName) -> String {
        let held = self.keyring.key(&key.to_string()).ok();
        let alias = held.and_then(|key| key.aliases().first());
        alias.map_or_else(|| key.to_string(), ToString::to_string)
    }

    /// The alias, or else the name, of a wrapping key with its version.
    pub(crate) fn shown(&self, key: &WrappingKey) -> String {
        format!("{} version {}", self.shown_key(&key.key), key.version)
    }
}

/// The wrapping key of a keyring that an encrypted data key names. A name proves nothing.
pub(crate) fn named_by(keyring: &RootKeys, wrapped: &EncryptedDataKey) -> Option<WrappingKey> {
    keyring.candidates(wrapped).into_iter().next().map(|candidate| candidate.key)
}

impl OpeningOne<'_> {
    pub(crate) fn opener(&self) -> MessageOpener<'_> {
        MessageOpener { services: &self.services, records: self, policy: &self.opening.policy }
    }

    /// Opens the message.
    pub(crate) fn open(&self, source: &mut MessageSource) -> Result<OpenedMessage, Error> {
        let opened = OpenedMessage::open(source, &self.opener())?;
        self.warn_of_ignored(opened.header(), source);
        Ok(opened)
    }

    fn warn_of_ignored(&self, header: &Header, source: &MessageSource) {
        if !header.suite.commits() && !self.of(&header.message_id).is_empty() {
            self.opening.ui.warning(&format!(
                "{}: its envelope records are ignored, since it has no key commitment",
                source.source().shown()
            ));
        }
    }
}

impl Records for OpeningOne<'_> {
    fn of(&self, message: &MessageId) -> Vec<Record> {
        let envelopes = self.opening.shared.iter().chain(&self.beside);
        envelopes.flat_map(|envelope| envelope.of(message)).take(MOST_RECORDS).collect()
    }
}

/// The envelope file beside a message, if there is one.
pub(crate) fn beside(ui: Ui, input: &FileAt) -> Option<Envelope> {
    if is_stdin(input) {
        return None;
    }
    let path = envelope::beside(input);
    let envelope = match Envelope::open(&path) {
        Ok(envelope) => envelope,
        Err(error) if is_absent(&error) => return None,
        // Only a warning: the file was not named, and the message may open without it.
        Err(error) => {
            let shown = sanitize::name(&path);
            ui.warning(&format!("'{shown}' is no envelope file that can be read: {error}"));
            return None;
        }
    };
    warn_of_skipped(ui, &envelope);
    Some(envelope)
}

/// Has the files refused as outputs that messages are opened with. For before the outputs are planned.
pub(crate) fn protect_inputs(app: &App, args: &OpenArgs) {
    for file in envelopes(&args.envelope).iter().chain(&args.context_file) {
        app.outputs.protect(file, Role::Input);
    }
}

/// The envelope files to read: those of the flags, else those of `ENWRAP_ENVELOPE`.
pub(crate) fn envelopes(flags: &[PathBuf]) -> Vec<PathBuf> {
    if flags.is_empty() { environment::envelopes() } else { flags.to_vec() }
}

fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};

    // NotADirectory: beside a message such as /dev/fd/3 there can be no file. InvalidFilename: the message's name is so
    // long that the envelope file's would be too long.
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

fn warn_of_skipped(ui: Ui, envelope: &Envelope) {
    let lines = match envelope.skipped() {
        0 => return,
        1 => "1 line that is no record was".to_owned(),
        n => format!("{n} lines that are no record were"),
    };
    ui.warning(&format!("{}: {lines} passed over", sanitize::name(envelope.path())));
}
