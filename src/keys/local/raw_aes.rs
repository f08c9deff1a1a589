//! The SDK's raw AES keyring (`framework/raw-aes-keyring.md`): a local wrapping key.
//!
//! ```text
//! provider id   = key namespace
//! provider info = key name || tag length in bits u32 || IV length in bytes u32 || IV 12
//! ciphertext    = AES-GCM(wrapping key, IV, associated data = full context, data key) || tag 16
//! ```

use crate::crypto::engine::{Gcm, IV_LEN, Iv, TAG_LEN};
use crate::crypto::secret::{DataKey, SecretBytes, fill_random};
use crate::crypto::stack;
use crate::keys::service::{Recipient, UnwrapError, Unwrapper, WrapError};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// What stands between the key name and the IV: 128 bits of tag, 12 bytes of IV.
const LENGTHS: [u8; 8] = [0, 0, 0, 0x80, 0, 0, 0, 0x0C];

/// A raw AES wrapping key, ready to wrap.
pub struct RawAes {
    namespace: String,
    name: String,
    gcm: Gcm,
}

impl RawAes {
    /// Expands `material`; `None` unless it is 16, 24 or 32 bytes long.
    #[must_use]
    pub fn new(namespace: &str, name: &str, material: &SecretBytes) -> Option<Self> {
        // What this leaves on the stack would get into the heap with the values that are moved there next.
        let gcm = stack::wipe_after(|| Gcm::new(material.expose()))?;
        Some(Self { namespace: namespace.to_owned(), name: name.to_owned(), gcm })
    }

    /// Unwraps without regard to the namespace and name that `wrapped` gives.
    pub(super) fn unwrap_unnamed(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let iv = wrapped.provider_info.last_chunk::<IV_LEN>().ok_or(UnwrapError::Refused)?;
        self.open(iv, wrapped, context)
    }

    fn open(
        &self,
        iv: &Iv,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let (ciphertext, tag) =
            wrapped.ciphertext.split_last_chunk::<TAG_LEN>().ok_or(UnwrapError::Refused)?;
        let mut data_key = SecretBytes::copy_of(ciphertext);
        self.gcm
            .open(iv, &context.serialise(), data_key.expose_mut(), tag)
            .map_err(|_| UnwrapError::Refused)?;
        Ok(DataKey::new(data_key))
    }

    /// Wraps with a given IV; no two wraps of one key may share it.
    pub(crate) fn wrap_with(
        &self,
        iv: &Iv,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> EncryptedDataKey {
        // The plaintext is overwritten by its own ciphertext, so no copy of it stays behind.
        let mut ciphertext = Vec::with_capacity(data_key.len() + TAG_LEN);
        ciphertext.extend_from_slice(data_key.expose());
        let tag = self.gcm.seal(iv, &context.serialise(), &mut ciphertext);
        ciphertext.extend_from_slice(&tag);
        EncryptedDataKey {
            provider_id: self.namespace.as_bytes().to_vec(),
            provider_info: [self.name.as_bytes(), &LENGTHS, iv].concat(),
            ciphertext,
        }
    }
}

/// The wrap's IV, if `wrapped` names the raw AES key of this namespace and name. A name proves
/// nothing: only the unwrap does.
///
/// The name has no length of its own, so it is the prefix that leaves just the lengths and the IV.
#[must_use]
pub fn named_iv(namespace: &str, name: &str, wrapped: &EncryptedDataKey) -> Option<Iv> {
    if wrapped.provider_id != namespace.as_bytes() {
        return None;
    }
    let iv = wrapped.provider_info.strip_prefix(name.as_bytes())?.strip_prefix(&LENGTHS)?;
    Iv::try_from(iv).ok()
}

/// The key name in `provider_info`, if it has the shape of a raw AES keyring's.
#[must_use]
pub fn key_name(provider_info: &[u8]) -> Option<&str> {
    let end = provider_info.len().checked_sub(LENGTHS.len() + IV_LEN)?;
    let (name, rest) = provider_info.split_at(end);
    let name = std::str::from_utf8(name).ok()?;
    rest.starts_with(&LENGTHS).then_some(name)
}

/// The namespace and name that an encrypted data key gives, if it has the shape of a raw AES keyring's.
#[must_use]
pub fn names(wrapped: &EncryptedDataKey) -> Option<(&str, &str)> {
    let namespace = std::str::from_utf8(&wrapped.provider_id).ok()?;
    Some((namespace, key_name(&wrapped.provider_info)?))
}

/// The bytes with which a serialised encrypted data key gives a namespace, and those with which it gives a name:
/// two parts that share no byte.
#[must_use]
pub fn serialised_names(namespace: &str, name: &str) -> (Vec<u8>, Vec<u8>) {
    let len = |text: usize| u16::try_from(text).unwrap_or(u16::MAX).to_be_bytes();
    let info_len = len(name.len() + LENGTHS.len() + IV_LEN);
    let namespace = [&len(namespace.len())[..], namespace.as_bytes(), &info_len].concat();
    (namespace, [name.as_bytes(), &LENGTHS].concat())
}

/// Whether its lengths are those of some raw AES wrap, whatever its name has become.
#[must_use]
pub fn has_shape(wrapped: &EncryptedDataKey) -> bool {
    wrapped.provider_info.len() >= IV_LEN && wrapped.ciphertext.len() > TAG_LEN
}

impl Recipient for RawAes {
    fn wrap(
        &self,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, WrapError> {
        // A random IV a wrap: a wrapping key serves 2^32 wraps before a repeated IV becomes likely enough
        // to matter (NIST SP 800-38D, section 8.3).
        let mut iv = [0; IV_LEN];
        fill_random(&mut iv).map_err(WrapError::Random)?;
        Ok(self.wrap_with(&iv, data_key, context))
    }
}

impl Unwrapper for RawAes {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let iv = named_iv(&self.namespace, &self.name, wrapped).ok_or(UnwrapError::Refused)?;
        self.open(&iv, wrapped, context)
    }
}

#[cfg(test)]
mod tests {
    /// The shortest wrap has an empty name, and one byte of a data key.
    #[test]
    fn the_shape_of_a_wrap_is_that_of_its_lengths() {
        for (info_len, len, is_it) in [
            (IV_LEN, TAG_LEN + 1, true),
            (IV_LEN + 20, 48, true),
            (IV_LEN - 1, 48, false),
            (IV_LEN, TAG_LEN, false),
            (0, 0, false),
        ] {
            let (provider_id, provider_info) = (Vec::new(), vec![0; info_len]);
            let wrapped = EncryptedDataKey { provider_id, provider_info, ciphertext: vec![0; len] };
            assert_eq!(has_shape(&wrapped), is_it, "{info_len} {len}");
        }
    }

    use super::*;

    fn none() -> EncryptionContext {
        EncryptionContext::default()
    }

    fn context(value: &str) -> EncryptionContext {
        let mut context = none();
        context.insert("k", value).unwrap();
        context
    }

    fn key(namespace: &str, name: &str) -> RawAes {
        RawAes::new(namespace, name, &SecretBytes::copy_of(&[1; 32])).unwrap()
    }

    #[test]
    fn wraps_as_the_sdk_does() {
        // The first row of suite 0x0478 of the known answers.
        let material: Vec<u8> = (0..32).collect();
        let key = RawAes::new("my-ns", "key-1", &SecretBytes::copy_of(&material)).unwrap();
        let data_key = "41014de1a69ff9c83a892432b1594e6103d36c56e2b134c27b3d9cd2c9097ec4";
        let data_key = DataKey::new(SecretBytes::copy_of(&hex::decode(data_key).unwrap()));
        let iv: Iv = hex::decode("4961e737522f0c7fe48d725a").unwrap().try_into().unwrap();
        let wrapped = key.wrap_with(&iv, &data_key, &none());
        assert_eq!(
            hex::encode(&wrapped.provider_info),
            "6b65792d31000000800000000c4961e737522f0c7fe48d725a"
        );
        assert_eq!(
            hex::encode(&wrapped.ciphertext),
            "ddb660d3be12a52f2192a9ee42eb54cf86004ffdcf31f5359669ce59ff594c01\
             9a55bbe0e84121f8f4366d5e8d491b6c"
        );
        assert_eq!(key.unwrap(&wrapped, &none()).unwrap(), data_key);
    }

    #[test]
    fn unwraps_only_with_the_same_context_and_key() {
        let (data_key, wrapped) = key("ns", "a").generate(32, &context("v")).unwrap();
        assert_eq!(key("ns", "a").unwrap(&wrapped, &context("v")).unwrap(), data_key);
        assert!(key("ns", "a").unwrap(&wrapped, &none()).is_err());
        let other = RawAes::new("ns", "a", &SecretBytes::copy_of(&[2; 32])).unwrap();
        assert!(matches!(other.unwrap(&wrapped, &context("v")), Err(UnwrapError::Refused)));
    }

    #[test]
    fn a_name_matches_whole_and_with_its_lengths() {
        let (_, wrapped) = key("ns", "key-1").generate(16, &none()).unwrap();
        assert!(named_iv("ns", "key-1", &wrapped).is_some());
        assert_eq!(key_name(&wrapped.provider_info), Some("key-1"));
        for (namespace, name) in [("ns", "key-"), ("ns", "key-12"), ("n", "key-1"), ("ns", "")] {
            assert_eq!(named_iv(namespace, name, &wrapped), None, "{namespace} {name}");
        }
        let mut short = wrapped.clone();
        short.provider_info.pop();
        let mut other_tag = wrapped;
        other_tag.provider_info[8] = 0x60;
        assert_eq!(named_iv("ns", "key-1", &short), None);
        assert_eq!(named_iv("ns", "key-1", &other_tag), None);
        assert_eq!(key_name(&other_tag.provider_info), None);
    }

    #[test]
    fn a_ciphertext_without_room_for_a_tag_does_not_unwrap() {
        let (_, mut wrapped) = key("ns", "a").generate(32, &none()).unwrap();
        wrapped.ciphertext.truncate(15);
        assert!(matches!(key("ns", "a").unwrap(&wrapped, &none()), Err(UnwrapError::Refused)));
    }
}
