//! A buffer that takes the plaintext of one frame, and seals it in place.

use std::io::Read;
use std::num::NonZeroU32;

use super::PipelineError;
use crate::crypto::engine::TAG_LEN;
use crate::crypto::secret::SecretBytes;
use crate::fs::read_full::read_full;
use crate::message::frame::{FrameKind, FrameSealer, final_prefix, regular_prefix};
use crate::message::layout::{FINAL_PREFIX, REGULAR_PREFIX};

/// A buffer that holds one whole frame of either kind, so that one call writes it.
pub(super) struct FrameBuffer {
    /// Room for `final prefix | plaintext | tag`; a regular frame begins later, since its prefix is shorter.
    ///
    /// It is wiped on drop, since it held plaintext. It starts small, and grows when the plaintext does not fit:
    /// clearing and wiping a full-sized buffer takes longer than sealing a small file.
    bytes: SecretBytes,
    /// The length of the plaintext in it.
    len: usize,
    frame_length: usize,
}

impl FrameBuffer {
    pub(super) fn new(frame_length: NonZeroU32) -> Self {
        const SMALL: usize = 8 << 10;
        let frame_length = frame_length.get() as usize;
        Self { bytes: Self::with_room(frame_length.min(SMALL)), len: 0, frame_length }
    }

    fn with_room(room: usize) -> SecretBytes {
        SecretBytes::zeroed(FINAL_PREFIX + room + TAG_LEN)
    }

    /// Returns the length of the plaintext in it.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_full(&self) -> bool {
        self.len == self.frame_length
    }

    /// Forgets the plaintext, to take that of the next frame.
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// Reads plaintext until the frame is full or `source` ends.
    pub(super) fn fill(&mut self, source: &mut impl Read) -> Result<(), PipelineError> {
        self.clear();
        loop {
            let room = self.room();
            let asked = room.len();
            let read = read_full(source, room).map_err(PipelineError::Read)?;
            self.len += read;
            if read < asked || self.is_full() {
                return Ok(());
            }
            self.grow();
        }
    }

    /// Appends as many of `bytes` as fit, and returns how many. The result is 0 only if the frame is full or `bytes` is
    /// empty.
    pub(super) fn push(&mut self, bytes: &[u8]) -> usize {
        if bytes.len() > self.room().len() {
            self.grow();
        }
        let room = self.room();
        let len = bytes.len().min(room.len());
        room[..len].copy_from_slice(&bytes[..len]);
        self.len += len;
        len
    }

    /// Returns the free part of the buffer, behind the plaintext.
    fn room(&mut self) -> &mut [u8] {
        let end = self.bytes.len() - TAG_LEN;
        &mut self.bytes.expose_mut()[FINAL_PREFIX + self.len..end]
    }

    /// Grows the buffer to hold a whole frame.
    fn grow(&mut self) {
        if self.bytes.len() < FINAL_PREFIX + self.frame_length + TAG_LEN {
            let end = FINAL_PREFIX + self.len;
            let mut grown = Self::with_room(self.frame_length);
            grown.expose_mut()[..end].copy_from_slice(&self.bytes.expose()[..end]);
            self.bytes = grown;
        }
    }

    /// Encrypts the plaintext in place, and returns the whole frame.
    pub(super) fn seal(
        &mut self,
        cipher: &FrameSealer,
        sequence: NonZeroU32,
        kind: FrameKind,
    ) -> &[u8] {
        let end = FINAL_PREFIX + self.len;
        let bytes = self.bytes.expose_mut();
        let tag = cipher.seal(sequence, kind, &mut bytes[FINAL_PREFIX..end]);
        bytes[end..end + TAG_LEN].copy_from_slice(&tag);
        let start = if kind == FrameKind::Final {
            // The conversion cannot fail: the plaintext is at most a frame length, which has 32 bits.
            let len = u32::try_from(self.len).unwrap_or(u32::MAX);
            bytes[..FINAL_PREFIX].copy_from_slice(&final_prefix(sequence, len));
            0
        } else {
            let start = FINAL_PREFIX - REGULAR_PREFIX;
            bytes[start..FINAL_PREFIX].copy_from_slice(&regular_prefix(sequence));
            start
        };
        &bytes[start..end + TAG_LEN]
    }
}

/// Returns the number of the frame after `sequence`. A writer never uses the greatest number, as in
/// [`Layout::frame_count`](crate::message::layout::Layout::frame_count).
pub(super) fn following(sequence: NonZeroU32) -> Result<NonZeroU32, PipelineError> {
    sequence
        .checked_add(1)
        .filter(|sequence| *sequence < NonZeroU32::MAX)
        .ok_or(PipelineError::TooLong)
}
