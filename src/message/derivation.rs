//! From a data key to the key of the frames.
//!
//! For the committing suites (`framework/transitive-requirements.md`), with RFC 5869's names:
//!
//! ```text
//! prk        = HKDF-Extract(SHA-512, salt = message id, data key)
//! frame key  = HKDF-Expand(prk, info = suite id || "DERIVEKEY", 32)
//! commit key = HKDF-Expand(prk, info = "COMMITKEY", 32)
//! ```

use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::Zeroize as _;

use super::header::{COMMIT_KEY_LEN, CommitKey, MESSAGE_ID_LEN, MessageId};
use crate::secret::{DataKey, SecretBytes};
use crate::suite::Suite;

/// The key of one message's frames and header tag. Never stored.
pub struct FrameKey(SecretBytes);

impl FrameKey {
    /// The key itself: for the cipher.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// Derives a message's frame key, and the commit key that its header must carry, by the recipe of the
/// committing suites.
#[must_use]
#[expect(clippy::expect_used, reason = "HKDF fails only beyond 255 blocks of output")]
#[expect(clippy::missing_panics_doc, reason = "the same")]
pub fn derive(suite: Suite, data_key: &DataKey, message_id: &MessageId) -> (FrameKey, CommitKey) {
    const { assert!(MESSAGE_ID_LEN == 32 && COMMIT_KEY_LEN == 32) };
    debug_assert!(suite.commits(), "{suite} has another recipe");
    // `Hkdf::new` would leave the PRK behind, from which everything follows.
    let (mut prk, hkdf) = Hkdf::<Sha512>::extract(Some(message_id), data_key.expose());
    prk.as_mut_slice().zeroize();
    let mut frame_key = SecretBytes::zeroed(suite.key_len);
    let mut commit_key = [0; COMMIT_KEY_LEN];
    hkdf.expand_multi_info(&[&suite.id.to_be_bytes(), b"DERIVEKEY"], frame_key.expose_mut())
        .and_then(|()| hkdf.expand(b"COMMITKEY", &mut commit_key))
        .expect("32 bytes are within the limit of HKDF");
    (FrameKey(frame_key), commit_key)
}
