//! `enwrap encrypt`: files to encrypted files, or a stream to a stream.

use std::ffi::OsStr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use enwrap::encrypt::{Algorithm, EncryptError, Recipe, Sealer};
use enwrap::keyring::{Key, KeyVersion};
use enwrap::message::Limits;
use enwrap::message::armor::Encoder;
use enwrap::message::engine::IV_LEN;
use enwrap::message::layout::DEFAULT_FRAME_LENGTH;
use enwrap::pipeline::PipelineError;
use enwrap::provider::Provider;
use enwrap::provider::raw_aes::RawAes;
use enwrap::suite::Suite;

use super::app::App;
use super::args::{ContextArgs, OutputArgs, Pair, context_of};
use super::batch;
use super::destination::{Destination, Payload, Rules};
use super::examples::examples;
use super::job::{self, EXTENSION, Job};
use super::key_choice::{keys_to_encrypt, provider_of};
use super::metadata::{Metadata, MetadataArgs};
use super::process::umask;
use super::source::Source;
use crate::output::error::InKeyring as _;
use crate::output::progress::Meter;
use crate::output::sanitize;

/// Encrypt files, or standard input
///
/// Each FILE becomes FILE.enwrap beside it; standard input goes to standard output. A failed run
/// leaves no output, and an old one as it was.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap encrypt report.pdf
    enwrap encrypt -k backup -k offsite --output-dir encrypted report.pdf notes.txt
    tar c documents | enwrap encrypt -c backup=documents --sync -o documents.tar.enwrap
"])]
pub(crate) struct EncryptArgs {
    /// What to encrypt; '-' is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    inputs: Vec<PathBuf>,

    /// Encrypt under this key: an alias or an id (repeatable; any one of them opens the result)
    /// [env: ENWRAP_KEY] [default: the key with the alias 'default']
    #[arg(short, long = "key", value_name = "KEY", add = super::complete::key_names())]
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
    metadata: MetadataArgs,

    #[command(flatten)]
    output: OutputArgs,
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
    app: &'a App,
    args: &'a EncryptArgs,
    keys: Vec<(&'a Key, &'a KeyVersion)>,
    providers: Vec<RawAes>,
    recipe: Recipe,
    metadata: Metadata,
    umask: u32,
}

pub(crate) fn run(app: &App, args: &EncryptArgs) -> anyhow::Result<()> {
    let jobs = job::plan(app, &args.inputs, &args.output, |name| {
        Some([name, OsStr::new("."), OsStr::new(EXTENSION)].into_iter().collect())
    })?;
    let recipe = Recipe {
        algorithm: args.algorithm,
        frame_length: args.frame_length,
        context: args.context.context()?,
        bound: context_of(&args.bind, None)?,
    };
    recipe.context.union(&recipe.bound)?;
    let store = app.store()?;
    let keyring = store.load()?;
    let (keys, providers) = (Vec::new(), Vec::new());
    let metadata = args.metadata.open(job::files(&jobs, &store))?;
    let mut plan = Plan { app, args, keys, providers, recipe, metadata, umask: umask() };
    for key in keys_to_encrypt(&keyring, &store, &args.keys)? {
        let (version, provider) = provider_of(key).in_keyring(&store)?;
        plan.keys.push((key, version));
        plan.providers.push(provider);
    }
    batch::for_each(app, store.path(), &jobs, |job| plan.encrypt(job))
}

impl Plan<'_> {
    fn encrypt(&self, Job { input, target }: &Job) -> anyhow::Result<()> {
        let mut source = Source::open(input)?;
        let rules = Rules {
            force: self.args.output.force,
            sync: self.args.output.sync,
            mode: source.mode().unwrap_or(0o666) & !self.umask,
            keeps_mode: true,
            modified: source.modified(),
        };
        if source.looks_encrypted() {
            self.app.ui.warning(&format!("{}: it is encrypted already", source.shown()));
        }
        let payload = if self.args.armor { Payload::Plaintext } else { Payload::Binary };
        let mut destination = Destination::open(target, Some(&source), payload, rules)?;
        let providers: Vec<&dyn Provider> =
            self.providers.iter().map(|provider| provider as &dyn Provider).collect();
        let sealer = Sealer::new(&providers, &self.recipe)?.with_jobs(self.app.jobs);
        let ui = self.app.ui;
        let meter = Meter::new(ui, source.shown(), source.size(), destination.is_terminal());
        let encrypted = if self.args.armor {
            let mut armor = Encoder::new(&mut destination);
            sealer.encrypt(&mut source, &mut armor, &meter).and_then(|encrypted| {
                armor.finish().map_err(PipelineError::Write)?;
                Ok(encrypted)
            })
        } else if let Some(file) = destination.file().filter(|_| source.is_file()) {
            sealer.encrypt_file(&mut source, file, &meter)
        } else {
            sealer.encrypt(&mut source, &mut destination, &meter)
        }
        .map_err(|error| match error {
            EncryptError::Pipeline(error) => target.name_in(error),
            other => other.into(),
        })?;
        meter.finish();
        if source.is_changed()? {
            ui.warning(&format!("{}: it changed while it was read", source.shown()));
        }
        destination.finish()?;
        let output = target.path();
        self.metadata.append(
            "encrypt",
            input,
            output,
            &encrypted.header,
            (&[0; IV_LEN], &encrypted.tag),
        )?;
        let Some(output) = output else { return Ok(()) };
        ui.detail(&format!("{} -> {}", source.shown(), sanitize::name(output)));
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(
                |(key, version)| json!({ "key_id": key.id.to_string(), "version": version.number }),
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
