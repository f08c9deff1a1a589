//! One frame after the other, on anything that can be read and written, in constant memory.

use std::io::{Read, Write};
use std::num::NonZeroU32;

use super::body_reader::{BodyReader, Opening};
use super::frame_buffer::{FrameBuffer, following};
use super::{PipelineError, Progress};
use crate::message::frame::{FrameKind, FrameOpener, FrameSealer};

/// Seals all of `source` into frames, and returns how many bytes it had.
///
/// The final frame is written only after the source has said that it ends: where reading fails,
/// what was written is truncated to every reader.
///
/// # Errors
/// [`PipelineError`].
pub fn seal(
    cipher: &FrameSealer,
    frame_length: NonZeroU32,
    source: &mut impl Read,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    seal_from(NonZeroU32::MIN, cipher, frame_length, source, output, progress)
}

/// The same for the rest of a source, from frame `sequence` on.
pub(crate) fn seal_from(
    mut sequence: NonZeroU32,
    cipher: &FrameSealer,
    frame_length: NonZeroU32,
    source: &mut impl Read,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let mut frame = FrameBuffer::new(frame_length);
    // A second one only where there is a second frame: most files are small.
    let mut next = None;
    let mut total = 0;
    frame.fill(source)?;
    loop {
        // A frame is the last one when nothing follows it, which only one more read can tell.
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

/// Opens a body, and returns how many bytes of plaintext it held.
///
/// Each frame is written out when its own tag holds. After an error the bytes written are authentic,
/// and not all there are: whoever publishes them has to take them back. Of a signed message, the last
/// frame is written out when the signature holds; what was written before it is authentic under the data
/// key, and not yet under the signature.
///
/// # Errors
/// [`PipelineError`]; the first failing check in the order of the bytes.
pub fn open(
    opening: Opening<&FrameOpener>,
    source: &mut impl Read,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let mut body = BodyReader::new(opening, source);
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
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::secret::{DataKey, SecretBytes};
    use crate::message::derivation::derive;
    use crate::message::frame::final_prefix;
    use crate::message::header::ContentType;
    use crate::message::layout::{Layout, REGULAR_PREFIX};
    use crate::message::suite::Suite;
    use crate::message::{Limits, MessageError, MessagePart};

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
        seal(&ciphers().0, length(frame_length), &mut source, &mut message, &()).unwrap();
        message
    }

    fn opened(mut message: &[u8], frame_length: u32) -> Result<Vec<u8>, PipelineError> {
        let mut plaintext = Vec::new();
        let content = ContentType::Framed(length(frame_length));
        let (cipher, limits) = (&ciphers().1, Limits::default());
        let opening = Opening { cipher, content, start: 0, limits, verifier: None };
        open(opening, &mut message, &mut plaintext, &())?;
        Ok(plaintext)
    }

    proptest! {
        #[test]
        fn opens_what_it_sealed_and_the_layout_knows_its_length(
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
    fn a_frame_longer_than_the_first_buffer_comes_through() {
        let plaintext: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();
        for frame_length in [128 << 10, 300_000, 1 << 20] {
            assert_eq!(opened(&sealed(&plaintext, frame_length), frame_length).unwrap(), plaintext);
        }
    }

    #[test]
    fn frames_that_trade_places_are_refused() {
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
        // The first frame of three, dressed as the end: same number, same bytes, same tag.
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
    fn an_empty_final_frame_after_full_ones_is_read() {
        // As the Python SDK writes an exact multiple of the frame length.
        let cipher = ciphers().0;
        let mut frame = FrameBuffer::new(length(4));
        frame.fill(&mut &b"full"[..]).unwrap();
        let mut message = frame.seal(&cipher, NonZeroU32::MIN, FrameKind::Regular).to_vec();
        frame.fill(&mut &b""[..]).unwrap();
        message.extend_from_slice(frame.seal(&cipher, length(2), FrameKind::Final));
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
    fn a_source_that_fails_gets_no_final_frame() {
        struct Failing(usize);
        impl Read for Failing {
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
            let mut source = Failing(bytes);
            let error = seal(&ciphers().0, length(10), &mut source, &mut message, &()).unwrap_err();
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
        let opening = Opening { cipher, content, start: 0, limits, verifier: None };
        let error = open(opening, &mut message, &mut Vec::new(), &());
        assert!(matches!(
            error,
            Err(PipelineError::Message(MessageError::LimitExceeded { found: u64::MAX, .. }))
        ));
    }
}
