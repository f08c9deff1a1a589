//! Argon2id (RFC 9106): from a passphrase to a key, at a cost that makes guesses dear.

use std::ops::RangeInclusive;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::secret::SecretBytes;
use super::stack;

/// The memory that may be asked for, in KiB: 8 MiB to 1 GiB.
const MEMORY_KIB: RangeInclusive<u32> = 8 << 10..=1 << 20;

/// The most passes over the memory, and the most lanes.
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// The most memory times passes, in KiB: 2 GiB, which take a few seconds. It is ten times
/// [`Cost::DEFAULT`], the only cost that enwrap writes.
const MOST_WORK_KIB: u64 = 2 << 20;

const KEY_LEN: usize = 32;

/// What the derivation of a key costs: memory in KiB, passes, lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Memory in KiB.
    pub m_kib: u32,
    /// Passes over the memory.
    pub t: u32,
    /// Lanes.
    pub p: u32,
}

/// Why no key was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerivationError {
    /// The cost is too low, or so high that it would harm this machine.
    #[error("the cost of the key derivation is out of bounds")]
    OutOfBounds,
    /// The system had no memory for the derivation.
    #[error("there is not enough memory to try a passphrase")]
    Memory,
}

impl Cost {
    /// What one try of a passphrase costs that enwrap sets: the second recommendation of RFC 9106. The first one
    /// needs 2 GiB, which CI runners and small servers do not have.
    pub const DEFAULT: Self = Self { m_kib: 64 << 10, t: 3, p: 4 };

    /// Whether a key may be derived at this cost: whoever can write a file could otherwise use up the machine of its
    /// reader, or make a guess of the passphrase cheap.
    #[must_use]
    pub fn is_bounded(self) -> bool {
        self.params().is_some()
    }

    fn params(self) -> Option<Params> {
        let Self { m_kib, t, p } = self;
        let is_bounded = MEMORY_KIB.contains(&m_kib)
            && t <= MOST_PASSES
            && p <= MOST_LANES
            && u64::from(m_kib) * u64::from(t) <= MOST_WORK_KIB;
        Params::new(m_kib, t, p, None).ok().filter(|_| is_bounded)
    }

    /// Derives a key of 32 bytes. The bounds are checked before anything is allocated.
    ///
    /// # Errors
    /// [`DerivationError`].
    pub fn derive(self, passphrase: &[u8], salt: &[u8]) -> Result<SecretBytes, DerivationError> {
        let params = self.params().ok_or(DerivationError::OutOfBounds)?;
        let mut memory: Vec<Block> = Vec::new();
        memory.try_reserve_exact(params.block_count()).map_err(|_| DerivationError::Memory)?;
        memory.resize(params.block_count(), Block::new());
        let mut key = SecretBytes::zeroed(KEY_LEN);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let derived = stack::wipe_after(|| {
            argon2.hash_password_into_with_memory(
                passphrase,
                salt,
                key.expose_mut(),
                &mut memory[..],
            )
        });
        memory.zeroize();
        // With these parameters, the crate refuses nothing but a passphrase of 4 GiB.
        derived.map_err(|_| DerivationError::OutOfBounds)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_out_of_bounds_is_refused_before_anything_is_derived() {
        for (m_kib, t, p) in [
            ((8 << 10) - 1, 3, 1),
            ((1 << 20) + 1, 3, 1),
            (u32::MAX, 3, 1),
            (65_536, 17, 1),
            (65_536, 0, 1),
            (65_536, 3, 17),
            (65_536, 3, 0),
            // Each in bounds, and together half a minute of work.
            (1 << 20, 16, 1),
            (1 << 20, 3, 1),
            (131_073, 16, 4),
        ] {
            let result = Cost { m_kib, t, p }.derive(b"x", &[0; 16]);
            assert_eq!(result, Err(DerivationError::OutOfBounds), "{m_kib} {t} {p}");
        }
    }

    #[test]
    fn the_bound_leaves_room_for_a_dearer_default() {
        let work = u64::from(Cost::DEFAULT.m_kib) * u64::from(Cost::DEFAULT.t);
        assert!(work * 10 <= MOST_WORK_KIB);
        assert!(Cost::DEFAULT.is_bounded());
    }

    /// RFC 9106 has vectors only with a secret and associated data, so this one is the reference
    /// implementation's: `echo -n passphrase | argon2 0123.. -id -m 16 -t 3 -p 4 -l 32 -r`.
    #[test]
    fn the_derivation_is_that_of_the_reference_implementation() {
        let key = Cost::DEFAULT.derive(b"passphrase", &[b'0'; 32]).unwrap();
        assert_eq!(
            hex::encode(key.expose()),
            "e7ce372bebe9c026eeb0c3b748a0cb0202ccfd1f8657cc74c396fb47c8da7e5f"
        );
    }
}
