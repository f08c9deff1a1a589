//! Seals a body as a `Write`. Each frame is written as soon as it is known not to be the last one.

use std::borrow::Borrow;
use std::io::{self, Write};
use std::num::NonZeroU32;

use super::PipelineError;
use super::frame_buffer::{FrameBuffer, following};
use crate::message::frame::{FrameKind, FrameSealer};

/// A writer that seals the plaintext written to it, frame by frame, in constant memory.
///
/// A full frame is held back until the next byte comes, since it may be the last one. Until
/// [`finish`](Self::finish) has written the final frame, every reader of the output finds it truncated.
pub struct FrameWriter<C, W> {
    cipher: C,
    output: W,
    frame: FrameBuffer,
    sequence: NonZeroU32,
    /// The length of the plaintext in the frames that were written.
    written: u64,
    /// Whether writing a sealed frame has failed. The buffer then holds ciphertext, and its number is used: sealing
    /// it again would use an IV twice.
    is_broken: bool,
}

impl<C: Borrow<FrameSealer>, W: Write> FrameWriter<C, W> {
    /// Begins a body with frame 1.
    pub fn new(cipher: C, frame_length: NonZeroU32, output: W) -> Self {
        Self {
            cipher,
            output,
            frame: FrameBuffer::new(frame_length),
            sequence: NonZeroU32::MIN,
            written: 0,
            is_broken: false,
        }
    }

    /// Writes the final frame, and returns the output and the length of the plaintext.
    ///
    /// # Errors
    /// [`PipelineError::Write`] or [`PipelineError::TooLong`]; the output is then truncated.
    pub fn finish(mut self) -> Result<(W, u64), PipelineError> {
        self.seal(FrameKind::Final)?;
        Ok((self.output, self.written))
    }

    /// Returns the output.
    pub fn output(&self) -> &W {
        &self.output
    }

    /// Seals and writes the frame in the buffer.
    fn seal(&mut self, kind: FrameKind) -> Result<(), PipelineError> {
        if self.is_broken {
            return Err(PipelineError::Write(broken()));
        }
        self.is_broken = true;
        let frame = self.frame.seal(self.cipher.borrow(), self.sequence, kind);
        self.output.write_all(frame).map_err(PipelineError::Write)?;
        self.written += self.frame.len() as u64;
        self.frame.clear();
        if kind == FrameKind::Regular {
            self.sequence = following(self.sequence)?;
        }
        self.is_broken = false;
        Ok(())
    }
}

impl<C: Borrow<FrameSealer>, W: Write> Write for FrameWriter<C, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_broken {
            return Err(broken());
        }
        if self.frame.is_full() && !bytes.is_empty() {
            self.seal(FrameKind::Regular)?;
        }
        Ok(self.frame.push(bytes))
    }

    /// Flushes the output. An incomplete frame is held back, because only the last frame may be shorter than others.
    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

fn broken() -> io::Error {
    io::Error::other("an earlier write of this message has failed")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::tests::{FRAME, sealed_in_order, sealer};
    use crate::pipeline::{BodySealer, NoProgress, sequential};

    proptest! {
        #[test]
        fn writes_of_any_size_give_the_message_of_the_sequential_sealer(
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
            sizes in proptest::collection::vec(1usize..40, 1..10),
        ) {
            let cipher = sealer().0;
            let mut writer = FrameWriter::new(&cipher, FRAME, Vec::new());
            let mut rest = &plaintext[..];
            for size in sizes.iter().cycle() {
                let (part, behind) = rest.split_at(rest.len().min(*size));
                writer.write_all(part).unwrap();
                // Only whole frames are written.
                prop_assert_eq!(writer.output().len() % 42, 0);
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            let (message, written) = writer.finish().unwrap();
            prop_assert_eq!(written, plaintext.len() as u64);
            prop_assert_eq!(message, sealed_in_order(&plaintext));
        }
    }

    #[test]
    fn a_frame_longer_than_the_first_buffer_is_one_frame() {
        let cipher = sealer().0;
        let frame_length = NonZeroU32::new(20_000).unwrap();
        let plaintext = vec![7; 50_000];
        let mut expected = Vec::new();
        let body = BodySealer::new(&cipher, frame_length);
        sequential::seal(body, &mut &plaintext[..], &mut expected, &NoProgress).unwrap();
        for size in [1, 7, 8192, 8193, 50_000] {
            let mut writer = FrameWriter::new(&cipher, frame_length, Vec::new());
            plaintext.chunks(size).for_each(|part| writer.write_all(part).unwrap());
            assert!(writer.finish().unwrap().0 == expected, "{size}");
        }
    }

    #[test]
    fn without_a_finish_there_is_no_final_frame() {
        let cipher = sealer().0;
        for len in [0, 9, 10, 11, 55] {
            let mut output = Vec::new();
            let mut writer = FrameWriter::new(&cipher, FRAME, &mut output);
            writer.write_all(&vec![7; len]).unwrap();
            drop(writer);
            assert!(sealed_in_order(&vec![7; len]).starts_with(&output));
            assert_eq!(output.len(), len.saturating_sub(1) / 10 * 42);
        }
    }

    #[test]
    fn no_frame_is_sealed_again_after_a_failed_write() {
        /// Fails once, if the flag is set.
        struct FailsOnce(Vec<u8>, bool);

        impl Write for FailsOnce {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                if std::mem::take(&mut self.1) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                self.0.extend_from_slice(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let cipher = sealer().0;
        let mut output = FailsOnce(Vec::new(), true);
        let mut writer = FrameWriter::new(&cipher, FRAME, &mut output);
        writer.write_all(&[7; 10]).unwrap();
        assert_eq!(writer.write(&[8]).unwrap_err().kind(), io::ErrorKind::StorageFull);
        // The output would not fail again, but the writer refuses.
        assert!(writer.write(&[8]).is_err());
        assert!(matches!(writer.finish(), Err(PipelineError::Write(_))));
        assert!(output.0.is_empty());
    }
}
