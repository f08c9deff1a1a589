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
//! - [`estimate`]: what would be asked; `outage`: nobody waits again and again for a region that does not answer

pub mod api;
pub mod client;
pub mod estimate;
mod outage;

use std::sync::Arc;

use self::api::{
    KmsApi, KmsBlob, KmsCause, KmsError, KmsKeyName, KmsOpened, KmsRewrapped, MOST_BLOB_BYTES,
};
use self::estimate::Estimate;
use self::outage::Outages;
use crate::crypto::ec::EcPublicKey;
use crate::crypto::secret::DataKey;
use crate::keyring::model::kms_arn::KmsArn;
use crate::keyring::model::name::KMS_NAMESPACE;
use crate::keyring::{Key, KeyError, KeyVersion, RootKeys};
use crate::keys::local::raw_ecdh::{self, Agreement};
use crate::keys::local::{named_version, public_key, wrapping_key};
use crate::keys::service::{
    Candidate, KeyName, KeyService, Locality, NamedKey, Recipient, ServiceError, UnwrapError,
    Unwrapper, WrapError, WrappingKey,
};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// What the service is called.
const SERVICE: &str = "AWS KMS";

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

/// A key that may be used.
struct KmsKey {
    /// How other rooms call it.
    key: WrappingKey,
    /// How the service is told of it.
    at: KmsKeyName,
    /// Why it may not be used now: its entry in the keyring is switched off.
    refusal: Option<KeyError>,
    /// The public half of a key pair, which data keys are wrapped for without the service.
    pair: Option<EcPublicKey>,
}

impl KmsKey {
    fn held(key: &Key, version: &KeyVersion) -> Option<Self> {
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

    fn named(name: KmsKeyName) -> Self {
        Self { key: foreign(name.to_string()), at: name, refusal: None, pair: None }
    }

    /// Whether it is told of by this very ARN.
    fn is_named(&self, arn: &KmsArn) -> bool {
        matches!(&self.at, KmsKeyName::Arn(own) if own == arn)
    }

    /// Whether an encrypted data key that says that it is under the key `arn` may be under this one. What was named by an
    /// alias can be any key of its account and region; of that, only the service knows.
    fn may_open(&self, arn: &KmsArn) -> bool {
        match &self.at {
            _ if self.pair.is_some() => false,
            KmsKeyName::Arn(own) if own.key_id().is_some() => own.is_same_key(arn),
            other => other.can_be(arn),
        }
    }
}

/// A key that no keyring has.
fn foreign(name: String) -> WrappingKey {
    WrappingKey { key: KeyName::Foreign(name), version: 1, is_current: true, is_enabled: true }
}

impl AwsKms {
    /// The keys of `keyring` that AWS KMS keeps, and those that `discovery` finds in messages.
    #[must_use]
    pub fn new(api: Box<dyn KmsApi>, keyring: &RootKeys, discovery: Discovery) -> Self {
        let keys = keyring.versions().filter_map(|(key, version)| KmsKey::held(key, version));
        Self { api, keys: keys.collect(), discovery, outages: Outages::default() }
    }

    /// The same keys, of which only is found out what would be asked.
    #[must_use]
    pub fn estimated_by(self, estimate: &Estimate) -> Self {
        Self { api: Box::new(estimate.clone()), ..self }
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

    /// GenerateDataKey: draws a data key of `len` bytes. The blob is the service's own.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn generate_blob(
        &self,
        key: &KeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, KmsBlob), WrapError> {
        let at = &self.key(key)?;
        let (data_key, blob) = self.ask("GenerateDataKey", Some(at), context, |api| {
            api.generate_data_key(at, len, context)
        })?;
        self.require_enabled(&blob.key)?;
        Ok((data_key, blob))
    }

    /// GenerateDataKeyWithoutPlaintext: the data key stays in the service.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn generate_blob_alone(
        &self,
        key: &KeyName,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, WrapError> {
        let at = &self.key(key)?;
        let blob = self.ask("GenerateDataKeyWithoutPlaintext", Some(at), context, |api| {
            api.generate_data_key_without_plaintext(at, len, context)
        })?;
        self.require_enabled(&blob.key)?;
        Ok(blob)
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

    /// Encrypt: the blob is the service's own.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn encrypt_blob(
        &self,
        key: &KeyName,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<KmsBlob, WrapError> {
        let at = &self.key(key)?;
        let blob =
            self.ask("Encrypt", Some(at), context, |api| api.encrypt(at, data_key, context))?;
        self.require_enabled(&blob.key)?;
        Ok(blob)
    }

    /// Refuses what a key did whose entry in the keyring is switched off. That a key is meant by another name shows only by
    /// the answer.
    fn require_enabled(&self, answered: &KmsArn) -> Result<(), KeyError> {
        let entry = self.keys.iter().find(|key| key.is_named(answered));
        entry.and_then(|entry| entry.refusal.clone()).map_or(Ok(()), Err)
    }

    /// Decrypt: opens a blob of the service's own, which names no key that could be read here. Each key that may be used
    /// is tried, of `only` if that has any; with discovery, the service finds the key.
    ///
    /// # Errors
    /// [`UnwrapError`] of the key that came closest; [`UnwrapError::Refused`] if there is none to ask.
    pub fn decrypt_blob(
        &self,
        only: &[KeyName],
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<KmsOpened, UnwrapError> {
        let opened = self.with_each_key(only, |key| {
            Ok(self.ask("Decrypt", key, context, |api| api.decrypt(key, blob, context))?)
        })?;
        self.require_enabled(&opened.key).map_err(UnwrapError::Key)?;
        let is_allowed = self.may_use(only, &opened.key);
        is_allowed.then_some(opened).ok_or(UnwrapError::Refused)
    }

    /// ReEncrypt: wraps what a blob holds under another key. In one region the data key does not leave the service;
    /// between two it has to come here.
    ///
    /// # Errors
    /// As [`decrypt_blob`](Self::decrypt_blob), and as [`encrypt_blob`](Self::encrypt_blob).
    pub fn rewrap_blob(
        &self,
        only: &[KeyName],
        blob: &[u8],
        old: &EncryptionContext,
        destination: &KeyName,
        new: &EncryptionContext,
    ) -> Result<KmsRewrapped, RewrapBlobError> {
        let to = self.key(destination).map_err(WrapError::from)?;
        let rewrapped = self.with_each_key(only, |key| {
            let region = key.and_then(KmsKeyName::region);
            if region.is_some() && to.region().is_some() && region != to.region() {
                return Err(UnwrapError::Refused);
            }
            let call = |api: &dyn KmsApi| api.re_encrypt(key, blob, old, &to, new);
            // The service does not say which of the two it means.
            let of_both = |error: KmsError| {
                let from = key.map_or_else(|| "that of the blob".to_owned(), ToString::to_string);
                KmsError { key: format!("{from}, or {to}"), ..error }
            };
            Ok(self.ask("ReEncrypt", Some(&to), old, call).map_err(of_both)?)
        });
        match rewrapped {
            Ok(rewrapped) if self.may_use(only, &rewrapped.source) => {
                for key in [&rewrapped.source, &rewrapped.wrapped.key] {
                    self.require_enabled(key).map_err(WrapError::from)?;
                }
                return Ok(rewrapped);
            }
            Ok(_) => return Err(UnwrapError::Refused.into()),
            // It is under a key of another region, or none of these.
            Err(UnwrapError::Refused | UnwrapError::OtherKey) => {}
            Err(error) => return Err(error.into()),
        }
        let opened = self.decrypt_blob(only, blob, old)?;
        let wrapped = self.encrypt_blob(destination, &opened.data_key, new)?;
        Ok(KmsRewrapped { source: opened.key, wrapped })
    }

    /// Asks with each key that may be used, until one is not refused.
    fn with_each_key<T>(
        &self,
        only: &[KeyName],
        ask: impl Fn(Option<&KmsKeyName>) -> Result<T, UnwrapError>,
    ) -> Result<T, UnwrapError> {
        let mut closest = UnwrapError::Refused;
        let is_symmetric = |key: &&KmsKey| key.pair.is_none();
        let chosen = |key: &&KmsKey| only.is_empty() || only.contains(&key.key.key);
        for key in self.keys.iter().filter(is_symmetric).filter(chosen) {
            let answer = match &key.refusal {
                Some(refusal) => Err(UnwrapError::Key(refusal.clone())),
                None => ask(Some(&key.at)),
            };
            match answer {
                Err(UnwrapError::Refused | UnwrapError::OtherKey) => {}
                Err(error) => closest = error,
                answer => return answer,
            }
        }
        let finds = self.discovery != Discovery::Off && only.is_empty();
        if finds { ask(None) } else { Err(closest) }
    }

    /// Whether what a key opened may be used. A key that the service found is one of those that discovery allows.
    fn may_use(&self, only: &[KeyName], opened_by: &KmsArn) -> bool {
        let mut chosen =
            self.keys.iter().filter(|key| only.is_empty() || only.contains(&key.key.key));
        chosen.any(|key| key.may_open(opened_by)) || self.discovery.allows(opened_by)
    }
}

/// Why a blob was not wrapped again.
#[derive(Debug, thiserror::Error)]
pub enum RewrapBlobError {
    /// It was not unwrapped.
    #[error(transparent)]
    Unwrap(#[from] UnwrapError),
    /// It was not wrapped.
    #[error(transparent)]
    Wrap(#[from] WrapError),
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
    fn name(&self) -> &'static str {
        SERVICE
    }

    fn locality(&self) -> Locality {
        Locality::Remote
    }

    fn recipient(&self, key: &KeyName) -> Result<Box<dyn Recipient + '_>, WrapError> {
        Ok(Box::new(KmsRecipient { service: self, key: self.key(key).map(|_| key.clone())? }))
    }

    fn candidates(&self, wrapped: &EncryptedDataKey) -> Vec<Candidate<'_>> {
        let Some(arn) = named_by(wrapped) else { return self.pairs(wrapped) };
        let unwrapper = |at: &KmsKeyName| {
            Box::new(KmsUnwrapper { service: self, at: at.clone(), named: arn.clone() })
        };
        let mut keys: Vec<&KmsKey> = self.keys.iter().filter(|key| key.may_open(&arn)).collect();
        // Of a multi-Region key each replica opens it; the one that is named comes first, and then one that may be used.
        keys.sort_by_key(|key| (!key.is_named(&arn), key.refusal.is_some()));
        let held: Vec<Candidate<'_>> = keys
            .into_iter()
            .map(|key| Candidate {
                key: key.key.clone(),
                refusal: key.refusal.clone(),
                unwrapper: unwrapper(&key.at),
            })
            .collect();
        if !held.is_empty() || !self.discovery.allows(&arn) {
            return held;
        }
        let at = KmsKeyName::Arn(arn.clone());
        let unwrapper = unwrapper(&at);
        vec![Candidate { key: foreign(arn.to_string()), refusal: None, unwrapper }]
    }

    fn root_key(&self, wrapped: &EncryptedDataKey) -> Option<NamedKey> {
        let arn = named_by(wrapped)?;
        let is_it =
            |key: &&KmsKey| matches!(&key.at, KmsKeyName::Arn(own) if own.is_same_key(&arn));
        let held = self.keys.iter().filter(is_it).min_by_key(|key| !key.is_named(&arn))?;
        // No other key has the ARN.
        Some(NamedKey { key: held.key.key.clone(), is_identified: true })
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

/// A key that wraps.
struct KmsRecipient<'a> {
    service: &'a AwsKms,
    key: KeyName,
}

impl Recipient for KmsRecipient<'_> {
    fn generate(
        &self,
        len: usize,
        context: &EncryptionContext,
    ) -> Result<(DataKey, EncryptedDataKey), WrapError> {
        let (data_key, blob) = self.service.generate_blob(&self.key, len, context)?;
        Ok((data_key, encrypted_data_key(blob)))
    }

    fn wrap(
        &self,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, WrapError> {
        self.service.encrypt_blob(&self.key, data_key, context).map(encrypted_data_key)
    }
}

fn encrypted_data_key(blob: KmsBlob) -> EncryptedDataKey {
    EncryptedDataKey {
        provider_id: KMS_NAMESPACE.into(),
        provider_info: blob.key.to_string().into(),
        ciphertext: blob.blob,
    }
}

/// A key that unwraps.
struct KmsUnwrapper<'a> {
    service: &'a AwsKms,
    at: KmsKeyName,
    /// The key that the encrypted data key names.
    named: KmsArn,
}

impl Unwrapper for KmsUnwrapper<'_> {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        // No blob of the service's: it need not be asked.
        if wrapped.ciphertext.is_empty() || wrapped.ciphertext.len() > MOST_BLOB_BYTES {
            return Err(UnwrapError::Refused);
        }
        let at = Some(&self.at);
        let opened = self
            .service
            .ask("Decrypt", at, context, |api| api.decrypt(at, &wrapped.ciphertext, context));
        // What an alias stands for is not known before: another key says nothing of the one that is named.
        let other_key =
            || if self.at.is_alias() { UnwrapError::OtherKey } else { UnwrapError::Refused };
        let opened = match opened.map_err(UnwrapError::from) {
            Err(UnwrapError::OtherKey) => return Err(other_key()),
            opened => opened?,
        };
        // By its own name, whoever tries a key knows its state.
        if self.at.is_alias() {
            self.service.require_enabled(&opened.key).map_err(UnwrapError::Key)?;
        }
        if opened.key.is_same_key(&self.named) { Ok(opened.data_key) } else { Err(other_key()) }
    }
}

/// A key pair whose private half is in the service: that agrees on a secret, and the rest is done here.
struct PairUnwrapper<'a> {
    service: &'a AwsKms,
    at: KmsKeyName,
    public: EcPublicKey,
}

impl Unwrapper for PairUnwrapper<'_> {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let agreement = Agreement::read(&self.public, wrapped).ok_or(UnwrapError::Refused)?;
        let (at, none) = (&self.at, EncryptionContext::default());
        let call = |api: &dyn KmsApi| api.derive_shared_secret(at, agreement.sender());
        let shared = self.service.ask("DeriveSharedSecret", Some(at), &none, call)?;
        // Nothing has shown that the public half that was imported is that of the key in the service.
        agreement.unwrap(&shared, context).map_err(|_| UnwrapError::InDoubt)
    }
}

#[cfg(test)]
mod tests;
