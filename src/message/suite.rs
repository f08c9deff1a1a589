//! The algorithm suites of the AWS Encryption SDK.
//!
//! Every suite is AES-GCM with a 12-byte IV and a 16-byte tag, and its data key is as long as its cipher key. The table
//! is complete.

use std::fmt;

/// How a suite derives the frame key from the data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// The frame key is the data key.
    None,
    /// HKDF-SHA256.
    Sha256,
    /// HKDF-SHA384.
    Sha384,
    /// HKDF-SHA512, which also derives a commit key.
    Sha512,
}

/// The signature algorithm of a signed suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// ECDSA P-256 with SHA-256.
    P256,
    /// ECDSA P-384 with SHA-384.
    P384,
}

/// An algorithm suite: one row of the table in `framework/algorithm-suites.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// The number of the suite in a header.
    pub id: u16,
    /// The name in the official SDKs; some of them put `ALG_` before it.
    pub name: &'static str,
    /// The length of the data key and of the cipher key, in bytes.
    pub key_len: usize,
    /// The derivation of the frame key from the data key.
    pub derivation: Derivation,
    /// The algorithm of the signature over the whole message, if there is a signature.
    pub signature: Option<SignatureAlgorithm>,
}

impl Suite {
    /// Suite 0x0478, which enwrap writes by default: AES-256-GCM, HKDF-SHA512, key commitment, no signature.
    pub const COMMITTING: Self =
        suite(0x0478, "AES_256_GCM_HKDF_SHA512_COMMIT_KEY", 32, Derivation::Sha512, None);

    /// Suite 0x0578, which the SDKs write by default: suite 0x0478 with an ECDSA P-384 signature.
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

    /// Returns the suite with the number `id`.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.id == id)
    }

    /// Returns the suite with the number or the name `text`. A number is four hex digits, with or without `0x`.
    #[must_use]
    pub fn from_name(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let id = u16::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 4);
        let name = text.strip_prefix("ALG_").unwrap_or(text);
        Self::ALL.into_iter().find(|suite| Some(suite.id) == id || suite.name == name)
    }

    /// Returns the version of the message format to which the suite belongs: 2 for committing suites, else 1.
    #[must_use]
    pub fn format_version(self) -> u8 {
        if self.commits() { 2 } else { 1 }
    }

    /// Returns whether headers of this suite have a commit key, with which only one data key opens the message.
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
    fn a_suite_is_shown_with_its_algorithms() {
        assert_eq!(
            Suite::COMMITTING.to_string(),
            "0x0478 (AES-256-GCM, HKDF-SHA512, key commitment)"
        );
    }
}
