//! One frame after the other, on anything that can be read and written, in constant memory.

use std::io::{Read, Write};
use std::num::NonZeroU32;

use super::body::Body;
use super::{PipelineError, Progress};
use crate::crypto::engine::{IV_LEN, TAG_LEN};
use crate::crypto::secret::SecretBytes;
use crate::fs::read_full::read_full;
use crate::message::frame::{FrameKind, FrameOpener, FrameSealer, final_prefix, regular_prefix};
use crate::message::header::ContentType;
use crate::message::layout::{FINAL_PREFIX, REGULAR_PREFIX};
use crate::message::signature::Verifier;
use crate::message::{Limit, Limits, MessageError, MessagePart};

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
    let mut frame = Slot::new(frame_length);
    // A second one only where there is a second frame: most files are small.
    let mut next = None;
    let mut total = 0;
    frame.fill(source)?;
    loop {
        // A frame is the last one when nothing follows it, which only one more read can tell.
        let is_last = !frame.is_full() || {
            let next: &mut Slot = next.get_or_insert_with(|| Slot::new(frame_length));
            next.fill(source)?;
            next.len == 0
        };
        let kind = if is_last { FrameKind::Final } else { FrameKind::Regular };
        let bytes = frame.seal(cipher, sequence, kind);
        output.write_all(bytes).map_err(PipelineError::Write)?;
        total += frame.len as u64;
        progress.advance(frame.len as u64);
        if is_last {
            return Ok(total);
        }
        sequence = following(sequence)?;
        if let Some(next) = &mut next {
            std::mem::swap(&mut frame, next);
        }
    }
}

/// The number of the frame after `sequence`, for a writer.
fn following(sequence: NonZeroU32) -> Result<NonZeroU32, PipelineError> {
    sequence
        .checked_add(1)
        .filter(|sequence| *sequence < NonZeroU32::MAX)
        .ok_or(PipelineError::TooLong)
}

/// Room for one frame, so laid out that it goes out in one write, whichever kind it turns out to be.
struct Slot {
    /// `prefix of either kind | plaintext | tag`; wiped on drop, since it held plaintext. Small, until more
    /// comes: most files are, and to clear and wipe what they do not fill takes longer than to seal them.
    bytes: SecretBytes,
    /// Bytes of plaintext in it.
    len: usize,
    frame_length: usize,
}

impl Slot {
    fn new(frame_length: NonZeroU32) -> Self {
        const SMALL: usize = 8 << 10;
        let frame_length = frame_length.get() as usize;
        Self { bytes: Self::with_room(frame_length.min(SMALL)), len: 0, frame_length }
    }

    fn with_room(room: usize) -> SecretBytes {
        SecretBytes::zeroed(FINAL_PREFIX + room + TAG_LEN)
    }

    fn fill(&mut self, source: &mut impl Read) -> Result<(), PipelineError> {
        self.len = 0;
        loop {
            let end = self.bytes.len() - TAG_LEN;
            let room = &mut self.bytes.expose_mut()[FINAL_PREFIX + self.len..end];
            let asked = room.len();
            let read = read_full(source, room).map_err(PipelineError::Read)?;
            self.len += read;
            if read < asked || self.is_full() {
                return Ok(());
            }
            let mut grown = Self::with_room(self.frame_length);
            grown.expose_mut()[..end].copy_from_slice(&self.bytes.expose()[..end]);
            self.bytes = grown;
        }
    }

    fn is_full(&self) -> bool {
        self.len == self.frame_length
    }

    /// Encrypts the plaintext in place, and returns the whole frame.
    fn seal(&mut self, cipher: &FrameSealer, sequence: NonZeroU32, kind: FrameKind) -> &[u8] {
        let end = FINAL_PREFIX + self.len;
        let bytes = self.bytes.expose_mut();
        let tag = cipher.seal(sequence, kind, &mut bytes[FINAL_PREFIX..end]);
        bytes[end..end + TAG_LEN].copy_from_slice(&tag);
        let start = if kind == FrameKind::Final {
            // A slot is never longer than a frame length, which has 32 bits.
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

/// A body to be opened.
pub struct Opening<'a> {
    /// Its cipher.
    pub cipher: &'a FrameOpener,
    /// Framed or not.
    pub content: ContentType,
    /// The byte of the message at which it stands.
    pub start: u64,
    /// What is held in memory at most.
    pub limits: &'a Limits,
    /// For a signed message: has taken the header.
    pub verifier: Option<Verifier>,
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
    opening: Opening<'_>,
    source: &mut impl Read,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let Opening { cipher, content, start, limits, verifier } = opening;
    let mut body = Body::new(source, start, verifier);
    match content {
        ContentType::Framed(length) => open_frames(cipher, length, &mut body, output, progress),
        ContentType::NonFramed => open_block(cipher, limits, &mut body, output, progress),
    }
}

fn open_frames(
    cipher: &FrameOpener,
    frame_length: NonZeroU32,
    body: &mut Body<'_, impl Read>,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let mut buffer = SecretBytes::zeroed(0);
    let mut sequence = NonZeroU32::MIN;
    let mut total = 0;
    loop {
        let (kind, iv, len) = body.take_prefix(sequence, frame_length)?;
        let is_last = kind == FrameKind::Final;
        let frame = body.take_into(&mut buffer, len as usize)?;
        let tag = body.take_array()?;
        cipher
            .open(sequence, kind, &iv, frame, &tag)
            .map_err(|_| MessageError::Authentication { part: body.part })?;
        if is_last {
            body.end()?;
        }
        output.write_all(frame).map_err(PipelineError::Write)?;
        total += u64::from(len);
        progress.advance(u64::from(len));
        if is_last {
            return Ok(total);
        }
        // Only the final frame may carry the last number, so here there is always a next one.
        sequence = sequence.checked_add(1).ok_or(PipelineError::TooLong)?;
    }
}

/// `IV 12 | length u64 | ciphertext | tag 16`: one tag covers all, so all of it is held.
fn open_block(
    cipher: &FrameOpener,
    limits: &Limits,
    body: &mut Body<'_, impl Read>,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let iv = body.take_array::<IV_LEN>()?;
    let found = u64::from_be_bytes(body.take_array()?);
    let allowed = limits.frame_length;
    let Some(len) = u32::try_from(found).ok().filter(|len| *len <= allowed) else {
        let (limit, allowed) = (Limit::FrameLength, u64::from(allowed));
        return Err(MessageError::LimitExceeded { limit, found, allowed }.into());
    };
    let mut buffer = SecretBytes::zeroed(0);
    let block = body.take_into(&mut buffer, len as usize)?;
    let tag = body.take_array()?;
    cipher
        .open(NonZeroU32::MIN, FrameKind::SingleBlock, &iv, block, &tag)
        .map_err(|_| MessageError::Authentication { part: MessagePart::Body })?;
    body.end()?;
    output.write_all(block).map_err(PipelineError::Write)?;
    progress.advance(u64::from(len));
    Ok(u64::from(len))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::secret::DataKey;
    use crate::message::derivation::derive;
    use crate::message::layout::Layout;
    use crate::message::suite::Suite;

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
        let (cipher, limits) = (&ciphers().1, &Limits::default());
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
        let mut slot = Slot::new(length(4));
        slot.fill(&mut &b"full"[..]).unwrap();
        let mut message = slot.seal(&cipher, NonZeroU32::MIN, FrameKind::Regular).to_vec();
        slot.fill(&mut &b""[..]).unwrap();
        message.extend_from_slice(slot.seal(&cipher, length(2), FrameKind::Final));
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
        let (cipher, limits) = (&ciphers().1, &Limits::default());
        let content = ContentType::NonFramed;
        let opening = Opening { cipher, content, start: 0, limits, verifier: None };
        let error = open(opening, &mut message, &mut Vec::new(), &());
        assert!(matches!(
            error,
            Err(PipelineError::Message(MessageError::LimitExceeded { found: u64::MAX, .. }))
        ));
    }
}
