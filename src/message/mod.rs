//! The message format: AWS Encryption SDK, byte by byte.
//!
//! ```text
//! message = header body | header tag | frame 1 | frame 2 | ... | final frame | footer, if signed
//! ```
//!
//! - [`header`]: what stands before the frames, and its tag
//! - [`encrypted_data_key`]: one wrapped copy of the data key
//! - [`derivation`]: data key to frame key and commit key
//! - [`frame`]: the frame cipher, a pure function of (key, sequence number, kind)
//! - [`layout`]: where each frame stands, as arithmetic only
//! - [`signature`]: the footer of signed messages
//! - [`armor`]: the same in base64
//! - [`codec`]: bounded reading; [`engine`]: AES-GCM itself
//!
//! All integers are big-endian and unsigned.

pub mod armor;
pub mod codec;
pub mod context;
pub mod derivation;
pub mod encrypted_data_key;
pub mod frame;
pub mod header;
pub mod layout;
pub mod signature;
pub mod suite;

use std::fmt;
use std::io;

use crate::message::armor::ArmorError;
use crate::message::context::ContextSyntaxError;
use crate::message::suite::Suite;

/// What a reader holds in memory at most, and therefore refuses beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a header, with its tag.
    pub header_size: usize,
    /// Encrypted data keys of one message.
    pub encrypted_data_keys: u16,
    /// Bytes of one frame's plaintext, or of a non-framed body: one tag covers it, so it is held
    /// in memory whole.
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
    /// The signature behind the body.
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

/// What is wrong with a field of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The encryption context's bytes break the format.
    #[error("{0}")]
    Context(ContextSyntaxError),
    /// A value that the format does not know.
    #[error("unknown value {0}")]
    Unknown(u32),
    /// A value that is zero and must not be.
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

/// Why bytes are no whole and authentic message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not one byte.
    #[error("the input is empty, and no encrypted message is")]
    Empty,
    /// The first bytes are none that a message begins with.
    #[error("this is not an encrypted message: its first bytes are {}", hex::encode(first_bytes))]
    NotAMessage {
        /// The bytes looked at.
        first_bytes: Vec<u8>,
    },
    /// A suite number that no SDK has written.
    #[error("the message names the unknown algorithm suite 0x{id:04x}")]
    UnknownSuite {
        /// The number in the header.
        id: u16,
    },
    /// A field that breaks the format.
    #[error("the header's {field} is malformed: {fault}")]
    Malformed {
        /// The field, in the format's words.
        field: &'static str,
        /// What is wrong with it.
        fault: HeaderFault,
    },
    /// More than the reader is allowed to hold.
    #[error("the message's {limit} is {found}, more than the limit of {allowed}")]
    LimitExceeded {
        /// Which limit.
        limit: Limit,
        /// What the message asks for.
        found: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// The bytes end too early.
    #[error("truncated: the message ends after byte {after}, in {part}")]
    Truncated {
        /// How many bytes there are.
        after: u64,
        /// Where more were expected.
        part: MessagePart,
    },
    /// A tag, or the commit key, does not fit.
    #[error("authentication failed: {part} was altered, or is not of this message")]
    Authentication {
        /// The part that does not hold.
        part: MessagePart,
    },
    /// A frame that carries another number than its place.
    #[error("authentication failed: frame {expected} carries the number {found}")]
    OutOfSequence {
        /// The number of this place.
        expected: u32,
        /// The number in the frame.
        found: u32,
    },
    /// A final frame that claims more than a frame holds.
    #[error(
        "authentication failed: frame {sequence} claims {found} bytes, more than a frame of this message holds"
    )]
    Oversized {
        /// The frame.
        sequence: u32,
        /// What it claims.
        found: u32,
    },
    /// Bytes after the final frame.
    #[error("authentication failed: bytes follow the end of the message, after byte {after}")]
    TrailingBytes {
        /// Where the message ends.
        after: u64,
    },
    /// Armour that holds no message.
    #[error(transparent)]
    Armor(ArmorError),
    /// The source could not be read.
    #[error("reading failed")]
    Read(#[source] io::Error),
}

impl MessageError {
    /// An error of the source: its own, or of what decodes it on the way.
    pub(crate) fn of_source(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(armor) => Self::Armor(*armor),
            None => Self::Read(error),
        }
    }
}
