//! What is left of a damaged message: every frame whose tag holds, at its place.
//!
//! Each tag proves its frame's bytes, its number, and whether it is the last one; so a frame that holds stands
//! where its number says. That nothing is missing between or behind them is proved only where all hold.

use std::fs::File;
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt as _;

use memchr::memmem;

use super::positional::ReadAt;
use super::{PipelineError, Progress};
use crate::crypto::engine::{Iv, TAG_LEN};
use crate::crypto::secret::SecretBytes;
use crate::message::frame::{FrameKind, FrameOpener, FramePrefix, frame_iv, is_end_marker};
use crate::message::layout::{
    FINAL_OVERHEAD, FINAL_PREFIX, Layout, REGULAR_OVERHEAD, REGULAR_PREFIX,
};

/// Bytes of the plaintext that are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostRange {
    /// The first one.
    pub offset: u64,
    /// How many; `None`, to an end that nobody knows.
    pub length: Option<u64>,
}

/// What was saved of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Frames whose tag holds.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is missing, in the order of the plaintext.
    pub lost: Vec<LostRange>,
    /// How long the plaintext was, if the final frame holds.
    pub plaintext_len: Option<u64>,
}

/// Places of a frame that are tried for one step: anybody can write what looks like its beginning.
const MOST_CANDIDATES: usize = 8;

/// Writes every frame of a message of `size` bytes whose tag holds to its place in `output`, an empty file, and
/// leaves holes for the others.
///
/// Frames are looked for one after the other, where they should be. Where one does not hold there, bytes may have
/// been lost or added: any later frame that begins near by, and holds, is the next one. So only what is authentic
/// moves the search, and what only looks like a frame costs a bounded time.
///
/// # Errors
/// [`PipelineError::Write`]. What cannot be read is lost.
pub fn salvage(
    cipher: &FrameOpener,
    layout: Layout,
    (source, size): (&impl ReadAt, u64),
    output: &File,
    progress: &dyn Progress,
) -> Result<Salvaged, PipelineError> {
    let search = Search { cipher, source, size, frame_length: layout.frame_length.get() as usize };
    let mut salvaged = Salvaged::default();
    let mut at = layout.header_len;
    // The frame that should stand there, and the one behind the last that did.
    let (mut sequence, mut wanted) = (NonZeroU32::MIN, NonZeroU32::MIN);
    let offset_of =
        |sequence: NonZeroU32| u64::from(sequence.get() - 1) * u64::from(layout.frame_length.get());
    let mut end = 0;
    while at < size {
        let here = || search.here(at, sequence);
        let Some(found) = here().or_else(|| search.near(at, sequence, wanted)) else {
            at += search.stride() as u64;
            let Some(next) = sequence.checked_add(1) else { break };
            sequence = next;
            continue;
        };
        let offset = offset_of(found.sequence);
        if offset > end {
            salvaged.lost.push(LostRange { offset: end, length: Some(offset - end) });
        }
        let plaintext = found.plaintext.expose();
        output.write_all_at(plaintext, offset).map_err(PipelineError::Write)?;
        progress.advance(plaintext.len() as u64);
        salvaged.frames += 1;
        salvaged.bytes += plaintext.len() as u64;
        end = offset + plaintext.len() as u64;
        if found.is_last {
            salvaged.plaintext_len = Some(end);
            return Ok(salvaged);
        }
        at += (found.start + search.stride()) as u64;
        let Some(next) = found.sequence.checked_add(1) else { break };
        (sequence, wanted) = (next, next);
    }
    salvaged.lost.push(LostRange { offset: end, length: None });
    Ok(salvaged)
}

/// A frame that holds.
struct Frame {
    sequence: NonZeroU32,
    is_last: bool,
    /// Where it begins in its window.
    start: usize,
    plaintext: SecretBytes,
}

struct Search<'a, R> {
    cipher: &'a FrameOpener,
    source: &'a R,
    size: u64,
    frame_length: usize,
}

impl<R: ReadAt> Search<'_, R> {
    fn stride(&self) -> usize {
        self.frame_length + REGULAR_OVERHEAD
    }

    /// Up to `most` bytes from `at` on; `None` where they cannot be read.
    fn read(&self, at: u64, most: usize) -> Option<Vec<u8>> {
        let left = usize::try_from(self.size - at).unwrap_or(usize::MAX);
        let mut window = vec![0; left.min(most)];
        self.source.read_exact_at(&mut window, at).ok()?;
        Some(window)
    }

    /// Frame `sequence` at `at`.
    fn here(&self, at: u64, sequence: NonZeroU32) -> Option<Frame> {
        // The kinds differ in length, and what is behind the shorter one may be unreadable.
        [self.frame_length + FINAL_OVERHEAD, self.stride()]
            .into_iter()
            .find_map(|most| self.open(&self.read(at, most)?, at, 0, sequence))
    }

    /// The frame behind it in its own place, or any from `wanted` on that begins in between.
    fn near(&self, at: u64, sequence: NonZeroU32, wanted: NonZeroU32) -> Option<Frame> {
        let window = self.read(at, 2 * self.stride() + FINAL_OVERHEAD)?;
        let next = sequence.checked_add(1).map(|next| (self.stride(), next));
        next.into_iter()
            .chain(candidates(&window, wanted).take(MOST_CANDIDATES))
            .find_map(|(start, sequence)| self.open(&window, at, start, sequence))
    }

    /// Frame `sequence` at `start` in the window that was read from `at` on, if it holds. What stands around its
    /// ciphertext need not be whole: its number is known, and the IV and the length follow from it.
    fn open(&self, window: &[u8], at: u64, start: usize, sequence: NonZeroU32) -> Option<Frame> {
        let bytes = window.get(start..)?;
        let len = bytes.len().min(FINAL_OVERHEAD + self.frame_length);
        let is_at_end = at + (start + len) as u64 == self.size;
        let (plaintext, is_last) = match self.open_final(sequence, &bytes[..len], is_at_end) {
            Some(plaintext) => (plaintext, true),
            None => (self.open_regular(sequence, &bytes[..len])?, false),
        };
        Some(Frame { sequence, is_last, start, plaintext })
    }

    fn open_final(
        &self,
        sequence: NonZeroU32,
        bytes: &[u8],
        is_at_end: bool,
    ) -> Option<SecretBytes> {
        let (prefix, rest) = bytes.split_first_chunk::<FINAL_PREFIX>()?;
        let (found, claimed) = FramePrefix::of_final(prefix);
        let is_marked = is_end_marker([prefix[0], prefix[1], prefix[2], prefix[3]]);
        let as_said = is_marked.then_some((found.iv, claimed as usize));
        let as_placed = rest.len().checked_sub(TAG_LEN).filter(|_| is_at_end);
        let as_placed = as_placed.map(|len| (frame_iv(sequence.get()), len));
        as_said
            .into_iter()
            .chain(as_placed)
            .filter(|(_, len)| *len <= self.frame_length)
            .find_map(|(iv, len)| open_at(self.cipher, sequence, FrameKind::Final, &iv, rest, len))
    }

    fn open_regular(&self, sequence: NonZeroU32, bytes: &[u8]) -> Option<SecretBytes> {
        let (prefix, rest) = bytes.split_first_chunk::<REGULAR_PREFIX>()?;
        [FramePrefix::of_regular(prefix).iv, frame_iv(sequence.get())].iter().find_map(|iv| {
            open_at(self.cipher, sequence, FrameKind::Regular, iv, rest, self.frame_length)
        })
    }
}

/// Where a frame from `wanted` on may begin, as far as its number and its IV show: `n | 0 (8 bytes) | n`, in a
/// final frame behind the end marker.
fn candidates(window: &[u8], wanted: NonZeroU32) -> impl Iterator<Item = (usize, NonZeroU32)> + '_ {
    memmem::find_iter(window, &[0; 8]).filter_map(move |zeros| {
        let number = |at: usize| {
            let bytes = window.get(at..)?.first_chunk::<4>()?;
            NonZeroU32::new(u32::from_be_bytes(*bytes))
        };
        let start = zeros.checked_sub(4)?;
        let sequence = number(start).filter(|it| Some(*it) == number(zeros + 8))?;
        let marker = start.checked_sub(4).and_then(|at| window.get(at..start));
        let start = if marker == Some(&[0xFF; 4]) { start - 4 } else { start };
        (sequence >= wanted).then_some((start, sequence))
    })
}

/// The plaintext of `len` bytes with the tag behind them. They are copied, since a ciphertext whose tag does not
/// hold is gone, and another try may be at it.
fn open_at(
    cipher: &FrameOpener,
    sequence: NonZeroU32,
    kind: FrameKind,
    iv: &Iv,
    bytes: &[u8],
    len: usize,
) -> Option<SecretBytes> {
    let (ciphertext, rest) = bytes.split_at_checked(len)?;
    let tag = rest.first_chunk::<TAG_LEN>()?;
    let mut plaintext = SecretBytes::copy_of(ciphertext);
    cipher.open(sequence, kind, iv, plaintext.expose_mut(), tag).ok()?;
    Some(plaintext)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::frame::regular_prefix;
    use crate::pipeline::tests::{FRAME, contents, file_of, opener, sealed_in_order};

    /// Six frames, the last one short.
    const LEN: usize = 55;
    const STRIDE: usize = 10 + REGULAR_OVERHEAD;

    fn plaintext() -> Vec<u8> {
        (1..=55).collect()
    }

    fn salvaged(message: &[u8]) -> (Salvaged, Vec<u8>) {
        let (source, output) = (file_of(message), file_of(b""));
        let layout = Layout { header_len: 0, frame_length: FRAME };
        let size = message.len() as u64;
        let salvaged = salvage(&opener(), layout, (&source, size), &output, &()).unwrap();
        (salvaged, contents(output))
    }

    #[test]
    fn a_flipped_bit_costs_its_own_frame_at_most() {
        let (plaintext, message) = (plaintext(), sealed_in_order(&plaintext()));
        for at in 0..message.len() {
            let mut bad = message.clone();
            bad[at] ^= 0x10;
            let (found, saved) = salvaged(&bad);
            let frame = (at / STRIDE).min(5);
            let is_last = frame == 5;
            let prefix = if is_last { FINAL_PREFIX } else { REGULAR_PREFIX };
            if at - frame * STRIDE < prefix {
                // Number, IV and length follow from the place.
                assert_eq!((found.frames, &found.lost[..]), (6, &[][..]), "{at}");
                assert_eq!(saved, plaintext);
                continue;
            }
            let length = if is_last { None } else { Some(10) };
            assert_eq!(found.lost, [LostRange { offset: frame as u64 * 10, length }], "{at}");
            let mut expected = plaintext.clone();
            expected[frame * 10..(frame * 10 + 10).min(LEN)].fill(0);
            expected.truncate(if is_last { 50 } else { LEN });
            assert_eq!(saved, expected, "{at}");
            assert_eq!(found.plaintext_len.is_none(), is_last);
        }
    }

    #[test]
    fn a_cut_costs_what_is_behind_it() {
        let (plaintext, message) = (plaintext(), sealed_in_order(&plaintext()));
        for len in 0..message.len() {
            let (found, saved) = salvaged(&message[..len]);
            let whole = (len / STRIDE).min(5);
            assert_eq!(
                found.lost,
                [LostRange { offset: whole as u64 * 10, length: None }],
                "{len}"
            );
            assert_eq!(saved, plaintext[..whole * 10]);
        }
    }

    #[test]
    fn bytes_put_in_and_taken_out_cost_the_frame_that_they_hit() {
        let (plaintext, message) = (plaintext(), sealed_in_order(&plaintext()));
        // Not of the last frame, which would take the end with it.
        for at in 0..5 * STRIDE - 20 {
            for count in [1, 5, 20] {
                let put_in = [&message[..at], &vec![9; count], &message[at..]].concat();
                let taken_out = [&message[..at], &message[at + count..]].concat();
                for bad in [put_in, taken_out] {
                    let (found, saved) = salvaged(&bad);
                    // Between two frames, nothing of either is hit; and a stretch may hit two.
                    assert!(found.frames >= 4, "{at} {count}: {found:?}");
                    assert!(found.lost.iter().all(|lost| lost.length.is_some()));
                    assert_eq!(found.plaintext_len, Some(LEN as u64));
                    let is_right = |(place, byte): (usize, &u8)| {
                        let is_lost = found.lost.iter().any(|lost| {
                            let end = lost.offset + lost.length.unwrap();
                            (lost.offset..end).contains(&(place as u64))
                        });
                        *byte == if is_lost { 0 } else { plaintext[place] }
                    };
                    assert!(saved.iter().enumerate().all(is_right), "{at} {count}");
                }
            }
        }
    }

    #[test]
    fn whole_stretches_may_be_missing_or_too_much() {
        let (plaintext, message) = (plaintext(), sealed_in_order(&plaintext()));
        let without =
            |from: usize, to: usize| [&message[..from * STRIDE], &message[to * STRIDE..]].concat();
        for (from, to) in [(0, 1), (2, 3), (1, 4), (0, 5), (4, 5)] {
            let (found, saved) = salvaged(&without(from, to));
            let (offset, length) = (from as u64 * 10, Some((to - from) as u64 * 10));
            assert_eq!(found.lost, [LostRange { offset, length }], "{from} {to}");
            assert_eq!(saved[to * 10..], plaintext[to * 10..]);
        }
        for count in [STRIDE, 5 * STRIDE, 7 * STRIDE + 13] {
            let garbage = vec![7; count];
            let bad = [&message[..2 * STRIDE], &garbage, &message[2 * STRIDE..]].concat();
            let (found, saved) = salvaged(&bad);
            assert_eq!((found.frames, saved), (6, plaintext.clone()), "{count}");
        }
        // Twice the same: what was found is not found again.
        let twice = [&message[..3 * STRIDE], &message[STRIDE..]].concat();
        assert_eq!(salvaged(&twice), (salvaged(&message).0, plaintext));
    }

    #[test]
    fn what_only_looks_like_a_frame_leads_nowhere() {
        let message = sealed_in_order(&plaintext());
        let mut bad = message.clone();
        // In the place of a frame, the beginnings of those that come later.
        for (place, n) in [(STRIDE, 3), (STRIDE + 16, 4)] {
            bad[place..place + 16].copy_from_slice(&regular_prefix(NonZeroU32::new(n).unwrap()));
        }
        let (found, _) = salvaged(&bad);
        assert_eq!((found.frames, found.lost.len()), (5, 1));
        assert_eq!(found.lost[0], LostRange { offset: 10, length: Some(10) });
    }

    #[test]
    fn what_cannot_be_read_costs_its_frames_only() {
        /// A disk with a bad sector.
        struct Bad(Vec<u8>, usize);

        impl ReadAt for Bad {
            fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> std::io::Result<()> {
                let at = usize::try_from(at).unwrap();
                if (at..at + buffer.len()).contains(&self.1) {
                    return Err(std::io::Error::from_raw_os_error(5));
                }
                buffer.copy_from_slice(&self.0[at..at + buffer.len()]);
                Ok(())
            }
        }

        let message = sealed_in_order(&plaintext());
        let layout = Layout { header_len: 0, frame_length: FRAME };
        for sector in 0..message.len() {
            let (size, output) = (message.len() as u64, file_of(b""));
            let bad = Bad(message.clone(), sector);
            let found = salvage(&opener(), layout, (&bad, size), &output, &()).unwrap();
            assert_eq!(found.frames, 5, "{sector}: {found:?}");
        }
    }

    #[test]
    fn garbage_is_all_lost_and_ends() {
        let (found, saved) = salvaged(&[0xFF; 5 * STRIDE]);
        assert_eq!((found.frames, found.lost.len()), (0, 1));
        assert!(saved.is_empty());
        assert_eq!(salvaged(b"").0.lost, [LostRange { offset: 0, length: None }]);
        // Frames that only claim to come next.
        let claims: Vec<u8> =
            (1..200).flat_map(|n| regular_prefix(NonZeroU32::new(n).unwrap())).collect();
        assert_eq!(salvaged(&claims).0.frames, 0);
    }
}
