//! What a verb works with: the voice, and the keyring that the arguments and the environment name.

use std::path::PathBuf;

use anyhow::Context as _;

use enwrap::keyring::model::{Alias, KeyId};
use enwrap::keyring::{Key, KeyError, KeyVersion, Keyring, Location, Store};
use enwrap::provider::raw_aes::RawAes;

use super::args::GlobalArgs;
use super::environment;
use crate::output::diagnosis::{About, Subject, UsageError};
use crate::output::{Format, Ui, Verbosity, sanitize};

pub(crate) struct App {
    pub(crate) ui: Ui,
    keyring: Option<PathBuf>,
    allow_readable_keyring: bool,
}

impl App {
    pub(crate) fn new(args: &GlobalArgs) -> Self {
        let format = if args.json { Format::Json } else { Format::Text };
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        };
        Self {
            ui: Ui::new(format, verbosity, args.color, args.progress),
            keyring: args.keyring.clone(),
            allow_readable_keyring: args.allow_readable_keyring
                || environment::allow_readable_keyring(),
        }
    }

    /// The keyring's place. Nothing is read yet.
    pub(crate) fn store(&self) -> anyhow::Result<Store> {
        let location = environment::keyring_location(self.keyring.as_deref())?;
        Ok(Store::new(location, self.allow_readable_keyring))
    }

    /// The one moment at which everybody reads what is printed.
    pub(crate) fn tell_about_first_use(&self, store: &Store) {
        self.ui.note(&format!("created {}", sanitize::name(store.path())));
        self.ui.hint(
            "whoever loses this file loses every file encrypted under it; copy it elsewhere: \
             enwrap keyring backup FILE",
        );
    }

    /// The keyring's path; `None` where it comes from a variable.
    pub(crate) fn keyring_path(&self) -> anyhow::Result<Option<PathBuf>> {
        match environment::keyring_location(self.keyring.as_deref())? {
            Location::File(path) => Ok(Some(path)),
            Location::Data(_) => Ok(None),
        }
    }
}

/// Adds to an error which keyring was looked at.
pub(crate) trait InKeyring<T> {
    fn in_keyring(self, store: &Store) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> InKeyring<T> for Result<T, E> {
    fn in_keyring(self, store: &Store) -> anyhow::Result<T> {
        let about = || About { subject: Subject::Unnamed, keyring: store.path().to_path_buf() };
        self.map_err(Into::into).with_context(about)
    }
}

/// The keys to encrypt under: `-k`, else `ENWRAP_KEY`, else the alias `default`.
pub(crate) fn keys_to_encrypt<'a>(
    keyring: &'a Keyring,
    store: &Store,
    given: &[String],
) -> anyhow::Result<Vec<&'a Key>> {
    let from_environment = if given.is_empty() { environment::keys() } else { Vec::new() };
    let names = if given.is_empty() { &from_environment } else { given };
    if names.is_empty() {
        return keyring.key(Alias::DEFAULT).map(|key| vec![key]).map_err(|_| no_default(keyring));
    }
    let mut keys: Vec<&Key> = Vec::new();
    for name in names {
        let key = keyring.key(name).in_keyring(store)?;
        if !keys.iter().any(|chosen| chosen.id == key.id) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// The key that new data keys of `key` are wrapped under: its current version.
pub(crate) fn provider_of(key: &Key) -> Result<(&KeyVersion, RawAes), KeyError> {
    let version = key.to_encrypt()?;
    let provider = version.provider().ok_or(KeyError::Remote { key: key.id })?;
    Ok((version, provider))
}

/// The one key to wrap a data key under.
pub(crate) fn key_to_wrap<'a>(
    keyring: &'a Keyring,
    store: &Store,
    given: Option<&str>,
) -> anyhow::Result<(&'a Key, &'a KeyVersion, RawAes)> {
    let given: Vec<String> = given.map(str::to_owned).into_iter().collect();
    let keys = keys_to_encrypt(keyring, store, &given)?;
    let [key] = keys[..] else {
        return Err(UsageError::new(
            "a data key is wrapped under one key, and ENWRAP_KEY has several",
        )
        .hint("choose one with -k KEY")
        .into());
    };
    let (version, provider) = provider_of(key).in_keyring(store)?;
    Ok((key, version, provider))
}

fn no_default(keyring: &Keyring) -> anyhow::Error {
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
    keyring: &Keyring,
    store: &Store,
    names: &[String],
) -> anyhow::Result<Vec<KeyId>> {
    names.iter().map(|name| Ok(keyring.key(name).in_keyring(store)?.id)).collect()
}
