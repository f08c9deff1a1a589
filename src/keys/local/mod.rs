//! The local keyring as a key service: each version of its keys is a wrapping key of one of the SDK's raw keyrings.

pub mod branch_key;
mod kinds;
pub mod raw_aes;
pub mod raw_ecdh;
pub mod raw_rsa;
pub mod signs;

use std::borrow::Cow;

use crate::keyring::model::key::{NAMESPACE, Origin, State};
use crate::keyring::model::kms_arn::KmsArn;
use crate::keyring::{Key, KeyId, KeyVersion, Kind, RootKeys};
use crate::keys::service::{
    Candidate, KeyName, KeyService, Locality, NamedKey, Recipient, Unwrapper, WrapError,
    WrappingKey,
};
use crate::message::encrypted_data_key::EncryptedDataKey;
use branch_key::BranchName;
use kinds::Naming;

pub use kinds::{public_key, unwraps_what_it_wraps};

impl KeyService for RootKeys {
    fn locality(&self) -> Locality {
        Locality::Local
    }

    fn recipient(&self, key: &KeyName) -> Result<Box<dyn Recipient + '_>, WrapError> {
        let key = self.key(&key.to_string())?;
        kinds::recipient(key, key.to_encrypt()?).map(|recipient| recipient as _)
    }

    fn candidates(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        let naming = Naming::of(wrapped);
        self.versions()
            .filter(|(key, version)| naming.is_of(key.kind(), version))
            .filter_map(|(key, version)| {
                Some(candidate(key, version, kinds::unwrapper(key, version)?))
            })
            .collect()
    }

    fn unnamed_candidates(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        self.versions()
            .filter_map(|(key, version)| {
                let unwrapper = kinds::unnamed_unwrapper(key, version, wrapped)?;
                Some(candidate(key, version, unwrapper))
            })
            .collect()
    }

    fn missing_version(&self, wrapped: &EncryptedDataKey) -> Option<String> {
        if let Some(branch) = BranchName::of(wrapped) {
            return missing_branch_version(self, &branch);
        }
        let (namespace, name) = raw_aes::names(wrapped)?;
        let (id, number) = id_and_number(namespace, name)?;
        let key = named_by_id(self, id)?;
        if key.version(Some(number)).is_ok() {
            return None;
        }
        let alias = key.aliases().first().map_or_else(|| key.id().to_string(), ToString::to_string);
        let newest = key.current().number;
        Some(if number > newest {
            let reason = "this keyring is older than the rotation";
            format!("has version {newest} of '{alias}', not {number}: {reason}")
        } else {
            format!("has destroyed version {number} of '{alias}'")
        })
    }

    fn root_key(&self, wrapped: &EncryptedDataKey) -> Option<NamedKey> {
        let key = named(self, wrapped)?;
        let has_our_name =
            key.origin() == Origin::Generated && key.current().namespace == NAMESPACE;
        let is_public_name = key.kind().curve().is_some() || key.kind() == Kind::AwsKms;
        let is_identified = has_our_name || is_public_name;
        let is_other = |arn: KmsArn| arn.as_str().as_bytes() != wrapped.provider_info;
        let is_replica = key.kms_arn().is_some_and(is_other);
        Some(NamedKey { key: key.id().into(), is_identified, is_replica })
    }
}

/// The version of a key of the keyring that an encrypted data key names, also where it is in AWS KMS.
#[must_use]
pub fn named_version<'a>(
    keyring: &'a RootKeys,
    wrapped: &EncryptedDataKey,
) -> Option<(&'a Key, &'a KeyVersion)> {
    let naming = Naming::of(wrapped);
    let held = keyring.versions().filter(|(key, version)| naming.is_of(key.kind(), version));
    // Of a multi-Region key there can be an entry for each region.
    held.min_by_key(|(_, version)| !naming.is_exact(version))
}

/// The key that an encrypted data key names, also in a version that was destroyed.
fn named<'a>(keyring: &'a RootKeys, wrapped: &EncryptedDataKey) -> Option<&'a Key> {
    let held = named_version(keyring, wrapped);
    let by_id = || {
        let (namespace, name) = raw_aes::names(wrapped)?;
        named_by_id(keyring, id_and_number(namespace, name)?.0)
    };
    held.map(|(key, _)| key).or_else(by_id)
}

/// The key of this id, if messages call it by that. An import can have any id, and names of its own.
fn named_by_id(keyring: &RootKeys, id: KeyId) -> Option<&Key> {
    let is_it = |key: &&Key| key.id() == id && key.current().namespace == NAMESPACE;
    keyring.keys().iter().find(is_it)
}

/// Says that a branch key is held in other versions than the one that is named, which AWS KMS may still have.
fn missing_branch_version(keyring: &RootKeys, named: &BranchName) -> Option<String> {
    let branch_keys = keyring.versions().filter(|(key, _)| key.kind() == Kind::Branch);
    let names = branch_keys.filter_map(|(_, version)| BranchName::read(&version.name));
    let versions: Vec<BranchName> = names.filter(|held| held.id == named.id).collect();
    let BranchName { id, version } = named;
    (!versions.is_empty() && !versions.contains(named))
        .then(|| format!("has the branch key '{id}', but not its version {version}"))
}

/// The id of a key and the number of its version, from the name that enwrap gives to versions of its own keys.
///
/// The name is parsed once: a keyring of thousands of keys is searched for each encrypted data key, and to write
/// every id as text would take most of the time of opening a message.
fn id_and_number(namespace: &str, name: &str) -> Option<(KeyId, u32)> {
    let (id, number) = name.split_once('/')?;
    if namespace == NAMESPACE { Some((id.parse().ok()?, number.parse().ok()?)) } else { None }
}

fn candidate<'a>(
    key: &Key,
    version: &KeyVersion,
    unwrapper: Box<dyn Unwrapper + 'a>,
) -> Candidate<'a> {
    let refusal = version.require_enabled(key.id()).err();
    Candidate { key: wrapping_key(key, version), refusal, unwrapper }
}

/// How other rooms call a version of a key of the keyring.
#[must_use]
pub fn wrapping_key(key: &Key, version: &KeyVersion) -> WrappingKey {
    WrappingKey {
        key: key.id().into(),
        version: version.number,
        is_current: key.current().number == version.number,
        is_enabled: version.state == State::Enabled,
    }
}

/// The namespace and name that an encrypted data key gives, for people and programs. Not authentic.
///
/// The name is the key name of a raw AES keyring, the recipient's public key in hex of a raw ECDH keyring, or the id and the
/// version of a branch key, where the encrypted data key has that shape; and else all of the provider info, which is the
/// key name of a raw RSA keyring.
#[must_use]
pub fn namespace_and_name(wrapped: &EncryptedDataKey) -> (Cow<'_, str>, Cow<'_, str>) {
    let info = &wrapped.provider_info;
    let recipient = || raw_ecdh::recipient_of(wrapped).map(|key| Cow::Owned(hex::encode(key)));
    let branch = || BranchName::of(wrapped).map(|name| Cow::Owned(name.to_string()));
    let name = recipient().or_else(branch).or_else(|| raw_aes::key_name(info).map(Cow::Borrowed));
    let name = name.unwrap_or_else(|| String::from_utf8_lossy(info));
    (String::from_utf8_lossy(&wrapped.provider_id), name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ec::{Curve, EcPrivateKey};
    use crate::keyring::KeyError;
    use crate::keys::local::raw_ecdh::Agreement;
    use crate::keys::service::UnwrapError;
    use crate::message::context::EncryptionContext;

    fn keyring() -> RootKeys {
        let mut keyring = RootKeys::default();
        for alias in ["other", "a"] {
            keyring.add(Key::generate([alias.parse().unwrap()].into(), "").unwrap()).unwrap();
        }
        keyring
    }

    #[test]
    fn an_encrypted_data_key_names_its_version_also_after_a_rotation() {
        let mut keyring = keyring();
        let id = keyring.key("a").unwrap().id();
        let context = EncryptionContext::default();
        let (data_key, first) =
            keyring.recipient(&id.into()).unwrap().generate(32, &context).unwrap();
        keyring.key_mut("a").unwrap().rotate().unwrap();
        let second = keyring.recipient(&id.into()).unwrap().wrap(&data_key, &context).unwrap();
        for (wrapped, version) in [(&first, 1), (&second, 2)] {
            let candidates = keyring.candidates(wrapped);
            assert_eq!(candidates.len(), 1);
            let key = &candidates[0].key;
            assert_eq!(
                (&key.key, key.version, key.is_current),
                (&id.into(), version, version == 2)
            );
            let unwrapped = candidates[0].unwrapper.unwrap(wrapped, &context).unwrap();
            assert_eq!(unwrapped, data_key);
        }
    }

    const ID: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

    fn arn(region: &str) -> KmsArn {
        format!("arn:aws:kms:{region}:111122223333:key/{ID}").parse().unwrap()
    }

    #[test]
    fn a_key_of_aws_kms_is_told_by_its_arn_and_neither_wraps_nor_unwraps_here() {
        let mut keyring = keyring();
        let add = |keyring: &mut RootKeys, region| {
            let version = KeyVersion::of_kms(&arn(region));
            keyring.add(Key::import(Kind::AwsKms, version).unwrap()).unwrap().id()
        };
        let west = add(&mut keyring, "eu-west-1");
        let east = add(&mut keyring, "us-east-1");
        let named = |provider: &str, info: &str| {
            let wrapped = EncryptedDataKey {
                provider_id: provider.into(),
                provider_info: info.into(),
                ciphertext: vec![7; 184],
            };
            assert!(keyring.candidates(&wrapped).is_empty());
            let version = named_version(&keyring, &wrapped).map(|(key, _)| key.id().into());
            assert_eq!(version, keyring.root_key(&wrapped).map(|named| named.key));
            keyring.root_key(&wrapped).map(|named| (named.key, named.is_identified))
        };
        for (region, id) in [("eu-west-1", west), ("us-east-1", east), ("eu-north-1", west)] {
            let found = named("aws-kms", arn(region).as_str());
            assert_eq!(found, Some((id.into(), true)), "{region}");
        }
        let text = arn("eu-west-1").to_string();
        for (provider, info) in [
            ("aws-kms", text.replace("1111", "2222")),
            ("aws-kms", text.replace("mrk-", "")),
            ("aws-kms", text.replace(":key/", ":alias/")),
            ("aws-kms", String::new()),
            ("aws-kms-ecdh", text.clone()),
            ("enwrap", text),
        ] {
            assert_eq!(named(provider, &info), None, "{provider}: {info}");
        }
        let key = keyring.key(&west.to_string()).unwrap();
        let Err(WrapError::Key(error)) = keyring.recipient(&west.into()) else {
            unreachable!("nothing here wraps for it")
        };
        assert_eq!(error, KeyError::Remote { key: west });
        assert!(unwraps_what_it_wraps(key, key.current()).unwrap());
    }

    #[test]
    fn the_public_half_of_a_pair_in_aws_kms_wraps_and_says_where_it_opens() {
        let private = EcPrivateKey::generate(Curve::P256).unwrap();
        let version = KeyVersion::of_public_in_kms(1, private.public(), arn("eu-west-1"));
        let mut keyring = keyring();
        let id = keyring.add(Key::import(Kind::P256, version).unwrap()).unwrap().id();
        let key = keyring.key(&id.to_string()).unwrap();
        let context = EncryptionContext::default();
        let recipient = keyring.recipient(&id.into()).unwrap();
        let (data_key, wrapped) = recipient.generate(32, &context).unwrap();
        assert_eq!(wrapped.provider_id, b"aws-kms-ecdh");
        let candidates = keyring.candidates(&wrapped);
        assert_eq!(candidates.len(), 1);
        let refused = candidates[0].unwrapper.unwrap(&wrapped, &context);
        assert!(
            matches!(refused, Err(UnwrapError::Key(KeyError::PublicOnly { key })) if key == id)
        );
        let public = public_key(key, key.current()).unwrap();
        let agreement = Agreement::read(&public, &wrapped).unwrap();
        let shared = private.agree(agreement.sender()).unwrap();
        assert_eq!(agreement.unwrap(&shared, &context).unwrap(), data_key);
        assert!(unwraps_what_it_wraps(key, key.current()).unwrap());
    }

    #[test]
    fn a_destroyed_version_is_still_told_by_its_name_and_damage_by_its_material() {
        let keyring = keyring();
        let id = keyring.key("a").unwrap().id();
        let context = EncryptionContext::default();
        let (_, mut wrapped) =
            keyring.recipient(&id.into()).unwrap().generate(32, &context).unwrap();
        let mut gone = wrapped.clone();
        gone.provider_info[37] = b'9';
        assert!(keyring.candidates(&gone).is_empty());
        let missing = keyring.missing_version(&gone).unwrap();
        assert_eq!(missing, "has version 1 of 'a', not 9: this keyring is older than the rotation");
        assert_eq!(keyring.missing_version(&wrapped), None);
        assert_eq!(keyring.root_key(&gone).map(|named| named.key), Some(id.into()));
        wrapped.provider_id[0] ^= 1;
        assert!(keyring.candidates(&wrapped).is_empty() && keyring.root_key(&wrapped).is_none());
        let opens = |it: &Candidate<'_>| it.unwrapper.unwrap(&wrapped, &context).is_ok();
        let opened: Vec<_> =
            keyring.unnamed_candidates(&wrapped).into_iter().filter(opens).collect();
        assert_eq!(opened.len(), 1);
        assert_eq!(opened[0].key.key, id.into());
    }

    #[test]
    fn a_branch_key_is_missing_in_a_version_only_if_it_is_held_in_others() {
        let version = "6b7bb8a0-0b0e-4d3a-9d56-000000000001";
        let uuid: uuid::Uuid = version.parse().unwrap();
        let named = |id: &str| EncryptedDataKey {
            provider_id: b"aws-kms-hierarchy".to_vec(),
            provider_info: id.into(),
            ciphertext: [&[1; 28][..], uuid.as_bytes(), &[2; 48]].concat(),
        };
        let (own, other) = (named("branch"), named("other"));
        let version = KeyVersion::new(1, "aws-kms-hierarchy", &format!("branch/{version}"), None);
        let mut keyring = keyring();
        assert_eq!(keyring.missing_version(&own), None);
        let id = keyring.add(Key::import(Kind::Branch, version).unwrap()).unwrap().id();
        assert!(keyring.key(&id.to_string()).is_ok());
        assert_eq!((keyring.missing_version(&own), keyring.missing_version(&other)), (None, None));
        let mut later = own;
        later.ciphertext[28] ^= 1;
        let missing = keyring.missing_version(&later).unwrap();
        assert!(missing.starts_with("has the branch key 'branch', but not its version 6a7b"));
    }

    #[test]
    fn what_has_not_the_shape_of_a_wrap_is_tried_with_no_key() {
        let keyring = keyring();
        let id = keyring.key("a").unwrap().id();
        let context = EncryptionContext::default();
        let mut wrapped = keyring.recipient(&id.into()).unwrap().generate(32, &context).unwrap().1;
        assert_eq!(keyring.unnamed_candidates(&wrapped).len(), 2);
        wrapped.ciphertext.truncate(16);
        assert!(keyring.unnamed_candidates(&wrapped).is_empty());
    }
}
