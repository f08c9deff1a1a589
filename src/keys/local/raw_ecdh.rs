//! The SDK's raw ECDH keyring: a wrap for a public key, which only its private half unwraps.
//!
//! ```text
//! provider id   = "raw-ecdh" ("aws-kms-ecdh" where a private half is in AWS KMS: the same bytes)
//! provider info = 01 || length u32 || recipient's public key || length u32 || sender's public key
//! ciphertext    = salt 32 || commit key 32 || AES-GCM(wrapping key, IV of zeros, associated data = fixed information,
//!                 data key) || tag 16
//! fixed info    = "ecdh-key-derivation" 00 curve 00 "HMAC_SHA384" 00 sender's key, recipient's key 00 01 00 full context
//! ```
//!
//! The commit key and the wrapping key are the two halves of 64 bytes from HMAC-SHA384 in counter mode (SP 800-108), under
//! the x coordinate of the shared point. The published specification (`framework/raw-ecdh-keyring.md`) describes the fixed
//! information otherwise; this is what all official SDKs do.
//!
//! Each wrap has a sender key of its own, whose private half is wiped: nobody, its writer included, can unwrap it
//! without the recipient's private key.

use hmac::Hmac;
use sha2::Sha384;
use subtle::ConstantTimeEq as _;

use crate::crypto::counter_kdf;
use crate::crypto::ec::{Curve, EcPrivateKey, EcPublicKey};
use crate::crypto::engine::{Gcm, IV_LEN, Iv, TAG_LEN};
use crate::crypto::secret::{DataKey, SecretBytes, fill_random};
use crate::crypto::stack;
use crate::keyring::model::kind::{ECDH_NAMESPACE, KMS_ECDH_NAMESPACE};
use crate::keys::service::{Recipient, UnwrapError, Unwrapper, WrapError};
use crate::message::context::EncryptionContext;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// The version of the provider info's layout.
const VERSION: u8 = 1;

const SALT_LEN: usize = 32;
const COMMIT_KEY_LEN: usize = 32;
const WRAPPING_KEY_LEN: usize = 32;

/// The wrapping key serves one wrap only.
const IV: Iv = [0; IV_LEN];

/// The two public keys of a wrap, as its provider info has them. Neither is proved to be a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parties<'a> {
    recipient: &'a [u8],
    sender: &'a [u8],
}

impl<'a> Parties<'a> {
    fn of(wrapped: &'a EncryptedDataKey) -> Option<Self> {
        fn take(rest: &[u8]) -> Option<(&[u8], &[u8])> {
            let (len, rest) = rest.split_first_chunk::<4>()?;
            rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)
        }
        let provider = &wrapped.provider_id;
        if provider != ECDH_NAMESPACE.as_bytes() && provider != KMS_ECDH_NAMESPACE.as_bytes() {
            return None;
        }
        let (recipient, rest) = take(wrapped.provider_info.strip_prefix(&[VERSION])?)?;
        let (sender, rest) = take(rest)?;
        rest.is_empty().then_some(Self { recipient, sender })
    }
}

/// The recipient's public key that an encrypted data key names, in the bytes that it claims; `None` if it has not the shape
/// of a raw ECDH keyring's.
#[must_use]
pub fn recipient_of(wrapped: &EncryptedDataKey) -> Option<&[u8]> {
    Parties::of(wrapped).map(|parties| parties.recipient)
}

/// Whether its lengths are those of a wrap for a key of `curve`, whatever its names have become.
#[must_use]
pub fn has_shape(curve: Curve, wrapped: &EncryptedDataKey) -> bool {
    wrapped.provider_info.len() == 1 + 2 * (size_of::<u32>() + curve.point_len())
        && wrapped.ciphertext.len() > SALT_LEN + COMMIT_KEY_LEN + TAG_LEN
}

/// A public key that data keys are wrapped for.
pub struct RawEcdhRecipient {
    namespace: String,
    key: EcPublicKey,
}

impl RawEcdhRecipient {
    /// A recipient with this public key, whose namespace says where its private half is.
    #[must_use]
    pub fn new(namespace: &str, key: EcPublicKey) -> Self {
        Self { namespace: namespace.to_owned(), key }
    }
}

impl Recipient for RawEcdhRecipient {
    fn wrap(
        &self,
        data_key: &DataKey,
        context: &EncryptionContext,
    ) -> Result<EncryptedDataKey, WrapError> {
        let sender = EcPrivateKey::generate(self.key.curve()).map_err(WrapError::Random)?;
        let mut salt = [0; SALT_LEN];
        fill_random(&mut salt).map_err(WrapError::Random)?;
        let wrapped = wrap_from(&sender, &self.key, &salt, data_key, context).ok_or_else(|| {
            // Both keys are of one curve, and a new key is not the recipient's.
            WrapError::Random(std::io::ErrorKind::Other.into())
        })?;
        Ok(EncryptedDataKey { provider_id: self.namespace.as_bytes().to_vec(), ..wrapped })
    }
}

fn wrap_from(
    sender: &EcPrivateKey,
    recipient: &EcPublicKey,
    salt: &[u8; SALT_LEN],
    data_key: &DataKey,
    context: &EncryptionContext,
) -> Option<EncryptedDataKey> {
    let info = fixed_info(sender.public(), recipient, context);
    let derived = derive(&sender.agree(recipient)?, salt, &info)?;
    let mut ciphertext = Vec::with_capacity(SALT_LEN + COMMIT_KEY_LEN + data_key.len() + TAG_LEN);
    ciphertext.extend_from_slice(salt);
    ciphertext.extend_from_slice(derived.commit_key());
    // The plaintext is overwritten by its own ciphertext, so no copy of it stays behind.
    let start = ciphertext.len();
    ciphertext.extend_from_slice(data_key.expose());
    let tag = derived.gcm()?.seal(&IV, &info, &mut ciphertext[start..]);
    ciphertext.extend_from_slice(&tag);
    let mut provider_info = vec![VERSION];
    for key in [recipient, sender.public()] {
        let len = u32::try_from(key.as_bytes().len()).ok()?;
        provider_info.extend_from_slice(&len.to_be_bytes());
        provider_info.extend_from_slice(key.as_bytes());
    }
    Some(EncryptedDataKey { provider_id: ECDH_NAMESPACE.into(), provider_info, ciphertext })
}

/// A wrap for one public key, and the key of its sender, which is proved to be a point of the same curve. Whoever has the
/// private half of the recipient, in whatever place, makes the shared secret of both.
pub struct Agreement<'a> {
    recipient: &'a EcPublicKey,
    sender: EcPublicKey,
    ciphertext: &'a [u8],
}

impl<'a> Agreement<'a> {
    /// Reads a wrap; `None` if it is not for `recipient`, or its sender is no public key.
    #[must_use]
    pub fn read(recipient: &'a EcPublicKey, wrapped: &'a EncryptedDataKey) -> Option<Self> {
        let parties = Parties::of(wrapped)?;
        let sender = EcPublicKey::read(recipient.curve(), parties.sender)?;
        (parties.recipient == recipient.as_bytes()).then_some(Self {
            recipient,
            sender,
            ciphertext: &wrapped.ciphertext,
        })
    }

    /// The public key that the recipient's private half agrees with.
    #[must_use]
    pub fn sender(&self) -> &EcPublicKey {
        &self.sender
    }

    /// Unwraps the data key under the shared secret: the x coordinate of the shared point, as long as the field.
    ///
    /// # Errors
    /// [`UnwrapError::Refused`], also where no point of the curve has an x coordinate of that length.
    pub fn unwrap(
        &self,
        shared: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        self.open(shared, context).ok_or(UnwrapError::Refused)
    }

    fn open(&self, shared: &SecretBytes, context: &EncryptionContext) -> Option<DataKey> {
        if shared.len() != self.recipient.curve().scalar_len() {
            return None;
        }
        let (salt, rest) = self.ciphertext.split_first_chunk::<SALT_LEN>()?;
        let (commit_key, rest) = rest.split_first_chunk::<COMMIT_KEY_LEN>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>()?;
        let info = fixed_info(&self.sender, self.recipient, context);
        let derived = derive(shared, salt, &info)?;
        if !bool::from(derived.commit_key().ct_eq(commit_key)) {
            return None;
        }
        let mut data_key = SecretBytes::copy_of(ciphertext);
        derived.gcm()?.open(&IV, &info, data_key.expose_mut(), tag).ok()?;
        Some(DataKey::new(data_key))
    }
}

/// A private key, which unwraps what was wrapped for its public half.
pub struct RawEcdh(EcPrivateKey);

impl RawEcdh {
    /// What unwraps with this private key.
    #[must_use]
    pub fn new(private: EcPrivateKey) -> Self {
        Self(private)
    }

    /// Unwraps without regard to the provider id and to the recipient that `wrapped` names.
    pub(super) fn unwrap_unnamed(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let curve = self.0.public().curve();
        if !has_shape(curve, wrapped) {
            return Err(UnwrapError::Refused);
        }
        let (_, sender) =
            wrapped.provider_info.split_at(wrapped.provider_info.len() - curve.point_len());
        let sender = EcPublicKey::read(curve, sender).ok_or(UnwrapError::Refused)?;
        let (recipient, ciphertext) = (self.0.public(), &wrapped.ciphertext[..]);
        self.agree(&Agreement { recipient, sender, ciphertext }, context)
    }

    fn agree(
        &self,
        agreement: &Agreement<'_>,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let shared = self.0.agree(agreement.sender()).ok_or(UnwrapError::Refused)?;
        agreement.unwrap(&shared, context)
    }
}

impl Unwrapper for RawEcdh {
    fn unwrap(
        &self,
        wrapped: &EncryptedDataKey,
        context: &EncryptionContext,
    ) -> Result<DataKey, UnwrapError> {
        let agreement = Agreement::read(self.0.public(), wrapped).ok_or(UnwrapError::Refused)?;
        self.agree(&agreement, context)
    }
}

/// What both sides derive: the commit key, and after it the wrapping key.
struct Derived(SecretBytes);

impl Derived {
    fn commit_key(&self) -> &[u8] {
        &self.0.expose()[..COMMIT_KEY_LEN]
    }

    fn gcm(&self) -> Option<Gcm> {
        stack::wipe_after(|| Gcm::new(&self.0.expose()[COMMIT_KEY_LEN..]))
    }
}

fn fixed_info(
    sender: &EcPublicKey,
    recipient: &EcPublicKey,
    context: &EncryptionContext,
) -> Vec<u8> {
    [
        b"ecdh-key-derivation\0",
        recipient.curve().name().as_bytes(),
        b"\0HMAC_SHA384\0",
        sender.as_bytes(),
        recipient.as_bytes(),
        b"\0\x01\0",
        &context.serialise(),
    ]
    .concat()
}

/// The first 64 bytes of HMAC-SHA384(shared secret, `i u32 | info | 00 | salt | 512 u32`) for i = 1, 2.
fn derive(shared: &SecretBytes, salt: &[u8; SALT_LEN], info: &[u8]) -> Option<Derived> {
    let len = COMMIT_KEY_LEN + WRAPPING_KEY_LEN;
    counter_kdf::derive::<Hmac<Sha384>>(shared, info, salt, len).map(Derived)
}

#[cfg(test)]
mod tests {
    /// The shortest wrap has one byte of a data key.
    #[test]
    fn the_shape_of_a_wrap_is_that_of_its_lengths() {
        let info = 1 + 2 * (4 + 49);
        for (info_len, len, is_it) in [
            (info, SALT_LEN + COMMIT_KEY_LEN + TAG_LEN + 1, true),
            (info, SALT_LEN + COMMIT_KEY_LEN + TAG_LEN, false),
            (info - 1, 100, false),
            (info + 1, 100, false),
            (1 + 2 * (4 + 33), 100, false),
        ] {
            let (provider_id, provider_info) = (Vec::new(), vec![0; info_len]);
            let wrapped = EncryptedDataKey { provider_id, provider_info, ciphertext: vec![0; len] };
            assert_eq!(has_shape(Curve::P384, &wrapped), is_it, "{info_len} {len}");
        }
    }

    use super::*;
    use crate::message::context::context;

    fn wrapped_for(key: &EcPrivateKey, context: &EncryptionContext) -> (DataKey, EncryptedDataKey) {
        let recipient = RawEcdhRecipient::new(ECDH_NAMESPACE, key.public().clone());
        recipient.generate(32, context).unwrap()
    }

    #[test]
    fn the_private_half_unwraps_what_was_wrapped_for_the_public_one_and_no_other_key_does() {
        let own = context(&[("k", "v")]);
        for curve in Curve::ALL {
            let key = EcPrivateKey::generate(curve).unwrap();
            let (data_key, mut wrapped) = wrapped_for(&key, &own);
            assert_eq!(wrapped.ciphertext.len(), 80 + 32);
            assert_eq!(recipient_of(&wrapped), Some(key.public().as_bytes()));
            let opener = RawEcdh::new(key);
            assert_eq!(opener.unwrap(&wrapped, &own).unwrap(), data_key);
            assert!(opener.unwrap(&wrapped, &context(&[])).is_err());
            wrapped.provider_id = KMS_ECDH_NAMESPACE.into();
            assert_eq!(opener.unwrap(&wrapped, &own).unwrap(), data_key);
            let other = RawEcdh::new(EcPrivateKey::generate(curve).unwrap());
            assert!(matches!(other.unwrap(&wrapped, &own), Err(UnwrapError::Refused)));
            assert!(matches!(other.unwrap_unnamed(&wrapped, &own), Err(UnwrapError::Refused)));
        }
    }

    #[test]
    fn no_two_wraps_have_one_sender() {
        let key = EcPrivateKey::generate(Curve::P256).unwrap();
        let senders = [(); 2].map(|()| wrapped_for(&key, &context(&[])).1.provider_info);
        assert_ne!(senders[0], senders[1]);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let none = context(&[]);
        let key = EcPrivateKey::generate(Curve::P256).unwrap();
        let (data_key, wrapped) = wrapped_for(&key, &none);
        let opener = RawEcdh::new(key);
        let opens = |wrapped: &EncryptedDataKey| opener.unwrap(wrapped, &none).is_ok();
        type Field = fn(&mut EncryptedDataKey) -> &mut Vec<u8>;
        let fields: [Field; 3] =
            [|it| &mut it.provider_id, |it| &mut it.provider_info, |it| &mut it.ciphertext];
        for field in fields {
            for at in 0..field(&mut wrapped.clone()).len() {
                let mut flipped = wrapped.clone();
                field(&mut flipped)[at] ^= 1;
                assert!(!opens(&flipped), "byte {at}");
                let mut cut = wrapped.clone();
                field(&mut cut).truncate(at);
                assert!(!opens(&cut), "cut to {at}");
            }
            let mut longer = wrapped.clone();
            field(&mut longer).push(0);
            assert!(!opens(&longer));
        }
        // A damaged name does not hide what the key can open.
        for at in [0, 1, 4, 5, 37] {
            let mut damaged = wrapped.clone();
            damaged.provider_info[at] ^= 1;
            damaged.provider_id[0] ^= 1;
            assert_eq!(opener.unwrap_unnamed(&damaged, &none).unwrap(), data_key);
        }
    }

    #[test]
    fn lengths_that_lie_are_no_shape() {
        let key = EcPrivateKey::generate(Curve::P256).unwrap();
        let (_, wrapped) = wrapped_for(&key, &context(&[]));
        for (at, byte) in [(1, 0xFF), (4, 32), (4, 34), (4, 0), (38, 1), (41, 34), (41, 0)] {
            let mut lying = wrapped.clone();
            lying.provider_info[at] = byte;
            assert_eq!(recipient_of(&lying), None, "{at}");
        }
    }

    #[test]
    fn a_sender_that_is_the_recipient_is_only_another_sender() {
        // It shares a secret with itself as with any key, so whoever holds the private half can make such a wrap.
        let none = context(&[]);
        let key = EcPrivateKey::generate(Curve::P256).unwrap();
        let data_key = DataKey::generate(32).unwrap();
        let wrapped = wrap_from(&key, key.public(), &[7; SALT_LEN], &data_key, &none).unwrap();
        assert_eq!(RawEcdh::new(key).unwrap(&wrapped, &none).unwrap(), data_key);
    }
}
