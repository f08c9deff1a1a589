//! Which keys of the keyring a command line names.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use enwrap::keyring::model::key::Origin;
use enwrap::keyring::{Alias, Key, KeyVersion, KeyringError, RootKeys, Store};
use enwrap::keys::aws_kms::api::{KmsCause, KmsError, KmsKeyName};
use enwrap::keys::aws_kms::{AwsKms, client};
use enwrap::keys::service::{KeyName, WrapError};

use super::environment;
use crate::output::error::{Concerning as _, Error, UsageError};
use crate::output::sanitize;

/// A key that a command line names.
pub(crate) enum ChosenKey<'a> {
    /// A key of the keyring. AWS KMS may keep its material.
    Held(&'a Key),
    /// A key of AWS KMS that the keyring does not have.
    InKms(KmsKeyName),
}

impl ChosenKey<'_> {
    pub(crate) fn name(&self) -> KeyName {
        match self {
            Self::Held(key) => key.id().into(),
            Self::InKms(name) => KeyName::Foreign(name.to_string()),
        }
    }

    /// Whether AWS KMS wraps under it.
    pub(crate) fn is_in_kms(&self) -> bool {
        match self {
            Self::Held(key) => key.origin() == Origin::AwsKms,
            Self::InKms(_) => true,
        }
    }

    /// Has `kms` use the key, if no keyring has it.
    pub(crate) fn add_to(&self, kms: &mut AwsKms) {
        if let Self::InKms(name) = self {
            kms.add(name.clone());
        }
    }

    /// Refuses a key that encrypts nothing, before the first file.
    pub(crate) fn require_to_encrypt(&self) -> Result<(), Error> {
        if let Self::Held(key) = self {
            key.to_encrypt()?;
        }
        if self.is_in_kms() && !client::IS_BUILT {
            let not_built = KmsError::new("Encrypt", None, KmsCause::NotBuilt);
            let key = match self {
                Self::Held(key) => key.kms_arn().map_or_else(String::new, |arn| arn.to_string()),
                Self::InKms(name) => name.to_string(),
            };
            let error = KmsError { key, ..not_built };
            return Err(WrapError::from(error).into());
        }
        Ok(())
    }
}

/// The keyring for keys of these names, or for the default key if there are none. Keys of AWS KMS need no keyring.
pub(crate) fn keyring_for(store: &Store, given: &[String]) -> Result<RootKeys, Error> {
    let names = or_from_environment(given);
    let is_kms_alone = !names.is_empty() && names.iter().all(|name| KmsKeyName::is_meant(name));
    match store.load() {
        Err(KeyringError::NotFound { .. }) if is_kms_alone => Ok(RootKeys::default()),
        loaded => Ok(loaded?),
    }
}

fn or_from_environment(given: &[String]) -> Vec<String> {
    if given.is_empty() { environment::keys() } else { given.to_vec() }
}

/// The keys to encrypt under: `-k`, else `ENWRAP_KEY`, else the alias `default`.
pub(crate) fn keys_to_encrypt<'a>(
    keyring: &'a RootKeys,
    store: &Store,
    given: &[String],
) -> Result<Vec<ChosenKey<'a>>, Error> {
    let names = or_from_environment(given);
    if names.is_empty() {
        let default = keyring.aliased(&Alias::default_alias()).map_err(|_| no_default(keyring))?;
        return Ok(vec![ChosenKey::Held(default)]);
    }
    let keys: Result<_, Error> = names.iter().map(|name| choose(keyring, store, name)).collect();
    keys.map(distinct)
}

fn choose<'a>(keyring: &'a RootKeys, store: &Store, name: &str) -> Result<ChosenKey<'a>, Error> {
    if !KmsKeyName::is_meant(name) {
        return Ok(ChosenKey::Held(keyring.key(name).in_keyring(store)?));
    }
    let name: KmsKeyName =
        name.parse().map_err(|error| {
            UsageError::new(format!("'{name}': {error}")).hint(
                "a key of AWS KMS is arn:aws:kms:REGION:ACCOUNT:key/ID, or aws-kms: and its id or alias/NAME",
            )
        })?;
    Ok(held_as(keyring, &name).map_or(ChosenKey::InKms(name), ChosenKey::Held))
}

/// The key of the keyring that AWS KMS has under this name, if the name alone says so.
fn held_as<'a>(keyring: &'a RootKeys, name: &KmsKeyName) -> Option<&'a Key> {
    let is_it = |(_, version): &(&Key, &KeyVersion)| match (version.kms_arn(), name) {
        (Some(held), KmsKeyName::Arn(arn)) => held == *arn,
        (Some(held), KmsKeyName::Bare(id)) => held.key_id() == Some(id),
        (None, _) => false,
    };
    keyring.versions().find(is_it).map(|(key, _)| key)
}

/// Chosen keys by names that do not change, each key once: what an alias stands for is asked for. For where several names
/// are compared, or one with what an earlier run has written.
pub(crate) fn identified<'a>(
    keyring: &'a RootKeys,
    kms: &AwsKms,
    keys: Vec<ChosenKey<'a>>,
) -> Result<Vec<ChosenKey<'a>>, Error> {
    let keys: Result<_, Error> =
        keys.into_iter().map(|key| one_identified(keyring, kms, key)).collect();
    keys.map(distinct)
}

fn one_identified<'a>(
    keyring: &'a RootKeys,
    kms: &AwsKms,
    key: ChosenKey<'a>,
) -> Result<ChosenKey<'a>, Error> {
    let ChosenKey::InKms(name) = &key else { return Ok(key) };
    if matches!(name, KmsKeyName::Arn(arn) if arn.key_id().is_some()) {
        return Ok(key);
    }
    let Some(arn) = kms.identify(name)? else { return Ok(key) };
    let name = KmsKeyName::Arn(arn);
    Ok(held_as(keyring, &name).map_or(ChosenKey::InKms(name), ChosenKey::Held))
}

/// Each key once, in their order.
fn distinct(keys: Vec<ChosenKey<'_>>) -> Vec<ChosenKey<'_>> {
    let mut distinct: Vec<ChosenKey<'_>> = Vec::new();
    for key in keys {
        if distinct.iter().all(|chosen| chosen.name() != key.name()) {
            distinct.push(key);
        }
    }
    distinct
}

/// Refuses operands that name a key and not a file: `-r backup note` is no way to say `-k backup`, and would encrypt
/// `note` under another key.
pub(crate) fn refuse_key_names(keyring: &RootKeys, operands: &[PathBuf]) -> Result<(), UsageError> {
    let is_missing = |name: &Path| {
        name.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    let is_key = |name: &&str| keyring.key(name).is_ok() && is_missing(name.as_ref());
    if let Some(name) = operands.iter().filter_map(|operand| operand.to_str()).find(is_key) {
        let problem = format!("there is no file '{name}', but a key of that name");
        return Err(
            UsageError::new(problem).hint(format!("to encrypt under this key, say -k {name}"))
        );
    }
    // As other tools name a recipient, after an option -r of theirs. A path with folders is none: if it is missing, that is
    // the failure of one file, and not of the run.
    let is_recipient = |name: &&PathBuf| {
        let text = name.to_string_lossy();
        (text.starts_with("age1") || text.starts_with("ssh-") || text.contains('@'))
            && !text.contains('/')
            && is_missing(name)
    };
    match operands.iter().find(is_recipient) {
        None => Ok(()),
        Some(name) => Err(UsageError::new(format!(
            "there is no file '{}', and recipients are root keys here",
            sanitize::name(name)
        ))
        .hint("-r takes folders; for a recipient: enwrap encrypt -k KEY FILE")),
    }
}

/// The keys that were named, each once. Without a name there is none: the default key does not count.
pub(crate) fn named_keys<'a>(
    keyring: &'a RootKeys,
    store: &Store,
    names: &[String],
) -> Result<Vec<ChosenKey<'a>>, Error> {
    if names.is_empty() { Ok(Vec::new()) } else { keys_to_encrypt(keyring, store, names) }
}

/// The one key to wrap a data key under.
pub(crate) fn key_to_wrap<'a>(
    keyring: &'a RootKeys,
    store: &Store,
    given: Option<&str>,
) -> Result<ChosenKey<'a>, Error> {
    let given: Vec<String> = given.map(str::to_owned).into_iter().collect();
    let mut keys = keys_to_encrypt(keyring, store, &given)?;
    match (keys.pop(), keys.is_empty()) {
        (Some(key), true) => {
            key.require_to_encrypt().in_keyring(store)?;
            Ok(key)
        }
        _ => {
            Err(UsageError::new("a data key is wrapped under one key, and ENWRAP_KEY has several")
                .hint("choose one with -k KEY")
                .into())
        }
    }
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

/// The names of the keys that `--only-key` has.
pub(crate) fn key_ids(
    keyring: &RootKeys,
    store: &Store,
    names: &[String],
) -> Result<Vec<KeyName>, Error> {
    names.iter().map(|name| Ok(choose(keyring, store, name)?.name())).collect()
}

/// Those of some names that are of keys of AWS KMS which the keyring does not have.
pub(crate) fn keys_in_kms(
    keyring: &RootKeys,
    store: &Store,
    names: &[String],
) -> Result<Vec<KmsKeyName>, Error> {
    let mut found = Vec::new();
    for name in names {
        if let ChosenKey::InKms(name) = choose(keyring, store, name)? {
            found.push(name);
        }
    }
    Ok(found)
}
