//! Decryption at any place of a message.

use std::fmt;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::decrypt::DecryptOptions;
use super::error::{Error, ErrorKind, public};
use crate::message::context::EncryptionContext;
use crate::message::frame::FrameOpener;
use crate::pipeline::frames_at::{FramesAt, InOrder};
use crate::pipeline::placed_frames::{ReadAt, SizedSource};

/// Decrypts some bytes of a message that can be read at any place, such as a file. Only the frames that hold these bytes
/// are read, and the tag of each is verified.
///
/// The place of each frame follows from the frame length in the header (docs/format.md, "How long a message is"). The final
/// frame is read first, because it proves the length of the plaintext. That frame and the one that was read
/// last stay in memory, so that reading in order opens each frame once.
pub struct DecryptAt<F> {
    frames: FramesAt<FrameOpener, F>,
    context: EncryptionContext,
}

impl<F: ReadAt> DecryptAt<F> {
    /// Opens the message that begins at the first byte of `source` and has `size` bytes. A size that is wrong is an error.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] for a message that is signed or not in frames: no part of it can be verified by itself.
    /// Otherwise as [`DecryptReader::new`](super::DecryptReader::new); a message whose end does not hold is read
    /// whole, to find the first failing check.
    pub fn new(source: F, size: u64, options: &DecryptOptions<'_>) -> Result<Self, Error> {
        let source = SizedSource { source, claimed_len: size };
        let start = InOrder { source: &source, position: 0 };
        let opened = options.open(&mut BufReader::new(start))?;
        let context = opened.header().context.clone();
        let Some(frames) = opened.into_frames_at(source) else {
            let text =
                "no part of a message that is signed, or not in frames, can be verified by itself";
            return Err(Error::new(ErrorKind::Refused, text));
        };
        Ok(Self { frames: frames.map_err(Error::of)?, context })
    }

    /// The length of the plaintext in bytes, which the final frame proves.
    #[must_use]
    pub fn plaintext_len(&self) -> u64 {
        self.frames.plaintext_len()
    }

    /// The pairs of the encryption context that the message stores, sorted by key. They are authentic.
    pub fn encryption_context(&self) -> impl Iterator<Item = (&str, &str)> {
        self.context.iter()
    }
}

/// Errors are [`Error`]s inside of an [`io::Error`]; `Error::from` takes them out. Other frames can
/// still be read after an error.
impl<F: ReadAt> Read for DecryptAt<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.frames.read(buffer).map_err(public)
    }
}

/// Positions are bytes of the plaintext. A position behind the end is allowed, and reads nothing there; one before the start
/// is [`io::ErrorKind::InvalidInput`].
impl<F: ReadAt> Seek for DecryptAt<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.frames.seek(to)
    }
}

impl<F> fmt::Debug for DecryptAt<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptAt").finish_non_exhaustive()
    }
}
