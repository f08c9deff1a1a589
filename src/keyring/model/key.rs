//! A root key, and the versions that rotation adds.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind::{ECDH_NAMESPACE, KMS_ECDH_NAMESPACE, Kind, RsaPadding};
use super::kms_arn::KmsArn;
use super::material::Material;
use super::name::{Alias, KMS_NAMESPACE, KeyId};
use super::versions::Versions;
use crate::clock::now;
use crate::crypto::ec::{Curve, EcPrivateKey, EcPublicKey};
use crate::crypto::rsa::RsaPublicKey;
use crate::crypto::secret::SecretBytes;
use crate::keyring::model::error::KeyError;

/// The key namespace of enwrap's own keys.
pub const NAMESPACE: &str = "enwrap";

/// A root key (AWS: KMS key): a name for one or more versions of a wrapping key.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    id: KeyId,
    pub(super) aliases: BTreeSet<Alias>,
    description: String,
    created: Timestamp,
    origin: Origin,
    /// Left out for AES, which was the only kind of version 1 of the format.
    #[serde(default, skip_serializing_if = "Kind::is_aes")]
    kind: Kind,
    decrypt_only: bool,
    pub(super) versions: Versions,
}

/// One version of a root key: a wrapping key, as a message names it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyVersion {
    /// Counted from 1.
    pub number: u32,
    /// The key namespace (provider id) by which a message names the version.
    pub namespace: String,
    /// The key name by which a message names the version. Of AES keys `<key id>/<version>`, or what an import came with;
    /// of elliptic-curve keys the compressed public key in hex; of keys of AWS KMS the ARN.
    pub name: String,
    /// When it came into this keyring.
    pub created: Timestamp,
    /// Whether it may be used.
    pub state: State,
    /// When a pending deletion may be carried out.
    pub deletion_date: Option<Timestamp>,
    /// What an RSA key has besides its names, and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rsa: Option<RsaPublic>,
    /// The key of AWS KMS that has the private half of an elliptic-curve key; `None` of all others, also of those that are in
    /// AWS KMS whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_kms: Option<KmsArn>,
    /// The secret half; `None` where a service keeps it, or where only the public half is held.
    pub material: Option<Material>,
}

/// The public half of an RSA key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RsaPublic {
    /// How it pads.
    pub padding: RsaPadding,
    /// The `SubjectPublicKeyInfo` in DER, as hex.
    pub public_key: String,
}

impl RsaPublic {
    /// The public half of a key that pads so.
    #[must_use]
    pub fn new(padding: RsaPadding, key: &RsaPublicKey) -> Self {
        Self { padding, public_key: hex::encode(key.as_spki()) }
    }
}

/// Where a root key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Made here.
    Generated,
    /// Made elsewhere; its name belongs to its owner.
    Imported,
    /// Kept by AWS KMS.
    AwsKms,
}

/// Whether a key version may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It may be used.
    Enabled,
    /// It may not be used until it is enabled again.
    Disabled,
    /// It may not be used, and can be destroyed after its deletion date.
    PendingDeletion,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::PendingDeletion => "pending-deletion",
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generated => "generated",
            Self::Imported => "imported",
            Self::AwsKms => "aws-kms",
        })
    }
}

impl Origin {
    /// Where a key comes from that was made elsewhere.
    fn of_import(kind: Kind) -> Self {
        if kind == Kind::AwsKms { Self::AwsKms } else { Self::Imported }
    }
}

impl Key {
    /// Makes a new root key with one version.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn generate(aliases: BTreeSet<Alias>, description: &str) -> io::Result<Self> {
        let id = KeyId::generate()?;
        let version = KeyVersion::generate(id, 1)?;
        Ok(Self::generated(id, Kind::Aes, aliases, description, version))
    }

    /// Makes a new elliptic-curve key with one version, which is a key pair.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn generate_pair(
        curve: Curve,
        aliases: BTreeSet<Alias>,
        description: &str,
    ) -> io::Result<Self> {
        let version = KeyVersion::generate_pair(curve, 1)?;
        Ok(Self::generated(KeyId::generate()?, curve.into(), aliases, description, version))
    }

    fn generated(
        id: KeyId,
        kind: Kind,
        aliases: BTreeSet<Alias>,
        description: &str,
        version: KeyVersion,
    ) -> Self {
        Self {
            id,
            aliases,
            description: description.to_owned(),
            created: version.created,
            origin: Origin::Generated,
            kind,
            decrypt_only: false,
            versions: Versions::of(version),
        }
    }

    /// Takes a wrapping key that was made elsewhere, under a new id.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn import(kind: Kind, version: KeyVersion) -> io::Result<Self> {
        Ok(Self::imported(KeyId::generate()?, kind, Versions::of(version), false))
    }

    /// A key of another keyring that an export describes: it has no aliases here.
    pub(crate) fn imported(id: KeyId, kind: Kind, versions: Versions, decrypt_only: bool) -> Self {
        Self {
            id,
            aliases: BTreeSet::new(),
            description: String::new(),
            created: versions.current().created,
            origin: Origin::of_import(kind),
            kind,
            decrypt_only,
            versions,
        }
    }

    /// This key as it comes from another keyring: it counts as imported, and has these aliases only.
    pub(crate) fn into_imported(self, aliases: BTreeSet<Alias>) -> Self {
        Self { origin: Origin::of_import(self.kind), aliases, ..self }
    }

    /// This key under another id. Its versions keep their names, so they must not be enwrap's own.
    pub(crate) fn with_id(self, id: KeyId) -> Self {
        Self { id, ..self }
    }

    /// A copy with these versions only, for an export.
    pub(crate) fn copy_with(&self, versions: Versions, decrypt_only: bool) -> Self {
        Self {
            id: self.id,
            aliases: self.aliases.clone(),
            description: self.description.clone(),
            created: self.created,
            origin: self.origin,
            kind: self.kind,
            decrypt_only: self.decrypt_only || decrypt_only,
            versions,
        }
    }

    /// A random UUID.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Names that people use.
    #[must_use]
    pub fn aliases(&self) -> &BTreeSet<Alias> {
        &self.aliases
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// When it came into this keyring.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// Where it came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// What kind of wrapping key it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The ARN of a key of kind aws-kms.
    #[must_use]
    pub fn kms_arn(&self) -> Option<KmsArn> {
        if self.kind == Kind::AwsKms { self.current().kms_arn() } else { None }
    }

    /// Whether only public halves of it are held, and AWS KMS has no private one, so that it opens nothing.
    #[must_use]
    pub fn is_public_only(&self) -> bool {
        self.versions.iter().all(|version| version.is_public_only(self.kind))
    }

    /// Whether it may decrypt only. It prevents mistakes: whoever holds the material can do both.
    #[must_use]
    pub fn is_decrypt_only(&self) -> bool {
        self.decrypt_only
    }

    /// All its versions.
    #[must_use]
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// The version that new data keys are wrapped under.
    ///
    /// # Errors
    /// [`KeyError::Unusable`], [`KeyError::DecryptOnly`] or [`KeyError::OnlyReads`].
    pub fn to_encrypt(&self) -> Result<&KeyVersion, KeyError> {
        if self.kind == Kind::Branch {
            return Err(KeyError::OnlyReads { key: self.id, kind: self.kind });
        }
        if self.decrypt_only {
            return Err(KeyError::DecryptOnly { key: self.id });
        }
        let current = self.current();
        current.require_enabled(self.id)?;
        Ok(current)
    }

    /// Refuses a key that gets no new versions here.
    ///
    /// # Errors
    /// [`KeyError::InKms`] or [`KeyError::NotOurs`], or as [`to_encrypt`](Self::to_encrypt).
    pub fn require_rotatable(&self) -> Result<(), KeyError> {
        if let Some(arn) = self.current().kms_arn() {
            return Err(KeyError::InKms { key: self.id, kind: self.kind, arn });
        }
        if self.origin != Origin::Generated {
            return Err(KeyError::NotOurs { key: self.id });
        }
        self.to_encrypt().map(drop)
    }

    /// Separates the versions with these numbers from the key, which is `None` where it has no others.
    pub(super) fn without(self, numbers: &[u32]) -> (Option<Self>, Vec<KeyVersion>) {
        let (versions, removed) = self.versions.without(numbers);
        (versions.map(|versions| Self { versions, ..self }), removed)
    }

    /// Makes a new version, which is then the current one. The old ones only decrypt from then on.
    ///
    /// # Errors
    /// When the system has no random numbers to give, or there is no further number.
    pub fn rotate(&mut self) -> io::Result<()> {
        let number = self.current().number.checked_add(1).ok_or(io::ErrorKind::Other)?;
        let version = match self.kind.curve() {
            Some(curve) => KeyVersion::generate_pair(curve, number)?,
            None => KeyVersion::generate(self.id, number)?,
        };
        self.versions.push(version).map_err(io::Error::other)
    }

    /// Enables or disables one version, or all that have no deletion date.
    ///
    /// # Errors
    /// [`KeyError::NoVersion`], or [`KeyError::Unusable`] for one that waits to be destroyed.
    pub fn switch(&mut self, version: Option<u32>, state: State) -> Result<(), KeyError> {
        if let Some(number) = version {
            self.version(Some(number))?;
        }
        let id = self.id;
        let is_meant = |held: &&mut KeyVersion| version.is_none_or(|number| held.number == number);
        for held in self.versions.iter_mut().filter(is_meant) {
            match held.state {
                State::PendingDeletion if version.is_some() => return held.require_enabled(id),
                State::PendingDeletion => {}
                State::Enabled | State::Disabled => held.state = state,
            }
        }
        Ok(())
    }

    /// The newest version.
    #[must_use]
    pub fn current(&self) -> &KeyVersion {
        self.versions.current()
    }

    /// The version of this number, or the current one.
    ///
    /// # Errors
    /// [`KeyError::NoVersion`].
    pub fn version(&self, number: Option<u32>) -> Result<&KeyVersion, KeyError> {
        let Some(version) = number else { return Ok(self.current()) };
        self.versions
            .iter()
            .find(|v| v.number == version)
            .ok_or(KeyError::NoVersion { key: self.id, version })
    }
}

impl KeyVersion {
    /// Makes version `number` of enwrap's own key `id`.
    fn generate(id: KeyId, number: u32) -> io::Result<Self> {
        let material = Material::generate()?;
        Ok(Self::new(number, NAMESPACE, &own_name(id, number), Some(material)))
    }

    /// Makes version `number` of an elliptic-curve key.
    fn generate_pair(curve: Curve, number: u32) -> io::Result<Self> {
        EcPrivateKey::generate(curve).map(|key| Self::of_pair(number, key))
    }

    /// A version with this key pair.
    #[must_use]
    pub fn of_pair(number: u32, key: EcPrivateKey) -> Self {
        let public = Self::of_public(number, key.public());
        Self { material: Material::new(key.into_scalar()), ..public }
    }

    /// A version of which only the public half is held.
    #[must_use]
    pub fn of_public(number: u32, key: &EcPublicKey) -> Self {
        Self::new(number, ECDH_NAMESPACE, &hex::encode(key.as_bytes()), None)
    }

    /// A version of which the public half is held, and AWS KMS has the private one.
    #[must_use]
    pub fn of_public_in_kms(number: u32, key: &EcPublicKey, arn: KmsArn) -> Self {
        let public = Self::of_public(number, key);
        Self { namespace: KMS_ECDH_NAMESPACE.to_owned(), aws_kms: Some(arn), ..public }
    }

    /// The version of a symmetric key of AWS KMS. There is one: rotation there keeps the ARN.
    #[must_use]
    pub fn of_kms(arn: &KmsArn) -> Self {
        Self::new(1, KMS_NAMESPACE, arn.as_str(), None)
    }

    /// A version with an RSA key, under the names that it has where it was made. `pkcs8` is its private half in DER, where
    /// that is held.
    #[must_use]
    pub fn of_rsa(
        number: u32,
        namespace: &str,
        name: &str,
        rsa: RsaPublic,
        pkcs8: Option<SecretBytes>,
    ) -> Self {
        let public = Self::new(number, namespace, name, pkcs8.and_then(Material::new));
        Self { rsa: Some(rsa), ..public }
    }

    /// A version that came into the keyring now.
    #[must_use]
    pub fn new(number: u32, namespace: &str, name: &str, material: Option<Material>) -> Self {
        Self {
            number,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            created: now(),
            state: State::Enabled,
            deletion_date: None,
            rsa: None,
            aws_kms: None,
            material,
        }
    }

    /// Refuses a version that is switched off.
    ///
    /// # Errors
    /// [`KeyError::Unusable`].
    pub fn require_enabled(&self, key: KeyId) -> Result<(), KeyError> {
        if self.state == State::Enabled {
            return Ok(());
        }
        let Self { number: version, state, deletion_date, .. } = *self;
        Err(KeyError::Unusable { key, version, state, deletion_date })
    }

    /// Refuses a name that another key could have. In enwrap's own namespace every name is
    /// `<key id>/<version>`, so that no import takes the name of a version that a rotation will make.
    pub(crate) fn require_own_name(&self, key: &Key) -> Result<(), KeyError> {
        let Self { namespace, name, number, .. } = self;
        if namespace.is_empty() || name.is_empty() {
            return Err(KeyError::Unnamed);
        }
        let is_of_kind = self.has_a_namespace_of(key.kind);
        let is_own = namespace != NAMESPACE || *name == own_name(key.id, *number);
        if !is_of_kind || !is_own {
            let (namespace, name) = (namespace.clone(), name.clone());
            return Err(KeyError::ReservedName { namespace, name });
        }
        Ok(())
    }
}

/// The key name of enwrap's own keys.
fn own_name(id: KeyId, number: u32) -> String {
    format!("{id}/{number}")
}
