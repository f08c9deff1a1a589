//! The message format of the AWS Encryption SDK.
//!
//! ```text
//! message = header body | header tag | frame 1 | frame 2 | ... | final frame | footer, if signed
//! ```
//!
//! - [`header`]: the header body and its tag; [`message_id`]: the id in it
//! - [`encrypted_data_key`]: one wrapped copy of the data key
//! - [`context`]: the encryption context
//! - [`suite`]: the algorithm suites
//! - [`derivation`]: from the data key to the frame key and the commit key
//! - [`frame`]: the frame cipher, a pure function of (key, sequence number, kind)
//! - [`layout`]: the places of the frames, as arithmetic without I/O
//! - [`signature`]: the footer of signed messages
//! - [`structure`]: proves without a key that bytes are one whole message
//! - [`armor`]: messages as base64 text
//! - [`foreign`]: formats that are not messages, for the words of an error
//! - [`codec`]: reading and writing of header fields, with limits
//!
//! All integers are big-endian and unsigned.

pub mod armor;
pub mod codec;
pub mod context;
pub mod derivation;
pub mod encrypted_data_key;
pub mod foreign;
pub mod frame;
pub mod header;
pub mod layout;
pub mod message_id;
pub mod signature;
pub mod structure;
pub mod suite;

use std::fmt;
use std::io;

use crate::message::armor::ArmorError;
use crate::message::context::ContextSyntaxError;
use crate::message::foreign::ForeignFormat;
use crate::message::suite::Suite;

/// The limits on what a reader holds in memory. A message that exceeds one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The greatest length of a header with its tag, in bytes.
    pub header_size: usize,
    /// The greatest number of encrypted data keys of one message.
    pub encrypted_data_keys: u16,
    /// The greatest length of a frame's plaintext, or of a non-framed body, in bytes. One tag covers all of it, so all
    /// of it is held in memory.
    pub frame_length: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { header_size: 1 << 20, encrypted_data_keys: 64, frame_length: 64 << 20 }
    }
}

/// One of the [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::header_size`].
    HeaderSize,
    /// [`Limits::encrypted_data_keys`].
    EncryptedDataKeys,
    /// [`Limits::frame_length`].
    FrameLength,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeaderSize => "header size",
            Self::EncryptedDataKeys => "number of encrypted data keys",
            Self::FrameLength => "frame length",
        })
    }
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagePart {
    /// Everything before the first frame.
    Header,
    /// The frame with this sequence number; they start at 1.
    Frame(u32),
    /// The body of a message without frames.
    Body,
    /// The footer behind the body, which holds the signature.
    Footer,
}

impl fmt::Display for MessagePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Frame(sequence) => write!(f, "frame {sequence}"),
            Self::Body => f.write_str("the body"),
            Self::Footer => f.write_str("the signature"),
        }
    }
}

/// The fault of a malformed header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The encryption context's bytes break the format.
    #[error("{0}")]
    Context(ContextSyntaxError),
    /// A value that the format does not know.
    #[error("unknown value {0}")]
    Unknown(u32),
    /// A value that is zero and must not be zero.
    #[error("it is zero")]
    Zero,
    /// A value that must be zero.
    #[error("it is {0} where the format asks for zero")]
    NotZero(u32),
    /// An unsigned message with a public key.
    #[error("it has a public key, which belongs to signed messages only")]
    UnexpectedPublicKey,
    /// A signed message without a public key.
    #[error("it has no public key, which a signed message must have")]
    NoPublicKey,
    /// A public key that is no point of the suite's curve.
    #[error("its public key is none")]
    PublicKey,
    /// A suite that belongs to the other format version.
    #[error("suite {0} does not exist in this format version")]
    WrongVersion(Suite),
}

/// Why bytes are not a whole and authentic message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// There is no byte at all.
    #[error("it is empty, and an encrypted message never is")]
    Empty,
    /// It is a file of another format.
    #[error("it is {0}, not an AWS Encryption SDK message")]
    Foreign(ForeignFormat),
    /// The first bytes are not those of a message.
    #[error(
        "it is not an encrypted message: its first bytes are {} in hexadecimal",
        hex::encode(first_bytes)
    )]
    NotAMessage {
        /// The bytes that were examined.
        first_bytes: Vec<u8>,
    },
    /// The suite number is unknown: no SDK has ever written it.
    #[error("the message names the unknown algorithm suite 0x{id:04x}")]
    UnknownSuite {
        /// The number in the header.
        id: u16,
    },
    /// A header field violates the format.
    #[error("the header's {field} is malformed: {fault}")]
    Malformed {
        /// The name of the field in the specification.
        field: &'static str,
        /// What is wrong with it.
        fault: HeaderFault,
    },
    /// The message exceeds one of the reader's limits.
    #[error("the message's {limit} is {found}, more than the limit of {allowed}")]
    LimitExceeded {
        /// The limit.
        limit: Limit,
        /// The value in the message.
        found: u64,
        /// The greatest allowed value.
        allowed: u64,
    },
    /// The message ends too early.
    #[error("truncated: the message ends after byte {after}, in {part}")]
    Truncated {
        /// The number of bytes that were there.
        after: u64,
        /// The part that was not complete.
        part: MessagePart,
    },
    /// A tag, the commit key or the signature does not match.
    #[error("authentication failed: {part} was altered, or is not of this message")]
    Authentication {
        /// The part that is not authentic.
        part: MessagePart,
    },
    /// A frame does not have the number of its place.
    #[error("authentication failed: frame {expected} carries the number {found}")]
    OutOfSequence {
        /// The number that belongs to the place.
        expected: u32,
        /// The number in the frame.
        found: u32,
    },
    /// The final frame claims to be longer than the frame length.
    #[error(
        "authentication failed: frame {sequence} claims {found} bytes, more than a frame of this message holds"
    )]
    Oversized {
        /// The number of the frame.
        sequence: u32,
        /// The length that it claims.
        found: u32,
    },
    /// Bytes follow the end of the message.
    #[error("authentication failed: bytes follow the end of the message, after byte {after}")]
    TrailingBytes {
        /// The length of the message without them.
        after: u64,
    },
    /// The text armour is invalid.
    #[error(transparent)]
    Armor(ArmorError),
    /// The source could not be read.
    #[error("reading failed")]
    Read(#[source] io::Error),
}

impl MessageError {
    /// Returns the error of a source: its own, or that of the armour decoder around it.
    #[must_use]
    pub fn of_source(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(armor) => Self::Armor(*armor),
            None => Self::Read(error),
        }
    }
}
