//! Signs of a key in a file of which nothing can be read.

use super::branch_key::BranchName;
use super::raw_aes;
use crate::fs::search::Needles;
use crate::keyring::model::key::NAMESPACE;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keyring::{Key, KeyVersion, Kind};

/// What shows that a file has to do with a version, although nothing in it can be read: the id of its key or, of an
/// imported key, its namespace and name as an encrypted data key has them; of an elliptic-curve key its public key; of a key
/// of AWS KMS the id that its ARN ends with.
///
/// Each of them stands in two parts that share no byte, so one damaged byte leaves the other part.
pub fn add_signs(key: &Key, version: &KeyVersion, signs: &mut Needles) {
    if version.namespace == NAMESPACE {
        let id = key.id().to_string();
        let (first, second) = id.split_at(id.len() / 2);
        signs.add_text(first.as_bytes());
        signs.add_text(second.as_bytes());
    } else if let (Some(_), Some(point)) = (key.kind().curve(), version.public_point()) {
        let (first, second) = point.split_at(point.len() / 2);
        signs.add_raw(first);
        signs.add_raw(second);
    } else if let Some(arn) = key.kms_arn() {
        let (first, second) = halves_of_an_id(&arn);
        signs.add_text(first.as_bytes());
        signs.add_text(second.as_bytes());
    } else {
        let (first, second) = serialised_names(key.kind(), version);
        signs.add_raw(&first);
        signs.add_raw(&second);
    }
}

/// Two parts of the name of a key of AWS KMS that share no byte, without what is in the names of other keys: the region and
/// the account. An id is a UUID, with `mrk-` and without hyphens if it is that of a multi-Region key.
fn halves_of_an_id(arn: &KmsArn) -> (&str, &str) {
    const LEAST_OF_A_UUID: usize = 32;
    match arn.key_id() {
        Some(id) if id.len() >= LEAST_OF_A_UUID => id.split_at(id.len() / 2),
        _ => (arn.as_str(), arn.as_str()),
    }
}

/// The bytes with which an encrypted data key names a version: two parts that share no byte.
fn serialised_names(kind: Kind, version: &KeyVersion) -> (Vec<u8>, Vec<u8>) {
    let with_length = |text: &str| {
        let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
        [&len.to_be_bytes(), text.as_bytes()].concat()
    };
    match (kind, BranchName::read(&version.name)) {
        (Kind::Branch, Some(BranchName { id, version })) => {
            (with_length(&id), version.as_bytes().to_vec())
        }
        (Kind::Rsa, _) => (with_length(&version.namespace), with_length(&version.name)),
        _ => raw_aes::serialised_names(&version.namespace, &version.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ec::{Curve, EcPrivateKey};
    use crate::crypto::rsa::RsaPadding;
    use crate::crypto::secret::SecretBytes;
    use crate::keyring::model::key::RsaPublic;
    use crate::keyring::{Material, RootKeys};
    use crate::keys::service::KeyService as _;
    use crate::message::context::EncryptionContext;
    use crate::message::encrypted_data_key::EncryptedDataKey;

    const ID: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

    fn arn(region: &str) -> KmsArn {
        format!("arn:aws:kms:{region}:111122223333:key/{ID}").parse().unwrap()
    }

    #[test]
    fn a_sign_of_a_key_of_aws_kms_is_none_of_another_key_in_its_account() {
        let key = Key::import(Kind::AwsKms, KeyVersion::of_kms(&arn("eu-west-1"))).unwrap();
        let mut signs = Needles::default();
        add_signs(&key, key.current(), &mut signs);
        let text = arn("us-east-1").to_string();
        let is_found = |text: &str| signs.are_in(text.as_bytes()).unwrap();
        assert!(is_found(&text) && is_found(&text.replace("mrk-1", "mrk-x")));
        assert!(is_found(&text.replace("0ab", "x")));
        assert!(!is_found(&text.replace(ID, "mrk-00000000000000000000000000000000")));
    }

    /// An imported key of each kind, with a wrap that names it, and one that does not.
    fn imports() -> Vec<(Kind, KeyVersion, [EncryptedDataKey; 2])> {
        let named = |provider_id: &str, provider_info: &str, ciphertext: &[u8]| EncryptedDataKey {
            provider_id: provider_id.into(),
            provider_info: provider_info.into(),
            ciphertext: ciphertext.to_vec(),
        };
        let context = EncryptionContext::default();
        let by = |kind: Kind, version: KeyVersion| {
            let mut keyring = RootKeys::default();
            let id = keyring.add(Key::import(kind, version).unwrap()).unwrap().id();
            keyring.recipient(&id.into()).unwrap().generate(32, &context).unwrap().1
        };
        let aes = |namespace: &str, name: &str| {
            let material = Material::new(SecretBytes::copy_of(&[7; 32]));
            KeyVersion::new(1, namespace, name, material)
        };
        let pairs = [(); 2].map(|()| EcPrivateKey::generate(Curve::P384).unwrap());
        let [first, second] = pairs.each_ref().map(|pair| KeyVersion::of_public(1, pair.public()));
        let rsa = RsaPublic { padding: RsaPadding::OaepSha256, public_key: String::new() };
        let uuids =
            ["6b7bb8a0-0b0e-4d3a-9d56-000000000001", "18c1d3f2-5a67-4a5e-a1d0-9c7be4d1f002"];
        let [version, other] = uuids.map(|uuid| uuid.parse::<uuid::Uuid>().unwrap());
        let branch = |id, version: &uuid::Uuid| {
            named("aws-kms-hierarchy", id, &[&[1; 28][..], version.as_bytes(), &[2; 48]].concat())
        };
        let own = || KeyVersion::of_public(1, pairs[0].public());
        vec![
            (
                Kind::Aes,
                aes("namespace", "a name"),
                [by(Kind::Aes, aes("namespace", "a name")), by(Kind::Aes, aes("other", "another"))],
            ),
            (Kind::P384, own(), [by(Kind::P384, first), by(Kind::P384, second)]),
            (
                Kind::Rsa,
                KeyVersion::of_rsa(1, "namespace", "a name", rsa, None),
                [named("namespace", "a name", &[3; 256]), named("other", "another", &[3; 256])],
            ),
            (
                Kind::Branch,
                KeyVersion::new(1, "aws-kms-hierarchy", &format!("branch/{version}"), None),
                [branch("branch", &version), branch("other", &other)],
            ),
        ]
    }

    #[test]
    fn one_damaged_byte_leaves_a_sign_of_an_imported_key_and_other_keys_show_none() {
        for (kind, version, [own, other]) in imports() {
            let key = Key::import(kind, version).unwrap();
            let mut signs = Needles::default();
            add_signs(&key, key.current(), &mut signs);
            let is_found = |bytes: &[u8]| signs.are_in(bytes).unwrap();
            let mut bytes = Vec::new();
            own.serialise_into(&mut bytes).unwrap();
            for at in 0..bytes.len() {
                bytes[at] ^= 1;
                assert!(is_found(&bytes), "{kind}: byte {at}");
                bytes[at] ^= 1;
            }
            let mut bytes = Vec::new();
            other.serialise_into(&mut bytes).unwrap();
            assert!(!is_found(&bytes), "{kind}");
        }
    }

    #[test]
    fn a_sign_of_a_key_of_aws_kms_with_a_short_id_is_its_whole_arn() {
        let arn: KmsArn = "arn:aws:kms:eu-west-1:111122223333:key/1".parse().unwrap();
        let key = Key::import(Kind::AwsKms, KeyVersion::of_kms(&arn)).unwrap();
        let mut signs = Needles::default();
        add_signs(&key, key.current(), &mut signs);
        assert!(signs.are_in(arn.as_str().as_bytes()).unwrap());
        assert!(!signs.are_in(&b"arn:aws:kms:eu-west-1:111122223333:key/2 1"[..]).unwrap());
    }
}
