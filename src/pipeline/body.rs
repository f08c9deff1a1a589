//! Parses the bytes of a body in their order: checks their form, hashes them for the signature, and tells errors the
//! place. The caller checks that each frame is authentic.

use std::io::Read;
use std::num::NonZeroU32;

use crate::crypto::engine::Iv;
use crate::crypto::secret::SecretBytes;
use crate::fs::read_full::read_full;
use crate::message::frame::{FrameKind, FramePrefix, is_end_marker};
use crate::message::layout::{FINAL_PREFIX, REGULAR_PREFIX};
use crate::message::signature::Verifier;
use crate::message::{MessageError, MessagePart};

/// A parser of one body.
pub(super) struct BodyParser<R> {
    source: R,
    /// The place in the message of the next byte.
    position: u64,
    /// The part of the message that is being read, for errors.
    pub(super) part: MessagePart,
    verifier: Option<Verifier>,
}

/// The fields before the ciphertext of a frame whose number is as expected.
pub(super) struct FrameStart {
    pub(super) kind: FrameKind,
    pub(super) iv: Iv,
    /// The length of the ciphertext, at most the frame length.
    pub(super) len: u32,
}

impl<R: Read> BodyParser<R> {
    /// Begins at the first byte of the body, which is byte `start` of the message.
    pub(super) fn new(source: R, start: u64, verifier: Option<Verifier>) -> Self {
        Self { source, position: start, part: MessagePart::Body, verifier }
    }

    /// Reads the fields before the ciphertext of frame `sequence`.
    pub(super) fn take_frame_start(
        &mut self,
        sequence: NonZeroU32,
        frame_length: NonZeroU32,
    ) -> Result<FrameStart, MessageError> {
        self.part = MessagePart::Frame(sequence.get());
        let first = self.take_array::<REGULAR_PREFIX>()?;
        let is_last = is_end_marker([first[0], first[1], first[2], first[3]]);
        let (prefix, len) = if is_last {
            let rest = self.take_array::<{ FINAL_PREFIX - REGULAR_PREFIX }>()?;
            let mut whole = [0; FINAL_PREFIX];
            whole[..REGULAR_PREFIX].copy_from_slice(&first);
            whole[REGULAR_PREFIX..].copy_from_slice(&rest);
            FramePrefix::of_final(&whole)
        } else {
            (FramePrefix::of_regular(&first), frame_length.get())
        };
        let expected = sequence.get();
        if prefix.sequence != expected {
            return Err(MessageError::OutOfSequence { expected, found: prefix.sequence });
        }
        if len > frame_length.get() {
            return Err(MessageError::Oversized { sequence: expected, found: len });
        }
        let kind = if is_last { FrameKind::Final } else { FrameKind::Regular };
        Ok(FrameStart { kind, iv: prefix.iv, len })
    }

    /// Fills `buffer` with the next bytes.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> Result<(), MessageError> {
        let read = read_full(&mut self.source, buffer).map_err(MessageError::of_source)?;
        self.position += read as u64;
        if let Some(verifier) = &mut self.verifier {
            verifier.update(&buffer[..read]);
        }
        if read < buffer.len() {
            return Err(MessageError::Truncated { after: self.position, part: self.part });
        }
        Ok(())
    }

    /// Reads the next `len` bytes into `buffer`, and returns them.
    ///
    /// The buffer grows as bytes arrive, since `len` is not authentic: a short message that claims a long frame must
    /// not make this allocate all of it.
    pub(super) fn take_into<'b>(
        &mut self,
        buffer: &'b mut SecretBytes,
        len: usize,
    ) -> Result<&'b mut [u8], MessageError> {
        const FIRST: usize = 128 << 10;
        let mut filled = 0;
        while filled < len {
            if filled == buffer.len() {
                let mut grown = SecretBytes::zeroed(len.min((2 * filled).max(FIRST)));
                grown.expose_mut()[..filled].copy_from_slice(&buffer.expose()[..filled]);
                *buffer = grown;
            }
            let end = len.min(buffer.len());
            self.take(&mut buffer.expose_mut()[filled..end])?;
            filled = end;
        }
        Ok(&mut buffer.expose_mut()[..len])
    }

    /// Reads the next `N` bytes.
    pub(super) fn take_array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let mut array = [0; N];
        self.take(&mut array)?;
        Ok(array)
    }

    /// Reads and verifies the footer of a signed message, and checks that nothing follows the message.
    pub(super) fn end(&mut self) -> Result<(), MessageError> {
        if let Some(verifier) = self.verifier.take() {
            self.part = MessagePart::Footer;
            let len = u16::from_be_bytes(self.take_array()?);
            let mut signature = vec![0; usize::from(len)];
            self.take(&mut signature)?;
            if !verifier.verify(&signature) {
                return Err(MessageError::Authentication { part: MessagePart::Footer });
            }
        }
        let read = read_full(&mut self.source, &mut [0]).map_err(MessageError::of_source)?;
        if read == 0 { Ok(()) } else { Err(MessageError::TrailingBytes { after: self.position }) }
    }
}
