//! A part of a plaintext: of the message, only the frames that hold it are read.

use std::io::{self, Write};

use super::frames_at::FramesAt;
use super::positional::ReadAt;
use super::{PipelineError, Progress};
use crate::message::frame::FrameOpener;
use crate::message::layout::Layout;

/// Bytes of a plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub offset: u64,
    /// How many; all to the end, if `None`.
    pub length: Option<u64>,
}

impl ByteRange {
    /// Everything.
    pub const ALL: Self = Self { offset: 0, length: None };

    /// The byte behind the last one, in a plaintext of `len` bytes.
    fn end(self, len: u64) -> u64 {
        self.length.map_or(len, |length| self.offset.saturating_add(length)).min(len)
    }
}

/// What was asked for of a plaintext, and found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeResult {
    /// Bytes of the whole plaintext.
    pub plaintext_len: u64,
    /// Bytes written.
    pub written: u64,
}

/// Opens the frames of a message of `size` bytes that hold `range`, and writes these bytes of them. `None`
/// where the message is not as its size says, or a frame is not authentic: what was written is authentic, and
/// not all. The sequential reader then says what is wrong.
///
/// # Errors
/// [`PipelineError::Write`].
pub fn open(
    cipher: &FrameOpener,
    layout: Layout,
    (source, size): (&impl ReadAt, u64),
    range: ByteRange,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<Option<RangeResult>, PipelineError> {
    let Some(mut frames) = FramesAt::find(cipher, layout, source, size) else { return Ok(None) };
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

/// The bytes of `plaintext`, which begins at `start`, that lie from `from` to before `to`.
fn overlap(plaintext: &[u8], start: u64, from: u64, to: u64) -> &[u8] {
    let place = |at: u64| {
        usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(plaintext.len())
    };
    plaintext.get(place(from)..place(to)).unwrap_or_default()
}

/// Lets only the bytes of a range through, where the whole plaintext has to pass.
pub struct RangeWriter<W> {
    output: W,
    range: ByteRange,
    position: u64,
}

impl<W> RangeWriter<W> {
    /// All that is written passes it.
    pub fn new(output: W, range: ByteRange) -> Self {
        Self { output, range, position: 0 }
    }

    /// Bytes that came through.
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
    use crate::pipeline::tests::{FRAME, file_of, opener, sealed_in_order};

    const LAYOUT: Layout = Layout { header_len: 0, frame_length: FRAME };

    #[test]
    fn a_range_and_a_window_are_what_a_slice_is() {
        for len in [0, 1, 9, 10, 11, 20, 55] {
            let plaintext: Vec<u8> = (0..len).collect();
            let message = sealed_in_order(&plaintext);
            let (file, size) = (file_of(&message), message.len() as u64);
            for offset in 0..u64::from(len) + 3 {
                for length in (0..u64::from(len) + 3).map(Some).chain([None, Some(u64::MAX)]) {
                    let range = ByteRange { offset, length };
                    let (mut part, mut window) = (Vec::new(), RangeWriter::new(Vec::new(), range));
                    let found = open(&opener(), LAYOUT, (&file, size), range, &mut part, &());
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
                        window.write_all(bytes).unwrap();
                    }
                    assert_eq!((window.written(), window.output), (written, expected));
                }
            }
        }
    }

    #[test]
    fn a_claimed_size_proves_nothing() {
        let message = sealed_in_order(&[7; 55]);
        let size = message.len() as u64;
        let open = |bytes: &[u8], size| {
            let range = ByteRange { offset: 0, length: Some(1) };
            open(&opener(), LAYOUT, (&file_of(bytes), size), range, &mut Vec::new(), &()).unwrap()
        };
        assert!(open(&message, size).is_some());
        assert!(open(&message[..message.len() - 1], size).is_none());
        assert!(open(&message, size - 1).is_none());
        assert!(open(&[&message[..], b"x"].concat(), size).is_none());
        // Frames may not change places, whichever is asked for.
        let swapped = [&message[42..84], &message[..42], &message[84..]].concat();
        assert!(open(&swapped, size).is_none());
    }
}
