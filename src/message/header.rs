//! The header body of format version 2 (`data-format/message-header.md`), and its tag:
//!
//! ```text
//! 02 | suite u16 | message id 32 | context length u16 | context | count u16 | encrypted data keys
//!    | content type u8 | frame length u32 | commit key 32         (the body, which the tag covers)
//! tag 16
//! ```

use std::io::Read;
use std::num::NonZeroU32;

use super::codec::{FieldReader, push_sized};
use super::encrypted_data_key::{EncryptedDataKey, FieldTooLong};
use super::engine::{TAG_LEN, Tag};
use super::{Fault, Limit, Limits, MessageError};
use crate::context::{EncryptionContext, PUBLIC_KEY};
use crate::suite::Suite;

/// Bytes of a message id.
pub const MESSAGE_ID_LEN: usize = 32;

/// Bytes of a commit key.
pub const COMMIT_KEY_LEN: usize = 32;

/// A random name of one message, and the salt of its key derivation.
pub type MessageId = [u8; MESSAGE_ID_LEN];

/// What ties a header to one data key. It is public: it stands in the header.
pub type CommitKey = [u8; COMMIT_KEY_LEN];

const VERSION_1: u8 = 0x01;
const VERSION_1_TYPE: u8 = 0x80;
const VERSION_2: u8 = 0x02;
const NON_FRAMED: u8 = 0x01;
const FRAMED: u8 = 0x02;

/// How the body holds the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// In frames of this many bytes.
    Framed(NonZeroU32),
    /// As one block. Read, never written.
    NonFramed,
}

/// The fields of a header body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The algorithms.
    pub suite: Suite,
    /// The message's random name.
    pub message_id: MessageId,
    /// The pairs that are stored with the message.
    pub context: EncryptionContext,
    /// The wrapped copies of the data key: at least one.
    pub encrypted_data_keys: Vec<EncryptedDataKey>,
    /// Framed or not.
    pub content: Content,
    /// The key commitment.
    pub commit_key: CommitKey,
}

/// Why a header cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No encrypted data key, or more than the format can count.
    #[error("a message has 1 to 65535 encrypted data keys, not {0}")]
    KeyCount(usize),
    /// A field longer than the format can say.
    #[error(transparent)]
    FieldTooLong(#[from] FieldTooLong),
}

impl Header {
    /// The bytes of the format, which the header's tag covers.
    ///
    /// # Errors
    /// A number or length that the format cannot hold.
    pub fn serialise(&self) -> Result<Vec<u8>, HeaderError> {
        let mut bytes = vec![VERSION_2];
        bytes.extend_from_slice(&self.suite.id.to_be_bytes());
        bytes.extend_from_slice(&self.message_id);
        push_sized(&mut bytes, &self.context.serialise()).map_err(|len| FieldTooLong { len })?;
        let Ok(count @ 1..) = u16::try_from(self.encrypted_data_keys.len()) else {
            return Err(HeaderError::KeyCount(self.encrypted_data_keys.len()));
        };
        bytes.extend_from_slice(&count.to_be_bytes());
        for key in &self.encrypted_data_keys {
            key.serialise_into(&mut bytes)?;
        }
        let (content, frame_length) = match self.content {
            Content::Framed(length) => (FRAMED, length.get()),
            Content::NonFramed => (NON_FRAMED, 0),
        };
        bytes.push(content);
        bytes.extend_from_slice(&frame_length.to_be_bytes());
        bytes.extend_from_slice(&self.commit_key);
        Ok(bytes)
    }
}

/// A header as it stands before a body. Nothing of it is authentic before its tag was checked.
#[derive(Clone, Debug)]
pub struct ReadHeader {
    /// The fields.
    pub fields: Header,
    /// The bytes that the tag covers.
    pub body: Vec<u8>,
    /// The tag.
    pub tag: Tag,
}

impl ReadHeader {
    /// Reads a header from the start of `source`, and not one byte more.
    ///
    /// # Errors
    /// The first field that ends early, breaks the format or exceeds a limit.
    pub fn read(source: impl Read, limits: &Limits) -> Result<Self, MessageError> {
        let mut reader = FieldReader::new(source, limits);
        let suite = read_suite(&mut reader)?;
        let message_id = reader.take_array()?;
        let context = EncryptionContext::parse(reader.take_sized()?)
            .map_err(|syntax| malformed("encryption context", Fault::Context(syntax)))?;
        if context.get(PUBLIC_KEY).is_some() {
            return Err(malformed("encryption context", Fault::UnexpectedPublicKey));
        }
        let encrypted_data_keys = read_encrypted_data_keys(&mut reader, limits)?;
        let content = read_content(&mut reader, limits)?;
        let commit_key = reader.take_array()?;
        let tag = reader.take_array()?;
        let mut body = reader.into_raw();
        body.truncate(body.len() - TAG_LEN);
        let fields =
            Header { suite, message_id, context, encrypted_data_keys, content, commit_key };
        Ok(Self { fields, body, tag })
    }

    /// Bytes of the header with its tag: where the body begins.
    #[must_use]
    pub fn len(&self) -> u64 {
        (self.body.len() + TAG_LEN) as u64
    }

    /// Never: a header has bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }
}

fn malformed(field: &'static str, fault: Fault) -> MessageError {
    MessageError::Malformed { field, fault }
}

/// Reads the format version and the suite, which decide how all that follows is read.
fn read_suite(reader: &mut FieldReader<impl Read>) -> Result<Suite, MessageError> {
    let [version] = reader.take_array().map_err(|error| match error {
        MessageError::Truncated { after: 0, .. } => MessageError::Empty,
        other => other,
    })?;
    match version {
        VERSION_2 => {}
        VERSION_1 => {
            let [kind] = reader.take_array()?;
            if kind != VERSION_1_TYPE {
                return Err(MessageError::NotAMessage { first_bytes: vec![version, kind] });
            }
        }
        _ => return Err(MessageError::NotAMessage { first_bytes: vec![version] }),
    }
    let id = reader.take_u16()?;
    let suite = Suite::from_id(id).ok_or(MessageError::UnknownSuite { id })?;
    if suite.commits() != (version == VERSION_2) {
        return Err(malformed("algorithm suite", Fault::WrongVersion(suite)));
    }
    if suite != Suite::COMMITTING {
        return Err(MessageError::UnsupportedSuite { suite });
    }
    Ok(suite)
}

fn read_encrypted_data_keys(
    reader: &mut FieldReader<impl Read>,
    limits: &Limits,
) -> Result<Vec<EncryptedDataKey>, MessageError> {
    let count = reader.take_u16()?;
    if count == 0 {
        return Err(malformed("number of encrypted data keys", Fault::Zero));
    }
    if count > limits.encrypted_data_keys {
        return Err(MessageError::LimitExceeded {
            limit: Limit::EncryptedDataKeys,
            found: u64::from(count),
            allowed: u64::from(limits.encrypted_data_keys),
        });
    }
    (0..count).map(|_| EncryptedDataKey::read(reader)).collect()
}

fn read_content(
    reader: &mut FieldReader<impl Read>,
    limits: &Limits,
) -> Result<Content, MessageError> {
    let [content] = reader.take_array()?;
    let frame_length = reader.take_u32()?;
    match (content, NonZeroU32::new(frame_length)) {
        (NON_FRAMED, None) => Ok(Content::NonFramed),
        (NON_FRAMED, Some(_)) => Err(malformed("frame length", Fault::NotZero(frame_length))),
        (FRAMED, None) => Err(malformed("frame length", Fault::Zero)),
        (FRAMED, Some(length)) if frame_length <= limits.frame_length => {
            Ok(Content::Framed(length))
        }
        (FRAMED, Some(_)) => Err(MessageError::LimitExceeded {
            limit: Limit::FrameLength,
            found: u64::from(frame_length),
            allowed: u64::from(limits.frame_length),
        }),
        _ => Err(malformed("content type", Fault::Unknown(u32::from(content)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Header {
        let mut context = EncryptionContext::default();
        context.insert("k", "v").unwrap();
        let key = EncryptedDataKey {
            provider_id: b"ns".to_vec(),
            provider_info: b"info".to_vec(),
            ciphertext: vec![9; 48],
        };
        Header {
            suite: Suite::COMMITTING,
            message_id: [7; 32],
            context,
            encrypted_data_keys: vec![key.clone(), key],
            content: Content::Framed(NonZeroU32::new(4096).unwrap()),
            commit_key: [8; 32],
        }
    }

    fn bytes_of(header: &Header) -> Vec<u8> {
        let mut bytes = header.serialise().unwrap();
        bytes.extend_from_slice(&[5; TAG_LEN]);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<ReadHeader, MessageError> {
        ReadHeader::read(bytes, &Limits::default())
    }

    fn flip(at: usize, to: u8) -> MessageError {
        let mut bytes = bytes_of(&sample());
        bytes[at] = to;
        read(&bytes).unwrap_err()
    }

    #[test]
    fn reads_what_it_serialised_and_stops_there() {
        for content in [sample().content, Content::NonFramed] {
            let header = Header { content, ..sample() };
            let mut bytes = bytes_of(&header);
            let len = bytes.len();
            bytes.extend_from_slice(b"frames");
            let mut source = &bytes[..];
            let read = ReadHeader::read(&mut source, &Limits::default()).unwrap();
            assert_eq!(read.fields, header);
            assert_eq!((read.len(), read.tag), (len as u64, [5; TAG_LEN]));
            assert_eq!(read.body, bytes[..len - TAG_LEN]);
            assert_eq!(source, b"frames");
        }
    }

    #[test]
    fn ends_early_at_every_byte() {
        let bytes = bytes_of(&sample());
        assert!(matches!(read(&[]), Err(MessageError::Empty)));
        for len in 1..bytes.len() {
            let error = read(&bytes[..len]).unwrap_err();
            assert!(matches!(error, MessageError::Truncated { after, .. } if after == len as u64));
        }
    }

    #[test]
    fn other_first_bytes_are_no_message() {
        assert!(matches!(flip(0, 0x50), MessageError::NotAMessage { .. }));
        assert!(matches!(read(&[1, 0x7F]), Err(MessageError::NotAMessage { .. })));
        assert!(matches!(flip(2, 0x77), MessageError::UnknownSuite { id: 0x0477 }));
        let suite = Suite::from_id(0x0578).unwrap();
        assert!(matches!(flip(1, 5), MessageError::UnsupportedSuite { suite: s } if s == suite));
        let version_1 = read(&[1, 0x80, 0x00, 0x78]).unwrap_err();
        assert!(matches!(version_1, MessageError::UnsupportedSuite { .. }));
        let fault = read(&[1, 0x80, 0x04, 0x78]).unwrap_err();
        assert!(matches!(fault, MessageError::Malformed { fault: Fault::WrongVersion(_), .. }));
    }

    #[test]
    fn malformed_fields_are_named() {
        let content = bytes_of(&sample()).len() - TAG_LEN - COMMIT_KEY_LEN - 5;
        let unknown = flip(content, 3);
        assert!(matches!(unknown, MessageError::Malformed { field: "content type", .. }));
        let not_zero = flip(content, NON_FRAMED);
        assert!(matches!(not_zero, MessageError::Malformed { fault: Fault::NotZero(4096), .. }));
        let zero = flip(content + 3, 0);
        assert!(matches!(zero, MessageError::Malformed { field: "frame length", .. }));
        let mut signed = sample();
        signed.context = EncryptionContext::parse(
            &[b"\x00\x01\x00\x15", PUBLIC_KEY.as_bytes(), b"\x00\x00"].concat(),
        )
        .unwrap();
        let key = read(&bytes_of(&signed)).unwrap_err();
        assert!(matches!(key, MessageError::Malformed { fault: Fault::UnexpectedPublicKey, .. }));
    }

    #[test]
    fn limits_are_checked_before_anything_is_read() {
        let key_count = 1 + 2 + 32 + 2 + sample().context.serialise().len();
        let keys = flip(key_count, 1);
        assert!(matches!(keys, MessageError::LimitExceeded { found: 258, allowed: 64, .. }));
        let frame = flip(bytes_of(&sample()).len() - TAG_LEN - COMMIT_KEY_LEN - 4, 0xFF);
        assert!(matches!(frame, MessageError::LimitExceeded { limit: Limit::FrameLength, .. }));
        let none = flip(key_count + 1, 0);
        assert!(matches!(none, MessageError::Malformed { fault: Fault::Zero, .. }));
    }

    #[test]
    fn a_header_without_keys_cannot_be_written() {
        let header = Header { encrypted_data_keys: Vec::new(), ..sample() };
        assert_eq!(header.serialise(), Err(HeaderError::KeyCount(0)));
    }
}
