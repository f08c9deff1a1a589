//! `enwrap rewrap`: further keys for messages that exist, in constant time.

mod written;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::Args;

use enwrap::fs::file_at::FileAt;
use enwrap::keys::envelope::{Record, Records};
use enwrap::keys::passphrase::Passphrases;
use enwrap::keys::service::KeyName;
use enwrap::operations::decrypt::{Commitment, OpenedMessage};
use enwrap::operations::rewrap::{RewrapError, RewrapKeys, Rewrapped, rewrap_proved};

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::dry_run;
use crate::cli::examples::examples;
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::source::is_stdin;
use crate::cli::opening::{self, Missing, Opening};
use crate::cli::outputs::Role;
use crate::cli::secrets::args::RecipientArgs;
use crate::cli::trees::batch::{self, Outcome, Turns, lock};
use crate::cli::trees::name_list::NameList;
use crate::cli::trees::selection::PathsArgs;
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::tree::{Entry, Tree, require_files};
use crate::output::error::{AfterDone as _, Error, UsageError};
use crate::output::records::summary::RewrapCounts;
use crate::output::records::{self, has_passphrase, known_keys};
use crate::output::sanitize;
use written::{Waiting, Written, digest};

/// Give encrypted files further keys, without touching them
///
/// Reads the header of each FILE, and writes its data key, wrapped under the new keys, to FILE.envelope, or
/// to one envelope file for all. It takes the same time for every size, and the FILE may be read-only. Without
/// -k: the current version of every key of this keyring that opens it now. With keys in AWS KMS each file takes
/// some calls: --dry-run says how many.
///
/// rewrap grants; it never takes away. The header's keys keep opening the file until they are destroyed
/// everywhere, and whoever held its data key keeps it. To remove a reader, or to hand the file to an SDK
/// after its header's keys are gone, use 'enwrap reencrypt'. Once the header's keys are purged, the envelope
/// file is as necessary as the file itself: back both up together.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key rotate backup
    enwrap rewrap -r encrypted --envelope encrypted.envelope
    enwrap rewrap --add -k offsite report.pdf.enwrap
    enwrap rewrap -k backup -k offsite --dry-run report.pdf.enwrap
"])]
pub(crate) struct RewrapArgs {
    /// Encrypted files, and with -r folders
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    #[arg(value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Wrap under exactly these keys (repeatable): an alias, an id, or the ARN of a key in AWS KMS
    #[arg(short, long = "key", value_name = "KEY", add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    /// Wrap under those that open it now too
    #[arg(long)]
    add: bool,

    /// Take all messages of folders, and leave everything else alone
    #[arg(short, long)]
    recursive: bool,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    many: PathsArgs,

    #[command(flatten)]
    recipient: RecipientArgs,

    #[command(flatten)]
    open: OpenArgs,
}

struct RewrapRun<'a> {
    app: &'a App,
    args: &'a RewrapArgs,
    opening: &'a Opening,
    keys: Vec<KeyName>,
    /// Where all records go; beside each message, if `None`.
    shared: Option<FileAt>,
    keyring: PathBuf,
    written: Mutex<Written>,
}

pub(crate) fn run(app: &App, args: &RewrapArgs) -> Result<(), Error> {
    require_files(&args.paths, args.recursive)?;
    let list = NameList::open(app, &args.many, &args.paths)?;
    let new_passphrase = args.recipient.sources();
    if args.add && args.keys.is_empty() && new_passphrase.is_none() {
        return Err(UsageError::new("--add adds nothing")
            .hint("name what is added with -k KEY, or -p for a passphrase")
            .into());
    }
    let shared = match &opening::envelopes(&args.open.envelope)[..] {
        [] => None,
        [one] => Some(FileAt::from(one)),
        _ => {
            return Err(UsageError::new(
                "rewrap writes to one envelope file, and several are named",
            )
            .hint("name one with --envelope FILE")
            .into());
        }
    };
    if shared.is_none() && args.paths.iter().any(|path| is_stdin(path)) {
        return Err(UsageError::new("standard input has no place for an envelope file beside it")
            .hint("name one with --envelope FILE")
            .into());
    }
    let store = app.store()?;
    for path in args.paths.iter().chain(&args.open.context_file) {
        app.outputs.protect(path, Role::Input);
    }
    for sources in new_passphrase.iter().chain([&args.open.passphrase_sources()]) {
        app.outputs.protect_passphrase(sources);
    }
    if let Some(shared) = &shared {
        let hint = "name another file with --envelope";
        app.outputs.plan(shared).map_err(|error| error.hint(hint))?;
    }
    let mut opening = Opening::new(app, &store, &args.open, Missing::Fine)?;
    if let Some(sources) = &new_passphrase {
        opening = opening.with_recipient(sources)?;
    }
    // Messages without commitment are refused for what they are, and not for a policy.
    opening.policy.commitment = Commitment::Optional;
    if args.dry_run {
        opening = opening.estimated_in(app.kms_calls());
    }
    let keys = opening.choose(&store, &args.keys)?;
    let passphrase = new_passphrase.map(|_| Passphrases::new_name());
    let keys = keys.into_iter().chain(passphrase).collect();
    let written = Mutex::new(Written::to(shared.clone()));
    let keyring = store.path().to_path_buf();
    let plan = RewrapRun { app, args, opening: &opening, keys, shared, keyring, written };
    let mut tree = Tree::new(&args.paths, args.recursive)
        .and_listed(list)
        .on_one_device(args.many.one_file_system);
    let takes_many = tree.takes_many();
    let turns = Turns::waiting(app, &opening, Turns::Alike);
    let tally = batch::for_tree(app, store.path(), &args.paths, &mut tree, turns, |entry, _| {
        plan.rewrap(entry)
    });
    // Also after an error: what was wrapped is good.
    let flushed = plan.flush(&mut lock(&plan.written));
    let mut tally = tally?;
    flushed?;
    let Written { changed, already_so, replaced, .. } =
        plan.written.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.failed += replaced;
    let verb = if args.dry_run { "would be rewrapped" } else { "rewrapped" };
    if takes_many {
        tally.tell(app, &[format!("{changed} {verb}"), format!("{already_so} already so")]);
    } else if changed == 0 && already_so > 0 {
        app.ui.note("nothing to do: already so");
    } else {
        dry_run::tell_passed_over(app.ui, &tally.skipped);
    }
    tally.finish_tree(app, RewrapCounts { rewrapped: changed, already_so })
}

impl RewrapRun<'_> {
    fn rewrap(&self, entry: &Entry) -> Result<Outcome, Error> {
        let path = entry.path.as_path();
        let found = if !entry.path.file_metadata().is_ok_and(|found| found.is_file()) {
            None
        } else {
            match MessageSource::find(&entry.path, entry.is_named, &self.opening.policy.limits)? {
                Some(found) => Some(found),
                None => return Ok(Outcome::Skipped(Reason::of_no_message(path))),
            }
        };
        let mut source = match found {
            Some((source, header)) => {
                // Refused for its suite, before a missing key or the policy could be the reason.
                let suite = header.fields.suite;
                if !suite.commits() {
                    return Err(RewrapError::NotCommitting { suite }.into());
                }
                source
            }
            None => MessageSource::open(&entry.path)?,
        };
        let one = self.opening.of(&entry.path);
        let opener = one.opener();
        // Only what really opens it counts, and this is what says why it does not.
        let (opened, report) = match OpenedMessage::open_and_prove(&mut source, &opener) {
            Err(error) if dry_run::was_not_asked(&error) => {
                // For each key that is added. What opens it, and proves its keys, was counted when it was tried.
                self.app.kms_calls().expect(self.opening.calls_to_wrap(&self.keys));
                return Ok(dry_run::pass_over(self.app.ui, path));
            }
            opened => opened.map_err(|error| self.opening.unopened(error))?,
        };
        let known = Records::of(&one, &opened.header().message_id).iter().map(digest).collect();
        let header = opened.read_header();
        let rewrapped = rewrap_proved(header, &report, opener.services, self.chosen())?;
        let mut written = lock(&self.written);
        let record = match rewrapped {
            Rewrapped::AlreadySo { unanswered } => {
                self.tell_unanswered(path, &unanswered);
                written.already_so += 1;
                self.tell(path, None)?;
                return Ok(Outcome::Done);
            }
            Rewrapped::Record { record, left_out, unanswered } => {
                self.tell_unanswered(path, &unanswered);
                self.tell_left_out(path, &left_out);
                record
            }
        };
        if self.args.dry_run {
            written.changed += 1;
            let shown = sanitize::name(path);
            let record = self.record(path, &record, None);
            self.app.ui.result(&format!("would rewrap {shown}\n"), &record)?;
            return Ok(Outcome::Done);
        }
        let header = opened.read_header().clone();
        self.write(&mut written, Waiting { record, header, path: entry.path.clone(), known })?;
        Ok(Outcome::Done)
    }

    fn chosen(&self) -> RewrapKeys<'_> {
        match (&self.keys[..], self.args.add) {
            ([], _) => RewrapKeys::Readers,
            (keys, false) => RewrapKeys::Exactly(keys),
            (keys, true) => RewrapKeys::Add(keys),
        }
    }

    /// Names the keys that could not be asked. A dry run asks none.
    fn tell_unanswered(&self, path: &Path, keys: &[String]) {
        for reason in keys.iter().filter(|_| !self.args.dry_run) {
            self.app.ui.warning(&format!("{}: not proved: {reason}", sanitize::name(path)));
        }
    }

    /// Names the keys that `-k` leaves out; a reader is never left out in silence.
    fn tell_left_out(&self, path: &Path, keys: &[KeyName]) {
        if !keys.is_empty() {
            let names: Vec<String> = keys.iter().map(|key| self.opening.shown_key(key)).collect();
            self.app.ui.note(&format!(
                "{}: the new record leaves out {}, and what it has in the header still opens it",
                sanitize::name(path),
                names.join(", ")
            ));
        }
    }

    fn tell(&self, path: &Path, written: Option<(&Record, &FileAt)>) -> Result<(), Error> {
        let shown = sanitize::name(path);
        let Some((record, envelope)) = written else {
            self.app.ui.detail(&format!("{shown}: already so"));
            let (changed, path) = (false, path.into());
            let record = records::message::RewrappedRecord {
                message_id: None,
                changed,
                keys: None,
                passphrase: false,
                path,
                envelope: None,
            };
            return Ok(self.app.ui.result("", &record)?);
        };
        self.app.ui.detail(&format!("{shown} -> {}", sanitize::name(envelope)));
        let printed = self.app.ui.result("", &self.record(path, record, Some(envelope)));
        printed.after(|| format!("the record of {shown} is in '{}'", sanitize::name(envelope)))
    }

    fn record(
        &self,
        path: &Path,
        record: &Record,
        envelope: Option<&Path>,
    ) -> records::message::RewrappedRecord {
        records::message::RewrappedRecord {
            message_id: Some(record.message_id.to_string()),
            changed: envelope.is_some(),
            keys: Some(known_keys(&self.opening.keyring, &record.encrypted_data_keys)),
            passphrase: has_passphrase(&record.encrypted_data_keys),
            path: path.into(),
            envelope: envelope.map(Into::into),
        }
    }
}
