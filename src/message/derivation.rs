//! From a data key to the key of the frames.
//!
//! `framework/transitive-requirements.md`, with RFC 5869's names:
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

use super::header::{COMMIT_KEY_LEN, CommitKey, MessageId};
use crate::crypto::secret::{DataKey, SecretBytes};
use crate::message::suite::{Derivation, Suite};

/// The key of one message's frames and header tag. Never stored.
pub struct FrameKey(SecretBytes);

impl FrameKey {
    /// The key itself: for the cipher.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// Derives a message's frame key, and the commit key that its header must carry if its suite commits.
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

/// HKDF-Extract, and an HKDF-Expand for each pair of info and output.
#[expect(clippy::expect_used, reason = "HKDF fails only beyond 255 blocks of output")]
fn extract<H: HmacImpl + OutputSizeUser>(
    salt: Option<&[u8]>,
    data_key: &DataKey,
    outputs: &mut [(&[&[u8]], &mut [u8])],
) {
    // `new` would hand out no PRK to wipe, from which everything follows. What the hash leaves on the stack
    // is out of reach.
    let (mut prk, hkdf) = GenericHkdf::<H>::extract(salt, data_key.expose());
    prk.as_mut_slice().zeroize();
    for (info, output) in outputs {
        hkdf.expand_multi_info(info, output).expect("at most 32 bytes");
    }
}
