//! RSA encryption (RFC 8017) by AWS-LC, which is constant-time: the crate `rsa` is not. So there is RSA only with the
//! feature `aws-lc`; without it, every key is refused with [`RsaFault::NotBuilt`].
//!
//! A public key is a `SubjectPublicKeyInfo`, and a private key a PKCS#8 `PrivateKeyInfo`, both in DER.

#[cfg(not(feature = "aws-lc"))]
mod absent;
#[cfg(feature = "aws-lc")]
mod aws_lc;

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

#[cfg(not(feature = "aws-lc"))]
pub use absent::{RsaPrivateKey, RsaPublicKey};
#[cfg(feature = "aws-lc")]
pub use aws_lc::{RsaPrivateKey, RsaPublicKey};

/// Whether there is RSA in this build.
pub const IS_BUILT: bool = cfg!(feature = "aws-lc");

/// The sizes of a modulus, in bits. Smaller ones are within reach of an attacker; AWS-LC has no larger ones.
pub const BITS: RangeInclusive<usize> = 2048..=8192;

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RsaFault {
    /// The modulus has another size than [`BITS`].
    #[error("an RSA key of {bits} bits is not used: it must have {} to {}", BITS.start(), BITS.end())]
    Size {
        /// The size of its modulus.
        bits: usize,
    },
    /// The numbers are no RSA key.
    #[error("it holds no sound RSA key")]
    Unsound,
    /// This build has no RSA.
    #[error("this enwrap was built without RSA, which is in its feature 'aws-lc'")]
    NotBuilt,
}

/// How an RSA key pads what it wraps. The padding belongs to the key: a message does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RsaPadding {
    /// PKCS#1 v1.5.
    Pkcs1,
    /// OAEP with SHA-1.
    OaepSha1,
    /// OAEP with SHA-256.
    OaepSha256,
    /// OAEP with SHA-384.
    OaepSha384,
    /// OAEP with SHA-512.
    OaepSha512,
}

impl RsaPadding {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Pkcs1, Self::OaepSha1, Self::OaepSha256, Self::OaepSha384, Self::OaepSha512];

    /// Its name, in keyrings and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pkcs1 => "pkcs1",
            Self::OaepSha1 => "oaep-sha1",
            Self::OaepSha256 => "oaep-sha256",
            Self::OaepSha384 => "oaep-sha384",
            Self::OaepSha512 => "oaep-sha512",
        }
    }
}

impl fmt::Display for RsaPadding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
