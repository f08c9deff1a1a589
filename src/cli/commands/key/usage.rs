//! `enwrap key usage`: which key versions open which files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use clap::Args;

use enwrap::keys::resolver::ResolvedKey;
use enwrap::keys::service::WrappingKey;
use enwrap::operations::usage::KeyReport;

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::examples::examples;
use crate::cli::io::message_source::MessageSource;
use crate::cli::opening::{Missing, Opening};
use crate::cli::trees::batch::{self, Outcome, Turns, lock};
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::tree::{Entry, Tree, require_files};
use crate::output::counted::counted;
use crate::output::error::{Error, Found};
use crate::output::records;
use crate::output::records::key::{UsageOfFile, UsageOfVersion};
use crate::output::records::summary::UsageCounts;
use crate::output::status::Status;
use crate::output::{sanitize, table};

/// Show which key versions open which files
///
/// Goes by the names in the files' headers and envelope files, which anybody can have written: for an
/// overview. With --fail-if-stale it goes by proof: a file is fine only if the current version of a key of this
/// keyring does open it; a passphrase that opens it too is none.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key usage -r encrypted
    enwrap key usage -r encrypted \\
        --envelope encrypted.envelope --fail-if-stale
"])]
pub(crate) struct UsageArgs {
    /// Encrypted files, and with -r folders
    #[arg(value_name = "PATH", required = true, value_hint = clap::ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Take all messages of folders, and leave everything else alone
    #[arg(short, long)]
    recursive: bool,

    /// Exit with code 14 if a file is not proved to be opened by a current version
    #[arg(long)]
    fail_if_stale: bool,

    #[command(flatten)]
    open: OpenArgs,
}

/// Files and bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    files: usize,
    bytes: u64,
}

#[derive(Default)]
struct Report {
    versions: BTreeMap<WrappingKey, Count>,
    messages: usize,
    stale: usize,
    by_envelope_only: usize,
    closed: usize,
    /// Keys of files of which nothing is known, because AWS KMS did not answer.
    unanswered: usize,
}

pub(crate) fn run(app: &App, args: &UsageArgs) -> Result<Status, Error> {
    require_files(&args.paths, args.recursive)?;
    let store = app.store()?;
    let opening = Opening::new(app, &store, &args.open, Missing::Refused)?.with_keys_only();
    opening.require_keyring()?;
    let report = Mutex::default();
    let mut tree = Tree::new(&args.paths, args.recursive);
    let turns = if args.fail_if_stale {
        Turns::waiting(app, &opening, Turns::Alike)
    } else {
        Turns::InOrder
    };
    let tally = batch::for_tree(app, store.path(), &args.paths, &mut tree, turns, |entry, _| {
        look(app, args, &opening, entry, &report)
    })?;
    let report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    tell(app, &opening, &report)?;
    if !args.fail_if_stale {
        app.ui.note(
            "by the names in headers and records, which prove nothing; by proof: --fail-if-stale",
        );
    }
    if report.unanswered > 0 {
        app.ui.warning(
            "what AWS KMS did not answer is not proved, and counts neither as opened nor as not opened by its keys",
        );
    }
    let stale = report.stale;
    let counts = UsageCounts {
        messages: report.messages,
        need_old_version: stale,
        by_envelope_only: report.by_envelope_only,
        closed: report.closed,
    };
    if args.recursive {
        tally.tell(app, &[counted(report.messages, "message")]);
    }
    tally.finish_tree(app, counts)?;
    if args.fail_if_stale && stale + report.closed > 0 {
        let what = "not proved to be opened by a current version";
        let files = stale + report.closed;
        let verb = if files == 1 { "file is" } else { "files are" };
        return Ok(Status::Found(Found(format!("work: {files} {verb} {what}"))));
    }
    Ok(Status::Done)
}

fn look(
    app: &App,
    args: &UsageArgs,
    opening: &Opening,
    entry: &Entry,
    report: &Mutex<Report>,
) -> Result<Outcome, Error> {
    let path = entry.path.as_path();
    let Some((source, header)) =
        MessageSource::find(&entry.path, entry.is_named, &opening.policy.limits)?
    else {
        return Ok(Outcome::Skipped(Reason::of_no_message(&entry.path)));
    };
    let one = opening.of(&entry.path);
    let keys = if args.fail_if_stale {
        KeyReport::of(&header, &one.opener())?
    } else {
        KeyReport::by_name(&header, &one.opener())?
    };
    let bytes = source.source().size().unwrap_or(0);
    let mut report = lock(report);
    let holders = if args.fail_if_stale { keys.proved() } else { keys.named() };
    for holder in &holders {
        let count = report.versions.entry(holder.clone()).or_default();
        count.files += 1;
        count.bytes += bytes;
    }
    report.messages += 1;
    let is_current = holders.iter().any(|holder| holder.is_current && holder.is_enabled);
    let is_closed = holders.is_empty();
    let needs_envelope = !is_closed
        && keys.header().is_some_and(|set| {
            let opens = |key: &ResolvedKey| {
                if args.fail_if_stale { key.opens() } else { key.key.is_some() }
            };
            !set.keys.iter().any(opens)
        });
    let shown = sanitize::name(path);
    let mut text = String::new();
    if is_closed {
        report.closed += 1;
        let why = if args.fail_if_stale && !keys.named().is_empty() {
            "not proved to be opened by any key here"
        } else {
            "no key here opens it"
        };
        text = format!("{shown}: {why}\n");
    } else if !is_current {
        report.stale += 1;
        let names: Vec<String> = holders.iter().map(|holder| opening.shown(holder)).collect();
        text = format!("{shown}: needs an old version: {}\n", names.join(", "));
    }
    if needs_envelope {
        report.by_envelope_only += 1;
        text.push_str(&format!("{shown}: opens through an envelope file only\n"));
    }
    for reason in keys.unanswered() {
        report.unanswered += 1;
        text.push_str(&format!("{shown}: not proved: {}\n", sanitize::text(&reason)));
    }
    let record = UsageOfFile {
        bytes,
        message_id: header.fields.message_id.to_string(),
        keys: holders.iter().map(member).collect(),
        by_proof: args.fail_if_stale,
        needs_old_version: !is_closed && !is_current,
        by_envelope_only: needs_envelope,
        not_proved: keys.unanswered(),
        closed: is_closed,
        path: path.into(),
    };
    app.ui.result(&text, &record)?;
    Ok(Outcome::Done)
}

fn tell(app: &App, opening: &Opening, report: &Report) -> Result<(), Error> {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for (holder, count) in &report.versions {
        let version = if holder.is_current { "current" } else { "old" };
        rows.push([
            opening.shown(holder),
            version.to_owned(),
            count.files.to_string(),
            count.bytes.to_string(),
        ]);
        let Count { files, bytes } = *count;
        app.ui.result("", &UsageOfVersion { holder: member(holder), files, bytes })?;
    }
    let text = if rows.is_empty() {
        String::new()
    } else {
        table::aligned(["KEY", "VERSION", "FILES", "BYTES"], &rows)
    };
    Ok(app.ui.text(&text)?)
}

fn member(holder: &WrappingKey) -> records::key::Holder {
    records::key::Holder { key: holder.into(), current: holder.is_current }
}
