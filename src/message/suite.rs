//! The algorithm suites of the AWS Encryption SDK.
//!
//! Every suite is AES-GCM with a 12-byte IV and a 16-byte tag; the data key is as long as the cipher
//! key. The table is whole so that a suite which is known but not yet readable is named in the error.

use std::fmt;

/// The hash under HKDF, which turns a data key into the key of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// The data key itself encrypts the frames.
    None,
    /// HKDF-SHA256.
    Sha256,
    /// HKDF-SHA384.
    Sha384,
    /// HKDF-SHA512, and a commit key beside the frame key.
    Sha512,
}

/// The curve of a signed suite's ECDSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// ECDSA P-256 with SHA-256.
    P256,
    /// ECDSA P-384 with SHA-384.
    P384,
}

/// One row of the SDK's table of algorithm suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// The number that the header carries.
    pub id: u16,
    /// The official SDKs' name; some write `ALG_` before it.
    pub name: &'static str,
    /// The length of the data key and of the cipher key, in bytes.
    pub key_len: usize,
    /// How the frame key comes from the data key.
    pub derivation: Derivation,
    /// The signature over the whole message, if there is one.
    pub signature: Option<SignatureAlgorithm>,
}

impl Suite {
    /// 0x0478, what enwrap writes: AES-256-GCM, HKDF-SHA512, key commitment, no signature.
    pub const COMMITTING: Self =
        suite(0x0478, "AES_256_GCM_HKDF_SHA512_COMMIT_KEY", 32, Derivation::Sha512, None);

    /// 0x0578, the same with an ECDSA P-384 signature: what the SDKs write by default.
    pub const SIGNED: Self = suite(
        0x0578,
        "AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384",
        32,
        Derivation::Sha512,
        Some(SignatureAlgorithm::P384),
    );

    /// Every suite that an official SDK has ever written.
    pub const ALL: [Self; 11] = [
        suite(0x0014, "AES_128_GCM_IV12_TAG16", 16, Derivation::None, None),
        suite(0x0046, "AES_192_GCM_IV12_TAG16", 24, Derivation::None, None),
        suite(0x0078, "AES_256_GCM_IV12_TAG16", 32, Derivation::None, None),
        suite(0x0114, "AES_128_GCM_IV12_TAG16_HKDF_SHA256", 16, Derivation::Sha256, None),
        suite(0x0146, "AES_192_GCM_IV12_TAG16_HKDF_SHA256", 24, Derivation::Sha256, None),
        suite(0x0178, "AES_256_GCM_IV12_TAG16_HKDF_SHA256", 32, Derivation::Sha256, None),
        suite(
            0x0214,
            "AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256",
            16,
            Derivation::Sha256,
            Some(SignatureAlgorithm::P256),
        ),
        suite(
            0x0346,
            "AES_192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384",
            24,
            Derivation::Sha384,
            Some(SignatureAlgorithm::P384),
        ),
        suite(
            0x0378,
            "AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384",
            32,
            Derivation::Sha384,
            Some(SignatureAlgorithm::P384),
        ),
        Self::COMMITTING,
        Self::SIGNED,
    ];

    /// Looks a suite up by the number that a header carries.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.id == id)
    }

    /// Looks a suite up by its number in hex, with or without `0x`, or by its official name.
    #[must_use]
    pub fn from_name(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let id = u16::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 4);
        let name = text.strip_prefix("ALG_").unwrap_or(text);
        Self::ALL.into_iter().find(|suite| Some(suite.id) == id || suite.name == name)
    }

    /// The version of the message format that this suite belongs to: committing came with the second.
    #[must_use]
    pub fn format_version(self) -> u8 {
        if self.commits() { 2 } else { 1 }
    }

    /// Whether the header holds a commit key, which ties it to one data key.
    #[must_use]
    pub fn commits(self) -> bool {
        self.derivation == Derivation::Sha512
    }
}

const fn suite(
    id: u16,
    name: &'static str,
    key_len: usize,
    derivation: Derivation,
    signature: Option<SignatureAlgorithm>,
) -> Suite {
    Suite { id, name, key_len, derivation, signature }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04x} (AES-{}-GCM", self.id, self.key_len * 8)?;
        match self.derivation {
            Derivation::None => {}
            Derivation::Sha256 => f.write_str(", HKDF-SHA256")?,
            Derivation::Sha384 => f.write_str(", HKDF-SHA384")?,
            Derivation::Sha512 => f.write_str(", HKDF-SHA512, key commitment")?,
        }
        match self.signature {
            None => {}
            Some(SignatureAlgorithm::P256) => f.write_str(", signed with ECDSA P-256")?,
            Some(SignatureAlgorithm::P384) => f.write_str(", signed with ECDSA P-384")?,
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_end_in_the_key_length() {
        for (index, suite) in Suite::ALL.iter().enumerate() {
            assert_eq!(Suite::from_id(suite.id), Some(Suite::ALL[index]));
            let bits = match suite.id & 0xFF {
                0x14 => 128,
                0x46 => 192,
                _ => 256,
            };
            assert_eq!(suite.key_len * 8, bits, "{suite}");
        }
        assert_eq!(Suite::from_id(0x0479), None);
        for text in ["0x0578", "0578", Suite::SIGNED.name, &format!("ALG_{}", Suite::SIGNED.name)] {
            assert_eq!(Suite::from_name(text), Some(Suite::SIGNED), "{text}");
        }
        assert!(Suite::from_name("578").is_none() && Suite::from_name("0x").is_none());
    }

    #[test]
    fn a_suite_is_shown_by_what_it_does() {
        assert_eq!(
            Suite::COMMITTING.to_string(),
            "0x0478 (AES-256-GCM, HKDF-SHA512, key commitment)"
        );
    }
}
