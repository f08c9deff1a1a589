//! `enwrap reencrypt`: messages under new data keys, in one pass.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use enwrap::fs::atomic_file::{AtomicFile, AtomicFileError, Existing, Publication};
use enwrap::keyring::Key;
use enwrap::keys::provider::Provider;
use enwrap::keys::wraps::Wraps;
use enwrap::message::Limits;
use enwrap::message::armor::ArmorEncoder;
use enwrap::message::context::{EncryptionContext, PUBLIC_KEY};
use enwrap::message::header::{ContentType, Header};
use enwrap::message::layout::DEFAULT_FRAME_LENGTH;
use enwrap::operations::decrypt::Opened;
use enwrap::operations::encrypt::{Algorithm, EncryptError, Encrypted, Recipe, Sealer};
use enwrap::operations::reencrypt::{ReencryptError, reencrypt};
use enwrap::pipeline::PipelineError;

use crate::cli::app::App;
use crate::cli::args::{OpenArgs, Pair, context_of};
use crate::cli::examples::examples;
use crate::cli::io::destination::{Destination, Payload, Rules, Target};
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::source::is_stdin;
use crate::cli::key_choice::{named_keys, provider_of};
use crate::cli::opening::{Missing, Opening, OpeningOne};
use crate::cli::trees::batch;
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::tree::{Entry, Tree, require_files};
use crate::output::error::{ChangedMeanwhile, Concerning as _, Error, UnknownKeys, UsageError};
use crate::output::progress::Meter;
use crate::output::{Format, sanitize};

/// Encrypt messages again, under new data keys
///
/// Each FILE is replaced when all of the old message was verified, and not before. By default it keeps its
/// keys (in their current versions), its encryption context, its armour, its frame length and its mode;
/// pairs that are bound to it stay bound, and have to be given with -c. To take a key away, name those that stay
/// with -k: it cannot open the new message then. It still opens every copy of the old one.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap reencrypt report.pdf.enwrap
    enwrap reencrypt -k backup --set-context owner=alice report.pdf.enwrap
    enwrap reencrypt -r encrypted
"])]
pub(crate) struct ReencryptArgs {
    /// Encrypted files, and with -r folders; '-' is standard input
    #[arg(value_name = "PATH", required = true, value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Encrypt under exactly these keys (repeatable)
    #[arg(short, long = "key", value_name = "KEY", add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    /// Go on where a key that the message has is not here: it will not open the new one
    #[arg(long, conflicts_with = "keys")]
    drop_unknown_keys: bool,

    /// Store this pair, in the place of one with its KEY (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set_context: Vec<Pair>,

    /// Store no pair with this KEY (repeatable)
    #[arg(long, value_name = "KEY")]
    unset_context: Vec<String>,

    /// Bind a further pair to the message without storing it (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    bind: Vec<Pair>,

    /// Write to a new file instead, and leave the old one
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with = "recursive")]
    output: Option<PathBuf>,

    /// Replace an output that exists
    #[arg(short, long, requires = "output")]
    force: bool,

    /// Take all messages of folders, and leave everything else alone
    #[arg(short, long)]
    recursive: bool,

    #[command(flatten)]
    open: OpenArgs,
}

struct Plan<'a> {
    app: &'a App,
    args: &'a ReencryptArgs,
    opening: &'a Opening,
    keys: Vec<&'a Key>,
    bind: EncryptionContext,
    not_messages: usize,
}

pub(crate) fn run(app: &App, args: &ReencryptArgs) -> Result<(), Error> {
    require_files(&args.paths, args.recursive)?;
    if args.output.is_some() && args.paths.len() > 1 {
        return Err(UsageError::new("-o FILE is for one input").into());
    }
    let to_stdout = match &args.output {
        Some(output) => Target::of(output).is_stdout(),
        None => args.paths.iter().any(|path| is_stdin(path)),
    };
    if to_stdout && app.ui.format == Format::Json {
        let problem = "the result goes to standard output, and so would --json's lines";
        return Err(UsageError::new(problem)
            .hint("write the result to a file with -o FILE")
            .into());
    }
    let store = app.store()?;
    let opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    let keys = named_keys(&opening.keyring, &store, &args.keys)?;
    for key in &keys {
        key.to_encrypt().in_keyring(&store)?;
    }
    let mut plan = Plan {
        app,
        args,
        opening: &opening,
        keys,
        bind: context_of(&args.bind, None)?,
        not_messages: 0,
    };
    // Before the first file: a pair that cannot be stored is wrong for all of them.
    context_of(&args.set_context, None)?;
    let mut tree = Tree::new(&args.paths, args.recursive);
    let tally =
        batch::for_tree(app, store.path(), &args.paths, &mut tree, |entry| plan.reencrypt(entry))?;
    let done = tally.files - tally.failed - plan.not_messages;
    if args.recursive {
        app.ui.note(&format!("{done} encrypted again, {} not messages", plan.not_messages));
    }
    tally.finish(
        app,
        json!({
            "reencrypted": done,
            "not_messages": plan.not_messages,
            "special": tree.skipped.count(Reason::Special),
        }),
    )
}

impl Plan<'_> {
    fn reencrypt(&mut self, entry: &Entry) -> Result<(), Error> {
        let path = entry.path.as_path();
        let mut message = if entry.is_named {
            MessageSource::open(path)?
        } else if let Some((message, _)) =
            MessageSource::find(&entry.path, entry.is_named, &self.opening.expected.limits)?
        {
            message
        } else {
            self.not_messages += 1;
            return Ok(());
        };
        let one = self.opening.of(path)?;
        let opened = one.open(&mut message)?;
        let sealer = self.sealer(&opened, &one)?;
        let target = match (&self.args.output, is_stdin(path)) {
            (Some(output), _) => Some(Target::of(output)),
            (None, true) => Some(Target::Stdout),
            (None, false) => None,
        };
        let encrypted = match &target {
            Some(target) => self.write_new(target, &opened, message, sealer)?,
            None => self.replace(path, &opened, message, sealer)?,
        };
        let Some(output) = target.as_ref().map_or(Some(path), Target::path) else { return Ok(()) };
        let keys = encrypted.header.encrypted_data_keys.iter();
        let names: Vec<String> = keys
            .filter_map(|wrapped| self.opening.keyring.named_by(wrapped).next())
            .map(|(key, version)| match key.aliases().first() {
                Some(alias) => format!("{alias} version {}", version.number),
                None => format!("{} version {}", key.id(), version.number),
            })
            .collect();
        // Always: whoever wanted to take a key away sees whether it is gone.
        let shown = sanitize::name(path);
        self.app.ui.note(&format!("{shown}: encrypted again under {}", names.join(", ")));
        let mut object = json!({
            "old_message_id": opened.header().message_id.to_string(),
            "message_id": encrypted.header.message_id.to_string(),
            "keys": encrypted.header.encrypted_data_keys.iter()
                .filter_map(|wrapped| self.opening.keyring.named_by(wrapped).next())
                .map(|(key, version)| json!({
                    "key_id": key.id().to_string(), "version": version.number,
                }))
                .collect::<Vec<_>>(),
            "plaintext_bytes": encrypted.plaintext_len,
            "message_bytes": encrypted.message_len,
        });
        sanitize::insert_path(&mut object, "path", path);
        sanitize::insert_path(&mut object, "output", output);
        Ok(self.app.ui.result("", object)?)
    }

    /// The new message's beginning: the old one's keys, context and form, as far as nothing else was said.
    fn sealer(&self, opened: &Opened, one: &OpeningOne<'_>) -> Result<Sealer, Error> {
        let header = opened.header();
        let wraps = Wraps::of(opened.read_header(), &one.reader())?;
        let mut keys = self.keys.clone();
        if keys.is_empty() {
            let names = wraps.unknown(&self.opening.keyring);
            if !names.is_empty() && !self.args.drop_unknown_keys {
                return Err(UnknownKeys { names }.into());
            }
            keys = wraps.keys(&self.opening.keyring);
        }
        let mut providers = Vec::new();
        for key in keys {
            providers.push(provider_of(key)?.1);
        }
        let providers: Vec<&dyn Provider> =
            providers.iter().map(|provider| provider as &dyn Provider).collect();
        let recipe = self.recipe(header, wraps.bound())?;
        Ok(Sealer::new(&providers, &recipe)?.with_jobs(self.app.jobs))
    }

    fn recipe(&self, old: &Header, bound: &EncryptionContext) -> Result<Recipe, Error> {
        let mut context = old.context.clone();
        context.remove(PUBLIC_KEY);
        for key in &self.args.unset_context {
            context.remove(key);
        }
        for Pair { key, value } in &self.args.set_context {
            context.remove(key);
            context.insert(key, value)?;
        }
        let frame_length = match old.content {
            ContentType::Framed(length) if length.get() <= Limits::default().frame_length => length,
            ContentType::Framed(_) | ContentType::NonFramed => DEFAULT_FRAME_LENGTH,
        };
        let is_signed = old.public_key.is_some();
        let algorithm = if is_signed { Algorithm::Signed } else { Algorithm::Unsigned };
        Ok(Recipe { algorithm, frame_length, context, bound: bound.union(&self.bind)? })
    }

    fn write_new(
        &self,
        target: &Target,
        opened: &Opened,
        message: MessageSource,
        sealer: Sealer,
    ) -> Result<Encrypted, Error> {
        let source = message.source();
        let rules = Rules {
            force: self.args.force,
            sync: false,
            mode: source.mode().unwrap_or(0o666) & !crate::cli::process::umask(),
            keeps_mode: true,
            modified: None,
        };
        let payload = if message.is_armored() { Payload::Plaintext } else { Payload::Binary };
        let mut destination = Destination::open(target, Some(source), payload, rules)?;
        let (encrypted, _) = self
            .pump(opened, message, sealer, &mut destination)
            .map_err(|error| name_output(error, target))?;
        destination.finish()?;
        Ok(encrypted)
    }

    /// Puts the new message in the old one's place, if that is still what was read.
    fn replace(
        &self,
        path: &Path,
        opened: &Opened,
        message: MessageSource,
        sealer: Sealer,
    ) -> Result<Encrypted, Error> {
        let mut file = AtomicFile::create(path)?;
        let target = Target::File(path.to_path_buf());
        let (encrypted, message) = self
            .pump(opened, message, sealer, &mut file)
            .map_err(|error| name_output(error, &target))?;
        // On the disk first, which can take long: what comes between the look and the rename is short.
        file.sync().map_err(|source| {
            let path = path.to_path_buf();
            AtomicFileError::Io { action: "sync", path, source }
        })?;
        let source = message.source();
        let is_same = fs::metadata(path).is_ok_and(|now| source.is(&now));
        if !is_same || source.is_changed()? {
            return Err(ChangedMeanwhile.into());
        }
        file.publish(Publication {
            existing: Existing::Replace,
            mode: 0o600,
            keeps_mode: true,
            modified: None,
            sync: true,
        })?;
        Ok(encrypted)
    }

    fn pump(
        &self,
        opened: &Opened,
        mut message: MessageSource,
        sealer: Sealer,
        output: &mut impl Write,
    ) -> Result<(Encrypted, MessageSource), ReencryptError> {
        let source = message.source();
        let meter = Meter::new(self.app.ui, source.shown(), source.size(), false);
        let encrypted = if message.is_armored() {
            let mut armor = ArmorEncoder::new(output);
            let encrypted = reencrypt(opened, &mut message, sealer, &mut armor, &meter)?;
            armor.finish().map_err(|error| EncryptError::Pipeline(PipelineError::Write(error)))?;
            encrypted
        } else {
            reencrypt(opened, &mut message, sealer, output, &meter)?
        };
        meter.finish();
        Ok((encrypted, message))
    }
}

/// A failed write names the output, and everything else is told as it is.
fn name_output(error: ReencryptError, target: &Target) -> Error {
    match error {
        ReencryptError::Old(error) => error.into(),
        ReencryptError::New(EncryptError::Pipeline(error)) => target.name_in(error),
        ReencryptError::New(error) => error.into(),
    }
}
