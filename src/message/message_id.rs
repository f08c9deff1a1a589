//! The id of a message: 32 random bytes, or 16 in a message of version 1.

/// The length of a message id of version 2 in bytes, which is the greatest of both versions.
pub const MESSAGE_ID_LEN: usize = 32;

/// The length of a message id of version 1 in bytes.
const MESSAGE_ID_LEN_1: usize = 16;

/// The random id of a message, an input of its key derivation and of the tag of each frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageId {
    bytes: [u8; MESSAGE_ID_LEN],
    len: usize,
}

impl MessageId {
    pub(super) fn version_1(id: [u8; MESSAGE_ID_LEN_1]) -> Self {
        let mut bytes = [0; MESSAGE_ID_LEN];
        bytes[..MESSAGE_ID_LEN_1].copy_from_slice(&id);
        Self { bytes, len: MESSAGE_ID_LEN_1 }
    }

    /// Returns the bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl From<[u8; MESSAGE_ID_LEN]> for MessageId {
    fn from(bytes: [u8; MESSAGE_ID_LEN]) -> Self {
        Self { bytes, len: MESSAGE_ID_LEN }
    }
}

/// The error for a text that is not a message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message id")]
pub struct InvalidMessageId;

impl std::str::FromStr for MessageId {
    type Err = InvalidMessageId;

    /// Parses the hex digits of an id of either version.
    fn from_str(text: &str) -> Result<Self, InvalidMessageId> {
        let mut bytes = [0; MESSAGE_ID_LEN];
        let len = text.len() / 2;
        if !matches!(len, MESSAGE_ID_LEN_1 | MESSAGE_ID_LEN) {
            return Err(InvalidMessageId);
        }
        hex::decode_to_slice(text, &mut bytes[..len]).map_err(|_| InvalidMessageId)?;
        Ok(Self { bytes, len })
    }
}

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl std::fmt::Debug for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}
