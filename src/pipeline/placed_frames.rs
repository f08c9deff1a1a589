//! The frames of a message in a source that can be read at any place, such as a file.
//!
//! The layout gives the place of each frame, so a frame is read and opened without those before it. The length of
//! the source is only a claim, which is confirmed when the final frame is found there and is authentic.

use std::borrow::Borrow;
use std::fs::File;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::crypto::engine::TAG_LEN;
use crate::crypto::secret::SecretBytes;
use crate::message::frame::{FrameKind, FrameOpener, FramePrefix, is_end_marker};
use crate::message::layout::{FINAL_OVERHEAD, FINAL_PREFIX, Layout, REGULAR_PREFIX};

/// A source that several threads can read at any place: a file, bytes in memory, or what a program makes so, such as an
/// object in a store that serves ranges. [`DecryptAt`](crate::DecryptAt) reads from one.
pub trait ReadAt: Sync {
    /// Fills `buffer` with the bytes from place `at` on, counted in bytes from the start.
    ///
    /// # Errors
    /// The system's own error, or `UnexpectedEof` where the source ends before `buffer` is full.
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, at)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        (**self).read_exact_at(buffer, at)
    }
}

impl<T: ReadAt + ?Sized + Send> ReadAt for Arc<T> {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        (**self).read_exact_at(buffer, at)
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self[..].read_exact_at(buffer, at)
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..));
        let found = rest.and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// A source with the length that the system reports for it.
///
/// The length proves nothing: a file can grow or shrink while it is read, and special files report any length.
#[derive(Debug)]
pub struct SizedSource<R> {
    /// The source.
    pub source: R,
    /// The reported length in bytes.
    pub claimed_len: u64,
}

impl<R: ReadAt> SizedSource<R> {
    /// Fills `buffer` with the bytes from place `at` on; errors as in [`ReadAt`].
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.source.read_exact_at(buffer, at)
    }

    /// Returns whether a byte stands behind the claimed end.
    pub(super) fn is_longer_than_claimed(&self) -> bool {
        self.read_exact_at(&mut [0], self.claimed_len).is_ok()
    }
}

/// The frames of one message whose header is authentic.
pub struct PlacedFrames<C, R> {
    /// The cipher of the message.
    pub cipher: C,
    /// The places of the frames.
    pub layout: Layout,
    /// The whole message, from the first byte of its header on.
    pub source: SizedSource<R>,
}

/// The final frame of a message.
pub(super) struct FinalFrame {
    pub(super) sequence: NonZeroU32,
    pub(super) plaintext: SecretBytes,
}

impl<C: Borrow<FrameOpener>, R: ReadAt> PlacedFrames<C, R> {
    /// Returns the number of the final frame, if the message is as long as its source claims.
    pub(super) fn final_sequence(&self) -> Option<NonZeroU32> {
        self.layout.frames_in(self.source.claimed_len)
    }

    /// Returns the final frame, if it is authentic, and the message ends with it where its source claims to end.
    pub(super) fn open_end(&self) -> Option<FinalFrame> {
        let sequence = self.final_sequence()?;
        let plaintext = self.open_final(sequence, &self.read_final(sequence)?)?;
        (!self.source.is_longer_than_claimed()).then_some(FinalFrame { sequence, plaintext })
    }

    /// Returns the bytes from the place of frame `sequence` to where the source claims to end, if they can be a final
    /// frame.
    pub(super) fn read_final(&self, sequence: NonZeroU32) -> Option<Vec<u8>> {
        let Self { layout, source, .. } = self;
        let start = layout.frame_start(sequence)?;
        let len = source.claimed_len.checked_sub(start)?;
        let most = u64::from(layout.frame_length.get()) + FINAL_OVERHEAD as u64;
        if len > most {
            return None;
        }
        let mut frame = vec![0; usize::try_from(len).ok()?];
        source.read_exact_at(&mut frame, start).ok()?;
        Some(frame)
    }

    /// Returns the plaintext of `frame`, if it is the authentic final frame, number `sequence`.
    pub(super) fn open_final(&self, sequence: NonZeroU32, frame: &[u8]) -> Option<SecretBytes> {
        let (prefix, rest) = frame.split_first_chunk::<FINAL_PREFIX>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>()?;
        let (FramePrefix { sequence: number, iv }, len) = FramePrefix::of_final(prefix);
        let is_final = is_end_marker([prefix[0], prefix[1], prefix[2], prefix[3]])
            && number == sequence.get()
            && len as usize == ciphertext.len();
        if !is_final {
            return None;
        }
        let mut plaintext = SecretBytes::copy_of(ciphertext);
        let opener = self.cipher.borrow();
        opener.open(sequence, FrameKind::Final, &iv, plaintext.expose_mut(), tag).ok()?;
        Some(plaintext)
    }
}

/// Decrypts the bytes of regular frame number `sequence` in place, and returns the plaintext among them; `None` if
/// the frame has another number, or is not authentic.
pub(super) fn open_regular<'a>(
    cipher: &FrameOpener,
    sequence: NonZeroU32,
    frame: &'a mut [u8],
) -> Option<&'a [u8]> {
    let (prefix, rest) = frame.split_first_chunk_mut::<REGULAR_PREFIX>()?;
    let (plaintext, tag) = rest.split_last_chunk_mut::<TAG_LEN>()?;
    let prefix = FramePrefix::of_regular(prefix);
    if prefix.sequence != sequence.get() {
        return None;
    }
    cipher.open(sequence, FrameKind::Regular, &prefix.iv, plaintext, tag).ok()?;
    Some(plaintext)
}
