//! `enwrap keygen`: a new root key.

use std::collections::BTreeSet;

use clap::Args;

use enwrap::keyring::model::key::Origin;
use enwrap::keyring::store::Saved;
use enwrap::keyring::{Alias, Key, KeyError, RootKeys, Store};

use super::key::parse_alias;
use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::output::error::{AfterDone as _, Concerning as _, Error};
use crate::output::records::key::GeneratedRecord;

/// Make a root key, and print its id
///
/// The first key of a keyring also gets the alias 'default', and serves when no key is chosen.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap keygen
    enwrap keygen nightly --description 'nightly backups'
    enwrap keygen nightly --if-missing
"])]
pub(crate) struct KeygenArgs {
    /// A name for the key
    #[arg(value_parser = parse_alias)]
    alias: Option<Alias>,

    /// What the key is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,

    /// Print the id of the key that has the alias, instead of failing, if it was made here
    #[arg(long, requires = "alias")]
    if_missing: bool,
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
        (Some(alias), true) => find(&store, alias)?,
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
        app.ui.note("the key also has the alias 'default': it serves when no key is chosen");
    }
    let record = &answer.record;
    let printed = app.ui.result(&format!("{}\n", record.key_id), record);
    printed.after(|| format!("the key {} is in the keyring", record.key_id))
}

fn find(store: &Store, alias: &Alias) -> Result<Option<Answer>, Error> {
    use enwrap::keyring::KeyringError;

    match store.load() {
        Ok(keyring) => keyring.key(alias.as_str()).ok().map(|key| existing(key, alias)).transpose(),
        Err(KeyringError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error).in_keyring(store),
    }
}

/// The key that has the alias already. An imported one is not accepted: whoever it comes from could read what
/// a script encrypts under it.
fn existing(key: &Key, alias: &Alias) -> Result<Answer, Error> {
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
        return existing(keyring.key(alias.as_str())?, alias);
    }
    let is_first = keyring.keys().is_empty();
    let became_default = is_first && aliases.insert(Alias::default_alias());
    let key = keyring.add(Key::generate(aliases, &args.description)?)?;
    Ok(Answer { record: GeneratedRecord::new(key, true), became_default, is_new: true })
}
