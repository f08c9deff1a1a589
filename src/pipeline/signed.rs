//! Seals and opens signed messages from file to file. Workers read, seal or open, and write runs by position, as in
//! [`positional`](super::positional); the calling thread only hashes the runs, in their order.
//!
//! One hash over the message takes longer than all other work on it. So the hash never waits for a system call, and
//! two workers are enough to stay ahead of it.

use std::fs::File;
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::fs::FileExt as _;
use std::sync::{Mutex, PoisonError};

use super::in_order::{ReadRun, run_in_order};
use super::placed_frames::{PlacedFrames, ReadAt, SizedSource};
use super::positional::{
    PlacedOutput, is_too_small_for_threads, open_run, seal_run, write_all_vectored_at,
};
use super::{Jobs, PipelineError, Progress, frames_a_run};
use crate::crypto::secret::SecretBytes;
use crate::message::frame::{FrameOpener, FrameSealer};
use crate::message::layout::REGULAR_OVERHEAD;
use crate::message::signature::{FOOTER_PREFIX, Signer, Verifier};
use crate::message::{MessageError, MessagePart};

/// Bytes of a run. With shorter ones, the hash waits more often for a worker that has to wake up.
const RUN: usize = if cfg!(test) { 64 } else { 64 << 10 };

/// The workers are one more than this: two of them keep ahead of the hash.
const MOST_JOBS: NonZeroUsize = NonZeroUsize::MIN;

/// Consecutive frames, and what came of them.
struct Run {
    first: u32,
    count: u32,
    /// The frames as they are in the message, which is what is hashed, in the first `len` bytes.
    message: SecretBytes,
    len: usize,
    result: Result<(), PipelineError>,
}

/// Seals the frames of `plaintext` that are sure not to be the last one, writes each to its place, shows them to
/// `signer`, and returns how many they are, as [`positional::seal`](super::positional::seal) does.
///
/// # Errors
/// As [`positional::seal`](super::positional::seal).
pub fn seal(
    cipher: &FrameSealer,
    plaintext: &SizedSource<&impl ReadAt>,
    output: PlacedOutput<'_>,
    signer: &mut Signer,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u32, PipelineError> {
    let PlacedOutput { file, layout } = output;
    let frame_length = layout.frame_length.get();
    let frames = layout.frame_count(plaintext.claimed_len).ok_or(PipelineError::TooLong)?.get() - 1;
    let run = frames_a_run(layout.frame_length, RUN);
    if is_too_small_for_threads(frames, run, frame_length, jobs) {
        return Ok(0);
    }
    let work = |run: &mut Run| {
        let message = &mut run.message.expose_mut()[..run.len];
        seal_run(cipher, plaintext, frame_length, message, run.first)?;
        let start = layout.frame_start(NonZeroU32::MIN.saturating_add(run.first));
        let start = start.ok_or(PipelineError::TooLong)?;
        file.write_all_at(message, start).map_err(PipelineError::Write)
    };
    let hash = |run: &mut Run| {
        signer.update(&run.message.expose()[..run.len]);
        progress.advance(u64::from(run.count) * u64::from(frame_length));
    };
    for_each_run_in_order(jobs, frames, run, frame_length, work, hash)?;
    Ok(frames)
}

/// Opens the frames of a signed message, writes the plaintext of each to its place in `output`, verifies the signature,
/// and returns the length of the plaintext. Without an `output`, the message is only verified.
///
/// The result is `None` in the cases of [`positional::open`](super::positional::open), and where the signature does not
/// hold, or its footer is not as long as footers usually are. What `output` holds is then to be discarded.
///
/// # Errors
/// [`PipelineError::Write`].
pub fn open(
    frames: PlacedFrames<&FrameOpener, &impl ReadAt>,
    mut verifier: Verifier,
    output: Option<&File>,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<Option<u64>, PipelineError> {
    let PlacedFrames { cipher, layout, source: SizedSource { source, claimed_len: size } } = frames;
    let frame_length = layout.frame_length.get();
    let mut footer = vec![0; verifier.usual_footer_len()];
    let Some(claimed_len) = size.checked_sub(footer.len() as u64) else { return Ok(None) };
    let frames = PlacedFrames { cipher, layout, source: SizedSource { source, claimed_len } };
    let Some(last) = frames.final_sequence() else { return Ok(None) };
    let (regular, run) = (last.get() - 1, frames_a_run(layout.frame_length, RUN));
    if is_too_small_for_threads(regular, run, frame_length, jobs) {
        return Ok(None);
    }
    let Some(end) = frames.read_final(last) else { return Ok(None) };
    let Some(end_plaintext) = frames.open_final(last, &end) else { return Ok(None) };

    // Where the workers decrypt. What waits to be hashed needs no room for that, which halves the memory.
    let run_len = run * (frame_length as usize + REGULAR_OVERHEAD);
    let copies = Mutex::new(Vec::<SecretBytes>::new());
    let work = |run: &mut Run| {
        let number = NonZeroU32::MIN.saturating_add(run.first);
        let bad = || MessageError::Authentication { part: MessagePart::Frame(number.get()) };
        let start = layout.frame_start(number).ok_or_else(bad)?;
        let message = &mut run.message.expose_mut()[..run.len];
        source.read_exact_at(message, start).map_err(|_| bad())?;
        // What is hashed is what is decrypted, also if the file is being changed.
        let free = copies.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut copy = free.unwrap_or_else(|| SecretBytes::zeroed(run_len));
        let plaintext = &mut copy.expose_mut()[..message.len()];
        plaintext.copy_from_slice(message);
        let mut plaintexts =
            open_run(cipher, frame_length, plaintext, run.first).ok_or_else(bad)?;
        if let Some(output) = output {
            let place = u64::from(run.first) * u64::from(frame_length);
            write_all_vectored_at(output, &mut plaintexts, place).map_err(PipelineError::Write)?;
        }
        copies.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
        Ok(())
    };
    let hash = |run: &mut Run| {
        verifier.update(&run.message.expose()[..run.len]);
        progress.advance(u64::from(run.count) * u64::from(frame_length));
    };
    match for_each_run_in_order(jobs, regular, run, frame_length, work, hash) {
        Ok(()) => {}
        Err(PipelineError::Message(_)) => return Ok(None),
        Err(error) => return Err(error),
    }
    verifier.update(&end);
    if source.read_exact_at(&mut footer, claimed_len).is_err() {
        return Ok(None);
    }
    let (len, signature) = footer.split_at(FOOTER_PREFIX);
    let is_whole = usize::from(u16::from_be_bytes([len[0], len[1]])) == signature.len()
        && source.read_exact_at(&mut [0], size).is_err();
    if !is_whole || !verifier.verify(signature) {
        return Ok(None);
    }
    let before = u64::from(regular) * u64::from(frame_length);
    if let Some(output) = output {
        output.write_all_at(end_plaintext.expose(), before).map_err(PipelineError::Write)?;
    }
    progress.advance(end_plaintext.len() as u64);
    Ok(Some(before + end_plaintext.len() as u64))
}

/// Has workers do `work` on all `frames` in runs of `most` frames, and the calling thread `hash` each run whose work has
/// succeeded, in order, up to the first one that failed.
fn for_each_run_in_order(
    jobs: Jobs,
    frames: u32,
    most: usize,
    frame_length: u32,
    work: impl Fn(&mut Run) -> Result<(), PipelineError> + Sync,
    mut hash: impl FnMut(&mut Run),
) -> Result<(), PipelineError> {
    let stride = frame_length as usize + REGULAR_OVERHEAD;
    let most_frames = u32::try_from(most).unwrap_or(u32::MAX);
    let new = || Run {
        first: 0,
        count: 0,
        message: SecretBytes::zeroed(most * stride),
        len: 0,
        result: Ok(()),
    };
    let mut next = 0;
    run_in_order(
        Jobs::new(MOST_JOBS.min(jobs.0)),
        new,
        |mut run: Run| {
            run.first = next;
            run.count = most_frames.min(frames - next);
            run.len = run.count as usize * stride;
            next += run.count;
            Ok(ReadRun { run, is_last: next == frames })
        },
        |run| run.result = work(run),
        |run| {
            std::mem::replace(&mut run.result, Ok(()))?;
            hash(run);
            Ok(())
        },
    )
}
