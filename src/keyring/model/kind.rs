//! What kind of wrapping key a root key is: which keyring of the AWS Encryption SDK it serves, and what it can do.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::key::{KeyVersion, NAMESPACE};
use super::kms_arn::KmsArn;
use super::name::KMS_NAMESPACE;
use crate::crypto::ec::Curve;
pub use crate::crypto::rsa::RsaPadding;

/// The namespace (provider id) of keys of the raw ECDH keyring. Their name is their compressed public key in hex: that is
/// what a message calls them by.
pub const ECDH_NAMESPACE: &str = "raw-ecdh";

/// The namespace (provider id) of such keys whose private half is in AWS KMS.
pub const KMS_ECDH_NAMESPACE: &str = "aws-kms-ecdh";

/// The namespace (provider id) of branch keys of the hierarchical keyring. Their name is `<branch key id>/<version>`.
pub const BRANCH_NAMESPACE: &str = "aws-kms-hierarchy";

/// The length of a branch key in bytes.
const BRANCH_KEY_LEN: usize = 32;

/// The kind of a root key. All versions of a key are of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A wrapping key of the raw AES keyring: one secret, which wraps and unwraps.
    #[default]
    Aes,
    /// A key pair of the raw ECDH keyring on P-256.
    P256,
    /// As [`P256`](Self::P256), on P-384.
    P384,
    /// As [`P256`](Self::P256), on P-521.
    P521,
    /// A key pair of the raw RSA keyring.
    Rsa,
    /// A static branch key of the hierarchical keyring, which is only read.
    Branch,
    /// A symmetric key of AWS KMS, which never leaves it: all that is held is its ARN.
    AwsKms,
}

impl Kind {
    /// Those that enwrap makes keys of.
    pub const MADE_HERE: [Self; 4] = [Self::Aes, Self::P256, Self::P384, Self::P521];

    /// Its name, in keyrings and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes => "aes",
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::P521 => "p521",
            Self::Rsa => "rsa",
            Self::Branch => "branch",
            Self::AwsKms => "aws-kms",
        }
    }

    /// The curve of an elliptic-curve key.
    #[must_use]
    pub fn curve(self) -> Option<Curve> {
        match self {
            Self::P256 => Some(Curve::P256),
            Self::P384 => Some(Curve::P384),
            Self::P521 => Some(Curve::P521),
            Self::Aes | Self::Rsa | Self::Branch | Self::AwsKms => None,
        }
    }

    /// Whether a key of this kind has a public half, which wraps and cannot unwrap.
    #[must_use]
    pub fn has_public_half(self) -> bool {
        match self {
            Self::P256 | Self::P384 | Self::P521 | Self::Rsa => true,
            Self::Aes | Self::Branch | Self::AwsKms => false,
        }
    }

    pub(super) fn is_aes(&self) -> bool {
        *self == Self::Aes
    }
}

impl From<Curve> for Kind {
    fn from(curve: Curve) -> Self {
        match curve {
            Curve::P256 => Self::P256,
            Curve::P384 => Self::P384,
            Curve::P521 => Self::P521,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl KeyVersion {
    /// Whether only the public half of the version is held, and the private one is not in AWS KMS either: it wraps, and
    /// unwraps nothing.
    #[must_use]
    pub fn is_public_only(&self, kind: Kind) -> bool {
        kind.has_public_half() && self.material.is_none() && self.aws_kms.is_none()
    }

    /// The key of AWS KMS that has the private half of an elliptic-curve key of which only the public half is held.
    #[must_use]
    pub fn private_half_in_kms(&self) -> Option<&KmsArn> {
        self.aws_kms.as_ref()
    }

    /// The key of AWS KMS that the version stands for, or that has its private half.
    #[must_use]
    pub fn kms_arn(&self) -> Option<KmsArn> {
        match &self.aws_kms {
            Some(arn) => Some(arn.clone()),
            None if self.namespace == KMS_NAMESPACE => self.name.parse().ok(),
            None => None,
        }
    }

    /// The compressed public key of a version of an elliptic-curve key, which is its name.
    #[must_use]
    pub fn public_point(&self) -> Option<Vec<u8>> {
        hex::decode(&self.name).ok()
    }

    /// Whether what the version has is what a version of this kind has. Only lengths and forms are looked at: a point is
    /// proved to be on its curve when it is used, which takes longer than reading a whole keyring.
    pub(crate) fn has_the_parts_of(&self, kind: Kind) -> bool {
        let material = self.material.as_ref().map(|material| material.secret().len());
        let (has_no_rsa, has_no_arn) = (self.rsa.is_none(), self.aws_kms.is_none());
        // With material and an ARN, it would be left open which of the two opens a message.
        let is_in_kms = |arn: &KmsArn| arn.key_id().is_some() && material.is_none();
        match kind {
            Kind::Aes => has_no_rsa && has_no_arn && matches!(material, Some(16 | 24 | 32)),
            Kind::P256 | Kind::P384 | Kind::P521 => {
                let Some(curve) = kind.curve() else { return false };
                let is_name = self.public_point().is_some_and(|point| {
                    point.len() == curve.point_len() && hex::encode(&point) == self.name
                });
                let is_private = material.is_none_or(|len| len == curve.scalar_len());
                has_no_rsa && is_name && is_private && self.aws_kms.as_ref().is_none_or(is_in_kms)
            }
            Kind::Rsa => self.rsa.is_some() && has_no_arn,
            Kind::Branch => has_no_rsa && has_no_arn && material == Some(BRANCH_KEY_LEN),
            // AWS KMS has the versions of its key, under one ARN.
            Kind::AwsKms => {
                let is_whole = self.kms_arn().is_some_and(|arn| is_in_kms(&arn));
                has_no_rsa && has_no_arn && is_whole && self.number == 1
            }
        }
    }

    /// Whether the namespace is one that keys of this kind can have. Those that begin with `aws-kms` belong to AWS KMS.
    pub(super) fn has_a_namespace_of(&self, kind: Kind) -> bool {
        match kind {
            Kind::Aes => !self.namespace.starts_with(KMS_NAMESPACE),
            Kind::Rsa => self.namespace != NAMESPACE && !self.namespace.starts_with(KMS_NAMESPACE),
            Kind::P256 | Kind::P384 | Kind::P521 => match self.aws_kms {
                None => self.namespace == ECDH_NAMESPACE,
                Some(_) => self.namespace == KMS_ECDH_NAMESPACE,
            },
            Kind::Branch => self.namespace == BRANCH_NAMESPACE,
            Kind::AwsKms => self.namespace == KMS_NAMESPACE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::rsa::RsaPadding;
    use crate::crypto::secret::SecretBytes;
    use crate::keyring::Material;
    use crate::keyring::model::key::RsaPublic;

    /// A version of this namespace, with these parts.
    fn version(namespace: &str, len: usize, has_rsa: bool, has_arn: bool) -> KeyVersion {
        let material = Material::new(SecretBytes::copy_of(&vec![7; len]));
        let (padding, public_key) = (RsaPadding::OaepSha256, "01".to_owned());
        let rsa = has_rsa.then_some(RsaPublic { padding, public_key });
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/1";
        let aws_kms = has_arn.then(|| arn.parse().unwrap());
        KeyVersion { rsa, aws_kms, ..KeyVersion::new(1, namespace, "n", material) }
    }

    #[test]
    fn a_version_has_what_its_kind_has_and_nothing_else() {
        for (kind, len, rsa, arn, is_right) in [
            (Kind::Aes, 32, false, false, true),
            (Kind::Aes, 16, false, false, true),
            (Kind::Aes, 31, false, false, false),
            (Kind::Aes, 0, false, false, false),
            (Kind::Aes, 32, true, false, false),
            (Kind::Aes, 32, false, true, false),
            (Kind::Rsa, 0, true, false, true),
            (Kind::Rsa, 700, true, false, true),
            (Kind::Rsa, 700, false, false, false),
            (Kind::Rsa, 700, true, true, false),
            (Kind::Branch, 32, false, false, true),
            (Kind::Branch, 16, false, false, false),
            (Kind::Branch, 0, false, false, false),
            (Kind::Branch, 32, true, false, false),
            (Kind::Branch, 32, false, true, false),
        ] {
            let found = version("ns", len, rsa, arn).has_the_parts_of(kind);
            assert_eq!(found, is_right, "{kind} {len} {rsa} {arn}");
        }
    }

    #[test]
    fn a_namespace_belongs_to_enwrap_to_aws_kms_or_to_whoever_made_the_key() {
        for (kind, own, foreign) in [
            (Kind::Aes, &["ns", NAMESPACE][..], &["aws-kms", "aws-kms-x"][..]),
            (Kind::Rsa, &["ns"], &[NAMESPACE, "aws-kms", "aws-kms-x"]),
            (Kind::Branch, &[BRANCH_NAMESPACE], &["ns", NAMESPACE]),
            (Kind::P256, &[ECDH_NAMESPACE], &["ns", KMS_ECDH_NAMESPACE]),
            (Kind::AwsKms, &[KMS_NAMESPACE], &["ns", KMS_ECDH_NAMESPACE]),
        ] {
            let has =
                |namespace: &&str| version(namespace, 32, false, false).has_a_namespace_of(kind);
            assert!(own.iter().all(has) && !foreign.iter().any(has), "{kind}");
        }
        assert!(version(KMS_ECDH_NAMESPACE, 0, false, true).has_a_namespace_of(Kind::P256));
        assert!(!version(ECDH_NAMESPACE, 0, false, true).has_a_namespace_of(Kind::P256));
    }
}
