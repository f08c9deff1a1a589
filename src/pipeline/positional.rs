//! From file to file, by position: each worker reads, seals or opens, and writes its own run of frames, in no
//! order. The layout says where each stands.
//!
//! A size is only a claim. What is sealed here are frames that are sure to have a successor; the end of the
//! source is left to the sequential sealer, which goes on as long as bytes come. What is opened here is a
//! message whose final frame stands where the size puts it and is authentic; wherever anything is not as it
//! should be, the sequential reader walks the frames from the beginning, and it alone says what is wrong.

use std::fs::File;
use std::io::{self, IoSlice};
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::io::{pwritev, retry_on_intr};

use super::{Jobs, LONGEST_FRAME, PipelineError, Progress, frames_a_run, seal_regular};
use crate::crypto::engine::TAG_LEN;
use crate::crypto::secret::SecretBytes;
use crate::message::frame::{FrameKind, FrameOpener, FramePrefix, FrameSealer, is_end_marker};
use crate::message::layout::{
    FINAL_OVERHEAD, FINAL_PREFIX, Layout, REGULAR_OVERHEAD, REGULAR_PREFIX,
};

/// Bytes in the buffers of all workers together; a run below a fourth of it leaves the caches unused.
const BUDGET: usize = 2 << 20;

/// Bytes of a run at most: what fits into the cache of a core beside everything else. Tests have a short one, so
/// that short messages go every way.
const RUN: usize = if cfg!(test) { 64 } else { 512 << 10 };

/// What can be read at any place, by several threads at once.
pub trait ReadAt: Sync {
    /// Fills `buffer` from the place `at`.
    ///
    /// # Errors
    /// The system's own, also where the file ends before.
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

impl ReadAt for [u8] {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..));
        let found = rest.and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Seals the frames of the first `size` bytes of `source` that are sure not to be the last one, and writes them
/// to their places. Returns how many there were: the rest of the source, and of the output, is still to do.
///
/// # Errors
/// [`PipelineError`].
pub fn seal(
    cipher: &FrameSealer,
    layout: Layout,
    (source, size): (&impl ReadAt, u64),
    output: &File,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<u32, PipelineError> {
    let frame_length = layout.frame_length.get();
    let frames = layout.frame_count(size).ok_or(PipelineError::TooLong)?.get() - 1;
    let run = frames_a_run(layout.frame_length, RUN.min(BUDGET / jobs.count()));
    if is_too_little(frames, run, frame_length, jobs) {
        return Ok(0);
    }
    let stride = frame_length as usize + REGULAR_OVERHEAD;
    work(jobs, frames, run, stride, |buffer, first, count| {
        for (index, frame) in buffer.chunks_exact_mut(stride).take(count as usize).enumerate() {
            // In range: there are as many frames as 32 bits can number.
            let number = first + u32::try_from(index).unwrap_or(u32::MAX);
            let sequence = NonZeroU32::MIN.saturating_add(number);
            let plaintext = &mut frame[REGULAR_PREFIX..][..frame_length as usize];
            source
                .read_exact_at(plaintext, u64::from(number) * u64::from(frame_length))
                .map_err(PipelineError::Read)?;
            seal_regular(cipher, sequence, frame);
        }
        let start = layout
            .frame_start(NonZeroU32::MIN.saturating_add(first))
            .ok_or(PipelineError::TooLong)?;
        output
            .write_all_at(&buffer[..count as usize * stride], start)
            .map_err(PipelineError::Write)?;
        progress.advance(u64::from(count) * u64::from(frame_length));
        Ok::<_, PipelineError>(())
    })?;
    Ok(frames)
}

/// Opens a message of `size` bytes, and writes its plaintext to its places in `output`, if there is to be one.
/// Returns how many bytes there were; `None` where the message is not as its size says, or too small to be
/// worth it: what was written then means nothing.
///
/// # Errors
/// [`PipelineError::Write`].
pub fn open(
    cipher: &FrameOpener,
    layout: Layout,
    (source, size): (&impl ReadAt, u64),
    output: Option<&File>,
    jobs: Jobs,
    progress: &dyn Progress,
) -> Result<Option<u64>, PipelineError> {
    let frame_length = layout.frame_length.get();
    let Some(last) = layout.frames_in(size) else { return Ok(None) };
    let frames = last.get() - 1;
    let run = frames_a_run(layout.frame_length, RUN.min(BUDGET / jobs.count()));
    if is_too_little(frames, run, frame_length, jobs) {
        return Ok(None);
    }
    let Some(end) = open_final(cipher, layout, source, size, last) else { return Ok(None) };
    let stride = frame_length as usize + REGULAR_OVERHEAD;
    let opened = work(jobs, frames, run, stride, |buffer, first, count| {
        let start = layout.frame_start(NonZeroU32::MIN.saturating_add(first));
        let start = start.ok_or(Unopened::Message)?;
        let buffer = &mut buffer[..count as usize * stride];
        source.read_exact_at(buffer, start).map_err(|_| Unopened::Message)?;
        let mut plaintexts = Vec::with_capacity(count as usize);
        for (index, frame) in buffer.chunks_exact_mut(stride).enumerate() {
            let number = first + u32::try_from(index).unwrap_or(u32::MAX);
            let plaintext = open_regular(cipher, NonZeroU32::MIN.saturating_add(number), frame)
                .ok_or(Unopened::Message)?;
            plaintexts.push(IoSlice::new(plaintext));
        }
        if let Some(output) = output {
            let place = u64::from(first) * u64::from(frame_length);
            write_all_vectored_at(output, &mut plaintexts, place).map_err(Unopened::Output)?;
        }
        progress.advance(u64::from(count) * u64::from(frame_length));
        Ok(())
    });
    match opened {
        Ok(()) => {}
        Err(Unopened::Message) => return Ok(None),
        Err(Unopened::Output(error)) => return Err(PipelineError::Write(error)),
    }
    // A size is a claim here too: nothing may follow.
    if source.read_exact_at(&mut [0], size).is_ok() {
        return Ok(None);
    }
    let before = u64::from(frames) * u64::from(frame_length);
    if let Some(output) = output {
        output.write_all_at(end.expose(), before).map_err(PipelineError::Write)?;
    }
    progress.advance(end.len() as u64);
    Ok(Some(before + end.len() as u64))
}

/// Why a run did not come through.
enum Unopened {
    /// The sequential reader says what it is.
    Message,
    Output(io::Error),
}

/// The plaintext of the final frame, if it is where the size says, and authentic.
pub(super) fn open_final(
    cipher: &FrameOpener,
    layout: Layout,
    source: &impl ReadAt,
    size: u64,
    sequence: NonZeroU32,
) -> Option<SecretBytes> {
    let start = layout.frame_start(sequence)?;
    let mut prefix = [0; FINAL_PREFIX];
    source.read_exact_at(&mut prefix, start).ok()?;
    let (FramePrefix { sequence: number, iv }, len) = FramePrefix::of_final(&prefix);
    let ends = start.checked_add(FINAL_OVERHEAD as u64)?.checked_add(u64::from(len))?;
    let is_final = is_end_marker([prefix[0], prefix[1], prefix[2], prefix[3]])
        && number == sequence.get()
        && len <= layout.frame_length.get()
        && ends == size;
    if !is_final {
        return None;
    }
    let mut plaintext = SecretBytes::zeroed(len as usize);
    let mut tag = [0; TAG_LEN];
    source.read_exact_at(plaintext.expose_mut(), start + FINAL_PREFIX as u64).ok()?;
    source.read_exact_at(&mut tag, ends - TAG_LEN as u64).ok()?;
    cipher.open(sequence, FrameKind::Final, &iv, plaintext.expose_mut(), &tag).ok()?;
    Some(plaintext)
}

/// The plaintext in the bytes of a regular frame.
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

/// Writes `parts` one behind the other from `at` on, in as few calls as the system takes them: each one locks the
/// file, and the workers wait for each other there.
fn write_all_vectored_at(
    output: &File,
    mut parts: &mut [IoSlice<'_>],
    mut at: u64,
) -> io::Result<()> {
    // What is empty is not there, or nothing written would be an end.
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

/// Whether threads would cost more than they bring.
fn is_too_little(frames: u32, run: usize, frame_length: u32, jobs: Jobs) -> bool {
    jobs == Jobs::ONE || frame_length > LONGEST_FRAME || (frames as usize) < 2 * run
}

/// Has workers take runs of `run` frames until all are done, or one fails: (buffer, first frame from 0, count).
fn work<E: Send>(
    jobs: Jobs,
    frames: u32,
    run: usize,
    stride: usize,
    one: impl Fn(&mut [u8], u32, u32) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let run = u32::try_from(run).unwrap_or(u32::MAX);
    // Wider than the frames' numbers: every worker counts once more than there is.
    let (next, stop, failed) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(None));
    let worker = || {
        // Wiped when the worker ends: it held plaintext.
        let mut buffer = SecretBytes::zeroed(run as usize * stride);
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let first = index.checked_mul(u64::from(run)).and_then(|it| u32::try_from(it).ok());
            let Some(first) = first.filter(|first| *first < frames) else {
                return;
            };
            let count = run.min(frames - first);
            if let Err(error) = one(buffer.expose_mut(), first, count) {
                stop.store(true, Ordering::Relaxed);
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.count() {
            // Where there are no more threads to be had, this one does the work.
            drop(thread::Builder::new().spawn_scoped(scope, worker));
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
    fn many_parts_are_one_text_at_its_place() {
        // More than a system takes in one call, and empty ones among them.
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
