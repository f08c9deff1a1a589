//! `enwrap encrypt`: files to encrypted files, or a stream to a stream.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use enwrap::context::EncryptionContext;
use enwrap::encrypt::{EncryptError, Sealer};
use enwrap::keyring::{Key, KeyVersion};
use enwrap::message::layout::DEFAULT_FRAME_LENGTH;
use enwrap::provider::Provider;
use enwrap::provider::raw_aes::RawAes;

use super::app::{App, InKeyring as _, keys_to_encrypt, provider_of};
use super::args::{ContextArgs, OutputArgs};
use super::batch;
use super::destination::{Destination, Payload, Rules, Target};
use super::examples::examples;
use super::job::{self, EXTENSION, Job};
use super::process::umask;
use super::source::Source;
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

    #[command(flatten)]
    output: OutputArgs,
}

/// What is the same for every input.
struct Plan<'a> {
    app: &'a App,
    args: &'a EncryptArgs,
    keys: Vec<(&'a Key, &'a KeyVersion)>,
    providers: Vec<RawAes>,
    context: EncryptionContext,
    umask: u32,
}

pub(crate) fn run(app: &App, args: &EncryptArgs) -> anyhow::Result<()> {
    let jobs = job::plan(app, &args.inputs, &args.output, |name| {
        Some([name, OsStr::new("."), OsStr::new(EXTENSION)].into_iter().collect())
    })?;
    let context = args.context.context()?;
    let store = app.store()?;
    let keyring = store.load()?;
    let mut plan =
        Plan { app, args, keys: Vec::new(), providers: Vec::new(), context, umask: umask() };
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
        let mut destination = Destination::open(target, Some(&source), Payload::Binary, rules)?;
        let providers: Vec<&dyn Provider> =
            self.providers.iter().map(|provider| provider as &dyn Provider).collect();
        let sealer = Sealer::new(&providers, &self.context, DEFAULT_FRAME_LENGTH)?;
        let ui = self.app.ui;
        let meter = Meter::new(ui, source.shown(), source.size(), destination.is_terminal());
        let encrypted =
            sealer.encrypt(&mut source, &mut destination, &meter).map_err(|error| match error {
                EncryptError::Pipeline(error) => target.name_in(error),
                other => other.into(),
            })?;
        meter.finish();
        drop(meter);
        if source.is_changed()? {
            ui.warning(&format!("{}: it changed while it was read", source.shown()));
        }
        destination.finish()?;
        let Target::File(output) = target else { return Ok(()) };
        ui.detail(&format!("{} -> {}", source.shown(), sanitize::name(output)));
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(
                |(key, version)| json!({ "key_id": key.id.to_string(), "version": version.number }),
            )
            .collect();
        let mut object = json!({
            "message_id": hex::encode(encrypted.message_id),
            "keys": keys,
            "plaintext_bytes": encrypted.plaintext_len,
            "message_bytes": encrypted.message_len,
        });
        sanitize::insert_path(&mut object, "path", input);
        sanitize::insert_path(&mut object, "output", output);
        Ok(ui.result("", object)?)
    }
}
