//! Opens a framed body as a `Read` and `Seek`, over a source that can be read at any place. Only the frames that hold
//! the requested bytes are read and opened.
//!
//! The final frame is opened first, because it alone proves the length of the plaintext, and with it that the
//! requested bytes are not cut short. Errors are determined by the code of [`super::body_reader`], so that they are the
//! same as in a sequential reading.

use std::borrow::Borrow;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroU32;

use super::body::BodyParser;
use super::body_reader::{BodyOpener, open_frame};
use super::placed_frames::{FinalFrame, PlacedFrames, ReadAt, SizedSource, open_regular};
use super::{NoProgress, PipelineError, sequential};
use crate::crypto::secret::SecretBytes;
use crate::message::frame::FrameOpener;
use crate::message::header::ContentType;
use crate::message::layout::{REGULAR_OVERHEAD, REGULAR_PREFIX};
use crate::message::{Limits, MessageError};

/// A reader of the plaintext of an unsigned, framed message, from any place on.
///
/// It holds the plaintext of the final frame and of the regular frame that was read last.
pub struct FramesAt<C, F> {
    frames: PlacedFrames<C, F>,
    /// The number of the final frame.
    last: NonZeroU32,
    /// The plaintext of the final frame.
    tail: SecretBytes,
    /// The bytes of a regular frame, decrypted in place.
    frame: SecretBytes,
    /// The number of the frame in `frame`, if it holds one.
    loaded: Option<NonZeroU32>,
    /// The place in the plaintext of the next byte to read.
    position: u64,
}

impl<C: Borrow<FrameOpener>, F: ReadAt> FramesAt<C, F> {
    /// Opens the final frame.
    ///
    /// # Errors
    /// If the final frame is not authentic, or not where the claimed length puts it, all frames are read, and the first failing
    /// check in the order of the bytes is returned.
    pub fn open(frames: PlacedFrames<C, F>) -> Result<Self, PipelineError> {
        if let Some(end) = frames.open_end() {
            return Ok(Self::new(frames, end));
        }
        let body = BodyOpener {
            cipher: frames.cipher.borrow(),
            content: ContentType::Framed(frames.layout.frame_length),
            start: frames.layout.header_len,
            limits: Limits::default(),
            verifier: None,
        };
        let mut source = InOrder { source: &frames.source, position: frames.layout.header_len };
        match sequential::open(body, &mut source, &mut io::sink(), &NoProgress) {
            Err(error) => Err(error),
            Ok(_) => Err(changed().into()),
        }
    }

    /// Opens the final frame; `None` if the message is not as its claimed length says.
    pub(super) fn find(frames: PlacedFrames<C, F>) -> Option<Self> {
        let end = frames.open_end()?;
        Some(Self::new(frames, end))
    }

    fn new(frames: PlacedFrames<C, F>, end: FinalFrame) -> Self {
        let FinalFrame { sequence: last, plaintext: tail } = end;
        Self { frames, last, tail, frame: SecretBytes::zeroed(0), loaded: None, position: 0 }
    }

    /// Returns the length of the plaintext.
    pub fn plaintext_len(&self) -> u64 {
        self.tail_start() + self.tail.len() as u64
    }

    /// Returns the place of the final frame's plaintext.
    fn tail_start(&self) -> u64 {
        u64::from(self.last.get() - 1) * u64::from(self.frames.layout.frame_length.get())
    }

    /// Returns the plaintext from place `at` to the end of its frame; `None` if that frame is not authentic or cannot
    /// be read. It is empty at the end of the plaintext, and behind it.
    pub(super) fn plaintext_at(&mut self, at: u64) -> Option<&[u8]> {
        let frame_length = self.frames.layout.frame_length.get();
        // The conversion cannot fail: a position in a frame is less than its length, which has 32 bits.
        let within = |start: u64| usize::try_from(at - start).unwrap_or(usize::MAX);
        if at >= self.tail_start() {
            let start = within(self.tail_start());
            return Some(self.tail.expose().get(start..).unwrap_or_default());
        }
        let sequence = self.sequence_at(at);
        if self.loaded != Some(sequence) {
            self.load(sequence)?;
        }
        let plaintext = &self.frame.expose()[REGULAR_PREFIX..][..frame_length as usize];
        plaintext.get(within(at - at % u64::from(frame_length))..)
    }

    /// Returns the number of the regular frame that holds the byte at place `at`.
    fn sequence_at(&self, at: u64) -> NonZeroU32 {
        // The conversion cannot fail: the number is less than `last`.
        let before = at / u64::from(self.frames.layout.frame_length.get());
        NonZeroU32::MIN.saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }

    /// Reads and opens regular frame `sequence` into `frame`.
    fn load(&mut self, sequence: NonZeroU32) -> Option<()> {
        self.loaded = None;
        if self.frame.is_empty() {
            // The message has a regular frame, so the frame length is not a mere claim, and is allocated.
            let stride = self.frames.layout.frame_length.get() as usize + REGULAR_OVERHEAD;
            self.frame = SecretBytes::zeroed(stride);
        }
        let frame = self.frame.expose_mut();
        self.frames.source.read_exact_at(frame, self.frames.layout.frame_start(sequence)?).ok()?;
        open_regular(self.frames.cipher.borrow(), sequence, frame)?;
        self.loaded = Some(sequence);
        Some(())
    }

    /// Returns the error of regular frame `sequence`, which was not opened.
    fn fault(&self, sequence: NonZeroU32) -> PipelineError {
        let Some(start) = self.frames.layout.frame_start(sequence) else {
            return PipelineError::TooLong;
        };
        let source = InOrder { source: &self.frames.source, position: start };
        let mut body = BodyParser::new(source, start, None);
        let (cipher, length) = (self.frames.cipher.borrow(), self.frames.layout.frame_length);
        match open_frame(cipher, sequence, length, &mut body, &mut SecretBytes::zeroed(0)) {
            Err(error) => error.into(),
            Ok(_) => changed().into(),
        }
    }
}

impl<C: Borrow<FrameOpener>, F: ReadAt> Read for FramesAt<C, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let at = self.position;
        let Some(plaintext) = self.plaintext_at(at) else {
            return Err(self.fault(self.sequence_at(at)).into());
        };
        let len = plaintext.len().min(buffer.len());
        buffer[..len].copy_from_slice(&plaintext[..len]);
        self.position += len as u64;
        Ok(len)
    }
}

impl<C: Borrow<FrameOpener>, F: ReadAt> Seek for FramesAt<C, F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => self.plaintext_len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Returns the error for a message that is authentic when read again, so that it was changed meanwhile.
fn changed() -> MessageError {
    MessageError::Read(io::Error::other("the message changed while it was read"))
}

/// A reader of a source that can be read at any place, in order from `position` on.
///
/// It reads one byte beyond the claimed length, if there is one, so that trailing bytes are noticed.
pub struct InOrder<'a, F> {
    /// The source.
    pub source: &'a SizedSource<F>,
    /// The place of the next byte.
    pub position: u64,
}

impl<F: ReadAt> Read for InOrder<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.source.claimed_len;
        if self.position < size {
            let left = usize::try_from(size - self.position).unwrap_or(usize::MAX);
            let len = left.min(buffer.len());
            self.source.read_exact_at(&mut buffer[..len], self.position)?;
            self.position += len as u64;
            return Ok(len);
        }
        let Some(one) = buffer.get_mut(..1) else { return Ok(0) };
        let read = usize::from(self.source.read_exact_at(one, self.position).is_ok());
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;
    use crate::message::layout::Layout;
    use crate::pipeline::tests::{FRAME, damaged, opener, sealed_in_order};

    const LAYOUT: Layout = Layout { header_len: 0, frame_length: FRAME };

    fn placed(
        source: &[u8],
        claimed_len: u64,
    ) -> Result<FramesAt<FrameOpener, &[u8]>, PipelineError> {
        let source = SizedSource { source, claimed_len };
        FramesAt::open(PlacedFrames { cipher: opener(), layout: LAYOUT, source })
    }

    fn frames(message: &[u8]) -> Result<FramesAt<FrameOpener, &[u8]>, PipelineError> {
        placed(message, message.len() as u64)
    }

    proptest! {
        #[test]
        fn seeking_and_reading_give_the_bytes_of_a_slice(
            plaintext in proptest::collection::vec(any::<u8>(), 0..100),
            steps in proptest::collection::vec((0u8..3, -120i64..120, 0usize..30), 1..40),
        ) {
            let message = sealed_in_order(&plaintext);
            let (mut frames, mut slice) = (frames(&message).unwrap(), io::Cursor::new(&plaintext));
            prop_assert_eq!(frames.plaintext_len(), plaintext.len() as u64);
            for (whence, offset, len) in steps {
                let to = match whence {
                    0 => SeekFrom::Start(offset.unsigned_abs()),
                    1 => SeekFrom::End(offset),
                    _ => SeekFrom::Current(offset),
                };
                prop_assert_eq!(frames.seek(to).ok(), slice.seek(to).ok());
                let (mut found, mut expected) = (vec![0; len], vec![0; len]);
                let mut read = 0;
                while let Some(more) =
                    NonZeroUsize::new(frames.read(&mut found[read..]).unwrap())
                {
                    read += more.get();
                }
                prop_assert_eq!(read, slice.read(&mut expected).unwrap());
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn every_cut_flip_and_extension_gives_the_result_of_the_sequential_opener() {
        for len in [0, 5, 10, 55, 60] {
            let plaintext: Vec<u8> = (0..len).collect();
            for message in damaged(&sealed_in_order(&plaintext)) {
                let body = BodyOpener {
                    cipher: &opener(),
                    content: ContentType::Framed(FRAME),
                    start: 0,
                    limits: Limits::default(),
                    verifier: None,
                };
                let expected =
                    sequential::open(body, &mut &message[..], &mut io::sink(), &NoProgress);
                let found = frames(&message).and_then(|mut frames| {
                    let read = frames.read_to_end(&mut Vec::new());
                    read.map(|read| read as u64).map_err(|error| error.downcast().unwrap())
                });
                let text = |it: Result<u64, PipelineError>| it.map_err(|error| error.to_string());
                assert_eq!(text(found), text(expected));
            }
        }
    }

    #[test]
    fn a_damaged_frame_does_not_prevent_reading_the_others() {
        let mut message = sealed_in_order(&[7; 55]);
        message[42 + 20] ^= 1;
        let mut frames = frames(&message).unwrap();
        let mut part = [0; 10];
        for (at, is_good) in [(0, true), (10, false), (20, true), (15, false), (45, true)] {
            frames.seek(SeekFrom::Start(at)).unwrap();
            assert_eq!(frames.read_exact(&mut part).is_ok(), is_good, "{at}");
        }
    }

    #[test]
    fn a_message_is_refused_if_its_length_is_not_as_claimed() {
        let message = sealed_in_order(&[7; 55]);
        let size = message.len() as u64;
        let open = |size| placed(&message, size).map(drop);
        open(size).unwrap();
        for wrong in [0, 1, size - 42, size - 1, size + 1, u64::MAX] {
            assert!(open(wrong).is_err(), "{wrong}");
        }
    }
}
