//! How every verb opens messages.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use enwrap::fs::file_at::FileAt;
use enwrap::keyring::model::name::KMS_NAMESPACE;
use enwrap::keyring::{KeyringError, RootKeys, Store};
use enwrap::keys::aws_kms::api::KmsKeyName;
use enwrap::keys::aws_kms::client::calls::KmsCalls;
use enwrap::keys::aws_kms::{self, AwsKms};
use enwrap::keys::envelope::{self, Envelope, MOST_RECORDS, Record, Records};
use enwrap::keys::passphrase::{Derivation, Passphrases};
use enwrap::keys::service::{KeyName, KeyService, WrappingKey};
use enwrap::keys::unopened::ResolveError;
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use enwrap::message::header::Header;
use enwrap::message::message_id::MessageId;
use enwrap::operations::decrypt::{DecryptPolicy, MessageOpener, OpenError, OpenedMessage};
use enwrap::operations::usage::KeyReport;

use super::app::App;
use super::args::OpenArgs;
use super::environment;
use super::io::message_source::MessageSource;
use super::io::source::is_stdin;
use super::key_choice::{ChosenKey, identified, keys_in_kms, keys_to_encrypt, named_keys};
use super::key_services::key_services;
use super::outputs::Role;
use super::secrets::passphrase::{OfMessages, Sources};
use super::secrets::prompt;
use crate::output::error::{Cannot as _, Concerning as _, Error};
use crate::output::{Ui, sanitize};

/// How people are told of a passphrase that opens a message.
const A_PASSPHRASE: &str = "a passphrase";

/// What all messages of a run are opened with: keys, passphrases, a policy, and the envelope files that were named.
pub(crate) struct Opening {
    ui: Ui,
    pub(crate) keyring: RootKeys,
    /// Where the keyring was looked for, if there is none: passphrases open messages without one.
    missing_keyring: Option<PathBuf>,
    passphrases: Passphrases,
    kms: AwsKms,
    pub(crate) policy: DecryptPolicy,
    /// The envelope files that were named. Each is read once a run.
    shared: Vec<Envelope>,
}

/// What one message is opened with: what all are, and the envelope file beside it.
pub(crate) struct OpeningOne<'a> {
    opening: &'a Opening,
    services: [&'a dyn KeyService; 3],
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
        let sources = args.passphrase_sources();
        let (keyring, missing_keyring) = match store.load() {
            // Told before the first message, unless something else may open it.
            Err(KeyringError::NotFound { path })
                if !args.names_held_keys()
                    && (args.names_keys_in_kms()
                        || sources.is_named()
                        || prompt::is_possible()) =>
            {
                (RootKeys::default(), Some(path))
            }
            loaded => (loaded?, None),
        };
        let passphrases = Passphrases::of(Box::new(OfMessages::new(sources)));
        let policy = args.policy(&keyring, store)?;
        let mut kms = app.aws_kms(&keyring, args.discovery());
        for name in keys_in_kms(&keyring, store, args.only_keys())? {
            kms.add(name);
        }
        let mut shared = Vec::new();
        for path in envelopes(&args.envelope) {
            let envelope = match Envelope::open(&path) {
                Err(error) if missing == Missing::Fine && is_absent(&error) => continue,
                other => other.cannot("read the envelope file", &path)?,
            };
            warn_of_skipped(app.ui, &envelope);
            shared.push(envelope);
        }
        Ok(Self { ui: app.ui, keyring, missing_keyring, passphrases, kms, policy, shared })
    }

    /// The keys to encrypt under that `-k` names, or none. They may open messages too.
    pub(crate) fn choose(
        &mut self,
        store: &Store,
        names: &[String],
    ) -> Result<Vec<KeyName>, Error> {
        if names.iter().any(|name| !KmsKeyName::is_meant(name)) {
            self.require_keyring()?;
        }
        let keys = named_keys(&self.keyring, store, names)?;
        taken(store, &self.keyring, &mut self.kms, keys)
    }

    /// As [`choose`](Self::choose), and without names the default.
    pub(crate) fn choose_or_default(
        &mut self,
        store: &Store,
        names: &[String],
    ) -> Result<Vec<KeyName>, Error> {
        let keys = keys_to_encrypt(&self.keyring, store, names);
        let keys =
            keys.map_err(|error| self.require_keyring().map_or_else(Into::into, |()| error))?;
        taken(store, &self.keyring, &mut self.kms, keys)
    }

    /// Refuses to go on without a keyring, for what passphrases alone do not serve.
    pub(crate) fn require_keyring(&self) -> Result<(), KeyringError> {
        match &self.missing_keyring {
            Some(path) => Err(KeyringError::NotFound { path: path.clone() }),
            None => Ok(()),
        }
    }

    /// Asks AWS KMS nothing, and counts in `calls` what would be asked.
    pub(crate) fn estimated_in(self, calls: &Arc<KmsCalls>) -> Self {
        Self { kms: self.kms.estimated_in(Arc::clone(calls)), ..self }
    }

    /// How many of some keys AWS KMS would be asked to wrap under.
    pub(crate) fn calls_to_wrap(&self, keys: &[KeyName]) -> u64 {
        keys.iter().filter(|key| self.kms.is_called_for(key)).count() as u64
    }

    /// Whether AWS KMS may be asked.
    pub(crate) fn asks_kms(&self) -> bool {
        self.kms.is_in_use()
    }

    /// How many files of a tree are worked on beside each other.
    pub(crate) fn files_at_once(&self, app: &App) -> usize {
        app.files_at_once(self.kms.is_in_use())
    }

    /// Leaves passphrases out.
    pub(crate) fn with_keys_only(self) -> Self {
        Self { passphrases: Passphrases::default(), ..self }
    }

    /// Gets the new passphrase, under which new messages are wrapped too, as [`Passphrases::new_name`].
    pub(crate) fn with_recipient(self, sources: &Sources) -> Result<Self, Error> {
        let passphrase = sources.passphrase("what is encrypted")?;
        Ok(Self { passphrases: self.passphrases.with_new(&passphrase)?, ..self })
    }

    /// Says why a message did not open: for want of a keyring, if it has nothing but keys.
    pub(crate) fn unopened(&self, error: OpenError) -> Error {
        match (&error, self.require_keyring()) {
            // Keys of AWS KMS need no keyring.
            (OpenError::Locked { error: ResolveError::NoKey { wanted, .. }, .. }, Err(missing))
                if !wanted.iter().any(|name| name.starts_with(KMS_NAMESPACE)) =>
            {
                missing.into()
            }
            _ => error.into(),
        }
    }

    /// The key services of this run.
    pub(crate) fn services(&self) -> [&dyn KeyService; 3] {
        key_services(&self.keyring, &self.kms, &self.passphrases)
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
        if *key == Passphrases::name() {
            return "its old passphrase".to_owned();
        }
        if *key == Passphrases::new_name() {
            return "a new passphrase".to_owned();
        }
        let held = self.keyring.key(&key.to_string()).ok();
        let alias = held.and_then(|key| key.aliases().first());
        alias.map_or_else(|| key.to_string(), ToString::to_string)
    }

    /// The alias, or else the name, of a wrapping key with its version.
    pub(crate) fn shown(&self, key: &WrappingKey) -> String {
        if key.key == Passphrases::name() {
            return A_PASSPHRASE.to_owned();
        }
        with_version(self.shown_key(&key.key), key)
    }

    /// What opened a message: the id of its key with the version, or a passphrase.
    pub(crate) fn shown_opener(&self, key: &WrappingKey) -> String {
        if key.key == Passphrases::name() {
            return A_PASSPHRASE.to_owned();
        }
        with_version(format!("key {}", key.key), key)
    }

    /// What a new message is encrypted under, in a list.
    pub(crate) fn shown_recipients(&self, wrapped: &[EncryptedDataKey]) -> String {
        let shown = |wrapped| match named_by(&self.keyring, wrapped) {
            Some(held) => Some(self.shown(&held)),
            None => Derivation::named_by(wrapped).map(|_| A_PASSPHRASE.to_owned()),
        };
        wrapped.iter().filter_map(shown).collect::<Vec<String>>().join(", ")
    }
}

/// The wrapping key of a keyring or of AWS KMS that an encrypted data key names. A name proves nothing.
pub(crate) fn named_by(keyring: &RootKeys, wrapped: &EncryptedDataKey) -> Option<WrappingKey> {
    aws_kms::wrapping_key_named_by(keyring, wrapped)
}

/// What keys to encrypt under are called, which `kms` may use from then on.
fn taken<'a>(
    store: &Store,
    keyring: &'a RootKeys,
    kms: &mut AwsKms,
    keys: Vec<ChosenKey<'a>>,
) -> Result<Vec<KeyName>, Error> {
    let require_all = |keys: &[ChosenKey<'_>]| -> Result<(), Error> {
        keys.iter().try_for_each(|key| key.require_to_encrypt().in_keyring(store))
    };
    require_all(&keys)?;
    let keys = identified(keyring, kms, keys)?;
    // What an alias stands for can be a key of the keyring that is switched off.
    require_all(&keys)?;
    keys.iter().for_each(|key| key.add_to(kms));
    Ok(keys.iter().map(ChosenKey::name).collect())
}

/// What a wrapping key is called; of one that has no versions, without one.
fn with_version(name: String, key: &WrappingKey) -> String {
    match key.key {
        KeyName::Id(_) => format!("{name} version {}", key.version),
        KeyName::Foreign(_) => name,
    }
}

impl OpeningOne<'_> {
    pub(crate) fn opener(&self) -> MessageOpener<'_> {
        MessageOpener { services: &self.services, records: self, policy: &self.opening.policy }
    }

    /// Opens the message, and finds out which keys do.
    pub(crate) fn open_and_prove(
        &self,
        source: &mut MessageSource,
    ) -> Result<(OpenedMessage, KeyReport), Error> {
        let (opened, report) = OpenedMessage::open_and_prove(source, &self.opener())
            .map_err(|error| self.opening.unopened(error))?;
        self.warn_of_ignored(opened.header(), source);
        Ok((opened, report))
    }

    /// Opens the message.
    pub(crate) fn open(&self, source: &mut MessageSource) -> Result<OpenedMessage, Error> {
        let opened = OpenedMessage::open(source, &self.opener())
            .map_err(|error| self.opening.unopened(error))?;
        self.warn_of_ignored(opened.header(), source);
        Ok(opened)
    }

    fn warn_of_ignored(&self, header: &Header, source: &MessageSource) {
        if !header.suite.commits() && !self.of(&header.message_id).is_empty() {
            self.opening.ui.warning(&format!(
                "{}: its envelope records are ignored, since it has no key commitment; 'enwrap reencrypt' gives it one",
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
    app.outputs.protect_passphrase(&args.passphrase_sources());
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
