//! `enwrap inspect`: what a message says of itself, without any key.

use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::keyring::{Key, KeyringError, RootKeys, Store};
use enwrap::keys::envelope::{Envelope, Records as _};
use enwrap::keys::local::namespace_and_name;
use enwrap::keys::passphrase::Derivation;
use enwrap::keys::unopened::name_of;
use enwrap::message::Limits;
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use enwrap::message::frame::{FramePrefix, is_end_marker};
use enwrap::message::header::{ContentType, ParsedHeader};
use enwrap::message::layout::{FINAL_OVERHEAD, FINAL_PREFIX, Layout};
use enwrap::message::signature::PublicKey;

use crate::cli::app::App;
use crate::cli::args::LimitArgs;
use crate::cli::examples::examples;
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::source::{Source, operands};
use crate::cli::opening::{self, named_by};
use crate::cli::trees::batch::{self, Outcome};
use crate::output::counted::counted;
use crate::output::diagnosis::Diagnosis;
use crate::output::error::{Cannot as _, Error};
use crate::output::records::message::{
    EnvelopeKey, InspectedKey, InspectedRecord, PassphraseMember,
};
use crate::output::records::names;
use crate::output::sanitize;

/// Show the header of encrypted files; no key is needed
///
/// Also lists the keys of its envelope file. Nothing of it is authentic before 'enwrap verify' says so.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap inspect report.pdf.enwrap
"])]
pub(crate) struct InspectArgs {
    /// What to look at; '-' is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    inputs: Vec<PathBuf>,

    /// List the keys in this envelope file too (repeatable), before those in FILE.envelope [env: ENWRAP_ENVELOPE]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    envelope: Vec<PathBuf>,

    #[command(flatten)]
    limits: LimitArgs,
}

pub(crate) fn run(app: &App, args: &InspectArgs) -> Result<(), Error> {
    let inputs = operands(&args.inputs)?;
    let store = app.store().ok();
    // Only for the aliases: whatever is wrong with the keyring, the message can be looked at.
    let keyring = match store.as_ref().map(Store::load) {
        Some(Ok(keyring)) => keyring,
        None | Some(Err(KeyringError::NotFound { .. })) => RootKeys::default(),
        Some(Err(error)) => {
            let problem = Diagnosis::of(&error.into()).message;
            app.ui.warning(&format!("keys are shown without their aliases: {problem}"));
            RootKeys::default()
        }
    };
    let path = store.as_ref().map_or_else(|| Path::new(""), |store| store.path());
    batch::for_each(app, path, &inputs, |input| {
        inspect(app, input, &keyring, args).map(|()| Outcome::Done)
    })
}

fn inspect(app: &App, input: &Path, keyring: &RootKeys, args: &InspectArgs) -> Result<(), Error> {
    let mut source = MessageSource::open(input)?;
    let header = ParsedHeader::read(&mut source, &args.limits.limits())?;
    let size = if source.is_armored() { None } else { body_size(&header, source.source()) };
    let envelope_keys = envelope_keys(app, input, &header, &args.envelope)?;
    let text = to_text(&header, &source, keyring, size, &envelope_keys)?;
    let text = format!("{}\n{text}", sanitize::name(input));
    let mut record = record(input, &header, keyring, size, source.is_armored());
    record.envelope_keys = envelope_keys
        .iter()
        .map(|(envelope, wrapped)| EnvelopeKey {
            key: inspected_key(keyring, wrapped),
            envelope: envelope.as_path().into(),
        })
        .collect();
    Ok(app.ui.result(&text, &record)?)
}

/// What the header of a message says, as lines of text.
pub(super) fn summary(input: &Path, keyring: &RootKeys) -> Result<String, Error> {
    let mut source = MessageSource::open(input)?;
    let header = ParsedHeader::read(&mut source, &Limits::default())?;
    let size = if source.is_armored() { None } else { body_size(&header, source.source()) };
    to_text(&header, &source, keyring, size, &[])
}

/// The encrypted data keys of a message's records, each with its envelope file, in the order in which they are
/// tried.
fn envelope_keys(
    app: &App,
    input: &Path,
    header: &ParsedHeader,
    named: &[PathBuf],
) -> Result<Vec<(PathBuf, EncryptedDataKey)>, Error> {
    let mut envelopes = Vec::new();
    for path in opening::envelopes(named) {
        envelopes.push(Envelope::open(&path).cannot("read the envelope file", &path)?);
    }
    envelopes.extend(opening::beside(app.ui, &input.into()));
    let keys = envelopes.iter().flat_map(|envelope| {
        let records = envelope.of(&header.fields.message_id).into_iter();
        let keys = records.flat_map(|record| record.encrypted_data_keys);
        keys.map(|wrapped| (envelope.path().to_path_buf(), wrapped))
    });
    Ok(keys.collect())
}

/// Frames and plaintext bytes, as the file's size and the final frame say.
#[derive(Clone, Copy)]
struct BodySize {
    frames: u32,
    plaintext: u64,
}

/// `None` for what has no size, and where the final frame is not where the size says.
fn body_size(header: &ParsedHeader, source: &Source) -> Option<BodySize> {
    let ContentType::Framed(frame_length) = header.fields.content else { return None };
    let layout = Layout { header_len: header.len(), frame_length };
    let file_len = source.size()?;
    // Where there is a footer, its length is known only when it is reached: the usual one is tried first.
    let usual = header.fields.public_key.as_ref().map_or(0, PublicKey::usual_footer_len);
    let most = layout.frames_in(file_len)?;
    let likely = file_len.checked_sub(usual as u64).and_then(|len| layout.frames_in(len));
    let fewer = NonZeroU32::new(most.get() - 1);
    [likely, Some(most), fewer].into_iter().flatten().find_map(|frames| {
        let start = layout.frame_start(frames)?;
        let mut prefix = [0; FINAL_PREFIX];
        source.read_at(&mut prefix, start).ok()?;
        let (FramePrefix { sequence, .. }, len) = FramePrefix::of_final(&prefix);
        let is_final = is_end_marker([prefix[0], prefix[1], prefix[2], prefix[3]])
            && sequence == frames.get()
            && len <= frame_length.get()
            && start + FINAL_OVERHEAD as u64 + u64::from(len) <= file_len;
        let regular = u64::from(frames.get() - 1) * u64::from(frame_length.get());
        is_final.then(|| BodySize { frames: frames.get(), plaintext: regular + u64::from(len) })
    })
}

/// The alias, or else the id, of the key that an encrypted data key names.
fn known_as(keyring: &RootKeys, wrapped: &EncryptedDataKey) -> Option<String> {
    let held = named_by(keyring, wrapped)?;
    let key = keyring.key(&held.key.to_string()).ok()?;
    let name = key.aliases().first().map_or_else(|| key.id().to_string(), ToString::to_string);
    let public_only = if is_public_only(key, held.version) { ", public only" } else { "" };
    Some(format!("{name} version {}{public_only}", held.version))
}

/// Whether the version of a key opens nothing here.
fn is_public_only(key: &Key, version: u32) -> bool {
    key.version(Some(version)).is_ok_and(|version| version.is_public_only(key.kind()))
}

fn to_text(
    header: &ParsedHeader,
    source: &MessageSource,
    keyring: &RootKeys,
    size: Option<BodySize>,
    envelope_keys: &[(PathBuf, EncryptedDataKey)],
) -> Result<String, Error> {
    let fields = &header.fields;
    let version = fields.suite.format_version();
    let armor = if source.is_armored() { ", armoured" } else { "" };
    let mut text = String::new();
    writeln!(text, "  format:     version {version}{armor}")?;
    writeln!(text, "  suite:      {}", fields.suite)?;
    writeln!(text, "  message id: {}", fields.message_id)?;
    for (key, value) in fields.context.iter() {
        // Without quotes, the key `a=b` would look like the key `a`.
        let key = if key.contains('=') { format!("'{key}'") } else { key.to_owned() };
        writeln!(text, "  context:    {}={}", sanitize::text(&key), sanitize::text(value))?;
    }
    let shown = |wrapped| {
        if let Some(Derivation { cost, .. }) = Derivation::named_by(wrapped) {
            return format!(
                "passphrase (argon2id, {}, t={}, p={})",
                memory(cost.m_kib),
                cost.t,
                cost.p
            );
        }
        let alias =
            known_as(keyring, wrapped).map_or_else(String::new, |name| format!(" ({name})"));
        format!("{}{alias}", sanitize::text(&name_of(wrapped)))
    };
    for wrapped in &fields.encrypted_data_keys {
        writeln!(text, "  key:        {}", shown(wrapped))?;
    }
    for (envelope, wrapped) in envelope_keys {
        writeln!(text, "  key:        {}, in {}", shown(wrapped), sanitize::name(envelope))?;
    }
    match fields.content {
        ContentType::Framed(length) => writeln!(text, "  frames:     of {length} bytes")?,
        ContentType::NonFramed => writeln!(text, "  frames:     none, one block")?,
    }
    if let Some(BodySize { frames, plaintext }) = size {
        writeln!(text, "  plaintext:  {plaintext} bytes in {}", counted(frames, "frame"))?;
    }
    Ok(text)
}

/// An amount of memory, in MiB where it is a whole number of them.
fn memory(kib: u32) -> String {
    if kib.is_multiple_of(1024) { format!("{} MiB", kib / 1024) } else { format!("{kib} KiB") }
}

fn record(
    input: &Path,
    header: &ParsedHeader,
    keyring: &RootKeys,
    size: Option<BodySize>,
    armored: bool,
) -> InspectedRecord {
    let fields = &header.fields;
    let context = fields.context.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let keys = fields.encrypted_data_keys.iter().map(|wrapped| inspected_key(keyring, wrapped));
    InspectedRecord {
        format_version: fields.suite.format_version(),
        suite: format!("0x{:04x}", fields.suite.id),
        algorithm: fields.suite.name,
        message_id: fields.message_id,
        encryption_context: context.collect(),
        encrypted_data_keys: keys.collect(),
        envelope_keys: Vec::new(),
        frame_length: match fields.content {
            ContentType::Framed(length) => Some(length.get()),
            ContentType::NonFramed => None,
        },
        frames: size.map(|size| size.frames),
        plaintext_bytes: size.map(|size| size.plaintext),
        signed: fields.public_key.is_some(),
        armored,
        header_bytes: header.len(),
        path: input.into(),
    }
}

fn inspected_key(keyring: &RootKeys, wrapped: &EncryptedDataKey) -> InspectedKey {
    let (namespace, name) = namespace_and_name(wrapped);
    let held = named_by(keyring, wrapped);
    let key = held.as_ref().and_then(|held| keyring.key(&held.key.to_string()).ok());
    InspectedKey {
        namespace: namespace.to_string(),
        name: name.to_string(),
        key_id: held.as_ref().map(|held| held.key.to_string()),
        version: held.as_ref().map(|held| held.version),
        public_only: held.zip(key).is_some_and(|(held, key)| is_public_only(key, held.version)),
        aliases: key.map(|key| names(key.aliases())),
        passphrase: Derivation::named_by(wrapped).map(|Derivation { cost, .. }| PassphraseMember {
            kdf: "argon2id",
            m_kib: cost.m_kib,
            t: cost.t,
            p: cost.p,
        }),
    }
}
