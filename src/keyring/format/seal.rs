//! The seal of a keyring: its body is encrypted under a passphrase, with Argon2id (RFC 9106) and AES-256-GCM.
//!
//! Every seal draws a new salt and a new nonce from the operating system. Neither is derived from the
//! generation's number, which comes a second time after a restore or an interrupted save: one key would then
//! encrypt two bodies with one nonce.

use std::io;
use std::ops::RangeInclusive;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::crypto::engine::{Gcm, IV_LEN, Iv, TAG_LEN};
use crate::crypto::secret::{SecretBytes, SecretText, fill_random};

/// The only key derivation function.
const KDF: &str = "argon2id";

const SALT_LEN: usize = 32;

/// Characters of base64 a line: short enough for mail, and for the forms of CI systems.
const LINE: usize = 64;

/// What a new seal makes one try of a passphrase cost: the second recommendation of RFC 9106. The first one
/// needs 2 GiB, which CI runners and small servers do not have.
const DEFAULT_COST: Cost = Cost { m_kib: 64 << 10, t: 3, p: 4 };

/// The memory that a seal may ask for, in KiB: 8 MiB to 1 GiB.
const MEMORY_KIB: RangeInclusive<u32> = 8 << 10..=1 << 20;

/// The most passes over the memory, and the most lanes.
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// The most memory times passes, in KiB: 2 GiB, which take a few seconds. It is ten times
/// [`DEFAULT_COST`], the only cost that enwrap writes.
const MOST_WORK_KIB: u64 = 2 << 20;

/// The passphrase of a sealed keyring. It is never empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Passphrase(SecretBytes);

/// The passphrase is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the passphrase is empty")]
pub struct EmptyPassphrase;

impl Passphrase {
    /// Takes the bytes as they are, without one newline at the end, LF or CR LF, and without the byte order mark that
    /// some editors put before a text.
    ///
    /// # Errors
    /// [`EmptyPassphrase`].
    pub fn new(text: &SecretBytes) -> Result<Self, EmptyPassphrase> {
        let bytes = text.expose();
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let line_end = [&b"\r\n"[..], b"\n"];
        let bytes = line_end.iter().find_map(|it| bytes.strip_suffix(*it)).unwrap_or(bytes);
        if bytes.is_empty() { Err(EmptyPassphrase) } else { Ok(Self(SecretBytes::copy_of(bytes))) }
    }

    /// What may be why it is another one than was meant.
    fn oddity(&self) -> Option<Oddity> {
        let bytes = self.0.expose();
        if bytes.ends_with(b"\n") || bytes.ends_with(b"\r") {
            Some(Oddity::LineEnd)
        } else {
            (!bytes.is_ascii()).then_some(Oddity::NotAscii)
        }
    }
}

/// Why a sealed body was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key derivation is unknown, too cheap, or so expensive that it would harm this machine.
    #[error("its seal has parameters out of bounds")]
    Parameters,
    /// The passphrase is another one, or the header line was changed after sealing.
    #[error("the passphrase does not open it")]
    Passphrase,
    /// As [`Passphrase`](Self::Passphrase), and the one that was tried may have been typed right and stored otherwise.
    #[error("the passphrase does not open it")]
    OddPassphrase(Oddity),
    /// The system had no memory for the derivation.
    #[error("there is not enough memory to try a passphrase")]
    Memory,
}

/// What one passphrase can have that looks the same in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// It ends with a line end, beyond the one that is taken off.
    LineEnd,
    /// It has letters that Unicode can write in several ways: as one character, or as a letter and an accent.
    NotAscii,
}

/// How a body is sealed, as the header line says it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seal {
    kdf: String,
    parameters: Cost,
    salt: String,
    nonce: String,
}

/// What the derivation of the key costs: memory in KiB, passes, lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    m_kib: u32,
    t: u32,
    p: u32,
}

impl Seal {
    /// Draws a new seal.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub(crate) fn draw() -> io::Result<Self> {
        let (mut salt, mut nonce) = ([0; SALT_LEN], [0; IV_LEN]);
        fill_random(&mut salt)?;
        fill_random(&mut nonce)?;
        Ok(Self {
            kdf: KDF.to_owned(),
            parameters: DEFAULT_COST,
            salt: hex::encode(salt),
            nonce: hex::encode(nonce),
        })
    }

    /// Encrypts `body`, and returns it as lines of base64.
    ///
    /// # Errors
    /// [`SealError::Memory`].
    pub(crate) fn seal(
        &self,
        passphrase: &Passphrase,
        associated_data: &[u8],
        body: &SecretText,
    ) -> Result<SecretText, SealError> {
        let (gcm, nonce) = self.cipher(passphrase)?;
        let mut sealed = SecretBytes::copy_of(body.expose());
        let tag = gcm.seal(&nonce, associated_data, sealed.expose_mut());
        let text = STANDARD.encode([sealed.expose(), &tag].concat());
        let mut lines = SecretText::default();
        for line in text.as_bytes().chunks(LINE) {
            lines.push(line);
            lines.push(b"\n");
        }
        Ok(lines)
    }

    /// Decrypts what [`seal`](Self::seal) made; `None` where it is not even base64.
    ///
    /// # Errors
    /// [`SealError`].
    pub(crate) fn open(
        &self,
        passphrase: &Passphrase,
        associated_data: &[u8],
        lines: &[u8],
    ) -> Result<Option<SecretBytes>, SealError> {
        let packed: Vec<u8> = lines.iter().copied().filter(|byte| *byte != b'\n').collect();
        let Ok(sealed) = STANDARD.decode(packed) else { return Ok(None) };
        let Some((sealed, tag)) = sealed.split_last_chunk::<TAG_LEN>() else { return Ok(None) };
        let (gcm, nonce) = self.cipher(passphrase)?;
        let mut body = SecretBytes::copy_of(sealed);
        gcm.open(&nonce, associated_data, body.expose_mut(), tag).map_err(|_| {
            passphrase.oddity().map_or(SealError::Passphrase, SealError::OddPassphrase)
        })?;
        Ok(Some(body))
    }

    fn cipher(&self, passphrase: &Passphrase) -> Result<(Gcm, Iv), SealError> {
        let (mut salt, mut nonce) = ([0; SALT_LEN], [0; IV_LEN]);
        hex::decode_to_slice(&self.salt, &mut salt).map_err(|_| SealError::Parameters)?;
        hex::decode_to_slice(&self.nonce, &mut nonce).map_err(|_| SealError::Parameters)?;
        if self.kdf != KDF {
            return Err(SealError::Parameters);
        }
        let key = self.parameters.derive(passphrase, &salt)?;
        let gcm = Gcm::new(key.expose()).ok_or(SealError::Parameters)?;
        Ok((gcm, nonce))
    }
}

impl Cost {
    /// Derives the sealing key. The bounds are checked before anything is allocated: whoever can write the
    /// file could otherwise use up the machine of its reader, or make a guess of the passphrase cheap.
    fn derive(self, passphrase: &Passphrase, salt: &[u8]) -> Result<SecretBytes, SealError> {
        let Self { m_kib, t, p } = self;
        let is_bounded = MEMORY_KIB.contains(&m_kib)
            && t <= MOST_PASSES
            && p <= MOST_LANES
            && u64::from(m_kib) * u64::from(t) <= MOST_WORK_KIB;
        let params = Params::new(m_kib, t, p, None).ok().filter(|_| is_bounded);
        let params = params.ok_or(SealError::Parameters)?;
        let mut memory: Vec<Block> = Vec::new();
        memory.try_reserve_exact(params.block_count()).map_err(|_| SealError::Memory)?;
        memory.resize(params.block_count(), Block::new());
        let mut key = SecretBytes::zeroed(32);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let derived = argon2.hash_password_into_with_memory(
            passphrase.0.expose(),
            salt,
            key.expose_mut(),
            &mut memory[..],
        );
        memory.zeroize();
        // With these parameters, the crate refuses nothing but a passphrase of 4 GiB.
        derived.map_err(|_| SealError::Parameters)?;
        Ok(key)
    }
}

#[cfg(test)]
pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(&SecretBytes::copy_of(text.as_bytes())).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> SecretText {
        let mut text = SecretText::default();
        text.push(bytes);
        text
    }

    #[test]
    fn one_newline_at_the_end_is_none_of_a_passphrase() {
        let new = |text: &[u8]| Passphrase::new(&SecretBytes::copy_of(text));
        let bytes = |text: &str| new(text.as_bytes()).map(|it| it.0.expose().to_vec());
        for text in ["a b", "a b\n", "a b\r\n"] {
            assert_eq!(bytes(text).unwrap(), b"a b");
        }
        assert_eq!(bytes("a\r").unwrap(), b"a\r");
        assert_eq!(bytes("a\n\n").unwrap(), b"a\n");
        assert_eq!(new(b"\xEF\xBB\xBFa\r\n").unwrap().0.expose(), b"a");
        for empty in [&b""[..], b"\n", b"\r\n"] {
            assert_eq!(new(empty), Err(EmptyPassphrase));
        }
    }

    #[test]
    fn only_the_same_passphrase_and_header_open_a_seal() {
        let seal = Seal::draw().unwrap();
        let lines = seal.seal(&passphrase("right"), b"header", &text(&[7; 200])).unwrap();
        assert!(lines.expose().split(|b| *b == b'\n').all(|line| line.len() <= LINE));
        let open = |word: &str, header: &[u8], lines: &[u8]| {
            seal.open(&passphrase(word), header, lines).map(|body| body.unwrap().expose().to_vec())
        };
        assert_eq!(open("right", b"header", lines.expose()), Ok(vec![7; 200]));
        assert_eq!(open("wrong", b"header", lines.expose()), Err(SealError::Passphrase));
        let odd = |oddity| Err(SealError::OddPassphrase(oddity));
        assert_eq!(open("right\n\n", b"header", lines.expose()), odd(Oddity::LineEnd));
        assert_eq!(open("r\u{ef}ght", b"header", lines.expose()), odd(Oddity::NotAscii));
        assert_eq!(open("right", b"other", lines.expose()), Err(SealError::Passphrase));
        let mut altered = lines.expose().to_vec();
        altered[3] = if altered[3] == b'A' { b'B' } else { b'A' };
        assert_eq!(open("right", b"header", &altered), Err(SealError::Passphrase));
        assert_eq!(seal.open(&passphrase("right"), b"header", b"no base64!"), Ok(None));
    }

    #[test]
    fn no_two_seals_share_salt_or_nonce() {
        let seals: Vec<Seal> = (0..50).map(|_| Seal::draw().unwrap()).collect();
        let distinct = |of: fn(&Seal) -> &String| {
            seals.iter().map(of).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!((distinct(|s| &s.salt), distinct(|s| &s.nonce)), (50, 50));
    }

    #[test]
    fn a_cost_out_of_bounds_is_refused_before_anything_is_derived() {
        let mut seal = Seal::draw().unwrap();
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
            seal.parameters = Cost { m_kib, t, p };
            let sealed = STANDARD.encode([0; 40]);
            let result = seal.open(&passphrase("x"), b"", sealed.as_bytes());
            assert_eq!(result, Err(SealError::Parameters), "{m_kib} {t} {p}");
        }
    }

    #[test]
    fn the_bound_leaves_room_for_a_dearer_default() {
        let work = u64::from(DEFAULT_COST.m_kib) * u64::from(DEFAULT_COST.t);
        assert!(work * 10 <= MOST_WORK_KIB);
        assert!(MEMORY_KIB.contains(&DEFAULT_COST.m_kib));
    }

    /// RFC 9106 has vectors only with a secret and associated data, so this one is the reference
    /// implementation's: `echo -n passphrase | argon2 0123.. -id -m 16 -t 3 -p 4 -l 32 -r`.
    #[test]
    fn the_derivation_is_that_of_the_reference_implementation() {
        let key = DEFAULT_COST.derive(&passphrase("passphrase"), &[b'0'; SALT_LEN]).unwrap();
        assert_eq!(
            hex::encode(key.expose()),
            "e7ce372bebe9c026eeb0c3b748a0cb0202ccfd1f8657cc74c396fb47c8da7e5f"
        );
    }
}
