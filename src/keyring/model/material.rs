//! A root key's secret half.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::crypto::secret::SecretBytes;

/// The longest secret half: an RSA key of 8192 bits in PKCS#8 has less than 5000 bytes.
const MOST_BYTES: usize = 8192;

/// The secret half of one version of a root key, hex in the file: an AES key of 16, 24 or 32 bytes; the private integer of
/// an elliptic-curve key, as long as its field; an RSA private key, as PKCS#8 in DER; or a branch key of 32 bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Material(SecretBytes);

impl Material {
    /// Draws a new AES key of 256 bits.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub(crate) fn generate() -> std::io::Result<Self> {
        SecretBytes::random(32).map(Self)
    }

    /// Takes the secret half of a key; `None` if no kind of key has one of its length.
    #[must_use]
    pub fn new(bytes: SecretBytes) -> Option<Self> {
        (16..=MOST_BYTES).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// A copy, for an export. There is no `Clone`, so that every copy is seen where it is made.
    #[must_use]
    pub(crate) fn duplicate(&self) -> Self {
        Self(SecretBytes::copy_of(self.0.expose()))
    }

    /// Reads hex digits.
    #[must_use]
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        let mut bytes = SecretBytes::zeroed(digits.len() / 2);
        hex::decode_to_slice(digits, bytes.expose_mut()).ok()?;
        Self::new(bytes)
    }

    /// It in hex, for a keyring file or an export: nothing else may see it.
    #[must_use]
    pub fn to_hex(&self) -> SecretBytes {
        SecretBytes::hex_of(self.0.expose())
    }

    /// It itself.
    #[must_use]
    pub fn secret(&self) -> &SecretBytes {
        &self.0
    }
}

/// The same function in every process. With the random keys of the standard library, a system that gives no random
/// numbers would end the process.
type SameHasher = BuildHasherDefault<DefaultHasher>;

/// Materials by reference.
pub(crate) type Materials<'a> = HashSet<&'a Material, SameHasher>;

/// What is known of each material, by reference.
pub(crate) type ByMaterial<'a, T> = HashMap<&'a Material, T, SameHasher>;

impl Hash for Material {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose().hash(state);
    }
}

impl Serialize for Material {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = self.to_hex();
        let digits = std::str::from_utf8(digits.expose()).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(digits)
    }
}

impl<'de> Deserialize<'de> for Material {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The text is borrowed, because a copy that the parser makes would not be wiped. The error is our own,
        // because the parser's error would show the value.
        let digits = <&str>::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom("key material is not plain text"))?;
        Self::from_hex(digits.as_bytes()).ok_or_else(|| {
            serde::de::Error::custom("key material is not hex, or no key has so much of it")
        })
    }
}
