//! Where each frame of a message stands: arithmetic only, no I/O and no cipher.
//!
//! ```text
//! regular frame: sequence 4 | IV 12 | ciphertext (frame length) | tag 16
//! final frame:   FFFFFFFF 4 | sequence 4 | IV 12 | length 4 | ciphertext | tag 16
//! ```
//!
//! The final frame carries the last bytes, full or short; it is empty only when the plaintext is.

use std::num::NonZeroU32;

use crate::crypto::engine::{IV_LEN, TAG_LEN};

/// The frame length that enwrap writes. Measured best together with cache sizes of today; other
/// lengths are read.
pub const DEFAULT_FRAME_LENGTH: NonZeroU32 = NonZeroU32::new(65_536).unwrap();

/// Bytes before the ciphertext of a regular frame.
pub const REGULAR_PREFIX: usize = 4 + IV_LEN;

/// Bytes before the ciphertext of the final frame.
pub const FINAL_PREFIX: usize = 4 + 4 + IV_LEN + 4;

/// Bytes that a regular frame has besides its plaintext.
pub const REGULAR_OVERHEAD: usize = REGULAR_PREFIX + TAG_LEN;

/// Bytes that the final frame has besides its plaintext.
pub const FINAL_OVERHEAD: usize = FINAL_PREFIX + TAG_LEN;

/// The places of one message's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes before the first frame: the header with its tag.
    pub header_len: u64,
    /// Plaintext bytes of each frame but the last.
    pub frame_length: NonZeroU32,
}

impl Layout {
    /// How many frames `plaintext_len` bytes take; `None` when the format has no more numbers.
    #[must_use]
    pub fn frame_count(self, plaintext_len: u64) -> Option<NonZeroU32> {
        let frames = plaintext_len.div_ceil(u64::from(self.frame_length.get())).max(1);
        // The end marker takes the last number, 0xFFFFFFFF, as a first field; as a sequence number
        // it would still be legal, and is left unused here so that no frame looks like a marker.
        u32::try_from(frames).ok().filter(|frames| *frames < u32::MAX).and_then(NonZeroU32::new)
    }

    /// How long the whole message is; `None` when the format cannot hold it.
    #[must_use]
    pub fn message_len(self, plaintext_len: u64) -> Option<u64> {
        let regular = u64::from(self.frame_count(plaintext_len)?.get()) - 1;
        let overhead = regular * REGULAR_OVERHEAD as u64 + FINAL_OVERHEAD as u64;
        self.header_len.checked_add(plaintext_len)?.checked_add(overhead)
    }

    /// How many frames a message of `message_len` bytes without a footer has; `None` where it is too short
    /// for one.
    ///
    /// The final frame has its own prefix, so this is where to look for it, not a proof that it is there.
    #[must_use]
    pub fn frames_in(self, message_len: u64) -> Option<NonZeroU32> {
        let stride = u64::from(self.frame_length.get()) + REGULAR_OVERHEAD as u64;
        let body = message_len.checked_sub(self.header_len)?.checked_sub(FINAL_OVERHEAD as u64)?;
        NonZeroU32::new(u32::try_from(body / stride).ok()?.checked_add(1)?)
    }

    /// The place of frame `sequence`'s first byte in the message; `None` beyond what 64 bits count.
    #[must_use]
    pub fn frame_start(self, sequence: NonZeroU32) -> Option<u64> {
        let stride = u64::from(self.frame_length.get()) + REGULAR_OVERHEAD as u64;
        u64::from(sequence.get() - 1).checked_mul(stride)?.checked_add(self.header_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(frame_length: u32) -> Layout {
        Layout { header_len: 100, frame_length: NonZeroU32::new(frame_length).unwrap() }
    }

    #[test]
    fn the_last_frame_is_full_or_short_and_empty_only_when_all_is() {
        let count = |len| layout(10).frame_count(len).unwrap().get();
        assert_eq!([0, 1, 9, 10, 11, 20, 21].map(count), [1, 1, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn lengths_add_up_frame_by_frame() {
        let layout = layout(7);
        for plaintext_len in 0..100u64 {
            let last = layout.frame_count(plaintext_len).unwrap();
            let in_last = plaintext_len - u64::from(last.get() - 1) * 7;
            assert!(in_last <= 7 && (in_last > 0 || plaintext_len == 0));
            let end = layout.frame_start(last).unwrap() + in_last + FINAL_OVERHEAD as u64;
            assert_eq!(layout.message_len(plaintext_len), Some(end), "{plaintext_len} bytes");
            assert_eq!(layout.frames_in(end), Some(last), "{plaintext_len} bytes");
        }
    }

    #[test]
    fn worked_examples() {
        let layout = Layout { header_len: 0, frame_length: DEFAULT_FRAME_LENGTH };
        assert_eq!(layout.message_len(0), Some(40));
        assert_eq!(layout.message_len(1), Some(41));
        assert_eq!(layout.message_len(65_536), Some(65_576));
        assert_eq!(layout.message_len(65_537), Some(65_568 + 41));
    }

    #[test]
    fn beyond_the_last_sequence_number_there_is_no_message() {
        let most = u64::from(u32::MAX - 1);
        assert_eq!(layout(1).frame_count(most).map(NonZeroU32::get), Some(u32::MAX - 1));
        assert_eq!(layout(1).frame_count(most + 1), None);
        assert_eq!(layout(1).message_len(u64::MAX), None);
        assert_eq!(layout(u32::MAX).frame_start(NonZeroU32::MAX), None);
    }
}
