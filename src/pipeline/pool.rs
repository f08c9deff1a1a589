//! Streams: workers take turns at reading, seal or open what they have read, and the calling thread writes it in
//! order.
//!
//! A signed message is hashed where it is read, and what is to be signed where it is written: both beside the other
//! workers, and not in front of them. The first error in the order of the bytes decides, as in the sequential
//! reader, and all that was written before it is authentic.

use std::io::{Read, Write};
use std::mem;
use std::num::NonZeroU32;

use super::body::Body;
use super::body_reader::Opening;
use super::in_order::{Filled, run_in_order};
use super::{Jobs, PipelineError, Progress, frames_a_run, seal_regular};
use crate::crypto::engine::{Iv, TAG_LEN, Tag};
use crate::crypto::secret::SecretBytes;
use crate::fs::read_full::read_full;
use crate::message::frame::{FrameKind, FrameOpener, FrameSealer, final_prefix};
use crate::message::layout::{FINAL_PREFIX, REGULAR_OVERHEAD, REGULAR_PREFIX};
use crate::message::{MessageError, MessagePart};

/// Bytes of a run: one frame of the usual length, which is so released as soon as its tag holds, and a slow
/// stream is not held up. Tests have a short one.
const RUN: usize = if cfg!(test) { 64 } else { 64 << 10 };

/// Bytes of a run of a signed message that is opened: it is of use only as a whole, and the hash, which
/// is what takes the time, stands still while the next worker wakes up to read.
const SIGNED_RUN: usize = 4 * RUN;

/// Seals all of `source` into frames, and returns how many bytes it had.
///
/// # Errors
/// As [`super::sequential::seal`].
pub fn seal(
    cipher: &FrameSealer,
    frame_length: NonZeroU32,
    source: &mut (impl Read + Send),
    output: &mut impl Write,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    seal_from(NonZeroU32::MIN, cipher, frame_length, source, output, jobs, progress)
}

/// The same from frame `sequence` on.
fn seal_from(
    mut sequence: NonZeroU32,
    cipher: &FrameSealer,
    frame_length: NonZeroU32,
    source: &mut (impl Read + Send),
    output: &mut impl Write,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let frames = frames_a_run(frame_length, RUN);
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
        // Most inputs are small: they need no threads.
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
            // The last one is known by what follows it: nothing.
            if pending.is_full() {
                next.fill(source)?;
            } else {
                next.plaintext_len = 0;
            }
            let is_last = next.plaintext_len == 0;
            let mut run = mem::replace(&mut pending, next);
            (run.first, run.is_last) = (sequence, is_last);
            // Before any of its frames is sealed: no two may have one number.
            sequence = run.require_numbers()?.saturating_add(1);
            Ok(Filled { run, is_last })
        },
        |run| run.seal(cipher),
        write,
    )?;
    Ok(total)
}

/// Opens a framed body, and returns how many bytes of plaintext it held.
///
/// # Errors
/// As [`super::sequential::open`].
pub fn open(
    opening: Opening<&FrameOpener>,
    frame_length: NonZeroU32,
    source: &mut (impl Read + Send),
    output: &mut impl Write,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    let Opening { cipher, start, verifier, .. } = opening;
    let run = if verifier.is_some() { SIGNED_RUN } else { RUN };
    let frames = frames_a_run(frame_length, run);
    let mut body = Body::new(source, start, verifier);
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
    // The first run needs no threads, and most inputs have no other. Its result takes the end out of it.
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
            Ok(Filled { is_last: run.is_end(), run })
        },
        |run| run.open(cipher),
        write,
    )?;
    Ok(total)
}

/// Frames to be sealed: `prefix | plaintext | tag` each, one after the other.
struct SealRun {
    /// Wiped on drop, since it held plaintext.
    bytes: SecretBytes,
    frame_length: usize,
    /// Of all frames.
    plaintext_len: usize,
    first: NonZeroU32,
    is_last: bool,
    /// Bytes of the sealed frames.
    sealed_len: usize,
}

impl SealRun {
    fn new(frame_length: NonZeroU32, frames: usize) -> Self {
        let frame_length = frame_length.get() as usize;
        // The prefix of a final frame is longer.
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

    /// The number of its last frame, if the format has numbers for all of them.
    fn require_numbers(&self) -> Result<NonZeroU32, PipelineError> {
        let more = u32::try_from(self.frames().saturating_sub(1)).unwrap_or(u32::MAX);
        let last = self.first.checked_add(more).ok_or(PipelineError::TooLong)?;
        // As in the sequential sealer, the last number of all is not used.
        if last < NonZeroU32::MAX { Ok(last) } else { Err(PipelineError::TooLong) }
    }

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
            // No number repeats: `require_numbers` has seen the last one.
            seal_regular(cipher, sequence, frame);
            sequence = sequence.saturating_add(1);
        }
        self.sealed_len = regular * stride;
        if is_last {
            let len = self.plaintext_len - regular * frame_length;
            let frame = &mut bytes[regular * stride..];
            // Once a message: its plaintext makes room for the longer prefix.
            frame.copy_within(REGULAR_PREFIX..REGULAR_PREFIX + len, FINAL_PREFIX);
            let (prefix, rest) = frame.split_at_mut(FINAL_PREFIX);
            let (plaintext, rest) = rest.split_at_mut(len);
            // A frame's length has 32 bits.
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

/// Frames to be opened: their ciphertexts one after the other, and beside them what stood around each.
struct OpenRun {
    /// Wiped on drop, since it comes to hold plaintext.
    bytes: SecretBytes,
    frame_length: usize,
    most: usize,
    frames: Vec<Frame>,
    /// What the reader found behind the frames: an error, or, behind the final frame, nothing.
    end: Option<Result<(), PipelineError>>,
    /// Frames that were opened.
    opened: usize,
}

struct Frame {
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

    fn is_end(&self) -> bool {
        self.end.is_some()
    }

    /// Reads frames, until it is full or the reader knows how the message ends.
    fn fill<R: Read>(
        &mut self,
        body: &mut Body<R>,
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
        body: &mut Body<R>,
        sequence: NonZeroU32,
        frame_length: NonZeroU32,
    ) -> Result<FrameKind, MessageError> {
        let (kind, iv, len) = body.take_prefix(sequence, frame_length)?;
        let (start, len) = (self.frames.len() * self.frame_length, len as usize);
        body.take(&mut self.bytes.expose_mut()[start..start + len])?;
        let tag = body.take_array()?;
        self.frames.push(Frame { sequence, kind, iv, tag, len });
        Ok(kind)
    }

    fn open(&mut self, cipher: &FrameOpener) {
        let places = self.bytes.expose_mut().chunks_exact_mut(self.frame_length);
        for (frame, place) in self.frames.iter().zip(places) {
            let Frame { sequence, kind, iv, tag, len } = frame;
            if cipher.open(*sequence, *kind, iv, &mut place[..*len], tag).is_err() {
                return;
            }
            self.opened += 1;
        }
    }

    /// The plaintext that may be released, and what follows it.
    fn result(&mut self) -> (&[u8], Result<(), PipelineError>) {
        let mut released = self.opened;
        let result = match self.frames.get(self.opened) {
            Some(bad) => {
                let part = MessagePart::Frame(bad.sequence.get());
                Err(MessageError::Authentication { part }.into())
            }
            None => match self.end.take() {
                Some(Err(error)) => {
                    // The last frame waits for what comes after it.
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

    #[test]
    fn no_two_frames_have_one_number_also_where_the_numbers_end() {
        let data_key = DataKey::new(SecretBytes::copy_of(&[3; 32]));
        let (key, _) = derive(Suite::COMMITTING, &data_key, &[4; 32].into());
        let (cipher, _) = FrameSealer::begin(&key, &[4; 32].into(), b"header", b"");
        let frame_length = NonZeroU32::new(10).unwrap();
        let jobs = Jobs::new(std::num::NonZeroUsize::new(3).unwrap());
        for left in 1..20 {
            // Numbers up to the last but one are good.
            let first = NonZeroU32::new(u32::MAX - left).unwrap();
            for frames in (left.max(3) - 2)..left + 9 {
                let plaintext = vec![7; frames as usize * 10];
                let mut output = Vec::new();
                let mut source = &plaintext[..];
                let result =
                    seal_from(first, &cipher, frame_length, &mut source, &mut output, jobs, &());
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
