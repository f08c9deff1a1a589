//! `enwrap keygen`: a new root key.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};

use enwrap::crypto::ec::Curve;
use enwrap::keyring::model::key::Origin;
use enwrap::keyring::store::Saved;
use enwrap::keyring::{Alias, Key, KeyError, Kind, RootKeys, Store};

use super::key::parse_alias;
use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::output::error::{AfterDone as _, Concerning as _, Error};
use crate::output::records::key::GeneratedRecord;

/// Make a root key, and print its id
///
/// The first key of a keyring also gets the alias 'default', and serves when no key is chosen.
///
/// A key of kind aes is one secret: whoever can encrypt under it can decrypt. One of kind p256, p384 or p521 is a pair. A
/// host that has only its public half ('enwrap key export KEY --public') encrypts, and reads nothing.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap keygen
    enwrap keygen write-only --kind p256
    enwrap keygen nightly --description 'nightly backups'
    enwrap keygen nightly --if-missing
"])]
pub(crate) struct KeygenArgs {
    /// A name for the key
    #[arg(value_parser = parse_alias)]
    alias: Option<Alias>,

    /// What kind of key: aes, p256, p384 or p521
    #[arg(long, value_name = "KIND", default_value = "aes", hide_possible_values = true)]
    kind: NewKind,

    /// What the key is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,

    /// Print the id of the key that has the alias, instead of failing, if it was made here
    #[arg(long, requires = "alias")]
    if_missing: bool,
}

/// The kinds that keys are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NewKind {
    /// One secret, for both directions
    Aes,
    /// A key pair on P-256
    P256,
    /// A key pair on P-384
    P384,
    /// A key pair on P-521
    P521,
}

impl NewKind {
    fn curve(self) -> Option<Curve> {
        match self {
            Self::Aes => None,
            Self::P256 => Some(Curve::P256),
            Self::P384 => Some(Curve::P384),
            Self::P521 => Some(Curve::P521),
        }
    }
}

/// The key that was asked for.
struct Answer {
    record: GeneratedRecord,
    became_default: bool,
    is_new: bool,
}

pub(crate) fn run(app: &App, args: &KeygenArgs) -> Result<(), Error> {
    app.require_output()?;
    let store = app.store()?;
    // Looked up before the keyring is changed: where the key exists, no generation is written, and the keyring may be
    // read-only.
    let existing = match (&args.alias, args.if_missing) {
        (Some(alias), true) => find(&store, alias, args.kind)?,
        _ => None,
    };
    let answer = match existing {
        Some(answer) => answer,
        None => {
            let (answer, saved) = store.update(|keyring| generate(keyring, args))?;
            if saved == Saved::Created {
                app.tell_about_first_use(&store);
            } else if answer.is_new {
                app.tell_that_copies_are_old();
            }
            answer
        }
    };
    if answer.became_default {
        let also = if args.alias.is_some() { "also " } else { "" };
        app.ui.note(&format!(
            "the key {also}has the alias 'default': it serves when no key is chosen"
        ));
    }
    let record = &answer.record;
    let printed = app.ui.result(&format!("{}\n", record.key_id), record);
    printed.after(|| format!("the key {} is in the keyring", record.key_id))
}

fn find(store: &Store, alias: &Alias, kind: NewKind) -> Result<Option<Answer>, Error> {
    use enwrap::keyring::KeyringError;

    match store.load() {
        Ok(keyring) => {
            let key = keyring.aliased(alias).ok();
            key.map(|key| existing(key, alias, kind)).transpose()
        }
        Err(KeyringError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error).in_keyring(store),
    }
}

/// The key that has the alias already. An imported one is not accepted: whoever it comes from could read what
/// a script encrypts under it. Nor is one of another kind, which does not do what the script was written for.
fn existing(key: &Key, alias: &Alias, kind: NewKind) -> Result<Answer, Error> {
    if key.kind() != kind.curve().map_or(Kind::Aes, Kind::from) {
        return Err(
            KeyError::AliasOfKind { alias: alias.clone(), id: key.id(), kind: key.kind() }.into()
        );
    }
    match key.origin() {
        Origin::Generated => Ok(Answer {
            record: GeneratedRecord::new(key, false),
            became_default: false,
            is_new: false,
        }),
        Origin::Imported | Origin::AwsKms => {
            Err(KeyError::AliasOfForeign { alias: alias.clone(), id: key.id() }.into())
        }
    }
}

fn generate(keyring: &mut RootKeys, args: &KeygenArgs) -> Result<Answer, Error> {
    let mut aliases: BTreeSet<Alias> = args.alias.iter().cloned().collect();
    if let Some(alias) = &args.alias
        && let Err(KeyError::AliasExists { .. }) = keyring.require_free(alias)
        && args.if_missing
    {
        // Another process has made it since we looked.
        return existing(keyring.aliased(alias)?, alias, args.kind);
    }
    let is_first = keyring.keys().is_empty();
    let became_default = is_first && aliases.insert(Alias::default_alias());
    let key = match args.kind.curve() {
        None => Key::generate(aliases, &args.description)?,
        Some(curve) => Key::generate_pair(curve, aliases, &args.description)?,
    };
    let key = keyring.add(key)?;
    Ok(Answer { record: GeneratedRecord::new(key, true), became_default, is_new: true })
}
