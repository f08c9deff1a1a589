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

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{Cursor, Seek as _, SeekFrom};

    use super::placed_frames::{PlacedFrames, SizedSource};
    use super::positional::PlacedOutput;
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
        let body = sealer().0;
        let body = BodySealer::new(&body, FRAME);
        sequential::seal(body, &mut &plaintext[..], &mut message, &NoProgress).unwrap();
        message
    }

    /// Returns the message, and then every cut, flip and extension of it.
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

    /// The plaintext that was written, and the result, with an error as its text.
    type OpenOutcome = (Vec<u8>, Result<u64, String>);

    fn opened(message: &[u8], by: Jobs, verifier: Option<Verifier>) -> OpenOutcome {
        let (cipher, limits) = (opener(), Limits::default());
        let content = ContentType::Framed(FRAME);
        let body = BodyOpener { cipher: &cipher, content, start: 0, limits, verifier };
        let mut plaintext = Vec::new();
        let result = open(body, &mut &message[..], &mut plaintext, by, &NoProgress);
        (plaintext, result.map_err(|error| error.to_string()))
    }

    fn opened_by_position(message: &[u8], by: Jobs) -> Option<Vec<u8>> {
        let layout = Layout { header_len: 0, frame_length: FRAME };
        let (source, output) = (file_of(message), file_of(b""));
        let source = SizedSource { source: &source, claimed_len: message.len() as u64 };
        let cipher = opener();
        let frames = PlacedFrames { cipher: &cipher, layout, source };
        let opened = positional::open(&frames, Some(&output), by, &NoProgress).unwrap();
        let verified = positional::open(&frames, None, by, &NoProgress).unwrap();
        assert_eq!(opened, verified);
        let plaintext = contents(output);
        opened.map(|len| {
            assert_eq!(plaintext.len() as u64, len);
            plaintext
        })
    }

    #[test]
    fn every_way_to_seal_writes_the_same_message() {
        for len in (0..40).chain([59, 60, 61, 119, 120, 121, 179, 180, 181, 1000, 1201]) {
            let plaintext: Vec<u8> = (0..=250).cycle().take(len).collect();
            let expected = sealed_in_order(&plaintext);
            for by in [2, 7] {
                let mut message = Vec::new();
                let mut source = &plaintext[..];
                let sealer = sealer().0;
                let body = BodySealer::new(&sealer, FRAME);
                let total = pool::seal(body, &mut source, &mut message, jobs(by), &NoProgress);
                assert_eq!(total.unwrap(), len as u64);
                assert!(message == expected, "{len} by {by}");
                // By position, and the rest in order. The claimed length may be too short.
                for claimed in [len, len / 2] {
                    let layout = Layout { header_len: 0, frame_length: FRAME };
                    let (file, mut output) = (file_of(&plaintext), file_of(b""));
                    let source = SizedSource { source: &file, claimed_len: claimed as u64 };
                    let placed = PlacedOutput { file: &output, layout };
                    let frames =
                        positional::seal(&sealer, &source, placed, jobs(by), &NoProgress).unwrap();
                    let next = NonZeroU32::MIN.saturating_add(frames);
                    let mut rest = Cursor::new(&plaintext[frames as usize * 10..]);
                    output.seek(SeekFrom::Start(layout.frame_start(next).unwrap())).unwrap();
                    let body = BodySealer { first: next, ..body };
                    sequential::seal(body, &mut rest, &mut output, &NoProgress).unwrap();
                    assert!(contents(output) == expected, "{len} of {claimed} by {by}");
                }
            }
        }
    }

    #[test]
    fn every_way_to_open_gives_the_same_result_for_every_cut_flip_and_extension() {
        let plaintext: Vec<u8> = (0..255).collect();
        // With a short and a full last frame, and with less than a run of frames, one run, and several.
        for len in [0, 5, 10, 55, 60, 65, 250, 255] {
            let variants = damaged(&sealed_in_order(&plaintext[..len]));
            for (index, variant) in variants.iter().enumerate() {
                let expected = opened(variant, Jobs::ONE, None);
                assert_eq!(expected.1.is_ok(), index == 0);
                for by in [2, 7] {
                    assert_eq!(opened(variant, jobs(by), None), expected, "{index} by {by}");
                    let by_position = opened_by_position(variant, jobs(by));
                    let expected = expected.1.is_ok().then(|| expected.0.clone());
                    // Short messages are not opened by position.
                    if len >= 250 || by_position.is_some() {
                        assert_eq!(by_position, expected, "{index} by {by}");
                    }
                }
            }
        }
    }

    fn signed_by_position(message: &[u8], by: Jobs, key: &PublicKey) -> Option<Vec<u8>> {
        let layout = Layout { header_len: 0, frame_length: FRAME };
        let (file, output, cipher) = (file_of(message), file_of(b""), opener());
        let open = |output| {
            let source = SizedSource { source: &file, claimed_len: message.len() as u64 };
            let frames = PlacedFrames { cipher: &cipher, layout, source };
            signed::open(frames, Verifier::new(key.clone()), output, by, &NoProgress).unwrap()
        };
        let opened = open(Some(&output));
        assert_eq!(opened, open(None));
        let plaintext = contents(output);
        opened.map(|len| {
            assert_eq!(plaintext.len() as u64, len);
            plaintext
        })
    }

    #[test]
    fn what_is_sealed_by_position_is_signed_in_the_order_of_its_bytes() {
        for len in [0, 10, 60, 119, 120, 121, 1000, 1201] {
            let plaintext: Vec<u8> = (0..=250).cycle().take(len).collect();
            let expected = sealed_in_order(&plaintext);
            for by in [2, 7] {
                let mut signer = Signer::generate().unwrap();
                let mut context = EncryptionContext::default();
                context.insert_allowing_reserved(PUBLIC_KEY, &signer.public_key()).unwrap();
                let key = PublicKey::of(Suite::SIGNED, &context).unwrap().unwrap();
                let layout = Layout { header_len: 0, frame_length: FRAME };
                let (file, output, sealer) = (file_of(&plaintext), file_of(b""), sealer().0);
                let source = SizedSource { source: &file, claimed_len: len as u64 };
                let placed = PlacedOutput { file: &output, layout };
                let frames =
                    signed::seal(&sealer, &source, placed, &mut signer, jobs(by), &NoProgress);
                let done = frames.unwrap() as usize * 42;
                assert!(contents(output)[..done] == expected[..done], "{len} by {by}");
                signer.update(&expected[done..]);
                let mut verifier = Verifier::new(key);
                verifier.update(&expected);
                assert!(verifier.verify(&signer.footer().unwrap()[2..]), "{len} by {by}");
            }
        }
    }

    #[test]
    fn a_signature_is_checked_by_one_thread_and_by_several() {
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
        let flipped: Vec<_> = (0..body.len())
            .step_by(7)
            .map(|at| {
                let mut flipped = good.clone();
                flipped[at] ^= 1;
                flipped
            })
            .collect();
        let cut = &good[..good.len() - 1];
        let longer = [&good[..], b"x"].concat();
        for (variant, is_good) in
            [(&good[..], true), (&forged, false), (cut, false), (&longer, false)]
                .into_iter()
                .chain(flipped.iter().map(|it| (&it[..], false)))
        {
            let expected = opened(variant, Jobs::ONE, Some(Verifier::new(key.clone())));
            assert_eq!(expected.1.is_ok(), is_good);
            for by in [2, 7] {
                let verifier = Some(Verifier::new(key.clone()));
                assert_eq!(opened(variant, jobs(by), verifier), expected);
                let by_position = signed_by_position(variant, jobs(by), &key);
                assert_eq!(by_position, is_good.then(|| plaintext.to_vec()));
            }
        }
    }

    #[test]
    fn a_failing_source_or_output_ends_the_work_with_its_error() {
        /// Fails after this many bytes.
        struct FailingAfter<T>(T, usize);

        impl<T: Read> Read for FailingAfter<T> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let read = self.0.read(buffer)?;
                self.1 = self.1.checked_sub(read).ok_or(io::ErrorKind::TimedOut)?;
                Ok(read)
            }
        }

        impl<T: Write> Write for FailingAfter<T> {
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
            let mut source = FailingAfter(&plaintext[..], after);
            let sealer = sealer().0;
            let body = BodySealer::new(&sealer, FRAME);
            let error =
                pool::seal(body, &mut source, &mut written, jobs(3), &NoProgress).unwrap_err();
            assert!(matches!(error, PipelineError::Read(_)), "{error}");
            // What was written cannot be taken for a whole message.
            assert!(opened(&written, Jobs::ONE, None).1.is_err());
            let mut output = FailingAfter(Vec::new(), after);
            let error = pool::seal(body, &mut &plaintext[..], &mut output, jobs(3), &NoProgress)
                .unwrap_err();
            assert!(matches!(error, PipelineError::Write(_)), "{error}");
            let (cipher, limits, content) =
                (opener(), Limits::default(), ContentType::Framed(FRAME));
            let body = || BodyOpener { cipher: &cipher, content, start: 0, limits, verifier: None };
            let mut output = FailingAfter(Vec::new(), after);
            let error =
                open(body(), &mut &message[..], &mut output, jobs(3), &NoProgress).unwrap_err();
            assert!(matches!(error, PipelineError::Write(_)), "{error}");
            let mut source = FailingAfter(&message[..], after);
            let error =
                open(body(), &mut source, &mut Vec::new(), jobs(3), &NoProgress).unwrap_err();
            assert!(matches!(error, PipelineError::Message(MessageError::Read(_))), "{error}");
        }
    }
}
