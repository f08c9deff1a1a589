//! Key derivation in counter mode (NIST SP 800-108, section 4.1): block i of the output is a MAC under the key of
//! `i u32 | label | 00 | context | output bits u32`, with i from 1.

use hmac::{KeyInit, Mac};

use super::secret::SecretBytes;
use super::stack;

/// Derives `len` bytes from `key` with the MAC `M`. `None` if that has no key of this length, or `len` is too long to be
/// counted in bits.
#[must_use]
pub fn derive<M: Mac + KeyInit>(
    key: &SecretBytes,
    label: &[u8],
    context: &[u8],
    len: usize,
) -> Option<SecretBytes> {
    let bits = u32::try_from(len).ok()?.checked_mul(8)?.to_be_bytes();
    let mut derived = SecretBytes::zeroed(len);
    stack::wipe_after(|| {
        for (counter, part) in (1u32..).zip(derived.expose_mut().chunks_mut(M::output_size())) {
            let mut mac = <M as KeyInit>::new_from_slice(key.expose()).ok()?;
            for bytes in [&counter.to_be_bytes()[..], label, &[0], context, &bits] {
                mac.update(bytes);
            }
            part.copy_from_slice(&mac.finalize().into_bytes()[..part.len()]);
        }
        Some(())
    })?;
    Some(derived)
}
