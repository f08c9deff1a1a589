//! Seals and opens streams on several threads: workers take turns at reading, each seals or opens what it has read,
//! and the calling thread writes the results in order.
//!
//! When a signed message is opened, the reading worker hashes it, and when one is sealed, the writer hashes it. In
//! both cases the other workers go on meanwhile. As in the sequential opener, the first error in the order of the
//! bytes is reported, and all that was written before it is authentic.

use std::io::{Read, Write};
use std::mem;
use std::num::NonZeroU32;

use super::body::{BodyParser, FrameStart};
use super::body_reader::BodyOpener;
use super::in_order::{ReadRun, run_in_order};
use super::{
    BodySealer, Jobs, PipelineError, Progress, Release, frames_a_run, seal_regular, sequential,
};
use crate::crypto::engine::{Iv, TAG_LEN, Tag};
use crate::crypto::secret::SecretBytes;
use crate::fs::read_full::read_full;
use crate::message::frame::{FrameKind, FrameOpener, FrameSealer, final_prefix};
use crate::message::header::ContentType;
use crate::message::layout::{FINAL_PREFIX, REGULAR_OVERHEAD, REGULAR_PREFIX};
use crate::message::{MessageError, MessagePart};

/// Bytes of a run. It is one frame of the default length, so that a frame of a slow stream is released as soon as its
/// tag was verified. Tests use short runs.
const RUN: usize = if cfg!(test) { 64 } else { 64 << 10 };

/// Bytes of a run when a signed message is opened. Longer runs are faster here: hashing takes most of the time, and
/// pauses while the next worker wakes up to read. An early release is worth little, since the message is of use only
/// when its signature was verified.
const SIGNED_RUN: usize = 4 * RUN;

/// Bytes of a run where nobody waits for single frames.
const LONG_RUN: usize = 4 * RUN;

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
    let BodySealer { cipher, frame_length, first: mut sequence, release } = body;
    let run = if release == Release::Runs { LONG_RUN } else { RUN };
    let frames = frames_a_run(frame_length, run);
    let mut first = SealRun::new(frame_length, frames);
    first.fill(source)?;
    let mut total = 0;
    let mut write = |run: &mut SealRun| {
        output.write_all(run.bytes()).map_err(PipelineError::Write)?;
        total += run.plaintext_len as u64;
        progress.advance(run.plaintext_len as u64);
        Ok(())
    };
    if !first.is_full() {
        // The source fits into one run, which needs no threads.
        (first.first, first.is_last) = (sequence, true);
        first.require_numbers()?;
        first.seal(cipher);
        write(&mut first)?;
        return Ok(total);
    }
    let mut pending = first;
    run_in_order(
        jobs,
        || SealRun::new(frame_length, frames),
        |mut next| {
            // A full run is the last one if nothing follows it, which only reading the next run can tell.
            if pending.is_full() {
                next.fill(source)?;
            } else {
                next.plaintext_len = 0;
            }
            let is_last = next.plaintext_len == 0;
            let mut run = mem::replace(&mut pending, next);
            (run.first, run.is_last) = (sequence, is_last);
            // The numbers are checked before any frame is sealed, since no two frames may have the same number.
            sequence = run.require_numbers()?.saturating_add(1);
            Ok(ReadRun { run, is_last })
        },
        |run| run.seal(cipher),
        write,
    )?;
    Ok(total)
}

/// Opens a body, and returns the length of its plaintext. A body without frames is opened on one thread.
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
    let ContentType::Framed(frame_length) = body.content else {
        return sequential::open(body, source, output, progress);
    };
    let BodyOpener { cipher, start, verifier, .. } = body;
    let run = if verifier.is_some() { SIGNED_RUN } else { RUN };
    let frames = frames_a_run(frame_length, run);
    let mut body = BodyParser::new(source, start, verifier);
    let mut sequence = NonZeroU32::MIN;
    let mut first = OpenRun::new(frame_length, frames);
    first.fill(&mut body, &mut sequence, frame_length);
    let mut total = 0;
    let mut write = |run: &mut OpenRun| {
        let (bytes, result) = run.result();
        output.write_all(bytes).map_err(PipelineError::Write)?;
        total += bytes.len() as u64;
        progress.advance(bytes.len() as u64);
        result
    };
    // The first run needs no threads, and most inputs have no other. `write` takes the end out of the run, so it is
    // asked for before.
    let is_all = first.is_end();
    first.open(cipher);
    write(&mut first)?;
    if is_all {
        return Ok(total);
    }
    drop(first);
    run_in_order(
        jobs,
        || OpenRun::new(frame_length, frames),
        |mut run| {
            run.fill(&mut body, &mut sequence, frame_length);
            Ok(ReadRun { is_last: run.is_end(), run })
        },
        |run| run.open(cipher),
        write,
    )?;
    Ok(total)
}

/// A run of frames to be sealed, in place: `prefix | plaintext | tag` for each, one after the other.
struct SealRun {
    /// Wiped on drop, since it held plaintext.
    bytes: SecretBytes,
    frame_length: usize,
    /// The length of the plaintext of all frames.
    plaintext_len: usize,
    /// The number of the first frame.
    first: NonZeroU32,
    /// Whether the last frame of the run is the final frame of the message.
    is_last: bool,
    /// The length of the sealed frames.
    sealed_len: usize,
}

impl SealRun {
    fn new(frame_length: NonZeroU32, frames: usize) -> Self {
        let frame_length = frame_length.get() as usize;
        // The last frame may turn out to be the final one, whose prefix is longer.
        let len = frames * (frame_length + REGULAR_OVERHEAD) + FINAL_PREFIX - REGULAR_PREFIX;
        Self {
            bytes: SecretBytes::zeroed(len),
            frame_length,
            plaintext_len: 0,
            first: NonZeroU32::MIN,
            is_last: false,
            sealed_len: 0,
        }
    }

    fn stride(&self) -> usize {
        self.frame_length + REGULAR_OVERHEAD
    }

    fn frames(&self) -> usize {
        self.plaintext_len.div_ceil(self.frame_length)
    }

    fn is_full(&self) -> bool {
        self.plaintext_len == self.bytes.len() / self.stride() * self.frame_length
    }

    /// Returns the number of the last frame.
    ///
    /// # Errors
    /// [`PipelineError::TooLong`] if the format has not enough numbers for all frames.
    fn require_numbers(&self) -> Result<NonZeroU32, PipelineError> {
        let more = u32::try_from(self.frames().saturating_sub(1)).unwrap_or(u32::MAX);
        let last = self.first.checked_add(more).ok_or(PipelineError::TooLong)?;
        // The greatest number is never used, as in the sequential sealer.
        if last < NonZeroU32::MAX { Ok(last) } else { Err(PipelineError::TooLong) }
    }

    /// Reads plaintext until the run is full or `source` ends.
    fn fill(&mut self, source: &mut impl Read) -> Result<(), PipelineError> {
        let (stride, frame_length) = (self.stride(), self.frame_length);
        self.plaintext_len = 0;
        for frame in self.bytes.expose_mut().chunks_exact_mut(stride) {
            let room = &mut frame[REGULAR_PREFIX..][..frame_length];
            let read = read_full(source, room).map_err(PipelineError::Read)?;
            self.plaintext_len += read;
            if read < frame_length {
                break;
            }
        }
        Ok(())
    }

    fn seal(&mut self, cipher: &FrameSealer) {
        let (stride, frame_length, is_last) = (self.stride(), self.frame_length, self.is_last);
        let regular = match (self.frames(), is_last) {
            (frames, true) => frames.saturating_sub(1),
            (frames, false) => frames,
        };
        let mut sequence = self.first;
        let bytes = self.bytes.expose_mut();
        for frame in bytes.chunks_exact_mut(stride).take(regular) {
            // The number never saturates: `require_numbers` has checked the last one.
            seal_regular(cipher, sequence, frame);
            sequence = sequence.saturating_add(1);
        }
        self.sealed_len = regular * stride;
        if is_last {
            let len = self.plaintext_len - regular * frame_length;
            let frame = &mut bytes[regular * stride..];
            // Moves the plaintext to make room for the longer prefix, which happens once a message.
            frame.copy_within(REGULAR_PREFIX..REGULAR_PREFIX + len, FINAL_PREFIX);
            let (prefix, rest) = frame.split_at_mut(FINAL_PREFIX);
            let (plaintext, rest) = rest.split_at_mut(len);
            // The conversion cannot fail: the plaintext is at most a frame length, which has 32 bits.
            prefix.copy_from_slice(&final_prefix(sequence, u32::try_from(len).unwrap_or(u32::MAX)));
            let tag = cipher.seal(sequence, FrameKind::Final, plaintext);
            rest[..TAG_LEN].copy_from_slice(&tag);
            self.sealed_len += FINAL_PREFIX + len + TAG_LEN;
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes.expose()[..self.sealed_len]
    }
}

/// A run of frames to be opened.
struct OpenRun {
    /// The ciphertexts, one after the other; decrypted in place, and wiped on drop.
    bytes: SecretBytes,
    frame_length: usize,
    /// The greatest number of frames in the run.
    most: usize,
    /// The other fields of the frames.
    frames: Vec<EncryptedFrame>,
    /// How the message ends, once the reader knows: with an error, or properly behind the final frame.
    end: Option<Result<(), PipelineError>>,
    /// How many frames, from the first on, were found authentic.
    opened: usize,
}

/// The fields of a frame besides its ciphertext.
struct EncryptedFrame {
    sequence: NonZeroU32,
    kind: FrameKind,
    iv: Iv,
    tag: Tag,
    len: usize,
}

impl OpenRun {
    fn new(frame_length: NonZeroU32, most: usize) -> Self {
        let frame_length = frame_length.get() as usize;
        let bytes = SecretBytes::zeroed(most * frame_length);
        Self { bytes, frame_length, most, frames: Vec::with_capacity(most), end: None, opened: 0 }
    }

    /// Returns whether no run follows this one.
    fn is_end(&self) -> bool {
        self.end.is_some()
    }

    /// Reads frames until the run is full or the message ends.
    fn fill<R: Read>(
        &mut self,
        body: &mut BodyParser<R>,
        sequence: &mut NonZeroU32,
        frame_length: NonZeroU32,
    ) {
        self.frames.clear();
        (self.end, self.opened) = (None, 0);
        while self.frames.len() < self.most && self.end.is_none() {
            match self.fill_one(body, *sequence, frame_length) {
                Err(error) => self.end = Some(Err(error.into())),
                Ok(FrameKind::Final) => self.end = Some(body.end().map_err(Into::into)),
                Ok(_) => match sequence.checked_add(1) {
                    Some(next) => *sequence = next,
                    None => self.end = Some(Err(PipelineError::TooLong)),
                },
            }
        }
    }

    fn fill_one<R: Read>(
        &mut self,
        body: &mut BodyParser<R>,
        sequence: NonZeroU32,
        frame_length: NonZeroU32,
    ) -> Result<FrameKind, MessageError> {
        let FrameStart { kind, iv, len } = body.take_frame_start(sequence, frame_length)?;
        let (start, len) = (self.frames.len() * self.frame_length, len as usize);
        body.take(&mut self.bytes.expose_mut()[start..start + len])?;
        let tag = body.take_array()?;
        self.frames.push(EncryptedFrame { sequence, kind, iv, tag, len });
        Ok(kind)
    }

    /// Decrypts the frames in place, up to the first one that is not authentic.
    fn open(&mut self, cipher: &FrameOpener) {
        let places = self.bytes.expose_mut().chunks_exact_mut(self.frame_length);
        for (frame, place) in self.frames.iter().zip(places) {
            let EncryptedFrame { sequence, kind, iv, tag, len } = frame;
            if cipher.open(*sequence, *kind, iv, &mut place[..*len], tag).is_err() {
                return;
            }
            self.opened += 1;
        }
    }

    /// Returns the plaintext that may be written, and the error that follows it, if one does.
    fn result(&mut self) -> (&[u8], Result<(), PipelineError>) {
        let mut released = self.opened;
        let result = match self.frames.get(self.opened) {
            Some(bad) => {
                let part = MessagePart::Frame(bad.sequence.get());
                Err(MessageError::Authentication { part }.into())
            }
            None => match self.end.take() {
                Some(Err(error)) => {
                    // The final frame is held back: its footer is wrong, or bytes follow it.
                    let is_final = self.frames.last().is_some_and(|it| it.kind == FrameKind::Final);
                    released -= usize::from(is_final);
                    Err(error)
                }
                Some(Ok(())) | None => Ok(()),
            },
        };
        let len = self.frames[..released].iter().map(|frame| frame.len).sum();
        (&self.bytes.expose()[..len], result)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::crypto::secret::DataKey;
    use crate::message::derivation::derive;
    use crate::message::frame::{FramePrefix, is_end_marker};
    use crate::message::suite::Suite;
    use crate::pipeline::NoProgress;

    #[test]
    fn no_number_is_used_twice_where_the_numbers_run_out() {
        let data_key = DataKey::new(SecretBytes::copy_of(&[3; 32]));
        let (key, _) = derive(Suite::COMMITTING, &data_key, &[4; 32].into());
        let (cipher, _) = FrameSealer::begin(&key, &[4; 32].into(), b"header", b"");
        let frame_length = NonZeroU32::new(10).unwrap();
        let jobs = Jobs::new(std::num::NonZeroUsize::new(3).unwrap());
        for left in 1..20 {
            // All numbers but the greatest may be used.
            let first = NonZeroU32::new(u32::MAX - left).unwrap();
            for frames in (left.max(3) - 2)..left + 9 {
                let plaintext = vec![7; frames as usize * 10];
                let mut output = Vec::new();
                let mut source = &plaintext[..];
                let body = BodySealer { first, ..BodySealer::new(&cipher, frame_length) };
                let result = seal(body, &mut source, &mut output, jobs, &NoProgress);
                assert_eq!(result.is_ok(), frames <= left, "{frames} with {left} left");
                let mut numbers = BTreeSet::new();
                for frame in output.chunks(10 + REGULAR_OVERHEAD) {
                    let prefix = frame.first_chunk::<REGULAR_PREFIX>().unwrap();
                    if is_end_marker([prefix[0], prefix[1], prefix[2], prefix[3]]) {
                        break;
                    }
                    let number = FramePrefix::of_regular(prefix).sequence;
                    assert!(number < u32::MAX && numbers.insert(number), "{number}");
                }
            }
        }
    }
}
