//! Seals and opens from file to file, by position: each worker reads a run of frames, seals or opens it, and writes
//! it to its place, in no order.
//!
//! The length of the source is only a claim. [`seal`] therefore seals only frames that are sure to have a successor,
//! and leaves the rest of the source to the sequential sealer, which goes on as long as bytes come. [`open`] opens
//! only a message whose final frame is authentic and stands where the length puts it; in every other case it
//! reports nothing, and the caller runs the sequential opener, which names the first error.

use std::fs::File;
use std::io::{self, IoSlice};
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::io::{pwritev, retry_on_intr};

use super::placed_frames::{PlacedFrames, ReadAt, SizedSource, open_regular};
use super::{Jobs, LONGEST_FRAME, PipelineError, Progress, frames_a_run, seal_regular};
use crate::crypto::secret::SecretBytes;
use crate::crypto::stack;
use crate::message::frame::{FrameOpener, FrameSealer};
use crate::message::layout::{Layout, REGULAR_OVERHEAD, REGULAR_PREFIX};
use crate::message::{MessageError, MessagePart};

/// Bytes in the buffers of all workers together.
const BUDGET: usize = 512 << 10;

/// The most bytes of a run: what fits into the cache of one core several times. Tests use short runs, so that short
/// messages are cut into several.
const RUN: usize = if cfg!(test) { 64 } else { 256 << 10 };

/// A file that receives the frames of a message, each at its place.
#[derive(Clone, Copy, Debug)]
pub struct PlacedOutput<'a> {
    /// The file; it holds the header, or will.
    pub file: &'a File,
    /// The places of the frames.
    pub layout: Layout,
}

/// Seals the frames of `source` that are sure not to be the last one, writes each to its place, and returns how many
/// they are.
///
/// A frame is sure to have a successor if the claimed length reaches beyond it. The number is 0 where threads would
/// cost more time than they save. The caller seals the rest of the source.
///
/// # Errors
/// [`PipelineError::Read`], [`PipelineError::Write`], or [`PipelineError::TooLong`].
pub fn seal(
    cipher: &FrameSealer,
    plaintext: &SizedSource<&impl ReadAt>,
    output: PlacedOutput<'_>,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u32, PipelineError> {
    let layout = output.layout;
    let frame_length = layout.frame_length.get();
    let frames = layout.frame_count(plaintext.claimed_len).ok_or(PipelineError::TooLong)?.get() - 1;
    let run = frames_a_run(layout.frame_length, RUN.min(BUDGET / jobs.count()));
    if is_too_small_for_threads(frames, run, frame_length, jobs) {
        return Ok(0);
    }
    for_each_run(jobs, frames, run, frame_length, progress, |buffer, first| {
        seal_run(cipher, plaintext, output, buffer, first)
    })?;
    Ok(frames)
}

/// Opens the frames of a message, writes the plaintext of each to its place in `output`, and returns the length of
/// the plaintext. Without an `output`, the frames are only verified.
///
/// The result is `None` where the message is not as its claimed length says, where a frame is not authentic, and
/// where threads would cost more time than they save. What `output` holds is then to be discarded.
///
/// # Errors
/// [`PipelineError::Write`].
pub fn open(
    frames: &PlacedFrames<&FrameOpener, &impl ReadAt>,
    output: Option<&File>,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<Option<u64>, PipelineError> {
    let PlacedFrames { layout, source, .. } = frames;
    let frame_length = layout.frame_length.get();
    let Some(last) = frames.final_sequence() else { return Ok(None) };
    let regular = last.get() - 1;
    let run = frames_a_run(layout.frame_length, RUN.min(BUDGET / jobs.count()));
    if is_too_small_for_threads(regular, run, frame_length, jobs) {
        return Ok(None);
    }
    let end = frames.read_final(last).and_then(|frame| frames.open_final(last, &frame));
    let Some(end) = end else { return Ok(None) };
    let opened = for_each_run(jobs, regular, run, frame_length, progress, |buffer, first| {
        read_run(frames, buffer, first)?;
        open_run(frames, output, buffer, first)
    });
    match opened {
        Ok(()) => {}
        // The sequential opener finds out what is wrong, and says it.
        Err(PipelineError::Message(_)) => return Ok(None),
        Err(error) => return Err(error),
    }
    if source.is_longer_than_claimed() {
        return Ok(None);
    }
    write_end(&end, u64::from(regular) * u64::from(frame_length), output, progress).map(Some)
}

/// Reads the plaintext of as many regular frames as `buffer` has room for, the first with the index (from 0) `first`,
/// seals each in its place in `buffer`, and writes all of them to their place in `output`.
pub(super) fn seal_run(
    cipher: &FrameSealer,
    plaintext: &SizedSource<&impl ReadAt>,
    output: PlacedOutput<'_>,
    buffer: &mut [u8],
    first: u32,
) -> Result<(), PipelineError> {
    let PlacedOutput { file, layout } = output;
    let frame_length = layout.frame_length.get();
    let frames = buffer.chunks_exact_mut(frame_length as usize + REGULAR_OVERHEAD);
    // The sum fits: there are at most as many frames as 32 bits can number.
    for (number, frame) in (first..).zip(frames) {
        let room = &mut frame[REGULAR_PREFIX..][..frame_length as usize];
        plaintext
            .read_exact_at(room, u64::from(number) * u64::from(frame_length))
            .map_err(PipelineError::Read)?;
        seal_regular(cipher, NonZeroU32::MIN.saturating_add(number), frame);
    }
    let start = layout.frame_start(NonZeroU32::MIN.saturating_add(first));
    file.write_all_at(buffer, start.ok_or(PipelineError::TooLong)?).map_err(PipelineError::Write)
}

/// Fills `buffer` with whole frames, the first with the index (from 0) `first`. An error of the message does not tell
/// what is wrong with it.
pub(super) fn read_run(
    frames: &PlacedFrames<&FrameOpener, &impl ReadAt>,
    buffer: &mut [u8],
    first: u32,
) -> Result<(), PipelineError> {
    let start = frames.layout.frame_start(NonZeroU32::MIN.saturating_add(first));
    let start = start.ok_or_else(|| not_opened(first))?;
    frames.source.read_exact_at(buffer, start).map_err(|_| not_opened(first))
}

/// Opens all frames in `buffer` in their places, the first with the index (from 0) `first`, and writes their plaintexts
/// to their place in `output`, if there is one. Errors as with [`read_run`].
pub(super) fn open_run<R>(
    frames: &PlacedFrames<&FrameOpener, R>,
    output: Option<&File>,
    buffer: &mut [u8],
    first: u32,
) -> Result<(), PipelineError> {
    let frame_length = frames.layout.frame_length.get();
    let parts = buffer.chunks_exact_mut(frame_length as usize + REGULAR_OVERHEAD);
    let open = |(number, frame)| {
        open_regular(frames.cipher, NonZeroU32::MIN.saturating_add(number), frame).map(IoSlice::new)
    };
    let plaintexts: Option<Vec<IoSlice<'_>>> = (first..).zip(parts).map(open).collect();
    let mut plaintexts = plaintexts.ok_or_else(|| not_opened(first))?;
    let Some(output) = output else { return Ok(()) };
    let place = u64::from(first) * u64::from(frame_length);
    write_all_vectored_at(output, &mut plaintexts, place).map_err(PipelineError::Write)
}

/// That one of the frames of a run could not be read, or is not authentic.
fn not_opened(first: u32) -> PipelineError {
    let part = MessagePart::Frame(first.saturating_add(1));
    MessageError::Authentication { part }.into()
}

/// Writes the plaintext of the final frame behind the `before` bytes of all others, and returns the length of all.
pub(super) fn write_end(
    end: &SecretBytes,
    before: u64,
    output: Option<&File>,
    progress: &dyn Progress,
) -> Result<u64, PipelineError> {
    if let Some(output) = output {
        output.write_all_at(end.expose(), before).map_err(PipelineError::Write)?;
    }
    progress.advance(end.len() as u64);
    Ok(before + end.len() as u64)
}

/// Writes all `parts` one after the other from place `at` on.
///
/// It makes as few system calls as possible, because each call locks the file, and workers wait for that lock.
fn write_all_vectored_at(
    output: &File,
    mut parts: &mut [IoSlice<'_>],
    mut at: u64,
) -> io::Result<()> {
    // Skips empty parts: with only those left, a write of 0 bytes would look like an error.
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        let written = retry_on_intr(|| pwritev(output, parts, at))?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut parts, written);
        at += written as u64;
    }
    Ok(())
}

/// Returns whether starting threads would cost more time than they save.
pub(super) fn is_too_small_for_threads(
    frames: u32,
    run: usize,
    frame_length: u32,
    jobs: Jobs,
) -> bool {
    jobs == Jobs::ONE || frame_length > LONGEST_FRAME || (frames as usize) < 2 * run
}

/// Has `jobs` threads process all `frames` in runs of `run` frames, until all are done or one run fails.
///
/// `process` gets a buffer with room for the frames of a run, and the index (from 0) of the first of them.
fn for_each_run(
    jobs: Jobs,
    frames: u32,
    run: usize,
    frame_length: u32,
    progress: &dyn Progress,
    process: impl Fn(&mut [u8], u32) -> Result<(), PipelineError> + Sync,
) -> Result<(), PipelineError> {
    let stride = frame_length as usize + REGULAR_OVERHEAD;
    let run = u32::try_from(run).unwrap_or(u32::MAX);
    // The counter has 64 bits, although frame numbers have 32: each worker counts once beyond the last run.
    let (next, stop, failed) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(None));
    let worker = || {
        // It comes to hold plaintext, and is wiped when the worker ends.
        let mut buffer = SecretBytes::zeroed(run as usize * stride);
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let first = index.checked_mul(u64::from(run)).and_then(|it| u32::try_from(it).ok());
            let Some(first) = first.filter(|first| *first < frames) else {
                return;
            };
            let count = run.min(frames - first);
            match process(&mut buffer.expose_mut()[..count as usize * stride], first) {
                Ok(()) => progress.advance(u64::from(count) * u64::from(frame_length)),
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.count() {
            // If the system has no more threads, those that were started, and this one, do all the work.
            drop(thread::Builder::new().spawn_scoped(scope, || stack::wipe_after(worker)));
        }
        worker();
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::tests::{contents, file_of};

    #[test]
    fn a_vectored_write_writes_all_parts_at_their_place() {
        // More parts than the system takes in one call, with empty ones among them.
        let text: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let mut parts: Vec<_> =
            text.chunks(1).flat_map(|it| [IoSlice::new(&[]), IoSlice::new(it)]).collect();
        let output = file_of(b"");
        write_all_vectored_at(&output, &mut parts, 3).unwrap();
        write_all_vectored_at(&output, &mut [IoSlice::new(b""), IoSlice::new(b"abc")], 0).unwrap();
        write_all_vectored_at(&output, &mut [], 9000).unwrap();
        assert_eq!(contents(output), [b"abc", &text[..]].concat());
    }
}
