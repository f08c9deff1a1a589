//! Decrypts some bytes of a plaintext, and reads only the frames that hold them.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use super::frames_at::FramesAt;
use super::placed_frames::{PlacedFrames, ReadAt, SizedSource};
use super::{PipelineError, Progress};
use crate::message::frame::FrameOpener;

/// A range of a plaintext's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The place of the first byte.
    pub offset: u64,
    /// The number of bytes; `None` for all up to the end.
    pub length: Option<u64>,
}

impl ByteRange {
    /// The whole plaintext.
    pub const ALL: Self = Self { offset: 0, length: None };

    /// Returns the place behind the last byte of the range, in a plaintext of `len` bytes.
    fn end(self, len: u64) -> u64 {
        self.length.map_or(len, |length| self.offset.saturating_add(length)).min(len)
    }
}

/// What was decrypted of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeResult {
    /// The length of the whole plaintext.
    pub plaintext_len: u64,
    /// The number of bytes written, fewer than asked for if the plaintext ends before.
    pub written: u64,
}

/// Opens the frames that hold `range`, and writes the bytes of the range to `output`.
///
/// The result is `None` where the message is not as its claimed length says, or a frame is not authentic. What was
/// written is then authentic but incomplete, and the sequential opener finds out what is wrong.
///
/// # Errors
/// [`PipelineError::Write`], or [`PipelineError::Read`] where the system failed to read.
pub fn open(
    frames: PlacedFrames<&FrameOpener, &impl ReadAt>,
    range: ByteRange,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<Option<RangeResult>, PipelineError> {
    let PlacedFrames { cipher, layout, source: SizedSource { source, claimed_len } } = frames;
    let kept = FailureKept { source, failure: Mutex::default() };
    let source = SizedSource { source: &kept, claimed_len };
    let found = write_range(PlacedFrames { cipher, layout, source }, range, output, progress)?;
    match kept.into_failure() {
        Some(failure) if found.is_none() => Err(PipelineError::Read(failure)),
        _ => Ok(found),
    }
}

/// A source that keeps the error of a read that the system failed. Bytes that are not there, and bytes that are not
/// authentic, are found again by the sequential opener; a disk may well give the second time what it refused before.
struct FailureKept<'a, R> {
    source: &'a R,
    failure: Mutex<Option<io::Error>>,
}

impl<R> FailureKept<'_, R> {
    fn into_failure(self) -> Option<io::Error> {
        self.failure.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: ReadAt> ReadAt for FailureKept<'_, R> {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.source.read_exact_at(buffer, at).inspect_err(|error| {
            if let Some(number) = error.raw_os_error() {
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                failure.get_or_insert_with(|| io::Error::from_raw_os_error(number));
            }
        })
    }
}

fn write_range(
    frames: PlacedFrames<&FrameOpener, &impl ReadAt>,
    range: ByteRange,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<Option<RangeResult>, PipelineError> {
    let Some(mut frames) = FramesAt::find(frames) else { return Ok(None) };
    let plaintext_len = frames.plaintext_len();
    let (mut at, end) = (range.offset, range.end(plaintext_len));
    while at < end {
        let Some(plaintext) = frames.plaintext_at(at) else { return Ok(None) };
        let len = usize::try_from(end - at).unwrap_or(usize::MAX).min(plaintext.len());
        output.write_all(&plaintext[..len]).map_err(PipelineError::Write)?;
        at += len as u64;
        progress.advance(len as u64);
    }
    Ok(Some(RangeResult { plaintext_len, written: at - range.offset }))
}

/// Returns the bytes of `plaintext` that lie from place `from` to before place `to`. `plaintext` begins at `start`.
fn overlap(plaintext: &[u8], start: u64, from: u64, to: u64) -> &[u8] {
    let place = |at: u64| {
        usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(plaintext.len())
    };
    plaintext.get(place(from)..place(to)).unwrap_or_default()
}

/// A writer that takes a whole plaintext, and writes only the bytes of a range.
pub struct RangeWriter<W> {
    output: W,
    range: ByteRange,
    /// How many bytes of the plaintext were taken.
    position: u64,
}

impl<W> RangeWriter<W> {
    /// Begins at the first byte of the plaintext.
    pub fn new(output: W, range: ByteRange) -> Self {
        Self { output, range, position: 0 }
    }

    /// Returns how many bytes of the range were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.range.end(self.position).saturating_sub(self.range.offset)
    }
}

impl<W: Write> Write for RangeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = self.range.end(u64::MAX);
        self.output.write_all(overlap(bytes, self.position, self.range.offset, end))?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::layout::Layout;
    use crate::pipeline::NoProgress;
    use crate::pipeline::placed_frames::SizedSource;
    use crate::pipeline::tests::{FRAME, file_of, opener, sealed_in_order};

    const LAYOUT: Layout = Layout { header_len: 0, frame_length: FRAME };

    #[test]
    fn a_range_and_a_range_writer_give_the_bytes_of_the_slice() {
        for len in [0, 1, 9, 10, 11, 20, 55] {
            let plaintext: Vec<u8> = (0..len).collect();
            let message = sealed_in_order(&plaintext);
            let (file, cipher) = (file_of(&message), opener());
            let claimed_len = message.len() as u64;
            for offset in 0..u64::from(len) + 3 {
                for length in (0..u64::from(len) + 3).map(Some).chain([None, Some(u64::MAX)]) {
                    let range = ByteRange { offset, length };
                    let (mut part, mut writer) = (Vec::new(), RangeWriter::new(Vec::new(), range));
                    let source = SizedSource { source: &file, claimed_len };
                    let frames = PlacedFrames { cipher: &cipher, layout: LAYOUT, source };
                    let found = open(frames, range, &mut part, &NoProgress);
                    let expected: Vec<u8> = plaintext
                        .iter()
                        .skip(usize::try_from(offset).unwrap())
                        .take(length.map_or(usize::MAX, |it| usize::try_from(it).unwrap()))
                        .copied()
                        .collect();
                    assert_eq!(part, expected, "{range:?} of {len}");
                    let written = part.len() as u64;
                    let found = found.unwrap().unwrap();
                    assert_eq!(found, RangeResult { plaintext_len: u64::from(len), written });
                    for bytes in plaintext.chunks(7) {
                        writer.write_all(bytes).unwrap();
                    }
                    assert_eq!((writer.written(), writer.output), (written, expected));
                }
            }
        }
    }

    #[test]
    fn a_message_is_refused_if_its_length_is_not_as_claimed() {
        let message = sealed_in_order(&[7; 55]);
        let size = message.len() as u64;
        let open = |bytes: &[u8], claimed_len| {
            let range = ByteRange { offset: 0, length: Some(1) };
            let source = SizedSource { source: &file_of(bytes), claimed_len };
            let frames = PlacedFrames { cipher: &opener(), layout: LAYOUT, source };
            open(frames, range, &mut Vec::new(), &NoProgress).unwrap()
        };
        assert!(open(&message, size).is_some());
        assert!(open(&message[..message.len() - 1], size).is_none());
        assert!(open(&message, size - 1).is_none());
        assert!(open(&[&message[..], b"x"].concat(), size).is_none());
        // Exchanged frames.
        let swapped = [&message[42..84], &message[..42], &message[84..]].concat();
        assert!(open(&swapped, size).is_none());
    }
}
