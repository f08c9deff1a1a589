//! A framed body as a `Read` and `Seek`, over what can be read at any place: of the message, only the frames that
//! hold what is asked for are read and opened.
//!
//! The final frame is opened first: it alone proves how long the plaintext is, and so that what is asked for is
//! not cut off. What is wrong with a frame, or with the length, is found out by the reader of [`super::body_reader`].

use std::borrow::Borrow;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroU32;

use super::body::Body;
use super::body_reader::{Opening, open_frame};
use super::positional::{ReadAt, open_final, open_regular};
use super::{PipelineError, sequential};
use crate::crypto::secret::SecretBytes;
use crate::message::frame::FrameOpener;
use crate::message::header::ContentType;
use crate::message::layout::{Layout, REGULAR_OVERHEAD, REGULAR_PREFIX};
use crate::message::{Limits, MessageError};

/// The plaintext of an unsigned, framed message. It holds the final frame and the one that was read last.
pub struct FramesAt<C, F> {
    cipher: C,
    source: F,
    size: u64,
    layout: Layout,
    last: NonZeroU32,
    /// The plaintext of the final frame.
    tail: SecretBytes,
    /// A regular frame, opened in its place; which one, if any, says `loaded`.
    frame: SecretBytes,
    loaded: Option<NonZeroU32>,
    position: u64,
}

impl<C: Borrow<FrameOpener>, F: ReadAt> FramesAt<C, F> {
    /// Opens the final frame of a message of `size` bytes.
    ///
    /// # Errors
    /// Where it is not authentic, or not where the size says, all frames are read, and the first failing check in
    /// the order of the bytes is returned.
    pub fn open(cipher: C, layout: Layout, source: F, size: u64) -> Result<Self, PipelineError> {
        if let Some(end) = open_end(cipher.borrow(), layout, &source, size) {
            return Ok(Self::new(cipher, layout, source, size, end));
        }
        let opening = Opening {
            cipher: cipher.borrow(),
            content: ContentType::Framed(layout.frame_length),
            start: layout.header_len,
            limits: Limits::default(),
            verifier: None,
        };
        let mut body = InOrder { source: &source, size, position: layout.header_len };
        match sequential::open(opening, &mut body, &mut io::sink(), &()) {
            Err(error) => Err(error),
            Ok(_) => Err(changed().into()),
        }
    }

    /// The same, but `None` where the message is not as its size says.
    pub(super) fn find(cipher: C, layout: Layout, source: F, size: u64) -> Option<Self> {
        let end = open_end(cipher.borrow(), layout, &source, size)?;
        Some(Self::new(cipher, layout, source, size, end))
    }

    fn new(
        cipher: C,
        layout: Layout,
        source: F,
        size: u64,
        (last, tail): (NonZeroU32, SecretBytes),
    ) -> Self {
        let frame = SecretBytes::zeroed(0);
        Self { cipher, source, size, layout, last, tail, frame, loaded: None, position: 0 }
    }

    /// Bytes of the plaintext.
    pub fn plaintext_len(&self) -> u64 {
        self.tail_start() + self.tail.len() as u64
    }

    fn tail_start(&self) -> u64 {
        u64::from(self.last.get() - 1) * u64::from(self.layout.frame_length.get())
    }

    /// The plaintext from the byte `at` to the end of its frame; `None` where that frame is not authentic or cannot
    /// be read. It is empty at the end of the plaintext, and behind it.
    pub(super) fn plaintext_at(&mut self, at: u64) -> Option<&[u8]> {
        let frame_length = self.layout.frame_length.get();
        // A position in a frame fits: it is below a length of 32 bits.
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

    /// The number of the regular frame that holds the byte `at`.
    fn sequence_at(&self, at: u64) -> NonZeroU32 {
        // There are no more frames than `last`.
        let before = at / u64::from(self.layout.frame_length.get());
        NonZeroU32::MIN.saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }

    fn load(&mut self, sequence: NonZeroU32) -> Option<()> {
        self.loaded = None;
        if self.frame.is_empty() {
            // The size has shown that there is a whole frame: its length is no mere claim.
            let stride = self.layout.frame_length.get() as usize + REGULAR_OVERHEAD;
            self.frame = SecretBytes::zeroed(stride);
        }
        let frame = self.frame.expose_mut();
        self.source.read_exact_at(frame, self.layout.frame_start(sequence)?).ok()?;
        open_regular(self.cipher.borrow(), sequence, frame)?;
        self.loaded = Some(sequence);
        Some(())
    }

    /// What is wrong with a regular frame.
    fn fault(&self, sequence: NonZeroU32) -> PipelineError {
        let Some(start) = self.layout.frame_start(sequence) else { return PipelineError::TooLong };
        let source = InOrder { source: &self.source, size: self.size, position: start };
        let mut body = Body::new(source, start, None);
        let (cipher, length) = (self.cipher.borrow(), self.layout.frame_length);
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

/// The number and the plaintext of the final frame, if it stands where the size says and nothing follows it.
fn open_end(
    cipher: &FrameOpener,
    layout: Layout,
    source: &impl ReadAt,
    size: u64,
) -> Option<(NonZeroU32, SecretBytes)> {
    let last = layout.frames_in(size)?;
    let tail = open_final(cipher, layout, source, size, last)?;
    // A size is only a claim.
    source.read_exact_at(&mut [0], size).is_err().then_some((last, tail))
}

/// The size, or what is in it, is no longer what it was.
fn changed() -> MessageError {
    MessageError::Read(io::Error::other("the message changed while it was read"))
}

/// What can be read at any place, read in order from `position` on.
pub struct InOrder<'a, F> {
    /// What is read.
    pub source: &'a F,
    /// How long it says that it is; one byte more is looked for.
    pub size: u64,
    /// The place of the next byte.
    pub position: u64,
}

impl<F: ReadAt> Read for InOrder<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position < self.size {
            let left = usize::try_from(self.size - self.position).unwrap_or(usize::MAX);
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
    use crate::pipeline::tests::{FRAME, damaged, opener, sealed_in_order};

    const LAYOUT: Layout = Layout { header_len: 0, frame_length: FRAME };

    fn frames(message: &[u8]) -> Result<FramesAt<FrameOpener, &[u8]>, PipelineError> {
        FramesAt::open(opener(), LAYOUT, message, message.len() as u64)
    }

    proptest! {
        #[test]
        fn seeking_and_reading_is_as_in_a_slice(
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
    fn every_cut_flip_and_extension_reads_as_the_sequential_opener_says() {
        for len in [0, 5, 10, 55, 60] {
            let plaintext: Vec<u8> = (0..len).collect();
            for message in damaged(&sealed_in_order(&plaintext)) {
                let opening = Opening {
                    cipher: &opener(),
                    content: ContentType::Framed(FRAME),
                    start: 0,
                    limits: Limits::default(),
                    verifier: None,
                };
                let expected = sequential::open(opening, &mut &message[..], &mut io::sink(), &());
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
    fn a_damaged_frame_is_in_nobody_elses_way() {
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
    fn a_size_that_is_wrong_proves_nothing() {
        let message = sealed_in_order(&[7; 55]);
        let size = message.len() as u64;
        let open = |size| FramesAt::open(opener(), LAYOUT, &message[..], size).map(drop);
        open(size).unwrap();
        for wrong in [0, 1, size - 42, size - 1, size + 1, u64::MAX] {
            assert!(open(wrong).is_err(), "{wrong}");
        }
    }
}
