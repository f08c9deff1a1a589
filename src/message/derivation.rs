//! Derives the frame key and the commit key of a message from its data key.
//!
//! As in `framework/transitive-requirements.md`, in the terms of RFC 5869:
//!
//! ```text
//! committing suites     prk        = HKDF-Extract(SHA-512, salt = message id, data key)
//!                       frame key  = HKDF-Expand(prk, info = suite id || "DERIVEKEY", 32)
//!                       commit key = HKDF-Expand(prk, info = "COMMITKEY", 32)
//! SHA-256, SHA-384      prk        = HKDF-Extract(hash, no salt, data key)
//!                       frame key  = HKDF-Expand(prk, info = suite id || message id, key length)
//! no derivation         frame key  = data key
//! ```

use hkdf::GenericHkdf;
use hkdf::hmac::digest::OutputSizeUser;
use hkdf::{HmacImpl, hmac::Hmac};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroize as _;

use super::header::{COMMIT_KEY_LEN, CommitKey};
use super::message_id::MessageId;
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::message::suite::{Derivation, Suite};

/// The key of the frames and of the header tag of one message. It is never stored.
pub struct FrameKey(SecretBytes);

impl FrameKey {
    /// Returns the key, for the cipher.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// frame key, commit key = HKDF(data key, message id, suite), as in the table above.
///
/// The commit key is `None` unless the suite commits; otherwise the header of the message must contain it.
#[must_use]
pub fn derive(
    suite: Suite,
    data_key: &DataKey,
    message_id: &MessageId,
) -> (FrameKey, Option<CommitKey>) {
    let (id, suite_id) = (message_id.as_bytes(), suite.id.to_be_bytes());
    let mut frame_key = SecretBytes::zeroed(suite.key_len);
    let mut commit_key = None;
    match suite.derivation {
        Derivation::None => frame_key.expose_mut().copy_from_slice(data_key.expose()),
        Derivation::Sha256 => {
            extract::<Hmac<Sha256>>(
                None,
                data_key,
                &mut [(&[&suite_id, id], frame_key.expose_mut())],
            );
        }
        Derivation::Sha384 => {
            extract::<Hmac<Sha384>>(
                None,
                data_key,
                &mut [(&[&suite_id, id], frame_key.expose_mut())],
            );
        }
        Derivation::Sha512 => {
            let mut commitment = [0; COMMIT_KEY_LEN];
            extract::<Hmac<Sha512>>(
                Some(id),
                data_key,
                &mut [
                    (&[&suite_id, b"DERIVEKEY"], frame_key.expose_mut()),
                    (&[b"COMMITKEY"], &mut commitment),
                ],
            );
            commit_key = Some(commitment);
        }
    }
    (FrameKey(frame_key), commit_key)
}

/// prk = HKDF-Extract(salt, data key), and output = HKDF-Expand(prk, info) for each of `outputs`, pairs of info and
/// output (RFC 5869, sections 2.2 and 2.3).
#[expect(clippy::expect_used, reason = "HKDF fails only beyond 255 blocks of output")]
fn extract<H: HmacImpl + OutputSizeUser>(
    salt: Option<&[u8]>,
    data_key: &DataKey,
    outputs: &mut [(&[&[u8]], &mut [u8])],
) {
    // `extract` returns the PRK, so that it can be wiped here; `new` would not. The copies that the hash leaves on the
    // stack cannot be wiped.
    let (mut prk, hkdf) = GenericHkdf::<H>::extract(salt, data_key.expose());
    prk.as_mut_slice().zeroize();
    for (info, output) in outputs {
        hkdf.expand_multi_info(info, output).expect("at most 32 bytes");
    }
}
