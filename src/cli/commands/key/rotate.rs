//! `enwrap key rotate`: a new version of a root key.

use std::fmt::Write as _;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use enwrap::clock::now;
use enwrap::keyring::RootKeys;
use enwrap::keyring::model::key::Origin;

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::output::error::{AfterDone as _, Concerning as _, Error};
use crate::output::records::KeyVersionMember;

/// Give root keys a new version
///
/// New files are encrypted under the new version; the old ones only decrypt. Files that exist are not
/// touched: who has an old version can read them as before.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key rotate backup
    enwrap key rotate --all --older-than 365d
"])]
pub(crate) struct RotateArgs {
    /// Aliases or ids
    #[arg(value_name = "KEY", required_unless_present = "all", conflicts_with = "all")]
    #[arg(add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    /// Rotate every key that was made here, is enabled and may encrypt
    #[arg(long)]
    all: bool,

    /// Only where the current version is older than this: a number and h, d or w
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    older_than: Option<SignedDuration>,
}

fn parse_age(text: &str) -> Result<SignedDuration, String> {
    let age = text.char_indices().last().and_then(|(end, unit)| {
        let hours = match unit {
            'h' => 1,
            'd' => 24,
            'w' => 7 * 24,
            _ => return None,
        };
        // The bound of a thousand centuries is there so that nothing overflows.
        text[..end]
            .parse()
            .ok()
            .filter(|count: &u32| *count < 1_000_000)
            .map(|count| SignedDuration::from_hours(i64::from(count) * hours))
    });
    age.ok_or_else(|| "an age is a number and h, d or w, such as 365d".to_owned())
}

pub(crate) fn run(app: &App, args: &RotateArgs) -> Result<(), Error> {
    app.require_output()?;
    let store = app.store()?;
    let is_due = |created: Timestamp| match args.older_than {
        None => true,
        // A date in the future comes from a clock that was wrong, and says nothing about the age.
        Some(age) => created > now() || now().duration_since(created) > age,
    };
    // Looked up before the keyring is changed, so that a nightly run with nothing to do writes no generation.
    let names = due(&store.load()?, args, &is_due).in_keyring(&store)?;
    if names.is_empty() {
        app.ui.note("nothing to rotate");
        return Ok(());
    }
    let (rotated, _) = store.update(|keyring| {
        let mut rotated = Vec::new();
        for name in due(keyring, args, &is_due)? {
            let key = keyring.key_mut(&name)?;
            key.rotate()?;
            rotated.push((key.id(), key.current().number));
        }
        Ok::<_, Error>(rotated)
    })?;
    app.tell_that_copies_are_old();
    for (id, version) in rotated {
        let mut text = String::new();
        writeln!(text, "{id} version {version}")?;
        let printed = app.ui.result(&text, &KeyVersionMember::new(id, version));
        printed.after(|| format!("key {id} has version {version}"))?;
    }
    Ok(())
}

/// The ids of the keys to rotate.
fn due(
    keyring: &RootKeys,
    args: &RotateArgs,
    is_due: &impl Fn(Timestamp) -> bool,
) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    if args.all {
        let is_ours = |key: &&enwrap::keyring::Key| {
            key.origin() == Origin::Generated && key.to_encrypt().is_ok()
        };
        let ours = keyring.keys().iter().filter(is_ours);
        ids.extend(ours.filter(|key| is_due(key.current().created)).map(|key| key.id()));
    }
    for name in &args.keys {
        let key = keyring.key(name)?;
        key.require_rotatable()?;
        if is_due(key.current().created) && !ids.contains(&key.id()) {
            ids.push(key.id());
        }
    }
    Ok(ids.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_and_a_unit() {
        assert_eq!(parse_age("365d"), Ok(SignedDuration::from_hours(365 * 24)));
        assert_eq!(parse_age("2w"), parse_age("14d"));
        assert_eq!(parse_age("0h"), Ok(SignedDuration::ZERO));
        for bad in ["", "d", "12", "-1d", "1y", "99999999999d", "1 d"] {
            assert!(parse_age(bad).is_err(), "{bad}");
        }
    }
}
