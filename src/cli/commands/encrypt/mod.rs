//! `enwrap encrypt`: files to encrypted files, or a stream to a stream.

pub(crate) mod from_command;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use serde_json::json;

use enwrap::crypto::engine::IV_LEN;
use enwrap::keyring::{Key, KeyVersion};
use enwrap::keys::provider::Provider;
use enwrap::keys::provider::raw_aes::RawAes;
use enwrap::message::Limits;
use enwrap::message::armor::ArmorEncoder;
use enwrap::message::layout::DEFAULT_FRAME_LENGTH;
use enwrap::message::suite::Suite;
use enwrap::operations::encrypt::{Algorithm, EncryptError, Encrypted, Recipe, Sealer};
use enwrap::pipeline::{Jobs, PipelineError};

use crate::cli::app::App;
use crate::cli::args::{ContextArgs, OutputArgs, Pair, context_of};
use crate::cli::child::producer::Producer;
use crate::cli::examples::examples;
use crate::cli::io::destination::{Destination, Payload, Rules, Target};
use crate::cli::io::message_source::{has_length_of, is_message};
use crate::cli::io::metadata::{Metadata, MetadataArgs};
use crate::cli::io::source::Source;
use crate::cli::key_choice::{keys_to_encrypt, provider_of};
use crate::cli::process::umask;
use crate::cli::trees::batch::{self, Outcome};
use crate::cli::trees::folders::{Folders, Results};
use crate::cli::trees::job::{self, EXTENSION, Job};
use crate::cli::trees::selection::SelectionArgs;
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::tree::require_files;
use crate::output::error::{InKeyring as _, ProducerError, UsageError};
use crate::output::progress::{FileMeter, Meter, Part};
use crate::output::{Ui, sanitize};

/// Encrypt files, or standard input
///
/// Each FILE becomes FILE.enwrap beside it; standard input goes to standard output. A failed run
/// leaves no output, and an old one as it was.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap encrypt report.pdf
    enwrap encrypt -k backup -k offsite --output-dir encrypted report.pdf notes.txt
    enwrap encrypt --sync -c of=documents -o docs.tar.enwrap --from-command -- tar c documents
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
    #[arg(long, requires = "output", conflicts_with_all = ["recursive", "remove_source", "output_dir"])]
    from_command: bool,

    /// Encrypt under this key: an alias or an id (repeatable; any one of them opens the result)
    /// [env: ENWRAP_KEY] [default: the key with the alias 'default']
    #[arg(short, long = "key", value_name = "KEY", add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    #[command(flatten)]
    context: ContextArgs,

    /// Bind a pair to the message without storing it (repeatable): whoever decrypts must give it again
    /// with -c
    #[arg(long, value_name = "KEY=VALUE")]
    bind: Vec<Pair>,

    /// The algorithm suite, by id or official name: 0x0478, or 0x0578, which also signs
    #[arg(long, value_name = "SUITE", default_value = "0x0478", value_parser = parse_algorithm)]
    algorithm: Algorithm,

    /// Encrypt in frames of BYTES: what a reader holds in memory
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_FRAME_LENGTH)]
    #[arg(value_parser = parse_frame_length)]
    frame_length: NonZeroU32,

    /// Write base64 in lines of 64 characters instead of bytes
    #[arg(short, long)]
    armor: bool,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    metadata: MetadataArgs,
}

/// The suites that are written; the others are there to be read.
fn parse_algorithm(text: &str) -> Result<Algorithm, String> {
    match Suite::from_name(text) {
        Some(Suite::COMMITTING) => Ok(Algorithm::Unsigned),
        Some(Suite::SIGNED) => Ok(Algorithm::Signed),
        Some(suite) => Err(format!("{suite} is read and never written: it has no key commitment")),
        None => Err("use 0x0478 or 0x0578".to_owned()),
    }
}

/// Frames that every reader accepts without being told to.
fn parse_frame_length(text: &str) -> Result<NonZeroU32, String> {
    let most = Limits::default().frame_length;
    text.parse()
        .ok()
        .filter(|length: &NonZeroU32| length.get() <= most)
        .ok_or_else(|| format!("a frame has 1 to {most} bytes"))
}

/// What is the same for every input.
struct Plan<'a> {
    ui: Ui,
    args: &'a EncryptArgs,
    keys: Vec<(&'a Key, &'a KeyVersion)>,
    providers: Vec<RawAes>,
    recipe: Recipe,
    metadata: Metadata,
    umask: u32,
}

/// The name of a message in a file, by that of its plaintext.
fn name_of_message(name: &OsStr) -> Option<OsString> {
    Some([name, OsStr::new("."), OsStr::new(EXTENSION)].into_iter().collect())
}

const RESULTS: Results = Results {
    rename: name_of_message,
    is_result: |path| is_message(path) == Some(true),
    is_whole: |source, result| {
        fs::metadata(source).is_ok_and(|source| has_length_of(result, source.len()))
    },
    folder_mode: 0o777,
};

pub(crate) fn run(app: &App, args: &EncryptArgs) -> anyhow::Result<()> {
    let recipe = Recipe {
        algorithm: args.algorithm,
        frame_length: args.frame_length,
        context: args.context.context()?,
        bound: context_of(&args.bind, None)?,
    };
    recipe.context.union(&recipe.bound)?;
    let command = if args.from_command { Some(from_command::command(&args.inputs)?) } else { None };
    let store = app.store()?;
    let needed = app.needed_files(&store);
    let (jobs, folders) = if args.selection.recursive {
        let used = (&needed[..], args.metadata.metadata.as_deref());
        let folders = Folders::new(&args.inputs, &args.selection, &args.output, &RESULTS, used)?;
        (Vec::new(), Some(folders))
    } else {
        // What a command writes comes as a stream does.
        let stream = [PathBuf::from("-")];
        let inputs = if command.is_some() { &stream } else { &args.inputs[..] };
        require_files(inputs, false)?;
        (job::plan(app, inputs, &args.output, name_of_message)?, None)
    };
    if args.output.remove_source {
        job::require_removable(&args.inputs, &needed)?;
    }
    let keyring = store.load()?;
    let (keys, providers) = (Vec::new(), Vec::new());
    let metadata = args.metadata.open(job::files(&jobs, &store).chain(named_files(args)))?;
    let mut plan = Plan { ui: app.ui, args, keys, providers, recipe, metadata, umask: umask() };
    for key in keys_to_encrypt(&keyring, &store, &args.keys)? {
        let (version, provider) = provider_of(key).in_keyring(&store)?;
        plan.keys.push((key, version));
        plan.providers.push(provider);
    }
    if let (Some(command), [job]) = (command, &jobs[..]) {
        return plan.encrypt_output_of(command, &job.target, app.jobs);
    }
    let Some(folders) = folders else {
        return batch::for_each(app, store.path(), &jobs, |job| {
            plan.encrypt(job, app.jobs, None).map(|_| ())
        });
    };
    let mut tree = folders.tree();
    let tally = batch::in_parallel(app, store.path(), &mut tree, |turn| {
        let job = match folders.job(turn.entry) {
            // What is in the way of a message's message is in nobody's way.
            Err(_) if is_message(&turn.entry.path) == Some(true) => Err(Reason::Encrypted),
            job => job?,
        };
        match job {
            Ok(job) => match plan.encrypt(&job, turn.jobs, Some(turn.progress))? {
                Outcome::Skipped(reason) => {
                    Ok(Outcome::Skipped(folders.skipped(&job.input, reason)))
                }
                Outcome::Done => {
                    folders.note(&job);
                    Ok(Outcome::Done)
                }
            },
            Err(reason) => Ok(Outcome::Skipped(reason)),
        }
    })?;
    tally.finish_many(app, "encrypted")
}

/// What `--metadata` must not be, where the jobs do not say it.
fn named_files(args: &EncryptArgs) -> impl Iterator<Item = &Path> {
    args.inputs.iter().filter(|_| args.selection.recursive).map(PathBuf::as_path)
}

impl Plan<'_> {
    /// Encrypts a file, or standard input; as a `part` of a run over folders, passes over what is encrypted.
    fn encrypt(
        &self,
        Job { input, target }: &Job,
        jobs: Jobs,
        part: Option<&Part<'_>>,
    ) -> anyhow::Result<Outcome> {
        let mut source = Source::open(input)?;
        if source.looks_encrypted() {
            if part.is_some() && is_message(input) == Some(true) {
                return Ok(Outcome::Skipped(Reason::Encrypted));
            }
            self.ui.warning(&format!("{}: it is encrypted already", source.shown()));
        }
        let output = &self.args.output;
        if output.remove_source && source.looks_like_keyring() {
            let problem = format!("'{}' is a keyring, and is not removed", source.shown());
            return Err(UsageError::new(problem).into());
        }
        let rules = Rules {
            force: output.force,
            sync: output.is_synced(),
            mode: source.mode().unwrap_or(0o666) & !self.umask,
            keeps_mode: true,
            modified: source.modified(),
        };
        let mut destination = Destination::open(target, Some(&source), self.payload(), rules)?;
        if output.remove_source {
            destination.require_file()?;
        }
        let meter = match part {
            Some(part) => FileMeter::Part(part),
            None => {
                let is_busy = destination.is_terminal();
                FileMeter::Alone(Meter::new(self.ui, source.shown(), source.size(), is_busy))
            }
        };
        let sealer = self.sealer()?.with_jobs(jobs);
        let encrypted = match destination.file().filter(|_| source.is_file() && !self.args.armor) {
            Some(file) => sealer.encrypt_file(&mut source, file, &meter),
            None => self.seal(sealer, &mut source, &mut destination, &meter),
        }
        .map_err(|error| name_output(error, target))?;
        meter.finish();
        if !output.remove_source && source.is_changed()? {
            self.ui.warning(&format!("{}: it changed while it was read", source.shown()));
        }
        destination.finish()?;
        self.record(input, target, &encrypted)?;
        if output.remove_source {
            source.remove()?;
        }
        Ok(Outcome::Done)
    }

    /// Encrypts what a command writes, if it succeeds.
    fn encrypt_output_of(
        &self,
        command: &[PathBuf],
        target: &Target,
        jobs: Jobs,
    ) -> anyhow::Result<()> {
        let output = &self.args.output;
        let rules = Rules {
            force: output.force,
            sync: output.sync,
            mode: 0o666 & !self.umask,
            keeps_mode: true,
            modified: None,
        };
        let mut destination = Destination::open(target, None, self.payload(), rules)?;
        let meter = Meter::new(
            self.ui,
            command.first().map_or_else(String::new, sanitize::name),
            None,
            destination.is_terminal(),
        );
        let meter = FileMeter::Alone(meter);
        let sealer = self.sealer()?.with_jobs(jobs);
        let mut producer = Producer::start(command)?;
        let mut output = producer.stopped_with(&mut destination)?;
        let encrypted = self
            .seal(sealer, &mut producer, &mut output, &meter)
            .map_err(|error| name_output(error, target))?;
        meter.finish();
        destination.finish()?;
        self.record(Path::new("-"), target, &encrypted)
    }

    fn payload(&self) -> Payload {
        if self.args.armor { Payload::Plaintext } else { Payload::Binary }
    }

    fn sealer(&self) -> Result<Sealer, EncryptError> {
        let providers: Vec<&dyn Provider> =
            self.providers.iter().map(|provider| provider as &dyn Provider).collect();
        Sealer::new(&providers, &self.recipe)
    }

    /// Encrypts a stream, with armour if that is asked for.
    fn seal(
        &self,
        sealer: Sealer,
        source: &mut (impl Read + Send),
        output: &mut impl Write,
        meter: &FileMeter<'_>,
    ) -> Result<Encrypted, EncryptError> {
        if !self.args.armor {
            return sealer.encrypt(source, output, meter);
        }
        let mut armor = ArmorEncoder::new(output);
        let encrypted = sealer.encrypt(source, &mut armor, meter)?;
        armor.finish().map_err(PipelineError::Write)?;
        Ok(encrypted)
    }

    /// Says what was done.
    fn record(&self, input: &Path, target: &Target, encrypted: &Encrypted) -> anyhow::Result<()> {
        let (ui, output) = (self.ui, target.path());
        let tag = (&[0; IV_LEN], &encrypted.tag);
        self.metadata.append("encrypt", input, output, &encrypted.header, tag)?;
        let Some(output) = output else { return Ok(()) };
        ui.detail(&format!("{} -> {}", sanitize::name(input), sanitize::name(output)));
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(
                |(key, version)| json!({ "key_id": key.id().to_string(), "version": version.number }),
            )
            .collect();
        let mut object = json!({
            "message_id": encrypted.header.message_id.to_string(),
            "keys": keys,
            "plaintext_bytes": encrypted.plaintext_len,
            "message_bytes": encrypted.message_len,
        });
        sanitize::insert_path(&mut object, "path", input);
        sanitize::insert_path(&mut object, "output", output);
        Ok(ui.result("", object)?)
    }
}

fn name_output(error: EncryptError, target: &Target) -> anyhow::Error {
    match error {
        EncryptError::Pipeline(PipelineError::Read(error)) => match error.downcast() {
            Ok(producer) => ProducerError::into(producer),
            Err(error) => PipelineError::Read(error).into(),
        },
        EncryptError::Pipeline(error) => target.name_in(error),
        other => other.into(),
    }
}
