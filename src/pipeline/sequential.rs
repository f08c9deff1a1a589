//! Seals and opens one frame after the other, from any reader to any writer, in constant memory.

use std::io::{Read, Write};

use super::body_reader::{BodyOpener, BodyReader};
use super::frame_buffer::{FrameBuffer, following};
use super::{BodySealer, PipelineError, Progress};
use crate::message::frame::{FrameKind, FrameOpener};

/// Seals all of `source` into frames, and returns the length of the plaintext.
///
/// The final frame is written only when `source` has ended. If reading fails before that, every reader of the output
/// finds it truncated.
///
/// # Errors
/// [`PipelineError::Read`], [`PipelineError::Write`], or [`PipelineError::TooLong`].
pub fn seal(
    body: BodySealer<'_>,
    source: &mut impl Read,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let BodySealer { cipher, frame_length, first: mut sequence, .. } = body;
    let mut frame = FrameBuffer::new(frame_length);
    // Most files are small, so the second buffer is allocated only when there is a second frame.
    let mut next = None;
    let mut total = 0;
    frame.fill(source)?;
    loop {
        // A full frame is the last one if nothing follows it, and only a further read can tell that.
        let is_last = !frame.is_full() || {
            let next: &mut FrameBuffer = next.get_or_insert_with(|| FrameBuffer::new(frame_length));
            next.fill(source)?;
            next.len() == 0
        };
        let kind = if is_last { FrameKind::Final } else { FrameKind::Regular };
        let bytes = frame.seal(cipher, sequence, kind);
        output.write_all(bytes).map_err(PipelineError::Write)?;
        total += frame.len() as u64;
        progress.advance(frame.len() as u64);
        if is_last {
            return Ok(total);
        }
        sequence = following(sequence)?;
        if let Some(next) = &mut next {
            std::mem::swap(&mut frame, next);
        }
    }
}

/// Opens a body, and returns the length of its plaintext.
///
/// Each frame is written when its tag was verified. After an error, what was written is authentic but incomplete, and
/// the caller must withdraw it if it was published. Of a signed message, the last frame is written only when the
/// signature was verified too; the frames before it are written under the protection of the data key alone.
///
/// # Errors
/// The first failing check in the order of the bytes: [`PipelineError::Message`] or [`PipelineError::Write`].
pub fn open(
    body: BodyOpener<&FrameOpener>,
    source: &mut impl Read,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let mut body = BodyReader::new(body, source);
    let mut total = 0;
    while let Some(plaintext) = body.next_frame()? {
        output.write_all(plaintext).map_err(PipelineError::Write)?;
        total += plaintext.len() as u64;
        progress.advance(plaintext.len() as u64);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::crypto::secret::{DataKey, SecretBytes};
    use crate::message::derivation::derive;
    use crate::message::frame::{FrameSealer, final_prefix};
    use crate::message::header::ContentType;
    use crate::message::layout::{Layout, REGULAR_PREFIX};
    use crate::message::suite::Suite;
    use crate::message::{Limits, MessageError, MessagePart};
    use crate::pipeline::NoProgress;

    fn ciphers() -> (FrameSealer, FrameOpener) {
        let data_key = DataKey::new(SecretBytes::copy_of(&[3; 32]));
        let (key, _) = derive(Suite::COMMITTING, &data_key, &[4; 32].into());
        let (sealer, tag) = FrameSealer::begin(&key, &[4; 32].into(), b"header", b"");
        (
            sealer,
            FrameOpener::begin(&key, &[4; 32].into(), b"header", b"", (&[0; 12], &tag)).unwrap(),
        )
    }

    fn length(frame_length: u32) -> NonZeroU32 {
        NonZeroU32::new(frame_length).unwrap()
    }

    fn sealed(plaintext: &[u8], frame_length: u32) -> Vec<u8> {
        let mut message = Vec::new();
        let mut source = plaintext;
        let cipher = ciphers().0;
        let body = BodySealer::new(&cipher, length(frame_length));
        seal(body, &mut source, &mut message, &NoProgress).unwrap();
        message
    }

    fn opened(mut message: &[u8], frame_length: u32) -> Result<Vec<u8>, PipelineError> {
        let mut plaintext = Vec::new();
        let content = ContentType::Framed(length(frame_length));
        let (cipher, limits) = (&ciphers().1, Limits::default());
        let body = BodyOpener { cipher, content, start: 0, limits, verifier: None };
        open(body, &mut message, &mut plaintext, &NoProgress)?;
        Ok(plaintext)
    }

    proptest! {
        #[test]
        fn a_sealed_message_opens_and_has_the_length_of_its_layout(
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
            frame_length in 1u32..70,
        ) {
            let message = sealed(&plaintext, frame_length);
            let layout = Layout { header_len: 0, frame_length: length(frame_length) };
            prop_assert_eq!(Some(message.len() as u64), layout.message_len(plaintext.len() as u64));
            prop_assert_eq!(opened(&message, frame_length).unwrap(), plaintext);
        }
    }

    #[test]
    fn a_frame_longer_than_the_first_buffer_is_opened() {
        let plaintext: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();
        for frame_length in [128 << 10, 300_000, 1 << 20] {
            assert_eq!(opened(&sealed(&plaintext, frame_length), frame_length).unwrap(), plaintext);
        }
    }

    #[test]
    fn exchanged_frames_are_refused() {
        let message = sealed(&[7; 30], 10);
        let stride = 10 + 32;
        let swapped = [&message[stride..2 * stride], &message[..stride], &message[2 * stride..]];
        let error = opened(&swapped.concat(), 10).unwrap_err();
        assert!(matches!(
            error,
            PipelineError::Message(MessageError::OutOfSequence { expected: 1, found: 2 })
        ));
    }

    #[test]
    fn a_regular_frame_cannot_pass_for_the_final_one() {
        // The first frame of three, with the prefix of a final frame: same number, ciphertext and tag.
        let message = sealed(&[7; 30], 10);
        let mut forged = final_prefix(NonZeroU32::MIN, 10).to_vec();
        forged.extend_from_slice(&message[REGULAR_PREFIX..10 + 32]);
        let error = opened(&forged, 10).unwrap_err();
        assert!(matches!(
            error,
            PipelineError::Message(MessageError::Authentication { part: MessagePart::Frame(1) })
        ));
    }

    #[test]
    fn an_empty_final_frame_after_full_ones_is_accepted() {
        // The Python SDK writes one if the plaintext is an exact multiple of the frame length.
        let cipher = ciphers().0;
        let mut buffer = FrameBuffer::new(length(4));
        buffer.fill(&mut &b"full"[..]).unwrap();
        let mut message = buffer.seal(&cipher, NonZeroU32::MIN, FrameKind::Regular).to_vec();
        buffer.fill(&mut &b""[..]).unwrap();
        message.extend_from_slice(buffer.seal(&cipher, length(2), FrameKind::Final));
        assert_eq!(opened(&message, 4).unwrap(), b"full");
    }

    #[test]
    fn a_final_frame_longer_than_a_frame_is_refused_before_it_is_read() {
        let message = sealed(&[7; 9], 10);
        let error = opened(&message, 8).unwrap_err();
        assert!(matches!(
            error,
            PipelineError::Message(MessageError::Oversized { sequence: 1, found: 9 })
        ));
    }

    #[test]
    fn no_final_frame_is_written_when_the_source_fails() {
        /// Fails after this many bytes.
        struct FailingSource(usize);
        impl Read for FailingSource {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let len = self.0.min(buffer.len());
                if len == 0 {
                    return Err(std::io::Error::other("gone"));
                }
                self.0 -= len;
                Ok(len)
            }
        }
        for bytes in [0, 5, 10, 15, 20] {
            let mut message = Vec::new();
            let mut source = FailingSource(bytes);
            let cipher = ciphers().0;
            let body = BodySealer::new(&cipher, length(10));
            let error = seal(body, &mut source, &mut message, &NoProgress).unwrap_err();
            assert!(matches!(error, PipelineError::Read(_)));
            let error = opened(&message, 10).unwrap_err();
            assert!(matches!(error, PipelineError::Message(MessageError::Truncated { .. })));
        }
    }

    #[test]
    fn a_block_over_the_limit_is_refused_before_it_is_allocated() {
        let mut message: &[u8] = &[&[0; 12][..], &u64::MAX.to_be_bytes()].concat();
        let (cipher, limits) = (&ciphers().1, Limits::default());
        let content = ContentType::NonFramed;
        let body = BodyOpener { cipher, content, start: 0, limits, verifier: None };
        let error = open(body, &mut message, &mut Vec::new(), &NoProgress);
        assert!(matches!(
            error,
            Err(PipelineError::Message(MessageError::LimitExceeded { found: u64::MAX, .. }))
        ));
    }
}
