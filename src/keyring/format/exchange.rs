//! Export and import of root keys, in two forms.
//!
//! One is JSON with what an official SDK needs for a keyring of its own, an object a version. The other is a
//! keyring that holds the chosen versions only. Either can have the public halves only.

use std::collections::BTreeSet;
use std::io;

use serde::{Deserialize, Serialize};

use crate::crypto::secret::SecretText;
use crate::keyring::model::error::KeyError;
use crate::keyring::model::key::{Key, KeyVersion, RsaPublic};
use crate::keyring::model::kind::Kind;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keyring::model::material::Material;
use crate::keyring::model::name::{Alias, KeyId};
use crate::keyring::model::root_keys::RootKeys;
use crate::keyring::model::versions::{Versions, VersionsFault};

const FORMAT: &str = "enwrap-key";

/// An exported key version.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exported {
    format: String,
    id: KeyId,
    version: u32,
    /// Left out for AES, as in a keyring.
    #[serde(default, skip_serializing_if = "is_aes")]
    kind: Kind,
    namespace: String,
    name: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    decrypt_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rsa: Option<RsaPublic>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aws_kms: Option<KmsArn>,
    /// Left out of a public half.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    material: Option<Material>,
}

fn is_aes(kind: &Kind) -> bool {
    *kind == Kind::Aes
}

/// One object, or a list of them.
#[derive(Deserialize)]
#[serde(transparent)]
struct List(Vec<Exported>);

/// The bytes are not an exported key. The error does not show them, since they may hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an exported key (line {line}, column {column})")]
pub struct NotAnExport {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
}

/// The versions that are exported, and what the receiver can and may do with them.
#[derive(Debug)]
pub struct KeySelection<'a> {
    /// Each version with its key. Those of one key stand together, in ascending order.
    pub versions: Vec<(&'a Key, &'a KeyVersion)>,
    /// What is exported of them.
    pub half: Half,
    /// Whether enwrap is to refuse to encrypt under them. It prevents mistakes only: the material could.
    pub decrypt_only: bool,
}

/// What is exported of a key version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// All that is held: whoever has it can decrypt.
    All,
    /// The public half: whoever has it can encrypt, and not decrypt.
    Public,
}

impl KeySelection<'_> {
    /// Whether no secret is exported: public halves were asked for, or nothing else is held.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.half == Half::Public
            || self.versions.iter().all(|(_, version)| version.material.is_none())
    }

    /// Whether what is exported opens nothing: it has no secret, and no key of AWS KMS that could be asked.
    #[must_use]
    pub fn opens_nothing(&self) -> bool {
        self.is_public() && self.versions.iter().all(|(_, version)| version.kms_arn().is_none())
    }

    /// The versions as JSON: one object, or a list of several.
    ///
    /// # Errors
    /// [`KeyError::Remote`] for a key that AWS KMS keeps whole: an SDK takes it by its ARN, and not from an export.
    /// [`KeyError::Symmetric`] for one without a public half.
    #[expect(
        clippy::expect_used,
        reason = "these types have no map keys or numbers that JSON lacks"
    )]
    pub fn to_json(&self) -> Result<SecretText, KeyError> {
        let mut all = Vec::new();
        for (key, version) in &self.versions {
            if key.kind() == Kind::AwsKms {
                return Err(KeyError::Remote { key: key.id() });
            }
            let copy = self.copy_of(key, version)?;
            all.push(Exported {
                format: FORMAT.to_owned(),
                id: key.id(),
                version: version.number,
                kind: key.kind(),
                namespace: copy.namespace,
                name: copy.name,
                decrypt_only: self.decrypt_only || key.is_decrypt_only(),
                rsa: copy.rsa,
                aws_kms: copy.aws_kms,
                material: copy.material,
            });
        }
        let mut text = SecretText::default();
        match &all[..] {
            [one] => serde_json::to_writer_pretty(&mut text, one),
            _ => serde_json::to_writer_pretty(&mut text, &all),
        }
        .expect("an export is JSON");
        text.push(b"\n");
        Ok(text)
    }

    /// A keyring of the versions, with the ARNs of those that are in AWS KMS.
    ///
    /// # Errors
    /// [`KeyError::Remote`] and [`KeyError::Symmetric`] where public halves are asked for of a key that has none, and
    /// [`KeyError::Occupied`] for a version that was chosen twice.
    pub fn to_keyring(&self) -> Result<RootKeys, KeyError> {
        let mut keys = Vec::new();
        for of_key in self.versions.chunk_by(|(a, _), (b, _)| a.id() == b.id()) {
            let ((key, first), more) = (of_key[0], &of_key[1..]);
            let mut versions = Versions::of(self.copy_of(key, first)?);
            for (_, version) in more {
                let what = format!("version {}", version.number);
                let occupied = |_| KeyError::Occupied { id: key.id(), what };
                versions.push(self.copy_of(key, version)?).map_err(occupied)?;
            }
            keys.push(key.copy_with(versions, self.decrypt_only));
        }
        let mut keyring = RootKeys::default();
        keyring.add_all(keys)?;
        Ok(keyring)
    }

    fn copy_of(&self, key: &Key, version: &KeyVersion) -> Result<KeyVersion, KeyError> {
        let material = match self.half {
            Half::All => version.material.as_ref().map(Material::duplicate),
            Half::Public if key.kind().has_public_half() => None,
            Half::Public if key.kind() == Kind::AwsKms => {
                return Err(KeyError::Remote { key: key.id() });
            }
            Half::Public => return Err(KeyError::Symmetric { key: key.id(), kind: key.kind() }),
        };
        Ok(KeyVersion {
            number: version.number,
            namespace: version.namespace.clone(),
            name: version.name.clone(),
            created: version.created,
            state: version.state,
            deletion_date: version.deletion_date,
            rsa: version.rsa.clone(),
            aws_kms: version.aws_kms.clone(),
            material,
        })
    }
}

/// Reads what [`KeySelection::to_json`] wrote.
///
/// # Errors
/// [`NotAnExport`].
pub fn from_json(text: &[u8]) -> Result<Vec<Key>, NotAnExport> {
    let refused =
        |error: serde_json::Error| NotAnExport { line: error.line(), column: error.column() };
    let all = if text.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice::<List>(text).map_err(refused)?.0
    } else {
        vec![serde_json::from_slice::<Exported>(text).map_err(refused)?]
    };
    if all.is_empty() {
        return Err(NotAnExport { line: 1, column: 1 });
    }
    let mut keys: Vec<(KeyId, Kind, Vec<KeyVersion>, bool)> = Vec::new();
    for exported in all {
        let Exported { id, kind, version, namespace, name, decrypt_only, .. } = exported;
        let (number, rsa, aws_kms) = (version, exported.rsa, exported.aws_kms);
        let version = KeyVersion::new(number, &namespace, &name, exported.material);
        let version = KeyVersion { rsa, aws_kms, ..version };
        // A key of AWS KMS is in no export of this form.
        let is_here = kind != Kind::AwsKms && version.has_the_parts_of(kind);
        if exported.format != FORMAT || number == 0 || !is_here {
            return Err(NotAnExport { line: 1, column: 1 });
        }
        match keys.iter_mut().find(|(known, known_kind, ..)| (*known, *known_kind) == (id, kind)) {
            Some((_, _, versions, is_decrypt_only)) => {
                versions.push(version);
                *is_decrypt_only |= decrypt_only;
            }
            None => keys.push((id, kind, vec![version], decrypt_only)),
        }
    }
    let made = keys.into_iter().map(|(id, kind, mut versions, decrypt_only)| {
        versions.sort_by_key(|version| version.number);
        Ok(Key::imported(id, kind, Versions::try_from(versions)?, decrypt_only))
    });
    made.collect::<Result<_, VersionsFault>>().map_err(|_| NotAnExport { line: 1, column: 1 })
}

/// A key of another keyring, on its way into this one.
#[derive(Debug)]
pub struct Foreign {
    /// The key. It has no aliases: a name that people trust is given here, never by the file.
    pub key: Key,
    /// The aliases that the key had there.
    pub aliases: BTreeSet<Alias>,
}

impl Foreign {
    /// The key as it is added to `keyring`, and the id that it had if it gets another one.
    ///
    /// It gets another one where it says that it is the public half of a key that was rotated elsewhere: the id is there,
    /// for the public half of another key of its kind. Nothing proves that both have one owner. A version is never added to a key that is there, since it would become the current one: whoever gave it
    /// could read all that is encrypted from then on.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn beside(self, keyring: &RootKeys) -> io::Result<(Self, Option<KeyId>)> {
        let id = self.key.id();
        let is_held = |version: &KeyVersion| {
            let names = (&version.namespace, &version.name);
            keyring.versions().any(|(_, held)| (&held.namespace, &held.name) == names)
        };
        let has_one_like_it = |held: &Key| held.kind() == self.key.kind() && held.is_public_only();
        let is_rotated = self.key.is_public_only()
            && keyring.key(&id.to_string()).is_ok_and(has_one_like_it)
            && !self.key.versions().iter().any(is_held);
        if !is_rotated {
            return Ok((self, None));
        }
        Ok((Self { key: self.key.with_id(KeyId::generate()?), ..self }, Some(id)))
    }

    /// The key under the alias that was chosen for it here.
    #[must_use]
    pub fn named(self, alias: Option<Alias>) -> Key {
        self.key.into_imported(alias.into_iter().collect())
    }
}

impl From<Key> for Foreign {
    fn from(key: Key) -> Self {
        let aliases = key.aliases().clone();
        Self { key: key.into_imported(BTreeSet::new()), aliases }
    }
}

/// The keys of another keyring.
#[must_use]
pub fn from_keyring(keyring: RootKeys) -> Vec<Foreign> {
    keyring.into_keys().into_iter().map(Foreign::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ec::{Curve, EcPrivateKey};
    use crate::crypto::rsa::RsaPadding;
    use crate::keyring::model::key::Origin;

    fn sample() -> Key {
        let mut key =
            Key::generate(["default", "a"].map(|a| a.parse().unwrap()).into(), "x").unwrap();
        key.rotate().unwrap();
        key
    }

    fn selection(key: &Key, decrypt_only: bool) -> KeySelection<'_> {
        let versions = key.versions().iter().map(|version| (key, version)).collect();
        KeySelection { versions, half: Half::All, decrypt_only }
    }

    #[test]
    fn an_import_has_the_id_names_and_materials_of_the_export() {
        let key = sample();
        for (count, first) in [(2, b'['), (1, b'{')] {
            let mut chosen = selection(&key, false);
            chosen.versions.truncate(count);
            let text = chosen.to_json().unwrap();
            assert_eq!(text.expose()[0], first);
            let keys = from_json(text.expose()).unwrap();
            assert_eq!(
                (keys.len(), keys[0].id(), keys[0].origin()),
                (1, key.id(), Origin::Imported)
            );
            assert!(!keys[0].is_decrypt_only());
            for (there, here) in key.versions().iter().zip(keys[0].versions().iter()) {
                assert_eq!((&there.name, &there.material), (&here.name, &here.material));
            }
            assert_eq!(keys[0].versions().len(), count);
        }
    }

    #[test]
    fn a_keyring_of_the_selection_has_all_that_was_chosen_and_names_nothing_here() {
        let key = sample();
        let keyring = selection(&key, true).to_keyring().unwrap();
        assert_eq!(keyring.find_contradiction(), None);
        assert_eq!(keyring.keys()[0].versions(), key.versions());
        let foreign = from_keyring(keyring).remove(0);
        assert_eq!(foreign.aliases, *key.aliases());
        assert!(foreign.key.aliases().is_empty());
        let key = foreign.named(Some("b".parse().unwrap()));
        assert_eq!(*key.aliases(), BTreeSet::from(["b".parse().unwrap()]));
        assert_eq!((key.origin(), key.is_decrypt_only()), (Origin::Imported, true));
    }

    #[test]
    fn a_key_in_aws_kms_goes_as_an_entry_and_the_arn_goes_with_a_public_half() {
        let arn: KmsArn = "arn:aws:kms:eu-west-1:111122223333:key/a".parse().unwrap();
        let whole = Key::import(Kind::AwsKms, KeyVersion::of_kms(&arn)).unwrap();
        let chosen = selection(&whole, true);
        assert!(chosen.is_public() && !chosen.opens_nothing());
        assert_eq!(chosen.to_json().unwrap_err(), KeyError::Remote { key: whole.id() });
        let public = KeySelection { half: Half::Public, ..selection(&whole, false) };
        assert_eq!(public.to_keyring().unwrap_err(), KeyError::Remote { key: whole.id() });
        let there = chosen.to_keyring().unwrap();
        let key = from_keyring(there).remove(0).named(Some("b".parse().unwrap()));
        assert_eq!((key.origin(), key.is_decrypt_only()), (Origin::AwsKms, true));
        assert_eq!((key.id(), key.kms_arn()), (whole.id(), Some(arn.clone())));

        let pair = EcPrivateKey::generate(Curve::P384).unwrap();
        let version = KeyVersion::of_public_in_kms(1, pair.public(), arn.clone());
        let pair = Key::import(Kind::P384, version).unwrap();
        for half in [Half::All, Half::Public] {
            let chosen = KeySelection { half, ..selection(&pair, false) };
            let text = chosen.to_json().unwrap();
            let key = from_json(text.expose()).unwrap().remove(0);
            assert_eq!(key.current().private_half_in_kms(), Some(&arn));
            assert_eq!(key.origin(), Origin::Imported);
            let keyring = chosen.to_keyring().unwrap();
            assert_eq!(keyring.keys()[0].versions(), pair.versions());
            let text = std::str::from_utf8(text.expose()).unwrap();
            let whole = text.replace("p384", "aws-kms").replace("aws_kms", "name");
            for bad in [text.replace(":key/", ":alias/"), text.replace("p384", "aes"), whole] {
                assert!(from_json(bad.as_bytes()).is_err(), "{bad}");
            }
        }
    }

    #[test]
    fn a_guard_rail_survives_the_way_through_json() {
        let key = sample();
        let text = selection(&key, true).to_json().unwrap();
        assert!(from_json(text.expose()).unwrap()[0].is_decrypt_only());
    }

    #[test]
    fn the_guard_rail_of_one_version_is_that_of_its_key_and_every_key_without_a_kind_is_for_aes() {
        let key = sample();
        let text = |decrypt_only| {
            let text = selection(&key, decrypt_only).to_json().unwrap();
            let versions: Vec<serde_json::Value> = serde_json::from_slice(text.expose()).unwrap();
            versions
        };
        let (with, without) = (text(true), text(false));
        assert!(without.iter().all(|version| version.get("kind").is_none()));
        for mixed in [[&with[0], &without[1]], [&without[0], &with[1]]] {
            let mixed = serde_json::to_vec(&mixed).unwrap();
            assert!(from_json(&mixed).unwrap()[0].is_decrypt_only());
        }
        let private = EcPrivateKey::generate(Curve::P256).unwrap();
        let pair = Key::import(Kind::P256, KeyVersion::of_pair(1, private)).unwrap();
        let pair = selection(&pair, false).to_json().unwrap();
        let pair: serde_json::Value = serde_json::from_slice(pair.expose()).unwrap();
        assert_eq!(pair["kind"], "p256");
        let rsa = RsaPublic { padding: RsaPadding::OaepSha256, public_key: "01".to_owned() };
        let version = KeyVersion::of_rsa(1, "ns", "n", rsa.clone(), None);
        let key = Key::import(Kind::Rsa, version).unwrap();
        let text = selection(&key, false).to_json().unwrap();
        assert_eq!(from_json(text.expose()).unwrap()[0].current().rsa, Some(rsa));
    }

    #[test]
    fn a_public_half_gets_another_id_only_where_it_can_be_a_rotated_one() {
        let pair = |curve| {
            let private = EcPrivateKey::generate(curve).unwrap();
            KeyVersion::of_pair(1, private)
        };
        let half = |of: &KeyVersion| KeyVersion::new(1, &of.namespace, &of.name, None);
        let id = KeyId::generate().unwrap();
        let keyring = |kind: Kind, version: KeyVersion| {
            let mut keyring = RootKeys::default();
            keyring.add(Key::import(kind, version).unwrap().with_id(id)).unwrap();
            keyring
        };
        let new = pair(Curve::P256);
        let beside = |version: KeyVersion, keyring: &RootKeys| {
            let key = Key::import(Kind::P256, version).unwrap().with_id(id);
            let (foreign, old) = Foreign { key, aliases: BTreeSet::new() }.beside(keyring).unwrap();
            assert_eq!(old.is_some(), foreign.key.id() != id);
            old
        };
        let other_half = keyring(Kind::P256, half(&pair(Curve::P256)));
        assert_eq!(beside(half(&new), &other_half), Some(id));
        // What has its private half here or there, is of another kind, or is held, is not.
        for held in [
            keyring(Kind::P256, pair(Curve::P256)),
            keyring(Kind::P384, half(&pair(Curve::P384))),
            keyring(Kind::P256, half(&new)),
            RootKeys::default(),
        ] {
            assert_eq!(beside(half(&new), &held), None);
        }
        assert_eq!(beside(new, &other_half), None);
    }

    #[test]
    fn other_json_is_refused_without_being_shown() {
        let key = sample();
        let mut twice = selection(&key, false);
        twice.versions[1] = twice.versions[0];
        let twice = twice.to_json().unwrap();
        let twice = std::str::from_utf8(twice.expose()).unwrap();
        for text in ["", "{}", "[]", r#"{"format":"enwrap-key","secret":"hunter2"}"#, twice] {
            let error = from_json(text.as_bytes()).unwrap_err();
            assert!(!error.to_string().contains("hunter2"));
        }
        let good = selection(&key, false).to_json().unwrap();
        let good = std::str::from_utf8(good.expose()).unwrap();
        assert!(from_json(good.as_bytes()).is_ok());
        for (from, to) in [
            ("enwrap-key", "enwrap-kez"),
            ("\"version\": 1", "\"version\": 0"),
            ("\"namespace\"", "\"kind\": \"p256\", \"namespace\""),
        ] {
            assert!(good.contains(from), "{from} is not in {good}");
            assert!(from_json(good.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
        }
    }
}
