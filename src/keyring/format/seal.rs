//! The seal of a keyring: its body is encrypted under a passphrase, with Argon2id (RFC 9106) and AES-256-GCM.
//!
//! Every seal draws a new salt and a new nonce from the operating system. Neither is derived from the
//! generation's number, which comes a second time after a restore or an interrupted save: one key would then
//! encrypt two bodies with one nonce.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::crypto::argon2id::{Cost, DerivationError};
use crate::crypto::engine::{Gcm, IV_LEN, Iv, TAG_LEN};
use crate::crypto::secret::{SecretBytes, SecretText, fill_random};

/// The only key derivation function.
const KDF: &str = "argon2id";

const SALT_LEN: usize = 32;

/// Characters of base64 a line: short enough for mail, and for the forms of CI systems.
const LINE: usize = 64;

/// A passphrase, of a sealed keyring or of a message. It is never empty.
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

    /// Derives a key from it at a cost.
    pub(crate) fn derive(&self, cost: Cost, salt: &[u8]) -> Result<SecretBytes, DerivationError> {
        cost.derive(self.0.expose(), salt)
    }

    /// What may be why it is another one than was meant.
    pub(crate) fn oddity(&self) -> Option<Oddity> {
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seal {
    kdf: String,
    parameters: Cost,
    salt: String,
    nonce: String,
}

impl From<DerivationError> for SealError {
    fn from(error: DerivationError) -> Self {
        match error {
            DerivationError::OutOfBounds => Self::Parameters,
            DerivationError::Memory => Self::Memory,
        }
    }
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
            parameters: Cost::DEFAULT,
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
        let key = passphrase.derive(self.parameters, &salt)?;
        let gcm = Gcm::new(key.expose()).ok_or(SealError::Parameters)?;
        Ok((gcm, nonce))
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
    fn a_seal_with_a_cost_out_of_bounds_is_refused() {
        let mut seal = Seal::draw().unwrap();
        seal.parameters.m_kib = u32::MAX;
        let sealed = STANDARD.encode([0; 40]);
        let result = seal.open(&passphrase("x"), b"", sealed.as_bytes());
        assert_eq!(result, Err(SealError::Parameters));
    }
}
