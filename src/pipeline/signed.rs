//! Seals and opens signed messages from file to file. Workers read, seal or open, and write runs by position, as in
//! [`positional`](super::positional); the calling thread only hashes the runs, in their order.
//!
//! One hash over the message takes longer than all other work on it. So the hash never waits for a system call, and
//! two workers are enough to stay ahead of it.

use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use super::in_order::{ReadRun, run_in_order};
use super::placed_frames::{PlacedFrames, ReadAt, SizedSource};
use super::positional::{
    PlacedOutput, is_too_small_for_threads, open_run, read_run, seal_run, write_end,
};
use super::{Jobs, PipelineError, Progress, frames_a_run};
use crate::crypto::secret::SecretBytes;
use crate::message::frame::{FrameOpener, FrameSealer};
use crate::message::layout::REGULAR_OVERHEAD;
use crate::message::signature::{FOOTER_PREFIX, Signer, Verifier};

/// Bytes of a run. With shorter ones, the hash waits more often for a worker that has to wake up.
const RUN: usize = if cfg!(test) { 64 } else { 64 << 10 };

/// The workers are one more than this: two of them keep ahead of the hash.
const MOST_JOBS: NonZeroUsize = NonZeroUsize::MIN;

/// Consecutive frames, and what came of them.
struct Run {
    first: u32,
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
    let layout = output.layout;
    let frame_length = layout.frame_length.get();
    let frames = layout.frame_count(plaintext.claimed_len).ok_or(PipelineError::TooLong)?.get() - 1;
    let run = frames_a_run(layout.frame_length, RUN);
    if is_too_small_for_threads(frames, run, frame_length, jobs) {
        return Ok(0);
    }
    let work = |buffer: &mut [u8], first| seal_run(cipher, plaintext, output, buffer, first);
    let hash = |bytes: &[u8]| signer.update(bytes);
    for_each_run_in_order(jobs, frames, run, frame_length, progress, work, hash)?;
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
    let work = |message: &mut [u8], first| {
        read_run(&frames, message, first)?;
        // What is hashed is what is decrypted, also if the file is being changed.
        let free = copies.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut copy = free.unwrap_or_else(|| SecretBytes::zeroed(run_len));
        let plaintext = &mut copy.expose_mut()[..message.len()];
        plaintext.copy_from_slice(message);
        open_run(&frames, output, plaintext, first)?;
        copies.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
        Ok(())
    };
    let hash = |bytes: &[u8]| verifier.update(bytes);
    match for_each_run_in_order(jobs, regular, run, frame_length, progress, work, hash) {
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
    write_end(&end_plaintext, before, output, progress).map(Some)
}

/// Has workers do `work` on all `frames` in runs of `most` frames, and the calling thread `hash` the bytes of each run whose
/// work has succeeded, in order, up to the first one that failed.
///
/// `work` gets a buffer with room for the frames of a run, and the index (from 0) of the first of them.
fn for_each_run_in_order(
    jobs: Jobs,
    frames: u32,
    most: usize,
    frame_length: u32,
    progress: &dyn Progress,
    work: impl Fn(&mut [u8], u32) -> Result<(), PipelineError> + Sync,
    mut hash: impl FnMut(&[u8]),
) -> Result<(), PipelineError> {
    let stride = frame_length as usize + REGULAR_OVERHEAD;
    let most_frames = u32::try_from(most).unwrap_or(u32::MAX);
    let message = || SecretBytes::zeroed(most * stride);
    let new = || Run { first: 0, message: message(), len: 0, result: Ok(()) };
    let mut next = 0;
    run_in_order(
        Jobs::new(MOST_JOBS.min(jobs.0)),
        new,
        |mut run: Run| {
            let count = most_frames.min(frames - next);
            (run.first, run.len) = (next, count as usize * stride);
            next += count;
            Ok(ReadRun { run, is_last: next == frames })
        },
        |run| run.result = work(&mut run.message.expose_mut()[..run.len], run.first),
        |run| {
            std::mem::replace(&mut run.result, Ok(()))?;
            hash(&run.message.expose()[..run.len]);
            progress.advance((run.len / stride) as u64 * u64::from(frame_length));
            Ok(())
        },
    )
}
