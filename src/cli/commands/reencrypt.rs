//! `enwrap reencrypt`: messages under new data keys, in one pass.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use enwrap::fs::atomic_file::{Access, AtomicFile, Existing, Publication};
use enwrap::fs::file_at::FileAt;
use enwrap::keys::envelope;
use enwrap::keys::passphrase::Passphrases;
use enwrap::keys::service::KeyName;
use enwrap::message::context::EncryptionContext;
use enwrap::message::header::Header;
use enwrap::operations::decrypt::OpenedMessage;
use enwrap::operations::encrypt::{EncryptError, Encrypted, MessageSealer, MessageSpec};
use enwrap::operations::reencrypt::{ReencryptError, reencrypt, successor};
use enwrap::operations::usage::KeyReport;

use crate::cli::app::App;
use crate::cli::args::{OpenArgs, Pair, context_of};
use crate::cli::dry_run;
use crate::cli::examples::examples;
use crate::cli::io::armored::write_message;
use crate::cli::io::destination::{Destination, Payload, Target};
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::source::is_stdin;
use crate::cli::opening::{self, Missing, Opening};
use crate::cli::outputs::Role;
use crate::cli::replacement::{self, keys_to_carry, sealer_for};
use crate::cli::secrets::args::RecipientArgs;
use crate::cli::trees::batch::{self, Outcome, Turn, Turns};
use crate::cli::trees::name_list::NameList;
use crate::cli::trees::selection::PathsArgs;
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::tree::{Entry, Tree, require_files};
use crate::output::error::{AfterDone as _, Error, UsageError};
use crate::output::records::message::{ReencryptedRecord, WouldReencryptRecord};
use crate::output::records::summary::ReencryptCounts;
use crate::output::records::{has_passphrase, known_keys};
use crate::output::sanitize;

/// Encrypt messages again, under new data keys
///
/// Each FILE is replaced when all of the old message was verified, and not before. By default it keeps its
/// keys (in their current versions), its encryption context, its armour, its frame length and its mode;
/// pairs that are bound to it stay bound, and have to be given with -c. To take a key away, name those that stay
/// with -k: it cannot open the new message then. It still opens every copy of the old one. With keys in AWS KMS
/// each file takes some calls: --dry-run says how many.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap reencrypt report.pdf.enwrap
    enwrap reencrypt -k backup --set-context by=alice report.pdf.enwrap
    enwrap reencrypt -r encrypted
"])]
pub(crate) struct ReencryptArgs {
    /// Encrypted files, and with -r folders; '-' is standard input
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    #[arg(value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Encrypt under exactly these keys (repeatable): an alias, an id, or the ARN of a key in AWS KMS
    #[arg(short, long = "key", value_name = "KEY", add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    /// Go on where a key that the message has is not here: it will not open the new one
    #[arg(long, conflicts_with_all = ["keys", "passphrase_recipient"])]
    #[arg(hide_short_help = true)]
    drop_unknown_keys: bool,

    /// Store this pair, in the place of one with its KEY (repeatable)
    #[arg(long, value_name = "KEY=VALUE", hide_short_help = true)]
    set_context: Vec<Pair>,

    /// Store no pair with this KEY (repeatable)
    #[arg(long, value_name = "KEY", hide_short_help = true)]
    unset_context: Vec<String>,

    /// Bind a further pair to the message without storing it (repeatable)
    #[arg(long, value_name = "KEY=VALUE", hide_short_help = true)]
    #[arg(hide_short_help = true)]
    bind: Vec<Pair>,

    /// Write to a new file instead, and leave the old one
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["recursive", "files_from"])]
    output: Option<PathBuf>,

    /// Replace an output that exists
    #[arg(short, long, requires = "output")]
    force: bool,

    /// Take all messages of folders, and leave everything else alone
    #[arg(short, long)]
    recursive: bool,

    /// Say what would be done, by the headers, and do nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    many: PathsArgs,

    #[command(flatten)]
    recipient: RecipientArgs,

    #[command(flatten)]
    open: OpenArgs,
}

struct ReencryptRun<'a> {
    app: &'a App,
    args: &'a ReencryptArgs,
    opening: &'a Opening,
    keys: Vec<KeyName>,
    bind: EncryptionContext,
}

pub(crate) fn run(app: &App, args: &ReencryptArgs) -> Result<(), Error> {
    require_files(&args.paths, args.recursive)?;
    let list = NameList::open(app, &args.many, &args.paths)?;
    if args.output.is_some() && args.paths.len() > 1 {
        return Err(UsageError::new("-o FILE is for one input")
            .hint("name one PATH; without -o, each file is replaced in its place")
            .into());
    }
    if args.dry_run && args.paths.iter().any(|path| is_stdin(path)) {
        return Err(UsageError::new("--dry-run reads headers twice, and standard input only once")
            .hint("name a file")
            .into());
    }
    let to_stdout = !args.dry_run
        && match &args.output {
            Some(output) => Target::of(output).is_stdout(),
            None => args.paths.iter().any(|path| is_stdin(path)),
        };
    if to_stdout {
        app.require_no_json_beside("result", "write the result to a file with -o FILE")?;
    }
    let store = app.store()?;
    opening::protect_inputs(app, &args.open);
    let new_passphrase = args.recipient.sources();
    if let Some(sources) = &new_passphrase {
        app.outputs.protect_passphrase(sources);
    }
    for path in &args.paths {
        app.outputs.protect(path, Role::Input);
    }
    if let Some(output) = args.output.as_deref().map(Target::of)
        && let Some(path) = output.path()
    {
        app.outputs.plan(path)?;
    }
    let mut opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    if args.dry_run {
        opening = opening.estimated_in(app.kms_calls());
    } else if let Some(sources) = &new_passphrase {
        opening = opening.with_recipient(sources)?;
    }
    let keys = opening.choose(&store, &args.keys)?;
    let passphrase = new_passphrase.map(|_| Passphrases::new_name());
    let keys = keys.into_iter().chain(passphrase).collect();
    let bind = context_of(&args.bind, None)?;
    let plan = ReencryptRun { app, args, opening: &opening, keys, bind };
    // Before the first file: a pair that cannot be stored is wrong for all of them.
    context_of(&args.set_context, None)?;
    let mut tree = Tree::new(&args.paths, args.recursive)
        .and_listed(list)
        .on_one_device(args.many.one_file_system);
    let takes_many = tree.takes_many();
    let turns = Turns::waiting(app, &opening, Turns::BySize);
    let tally =
        batch::for_tree(app, store.path(), &args.paths, &mut tree, turns, |entry, turn| {
            plan.reencrypt(entry, turn)
        })?;
    let reencrypted = tally.done();
    let verb = if args.dry_run { "would be reencrypted" } else { "reencrypted" };
    if takes_many {
        tally.tell(app, &[format!("{reencrypted} {verb}")]);
    } else {
        dry_run::tell_passed_over(app.ui, &tally.skipped);
    }
    tally.finish_tree(app, ReencryptCounts { reencrypted })
}

impl ReencryptRun<'_> {
    fn reencrypt(&self, entry: &Entry, turn: &Turn<'_>) -> Result<Outcome, Error> {
        let path = entry.path.as_path();
        // The walk found it, and it went with the message that it stood beside.
        if !entry.is_named && envelope::is_own_name(path) && !path.exists() {
            return Ok(Outcome::Skipped(Reason::of_no_message(path)));
        }
        if self.args.dry_run {
            return self.foretell(entry);
        }
        let mut message = if entry.is_named {
            MessageSource::open(&entry.path)?
        } else if let Some((message, _)) =
            MessageSource::find(&entry.path, entry.is_named, &self.opening.policy.limits)?
        {
            message
        } else {
            return Ok(Outcome::Skipped(Reason::of_no_message(path)));
        };
        let one = self.opening.of(&entry.path);
        let (opened, report) = one.open_and_prove(&mut message)?;
        let (sealer, dropped) = self.sealer(&opened, &report)?;
        let sealer = sealer.with_jobs(turn.jobs);
        let target = match (&self.args.output, is_stdin(path)) {
            (Some(output), _) => Some(Target::of(output)),
            (None, true) => Some(Target::Stdout),
            (None, false) => None,
        };
        let encrypted = match &target {
            Some(target) => self.write_new(target, &opened, message, sealer, turn)?,
            None => self.replace(&entry.path, &opened, message, sealer, turn)?,
        };
        let Some(output) = target.as_ref().map_or(Some(path), Target::path) else {
            return Ok(Outcome::Done);
        };
        let names = self.opening.shown_recipients(&encrypted.header.encrypted_data_keys);
        // Said without -v too: the user who wanted to take a key away sees whether it is gone.
        let shown = sanitize::name(path);
        self.app.ui.note(&format!("{shown}: encrypted again under {names}"));
        if !dropped.is_empty() {
            let dropped = sanitize::text(&dropped.join(", "));
            self.app.ui.note(&format!("{shown}: no longer opened by {dropped}"));
        }
        let record = ReencryptedRecord {
            old_message_id: opened.header().message_id,
            message_id: encrypted.header.message_id,
            keys: known_keys(&self.opening.keyring, &encrypted.header.encrypted_data_keys),
            passphrase: has_passphrase(&encrypted.header.encrypted_data_keys),
            plaintext_bytes: encrypted.plaintext_len,
            message_bytes: encrypted.message_len,
            path: path.into(),
            output: output.into(),
        };
        let printed = self.app.ui.result("", &record);
        printed.after(|| format!("'{}' was written", sanitize::name(output)))?;
        Ok(Outcome::Done)
    }

    /// Says what would be done with a message, as far as its header and the keys that are held here tell it.
    fn foretell(&self, entry: &Entry) -> Result<Outcome, Error> {
        let path = entry.path.as_path();
        let limits = &self.opening.policy.limits;
        let Some((mut message, header)) = MessageSource::find(&entry.path, entry.is_named, limits)?
        else {
            return Ok(Outcome::Skipped(Reason::of_no_message(path)));
        };
        let one = self.opening.of(&entry.path);
        let opener = one.opener();
        // Its keys may stay, and only AWS KMS says which of those that it keeps do.
        let wraps = if self.keys.is_empty() {
            let named = KeyReport::by_name(&header, &opener)?.named();
            let keys: BTreeSet<KeyName> = named.into_iter().map(|key| key.key).collect();
            keys.into_iter().collect()
        } else {
            self.keys.clone()
        };
        self.app.kms_calls().expect(self.opening.calls_to_wrap(&wraps));
        let report = match OpenedMessage::open_and_prove(&mut message, &opener) {
            Err(error) if dry_run::was_not_asked(&error) => None,
            opened => Some(opened.map_err(|error| self.opening.unopened(error))?.1),
        };
        let is_known = |report: &KeyReport| !self.keys.is_empty() || report.outage().is_none();
        let Some(report) = report.filter(is_known) else {
            return Ok(dry_run::pass_over(self.app.ui, path));
        };
        let keys = keys_to_carry(&report, &self.keys, self.args.drop_unknown_keys)?;
        self.spec(&header.fields, report.bound())?;
        let names: Vec<String> = keys.iter().map(|key| self.opening.shown_key(key)).collect();
        let (shown, names) = (sanitize::name(path), sanitize::text(&names.join(", ")));
        let record =
            WouldReencryptRecord { old_message_id: header.fields.message_id, path: path.into() };
        let text = format!("would encrypt {shown} again under {names}\n");
        self.app.ui.result(&text, &record)?;
        Ok(Outcome::Done)
    }

    /// The new message's beginning: the old one's keys, context and form, as far as nothing else was said.
    fn sealer(
        &self,
        opened: &OpenedMessage,
        report: &KeyReport,
    ) -> Result<(MessageSealer, Vec<String>), Error> {
        let header = opened.header();
        let mut dropped = report.unproved_names();
        dropped.extend(report.replaced_names());
        let keys = keys_to_carry(report, &self.keys, self.args.drop_unknown_keys)?;
        if !self.keys.is_empty() {
            let carried = report.carried();
            let left = carried.iter().filter(|reader| !keys.contains(reader));
            dropped.extend(left.map(|reader| self.opening.shown_key(reader)));
        }
        let spec = self.spec(header, report.bound())?;
        let sealer = sealer_for(self.opening, &keys, &spec)?;
        Ok((sealer, dropped))
    }

    fn spec(&self, old: &Header, bound: &EncryptionContext) -> Result<MessageSpec, Error> {
        let mut spec = successor(old, &bound.union(&self.bind)?);
        for key in &self.args.unset_context {
            spec.context.remove(key);
        }
        for Pair { key, value } in &self.args.set_context {
            spec.context.remove(key);
            spec.context.insert(key, value)?;
        }
        Ok(spec)
    }

    fn write_new(
        &self,
        target: &Target,
        opened: &OpenedMessage,
        message: MessageSource,
        sealer: MessageSealer,
        turn: &Turn<'_>,
    ) -> Result<Encrypted, Error> {
        let source = message.source();
        let mode = source.mode().unwrap_or(0o666) & !crate::cli::process::umask();
        let publication =
            Publication::new(Access::Mode(mode)).existing(Existing::replaced_if(self.args.force));
        let payload = if message.is_armored() { Payload::Plaintext } else { Payload::Binary };
        let mut destination =
            Destination::open(&self.app.outputs, target, Some(source), payload, publication)?;
        let (encrypted, _) = self
            .pump(opened, message, sealer, &mut destination, turn)
            .map_err(|error| name_output(error, target))?;
        destination.finish()?;
        Ok(encrypted)
    }

    /// Puts the new message in the old one's place, if that is still what was read.
    fn replace(
        &self,
        path: &FileAt,
        opened: &OpenedMessage,
        message: MessageSource,
        sealer: MessageSealer,
        turn: &Turn<'_>,
    ) -> Result<Encrypted, Error> {
        let mut file = match path.folder() {
            Some(_) => AtomicFile::create_in(path.clone())?,
            None => AtomicFile::create(path)?,
        };
        let target = Target::File(path.clone());
        let (encrypted, message) = self
            .pump(opened, message, sealer, &mut file, turn)
            .map_err(|error| name_output(error, &target))?;
        replacement::replace(self.app, path, &opened.header().message_id, message.source(), file)?;
        Ok(encrypted)
    }

    fn pump(
        &self,
        opened: &OpenedMessage,
        mut message: MessageSource,
        sealer: MessageSealer,
        output: &mut impl Write,
        turn: &Turn<'_>,
    ) -> Result<(Encrypted, MessageSource), ReencryptError> {
        let source = message.source();
        let meter = turn.meter(source, false);
        let encrypted = write_message(output, message.is_armored(), |mut output| {
            reencrypt(opened, &mut message, sealer, &mut output, &meter)
        })?;
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
