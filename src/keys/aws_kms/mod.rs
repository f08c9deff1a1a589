//! AWS KMS as a key service: the SDK's aws-kms keyring (`framework/aws-kms/aws-kms-keyring.md`).
//!
//! ```text
//! provider id   = "aws-kms"
//! provider info = ARN of the key
//! ciphertext    = the service's blob, as it came
//! ```
//!
//! Which keys are asked is the caller's choice: those of the keyring, those that were named, and with [`Discovery`] those
//! that a message names. Nothing is asked on a message's word alone.
//!
//! - [`api`]: what is asked, and how that fails; [`client`]: who asks
//! - `key`: a key that may be asked for; `wrap`: what wraps and unwraps under it; [`blobs`]: the same for data keys that
//!   belong to no message
//! - [`estimate`]: what would be asked; `outage`: nobody waits again and again for a region that does not answer

pub mod api;
pub mod blobs;
pub mod client;
pub mod estimate;
mod key;
mod outage;
mod wrap;

use std::sync::Arc;

use self::api::{KmsApi, KmsCause, KmsError, KmsKeyName};
use self::client::calls::KmsCalls;
use self::estimate::Estimate;
use self::key::{KmsKey, foreign};
use self::outage::Outages;
use self::wrap::{KmsRecipient, KmsUnwrapper, PairUnwrapper};
use crate::keyring::model::kms_arn::KmsArn;
use crate::keyring::model::name::KMS_NAMESPACE;
use crate::keyring::{KeyError, RootKeys};
use crate::keys::local::raw_ecdh;
use crate::keys::local::{named_version, wrapping_key};
use crate::keys::service::{
    Candidate, KeyName, KeyService, Locality, NamedKey, Recipient, ServiceError, UnwrapError,
    WrapError, WrappingKey,
};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// Whether keys are asked that only the message names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Discovery {
    /// No.
    #[default]
    Off,
    /// Yes, in every account that the credentials allow.
    Everywhere,
    /// Those of these accounts.
    Accounts(Vec<String>),
}

impl Discovery {
    fn allows(&self, arn: &KmsArn) -> bool {
        match self {
            Self::Off => false,
            Self::Everywhere => true,
            Self::Accounts(accounts) => accounts.iter().any(|account| account == arn.account()),
        }
    }
}

/// The keys of AWS KMS that a run may use.
pub struct AwsKms {
    api: Box<dyn KmsApi>,
    keys: Vec<KmsKey>,
    discovery: Discovery,
    outages: Outages,
}

impl AwsKms {
    /// The keys of `keyring` that AWS KMS keeps, and those that `discovery` finds in messages.
    #[must_use]
    pub fn new(api: Box<dyn KmsApi>, keyring: &RootKeys, discovery: Discovery) -> Self {
        let keys = keyring.versions().filter_map(|(key, version)| KmsKey::held(key, version));
        Self { api, keys: keys.collect(), discovery, outages: Outages::default() }
    }

    /// The same keys, of which only is counted in `calls` what would be asked.
    #[must_use]
    pub fn estimated_in(self, calls: Arc<KmsCalls>) -> Self {
        Self { api: Box::new(Estimate::new(calls)), ..self }
    }

    /// Whether there is a key to ask for a blob, of `only` if that has any.
    #[must_use]
    pub fn may_ask(&self, only: &[KeyName]) -> bool {
        let is_symmetric = |key: &KmsKey| key.pair.is_none();
        let is_any = self.keys.iter().any(is_symmetric) || self.discovery != Discovery::Off;
        only.iter().any(|name| self.is_called_for(name)) || (only.is_empty() && is_any)
    }

    /// Whether a key is one of AWS KMS, and wrapping under it a call.
    #[must_use]
    pub fn is_called_for(&self, name: &KeyName) -> bool {
        self.keys.iter().any(|held| held.key.key == *name && held.pair.is_none())
    }

    /// Takes a key that the caller names, and that the keyring does not have.
    pub fn add(&mut self, name: KmsKeyName) {
        if self.keys.iter().all(|key| key.at != name) {
            self.keys.push(KmsKey::named(name));
        }
    }

    /// Whether there is any key to ask for.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        !self.keys.is_empty() || self.discovery != Discovery::Off
    }

    /// A key that may wrap: one that was chosen, or that discovery may find.
    fn key(&self, name: &KeyName) -> Result<KmsKeyName, KeyError> {
        if let Some(held) = self.keys.iter().find(|held| held.key.key == *name) {
            return held.refusal.clone().map_or_else(|| Ok(held.at.clone()), Err);
        }
        let found = match name {
            KeyName::Foreign(name) => name.parse().ok().filter(|arn| self.discovery.allows(arn)),
            KeyName::Id(_) => None,
        };
        let missing = || KeyError::NotFound { name: name.to_string(), aliases: Vec::new() };
        found.map(KmsKeyName::Arn).ok_or_else(missing)
    }

    /// The key pairs that an encrypted data key is wrapped for.
    fn pairs(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        let Some(recipient) = raw_ecdh::recipient_of(wrapped) else { return Vec::new() };
        let candidate = |key: &KmsKey| {
            let public = key.pair.as_ref().filter(|pair| pair.as_bytes() == recipient)?;
            let (public, at) = (public.clone(), key.at.clone());
            let unwrapper = Box::new(PairUnwrapper { service: self, at, public });
            Some(Candidate { key: key.key.clone(), refusal: key.refusal.clone(), unwrapper })
        };
        self.keys.iter().filter_map(candidate).collect()
    }

    /// Asks, unless the region has just not answered.
    fn ask<T>(
        &self,
        action: &'static str,
        key: Option<&KmsKeyName>,
        context: &EncryptionContext,
        call: impl FnOnce(&dyn KmsApi) -> Result<T, KmsError>,
    ) -> Result<T, KmsError> {
        let region = key.and_then(KmsKeyName::region).unwrap_or_default();
        let failed = |cause| KmsError::new(action, key, cause);
        self.outages
            .watch(region, key.map_or("", KmsKeyName::key_id), failed, || call(&*self.api))
            .map_err(|error| {
                let context = context.iter().map(|(key, _)| key.to_owned()).collect();
                KmsError { context, ..error }
            })
    }

    /// Which key an alias or a bare id stands for, if that may be known: a policy can ask for an encryption context, and of
    /// what is not used there is none. It costs a call.
    ///
    /// # Errors
    /// [`WrapError`], where the key cannot be used for other reasons.
    pub fn identify(&self, name: &KmsKeyName) -> Result<Option<KmsArn>, WrapError> {
        let none = EncryptionContext::default();
        let made = self.ask("GenerateDataKeyWithoutPlaintext", Some(name), &none, |api| {
            api.generate_data_key_without_plaintext(name, 16, &none)
        });
        match made {
            Ok(blob) => Ok(Some(blob.key)),
            Err(KmsError { cause: KmsCause::AccessDenied | KmsCause::NotAsked, .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses what a key did whose entry in the keyring is switched off. That a key is meant by another name shows only by
    /// the answer.
    fn require_enabled(&self, answered: &KmsArn) -> Result<(), KeyError> {
        let entries = self.keys.iter().filter(|key| key.is_entry() && key.may_open(answered));
        let entry = entries.min_by_key(|key| !key.is_named(answered));
        entry.and_then(|entry| entry.refusal.clone()).map_or(Ok(()), Err)
    }
}

impl From<KmsError> for ServiceError {
    fn from(error: KmsError) -> Self {
        Self { source: Arc::new(error) }
    }
}

impl From<KmsError> for WrapError {
    fn from(error: KmsError) -> Self {
        Self::Service(error.into())
    }
}

impl From<KmsError> for UnwrapError {
    fn from(error: KmsError) -> Self {
        match error.cause {
            KmsCause::Refused => Self::Refused,
            KmsCause::OtherKey => Self::OtherKey,
            _ => Self::Service(error.into()),
        }
    }
}

impl KeyService for AwsKms {
    fn locality(&self) -> Locality {
        Locality::Remote
    }

    fn recipient(&self, key: &KeyName) -> Result<Box<dyn Recipient + '_>, WrapError> {
        Ok(Box::new(KmsRecipient { service: self, key: self.key(key).map(|_| key.clone())? }))
    }

    fn candidates(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        let Some(arn) = named_by(wrapped) else { return self.pairs(wrapped) };
        let unwrapper = |at: &KmsKeyName, is_entry| {
            Box::new(KmsUnwrapper { service: self, at: at.clone(), is_entry, named: arn.clone() })
        };
        let mut keys: Vec<&KmsKey> = self.keys.iter().filter(|key| key.may_open(&arn)).collect();
        // Of a multi-Region key each replica opens it; the one that is named comes first, and then one that may be used.
        keys.sort_by_key(|key| (!key.is_named(&arn), key.refusal.is_some()));
        let held: Vec<Candidate<'_>> = keys
            .into_iter()
            .map(|key| Candidate {
                key: key.key.clone(),
                refusal: key.refusal.clone(),
                unwrapper: unwrapper(&key.at, key.is_entry()),
            })
            .collect();
        if !held.is_empty() || !self.discovery.allows(&arn) {
            return held;
        }
        let at = KmsKeyName::Arn(arn.clone());
        let unwrapper = unwrapper(&at, false);
        vec![Candidate { key: foreign(arn.to_string()), refusal: None, unwrapper }]
    }

    fn root_key(&self, wrapped: &EncryptedDataKey) -> Option<NamedKey> {
        let arn = named_by(wrapped)?;
        let is_it =
            |key: &&KmsKey| matches!(&key.at, KmsKeyName::Arn(own) if own.is_same_key(&arn));
        let held = self.keys.iter().filter(is_it).min_by_key(|key| !key.is_named(&arn))?;
        // No other key has the ARN.
        let is_replica = !held.is_named(&arn);
        Some(NamedKey { key: held.key.key.clone(), is_identified: true, is_replica })
    }
}

/// The key of AWS KMS that an encrypted data key names. Not authentic.
#[must_use]
pub fn named_by(wrapped: &EncryptedDataKey) -> Option<KmsArn> {
    let is_kms = wrapped.provider_id == KMS_NAMESPACE.as_bytes();
    let arn: KmsArn = std::str::from_utf8(&wrapped.provider_info).ok()?.parse().ok()?;
    (is_kms && arn.key_id().is_some()).then_some(arn)
}

/// What other rooms call the key that an encrypted data key names, of the keyring or of AWS KMS. A name proves nothing.
#[must_use]
pub fn wrapping_key_named_by(
    keyring: &RootKeys,
    wrapped: &EncryptedDataKey,
) -> Option<WrappingKey> {
    let held = named_version(keyring, wrapped).map(|(key, version)| wrapping_key(key, version));
    held.or_else(|| named_by(wrapped).map(|arn| foreign(arn.to_string())))
}

#[cfg(test)]
mod tests;
