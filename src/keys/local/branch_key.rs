//! Static branch keys of the SDK's hierarchical keyring (`framework/aws-kms/aws-kms-hierarchical-keyring.md`), to read
//! what was written under them. Nothing is wrapped: who writes has to ask AWS KMS whether the branch key is still valid.
//!
//! ```text
//! provider id   = "aws-kms-hierarchy"
//! provider info = branch key id
//! ciphertext    = salt 16 || IV 12 || branch key version, a UUID, 16 || AES-GCM(wrapping key, IV, associated data,
//!                 data key) || tag 16
//! associated data = "aws-kms-hierarchy" branch key id, branch key version 16, full context
//! ```
//!
//! The wrapping key is 32 bytes from HMAC-SHA256 in counter mode (SP 800-108), under the branch key.

use hmac::Hmac;
use sha2::Sha256;
use uuid::Uuid;

use crate::crypto::counter_kdf;
use crate::crypto::engine::{Gcm, IV_LEN, Iv, TAG_LEN};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::crypto::stack;
use crate::keyring::model::kind::BRANCH_NAMESPACE;
use crate::keys::service::{UnwrapError, Unwrapper};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

const SALT_LEN: usize = 16;
const VERSION_LEN: usize = 16;

const WRAPPING_KEY_LEN: usize = 32;

/// The parts of a ciphertext.
struct Wrap<'a> {
    salt: &'a [u8; SALT_LEN],
    iv: &'a Iv,
    version: &'a [u8; VERSION_LEN],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_LEN],
}

impl<'a> Wrap<'a> {
    fn of(wrapped: &'a EncryptedDataKey) -> Option<Self> {
        let (salt, rest) = wrapped.ciphertext.split_first_chunk::<SALT_LEN>()?;
        let (iv, rest) = rest.split_first_chunk::<IV_LEN>()?;
        let (version, rest) = rest.split_first_chunk::<VERSION_LEN>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>()?;
        (!ciphertext.is_empty()).then_some(Self { salt, iv, version, ciphertext, tag })
    }
}

/// How a message names a version of a branch key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchName {
    /// The id of the branch key.
    pub id: String,
    /// The version.
    pub version: Uuid,
}

impl BranchName {
    /// Reads the name of a version of a root key: `<branch key id>/<version>`.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        let (id, version) = name.rsplit_once('/')?;
        let version = Uuid::try_parse(version).ok().filter(|uuid| uuid.to_string() == version)?;
        (!id.is_empty()).then(|| Self { id: id.to_owned(), version })
    }

    /// The name that an encrypted data key gives; `None` if it has not the shape of a hierarchical keyring's. Not
    /// authentic.
    #[must_use]
    pub fn of(wrapped: &EncryptedDataKey) -> Option<Self> {
        if wrapped.provider_id != BRANCH_NAMESPACE.as_bytes() {
            return None;
        }
        let id = std::str::from_utf8(&wrapped.provider_info).ok()?.to_owned();
        Some(Self { id, version: Uuid::from_bytes(*Wrap::of(wrapped)?.version) })
    }
}

impl std::fmt::Display for BranchName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.id, self.version)
    }
}

/// Whether its lengths are those of some wrap under a branch key, whatever its name has become.
#[must_use]
pub fn has_shape(wrapped: &EncryptedDataKey) -> bool {
    Wrap::of(wrapped).is_some()
}

/// A version of a branch key, which unwraps.
pub struct BranchKey {
    name: BranchName,
    key: SecretBytes,
}

impl BranchKey {
    /// What unwraps with this key; `None` if AES-256 has no key of its length.
    #[must_use]
    pub fn new(name: BranchName, key: &SecretBytes) -> Option<Self> {
        (key.len() == 32).then(|| Self { name, key: SecretBytes::copy_of(key.expose()) })
    }

    /// Unwraps without regard to the id and the version that `wrapped` gives.
    pub(super) fn unwrap_unnamed(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        Wrap::of(wrapped).and_then(|wrap| self.open(&wrap, context)).ok_or(UnwrapError::Refused)
    }

    fn open(&self, wrap: &Wrap<'_>, context: &EncryptionContext) -> Option<DataKey> {
        let BranchName { id, version } = &self.name;
        let associated_data =
            [BRANCH_NAMESPACE.as_bytes(), id.as_bytes(), version.as_bytes(), &context.serialise()]
                .concat();
        let (label, len) = (BRANCH_NAMESPACE.as_bytes(), WRAPPING_KEY_LEN);
        let wrapping_key = counter_kdf::derive::<Hmac<Sha256>>(&self.key, label, wrap.salt, len)?;
        let gcm = stack::wipe_after(|| Gcm::new(wrapping_key.expose()))?;
        let mut data_key = SecretBytes::copy_of(wrap.ciphertext);
        gcm.open(wrap.iv, &associated_data, data_key.expose_mut(), wrap.tag).ok()?;
        Some(DataKey::new(data_key))
    }
}

impl Unwrapper for BranchKey {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        if BranchName::of(wrapped).as_ref() != Some(&self.name) {
            return Err(UnwrapError::Refused);
        }
        self.unwrap_unnamed(wrapped, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_id_and_a_version_after_the_last_slash() {
        let version = "6b7bb8a0-0b0e-4d3a-9d56-000000000001";
        let name = BranchName::read(&format!("a/b/{version}")).unwrap();
        assert_eq!((&name.id[..], name.to_string()), ("a/b", format!("a/b/{version}")));
        // One version has one spelling.
        let upper = version.to_uppercase();
        for bad in [version, "a", "a/", "a/1", &format!("/{version}"), &format!("a/{upper}")] {
            assert_eq!(BranchName::read(bad), None, "{bad}");
        }
    }
}
