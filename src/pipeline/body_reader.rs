//! A body as a `Read`: the one reader that takes frames in their order and decides every error.

use std::borrow::Borrow;
use std::io::{self, Read};
use std::mem;
use std::num::NonZeroU32;

use super::PipelineError;
use super::body::Body;
use crate::crypto::engine::IV_LEN;
use crate::crypto::secret::SecretBytes;
use crate::message::frame::{FrameKind, FrameOpener};
use crate::message::header::ContentType;
use crate::message::signature::Verifier;
use crate::message::{Limit, Limits, MessageError, MessagePart};

/// A body to be opened.
pub struct Opening<C> {
    /// Its cipher.
    pub cipher: C,
    /// Framed or not.
    pub content: ContentType,
    /// The byte of the message at which it stands.
    pub start: u64,
    /// What is held in memory at most.
    pub limits: Limits,
    /// For a signed message: has taken the header.
    pub verifier: Option<Verifier>,
}

/// Reads the plaintext of a body in constant memory: a frame is released when its own tag holds, and the last one
/// when also the signature, if there is one, holds and nothing follows.
///
/// So an error can come after authentic plaintext, which is then not all there is.
pub struct BodyReader<C, R> {
    cipher: C,
    body: Body<R>,
    content: ContentType,
    limits: Limits,
    next: Next,
    /// Wiped on drop, since it holds plaintext. Its first `len` bytes are authentic, and `taken` of them read.
    frame: SecretBytes,
    len: usize,
    taken: usize,
}

/// What stands behind the frames that were opened.
enum Next {
    Frame(NonZeroU32),
    End,
    /// An error, which was returned.
    Failed,
}

impl<C: Borrow<FrameOpener>, R: Read> BodyReader<C, R> {
    /// Begins at the first byte of the body, which `source` gives next.
    pub fn new(opening: Opening<C>, source: R) -> Self {
        let Opening { cipher, content, start, limits, verifier } = opening;
        Self {
            cipher,
            body: Body::new(source, start, verifier),
            content,
            limits,
            next: Next::Frame(NonZeroU32::MIN),
            frame: SecretBytes::zeroed(0),
            len: 0,
            taken: 0,
        }
    }

    /// The plaintext of the next frame; `None` when the final one was returned.
    ///
    /// # Errors
    /// [`PipelineError`]; the first failing check in the order of the bytes.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, PipelineError> {
        let is_one = self.advance()?;
        self.taken = self.len;
        Ok(is_one.then(|| &self.frame.expose()[..self.len]))
    }

    /// Opens the next frame, if there is one.
    fn advance(&mut self) -> Result<bool, PipelineError> {
        (self.len, self.taken) = (0, 0);
        match mem::replace(&mut self.next, Next::Failed) {
            Next::Frame(sequence) => {
                (self.len, self.next) = match self.content {
                    ContentType::Framed(frame_length) => self.open_frame(sequence, frame_length)?,
                    ContentType::NonFramed => (self.open_block()?, Next::End),
                };
                Ok(true)
            }
            Next::End => {
                self.next = Next::End;
                Ok(false)
            }
            Next::Failed => {
                let failed = io::Error::other("an earlier read of this message has failed");
                Err(MessageError::Read(failed).into())
            }
        }
    }

    fn open_frame(
        &mut self,
        sequence: NonZeroU32,
        frame_length: NonZeroU32,
    ) -> Result<(usize, Next), PipelineError> {
        let cipher = self.cipher.borrow();
        let (kind, len) =
            open_frame(cipher, sequence, frame_length, &mut self.body, &mut self.frame)?;
        if kind == FrameKind::Final {
            return Ok((len, Next::End));
        }
        // Only the final frame may carry the last number, so here there is always a next one.
        let next = sequence.checked_add(1).ok_or(PipelineError::TooLong)?;
        Ok((len, Next::Frame(next)))
    }

    /// `IV 12 | length u64 | ciphertext | tag 16`: one tag covers all, so all of it is held.
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

/// Opens frame `sequence`, which stands next in `body`, at the beginning of `buffer`; and, if it is the final one,
/// checks what follows. Returns its kind and its length.
pub(super) fn open_frame(
    cipher: &FrameOpener,
    sequence: NonZeroU32,
    frame_length: NonZeroU32,
    body: &mut Body<impl Read>,
    buffer: &mut SecretBytes,
) -> Result<(FrameKind, usize), MessageError> {
    let (kind, iv, len) = body.take_prefix(sequence, frame_length)?;
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
    use crate::pipeline::sequential;
    use crate::pipeline::tests::{FRAME, damaged, opener, sealed_in_order};

    fn opening(cipher: &FrameOpener) -> Opening<&FrameOpener> {
        let content = ContentType::Framed(FRAME);
        Opening { cipher, content, start: 0, limits: Limits::default(), verifier: None }
    }

    /// Reads in steps of `size`, to the end or an error.
    fn read(message: &[u8], size: usize) -> (Vec<u8>, Option<String>) {
        let cipher = opener();
        let mut reader = BodyReader::new(opening(&cipher), message);
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
    fn every_cut_flip_and_extension_reads_as_the_sequential_opener_says() {
        for len in [0, 5, 10, 55, 60] {
            let plaintext: Vec<u8> = (0..len).collect();
            for message in damaged(&sealed_in_order(&plaintext)) {
                let (cipher, mut expected) = (opener(), Vec::new());
                let result =
                    sequential::open(opening(&cipher), &mut &message[..], &mut expected, &());
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
            let mut reader = BodyReader::new(opening(&cipher), message);
            reader.read_to_end(&mut Vec::new()).unwrap_err().kind()
        };
        assert_eq!(kind(&message[..60]), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(&[&message[..], b"x"].concat()), io::ErrorKind::InvalidData);
    }
}
