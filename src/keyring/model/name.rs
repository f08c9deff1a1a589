//! What root keys are called: a random id, and the aliases that people give.

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::crypto::secret::fill_random;

/// The namespace (provider id) of keys of AWS KMS, whose name is their ARN. All that begin so belong to AWS KMS.
pub const KMS_NAMESPACE: &str = "aws-kms";

/// Text before an alias, as AWS writes it.
pub const ALIAS_PREFIX: &str = "alias/";

/// A root key's random name: a UUID in its usual form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(Uuid);

impl KeyId {
    pub(crate) fn generate() -> io::Result<Self> {
        let mut bytes = [0; 16];
        fill_random(&mut bytes)?;
        Ok(Self(uuid::Builder::from_random_bytes(bytes).into_uuid()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for KeyId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let id = Uuid::try_parse(text).map(Self).map_err(|_| InvalidName)?;
        // Only one spelling is accepted: other tools compare ids as text.
        if id.to_string() == text { Ok(id) } else { Err(InvalidName) }
    }
}

/// A name that people use: `[A-Za-z0-9][A-Za-z0-9._/-]{0,127}`, and nothing that reads as an id, as
/// `alias/..`, or as a key of AWS KMS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias(String);

impl Alias {
    /// The alias of the key that serves when none is chosen.
    pub const DEFAULT: &str = "default";

    /// The alias [`DEFAULT`](Self::DEFAULT).
    #[must_use]
    pub fn default_alias() -> Self {
        Self(Self::DEFAULT.to_owned())
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text that is no key id, or no alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name")]
pub struct InvalidName;

impl FromStr for Alias {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let shape = text.len() <= 128
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/-".contains(&b));
        let reads_as_other = Uuid::try_parse(text).is_ok()
            || text.starts_with(ALIAS_PREFIX)
            || text.starts_with(KMS_NAMESPACE);
        if shape && !reads_as_other { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Serialises a type through its text.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use serde_as_text;

serde_as_text!(KeyId);
serde_as_text!(Alias);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_cannot_be_mistaken_for_anything_else() {
        for good in ["a", "A9._/-x", "default", "prod/db", "alias", &"a".repeat(128)] {
            assert!(good.parse::<Alias>().is_ok(), "{good}");
        }
        let id = KeyId::generate().unwrap().to_string();
        let simple = id.replace('-', "");
        for bad in ["", "-a", ".a", "a b", "ä", "alias/a", "aws-kms", "aws-kms-x", &id, &simple] {
            assert!(bad.parse::<Alias>().is_err(), "{bad}");
        }
        assert!("a".repeat(129).parse::<Alias>().is_err());
    }
}
