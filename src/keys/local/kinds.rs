//! What wraps and unwraps under a version of a root key, by the key's kind.

use crate::crypto::ec::{EcPrivateKey, EcPublicKey};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keyring::{Key, KeyError, KeyVersion, Kind};
use crate::keys::service::{Recipient, UnwrapError, Unwrapper, WrapError};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

use super::raw_aes::{self, RawAes};
use super::raw_ecdh::{self, RawEcdh, RawEcdhRecipient};

/// How an encrypted data key names its wrapping key, for each kind of key.
pub(super) struct Naming<'a> {
    wrapped: &'a EncryptedDataKey,
    /// As the name of a version has it.
    ecdh_recipient: Option<String>,
}

impl<'a> Naming<'a> {
    pub(super) fn of(wrapped: &'a EncryptedDataKey) -> Self {
        Self { wrapped, ecdh_recipient: raw_ecdh::recipient_of(wrapped).map(hex::encode) }
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
            Kind::Rsa | Kind::Branch => false,
        }
    }
}

/// What wraps for a version.
///
/// # Errors
/// [`KeyError`], where the version is not here, or is damaged.
pub(super) fn recipient(key: &Key, version: &KeyVersion) -> Result<Box<dyn Recipient>, WrapError> {
    match key.kind() {
        Kind::Aes => {
            Ok(Box::new(raw_aes(version).ok_or_else(|| KeyError::Remote { key: key.id() })?))
        }
        Kind::P256 | Kind::P384 | Kind::P521 => {
            let public =
                public_point(key.kind(), version).ok_or_else(|| malformed(key, version))?;
            Ok(Box::new(RawEcdhRecipient::new(public)))
        }
        Kind::Rsa | Kind::Branch => {
            Err(KeyError::OnlyReads { key: key.id(), kind: key.kind() }.into())
        }
    }
}

/// What unwraps what was wrapped for a version and names it; `None` for a key that a service keeps.
pub(super) fn unwrapper(key: &Key, version: &KeyVersion) -> Option<Box<dyn Unwrapper>> {
    if version.is_public_only(key.kind()) {
        return Some(Box::new(CannotUnwrap(KeyError::PublicOnly { key: key.id() })));
    }
    match key.kind() {
        Kind::Aes => Some(Box::new(raw_aes(version)?)),
        Kind::P256 | Kind::P384 | Kind::P521 => Some(match key_pair(key.kind(), version) {
            Some(pair) => Box::new(RawEcdh::new(pair)),
            None => Box::new(CannotUnwrap(malformed(key, version))),
        }),
        Kind::Rsa | Kind::Branch => None,
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
        Kind::Aes | Kind::P256 | Kind::P384 | Kind::P521 | Kind::Rsa | Kind::Branch => None,
    }
}

/// Whether a version is a key of its kind: it unwraps what it wraps, or wraps where only its public half is here. What a
/// service keeps is not tried.
#[must_use]
pub fn unwraps_what_it_wraps(key: &Key, version: &KeyVersion) -> bool {
    let mut context = EncryptionContext::default();
    if context.insert("purpose", "check").is_err() {
        return false;
    }
    let Ok(recipient) = recipient(key, version) else {
        return version.material.is_none() && key.kind() == Kind::Aes;
    };
    let Ok((data_key, wrapped)) = recipient.generate(32, &context) else { return false };
    match unwrapper(key, version).map(|it| it.unwrap(&wrapped, &context)) {
        Some(Ok(unwrapped)) => unwrapped == data_key,
        Some(Err(UnwrapError::Key(KeyError::PublicOnly { .. }))) | None => true,
        Some(Err(_)) => false,
    }
}

fn raw_aes(version: &KeyVersion) -> Option<RawAes> {
    RawAes::new(&version.namespace, &version.name, version.material.as_ref()?.secret())
}

fn public_point(kind: Kind, version: &KeyVersion) -> Option<EcPublicKey> {
    EcPublicKey::read(kind.curve()?, &version.public_point()?)
}

/// Both halves; `None` if they do not belong together.
fn key_pair(kind: Kind, version: &KeyVersion) -> Option<EcPrivateKey> {
    let secret = version.material.as_ref()?.secret();
    let pair = EcPrivateKey::read(kind.curve()?, SecretBytes::copy_of(secret.expose()))?;
    (version.public_point()? == pair.public().as_bytes()).then_some(pair)
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
