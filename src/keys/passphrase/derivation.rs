//! How a key is derived from a passphrase, as the key name of an encrypted data key says it.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto::argon2id::Cost;
use crate::crypto::secret::fill_random;
use crate::keys::local::raw_aes;
use crate::message::encrypted_data_key::EncryptedDataKey;

/// The provider id of encrypted data keys under passphrases.
pub const PROVIDER: &str = "enwrap-passphrase";

const SALT_LEN: usize = 16;

/// What the derivation of a wrapping key needs besides the passphrase: the key name of an encrypted data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// Its cost.
    pub cost: Cost,
    pub(super) salt: [u8; SALT_LEN],
}

/// A key name is not that of a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADerivation;

impl Derivation {
    /// A new one, at the cost that enwrap sets.
    pub(super) fn draw() -> std::io::Result<Self> {
        let mut salt = [0; SALT_LEN];
        fill_random(&mut salt)?;
        Ok(Self { cost: Cost::DEFAULT, salt })
    }

    /// The one that an encrypted data key names.
    #[must_use]
    pub fn named_by(wrapped: &EncryptedDataKey) -> Option<Self> {
        let (namespace, name) = raw_aes::names(wrapped)?;
        if namespace == PROVIDER { name.parse().ok() } else { None }
    }
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { m_kib, t, p } = self.cost;
        let salt = URL_SAFE_NO_PAD.encode(self.salt);
        write!(f, "argon2id:m={m_kib},t={t},p={p}:{salt}")
    }
}

impl FromStr for Derivation {
    type Err = NotADerivation;

    /// Takes only what [`Display`](fmt::Display) writes: one derivation has one name.
    fn from_str(name: &str) -> Result<Self, NotADerivation> {
        let parse = || {
            let (cost, salt) = name.strip_prefix("argon2id:m=")?.split_once(':')?;
            let (m_kib, rest) = cost.split_once(",t=")?;
            let (t, p) = rest.split_once(",p=")?;
            let cost = Cost { m_kib: m_kib.parse().ok()?, t: t.parse().ok()?, p: p.parse().ok()? };
            let salt = URL_SAFE_NO_PAD.decode(salt).ok()?.try_into().ok()?;
            Some(Self { cost, salt })
        };
        parse().filter(|derivation| derivation.to_string() == name).ok_or(NotADerivation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What enwrap writes, with a salt of counted bytes.
    const NAME: &str = "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw";

    #[test]
    fn a_name_is_read_only_as_it_is_written() {
        let derivation: Derivation = NAME.parse().unwrap();
        assert_eq!((derivation.cost, derivation.to_string()), (Cost::DEFAULT, NAME.to_owned()));
        for other in [
            "",
            "argon2id",
            "argon2i:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=065536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=+65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=4294967296,t=3,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:t=3,m=65536,p=4:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=65536,t=3,p=4,x=1:AAECAwQFBgcICQoLDA0ODw",
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODw==",
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0OD/",
            // The bits behind the last byte are not zero.
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODx",
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0O",
            "argon2id:m=65536,t=3,p=4:AAECAwQFBgcICQoLDA0ODxA",
            "argon2id:m=65536,t=3,p=4: AAECAwQFBgcICQoLDA0ODw",
        ] {
            assert_eq!(other.parse::<Derivation>(), Err(NotADerivation), "{other}");
        }
    }
}
