//! Opens a body as a `Read`. It takes the frames in their order, and its errors are the reference for all other ways to
//! open a body.

use std::borrow::Borrow;
use std::io::{self, Read};
use std::mem;
use std::num::NonZeroU32;

use super::PipelineError;
use super::body::{BodyParser, FrameStart};
use crate::crypto::engine::IV_LEN;
use crate::crypto::secret::SecretBytes;
use crate::message::frame::{FrameKind, FrameOpener};
use crate::message::header::ContentType;
use crate::message::signature::Verifier;
use crate::message::{Limit, Limits, MessageError, MessagePart};

/// What the opening of a body needs besides its bytes.
pub struct BodyOpener<C> {
    /// The cipher of the message, whose header is authentic.
    pub cipher: C,
    /// The body's form: framed or not.
    pub content: ContentType,
    /// The place of the body's first byte in the message, for the places in errors.
    pub start: u64,
    /// The limits on what is held in memory.
    pub limits: Limits,
    /// The verifier of a signed message, which has taken the header's bytes.
    pub verifier: Option<Verifier>,
}

/// A reader of the plaintext of a body, in constant memory.
///
/// A frame is released when its tag was verified. The final frame is released when the signature of a signed message
/// was verified too, and nothing follows the message. An error can therefore come after authentic plaintext, which is
/// then incomplete.
pub struct BodyReader<C, R> {
    cipher: C,
    body: BodyParser<R>,
    content: ContentType,
    limits: Limits,
    next: NextFrame,
    /// The plaintext of the last frame: the first `len` bytes, of which `taken` were read. It is wiped on drop.
    frame: SecretBytes,
    len: usize,
    taken: usize,
}

/// What follows the frames that were opened.
enum NextFrame {
    /// The frame with this number.
    Frame(NonZeroU32),
    /// Nothing: the final frame was opened.
    End,
    /// An error, which was returned.
    Failed,
}

impl<C: Borrow<FrameOpener>, R: Read> BodyReader<C, R> {
    /// Begins at the first byte of the body, which is the next byte of `source`.
    pub fn new(opener: BodyOpener<C>, source: R) -> Self {
        let BodyOpener { cipher, content, start, limits, verifier } = opener;
        Self {
            cipher,
            body: BodyParser::new(source, start, verifier),
            content,
            limits,
            next: NextFrame::Frame(NonZeroU32::MIN),
            frame: SecretBytes::zeroed(0),
            len: 0,
            taken: 0,
        }
    }

    /// Returns the plaintext of the next frame; `None` when the final one was returned.
    ///
    /// # Errors
    /// The first failing check in the order of the bytes: [`PipelineError::Message`].
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, PipelineError> {
        let is_one = self.advance()?;
        self.taken = self.len;
        Ok(is_one.then(|| &self.frame.expose()[..self.len]))
    }

    /// Opens the next frame, and returns whether there was one.
    fn advance(&mut self) -> Result<bool, PipelineError> {
        (self.len, self.taken) = (0, 0);
        match mem::replace(&mut self.next, NextFrame::Failed) {
            NextFrame::Frame(sequence) => {
                (self.len, self.next) = match self.content {
                    ContentType::Framed(frame_length) => self.open_frame(sequence, frame_length)?,
                    ContentType::NonFramed => (self.open_block()?, NextFrame::End),
                };
                Ok(true)
            }
            NextFrame::End => {
                self.next = NextFrame::End;
                Ok(false)
            }
            NextFrame::Failed => {
                let failed = io::Error::other("an earlier read of this message has failed");
                Err(MessageError::Read(failed).into())
            }
        }
    }

    fn open_frame(
        &mut self,
        sequence: NonZeroU32,
        frame_length: NonZeroU32,
    ) -> Result<(usize, NextFrame), PipelineError> {
        let cipher = self.cipher.borrow();
        let (kind, len) =
            open_frame(cipher, sequence, frame_length, &mut self.body, &mut self.frame)?;
        if kind == FrameKind::Final {
            return Ok((len, NextFrame::End));
        }
        // Only a final frame can have the greatest number, since a regular frame would begin like the end marker.
        let next = sequence.checked_add(1).ok_or(PipelineError::TooLong)?;
        Ok((len, NextFrame::Frame(next)))
    }

    /// Opens a non-framed body: `IV 12 | length u64 | ciphertext | tag 16`.
    ///
    /// One tag covers all of it, so all of it is held in memory.
    fn open_block(&mut self) -> Result<usize, MessageError> {
        let iv = self.body.take_array::<IV_LEN>()?;
        let found = u64::from_be_bytes(self.body.take_array()?);
        let allowed = self.limits.frame_length;
        let Some(len) = u32::try_from(found).ok().filter(|len| *len <= allowed) else {
            let (limit, allowed) = (Limit::FrameLength, u64::from(allowed));
            return Err(MessageError::LimitExceeded { limit, found, allowed });
        };
        let block = self.body.take_into(&mut self.frame, len as usize)?;
        let tag = self.body.take_array()?;
        self.cipher
            .borrow()
            .open(NonZeroU32::MIN, FrameKind::SingleBlock, &iv, block, &tag)
            .map_err(|_| MessageError::Authentication { part: MessagePart::Body })?;
        self.body.end()?;
        Ok(len as usize)
    }
}

impl<C: Borrow<FrameOpener>, R: Read> Read for BodyReader<C, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.taken == self.len {
            if !self.advance()? {
                return Ok(0);
            }
        }
        let rest = &self.frame.expose()[self.taken..self.len];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.taken += len;
        Ok(len)
    }
}

/// Opens frame `sequence`, the next one of `body`, into the first bytes of `buffer`, and returns its kind and its
/// length.
///
/// Behind a final frame, it also verifies the signature, if there is one, and that nothing follows.
pub(super) fn open_frame(
    cipher: &FrameOpener,
    sequence: NonZeroU32,
    frame_length: NonZeroU32,
    body: &mut BodyParser<impl Read>,
    buffer: &mut SecretBytes,
) -> Result<(FrameKind, usize), MessageError> {
    let FrameStart { kind, iv, len } = body.take_frame_start(sequence, frame_length)?;
    let frame = body.take_into(buffer, len as usize)?;
    let tag = body.take_array()?;
    cipher
        .open(sequence, kind, &iv, frame, &tag)
        .map_err(|_| MessageError::Authentication { part: body.part })?;
    if kind == FrameKind::Final {
        body.end()?;
    }
    Ok((kind, len as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::NoProgress;
    use crate::pipeline::sequential;
    use crate::pipeline::tests::{FRAME, damaged, opener, sealed_in_order};

    fn body_opener(cipher: &FrameOpener) -> BodyOpener<&FrameOpener> {
        let content = ContentType::Framed(FRAME);
        BodyOpener { cipher, content, start: 0, limits: Limits::default(), verifier: None }
    }

    /// Reads in steps of `size` bytes, to the end or to an error, and returns the plaintext and the text of the error.
    fn read(message: &[u8], size: usize) -> (Vec<u8>, Option<String>) {
        let cipher = opener();
        let mut reader = BodyReader::new(body_opener(&cipher), message);
        let (mut plaintext, mut buffer) = (Vec::new(), vec![0; size]);
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => {
                    assert_eq!(reader.read(&mut buffer).unwrap(), 0, "the end is the end");
                    return (plaintext, None);
                }
                Ok(read) => plaintext.extend_from_slice(&buffer[..read]),
                Err(error) => {
                    assert!(reader.read(&mut buffer).is_err(), "an error is no end");
                    let error = error.downcast::<PipelineError>().unwrap();
                    return (plaintext, Some(error.to_string()));
                }
            }
        }
    }

    #[test]
    fn every_cut_flip_and_extension_gives_the_result_of_the_sequential_opener() {
        for len in [0, 5, 10, 55, 60] {
            let plaintext: Vec<u8> = (0..len).collect();
            for message in damaged(&sealed_in_order(&plaintext)) {
                let (cipher, mut expected) = (opener(), Vec::new());
                let result = sequential::open(
                    body_opener(&cipher),
                    &mut &message[..],
                    &mut expected,
                    &NoProgress,
                );
                let error = result.err().map(|error| error.to_string());
                for size in [1, 7, 10, 100] {
                    assert_eq!(read(&message, size), (expected.clone(), error.clone()), "{size}");
                }
            }
        }
    }

    #[test]
    fn an_error_keeps_its_kind() {
        let message = sealed_in_order(&[7; 25]);
        let kind = |message: &[u8]| {
            let cipher = opener();
            let mut reader = BodyReader::new(body_opener(&cipher), message);
            reader.read_to_end(&mut Vec::new()).unwrap_err().kind()
        };
        assert_eq!(kind(&message[..60]), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(&[&message[..], b"x"].concat()), io::ErrorKind::InvalidData);
    }
}
