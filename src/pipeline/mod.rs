//! Moves a body through the frame cipher.
//!
//! - [`body_reader`] is a body as a `Read`, and decides every error; [`frame_writer`] is one as a `Write`
//! - [`sequential`] works on any source and output
//! - [`positional`]: from file to file, with workers that each read and write their own places
//! - [`pool`]: streams, and all that needs an order: workers that take turns at reading, and an ordered writer
//! - [`frames_at`]: `Read` and `Seek`, opening only the frames that are asked for; [`range`]: some bytes of a plaintext
//! - [`salvage`]: what is left of a damaged message
//!
//! All use the same frame cipher and layout. [`seal`] and [`open`] choose for a stream.

mod body;
pub mod body_reader;
mod frame_buffer;
pub mod frame_writer;
pub mod frames_at;
mod in_order;
pub mod pool;
pub mod positional;
pub mod range;
pub mod salvage;
pub mod sequential;

use std::io::{self, Read, Write};
use std::num::{NonZeroU32, NonZeroUsize};

use crate::crypto::engine::TAG_LEN;
use crate::message::MessageError;
use crate::message::frame::{FrameKind, FrameOpener, FrameSealer, regular_prefix};
use crate::message::header::ContentType;
use crate::message::layout::REGULAR_PREFIX;
use body_reader::Opening;

/// Longer frames are worked on one by one: each worker holds frames whole.
const LONGEST_FRAME: u32 = 256 << 10;

/// Seals a regular frame where its plaintext lies: `prefix | plaintext | tag`.
fn seal_regular(cipher: &FrameSealer, sequence: NonZeroU32, frame: &mut [u8]) {
    let (prefix, rest) = frame.split_at_mut(REGULAR_PREFIX);
    let (plaintext, tag) = rest.split_at_mut(rest.len() - TAG_LEN);
    prefix.copy_from_slice(&regular_prefix(sequence));
    tag.copy_from_slice(&cipher.seal(sequence, FrameKind::Regular, plaintext));
}

/// Hears how far the work is; the pipeline shows nothing itself.
pub trait Progress: Sync {
    /// `bytes` more of plaintext are done.
    fn advance(&self, bytes: u64);
}

/// No one listens.
impl Progress for () {
    fn advance(&self, _bytes: u64) {}
}

/// How many threads may work on one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs(NonZeroUsize);

impl Jobs {
    /// Everything on the calling thread.
    pub const ONE: Self = Self(NonZeroUsize::MIN);

    /// Beyond this, more only cost memory.
    const MOST: usize = 64;

    /// This many threads.
    #[must_use]
    pub fn new(jobs: NonZeroUsize) -> Self {
        Self(jobs.min(NonZeroUsize::new(Self::MOST).unwrap_or(jobs)))
    }

    /// As many as the process has processors, by its affinity and the quota of its group.
    #[must_use]
    pub fn available() -> Self {
        std::thread::available_parallelism().map_or(Self::ONE, Self::new)
    }

    /// The number.
    #[must_use]
    pub fn count(self) -> usize {
        self.0.get()
    }
}

/// Frames that one worker takes at a time: as many as fit its part of `budget`.
fn frames_a_run(frame_length: NonZeroU32, budget: usize) -> usize {
    (budget / frame_length.get() as usize).clamp(1, 1024)
}

/// Seals all of `source` into frames, and returns how many bytes it had.
///
/// # Errors
/// As [`sequential::seal`].
pub fn seal(
    cipher: &FrameSealer,
    frame_length: NonZeroU32,
    source: &mut (impl Read + Send),
    output: &mut impl Write,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    if jobs == Jobs::ONE || frame_length.get() > LONGEST_FRAME {
        sequential::seal(cipher, frame_length, source, output, progress)
    } else {
        pool::seal(cipher, frame_length, source, output, jobs, progress)
    }
}

/// Opens a body, and returns how many bytes of plaintext it held.
///
/// # Errors
/// As [`sequential::open`].
pub fn open(
    opening: Opening<&FrameOpener>,
    source: &mut (impl Read + Send),
    output: &mut impl Write,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    match opening.content {
        ContentType::Framed(length) if jobs != Jobs::ONE && length.get() <= LONGEST_FRAME => {
            pool::open(opening, length, source, output, jobs, progress)
        }
        ContentType::Framed(_) | ContentType::NonFramed => {
            sequential::open(opening, source, output, progress)
        }
    }
}

/// Why a body did not come through.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The body is not whole and authentic, or could not be read.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The plaintext could not be read.
    #[error("reading failed")]
    Read(#[source] io::Error),
    /// The result could not be written.
    #[error("writing failed")]
    Write(#[source] io::Error),
    /// The plaintext needs more frames than the format can number.
    #[error("the input is too long: a message has at most 4294967294 frames")]
    TooLong,
}

/// For the adapters that read and write as the standard library does. A failed output's error stays itself; every
/// other one can be had back with [`io::Error::downcast`].
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

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{Cursor, Seek as _, SeekFrom};

    use super::*;
    use crate::crypto::engine::{IV_LEN, Tag};
    use crate::crypto::secret::{DataKey, SecretBytes};
    use crate::message::Limits;
    use crate::message::context::{EncryptionContext, PUBLIC_KEY};
    use crate::message::derivation::derive;
    use crate::message::layout::Layout;
    use crate::message::signature::{PublicKey, Signer, Verifier};
    use crate::message::suite::Suite;

    const ID: [u8; 32] = [4; 32];

    fn frame_key() -> crate::message::derivation::FrameKey {
        let data_key = DataKey::new(SecretBytes::copy_of(&[3; 32]));
        derive(Suite::COMMITTING, &data_key, &ID.into()).0
    }

    pub(super) fn sealer() -> (FrameSealer, Tag) {
        FrameSealer::begin(&frame_key(), &ID.into(), b"header", b"")
    }

    pub(super) fn opener() -> FrameOpener {
        let tag = sealer().1;
        FrameOpener::begin(&frame_key(), &ID.into(), b"header", b"", (&[0; IV_LEN], &tag)).unwrap()
    }

    fn jobs(jobs: usize) -> Jobs {
        Jobs::new(NonZeroUsize::new(jobs).unwrap())
    }

    pub(super) const FRAME: NonZeroU32 = NonZeroU32::new(10).unwrap();

    pub(super) fn file_of(bytes: &[u8]) -> std::fs::File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    pub(super) fn contents(mut file: std::fs::File) -> Vec<u8> {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    pub(super) fn sealed_in_order(plaintext: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        sequential::seal(&sealer().0, FRAME, &mut &plaintext[..], &mut message, &()).unwrap();
        message
    }

    /// The message, and then every cut, flip and extension of it.
    pub(super) fn damaged(message: &[u8]) -> Vec<Vec<u8>> {
        let mut variants = vec![message.to_vec(), [message, b"x"].concat()];
        variants.push([message, message].concat());
        variants.extend((0..message.len()).map(|len| message[..len].to_vec()));
        variants.extend((0..message.len()).map(|at| {
            let mut flipped = message.to_vec();
            flipped[at] ^= 0x81;
            flipped
        }));
        variants
    }

    /// What came out, and how it ended.
    type Outcome = (Vec<u8>, Result<u64, String>);

    fn opened(message: &[u8], by: Jobs, verifier: Option<Verifier>) -> Outcome {
        let (cipher, limits) = (opener(), Limits::default());
        let content = ContentType::Framed(FRAME);
        let opening = Opening { cipher: &cipher, content, start: 0, limits, verifier };
        let mut plaintext = Vec::new();
        let result = open(opening, &mut &message[..], &mut plaintext, by, &());
        (plaintext, result.map_err(|error| error.to_string()))
    }

    fn opened_by_position(message: &[u8], by: Jobs) -> Option<Vec<u8>> {
        let layout = Layout { header_len: 0, frame_length: FRAME };
        let (source, output) = (file_of(message), file_of(b""));
        let size = message.len() as u64;
        let opened =
            positional::open(&opener(), layout, (&source, size), Some(&output), by, &()).unwrap();
        let verified = positional::open(&opener(), layout, (&source, size), None, by, &()).unwrap();
        assert_eq!(opened, verified);
        let plaintext = contents(output);
        opened.map(|len| {
            assert_eq!(plaintext.len() as u64, len);
            plaintext
        })
    }

    #[test]
    fn every_way_to_seal_makes_the_same_message() {
        for len in (0..40).chain([59, 60, 61, 119, 120, 121, 179, 180, 181, 1000, 1201]) {
            let plaintext: Vec<u8> = (0..=250).cycle().take(len).collect();
            let expected = sealed_in_order(&plaintext);
            for by in [2, 7] {
                let mut message = Vec::new();
                let mut source = &plaintext[..];
                let total =
                    pool::seal(&sealer().0, FRAME, &mut source, &mut message, jobs(by), &());
                assert_eq!(total.unwrap(), len as u64);
                assert!(message == expected, "{len} by {by}");
                // By position, and the rest in order; also where the size is only a claim.
                for claimed in [len, len / 2] {
                    let layout = Layout { header_len: 0, frame_length: FRAME };
                    let (source, mut output) = (file_of(&plaintext), file_of(b""));
                    let claim = (&source, claimed as u64);
                    let frames =
                        positional::seal(&sealer().0, layout, claim, &output, jobs(by), &())
                            .unwrap();
                    let next = NonZeroU32::MIN.saturating_add(frames);
                    let mut rest = Cursor::new(&plaintext[frames as usize * 10..]);
                    output.seek(SeekFrom::Start(layout.frame_start(next).unwrap())).unwrap();
                    let sealer = sealer().0;
                    sequential::seal_from(next, &sealer, FRAME, &mut rest, &mut output, &())
                        .unwrap();
                    assert!(contents(output) == expected, "{len} of {claimed} by {by}");
                }
            }
        }
    }

    #[test]
    fn every_way_to_open_says_the_same_of_every_cut_flip_and_extension() {
        let plaintext: Vec<u8> = (0..255).collect();
        // With a last frame that is short, and one that is full; shorter than a run, and as long.
        for len in [0, 5, 10, 55, 60, 65, 250, 255] {
            let variants = damaged(&sealed_in_order(&plaintext[..len]));
            for (index, variant) in variants.iter().enumerate() {
                let expected = opened(variant, Jobs::ONE, None);
                assert_eq!(expected.1.is_ok(), index == 0);
                for by in [2, 7] {
                    assert_eq!(opened(variant, jobs(by), None), expected, "{index} by {by}");
                    let by_position = opened_by_position(variant, jobs(by));
                    let expected = expected.1.is_ok().then(|| expected.0.clone());
                    // What is short goes in order.
                    if len >= 250 || by_position.is_some() {
                        assert_eq!(by_position, expected, "{index} by {by}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_signature_is_checked_beside_the_workers() {
        let signer = || Signer::generate().unwrap();
        let key = |signer: &Signer| {
            let mut context = EncryptionContext::default();
            context.insert_allowing_reserved(PUBLIC_KEY, &signer.public_key()).unwrap();
            PublicKey::of(Suite::SIGNED, &context).unwrap().unwrap()
        };
        let plaintext = [7; 255];
        let mut signer = signer();
        let key = key(&signer);
        let body = sealed_in_order(&plaintext);
        signer.update(&body);
        let footer = signer.footer().unwrap();
        let good = [&body[..], &footer].concat();
        let mut forged = good.clone();
        *forged.last_mut().unwrap() ^= 1;
        let cut = &good[..good.len() - 1];
        let longer = [&good[..], b"x"].concat();
        for (variant, is_good) in
            [(&good[..], true), (&forged, false), (cut, false), (&longer, false)]
        {
            let expected = opened(variant, Jobs::ONE, Some(Verifier::new(key.clone())));
            assert_eq!(expected.1.is_ok(), is_good);
            for by in [2, 7] {
                let verifier = Some(Verifier::new(key.clone()));
                assert_eq!(opened(variant, jobs(by), verifier), expected);
            }
        }
    }

    #[test]
    fn a_source_that_fails_and_an_output_that_fails_end_it() {
        struct Failing<T>(T, usize);

        impl<T: Read> Read for Failing<T> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let read = self.0.read(buffer)?;
                self.1 = self.1.checked_sub(read).ok_or(io::ErrorKind::TimedOut)?;
                Ok(read)
            }
        }

        impl<T: Write> Write for Failing<T> {
            fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
                self.1 = self.1.checked_sub(buffer.len()).ok_or(io::ErrorKind::StorageFull)?;
                self.0.write(buffer)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let (plaintext, message) = ([7; 2000], sealed_in_order(&[7; 2000]));
        for after in [0, 100, 500, 1900] {
            let mut written = Vec::new();
            let mut source = Failing(&plaintext[..], after);
            let error = pool::seal(&sealer().0, FRAME, &mut source, &mut written, jobs(3), &())
                .unwrap_err();
            assert!(matches!(error, PipelineError::Read(_)), "{error}");
            // What was written is no whole message.
            assert!(opened(&written, Jobs::ONE, None).1.is_err());
            let mut output = Failing(Vec::new(), after);
            let error =
                pool::seal(&sealer().0, FRAME, &mut &plaintext[..], &mut output, jobs(3), &())
                    .unwrap_err();
            assert!(matches!(error, PipelineError::Write(_)), "{error}");
            let (cipher, limits, content) =
                (opener(), Limits::default(), ContentType::Framed(FRAME));
            let opening = || Opening { cipher: &cipher, content, start: 0, limits, verifier: None };
            let mut output = Failing(Vec::new(), after);
            let error = open(opening(), &mut &message[..], &mut output, jobs(3), &()).unwrap_err();
            assert!(matches!(error, PipelineError::Write(_)), "{error}");
            let mut source = Failing(&message[..], after);
            let error = open(opening(), &mut source, &mut Vec::new(), jobs(3), &()).unwrap_err();
            assert!(matches!(error, PipelineError::Message(MessageError::Read(_))), "{error}");
        }
    }
}
