//! A key of AWS KMS that may be used: how it is called here and there.

use super::api::KmsKeyName;
use crate::crypto::ec::EcPublicKey;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keyring::{Key, KeyError, KeyVersion};
use crate::keys::local::{public_key, wrapping_key};
use crate::keys::service::{KeyName, WrappingKey};

/// A key that may be used.
pub(super) struct KmsKey {
    /// How other rooms call it.
    pub(super) key: WrappingKey,
    /// How the service is told of it.
    pub(super) at: KmsKeyName,
    /// Why it may not be used now: its entry in the keyring is switched off.
    pub(super) refusal: Option<KeyError>,
    /// The public half of a key pair, which data keys are wrapped for without the service.
    pub(super) pair: Option<EcPublicKey>,
}

impl KmsKey {
    pub(super) fn held(key: &Key, version: &KeyVersion) -> Option<Self> {
        let arn = version.kms_arn()?;
        let pair = match version.private_half_in_kms() {
            Some(_) => Some(public_key(key, version)?),
            None => None,
        };
        Some(Self {
            key: wrapping_key(key, version),
            at: KmsKeyName::Arn(arn),
            refusal: version.require_enabled(key.id()).err(),
            pair,
        })
    }

    pub(super) fn named(name: KmsKeyName) -> Self {
        Self { key: foreign(name.to_string()), at: name, refusal: None, pair: None }
    }

    /// Whether the keyring has it.
    pub(super) fn is_entry(&self) -> bool {
        matches!(self.key.key, KeyName::Id(_))
    }

    /// Whether it is told of by this very ARN.
    pub(super) fn is_named(&self, arn: &KmsArn) -> bool {
        matches!(&self.at, KmsKeyName::Arn(own) if own == arn)
    }

    /// Whether an encrypted data key that says that it is under the key `arn` may be under this one. What was named by an
    /// alias can be any key of its account and region; of that, only the service knows.
    pub(super) fn may_open(&self, arn: &KmsArn) -> bool {
        match &self.at {
            _ if self.pair.is_some() => false,
            KmsKeyName::Arn(own) if own.key_id().is_some() => own.is_same_key(arn),
            other => other.can_be(arn),
        }
    }
}

/// A key that no keyring has.
pub(super) fn foreign(name: String) -> WrappingKey {
    WrappingKey { key: KeyName::Foreign(name), version: 1, is_current: true, is_enabled: true }
}
