//! What a keyring holds, and which key a name means.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::key::{Key, KeyVersion, Origin};
use super::kind::{ECDH_NAMESPACE, Kind};
use super::kms_arn::KmsArn;
use super::material::Material;
use super::name::{ALIAS_PREFIX, Alias, KeyId};
use crate::keyring::model::error::KeyError;

/// All root keys of one keyring, with the rules between them: no alias, id or name twice.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootKeys {
    pub(super) keys: Vec<Key>,
}

/// Which keys of a keyring a name can mean.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// This one.
    Key(&'a Key),
    /// None.
    Nothing,
    /// It is the beginning of all these keys' ids.
    Several(Vec<&'a Key>),
}

/// The fewest characters of an id that stand for it: the first group of a UUID. In a keyring of 100 keys, two begin with the
/// same 8 once in a million.
pub const SHORTEST_BEGINNING: usize = 8;

/// Whether text may be the beginning of an id, in the one spelling that ids have.
fn is_beginning_of_id(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    (SHORTEST_BEGINNING..36).contains(&text.len()) && text.bytes().enumerate().all(fits)
}

impl RootKeys {
    /// The keys, in the order in which they were added.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys by value.
    pub(crate) fn into_keys(self) -> Vec<Key> {
        self.keys
    }

    /// The key that `name` means: an alias, `alias/NAME`, a whole id, or the beginning of one id only.
    ///
    /// # Errors
    /// [`KeyError::NotFound`], with the aliases there are, or [`KeyError::Ambiguous`], with the ids.
    pub fn key(&self, name: &str) -> Result<&Key, KeyError> {
        match self.look_up(name) {
            Lookup::Key(key) => Ok(key),
            Lookup::Nothing => {
                Err(KeyError::NotFound { name: name.to_owned(), aliases: self.aliases() })
            }
            Lookup::Several(keys) => Err(KeyError::Ambiguous {
                name: name.to_owned(),
                ids: keys.into_iter().map(Key::id).collect(),
            }),
        }
    }

    /// Which keys `name` can mean. An alias or a whole id means its key, whatever the other ids begin with: a key that comes
    /// later never changes what an exact name means.
    #[must_use]
    pub fn look_up(&self, name: &str) -> Lookup<'_> {
        let alias = name.strip_prefix(ALIAS_PREFIX).unwrap_or(name);
        let id = name.parse().ok();
        let is_exact = |key: &&Key| {
            key.aliases.iter().any(|held| held.as_str() == alias) || Some(key.id()) == id
        };
        if let Some(key) = self.keys.iter().find(is_exact) {
            return Lookup::Key(key);
        }
        if !is_beginning_of_id(name) {
            return Lookup::Nothing;
        }
        let begins = |key: &&Key| key.id().to_string().starts_with(name);
        let keys: Vec<&Key> = self.keys.iter().filter(begins).collect();
        match keys[..] {
            [] => Lookup::Nothing,
            [key] => Lookup::Key(key),
            [..] => Lookup::Several(keys),
        }
    }

    /// The key that has this alias.
    ///
    /// # Errors
    /// [`KeyError::NotFound`], with the aliases there are.
    pub fn aliased(&self, alias: &Alias) -> Result<&Key, KeyError> {
        let key = self.keys.iter().find(|key| key.aliases.contains(alias));
        key.ok_or_else(|| KeyError::NotFound { name: alias.to_string(), aliases: self.aliases() })
    }

    /// The key that `name` means, to be changed.
    ///
    /// # Errors
    /// As [`key`](Self::key).
    pub fn key_mut(&mut self, name: &str) -> Result<&mut Key, KeyError> {
        let id = self.key(name)?.id();
        Ok(self.held_mut(id))
    }

    /// A key of this keyring, by its id.
    fn held_mut(&mut self, id: KeyId) -> &mut Key {
        let index = self.keys.iter().position(|key| key.id() == id).unwrap_or_default();
        &mut self.keys[index]
    }

    /// Gives the key that `name` means a further alias, and returns the key's id.
    ///
    /// # Errors
    /// [`KeyError::AliasExists`] or [`KeyError::NotFound`].
    pub fn add_alias(&mut self, alias: &Alias, name: &str) -> Result<KeyId, KeyError> {
        self.require_free(alias)?;
        let key = self.key_mut(name)?;
        key.aliases.insert(alias.clone());
        Ok(key.id())
    }

    /// Takes an alias away, and returns the id of the key that had it.
    ///
    /// # Errors
    /// [`KeyError::NotFound`].
    pub fn remove_alias(&mut self, alias: &Alias) -> Result<KeyId, KeyError> {
        let id = self.aliased(alias)?.id();
        self.held_mut(id).aliases.remove(alias);
        Ok(id)
    }

    /// Moves an alias to the key that `name` means, and returns that key's id.
    ///
    /// # Errors
    /// [`KeyError::NotFound`]; nothing is changed then.
    pub fn move_alias(&mut self, alias: &Alias, name: &str) -> Result<KeyId, KeyError> {
        let id = self.key(name)?.id();
        self.remove_alias(alias)?;
        self.add_alias(alias, &id.to_string())
    }

    /// Gives an alias another spelling, and returns the id of its key.
    ///
    /// # Errors
    /// [`KeyError::NotFound`] or [`KeyError::AliasExists`]; nothing is changed then.
    pub fn rename_alias(&mut self, old: &Alias, new: &Alias) -> Result<KeyId, KeyError> {
        let id = self.aliased(old)?.id();
        self.add_alias(new, &id.to_string())?;
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
            Some(key) => Err(KeyError::AliasExists { alias: alias.clone(), id: key.id() }),
        }
    }

    /// Adds a key, unless its id, an alias or a name is taken.
    ///
    /// # Errors
    /// [`KeyError::AliasExists`], [`KeyError::Occupied`], [`KeyError::PublicHeld`], [`KeyError::Unnamed`] or
    /// [`KeyError::ReservedName`].
    pub fn add(&mut self, key: Key) -> Result<&Key, KeyError> {
        self.add_all(vec![key])?;
        Ok(&self.keys[self.keys.len() - 1])
    }

    /// As [`add`](Self::add), of several keys: all of them, or none. It looks at the keys that are there once, and not
    /// once for each new one.
    ///
    /// # Errors
    /// As [`add`](Self::add), of the first key that is refused.
    pub fn add_all(&mut self, new: Vec<Key>) -> Result<(), KeyError> {
        let mut ids: BTreeSet<KeyId> = self.keys.iter().map(Key::id).collect();
        let aliased = self.keys.iter().flat_map(|key| key.aliases.iter().map(|it| (it, key.id())));
        let mut aliases: BTreeMap<&Alias, KeyId> = aliased.collect();
        let by_name = |(key, version)| (full_name(version), (key, version));
        let mut held: BTreeMap<_, (&Key, &KeyVersion)> = self.versions().map(by_name).collect();
        let with_arn = |(key, version): (&Key, &KeyVersion)| Some((version.kms_arn()?, key.id()));
        let mut arns: BTreeMap<KmsArn, KeyId> = self.versions().filter_map(with_arn).collect();
        for key in &new {
            for alias in &key.aliases {
                if let Some(id) = aliases.insert(alias, key.id()) {
                    return Err(KeyError::AliasExists { alias: alias.clone(), id });
                }
            }
            if !ids.insert(key.id()) {
                let held = self.keys.iter().find(|held| held.id() == key.id());
                if held.is_some_and(|held| is_private_half_of(key, held)) {
                    return Err(KeyError::PublicHeld { id: key.id() });
                }
                return Err(KeyError::Occupied { id: key.id(), what: "same id".to_owned() });
            }
            for version in key.versions.iter() {
                version.require_own_name(key)?;
                if let Some(arn) = version.kms_arn()
                    && let Some(id) = arns.insert(arn.clone(), key.id())
                {
                    return Err(KeyError::Occupied { id, what: format!("ARN '{arn}'") });
                }
                if let Some((holder, held)) = held.insert(full_name(version), (key, version)) {
                    if is_private_half_of(key, holder) {
                        return Err(KeyError::PublicHeld { id: holder.id() });
                    }
                    let is_same = match key.kind().has_public_half() {
                        true => held.rsa == version.rsa,
                        false => held.material == version.material,
                    };
                    let material = if is_same { "same" } else { "other" };
                    let KeyVersion { namespace, name, .. } = version;
                    let what = format!(
                        "name '{name}' in namespace '{namespace}', with {material} material"
                    );
                    return Err(KeyError::Occupied { id: holder.id(), what });
                }
            }
        }
        self.keys.extend(new);
        Ok(())
    }

    /// Whether there are keys of other kinds than AES.
    #[must_use]
    pub fn has_other_kinds(&self) -> bool {
        self.keys.iter().any(|key| key.kind() != Kind::Aes)
    }

    /// Every version of every key.
    pub fn versions(&self) -> impl Iterator<Item = (&Key, &KeyVersion)> {
        self.keys.iter().flat_map(|key| key.versions.iter().map(move |version| (key, version)))
    }

    /// The material of every version that has any.
    pub(crate) fn materials(&self) -> impl Iterator<Item = &Material> {
        self.versions().filter_map(|(_, version)| version.material.as_ref())
    }

    /// What is wrong between the keys, if anything. It is checked whenever a keyring is read or saved, so that
    /// other code may rely on it.
    pub(crate) fn find_contradiction(&self) -> Option<&'static str> {
        fn repeats<T: Ord>(items: impl Iterator<Item = T>) -> bool {
            let mut seen = BTreeSet::new();
            !items.into_iter().all(|item| seen.insert(item))
        }
        if repeats(self.keys.iter().map(|key| key.id())) {
            Some("one id for two keys")
        } else if repeats(self.keys.iter().flat_map(|key| &key.aliases)) {
            Some("one alias for two keys")
        } else if repeats(self.versions().map(|(_, version)| full_name(version))) {
            Some("one namespace and name for two key versions")
        } else if repeats(self.versions().filter_map(|(_, version)| version.kms_arn())) {
            Some("one key of AWS KMS for two key versions")
        } else if self.versions().any(|(key, version)| version.require_own_name(key).is_err()) {
            Some("a key version with another key's name")
        } else if self.versions().any(|(key, version)| !has_its_parts(key, version)) {
            Some("a key version without its material, or with that of another kind")
        } else {
            None
        }
    }
}

/// Whether a version has what versions of its key's kind have, and the key has the origin of its kind.
fn has_its_parts(key: &Key, version: &KeyVersion) -> bool {
    let is_of_kms = key.kind() == Kind::AwsKms;
    (key.origin() == Origin::AwsKms) == is_of_kms && version.has_the_parts_of(key.kind())
}

/// Whether private halves come to where only public ones are held.
fn is_private_half_of(new: &Key, held: &Key) -> bool {
    new.kind() == held.kind() && held.is_public_only() && !new.is_public_only()
}

/// The namespace and name by which a message names a version. A public key is one name, wherever its private half is:
/// messages call it by either namespace.
fn full_name(version: &KeyVersion) -> (&str, &str) {
    let namespace = match version.private_half_in_kms() {
        Some(_) => ECDH_NAMESPACE,
        None => &version.namespace,
    };
    (namespace, &version.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ec::{Curve, EcPrivateKey, EcPublicKey};
    use crate::crypto::rsa::RsaPadding;
    use crate::crypto::secret::SecretBytes;
    use crate::keyring::model::key::{RsaPublic, State};
    use crate::keyring::model::versions::{Versions, VersionsFault};

    fn generated(alias: &str) -> Key {
        Key::generate(BTreeSet::from([alias.parse().unwrap()]), "").unwrap()
    }

    /// The version of a key that has only one.
    fn one_version(key: Key) -> KeyVersion {
        key.without(&[1]).1.remove(0)
    }

    /// A key with this id, and an alias.
    fn with_id(id: &str, alias: &str) -> Key {
        let mut key = generated(alias).with_id(id.parse().unwrap());
        let mut version = one_version(key);
        version.name = format!("{id}/1");
        key = Key::import(Kind::Aes, version).unwrap().with_id(id.parse().unwrap());
        key.aliases = BTreeSet::from([alias.parse().unwrap()]);
        key
    }

    #[test]
    fn the_beginning_of_one_id_means_its_key_and_an_exact_name_comes_first() {
        let [first, second] =
            ["0b5e7a10-1111-4aaa-8aaa-aaaaaaaaaaaa", "0b5e7a10-2222-4aaa-8aaa-aaaaaaaaaaaa"];
        let mut keyring = RootKeys { keys: vec![with_id(first, "a")] };
        let means =
            |keyring: &RootKeys, name: &str| keyring.key(name).map(|key| key.id().to_string());
        for name in ["0b5e7a10", "0b5e7a10-", "0b5e7a10-11", &first[..35], first] {
            assert_eq!(means(&keyring, name).as_deref(), Ok(first), "{name}");
        }
        // Too short, no beginning of an id, another spelling, and not as an alias.
        for name in
            ["0b5e7a1", "", "0b5e7a1011", "0B5E7A10", "alias/0b5e7a10", "0b5e7a11", "-b5e7a10"]
        {
            assert!(matches!(keyring.look_up(name), Lookup::Nothing), "{name}");
        }
        // Nothing that is done to an alias is done to a key whose id begins so.
        let beginning: Alias = "0b5e7a10".parse().unwrap();
        assert!(keyring.remove_alias(&beginning).is_err() && keyring.aliased(&beginning).is_err());
        assert!(keyring.rename_alias(&beginning, &"b".parse().unwrap()).is_err());
        keyring.keys.push(with_id(second, "b"));
        let error = keyring.key("0b5e7a10").unwrap_err();
        let ids = format!("'0b5e7a10' is the beginning of several keys' ids: {first}, {second}");
        assert_eq!(error.to_string(), ids);
        assert!(matches!(error, KeyError::Ambiguous { ids, .. } if ids.len() == 2));
        assert_eq!(means(&keyring, "0b5e7a10-2").as_deref(), Ok(second));
        keyring.keys.push(generated("0b5e7a10"));
        assert_eq!(keyring.key("0b5e7a10"), Ok(&keyring.keys[2]));
    }

    #[test]
    fn a_key_is_found_by_alias_prefixed_alias_and_id() {
        let mut keyring = RootKeys::default();
        let id = keyring.add(generated("backup")).unwrap().id();
        for name in ["backup", "alias/backup", &id.to_string()] {
            assert_eq!(keyring.key(name).unwrap().id(), id, "{name}");
        }
        let error = keyring.key("backups").unwrap_err();
        let aliases = vec!["backup".parse().unwrap()];
        assert_eq!(error, KeyError::NotFound { name: "backups".to_owned(), aliases });
    }

    #[test]
    fn adding_never_replaces() {
        let mut keyring = RootKeys::default();
        let id = keyring.add(generated("a")).unwrap().id();
        let error = keyring.add(generated("a")).unwrap_err();
        assert_eq!(error, KeyError::AliasExists { alias: "a".parse().unwrap(), id });
        let foreign_version = |namespace: &str, material: u8| KeyVersion {
            namespace: namespace.to_owned(),
            name: "n".to_owned(),
            material: Material::new(SecretBytes::copy_of(&[material; 16])),
            ..one_version(generated("x"))
        };
        let foreign = |namespace: &str, material: u8| {
            Key::import(Kind::Aes, foreign_version(namespace, material)).unwrap()
        };
        keyring.add(foreign("ns", 1)).unwrap();
        for (material, word) in [(1, "same"), (2, "other")] {
            let error = keyring.add(foreign("ns", material)).unwrap_err().to_string();
            assert!(error.ends_with(&format!("with {word} material")), "{error}");
        }
        let rsa = |public_key: &str| {
            let (padding, public_key) = (RsaPadding::OaepSha256, public_key.to_owned());
            let version =
                KeyVersion::of_rsa(1, "of", "rsa", RsaPublic { padding, public_key }, None);
            Key::import(Kind::Rsa, version).unwrap()
        };
        let id = keyring.add(rsa("01")).unwrap().id();
        for (public, word) in [("01", "same"), ("02", "other")] {
            let error = keyring.add(rsa(public)).unwrap_err().to_string();
            assert!(error.ends_with(&format!("with {word} material")), "{error}");
        }
        keyring.keys.retain(|key| key.id() != id);
        for namespace in ["aws-kms", "aws-kms-mrk"] {
            let error = keyring.add(foreign(namespace, 3)).unwrap_err();
            assert!(matches!(error, KeyError::ReservedName { .. }));
        }
        for namespace in ["enwrap", ""] {
            assert!(keyring.add(foreign(namespace, 3)).is_err(), "'{namespace}'");
        }
        let mut next = generated("next");
        next.versions.iter_mut().next().unwrap().name = format!("{id}/2");
        assert!(matches!(keyring.add(next), Err(KeyError::ReservedName { .. })));
        let mut twice = Key::import(Kind::Aes, foreign_version("ns2", 1)).unwrap();
        twice.versions.push(KeyVersion { number: 2, ..foreign_version("ns2", 2) }).unwrap();
        assert!(matches!(keyring.add(twice), Err(KeyError::Occupied { .. })));
        assert_eq!(keyring.keys.len(), 2);
    }

    #[test]
    fn a_key_of_aws_kms_has_one_entry_and_a_multi_region_key_one_in_each_region() {
        let arn = |region: &str, id: &str| -> KmsArn {
            format!("arn:aws:kms:{region}:111122223333:key/{id}").parse().unwrap()
        };
        let whole = |arn: &KmsArn| Key::import(Kind::AwsKms, KeyVersion::of_kms(arn)).unwrap();
        let private = EcPrivateKey::generate(Curve::P256).unwrap();
        let public = private.public().clone();
        let pair = |arn: &KmsArn, public: &EcPublicKey| {
            let version = KeyVersion::of_public_in_kms(1, public, arn.clone());
            Key::import(Kind::P256, version).unwrap()
        };
        let mut keyring = RootKeys::default();
        let (one, two) = (arn("eu-west-1", "1-a"), arn("eu-west-1", "2-b"));
        let first = keyring.add(whole(&one)).unwrap().id();
        let second = keyring.add(pair(&two, &public)).unwrap().id();
        assert_eq!(keyring.keys[0].kms_arn().as_ref(), Some(&one));
        assert_eq!(keyring.keys[1].kms_arn(), None);
        assert_eq!(keyring.keys[1].current().private_half_in_kms(), Some(&two));
        assert!(!keyring.keys[1].is_public_only());
        let other = EcPrivateKey::generate(Curve::P256).unwrap();
        for (key, id, what) in [
            (whole(&one), first, "ARN"),
            (pair(&one, other.public()), first, "ARN"),
            (whole(&two), second, "ARN"),
            (pair(&two, other.public()), second, "ARN"),
            (pair(&arn("eu-west-1", "3-c"), &public), second, "name"),
            (Key::import(Kind::P256, KeyVersion::of_public(1, &public)).unwrap(), second, "name"),
            (Key::import(Kind::P256, KeyVersion::of_pair(1, private)).unwrap(), second, "name"),
        ] {
            let error = keyring.add(key).unwrap_err();
            let KeyError::Occupied { id: holder, what: shared } = error else {
                unreachable!("{error}")
            };
            assert!(holder == id && shared.starts_with(what), "{shared}");
        }
        // Nor does a key of AWS KMS take the place of a public half that is here without one.
        let plain = Key::import(Kind::P256, KeyVersion::of_public(1, other.public())).unwrap();
        let plain = keyring.add(plain).unwrap().id();
        let error = keyring.add(pair(&arn("eu-west-1", "4-d"), other.public())).unwrap_err();
        assert_eq!(error, KeyError::PublicHeld { id: plain });
        for region in ["eu-west-1", "us-east-1"] {
            keyring.add(whole(&arn(region, "mrk-1"))).unwrap();
        }
        assert!(keyring.add(whole(&arn("us-east-1", "mrk-1"))).is_err());
        assert_eq!((keyring.keys.len(), keyring.find_contradiction()), (5, None));
    }

    #[test]
    fn of_several_keys_all_are_added_or_none() {
        let mut keyring = RootKeys::default();
        keyring.add(generated("a")).unwrap();
        for taken in ["a", "b"] {
            let new = ["b", taken].map(generated).into();
            assert!(matches!(keyring.add_all(new), Err(KeyError::AliasExists { .. })), "{taken}");
            assert_eq!(keyring.keys.len(), 1);
        }
        keyring.add_all(["b", "c"].map(generated).into()).unwrap();
        assert_eq!(keyring.keys.len(), 3);
    }

    #[test]
    fn each_new_key_is_compared_with_a_set_and_not_with_every_other() {
        // If every key were compared with every other, this would take minutes.
        const MANY: usize = 30_000;
        let mut keyring = RootKeys::default();
        let new = || (0..MANY).map(|_| Key::generate(BTreeSet::new(), "").unwrap()).collect();
        keyring.add_all(new()).unwrap();
        keyring.add_all(new()).unwrap();
        assert_eq!(keyring.keys.len(), 2 * MANY);
    }

    #[test]
    fn a_key_that_is_off_or_decrypt_only_does_not_encrypt() {
        let mut key = generated("a");
        assert_eq!(key.to_encrypt().unwrap().number, 1);
        key.switch(None, State::Disabled).unwrap();
        assert!(matches!(key.to_encrypt(), Err(KeyError::Unusable { .. })));
        key.switch(None, State::Enabled).unwrap();
        assert!(key.to_encrypt().is_ok());
        let (id, versions) = (key.id(), Versions::of(one_version(key)));
        let key = Key::imported(id, Kind::Aes, versions, true);
        assert_eq!(key.to_encrypt().unwrap_err(), KeyError::DecryptOnly { key: id });
    }

    #[test]
    fn a_rotated_key_encrypts_under_the_new_version_and_keeps_the_old() {
        let mut keyring = RootKeys::default();
        keyring.add(generated("a")).unwrap();
        keyring.key_mut("a").unwrap().rotate().unwrap();
        let key = keyring.key("a").unwrap();
        assert_eq!(key.to_encrypt().unwrap().number, 2);
        assert_eq!(key.to_encrypt().unwrap().name, format!("{}/2", key.id()));
        let materials: Vec<_> = key.versions.iter().map(|version| &version.material).collect();
        assert_ne!(materials[0], materials[1]);
        let names: Vec<_> = key.versions.iter().map(|version| version.name.clone()).collect();
        assert_eq!(names, [1, 2].map(|number| format!("{}/{number}", key.id())));
        assert_eq!(keyring.find_contradiction(), None);
    }

    #[test]
    fn aliases_move_whole_or_not_at_all() {
        let mut keyring = RootKeys::default();
        let a = keyring.add(generated("a")).unwrap().id();
        let b = keyring.add(generated("b")).unwrap().id();
        let alias = |text: &str| text.parse::<Alias>().unwrap();
        keyring.add_alias(&alias("c"), "a").unwrap();
        assert!(keyring.add_alias(&alias("c"), "b").is_err());
        assert!(keyring.move_alias(&alias("c"), "none").is_err());
        assert_eq!(keyring.key("c").unwrap().id(), a);
        assert_eq!(keyring.move_alias(&alias("c"), "b"), Ok(b));
        assert!(keyring.rename_alias(&alias("c"), &alias("a")).is_err());
        assert_eq!(keyring.rename_alias(&alias("c"), &alias("d")), Ok(b));
        assert!(keyring.key("c").is_err() && keyring.key("d").unwrap().id() == b);
        assert_eq!(keyring.remove_alias(&alias("d")), Ok(b));
        assert!(keyring.remove_alias(&alias("d")).is_err());
    }

    #[test]
    fn contradictions_are_found() {
        let mut keyring = RootKeys::default();
        keyring.add(generated("a")).unwrap();
        assert_eq!(keyring.find_contradiction(), None);
        let version = keyring.keys[0].versions.iter_mut().next().unwrap();
        let name = std::mem::replace(&mut version.name, "other".to_owned());
        assert_eq!(keyring.find_contradiction(), Some("a key version with another key's name"));
        let version = keyring.keys[0].versions.iter_mut().next().unwrap();
        (version.name, version.material) = (name, None);
        assert_eq!(
            keyring.find_contradiction(),
            Some("a key version without its material, or with that of another kind")
        );
    }

    #[test]
    fn a_key_has_a_version_and_their_numbers_ascend() {
        let numbered = |number| KeyVersion { number, ..one_version(generated("a")) };
        let versions = |numbers: &[u32]| {
            Versions::try_from(numbers.iter().map(|number| numbered(*number)).collect::<Vec<_>>())
        };
        assert_eq!(versions(&[]), Err(VersionsFault::Empty));
        assert_eq!(versions(&[1, 1]), Err(VersionsFault::OutOfOrder));
        assert_eq!(versions(&[2, 1]), Err(VersionsFault::OutOfOrder));
        let mut some = versions(&[1, 3]).unwrap();
        assert_eq!(some.push(numbered(3)), Err(VersionsFault::OutOfOrder));
        some.push(numbered(4)).unwrap();
        let numbers: Vec<u32> = some.iter().map(|version| version.number).collect();
        assert_eq!((numbers, some.len(), some.current().number), (vec![1, 3, 4], 3, 4));
    }
}
