//! Saves the authentic frames of a damaged message, each at its place in the plaintext.
//!
//! The tag of a frame proves its bytes, its number, and whether it is the final one, so the place of an authentic
//! frame in the plaintext is certain. That no bytes are missing is proved only if all frames are authentic.

use std::fs::File;
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt as _;

use memchr::memmem;

use super::placed_frames::{PlacedFrames, ReadAt};
use super::{PipelineError, Progress};
use crate::crypto::engine::{Iv, TAG_LEN};
use crate::crypto::secret::SecretBytes;
use crate::message::frame::{FrameKind, FrameOpener, FramePrefix, frame_iv, is_end_marker};
use crate::message::layout::{FINAL_OVERHEAD, FINAL_PREFIX, REGULAR_OVERHEAD, REGULAR_PREFIX};

/// A range of the plaintext that could not be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostRange {
    /// The place of the first lost byte.
    pub offset: u64,
    /// The number of lost bytes; `None` for all up to the end, whose place is unknown.
    pub length: Option<u64>,
}

/// What was saved of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// The number of authentic frames.
    pub frames: u64,
    /// The length of their plaintext.
    pub bytes: u64,
    /// The missing ranges, in the order of the plaintext.
    pub lost: Vec<LostRange>,
    /// The length of the whole plaintext, if the final frame is authentic.
    pub plaintext_len: Option<u64>,
}

/// The most places that are tried to find one frame. Without a limit, forged frame starts could make a search take
/// time without bound.
const MOST_CANDIDATES: usize = 8;

/// Writes the plaintext of every authentic frame to its place in `output`, an empty file, and leaves holes for the
/// others.
///
/// Frames are looked for one after the other at their places. Where no authentic frame is found, bytes may have been
/// lost or added before it, so any later frame that begins nearby and is authentic is taken as the next one. Only
/// authentic frames therefore move the search away from the layout, and forged ones cost a bounded time.
///
/// # Errors
/// [`PipelineError::Write`]. Frames that cannot be read count as lost.
pub fn salvage(
    frames: &PlacedFrames<&FrameOpener, &impl ReadAt>,
    output: &File,
    progress: &dyn Progress,
) -> Result<Salvaged, PipelineError> {
    let layout = frames.layout;
    let search = FrameSearch { frames, frame_length: layout.frame_length.get() as usize };
    let mut salvaged = Salvaged::default();
    let mut at = layout.header_len;
    // The number of the frame that should begin at `at`, and the least number that was not yet found.
    let (mut sequence, mut wanted) = (NonZeroU32::MIN, NonZeroU32::MIN);
    let offset_of =
        |sequence: NonZeroU32| u64::from(sequence.get() - 1) * u64::from(layout.frame_length.get());
    let mut end = 0;
    while at < frames.source.claimed_len {
        let found = search.at_place(at, sequence).or_else(|| search.nearby(at, sequence, wanted));
        let Some(found) = found else {
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

/// An authentic frame.
struct AuthenticFrame {
    sequence: NonZeroU32,
    is_last: bool,
    /// Its distance from the place where the search began.
    start: usize,
    plaintext: SecretBytes,
}

/// The search for frames in a damaged message.
struct FrameSearch<'a, R> {
    frames: &'a PlacedFrames<&'a FrameOpener, &'a R>,
    frame_length: usize,
}

impl<R: ReadAt> FrameSearch<'_, R> {
    fn stride(&self) -> usize {
        self.frame_length + REGULAR_OVERHEAD
    }

    /// Reads up to `most` bytes from place `at` on; `None` where they cannot be read.
    fn read(&self, at: u64, most: usize) -> Option<Vec<u8>> {
        let left = usize::try_from(self.frames.source.claimed_len - at).unwrap_or(usize::MAX);
        let mut window = vec![0; left.min(most)];
        self.frames.source.read_exact_at(&mut window, at).ok()?;
        Some(window)
    }

    /// Opens frame `sequence` at place `at`.
    fn at_place(&self, at: u64, sequence: NonZeroU32) -> Option<AuthenticFrame> {
        // The kinds of frames differ in length, and the bytes behind the shorter kind may be unreadable.
        [self.frame_length + FINAL_OVERHEAD, self.stride()]
            .into_iter()
            .find_map(|most| self.open(&self.read(at, most)?, at, 0, sequence))
    }

    /// Opens the frame after `sequence` at its own place, or any frame from number `wanted` on that begins within two
    /// frames from `at` on.
    fn nearby(&self, at: u64, sequence: NonZeroU32, wanted: NonZeroU32) -> Option<AuthenticFrame> {
        let window = self.read(at, 2 * self.stride() + FINAL_OVERHEAD)?;
        let next = sequence.checked_add(1).map(|next| (self.stride(), next));
        next.into_iter()
            .chain(candidates(&window, wanted).take(MOST_CANDIDATES))
            .find_map(|(start, sequence)| self.open(&window, at, start, sequence))
    }

    /// Opens frame `sequence` at `start` in the window that was read from place `at` on, if it is authentic.
    ///
    /// The prefix may be damaged: the number of the frame is known, and its IV and length follow from its number and
    /// its place.
    fn open(
        &self,
        window: &[u8],
        at: u64,
        start: usize,
        sequence: NonZeroU32,
    ) -> Option<AuthenticFrame> {
        let bytes = window.get(start..)?;
        let len = bytes.len().min(FINAL_OVERHEAD + self.frame_length);
        let is_at_end = at + (start + len) as u64 == self.frames.source.claimed_len;
        let (plaintext, is_last) = match self.open_final(sequence, &bytes[..len], is_at_end) {
            Some(plaintext) => (plaintext, true),
            None => (self.open_regular(sequence, &bytes[..len])?, false),
        };
        Some(AuthenticFrame { sequence, is_last, start, plaintext })
    }

    /// Opens a final frame by the IV and the length in its prefix, or else by those that follow from its place.
    fn open_final(
        &self,
        sequence: NonZeroU32,
        bytes: &[u8],
        is_at_end: bool,
    ) -> Option<SecretBytes> {
        let (prefix, rest) = bytes.split_first_chunk::<FINAL_PREFIX>()?;
        let (found, claimed) = FramePrefix::of_final(prefix);
        let is_marked = is_end_marker([prefix[0], prefix[1], prefix[2], prefix[3]]);
        let as_claimed = is_marked.then_some((found.iv, claimed as usize));
        let as_placed = rest.len().checked_sub(TAG_LEN).filter(|_| is_at_end);
        let as_placed = as_placed.map(|len| (frame_iv(sequence.get()), len));
        as_claimed
            .into_iter()
            .chain(as_placed)
            .filter(|(_, len)| *len <= self.frame_length)
            .find_map(|(iv, len)| {
                self.open_copy(sequence, FrameKind::Final, &iv, rest.get(..len + TAG_LEN)?)
            })
    }

    /// Opens a regular frame by the IV in its prefix, or else by the one that follows from its number.
    fn open_regular(&self, sequence: NonZeroU32, bytes: &[u8]) -> Option<SecretBytes> {
        let (prefix, rest) = bytes.split_first_chunk::<REGULAR_PREFIX>()?;
        let sealed = rest.get(..self.frame_length + TAG_LEN)?;
        [FramePrefix::of_regular(prefix).iv, frame_iv(sequence.get())]
            .iter()
            .find_map(|iv| self.open_copy(sequence, FrameKind::Regular, iv, sealed))
    }

    /// Decrypts a copy of `sealed`, which is `ciphertext | tag`. A failed decryption destroys the ciphertext, which
    /// further tries need.
    fn open_copy(
        &self,
        sequence: NonZeroU32,
        kind: FrameKind,
        iv: &Iv,
        sealed: &[u8],
    ) -> Option<SecretBytes> {
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
        let mut plaintext = SecretBytes::copy_of(ciphertext);
        self.frames.cipher.open(sequence, kind, iv, plaintext.expose_mut(), tag).ok()?;
        Some(plaintext)
    }
}

/// Returns the places in `window` where a frame from number `wanted` on may begin, with its number.
///
/// A frame is recognised by its number n and its IV, which are `n | 0 (8 bytes) | n`. In a final frame, the end marker
/// stands before them.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::frame::regular_prefix;
    use crate::message::layout::Layout;
    use crate::pipeline::NoProgress;
    use crate::pipeline::placed_frames::SizedSource;
    use crate::pipeline::tests::{FRAME, contents, file_of, opener, sealed_in_order};

    /// The plaintext takes six frames, the last of which is short.
    const LEN: usize = 55;
    const STRIDE: usize = 10 + REGULAR_OVERHEAD;

    fn plaintext() -> Vec<u8> {
        (1..=55).collect()
    }

    fn salvaged(message: &[u8]) -> (Salvaged, Vec<u8>) {
        let (source, output) = (file_of(message), file_of(b""));
        let layout = Layout { header_len: 0, frame_length: FRAME };
        let source = SizedSource { source: &source, claimed_len: message.len() as u64 };
        let frames = PlacedFrames { cipher: &opener(), layout, source };
        let salvaged = salvage(&frames, &output, &NoProgress).unwrap();
        (salvaged, contents(output))
    }

    #[test]
    fn a_flipped_bit_loses_at_most_its_own_frame() {
        let (plaintext, message) = (plaintext(), sealed_in_order(&plaintext()));
        for at in 0..message.len() {
            let mut bad = message.clone();
            bad[at] ^= 0x10;
            let (found, saved) = salvaged(&bad);
            let frame = (at / STRIDE).min(5);
            let is_last = frame == 5;
            let prefix = if is_last { FINAL_PREFIX } else { REGULAR_PREFIX };
            if at - frame * STRIDE < prefix {
                // The number, the IV and the length follow from the place of the frame.
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
    fn a_cut_loses_the_frames_behind_it() {
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
    fn inserted_and_removed_bytes_lose_the_frames_that_they_hit() {
        let (plaintext, message) = (plaintext(), sealed_in_order(&plaintext()));
        // Up to the final frame, without which the length of the plaintext would be unknown.
        for at in 0..5 * STRIDE - 20 {
            for count in [1, 5, 20] {
                let put_in = [&message[..at], &vec![9; count], &message[at..]].concat();
                let taken_out = [&message[..at], &message[at + count..]].concat();
                for bad in [put_in, taken_out] {
                    let (found, saved) = salvaged(&bad);
                    // Bytes between two frames hit neither, and several bytes may hit two frames.
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
    fn whole_frames_may_be_missing_or_inserted() {
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
        // Frames that stand there twice are saved once.
        let twice = [&message[..3 * STRIDE], &message[STRIDE..]].concat();
        assert_eq!(salvaged(&twice), (salvaged(&message).0, plaintext));
    }

    #[test]
    fn a_forged_frame_start_does_not_move_the_search() {
        let message = sealed_in_order(&plaintext());
        let mut bad = message.clone();
        // The second frame is overwritten with the prefixes of later frames.
        for (place, n) in [(STRIDE, 3), (STRIDE + 16, 4)] {
            bad[place..place + 16].copy_from_slice(&regular_prefix(NonZeroU32::new(n).unwrap()));
        }
        let (found, _) = salvaged(&bad);
        assert_eq!((found.frames, found.lost.len()), (5, 1));
        assert_eq!(found.lost[0], LostRange { offset: 10, length: Some(10) });
    }

    #[test]
    fn an_unreadable_byte_loses_only_its_frame() {
        /// A message on a disk that cannot read one byte.
        struct BadDisk(Vec<u8>, usize);

        impl ReadAt for BadDisk {
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
            let output = file_of(b"");
            let disk = BadDisk(message.clone(), sector);
            let source = SizedSource { source: &disk, claimed_len: message.len() as u64 };
            let frames = PlacedFrames { cipher: &opener(), layout, source };
            let found = salvage(&frames, &output, &NoProgress).unwrap();
            assert_eq!(found.frames, 5, "{sector}: {found:?}");
        }
    }

    #[test]
    fn garbage_is_lost_as_a_whole() {
        let (found, saved) = salvaged(&[0xFF; 5 * STRIDE]);
        assert_eq!((found.frames, found.lost.len()), (0, 1));
        assert!(saved.is_empty());
        assert_eq!(salvaged(b"").0.lost, [LostRange { offset: 0, length: None }]);
        // Prefixes of frames that follow each other, without ciphertexts.
        let claims: Vec<u8> =
            (1..200).flat_map(|n| regular_prefix(NonZeroU32::new(n).unwrap())).collect();
        assert_eq!(salvaged(&claims).0.frames, 0);
    }
}
