//! What wraps and unwraps under a version of a root key, by the key's kind.

use std::io;

use crate::crypto::ec::{EcPrivateKey, EcPublicKey};
use crate::crypto::rsa::{self, RsaPrivateKey, RsaPublicKey};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keyring::key::RsaPublic;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keyring::model::name::KMS_NAMESPACE;
use crate::keyring::{Key, KeyError, KeyVersion, Kind};
use crate::keys::service::{Recipient, UnwrapError, Unwrapper, WrapError};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

use super::branch_key::{self, BranchKey, BranchName};
use super::raw_aes::{self, RawAes};
use super::raw_ecdh::{self, RawEcdh, RawEcdhRecipient};
use super::raw_rsa::{self, RawRsa, RawRsaRecipient};

/// How an encrypted data key names its wrapping key, for each kind of key.
pub(super) struct Naming<'a> {
    wrapped: &'a EncryptedDataKey,
    /// As the name of a version has it.
    ecdh_recipient: Option<String>,
    /// As the name of a version has it.
    branch: Option<String>,
    /// A multi-Region key is the same in every region.
    kms: Option<KmsArn>,
}

impl<'a> Naming<'a> {
    pub(super) fn of(wrapped: &'a EncryptedDataKey) -> Self {
        let ecdh_recipient = raw_ecdh::recipient_of(wrapped).map(hex::encode);
        let branch = BranchName::of(wrapped).map(|name| name.to_string());
        Self { wrapped, ecdh_recipient, branch, kms: kms_arn(wrapped) }
    }

    /// Whether it names this version. A name proves nothing: only an unwrap does.
    pub(super) fn is_of(&self, kind: Kind, version: &KeyVersion) -> bool {
        match kind {
            Kind::Aes => {
                raw_aes::named_iv(&version.namespace, &version.name, self.wrapped).is_some()
            }
            Kind::P256 | Kind::P384 | Kind::P521 => {
                self.ecdh_recipient.as_deref() == Some(&version.name)
            }
            Kind::Rsa => raw_rsa::is_named(&version.namespace, &version.name, self.wrapped),
            Kind::Branch => self.branch.as_deref() == Some(&version.name),
            Kind::AwsKms => self
                .kms
                .as_ref()
                .is_some_and(|named| version.kms_arn().is_some_and(|held| held.is_same_key(named))),
        }
    }

    /// Whether the version has the very name, and not only that of the same key in another region.
    pub(super) fn is_exact(&self, version: &KeyVersion) -> bool {
        self.kms.as_ref().is_none_or(|named| named.as_str() == version.name)
    }
}

/// The key of AWS KMS that an encrypted data key names.
fn kms_arn(wrapped: &EncryptedDataKey) -> Option<KmsArn> {
    if wrapped.provider_id != KMS_NAMESPACE.as_bytes() {
        return None;
    }
    let arn: KmsArn = std::str::from_utf8(&wrapped.provider_info).ok()?.parse().ok()?;
    arn.key_id().is_some().then_some(arn)
}

/// What wraps for a version. The public half of a key pair in AWS KMS wraps here, without asking it.
///
/// # Errors
/// [`KeyError`], where the version is not here, or is damaged.
pub(super) fn recipient(key: &Key, version: &KeyVersion) -> Result<Box<dyn Recipient>, WrapError> {
    match key.kind() {
        Kind::Aes => Ok(Box::new(raw_aes(version).ok_or_else(|| malformed(key, version))?)),
        Kind::P256 | Kind::P384 | Kind::P521 => {
            let public = public_key(key, version).ok_or_else(|| malformed(key, version))?;
            Ok(Box::new(RawEcdhRecipient::new(&version.namespace, public)))
        }
        Kind::Rsa => {
            require_rsa(key)?;
            let (rsa, public) = rsa_public(version).ok_or_else(|| malformed(key, version))?;
            let KeyVersion { namespace, name, .. } = version;
            Ok(Box::new(RawRsaRecipient::new(namespace, name, rsa.padding, public)))
        }
        Kind::Branch => Err(KeyError::OnlyReads { key: key.id(), kind: key.kind() }.into()),
        Kind::AwsKms => Err(KeyError::Remote { key: key.id() }.into()),
    }
}

/// What unwraps what was wrapped for a version and names it; `None` for a key that a service keeps.
pub(super) fn unwrapper(key: &Key, version: &KeyVersion) -> Option<Box<dyn Unwrapper>> {
    if key.kind().has_public_half() && version.material.is_none() {
        return Some(Box::new(CannotUnwrap(KeyError::PublicOnly { key: key.id() })));
    }
    match key.kind() {
        Kind::Aes => Some(Box::new(raw_aes(version)?)),
        Kind::P256 | Kind::P384 | Kind::P521 => Some(match key_pair(key.kind(), version) {
            Some(pair) => Box::new(RawEcdh::new(pair)),
            None => Box::new(CannotUnwrap(malformed(key, version))),
        }),
        Kind::Rsa => Some(match require_rsa(key).map(|()| raw_rsa(version)) {
            Ok(Some(rsa)) => Box::new(rsa),
            Ok(None) => Box::new(CannotUnwrap(malformed(key, version))),
            Err(error) => Box::new(CannotUnwrap(error)),
        }),
        Kind::Branch => Some(match branch_key(version) {
            Some(branch) => Box::new(branch),
            None => Box::new(CannotUnwrap(malformed(key, version))),
        }),
        Kind::AwsKms => None,
    }
}

/// What unwraps without regard to the name that an encrypted data key gives; `None` where the version cannot have made it,
/// whatever has become of the name.
pub(super) fn unnamed_unwrapper(
    key: &Key,
    version: &KeyVersion,
    wrapped: &EncryptedDataKey,
) -> Option<Box<dyn Unwrapper>> {
    match key.kind() {
        Kind::Aes if raw_aes::has_shape(wrapped) => {
            Some(Box::new(Unnamed(raw_aes(version)?, RawAes::unwrap_unnamed)))
        }
        Kind::P256 | Kind::P384 | Kind::P521
            if raw_ecdh::has_shape(key.kind().curve()?, wrapped) =>
        {
            Some(Box::new(Unnamed(
                RawEcdh::new(key_pair(key.kind(), version)?),
                RawEcdh::unwrap_unnamed,
            )))
        }
        Kind::Rsa if raw_rsa::has_shape(wrapped) => Some(Box::new(raw_rsa(version)?)),
        Kind::Branch if branch_key::has_shape(wrapped) => {
            Some(Box::new(Unnamed(branch_key(version)?, BranchKey::unwrap_unnamed)))
        }
        Kind::Aes | Kind::P256 | Kind::P384 | Kind::P521 | Kind::Rsa | Kind::Branch => None,
        Kind::AwsKms => None,
    }
}

/// Whether a version is a key of its kind: it unwraps what it wraps, wraps where only its public half is here, or is a
/// branch key of the right length. What a service keeps, or this build has no code for, is not tried.
///
/// # Errors
/// When the system has no random numbers to give: then nothing is known about the key.
pub fn unwraps_what_it_wraps(key: &Key, version: &KeyVersion) -> io::Result<bool> {
    let mut context = EncryptionContext::default();
    context.insert("purpose", "check").map_err(io::Error::other)?;
    let recipient = match recipient(key, version) {
        Ok(recipient) => recipient,
        Err(WrapError::Key(KeyError::Remote { .. } | KeyError::NoRsa { .. })) => return Ok(true),
        Err(WrapError::Key(KeyError::OnlyReads { .. })) => return Ok(branch_key(version).is_some()),
        Err(_) => return Ok(false),
    };
    let (data_key, wrapped) = match recipient.generate(32, &context) {
        Ok(generated) => generated,
        Err(WrapError::Random(error)) => return Err(error),
        Err(_) => return Ok(false),
    };
    Ok(match unwrapper(key, version).map(|it| it.unwrap(&wrapped, &context)) {
        Some(Ok(unwrapped)) => unwrapped == data_key,
        Some(Err(UnwrapError::Key(KeyError::PublicOnly { .. }))) | None => true,
        Some(Err(_)) => false,
    })
}

fn raw_aes(version: &KeyVersion) -> Option<RawAes> {
    RawAes::new(&version.namespace, &version.name, version.material.as_ref()?.secret())
}

/// The public key of a version of an elliptic-curve key; `None` if it is damaged, or the key is of another kind.
#[must_use]
pub fn public_key(key: &Key, version: &KeyVersion) -> Option<EcPublicKey> {
    EcPublicKey::read(key.kind().curve()?, &version.public_point()?)
}

/// Both halves; `None` if they do not belong together.
fn key_pair(kind: Kind, version: &KeyVersion) -> Option<EcPrivateKey> {
    let secret = version.material.as_ref()?.secret();
    let pair = EcPrivateKey::read(kind.curve()?, SecretBytes::copy_of(secret.expose()))?;
    (version.public_point()? == pair.public().as_bytes()).then_some(pair)
}

fn require_rsa(key: &Key) -> Result<(), KeyError> {
    if rsa::IS_BUILT { Ok(()) } else { Err(KeyError::NoRsa { key: key.id() }) }
}

fn rsa_public(version: &KeyVersion) -> Option<(&RsaPublic, RsaPublicKey)> {
    let rsa = version.rsa.as_ref()?;
    Some((rsa, RsaPublicKey::read(&hex::decode(&rsa.public_key).ok()?).ok()?))
}

/// Both halves; `None` if they do not belong together.
fn raw_rsa(version: &KeyVersion) -> Option<RawRsa> {
    let rsa = version.rsa.as_ref()?;
    let key = RsaPrivateKey::read(version.material.as_ref()?.secret()).ok()?;
    let is_pair = hex::encode(key.public().as_spki()) == rsa.public_key;
    is_pair.then(|| RawRsa::new(rsa.padding, key))
}

fn branch_key(version: &KeyVersion) -> Option<BranchKey> {
    BranchKey::new(BranchName::read(&version.name)?, version.material.as_ref()?.secret())
}

fn malformed(key: &Key, version: &KeyVersion) -> KeyError {
    KeyError::Malformed { key: key.id(), version: version.number, kind: key.kind() }
}

/// A version that is held and cannot unwrap, with the reason.
struct CannotUnwrap(KeyError);

impl Unwrapper for CannotUnwrap {
    fn unwrap(
        &self,
        _wrapped: &EncryptedDataKey,
        _context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        Err(UnwrapError::Key(self.0.clone()))
    }
}

/// A wrapping key, and how it unwraps without regard to names.
struct Unnamed<K>(K, fn(&K, &EncryptedDataKey, &EncryptionContext) -> Result<DataKey, UnwrapError>);

impl<K: Send + Sync> Unwrapper for Unnamed<K> {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        self.1(&self.0, wrapped, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ec::Curve;
    use crate::crypto::rsa::RsaPadding;
    use crate::crypto::secret::SecretBytes;
    use crate::keyring::Material;

    #[test]
    fn damaged_versions_are_said_to_be_so_and_are_no_sound_keys() {
        let rsa = RsaPublic { padding: RsaPadding::OaepSha256, public_key: "00".to_owned() };
        let material = || SecretBytes::copy_of(&[7; 32]);
        let rsa = KeyVersion::of_rsa(1, "ns", "n", rsa, Some(material()));
        let branch =
            KeyVersion::new(1, "aws-kms-hierarchy", "no-version", Material::new(material()));
        let other = EcPublicKey::read(Curve::P256, &hex::decode(GENERATOR).unwrap()).unwrap();
        let pair =
            KeyVersion { material: Material::new(material()), ..KeyVersion::of_public(1, &other) };
        for (kind, version) in [(Kind::Rsa, rsa), (Kind::Branch, branch), (Kind::P256, pair)] {
            let key = Key::import(kind, version).unwrap();
            let (provider_id, provider_info, ciphertext) = (Vec::new(), Vec::new(), Vec::new());
            let wrapped = EncryptedDataKey { provider_id, provider_info, ciphertext };
            let unwrapper = unwrapper(&key, key.current()).unwrap();
            let error = unwrapper.unwrap(&wrapped, &EncryptionContext::default()).unwrap_err();
            let expected = match kind {
                Kind::Rsa if !rsa::IS_BUILT => KeyError::NoRsa { key: key.id() },
                _ => malformed(&key, key.current()),
            };
            assert!(matches!(error, UnwrapError::Key(error) if error == expected));
            // What this build has no code for is not tried.
            let is_untried = kind == Kind::Rsa && !rsa::IS_BUILT;
            assert_eq!(unwraps_what_it_wraps(&key, key.current()).unwrap(), is_untried, "{kind}");
        }
    }

    const GENERATOR: &str = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
}
