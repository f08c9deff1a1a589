//! The places of a message's frames: arithmetic only, without I/O and without a cipher.
//!
//! ```text
//! regular frame: sequence 4 | IV 12 | ciphertext (frame length) | tag 16
//! final frame:   FFFFFFFF 4 | sequence 4 | IV 12 | length 4 | ciphertext | tag 16
//! ```
//!
//! enwrap writes a final frame of 1 byte up to the frame length, and an empty one only if the plaintext is empty.

use std::num::NonZeroU32;

use crate::crypto::engine::{IV_LEN, TAG_LEN};

/// The frame length that enwrap writes by default. It was measured as the fastest on current processors. Messages with
/// any other length are read.
pub const DEFAULT_FRAME_LENGTH: NonZeroU32 = NonZeroU32::new(65_536).unwrap();

/// The number of bytes before the ciphertext of a regular frame.
pub const REGULAR_PREFIX: usize = 4 + IV_LEN;

/// The number of bytes before the ciphertext of the final frame.
pub const FINAL_PREFIX: usize = 4 + 4 + IV_LEN + 4;

/// The number of bytes by which a regular frame is longer than its plaintext.
pub const REGULAR_OVERHEAD: usize = REGULAR_PREFIX + TAG_LEN;

/// The number of bytes by which the final frame is longer than its plaintext.
pub const FINAL_OVERHEAD: usize = FINAL_PREFIX + TAG_LEN;

/// The places of one message's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The number of bytes before the first frame: the length of the header with its tag.
    pub header_len: u64,
    /// The length of the plaintext of each frame but the last.
    pub frame_length: NonZeroU32,
}

impl Layout {
    /// Returns how many frames a plaintext of `plaintext_len` bytes takes; `None` if the format cannot number them.
    #[must_use]
    pub fn frame_count(self, plaintext_len: u64) -> Option<NonZeroU32> {
        let frames = plaintext_len.div_ceil(u64::from(self.frame_length.get())).max(1);
        // The number 0xFFFFFFFF is legal for a final frame, but is not used here: the end marker has the same value,
        // and no frame number should look like it.
        u32::try_from(frames).ok().filter(|frames| *frames < u32::MAX).and_then(NonZeroU32::new)
    }

    /// Returns the length of the whole message; `None` if the format cannot hold it.
    #[must_use]
    pub fn message_len(self, plaintext_len: u64) -> Option<u64> {
        let regular = u64::from(self.frame_count(plaintext_len)?.get()) - 1;
        let overhead = regular * REGULAR_OVERHEAD as u64 + FINAL_OVERHEAD as u64;
        self.header_len.checked_add(plaintext_len)?.checked_add(overhead)
    }

    /// Returns how many frames a message of `message_len` bytes without a footer has; `None` if it is too short for
    /// one.
    ///
    /// The result is only as good as `message_len`. Whether the last of these frames is the final one is decided by its
    /// prefix and its tag.
    #[must_use]
    pub fn frames_in(self, message_len: u64) -> Option<NonZeroU32> {
        let stride = u64::from(self.frame_length.get()) + REGULAR_OVERHEAD as u64;
        let body = message_len.checked_sub(self.header_len)?.checked_sub(FINAL_OVERHEAD as u64)?;
        NonZeroU32::new(u32::try_from(body / stride).ok()?.checked_add(1)?)
    }

    /// Returns the place in the message of the first byte of frame `sequence`; `None` if it exceeds 64 bits.
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
    fn the_final_frame_is_empty_only_if_the_plaintext_is() {
        let count = |len| layout(10).frame_count(len).unwrap().get();
        assert_eq!([0, 1, 9, 10, 11, 20, 21].map(count), [1, 1, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn the_message_length_is_the_end_of_the_final_frame() {
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
    fn message_lengths_of_the_worked_examples() {
        let layout = Layout { header_len: 0, frame_length: DEFAULT_FRAME_LENGTH };
        assert_eq!(layout.message_len(0), Some(40));
        assert_eq!(layout.message_len(1), Some(41));
        assert_eq!(layout.message_len(65_536), Some(65_576));
        assert_eq!(layout.message_len(65_537), Some(65_568 + 41));
    }

    #[test]
    fn a_plaintext_with_too_many_frames_has_no_layout() {
        let most = u64::from(u32::MAX - 1);
        assert_eq!(layout(1).frame_count(most).map(NonZeroU32::get), Some(u32::MAX - 1));
        assert_eq!(layout(1).frame_count(most + 1), None);
        assert_eq!(layout(1).message_len(u64::MAX), None);
        assert_eq!(layout(u32::MAX).frame_start(NonZeroU32::MAX), None);
    }
}
