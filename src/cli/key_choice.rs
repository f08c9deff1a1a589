//! Which keys of the keyring a command line names.

use std::io::ErrorKind;
use std::path::PathBuf;

use enwrap::keyring::{Alias, Key, KeyVersion, RootKeys, Store};
use enwrap::keys::service::{KeyName, Recipient, recipient};

use super::environment;
use super::key_services::data_key_services;
use crate::output::error::{Concerning as _, Error, UsageError};

/// The keys to encrypt under: `-k`, else `ENWRAP_KEY`, else the alias `default`.
pub(crate) fn keys_to_encrypt<'a>(
    keyring: &'a RootKeys,
    store: &Store,
    given: &[String],
) -> Result<Vec<&'a Key>, Error> {
    let from_environment = if given.is_empty() { environment::keys() } else { Vec::new() };
    let names = if given.is_empty() { &from_environment } else { given };
    if names.is_empty() {
        return keyring.key(Alias::DEFAULT).map(|key| vec![key]).map_err(|_| no_default(keyring));
    }
    let mut keys: Vec<&Key> = Vec::new();
    for name in names {
        let key = keyring.key(name).in_keyring(store)?;
        if !keys.iter().any(|chosen| chosen.id() == key.id()) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Refuses operands that name a key and not a file: `-r backup note` is no way to say `-k backup`, and would encrypt
/// `note` under another key.
pub(crate) fn refuse_key_names(keyring: &RootKeys, operands: &[PathBuf]) -> Result<(), UsageError> {
    let is_key = |name: &&str| {
        keyring.key(name).is_ok()
            && std::fs::symlink_metadata(name)
                .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    match operands.iter().filter_map(|operand| operand.to_str()).find(is_key) {
        None => Ok(()),
        Some(name) => {
            Err(UsageError::new(format!("there is no file '{name}', but a key of that name"))
                .hint(format!("to encrypt under this key, say -k {name}")))
        }
    }
}

/// The keys that were named, each once. Without a name there is none: the default key does not count.
pub(crate) fn named_keys<'a>(
    keyring: &'a RootKeys,
    store: &Store,
    names: &[String],
) -> Result<Vec<&'a Key>, Error> {
    if names.is_empty() { Ok(Vec::new()) } else { keys_to_encrypt(keyring, store, names) }
}

/// The one key to wrap a data key under.
pub(crate) fn key_to_wrap<'a>(
    keyring: &'a RootKeys,
    store: &Store,
    given: Option<&str>,
) -> Result<(&'a Key, &'a KeyVersion, Box<dyn Recipient + 'a>), Error> {
    let given: Vec<String> = given.map(str::to_owned).into_iter().collect();
    let keys = keys_to_encrypt(keyring, store, &given)?;
    let [key] = keys[..] else {
        return Err(UsageError::new(
            "a data key is wrapped under one key, and ENWRAP_KEY has several",
        )
        .hint("choose one with -k KEY")
        .into());
    };
    let version = key.to_encrypt().in_keyring(store)?;
    Ok((key, version, recipient(&data_key_services(keyring), &key.id().into()).in_keyring(store)?))
}

fn no_default(keyring: &RootKeys) -> Error {
    let aliases = keyring.aliases();
    let aliases: Vec<&str> = aliases.iter().map(Alias::as_str).collect();
    let hint = if aliases.is_empty() {
        "the keyring has no aliases: name a key's id with -k KEY".to_owned()
    } else {
        format!("choose with -k KEY or ENWRAP_KEY: {}", aliases.join(", "))
    };
    UsageError::new("no key chosen, and the keyring has no key with the alias 'default'")
        .hint(hint)
        .into()
}

/// The ids of the keys that `--only-key` names.
pub(crate) fn key_ids(
    keyring: &RootKeys,
    store: &Store,
    names: &[String],
) -> Result<Vec<KeyName>, Error> {
    names.iter().map(|name| Ok(keyring.key(name).in_keyring(store)?.id().into())).collect()
}
