//! `enwrap encrypt`: files to encrypted files, or a stream to a stream.

pub(crate) mod from_command;
mod if_changed;
mod messages;
mod told;

use std::io::{Read, Write};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};

use enwrap::fs::atomic_file::{Access, Publication};
use enwrap::keyring::RootKeys;
use enwrap::keys::aws_kms::client::calls::KmsCalls;
use enwrap::keys::aws_kms::{AwsKms, Discovery};
use enwrap::keys::passphrase::Passphrases;
use enwrap::keys::service::{Recipient, recipient};
use enwrap::message::Limits;
use enwrap::message::layout::DEFAULT_FRAME_LENGTH;
use enwrap::message::suite::Suite;
use enwrap::operations::encrypt::{Algorithm, EncryptError, Encrypted, MessageSealer, MessageSpec};
use enwrap::pipeline::PipelineError;

use if_changed::{Alike, Existing, read_error};
use messages::Messages;

use crate::cli::app::App;
use crate::cli::args::{ContextArgs, OutputArgs, Pair, SkipExisting, context_of};
use crate::cli::examples::examples;
use crate::cli::io::armored::write_message;
use crate::cli::io::destination::{Destination, Payload, Target};
use crate::cli::io::message_file::is_whole_message;
use crate::cli::io::metadata::{Metadata, MetadataArgs};
use crate::cli::io::source::Source;
use crate::cli::key_choice::{
    ChosenKey, identified, keyring_for, keys_to_encrypt, refuse_key_names,
};
use crate::cli::key_services::data_key_services;
use crate::cli::outputs::{Outputs, Role};
use crate::cli::process::umask;
use crate::cli::secrets::args::RecipientArgs;
use crate::cli::secrets::passphrase::{OfMessages, Sources};
use crate::cli::trees::batch::{Outcome, Turn, Turns};
use crate::cli::trees::job::Job;
use crate::cli::trees::selection::SelectionArgs;
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::work::{Request, Work};
use crate::output::Ui;
use crate::output::error::{Concerning as _, Error, ProducerError, UsageError};
use crate::output::progress::FileMeter;
use crate::output::records::summary::Done;

/// Encrypt files, or standard input
///
/// Each FILE becomes FILE.enwrap beside it; standard input goes to standard output. A failed run
/// leaves no output, and an old one as it was.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap encrypt report.pdf
    enwrap encrypt -p --new-passphrase-file secret.txt notes.txt \\
        -o letter.enwrap
    enwrap encrypt -k backup -k offsite --output-dir encrypted notes.txt
    enwrap encrypt -c of=documents -o docs.tar.enwrap \\
        --from-command -- tar c documents
    enwrap encrypt -r documents --output-dir encrypted --skip-existing
"])]
pub(crate) struct EncryptArgs {
    /// What to encrypt: files, and with -r folders; '-' is standard input. With --from-command, after
    /// '--', a command and its arguments
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    // An argument of a command may be empty.
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    inputs: Vec<PathBuf>,

    /// Run the command after '--' and encrypt its output; if it fails, there is no output file
    #[arg(long, requires = "output")]
    #[arg(conflicts_with_all = ["recursive", "files_from", "remove_source", "output_dir"])]
    from_command: bool,

    /// Encrypt under this key: an alias, an id, or the ARN of a key in AWS KMS (repeatable; any one of
    /// them opens the result)
    /// [env: ENWRAP_KEY] [default: the key with the alias 'default']
    #[arg(short, long = "key", value_name = "KEY", add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    #[command(flatten)]
    context: ContextArgs,

    /// Bind a pair to the message without storing it (repeatable): whoever decrypts must give it again
    /// with -c
    #[arg(long, value_name = "KEY=VALUE")]
    #[arg(hide_short_help = true)]
    bind: Vec<Pair>,

    /// The algorithm suite, by id or official name: 0x0478, or 0x0578, which also signs
    #[arg(long, value_name = "SUITE", default_value = "0x0478", value_parser = parse_algorithm)]
    #[arg(hide_short_help = true)]
    algorithm: Algorithm,

    /// Encrypt in frames of BYTES: what a reader holds in memory
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_FRAME_LENGTH)]
    #[arg(value_parser = parse_frame_length)]
    #[arg(hide_short_help = true)]
    frame_length: NonZeroU32,

    /// Write base64 in lines of 64 characters instead of bytes
    #[arg(short, long)]
    armor: bool,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    recipient: RecipientArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Leave an output alone that opens to the same bytes under the same keys, context and form
    ///
    /// Another one that exists is exit code 8, or replaced with -f; where there is none, it is written. So
    /// a retry is no error, and git and rsync see no change where there is none. Keys are the same in their
    /// current versions only. What comes from a pipe or a command is compared while it is encrypted, and
    /// never written anywhere in the clear.
    #[arg(long, help_heading = "Output", conflicts_with_all = ["skip_existing", "remove_source"])]
    #[arg(hide_short_help = true)]
    if_changed: bool,

    /// Say what would be done, and do nothing
    ///
    /// With keys in AWS KMS, also how many calls that takes. What is there to encrypt is not read to its end.
    #[arg(long, help_heading = "Output")]
    #[arg(conflicts_with_all = ["from_command", "if_changed", "metadata"])]
    dry_run: bool,

    #[command(flatten)]
    metadata: MetadataArgs,
}

/// Parses a suite. Only two are written, all others are only read.
fn parse_algorithm(text: &str) -> Result<Algorithm, String> {
    match Suite::from_name(text) {
        Some(Suite::COMMITTING) => Ok(Algorithm::Unsigned),
        Some(Suite::SIGNED) => Ok(Algorithm::Signed),
        Some(suite) => Err(format!("{suite} is read and never written: it has no key commitment")),
        None => Err("use 0x0478 or 0x0578".to_owned()),
    }
}

/// Parses a frame length. Longer frames would not open with the default limits.
fn parse_frame_length(text: &str) -> Result<NonZeroU32, String> {
    let most = Limits::default().frame_length;
    text.parse()
        .ok()
        .filter(|length: &NonZeroU32| length.get() <= most)
        .ok_or_else(|| format!("a frame has 1 to {most} bytes"))
}

/// What all inputs of a run share.
struct EncryptRun<'a> {
    ui: Ui,
    outputs: &'a Outputs,
    args: &'a EncryptArgs,
    keyring: &'a RootKeys,
    passphrases: &'a Passphrases,
    kms: &'a AwsKms,
    kms_calls: &'a KmsCalls,
    keys: Vec<ChosenKey<'a>>,
    recipients: Vec<Box<dyn Recipient + 'a>>,
    spec: MessageSpec,
    metadata: Metadata,
    umask: u32,
}

pub(crate) fn run(app: &App, args: &EncryptArgs) -> Result<(), Error> {
    let spec = MessageSpec {
        algorithm: args.algorithm,
        frame_length: args.frame_length,
        context: args.context.context()?,
        bound: context_of(&args.bind, None)?,
    };
    spec.context.union(&spec.bound)?;
    let command = if args.from_command { Some(from_command::command(&args.inputs)?) } else { None };
    if args.output.skip_existing == Some(SkipExisting::Verify) {
        let problem = "--skip-existing=verify compares plaintexts, so it is for decrypt";
        return Err(UsageError::new(problem)
            .hint("see what is encrypted: enwrap verify -r DIR")
            .into());
    }
    if args.dry_run && args.selection.takes_stdin(&args.inputs) {
        return Err(UsageError::new("--dry-run says nothing of standard input")
            .hint("name a file")
            .into());
    }
    let store = app.store()?;
    if let Some(file) = &args.context.context_file {
        app.outputs.protect(file, Role::Input);
    }
    let new_passphrase = args.recipient.sources();
    if let Some(sources) = &new_passphrase {
        app.outputs.protect_passphrase(sources);
    }
    let passphrase_file = new_passphrase.as_ref().and_then(Sources::file);
    // The output of a command is treated like standard input.
    let stream = [PathBuf::from("-")];
    let request = Request {
        inputs: if command.is_some() { &stream } else { &args.inputs },
        selection: &args.selection,
        output: &args.output,
        metadata: args.metadata.metadata.as_deref(),
        passphrase: passphrase_file.as_deref(),
        is_dry: args.dry_run,
    };
    let results = Messages { are_compared: args.if_changed };
    let work = Work::plan(app, &store, request, &results)?;
    // A passphrase is a choice like that of a key, so no key counts beside it but those that are named here.
    let needs_keyring = new_passphrase.is_none() || !args.keys.is_empty();
    let keyring =
        if needs_keyring { keyring_for(&store, &args.keys)? } else { RootKeys::default() };
    if command.is_none() {
        refuse_key_names(&keyring, &args.inputs)?;
    }
    let keys =
        if needs_keyring { keys_to_encrypt(&keyring, &store, &args.keys)? } else { Vec::new() };
    let mut kms = app.aws_kms(&keyring, Discovery::Off);
    if args.dry_run {
        kms = kms.estimated_in(Arc::clone(app.kms_calls()));
    }
    // One key under two names would be two encrypted data keys, or another one than that of an earlier run.
    let keys = if args.if_changed || keys.iter().filter(|key| key.is_in_kms()).count() > 1 {
        identified(&keyring, &kms, keys)?
    } else {
        keys
    };
    for key in &keys {
        key.require_to_encrypt().in_keyring(&store)?;
        key.add_to(&mut kms);
    }
    let services = data_key_services(&keyring, &kms);
    let mut recipients = Vec::new();
    for key in &keys {
        recipients.push(recipient(&services, &key.name()).in_keyring(&store)?);
    }
    let passphrases = match new_passphrase {
        Some(sources) if !args.dry_run => {
            let passphrase = sources.passphrase("what is encrypted")?;
            // What exists and is compared was encrypted for the same passphrase, or differs.
            Passphrases::of(Box::new(OfMessages::new(sources))).with_new(&passphrase)?
        }
        _ => Passphrases::default(),
    };
    recipients.extend(passphrases.new_recipient());
    let metadata = args.metadata.open(&app.outputs)?;
    let outputs = &app.outputs;
    let plan = EncryptRun {
        ui: app.ui,
        outputs,
        args,
        keyring: &keyring,
        passphrases: &passphrases,
        kms: &kms,
        kms_calls: app.kms_calls(),
        keys,
        recipients,
        spec,
        metadata,
        umask: umask(),
    };
    match (command, &args.output.output) {
        (Some(command), Some(output)) => {
            plan.encrypt_output_of(command, &Target::of(output), app.jobs)
        }
        _ => {
            let asks_kms = plan.keys.iter().any(ChosenKey::is_in_kms);
            let turns = Turns::BySize(app.files_at_once(asks_kms));
            let done = if args.dry_run { Done::WouldBeEncrypted } else { Done::Encrypted };
            work.run(app, &store, turns, done, |job, turn| plan.encrypt(job, turn))
        }
    }
}

impl EncryptRun<'_> {
    /// Encrypts a file, or standard input. A run over folders passes over files that are encrypted already.
    fn encrypt(&self, job: &Job, turn: &Turn<'_>) -> Result<Outcome, Error> {
        let Job { input, target, .. } = job;
        let mut source = Source::open(input)?;
        if source.looks_encrypted() {
            if turn.is_of_many() && is_whole_message(input) {
                return Ok(Outcome::Skipped(Reason::Encrypted));
            }
            let problem = if turn.is_of_many() {
                "it begins as a message does and is not one to its end, so it is encrypted"
            } else {
                "it is encrypted already, and is encrypted once more"
            };
            self.ui.warning(&format!("{}: {problem}", source.shown()));
        }
        let output = &self.args.output;
        if output.remove_source && source.looks_like_keyring() {
            let problem = format!("'{}' is a keyring, and is not removed", source.shown());
            return Err(UsageError::new(problem).hint("leave out --remove-source").into());
        }
        if self.args.dry_run {
            return self.foretell(job);
        }
        let mut existing = self.existing_alike(target)?;
        if let Some(alike) = existing.as_mut().filter(|_| source.is_file()) {
            let Some(difference) = alike.compare(&mut source)? else {
                return self.leave(input, alike, source.bytes_read());
            };
            self.require_force(target, difference)?;
            source.rewind()?;
            existing = None;
        }
        let seen = job.redone().or_else(|| existing.as_ref().map(|alike| alike.seen));
        let publication = self.publication(Some(&source)).redone(seen);
        let (outputs, payload) = (self.outputs, self.payload());
        let mut destination =
            Destination::open(outputs, target, Some(&source), payload, publication)?;
        if output.remove_source {
            destination.require_file()?;
        }
        let meter = turn.meter(&source, destination.is_terminal());
        let sealer = self.sealer()?.with_jobs(turn.jobs);
        let is_by_place = source.is_file() && !self.args.armor;
        let encrypted = match (&mut existing, destination.file().filter(|_| is_by_place)) {
            (Some(alike), _) => {
                let sealed =
                    self.seal_compared(alike, sealer, &mut source, &mut destination, &meter);
                let (encrypted, is_same) = sealed.map_err(|error| name_output(error, target))?;
                if is_same {
                    meter.finish();
                    return self.leave(input, alike, encrypted.plaintext_len);
                }
                Ok(encrypted)
            }
            (None, Some(file)) => sealer.encrypt_file(&mut source, file, &meter),
            (None, None) => self.seal(sealer, &mut source, &mut destination, &meter),
        }
        .map_err(|error| name_output(error, target))?;
        meter.finish();
        let is_changed = !output.remove_source && source.is_changed()?;
        if is_changed {
            self.ui.alert(&format!(
                "{}: it changed while it was read, and may be encrypted half old and half new; encrypt it again when \
                 nothing writes to it",
                source.shown()
            ));
        }
        destination.finish()?;
        self.record(input, target, &encrypted, is_changed)?;
        if output.remove_source {
            source.remove()?;
        }
        Ok(if is_changed { Outcome::DoneOfChanged } else { Outcome::Done })
    }

    /// The message at the target, where only its plaintext remains to be compared. `None` where a new one is written.
    fn existing_alike(&self, target: &Target) -> Result<Option<Alike>, Error> {
        let existing = if self.args.if_changed { self.existing(target)? } else { None };
        match existing {
            None => Ok(None),
            Some(Existing::Alike(alike)) => Ok(Some(*alike)),
            Some(Existing::Other(difference)) => {
                self.require_force(target, difference).map(|()| None)
            }
        }
    }

    /// How the output of `source` is published; of a command, if `None`.
    fn publication(&self, source: Option<&Source>) -> Publication {
        let mode = source.and_then(Source::mode).unwrap_or(0o666) & !self.umask;
        let publication =
            self.args.output.publication(Access::Mode(mode), source.and_then(Source::owner));
        publication.modified_if_new(source.and_then(Source::modified))
    }

    fn payload(&self) -> Payload {
        if self.args.armor { Payload::Plaintext } else { Payload::Binary }
    }

    fn sealer(&self) -> Result<MessageSealer, EncryptError> {
        MessageSealer::new(&self.recipients, &self.spec)
    }

    /// Encrypts in order, with armour if that is asked for.
    fn seal(
        &self,
        sealer: MessageSealer,
        source: &mut (impl Read + Send),
        output: &mut impl Write,
        meter: &FileMeter<'_>,
    ) -> Result<Encrypted, EncryptError> {
        write_message(output, self.args.armor, |mut output| {
            sealer.encrypt(source, &mut output, meter)
        })
    }
}

/// Adds to a failed write where it was to go, and finds the error of a command whose output was read.
fn name_output(error: EncryptError, target: &Target) -> Error {
    match error {
        EncryptError::Pipeline(PipelineError::Read(error)) => match error.downcast() {
            Ok(producer) => ProducerError::into(producer),
            Err(error) => read_error(error),
        },
        EncryptError::Pipeline(error) => target.name_in(error),
        other => other.into(),
    }
}
