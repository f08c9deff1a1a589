//! `enwrap key purge`: the end of what was deleted.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use enwrap::clock::now;
use enwrap::keyring::model::kms_arn::KmsArn;
use enwrap::keyring::{Key, KeyId, RootKeys, Store};

use super::purge_check::{PurgeCheck, require_unneeded};
use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::examples::examples;
use crate::cli::secrets::prompt;
use crate::output::counted::counted;
use crate::output::error::{AfterDone as _, Concerning as _, Error, Found, UsageError};
use crate::output::records::key::PurgedRecord;
use crate::output::records::names;
use crate::output::status::Status;

/// Destroy key versions whose deletion date has passed
///
/// What is encrypted under them only is lost then. They are taken out of the keyring, and out of its
/// earlier generations; copies elsewhere are out of reach: backups of the keyring, snapshots, and what
/// the disk itself keeps of deleted files.
///
/// Of a key of AWS KMS only the entry here is removed: nothing is destroyed there, and what is encrypted under it can be
/// opened again once it is imported again ('enwrap key import --aws-kms ARN').
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key purge --dry-run --check encrypted
    enwrap key purge --yes
"])]
pub(crate) struct PurgeArgs {
    /// Aliases, or ids; all keys if left out
    #[arg(value_name = "KEY", add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    /// Say what would be destroyed, and destroy nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Destroy nothing that messages below PATH still need (repeatable): each has to be proved to open without
    /// it. Pairs that are bound to them are given with -c
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    check: Vec<PathBuf>,

    #[command(flatten)]
    open: OpenArgs,
}

pub(crate) fn run(app: &App, args: &PurgeArgs) -> Result<Status, Error> {
    let store = app.store()?;
    let keyring = store.load()?;
    let mut only: Vec<KeyId> = Vec::new();
    for name in &args.keys {
        only.push(keyring.key(name).in_keyring(&store)?.id());
    }
    // One time for the question and for the purge, so that nothing falls due between them.
    let now = now();
    let due = due(&keyring, &only, now);
    let checked = match check(app, &store, args, &due)? {
        Ok(checked) => checked,
        Err(found) => return Ok(Status::Found(found)),
    };
    if args.dry_run {
        for (key, number) in &due {
            let arn = in_kms(key, *number);
            let record = PurgedRecord {
                key_id: key.id(),
                version: *number,
                aliases: names(key.aliases()),
                destroyed: false,
                aws_kms: arn.as_ref().map(ToString::to_string),
            };
            let what = told(key.id(), *number, arn.as_ref());
            let verb = if arn.is_some() { "remove" } else { "destroy" };
            app.ui.result(&format!("would {verb} {what}\n"), &record)?;
        }
        if due.is_empty() {
            tell_that_nothing_is_due(app, &keyring, &only);
        }
        checked.remind(app);
        return Ok(Status::Done);
    }
    if !due.is_empty() && !args.yes {
        confirm(&due)?;
    }
    // Also if nothing is due: a run that was interrupted may have left copies behind.
    let destroyed = store.destroy_due(&only, now)?;
    if destroyed.is_empty() {
        tell_that_nothing_is_due(app, &keyring, &only);
        return Ok(Status::Done);
    }
    for it in &destroyed {
        let arn = it.version.kms_arn();
        let record = PurgedRecord {
            key_id: it.key,
            version: it.version.number,
            aliases: names(&it.aliases),
            destroyed: true,
            aws_kms: arn.as_ref().map(ToString::to_string),
        };
        let verb = if arn.is_some() { "removed" } else { "destroyed" };
        let text = format!("{verb} {}\n", told(it.key, it.version.number, arn.as_ref()));
        app.ui.result(&text, &record).after(|| "what was due was destroyed".to_owned())?;
    }
    if destroyed.iter().any(|it| it.version.kms_arn().is_none()) {
        app.ui.note(
            "copies of the keyring elsewhere still have them: backups, snapshots, and what the disk keeps",
        );
    }
    checked.remind(app);
    Ok(Status::Done)
}

/// Says from when on there is something to destroy of the keys `only`, or of all, if ever.
fn tell_that_nothing_is_due(app: &App, keyring: &RootKeys, only: &[KeyId]) {
    let is_meant = |key: &Key| only.is_empty() || only.contains(&key.id());
    let meant = keyring.versions().filter(|(key, _)| is_meant(key));
    let waiting = meant.filter_map(|(_, version)| version.deletion_date).min();
    app.ui.note(&match waiting {
        Some(date) => format!("nothing to destroy before {date}"),
        None => "nothing to destroy".to_owned(),
    });
}

/// Has `--check` prove that nothing needs what is due. The inner error is that something does.
fn check(
    app: &App,
    store: &Store,
    args: &PurgeArgs,
    due: &[(&Key, u32)],
) -> Result<Result<PurgeCheck, Found>, Error> {
    if args.check.is_empty() {
        return Ok(Ok(PurgeCheck::default()));
    }
    // A public half opens nothing, so nothing is lost with it.
    let opens = |(key, number): &&(&Key, u32)| {
        key.version(Some(*number)).is_ok_and(|version| !version.is_public_only(key.kind()))
    };
    let doomed: Vec<(KeyId, u32)> =
        due.iter().filter(opens).map(|(key, number)| (key.id(), *number)).collect();
    if doomed.is_empty() && !due.is_empty() {
        app.ui.note("only public halves are due: they open nothing, so no file needs them");
        return Ok(Ok(PurgeCheck::default()));
    }
    require_unneeded(app, store, &args.open, &args.check, &doomed)
}

fn due<'a>(keyring: &'a RootKeys, only: &[KeyId], now: Timestamp) -> Vec<(&'a Key, u32)> {
    let keys = keyring.keys().iter().filter(|key| only.is_empty() || only.contains(&key.id()));
    keys.flat_map(|key| key.due(now).into_iter().map(move |number| (key, number))).collect()
}

fn in_kms(key: &Key, number: u32) -> Option<KmsArn> {
    key.version(Some(number)).ok()?.kms_arn()
}

fn told(key: KeyId, number: u32, in_kms: Option<&KmsArn>) -> String {
    let stays = in_kms.map_or_else(String::new, |arn| format!(": {arn} stays in AWS KMS"));
    format!("{key} version {number}{stays}")
}

fn confirm(due: &[(&Key, u32)]) -> Result<(), Error> {
    let mut question = String::new();
    for (key, number) in due {
        writeln!(question, "{} version {number} ({})", key.id(), super::aliases(key))?;
    }
    let count = counted(due.len(), "key version");
    if due.iter().all(|(key, number)| in_kms(key, *number).is_some()) {
        write!(question, "Remove {count}? AWS KMS keeps the keys themselves. Type 'yes': ")?;
    } else {
        write!(question, "Destroy {count}? What only they open is lost. Type 'yes': ")?;
    }
    let Ok(answer) = prompt::answer(&question) else {
        return Err(UsageError::new("there is no terminal to ask at, and nothing was destroyed")
            .hint("see what would go with --dry-run, and confirm with --yes")
            .into());
    };
    if answer == "yes" {
        return Ok(());
    }
    Err(UsageError::new("not confirmed, and nothing was destroyed")
        .hint("run it again and type 'yes', or see what would go with --dry-run")
        .into())
}
