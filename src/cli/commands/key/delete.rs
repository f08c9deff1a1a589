//! `enwrap key delete` and `enwrap key undelete`: announcing the end of a key, and taking it back.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use enwrap::clock::now;
use enwrap::keyring::KeyId;
use enwrap::keyring::model::deletion::Doomed;
use enwrap::keyring::model::key::State;

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::output::error::{AfterDone as _, Concerning as _, Error};
use crate::output::records::key::DeletionRecord;

/// Announce that a root key, or old versions of it, will be destroyed
///
/// From now on they can do nothing, in both directions. 'enwrap key purge' destroys them after their date, and what is
/// encrypted under them is lost; until then 'enwrap key undelete' takes it back.
///
/// Of a key of AWS KMS only the entry here is meant: AWS KMS is not asked, and nothing is deleted there.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key delete offsite --pending-days 7
    enwrap key undelete offsite && enwrap key enable offsite
    enwrap key rotate backup && enwrap key delete backup --version 1
    enwrap key undelete backup && enwrap key enable backup
"])]
pub(crate) struct DeleteArgs {
    /// An alias, or an id
    #[arg(add = crate::cli::complete::key_names())]
    key: String,

    /// This version only, which cannot be the current one
    #[arg(long, value_name = "N", conflicts_with = "old_versions")]
    version: Option<u32>,

    /// All versions but the current one
    #[arg(long)]
    old_versions: bool,

    /// Days until they can be destroyed: 7 to 30
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u8).range(7..=30))]
    pending_days: u8,
}

/// Take the announcement back
///
/// What was to be destroyed is disabled then, as with AWS KMS; 'enwrap key enable' puts it to use again.
#[derive(Debug, Args)]
pub(crate) struct UndeleteArgs {
    /// An alias, or an id
    #[arg(add = crate::cli::complete::key_names())]
    key: String,

    /// This version only
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

pub(crate) fn run(app: &App, args: &DeleteArgs) -> Result<(), Error> {
    let doomed = match (args.version, args.old_versions) {
        (Some(number), _) => Doomed::Version(number),
        (None, true) => Doomed::OldVersions,
        (None, false) => Doomed::Key,
    };
    let store = app.store()?;
    let date = now() + SignedDuration::from_hours(24 * i64::from(args.pending_days));
    // Looked up before the keyring is changed: if there is nothing to announce, no generation is written.
    let key = store.load()?;
    if key.key(&args.key).in_keyring(&store)?.versions().len() == 1 && args.old_versions {
        app.ui.note(&format!("key {} has no old versions: there is nothing to delete", args.key));
        return Ok(());
    }
    let (changed, _) = store.update(|keyring| {
        let key = keyring.key_mut(&args.key).in_keyring(&store)?;
        let numbers = key.schedule_deletion(doomed, date).in_keyring(&store)?;
        let date = numbers.first().and_then(|first| key.version(Some(*first)).ok()?.deletion_date);
        Ok::<_, Error>((key.id(), numbers, date, key.current().kms_arn()))
    })?;
    let (id, numbers, date, in_kms) = changed;
    if let Some(date) = date {
        app.ui.note(&format!(
            "{} can do nothing from now on, and can be destroyed after {date}; to take that back: \
             enwrap key undelete {}",
            told(id, &numbers),
            args.key
        ));
    }
    if let Some(arn) = in_kms {
        app.ui.note(&format!("only the entry here will go: {arn} stays in AWS KMS as it is"));
    }
    tell(app, id, &numbers, State::PendingDeletion, date)
}

pub(crate) fn undelete(app: &App, args: &UndeleteArgs) -> Result<(), Error> {
    let store = app.store()?;
    let ((id, numbers), _) = store.update(|keyring| {
        let key = keyring.key_mut(&args.key).in_keyring(&store)?;
        let numbers = key.cancel_deletion(args.version).in_keyring(&store)?;
        Ok::<_, Error>((key.id(), numbers))
    })?;
    app.ui.note(&format!(
        "{} will not be destroyed, only disabled; to use {} again: enwrap key enable {}",
        told(id, &numbers),
        if numbers.len() == 1 { "it" } else { "them" },
        args.key
    ));
    tell(app, id, &numbers, State::Disabled, None)
}

fn told(id: KeyId, numbers: &[u32]) -> String {
    let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let versions = if list.len() == 1 { "version" } else { "versions" };
    format!("key {id} {versions} {}", list.join(", "))
}

fn tell(
    app: &App,
    id: KeyId,
    numbers: &[u32],
    state: State,
    deletion_date: Option<Timestamp>,
) -> Result<(), Error> {
    for &version in numbers {
        let printed =
            app.ui.result("", &DeletionRecord { key_id: id, version, state, deletion_date });
        printed.after(|| format!("key {id} was changed"))?;
    }
    Ok(())
}
