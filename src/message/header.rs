//! The header of a message: a header body, and a tag that covers it (`data-format/message-header.md`).
//!
//! ```text
//! version 2: 02 | suite u16 | message id 32 | context length u16 | context
//!            | count u16 | encrypted data keys | content type u8 | frame length u32 | commit key 32
//!            || tag 16
//! version 1: 01 | 80 | suite u16 | message id 16 | context length u16 | context
//!            | count u16 | encrypted data keys | content type u8 | 00000000 | IV length u8
//!            | frame length u32  ||  IV 12 | tag 16
//! ```
//!
//! Version 1 is only read.

use std::io::Read;
use std::num::NonZeroU32;

use super::codec::{FieldReader, push_sized};
use super::encrypted_data_key::{EncryptedDataKey, FieldTooLong};
use super::signature::PublicKey;
use super::{HeaderFault, Limit, Limits, MessageError};
use crate::crypto::engine::{IV_LEN, Iv, Tag};
use crate::message::context::EncryptionContext;
use crate::message::message_id::MessageId;
use crate::message::suite::Suite;

/// The length of a commit key in bytes.
pub const COMMIT_KEY_LEN: usize = 32;

/// A commit key, which binds a header to one data key. It is not secret, since the header contains it.
pub type CommitKey = [u8; COMMIT_KEY_LEN];

const VERSION_1: u8 = 0x01;
const VERSION_1_TYPE: u8 = 0x80;
const VERSION_2: u8 = 0x02;
const NON_FRAMED: u8 = 0x01;
const FRAMED: u8 = 0x02;

/// The content type: how the body holds the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// In frames of this many bytes.
    Framed(NonZeroU32),
    /// As one block. This type is only read.
    NonFramed,
}

/// The fields of a header body, and the public key in its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The algorithm suite.
    pub suite: Suite,
    /// The id of the message.
    pub message_id: MessageId,
    /// The stored part of the encryption context.
    pub context: EncryptionContext,
    /// The wrapped copies of the data key; at least one.
    pub encrypted_data_keys: Vec<EncryptedDataKey>,
    /// The form of the body.
    pub content: ContentType,
    /// The commit key, if the suite commits.
    pub commit_key: Option<CommitKey>,
    /// The public key that verifies the signature, if the suite is signed.
    pub public_key: Option<PublicKey>,
}

/// Why a header cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// There is no encrypted data key, or more than the format can count.
    #[error("a message has 1 to 65535 encrypted data keys, not {0}")]
    KeyCount(usize),
    /// The suite is one of those that are only read.
    #[error("messages of suite {0} are not written")]
    ReadOnly(Suite),
    /// A field is longer than the format can hold.
    #[error(transparent)]
    FieldTooLong(#[from] FieldTooLong),
}

impl Header {
    /// Returns the serialised header body, which the header's tag covers.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn serialise(&self) -> Result<Vec<u8>, HeaderError> {
        let commit_key = self.commit_key.ok_or(HeaderError::ReadOnly(self.suite))?;
        let mut bytes = vec![VERSION_2];
        bytes.extend_from_slice(&self.suite.id.to_be_bytes());
        bytes.extend_from_slice(self.message_id.as_bytes());
        push_sized(&mut bytes, &self.context.serialise()).map_err(|len| FieldTooLong { len })?;
        let Ok(count @ 1..) = u16::try_from(self.encrypted_data_keys.len()) else {
            return Err(HeaderError::KeyCount(self.encrypted_data_keys.len()));
        };
        bytes.extend_from_slice(&count.to_be_bytes());
        for key in &self.encrypted_data_keys {
            key.serialise_into(&mut bytes)?;
        }
        let (content, frame_length) = match self.content {
            ContentType::Framed(length) => (FRAMED, length.get()),
            ContentType::NonFramed => (NON_FRAMED, 0),
        };
        bytes.push(content);
        bytes.extend_from_slice(&frame_length.to_be_bytes());
        bytes.extend_from_slice(&commit_key);
        Ok(bytes)
    }
}

/// A header that was read. It is not authentic until its tag is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedHeader {
    /// The fields.
    pub fields: Header,
    /// All bytes of the header, with its tag; a signature covers them.
    raw: Vec<u8>,
    /// The length of the header body, which the tag covers.
    body_len: usize,
    /// The IV of the tag.
    pub iv: Iv,
    /// The tag.
    pub tag: Tag,
}

impl ParsedHeader {
    /// Reads a header from `source`, and no byte beyond it.
    ///
    /// # Errors
    /// [`MessageError`] for the first field that ends early, violates the format or exceeds a limit.
    pub fn read(source: impl Read, limits: &Limits) -> Result<Self, MessageError> {
        let mut reader = FieldReader::new(source, limits);
        let suite = read_suite(&mut reader)?;
        let message_id = if suite.commits() {
            MessageId::from(reader.take_array()?)
        } else {
            MessageId::version_1(reader.take_array()?)
        };
        let context = EncryptionContext::parse(reader.take_sized()?)
            .map_err(|syntax| malformed("encryption context", HeaderFault::Context(syntax)))?;
        let public_key = PublicKey::of(suite, &context)
            .map_err(|fault| malformed("encryption context", fault))?;
        let encrypted_data_keys = read_encrypted_data_keys(&mut reader, limits)?;
        let content = read_content(&mut reader, suite, limits)?;
        let commit_key = if suite.commits() { Some(reader.take_array()?) } else { None };
        let body_len = reader.position();
        // Version 2 does not store the IV, which is zero.
        let iv = if suite.commits() { [0; IV_LEN] } else { reader.take_array()? };
        let tag = reader.take_array()?;
        let fields = Header {
            suite,
            message_id,
            context,
            encrypted_data_keys,
            content,
            commit_key,
            public_key,
        };
        Ok(Self { fields, raw: reader.into_raw(), body_len, iv, tag })
    }

    /// Returns the header body, which the tag covers.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.raw[..self.body_len]
    }

    /// Returns all bytes of the header: the header body, the IV if it is stored, and the tag.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Returns the length of the header with its tag, which is the place of the message's body.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no header is empty")]
    pub fn len(&self) -> u64 {
        self.raw.len() as u64
    }
}

fn malformed(field: &'static str, fault: HeaderFault) -> MessageError {
    MessageError::Malformed { field, fault }
}

/// Reads the format version and the suite, on which the form of the other fields depends.
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
        return Err(malformed("algorithm suite", HeaderFault::WrongVersion(suite)));
    }
    Ok(suite)
}

fn read_encrypted_data_keys(
    reader: &mut FieldReader<impl Read>,
    limits: &Limits,
) -> Result<Vec<EncryptedDataKey>, MessageError> {
    let count = reader.take_u16()?;
    if count == 0 {
        return Err(malformed("number of encrypted data keys", HeaderFault::Zero));
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
    suite: Suite,
    limits: &Limits,
) -> Result<ContentType, MessageError> {
    let [content] = reader.take_array()?;
    if !suite.commits() {
        let reserved = reader.take_u32()?;
        if reserved != 0 {
            return Err(malformed("reserved field", HeaderFault::NotZero(reserved)));
        }
        let [iv_len] = reader.take_array()?;
        if usize::from(iv_len) != IV_LEN {
            return Err(malformed("IV length", HeaderFault::Unknown(u32::from(iv_len))));
        }
    }
    let frame_length = reader.take_u32()?;
    match (content, NonZeroU32::new(frame_length)) {
        (NON_FRAMED, None) => Ok(ContentType::NonFramed),
        (NON_FRAMED, Some(_)) => Err(malformed("frame length", HeaderFault::NotZero(frame_length))),
        (FRAMED, None) => Err(malformed("frame length", HeaderFault::Zero)),
        (FRAMED, Some(length)) if frame_length <= limits.frame_length => {
            Ok(ContentType::Framed(length))
        }
        (FRAMED, Some(_)) => Err(MessageError::LimitExceeded {
            limit: Limit::FrameLength,
            found: u64::from(frame_length),
            allowed: u64::from(limits.frame_length),
        }),
        _ => Err(malformed("content type", HeaderFault::Unknown(u32::from(content)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::engine::TAG_LEN;
    use crate::message::context::PUBLIC_KEY;

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
            message_id: [7; 32].into(),
            context,
            encrypted_data_keys: vec![key.clone(), key],
            content: ContentType::Framed(NonZeroU32::new(4096).unwrap()),
            commit_key: Some([8; 32]),
            public_key: None,
        }
    }

    fn bytes_of(header: &Header) -> Vec<u8> {
        let mut bytes = header.serialise().unwrap();
        bytes.extend_from_slice(&[5; TAG_LEN]);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<ParsedHeader, MessageError> {
        ParsedHeader::read(bytes, &Limits::default())
    }

    fn flip(at: usize, to: u8) -> MessageError {
        let mut bytes = bytes_of(&sample());
        bytes[at] = to;
        read(&bytes).unwrap_err()
    }

    #[test]
    fn a_serialised_header_is_read_and_nothing_behind_it() {
        for content in [sample().content, ContentType::NonFramed] {
            let header = Header { content, ..sample() };
            let mut bytes = bytes_of(&header);
            let len = bytes.len();
            bytes.extend_from_slice(b"frames");
            let mut source = &bytes[..];
            let read = ParsedHeader::read(&mut source, &Limits::default()).unwrap();
            assert_eq!(read.fields, header);
            assert_eq!((read.len(), read.tag), (len as u64, [5; TAG_LEN]));
            assert_eq!((read.body(), read.raw()), (&bytes[..len - TAG_LEN], &bytes[..len]));
            assert_eq!(source, b"frames");
        }
    }

    proptest::proptest! {
        /// A damaged header that is still read serialises to the same bytes, so a header has only one serialised form.
        #[test]
        fn a_header_has_one_serialised_form(
            changes in proptest::collection::vec((0usize..400, 0u8..=255), 0..4),
            cut in 0usize..400,
        ) {
            let mut bytes = bytes_of(&sample());
            for (at, to) in changes {
                let len = bytes.len();
                bytes[at % len] = to;
            }
            bytes.truncate(cut.max(200));
            if let Ok(header) = read(&bytes) && header.fields.suite.commits() {
                proptest::prop_assert_eq!(header.fields.serialise().unwrap(), header.body());
            }
        }
    }

    #[test]
    fn a_header_cut_at_any_byte_is_truncated() {
        let bytes = bytes_of(&sample());
        assert!(matches!(read(&[]), Err(MessageError::Empty)));
        for len in 1..bytes.len() {
            let error = read(&bytes[..len]).unwrap_err();
            assert!(matches!(error, MessageError::Truncated { after, .. } if after == len as u64));
        }
    }

    #[test]
    fn other_first_bytes_are_not_a_message() {
        assert!(matches!(flip(0, 0x50), MessageError::NotAMessage { .. }));
        assert!(matches!(read(&[1, 0x7F]), Err(MessageError::NotAMessage { .. })));
        assert!(matches!(flip(2, 0x77), MessageError::UnknownSuite { id: 0x0477 }));
        let unsigned = flip(1, 5);
        assert!(matches!(
            unsigned,
            MessageError::Malformed { fault: HeaderFault::NoPublicKey, .. }
        ));
        let fault = read(&[1, 0x80, 0x04, 0x78]).unwrap_err();
        assert!(matches!(
            fault,
            MessageError::Malformed { fault: HeaderFault::WrongVersion(_), .. }
        ));
    }

    #[test]
    fn malformed_fields_are_named() {
        let content = bytes_of(&sample()).len() - TAG_LEN - COMMIT_KEY_LEN - 5;
        let unknown = flip(content, 3);
        assert!(matches!(unknown, MessageError::Malformed { field: "content type", .. }));
        let not_zero = flip(content, NON_FRAMED);
        assert!(matches!(
            not_zero,
            MessageError::Malformed { fault: HeaderFault::NotZero(4096), .. }
        ));
        let zero = flip(content + 3, 0);
        assert!(matches!(zero, MessageError::Malformed { field: "frame length", .. }));
        let mut signed = sample();
        signed.context = EncryptionContext::parse(
            &[b"\x00\x01\x00\x15", PUBLIC_KEY.as_bytes(), b"\x00\x00"].concat(),
        )
        .unwrap();
        let key = read(&bytes_of(&signed)).unwrap_err();
        assert!(matches!(
            key,
            MessageError::Malformed { fault: HeaderFault::UnexpectedPublicKey, .. }
        ));
    }

    #[test]
    fn numbers_and_lengths_over_the_limits_are_refused() {
        let key_count = 1 + 2 + 32 + 2 + sample().context.serialise().len();
        let keys = flip(key_count, 1);
        assert!(matches!(keys, MessageError::LimitExceeded { found: 258, allowed: 64, .. }));
        let frame = flip(bytes_of(&sample()).len() - TAG_LEN - COMMIT_KEY_LEN - 4, 0xFF);
        assert!(matches!(frame, MessageError::LimitExceeded { limit: Limit::FrameLength, .. }));
        let none = flip(key_count + 1, 0);
        assert!(matches!(none, MessageError::Malformed { fault: HeaderFault::Zero, .. }));
    }

    #[test]
    fn a_header_without_keys_cannot_be_written() {
        let header = Header { encrypted_data_keys: Vec::new(), ..sample() };
        assert_eq!(header.serialise(), Err(HeaderError::KeyCount(0)));
    }
}
