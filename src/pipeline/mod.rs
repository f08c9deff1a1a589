//! Seals and opens message bodies, frame by frame, on one thread or on several.
//!
//! - [`body_reader`]: opens a body as a `Read`; its errors are the reference for the others
//! - [`frame_writer`]: seals a body as a `Write`
//! - [`sequential`]: one frame after the other, from any reader to any writer
//! - [`pool`]: streams on several threads, with the output in the order of the input
//! - [`positional`]: from file to file, with workers that each read and write frames at their places
//! - [`signed`]: the same for signed messages, whose bytes are hashed in their order
//! - [`frames_at`]: opens a body as a `Read` and `Seek`; [`range`]: some bytes of a plaintext
//! - [`salvage`]: the authentic frames of a damaged message
//! - [`placed_frames`]: a message in a source that can be read at any place
//!
//! All use the same frame cipher and layout. [`seal`] and [`open`] choose between [`sequential`] and [`pool`].

mod body;
pub mod body_reader;
mod frame_buffer;
pub mod frame_writer;
pub mod frames_at;
mod in_order;
pub mod placed_frames;
pub mod pool;
pub mod positional;
pub mod range;
pub mod salvage;
pub mod sequential;
pub mod signed;
#[cfg(test)]
pub(crate) mod tests;

use std::io::{self, Read, Write};
use std::num::{NonZeroU32, NonZeroUsize};

use self::body_reader::BodyOpener;
use crate::crypto::engine::TAG_LEN;
use crate::message::MessageError;
use crate::message::frame::{FrameKind, FrameOpener, FrameSealer, regular_prefix};
use crate::message::header::ContentType;
use crate::message::layout::REGULAR_PREFIX;

/// The longest frames that several threads work on. A worker holds whole frames in memory, so longer ones are left
/// to one thread.
const LONGEST_FRAME: u32 = 256 << 10;

/// Seals a regular frame in place. `frame` is laid out as `prefix | plaintext | tag`, and only the plaintext is set.
fn seal_regular(cipher: &FrameSealer, sequence: NonZeroU32, frame: &mut [u8]) {
    let (prefix, rest) = frame.split_at_mut(REGULAR_PREFIX);
    let (plaintext, tag) = rest.split_at_mut(rest.len() - TAG_LEN);
    prefix.copy_from_slice(&regular_prefix(sequence));
    tag.copy_from_slice(&cipher.seal(sequence, FrameKind::Regular, plaintext));
}

/// Receives reports of how much of the plaintext was processed. The pipeline itself displays nothing.
pub trait Progress: Sync {
    /// Reports that `bytes` more bytes of plaintext were processed.
    fn advance(&self, bytes: u64);
}

/// A [`Progress`] that ignores every report.
#[derive(Clone, Copy, Debug)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn advance(&self, _bytes: u64) {}
}

/// The number of threads that may work on one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs(NonZeroUsize);

impl Jobs {
    /// All work is done on the calling thread.
    pub const ONE: Self = Self(NonZeroUsize::MIN);

    /// More threads than this cost memory and save no time.
    const MOST: usize = 64;

    /// Returns `jobs`, or 64 if it is more.
    #[must_use]
    pub fn new(jobs: NonZeroUsize) -> Self {
        Self(jobs.min(NonZeroUsize::new(Self::MOST).unwrap_or(jobs)))
    }

    /// Returns the number of processors that this process may use, by its affinity and its control group.
    #[must_use]
    pub fn available() -> Self {
        std::thread::available_parallelism().map_or(Self::ONE, Self::new)
    }

    /// Returns the number of threads.
    #[must_use]
    pub fn count(self) -> usize {
        self.0.get()
    }
}

/// Returns how many frames a worker takes at a time: as many as fit into `budget` bytes, and at least one.
fn frames_a_run(frame_length: NonZeroU32, budget: usize) -> usize {
    (budget / frame_length.get() as usize).clamp(1, 1024)
}

/// What the sealing of a body needs besides the plaintext.
#[derive(Clone, Copy)]
pub struct BodySealer<'a> {
    /// The cipher of the message.
    pub cipher: &'a FrameSealer,
    /// Plaintext bytes of each frame but the last.
    pub frame_length: NonZeroU32,
    /// The number of the first frame to seal; more than 1 if the frames before it are sealed already.
    pub first: NonZeroU32,
    /// How soon sealed frames are written.
    pub release: Release,
}

/// How soon sealed frames are written to the output of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Each frame as soon as it is full: the source may be a slow stream that somebody waits for.
    Frames,
    /// Several frames at a time, which wakes the workers less often.
    Runs,
}

impl<'a> BodySealer<'a> {
    /// Returns a sealer of a whole body, from frame 1 on.
    #[must_use]
    pub fn new(cipher: &'a FrameSealer, frame_length: NonZeroU32) -> Self {
        Self { cipher, frame_length, first: NonZeroU32::MIN, release: Release::Frames }
    }
}

/// Seals all of `source` into frames, and returns the length of the plaintext.
///
/// # Errors
/// As [`sequential::seal`].
pub fn seal(
    body: BodySealer<'_>,
    source: &mut (impl Read + Send),
    output: &mut impl Write,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    if jobs == Jobs::ONE || body.frame_length.get() > LONGEST_FRAME {
        sequential::seal(body, source, output, progress)
    } else {
        pool::seal(body, source, output, jobs, progress)
    }
}

/// Opens a body, and returns the length of its plaintext.
///
/// # Errors
/// As [`sequential::open`].
pub fn open(
    body: BodyOpener<&FrameOpener>,
    source: &mut (impl Read + Send),
    output: &mut impl Write,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    match body.content {
        ContentType::Framed(length) if jobs != Jobs::ONE && length.get() <= LONGEST_FRAME => {
            pool::open(body, source, output, jobs, progress)
        }
        ContentType::Framed(_) | ContentType::NonFramed => {
            sequential::open(body, source, output, progress)
        }
    }
}

/// Why a body was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The message could not be read, or is not whole and authentic.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The plaintext could not be read.
    #[error("reading failed")]
    Read(#[source] io::Error),
    /// The output could not be written.
    #[error("writing failed")]
    Write(#[source] io::Error),
    /// The plaintext needs more frames than the format can number.
    #[error("the input is too long: a message has at most 4294967294 frames")]
    TooLong,
}

/// The conversion for the adapters that implement `Read` or `Write`.
///
/// The error of a failed output is returned as it is. Every other one can be restored with [`io::Error::downcast`].
impl From<PipelineError> for io::Error {
    fn from(error: PipelineError) -> Self {
        use io::ErrorKind::{FileTooLarge, InvalidData, UnexpectedEof};
        let kind = match &error {
            PipelineError::Write(_) => None,
            PipelineError::Read(source) | PipelineError::Message(MessageError::Read(source)) => {
                Some(source.kind())
            }
            PipelineError::Message(MessageError::Truncated { .. }) => Some(UnexpectedEof),
            PipelineError::Message(_) => Some(InvalidData),
            PipelineError::TooLong => Some(FileTooLarge),
        };
        match (kind, error) {
            (None, PipelineError::Write(source)) => source,
            (kind, error) => Self::new(kind.unwrap_or(io::ErrorKind::Other), error),
        }
    }
}
