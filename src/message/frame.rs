//! The frame cipher: a pure function of (key, sequence number, kind).
//!
//! It has no counter and no mutable state, so that sequential, parallel and ranged code share it. There are two types,
//! because code that can open a message must not be able to write another one under the same key: a [`FrameSealer`]
//! comes with the only tag of its message's header, and a [`FrameOpener`] is made only if the header's tag matches.
//!
//! The associated data of a body (`data-format/message-body-aad.md`) is
//!
//! ```text
//! message id | "AWSKMSEncryptionClient Frame" (or another label) | sequence u32 | plaintext length u64
//! ```
//!
//! The key is derived for one message, sequence numbers do not repeat in it, and number 0 is used for the header's tag.
//! No IV is therefore used twice under one key.

use std::num::NonZeroU32;

use super::derivation::FrameKey;
use super::layout::{FINAL_PREFIX, REGULAR_PREFIX};
use super::message_id::{MESSAGE_ID_LEN, MessageId};
use crate::crypto::engine::{BulkGcm, Gcm, IV_LEN, Iv, Tag, TagMismatch};

/// The first field of a final frame, in the place of a regular frame's sequence number.
const END_MARKER: u32 = u32::MAX;

/// The kind of a ciphertext in the body. The tag covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A frame that is followed by another one.
    Regular,
    /// The last frame.
    Final,
    /// The whole body of a non-framed message.
    SingleBlock,
}

impl FrameKind {
    /// Returns the label of the kind in the associated data.
    fn label(self) -> &'static [u8] {
        match self {
            Self::Regular => b"AWSKMSEncryptionClient Frame",
            Self::Final => b"AWSKMSEncryptionClient Final Frame",
            Self::SingleBlock => b"AWSKMSEncryptionClient Single Block",
        }
    }
}

/// The key and the message id, which both the sealer and the opener need.
struct FrameCipher {
    gcm: BulkGcm,
    message_id: MessageId,
}

impl FrameCipher {
    #[expect(clippy::expect_used, reason = "every suite derives a key of an AES length")]
    fn new(key: &FrameKey, message_id: &MessageId) -> Self {
        let gcm = BulkGcm::new(key.expose()).expect("16, 24 or 32 bytes");
        Self { gcm, message_id: *message_id }
    }
}

/// The cipher of a header's tag, for one use.
#[expect(clippy::expect_used, reason = "every suite derives a key of an AES length")]
fn header_cipher(key: &FrameKey) -> Gcm {
    Gcm::new(key.expose()).expect("16, 24 or 32 bytes")
}

/// The cipher that seals the frames of one new message.
pub struct FrameSealer(FrameCipher);

impl FrameSealer {
    /// header tag = AES-GCM-Tag(key, [`frame_iv`] 0, `header` | `bound_context`): begins a new message, and returns the
    /// sealer of its frames and the tag of its header.
    ///
    /// `bound_context` is the part of the encryption context that is authenticated and not stored. The IV is fixed, so
    /// two headers tagged under one key would reveal the authentication key of AES-GCM, with which frames can be
    /// forged. Therefore a sealer makes only one tag and is used for a new message only, and the header of an existing
    /// message is never written again.
    #[must_use]
    pub(crate) fn begin(
        key: &FrameKey,
        message_id: &MessageId,
        header: &[u8],
        bound_context: &[u8],
    ) -> (Self, Tag) {
        let aad = [header, bound_context].concat();
        let tag = header_cipher(key).seal(&frame_iv(0), &aad, &mut []);
        (Self(FrameCipher::new(key, message_id)), tag)
    }

    /// tag = AES-GCM-Encrypt(key, [`frame_iv`], associated data, plaintext): encrypts the plaintext of a frame in
    /// place, and returns its tag.
    #[must_use]
    pub fn seal(&self, sequence: NonZeroU32, kind: FrameKind, buffer: &mut [u8]) -> Tag {
        let aad = BodyAad::new(&self.0.message_id, sequence, kind, buffer.len());
        self.0.gcm.seal(&frame_iv(sequence.get()), aad.as_bytes(), buffer)
    }
}

/// The cipher that opens the frames of one message whose header is authentic.
pub struct FrameOpener(FrameCipher);

impl FrameOpener {
    /// Verifies the tag over `header` and `bound_context`, as [`FrameSealer`] makes it, and returns the opener of the
    /// frames.
    ///
    /// # Errors
    /// [`TagMismatch`].
    pub fn begin(
        key: &FrameKey,
        message_id: &MessageId,
        header: &[u8],
        bound_context: &[u8],
        (iv, tag): (&Iv, &Tag),
    ) -> Result<Self, TagMismatch> {
        header_cipher(key).open(iv, &[header, bound_context].concat(), &mut [], tag)?;
        Ok(Self(FrameCipher::new(key, message_id)))
    }

    /// plaintext = AES-GCM-Decrypt(key, iv, associated data, ciphertext, tag): verifies the tag of a frame, and
    /// decrypts its ciphertext in place.
    ///
    /// # Errors
    /// [`TagMismatch`]. The content of `buffer` is then undefined, but holds no plaintext.
    pub fn open(
        &self,
        sequence: NonZeroU32,
        kind: FrameKind,
        iv: &Iv,
        buffer: &mut [u8],
        tag: &Tag,
    ) -> Result<(), TagMismatch> {
        let aad = BodyAad::new(&self.0.message_id, sequence, kind, buffer.len());
        self.0.gcm.open(iv, aad.as_bytes(), buffer, tag)
    }
}

/// Returns the IV that writers use for a frame: eight zero bytes and the sequence number.
#[must_use]
pub fn frame_iv(sequence: u32) -> Iv {
    let mut iv = [0; IV_LEN];
    iv[8..].copy_from_slice(&sequence.to_be_bytes());
    iv
}

/// Returns the bytes before a regular frame's ciphertext: `sequence | IV`.
#[must_use]
pub fn regular_prefix(sequence: NonZeroU32) -> [u8; REGULAR_PREFIX] {
    let mut prefix = [0; REGULAR_PREFIX];
    prefix[..4].copy_from_slice(&sequence.get().to_be_bytes());
    prefix[4..].copy_from_slice(&frame_iv(sequence.get()));
    prefix
}

/// Returns the bytes before the final frame's ciphertext of `len` bytes: `end marker | sequence | IV | len`.
#[must_use]
pub fn final_prefix(sequence: NonZeroU32, len: u32) -> [u8; FINAL_PREFIX] {
    let mut prefix = [0; FINAL_PREFIX];
    prefix[..4].copy_from_slice(&END_MARKER.to_be_bytes());
    prefix[4..8].copy_from_slice(&sequence.get().to_be_bytes());
    prefix[8..20].copy_from_slice(&frame_iv(sequence.get()));
    prefix[20..].copy_from_slice(&len.to_be_bytes());
    prefix
}

/// Returns whether a frame that begins with the four bytes `first` is the final one.
#[must_use]
pub fn is_end_marker(first: [u8; 4]) -> bool {
    u32::from_be_bytes(first) == END_MARKER
}

/// The fields before a frame's ciphertext that both kinds of frames have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramePrefix {
    /// The sequence number in the frame.
    pub sequence: u32,
    /// The IV in the frame, with which it is opened.
    pub iv: Iv,
}

impl FramePrefix {
    /// Parses the bytes before a regular frame's ciphertext.
    #[must_use]
    pub fn of_regular(bytes: &[u8; REGULAR_PREFIX]) -> Self {
        let (sequence, iv) = split_array::<4, IV_LEN, REGULAR_PREFIX>(bytes);
        Self { sequence: u32::from_be_bytes(sequence), iv }
    }

    /// Parses the bytes before the final frame's ciphertext, and returns the length of the ciphertext too.
    #[must_use]
    pub fn of_final(bytes: &[u8; FINAL_PREFIX]) -> (Self, u32) {
        let (_marker, rest) = split_array::<4, 20, FINAL_PREFIX>(bytes);
        let (prefix, len) = split_array::<REGULAR_PREFIX, 4, 20>(&rest);
        (Self::of_regular(&prefix), u32::from_be_bytes(len))
    }
}

fn split_array<const A: usize, const B: usize, const N: usize>(
    bytes: &[u8; N],
) -> ([u8; A], [u8; B]) {
    const { assert!(A + B == N) };
    let (mut head, mut tail) = ([0; A], [0; B]);
    head.copy_from_slice(&bytes[..A]);
    tail.copy_from_slice(&bytes[A..]);
    (head, tail)
}

/// The associated data of one ciphertext in the body. It is on the stack, since each frame needs one.
struct BodyAad {
    bytes: [u8; Self::MAX],
    len: usize,
}

impl BodyAad {
    const MAX: usize = MESSAGE_ID_LEN + b"AWSKMSEncryptionClient Single Block".len() + 4 + 8;

    fn new(
        message_id: &MessageId,
        sequence: NonZeroU32,
        kind: FrameKind,
        plaintext: usize,
    ) -> Self {
        let mut aad = Self { bytes: [0; Self::MAX], len: 0 };
        aad.push(message_id.as_bytes());
        aad.push(kind.label());
        aad.push(&sequence.get().to_be_bytes());
        aad.push(&(plaintext as u64).to_be_bytes());
        aad
    }

    fn push(&mut self, part: &[u8]) {
        self.bytes[self.len..self.len + part.len()].copy_from_slice(part);
        self.len += part.len();
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_prefix_parses() {
        let sequence = NonZeroU32::new(0x0102_0304).unwrap();
        let regular = regular_prefix(sequence);
        assert_eq!(hex::encode(regular), "01020304000000000000000001020304");
        let prefix = FramePrefix { sequence: 0x0102_0304, iv: frame_iv(0x0102_0304) };
        assert_eq!(FramePrefix::of_regular(&regular), prefix);
        let last = final_prefix(sequence, 5);
        assert_eq!(hex::encode(last), "ffffffff0102030400000000000000000102030400000005");
        assert_eq!(FramePrefix::of_final(&last), (prefix, 5));
    }

    #[test]
    fn associated_data_holds_message_id_kind_number_and_length() {
        let aad = BodyAad::new(&[7; 32].into(), NonZeroU32::new(3).unwrap(), FrameKind::Final, 9);
        let text: &[&[u8]] = &[
            &[7; 32],
            b"AWSKMSEncryptionClient Final Frame",
            &[0, 0, 0, 3],
            &[0, 0, 0, 0, 0, 0, 0, 9],
        ];
        assert_eq!(aad.as_bytes(), text.concat());
    }
}
