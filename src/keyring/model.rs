//! What a keyring holds: root keys, their names, and the versions that rotation adds.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::material::Material;
use super::name::{ALIAS_PREFIX, Alias, KMS_NAMESPACE, KeyId};
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::provider::raw_aes::{self, RawAes};

/// The key namespace of enwrap's own keys.
pub const NAMESPACE: &str = "enwrap";

/// All root keys of one place.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyring {
    /// In the order in which they were added.
    pub keys: Vec<Key>,
}

/// A root key (AWS: KMS key): a name for one or more versions of a wrapping key.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// A random UUID.
    pub id: KeyId,
    /// Names that people use.
    pub aliases: BTreeSet<Alias>,
    /// What it is for.
    pub description: String,
    /// When it came into this keyring.
    pub created: Timestamp,
    /// Where it came from.
    pub origin: Origin,
    /// Whether it may only open: a guard rail, since whoever holds the material can do both.
    pub decrypt_only: bool,
    /// In ascending order of their numbers; the last one is the current one.
    pub versions: Vec<KeyVersion>,
}

/// What rotation adds: one wrapping key.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyVersion {
    /// Counted from 1.
    pub number: u32,
    /// The raw AES keyring's key namespace.
    pub namespace: String,
    /// The raw AES keyring's key name: `<key id>/<version>`, or what an import came with.
    pub name: String,
    /// When it came into this keyring.
    pub created: Timestamp,
    /// Whether it may be used.
    pub state: State,
    /// When a pending deletion may be carried out.
    pub deletion_date: Option<Timestamp>,
    /// The wrapping key; `None` where a service keeps it.
    pub material: Option<Material>,
}

/// Where a root key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Made here.
    Generated,
    /// Made elsewhere; its name belongs to its owner.
    Imported,
    /// Kept by AWS KMS.
    AwsKms,
}

/// Whether a key version may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It may.
    Enabled,
    /// It may not, until it is enabled again.
    Disabled,
    /// It may not, and after its deletion date it can be destroyed.
    PendingDeletion,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::PendingDeletion => "pending deletion",
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generated => "generated",
            Self::Imported => "imported",
            Self::AwsKms => "aws-kms",
        })
    }
}

/// Why a root key is not there, may not be used, or cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key has this alias or id.
    #[error("no key '{name}'")]
    NotFound {
        /// What was asked for.
        name: String,
        /// The aliases there are.
        aliases: Vec<Alias>,
    },
    /// A key has no version of this number.
    #[error("key '{key}' has no version {version}")]
    NoVersion {
        /// The key.
        key: KeyId,
        /// The number asked for.
        version: u32,
    },
    /// The alias names a key already.
    #[error("the alias '{alias}' already names key {id}")]
    AliasExists {
        /// The alias.
        alias: Alias,
        /// Its key.
        id: KeyId,
    },
    /// The key version is switched off.
    #[error("key '{key}' version {version} is {state}{}", until(*deletion_date))]
    Unusable {
        /// The key.
        key: KeyId,
        /// The version.
        version: u32,
        /// Why not.
        state: State,
        /// When it may be destroyed.
        deletion_date: Option<Timestamp>,
    },
    /// The key may only open.
    #[error("key '{key}' was imported as decrypt-only")]
    DecryptOnly {
        /// The key.
        key: KeyId,
    },
    /// A key of this namespace and name, or with this id, is there already.
    #[error("key {id} already has the {what}")]
    Occupied {
        /// The key that is there.
        id: KeyId,
        /// What both share.
        what: String,
    },
    /// A namespace that belongs to AWS KMS, or to enwrap's own keys.
    #[error("the name '{name}' in the namespace '{namespace}' is reserved")]
    ReservedName {
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// A key whose versions are its owner's to make.
    #[error("key '{key}' was not made here, and gets no new version")]
    NotOurs {
        /// The key.
        key: KeyId,
    },
    /// A key version without a namespace or a name.
    #[error("a key's namespace and name must not be empty")]
    Unnamed,
    /// A key version whose material is not here.
    #[error("the material of key '{key}' is kept by AWS KMS")]
    Remote {
        /// The key.
        key: KeyId,
    },
}

fn until(date: Option<Timestamp>) -> String {
    date.map_or_else(String::new, |date| format!(", to be deleted after {date}"))
}

impl Keyring {
    /// The key that `name` means: an alias, `alias/NAME`, or a whole id.
    ///
    /// # Errors
    /// [`KeyError::NotFound`], with the aliases there are.
    pub fn key(&self, name: &str) -> Result<&Key, KeyError> {
        let alias = name.strip_prefix(ALIAS_PREFIX).unwrap_or(name);
        self.keys
            .iter()
            .find(|key| {
                key.aliases.iter().any(|a| a.as_str() == alias) || key.id.to_string() == name
            })
            .ok_or_else(|| KeyError::NotFound { name: name.to_owned(), aliases: self.aliases() })
    }

    /// The key that `name` means, to be changed.
    ///
    /// # Errors
    /// As [`key`](Self::key).
    pub fn key_mut(&mut self, name: &str) -> Result<&mut Key, KeyError> {
        let id = self.key(name)?.id;
        let index = self.keys.iter().position(|key| key.id == id).unwrap_or_default();
        Ok(&mut self.keys[index])
    }

    /// Gives the key that `name` means a further alias, and returns the key's id.
    ///
    /// # Errors
    /// [`KeyError::AliasExists`] or [`KeyError::NotFound`].
    pub fn add_alias(&mut self, alias: &Alias, name: &str) -> Result<KeyId, KeyError> {
        self.require_free(alias)?;
        let key = self.key_mut(name)?;
        key.aliases.insert(alias.clone());
        Ok(key.id)
    }

    /// Takes an alias away, and returns the id of the key that had it.
    ///
    /// # Errors
    /// [`KeyError::NotFound`].
    pub fn remove_alias(&mut self, alias: &Alias) -> Result<KeyId, KeyError> {
        let key = self.key_mut(alias.as_str())?;
        key.aliases.remove(alias);
        Ok(key.id)
    }

    /// Has an alias mean the key that `name` means, and returns that key's id.
    ///
    /// # Errors
    /// [`KeyError::NotFound`]; nothing is changed then.
    pub fn move_alias(&mut self, alias: &Alias, name: &str) -> Result<KeyId, KeyError> {
        let id = self.key(name)?.id;
        self.remove_alias(alias)?;
        self.add_alias(alias, &id.to_string())
    }

    /// Gives an alias another spelling, and returns the id of its key.
    ///
    /// # Errors
    /// [`KeyError::NotFound`] or [`KeyError::AliasExists`]; nothing is changed then.
    pub fn rename_alias(&mut self, old: &Alias, new: &Alias) -> Result<KeyId, KeyError> {
        let id = self.add_alias(new, old.as_str())?;
        self.remove_alias(old)?;
        Ok(id)
    }

    /// All aliases, sorted.
    #[must_use]
    pub fn aliases(&self) -> Vec<Alias> {
        let all: BTreeSet<_> = self.keys.iter().flat_map(|key| &key.aliases).collect();
        all.into_iter().cloned().collect()
    }

    /// Refuses an alias that names a key.
    ///
    /// # Errors
    /// [`KeyError::AliasExists`].
    pub fn require_free(&self, alias: &Alias) -> Result<(), KeyError> {
        match self.keys.iter().find(|key| key.aliases.contains(alias)) {
            None => Ok(()),
            Some(key) => Err(KeyError::AliasExists { alias: alias.clone(), id: key.id }),
        }
    }

    /// Adds a key, unless it would stand in another's place.
    ///
    /// # Errors
    /// [`KeyError::AliasExists`], [`KeyError::Occupied`], [`KeyError::Unnamed`] or
    /// [`KeyError::ReservedName`].
    pub fn add(&mut self, key: Key) -> Result<&Key, KeyError> {
        for alias in &key.aliases {
            self.require_free(alias)?;
        }
        if self.keys.iter().any(|held| held.id == key.id) {
            return Err(KeyError::Occupied { id: key.id, what: "same id".to_owned() });
        }
        for version in &key.versions {
            let KeyVersion { namespace, name, .. } = version;
            version.require_own_name(&key)?;
            let held = self.versions().find(|(_, v)| (&v.namespace, &v.name) == (namespace, name));
            if let Some((holder, held)) = held {
                let material = if held.material == version.material { "same" } else { "other" };
                let what =
                    format!("name '{name}' in namespace '{namespace}', with {material} material");
                return Err(KeyError::Occupied { id: holder.id, what });
            }
        }
        self.keys.push(key);
        Ok(&self.keys[self.keys.len() - 1])
    }

    /// Every version of every key.
    pub fn versions(&self) -> impl Iterator<Item = (&Key, &KeyVersion)> {
        self.keys.iter().flat_map(|key| key.versions.iter().map(move |version| (key, version)))
    }

    /// The key versions that an encrypted data key names. A name proves nothing.
    pub fn named_by<'a>(
        &'a self,
        wrapped: &'a EncryptedDataKey,
    ) -> impl Iterator<Item = (&'a Key, &'a KeyVersion)> {
        self.versions().filter(|(_, v)| raw_aes::named_iv(&v.namespace, &v.name, wrapped).is_some())
    }

    /// What [`file`](mod@super::file) checks besides syntax, so that everything above may rely on it.
    pub(super) fn find_contradiction(&self) -> Option<&'static str> {
        fn repeats<T: Ord>(items: impl Iterator<Item = T>) -> bool {
            let mut seen = BTreeSet::new();
            !items.into_iter().all(|item| seen.insert(item))
        }
        if repeats(self.keys.iter().map(|key| key.id)) {
            Some("one id for two keys")
        } else if repeats(self.keys.iter().flat_map(|key| &key.aliases)) {
            Some("one alias for two keys")
        } else if repeats(self.versions().map(|(_, v)| (&v.namespace, &v.name))) {
            Some("one namespace and name for two key versions")
        } else if self.keys.iter().any(|key| key.versions.is_empty()) {
            Some("a key without versions")
        } else if self.keys.iter().any(|key| !key.versions.is_sorted_by(|a, b| a.number < b.number))
        {
            Some("key versions out of order")
        } else if self.versions().any(|(k, v)| v.material.is_none() != (k.origin == Origin::AwsKms))
        {
            Some("a key version without its material")
        } else {
            None
        }
    }
}

impl Key {
    /// Makes a new root key with one version.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn generate(aliases: BTreeSet<Alias>, description: &str) -> io::Result<Self> {
        let id = KeyId::generate()?;
        let version = KeyVersion::generate(id, 1)?;
        Ok(Self {
            id,
            aliases,
            description: description.to_owned(),
            created: version.created,
            origin: Origin::Generated,
            decrypt_only: false,
            versions: vec![version],
        })
    }

    /// Takes a wrapping key that was made elsewhere, under a new id unless it has one.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn import(
        id: Option<KeyId>,
        alias: Option<Alias>,
        version: KeyVersion,
    ) -> io::Result<Self> {
        Ok(Self {
            id: id.map_or_else(KeyId::generate, Ok)?,
            aliases: alias.into_iter().collect(),
            description: String::new(),
            created: version.created,
            origin: Origin::Imported,
            decrypt_only: false,
            versions: vec![version],
        })
    }

    /// The version that new data keys are wrapped under.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] or [`KeyError::DecryptOnly`].
    pub fn to_encrypt(&self) -> Result<&KeyVersion, KeyError> {
        if self.decrypt_only {
            return Err(KeyError::DecryptOnly { key: self.id });
        }
        let current = self.current();
        current.require_enabled(self.id)?;
        Ok(current)
    }

    /// Refuses a key that gets no new versions here.
    ///
    /// # Errors
    /// [`KeyError::NotOurs`], or as [`to_encrypt`](Self::to_encrypt).
    pub fn require_rotatable(&self) -> Result<(), KeyError> {
        if self.origin != Origin::Generated {
            return Err(KeyError::NotOurs { key: self.id });
        }
        self.to_encrypt().map(drop)
    }

    /// Makes a new version, which is then the current one. The old ones only open from then on.
    ///
    /// # Errors
    /// When the system has no random numbers to give, or there is no further number.
    pub fn rotate(&mut self) -> io::Result<()> {
        let number = self.current().number.checked_add(1).ok_or(io::ErrorKind::Other)?;
        let version = KeyVersion::generate(self.id, number)?;
        self.versions.push(version);
        Ok(())
    }

    /// Enables or disables one version, or all but those that wait to be destroyed.
    ///
    /// # Errors
    /// [`KeyError::NoVersion`], or [`KeyError::Unusable`] for one that waits to be destroyed.
    pub fn switch(&mut self, version: Option<u32>, state: State) -> Result<(), KeyError> {
        if let Some(number) = version {
            self.version(Some(number))?;
        }
        let id = self.id;
        let is_meant = |held: &&mut KeyVersion| version.is_none_or(|number| held.number == number);
        for held in self.versions.iter_mut().filter(is_meant) {
            match held.state {
                State::PendingDeletion if version.is_some() => return held.require_enabled(id),
                State::PendingDeletion => {}
                State::Enabled | State::Disabled => held.state = state,
            }
        }
        Ok(())
    }

    /// The newest version.
    #[must_use]
    pub fn current(&self) -> &KeyVersion {
        // No key is without versions: `find_contradiction` sees to it.
        &self.versions[self.versions.len() - 1]
    }

    /// The version of this number, or the current one.
    ///
    /// # Errors
    /// [`KeyError::NoVersion`].
    pub fn version(&self, number: Option<u32>) -> Result<&KeyVersion, KeyError> {
        let Some(version) = number else { return Ok(self.current()) };
        self.versions
            .iter()
            .find(|v| v.number == version)
            .ok_or(KeyError::NoVersion { key: self.id, version })
    }
}

impl KeyVersion {
    /// Makes version `number` of enwrap's own key `id`.
    fn generate(id: KeyId, number: u32) -> io::Result<Self> {
        Ok(Self {
            number,
            namespace: NAMESPACE.to_owned(),
            name: own_name(id, number),
            created: now(),
            state: State::Enabled,
            deletion_date: None,
            material: Some(Material::generate()?),
        })
    }

    /// Refuses a version that is switched off.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn require_enabled(&self, key: KeyId) -> Result<(), KeyError> {
        if self.state == State::Enabled {
            return Ok(());
        }
        let Self { number: version, state, deletion_date, .. } = *self;
        Err(KeyError::Unusable { key, version, state, deletion_date })
    }

    /// Refuses a name that could be taken for another key's: in enwrap's own namespace there is only
    /// `<key id>/<version>`, so that no import stands where a rotation will.
    fn require_own_name(&self, key: &Key) -> Result<(), KeyError> {
        let Self { namespace, name, number, .. } = self;
        if namespace.is_empty() || name.is_empty() {
            return Err(KeyError::Unnamed);
        }
        let is_kms = namespace.starts_with(KMS_NAMESPACE) && key.origin != Origin::AwsKms;
        let is_own = namespace != NAMESPACE || *name == own_name(key.id, *number);
        if is_kms || !is_own {
            let (namespace, name) = (namespace.clone(), name.clone());
            return Err(KeyError::ReservedName { namespace, name });
        }
        Ok(())
    }

    /// The provider that wraps under this version; `None` where AWS KMS keeps it.
    #[must_use]
    pub fn provider(&self) -> Option<RawAes> {
        RawAes::new(&self.namespace, &self.name, self.material.as_ref()?.secret())
    }
}

/// The key name of enwrap's own keys.
fn own_name(id: KeyId, number: u32) -> String {
    format!("{id}/{number}")
}

/// The time, in whole seconds: what the file stores is what is shown.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider as _;
    use crate::secret::SecretBytes;

    fn generated(alias: &str) -> Key {
        Key::generate(BTreeSet::from([alias.parse().unwrap()]), "").unwrap()
    }

    #[test]
    fn a_key_is_found_by_alias_prefixed_alias_and_id() {
        let mut keyring = Keyring::default();
        let id = keyring.add(generated("backup")).unwrap().id;
        for name in ["backup", "alias/backup", &id.to_string()] {
            assert_eq!(keyring.key(name).unwrap().id, id, "{name}");
        }
        let error = keyring.key("backups").unwrap_err();
        let aliases = vec!["backup".parse().unwrap()];
        assert_eq!(error, KeyError::NotFound { name: "backups".to_owned(), aliases });
    }

    #[test]
    fn adding_never_replaces() {
        let mut keyring = Keyring::default();
        let id = keyring.add(generated("a")).unwrap().id;
        let error = keyring.add(generated("a")).unwrap_err();
        assert_eq!(error, KeyError::AliasExists { alias: "a".parse().unwrap(), id });
        let foreign = |namespace: &str, material: u8| {
            let version = KeyVersion {
                namespace: namespace.to_owned(),
                name: "n".to_owned(),
                material: Material::new(SecretBytes::copy_of(&[material; 16])),
                ..generated("x").versions.remove(0)
            };
            Key::import(None, None, version).unwrap()
        };
        keyring.add(foreign("ns", 1)).unwrap();
        for (material, word) in [(1, "same"), (2, "other")] {
            let error = keyring.add(foreign("ns", material)).unwrap_err().to_string();
            assert!(error.ends_with(&format!("with {word} material")), "{error}");
        }
        for namespace in ["aws-kms", "aws-kms-mrk"] {
            let error = keyring.add(foreign(namespace, 3)).unwrap_err();
            assert!(matches!(error, KeyError::ReservedName { .. }));
        }
        for namespace in ["enwrap", ""] {
            assert!(keyring.add(foreign(namespace, 3)).is_err(), "'{namespace}'");
        }
        let mut next = generated("next");
        next.versions[0].name = format!("{id}/2");
        assert!(matches!(keyring.add(next), Err(KeyError::ReservedName { .. })));
        assert_eq!(keyring.keys.len(), 2);
    }

    #[test]
    fn a_key_that_is_off_or_decrypt_only_does_not_encrypt() {
        let mut key = generated("a");
        assert_eq!(key.to_encrypt().unwrap().number, 1);
        key.versions[0].state = State::Disabled;
        assert!(matches!(key.to_encrypt(), Err(KeyError::Unusable { .. })));
        key.versions[0].state = State::Enabled;
        key.decrypt_only = true;
        assert_eq!(key.to_encrypt().unwrap_err(), KeyError::DecryptOnly { key: key.id });
    }

    #[test]
    fn a_rotated_key_encrypts_under_the_new_version_and_opens_the_old() {
        let mut keyring = Keyring::default();
        keyring.add(generated("a")).unwrap();
        let context = crate::context::EncryptionContext::default();
        let (_, old) =
            keyring.keys[0].current().provider().unwrap().generate(32, &context).unwrap();
        keyring.key_mut("a").unwrap().rotate().unwrap();
        let key = keyring.key("a").unwrap();
        assert_eq!(key.to_encrypt().unwrap().number, 2);
        assert_eq!(key.to_encrypt().unwrap().name, format!("{}/2", key.id));
        assert_ne!(key.versions[0].material, key.versions[1].material);
        let named: Vec<_> = keyring.named_by(&old).map(|(_, version)| version.number).collect();
        assert_eq!((named, keyring.find_contradiction()), (vec![1], None));
    }

    #[test]
    fn aliases_move_whole_or_not_at_all() {
        let mut keyring = Keyring::default();
        let a = keyring.add(generated("a")).unwrap().id;
        let b = keyring.add(generated("b")).unwrap().id;
        let alias = |text: &str| text.parse::<Alias>().unwrap();
        keyring.add_alias(&alias("c"), "a").unwrap();
        assert!(keyring.add_alias(&alias("c"), "b").is_err());
        assert!(keyring.move_alias(&alias("c"), "none").is_err());
        assert_eq!(keyring.key("c").unwrap().id, a);
        assert_eq!(keyring.move_alias(&alias("c"), "b"), Ok(b));
        assert!(keyring.rename_alias(&alias("c"), &alias("a")).is_err());
        assert_eq!(keyring.rename_alias(&alias("c"), &alias("d")), Ok(b));
        assert!(keyring.key("c").is_err() && keyring.key("d").unwrap().id == b);
        assert_eq!(keyring.remove_alias(&alias("d")), Ok(b));
        assert!(keyring.remove_alias(&alias("d")).is_err());
    }

    #[test]
    fn an_encrypted_data_key_names_its_version() {
        let mut keyring = Keyring::default();
        keyring.add(generated("other")).unwrap();
        let key = keyring.add(generated("a")).unwrap();
        let (id, provider) = (key.id, key.current().provider().unwrap());
        let (_, wrapped) =
            provider.generate(32, &crate::context::EncryptionContext::default()).unwrap();
        let named: Vec<_> = keyring.named_by(&wrapped).map(|(key, v)| (key.id, v.number)).collect();
        assert_eq!(named, [(id, 1)]);
    }

    #[test]
    fn contradictions_are_found() {
        let mut keyring = Keyring::default();
        keyring.add(generated("a")).unwrap();
        assert_eq!(keyring.find_contradiction(), None);
        keyring.keys[0].versions[0].material = None;
        assert_eq!(keyring.find_contradiction(), Some("a key version without its material"));
        keyring.keys[0].versions.clear();
        assert_eq!(keyring.find_contradiction(), Some("a key without versions"));
    }
}
