//! What the AWS CLI's JSON says of the key that wrapped or unwrapped a data key.

use enwrap::crypto::rsa::RsaPadding;
use enwrap::keyring::model::key::Origin;
use enwrap::keyring::model::kms_arn::KmsArn;
use enwrap::keyring::{Key, KeyVersion, Kind, RootKeys};
use enwrap::keys::service::{KeyName, WrappingKey};
use enwrap::operations::datakey::BlobKey;

use crate::output::error::Error;

/// What AWS KMS calls the algorithm of its symmetric keys.
const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";

/// A key, by the members of an answer.
pub(super) struct KeyAnswer {
    /// KeyId: of a key in AWS KMS its ARN.
    pub(super) id: String,
    /// EncryptionAlgorithm.
    pub(super) algorithm: &'static str,
    /// KeyMaterialId, where there is one.
    pub(super) material_id: Option<String>,
}

impl KeyAnswer {
    /// A version of a key of the keyring.
    pub(super) fn of_held(key: &Key, version: &KeyVersion) -> Self {
        if key.origin() == Origin::AwsKms {
            let id = version.name.clone();
            return Self { id, algorithm: SYMMETRIC, material_id: None };
        }
        let material_id = Some(version.name.clone());
        Self { id: key.id().to_string(), algorithm: algorithm(key, version), material_id }
    }

    /// A key of AWS KMS, as the service told.
    pub(super) fn of_service(key: &KmsArn, material_id: Option<String>) -> Self {
        Self { id: key.to_string(), algorithm: SYMMETRIC, material_id }
    }

    /// What opened a blob.
    pub(super) fn of_opener(keyring: &RootKeys, opener: BlobKey) -> Result<Self, Error> {
        match opener {
            BlobKey::OfService(key, material_id) => Ok(Self::of_service(&key, material_id)),
            BlobKey::Wrapping(WrappingKey { key: KeyName::Foreign(id), .. }) => {
                Ok(Self { id, algorithm: SYMMETRIC, material_id: None })
            }
            BlobKey::Wrapping(WrappingKey { key: KeyName::Id(id), version, .. }) => {
                let key = keyring.key(&id.to_string())?;
                Ok(Self::of_held(key, key.version(Some(version))?))
            }
        }
    }
}

/// What AWS KMS calls the algorithm of a key. It has no name for key agreement, nor for paddings that it does not have.
fn algorithm(key: &Key, version: &KeyVersion) -> &'static str {
    match (key.kind(), version.rsa.as_ref().map(|rsa| rsa.padding)) {
        (Kind::Aes | Kind::Branch | Kind::AwsKms, _) => SYMMETRIC,
        (Kind::P256, _) => "ECDH_P256",
        (Kind::P384, _) => "ECDH_P384",
        (Kind::P521, _) => "ECDH_P521",
        (Kind::Rsa, Some(RsaPadding::Pkcs1) | None) => "RSAES_PKCS1_V1_5",
        (Kind::Rsa, Some(RsaPadding::OaepSha1)) => "RSAES_OAEP_SHA_1",
        (Kind::Rsa, Some(RsaPadding::OaepSha256)) => "RSAES_OAEP_SHA_256",
        (Kind::Rsa, Some(RsaPadding::OaepSha384)) => "RSAES_OAEP_SHA_384",
        (Kind::Rsa, Some(RsaPadding::OaepSha512)) => "RSAES_OAEP_SHA_512",
    }
}
