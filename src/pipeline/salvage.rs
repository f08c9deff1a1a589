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
use crate::message::MessageError;
use crate::message::engine::TAG_LEN;
use crate::message::frame::{
    FrameKind, FrameOpener, Prefix, final_prefix, is_end_marker, regular_prefix,
};
use crate::message::layout::{
    FINAL_OVERHEAD, FINAL_PREFIX, Layout, REGULAR_OVERHEAD, REGULAR_PREFIX,
};
use crate::secret::SecretBytes;

/// Bytes of the plaintext that are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
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
    pub lost: Vec<Lost>,
    /// How long the plaintext was, if the final frame holds.
    pub plaintext_len: Option<u64>,
}

impl Salvaged {
    fn lose(&mut self, offset: u64, length: Option<u64>) {
        if let Some(Lost { offset: from, length: last @ Some(_) }) = self.lost.last_mut()
            && last.is_some_and(|len| *from + len == offset)
        {
            *last = last.zip(length).map(|(len, more)| len + more);
        } else {
            self.lost.push(Lost { offset, length });
        }
    }
}

/// Writes every frame of a message of `size` bytes whose tag holds to its place in `output`, an empty file, and
/// leaves holes for the others.
///
/// Where a frame does not hold, the next one is looked for near the place where it should be: bytes may have
/// been lost or added.
///
/// # Errors
/// [`PipelineError::Message`] where reading fails for another reason than the end, and [`PipelineError::Write`].
pub fn salvage(
    cipher: &FrameOpener,
    layout: Layout,
    (source, size): (&impl ReadAt, u64),
    output: &File,
    progress: &dyn Progress,
) -> Result<Salvaged, PipelineError> {
    let frame_length = layout.frame_length.get() as usize;
    let stride = frame_length + REGULAR_OVERHEAD;
    // A frame and what follows it, where the next one may be found.
    let mut buffer = SecretBytes::zeroed(2 * stride + FINAL_OVERHEAD);
    let mut salvaged = Salvaged::default();
    let (mut at, mut sequence, mut offset) = (layout.header_len, NonZeroU32::MIN, 0);
    loop {
        let window = read_up_to(source, size, at, &mut buffer)?;
        let room = window.len().min(FINAL_OVERHEAD + frame_length);
        match open_one(
            cipher,
            sequence,
            &mut window[..room],
            frame_length,
            at + room as u64 == size,
        ) {
            Some((plaintext, is_last)) => {
                output.write_all_at(plaintext, offset).map_err(PipelineError::Write)?;
                salvaged.frames += 1;
                salvaged.bytes += plaintext.len() as u64;
                progress.advance(plaintext.len() as u64);
                offset += plaintext.len() as u64;
                if is_last {
                    salvaged.plaintext_len = Some(offset);
                    break;
                }
                at += stride as u64;
            }
            None => match find_next(sequence, window) {
                // This one stands a little further on: something was put in front of it.
                Some((place, false)) => {
                    at += place as u64;
                    continue;
                }
                Some((place, true)) => {
                    salvaged.lose(offset, Some(frame_length as u64));
                    offset += frame_length as u64;
                    at += place as u64;
                }
                None if window.len() > FINAL_OVERHEAD + frame_length => {
                    salvaged.lose(offset, Some(frame_length as u64));
                    offset += frame_length as u64;
                    at += stride as u64;
                }
                None => {
                    salvaged.lose(offset, None);
                    break;
                }
            },
        }
        let Some(next) = sequence.checked_add(1) else {
            salvaged.lose(offset, None);
            break;
        };
        sequence = next;
    }
    output.set_len(offset).map_err(PipelineError::Write)?;
    Ok(salvaged)
}

/// The plaintext of frame `sequence` at the beginning of `bytes`, and whether it is the last one. What stands
/// around the ciphertext need not be whole: its number is known, and the IV and the length follow from it.
fn open_one<'a>(
    cipher: &FrameOpener,
    sequence: NonZeroU32,
    bytes: &'a mut [u8],
    frame_length: usize,
    is_at_end: bool,
) -> Option<(&'a [u8], bool)> {
    let (mut range, mut is_last) = (None, false);
    if let Some((prefix, rest)) = bytes.split_first_chunk_mut::<FINAL_PREFIX>() {
        let (found, claimed) = Prefix::of_final(prefix);
        let is_marked = is_end_marker([prefix[0], prefix[1], prefix[2], prefix[3]]);
        let lens = [
            is_marked.then_some((found.iv, claimed as usize)),
            is_at_end
                .then(|| rest.len().checked_sub(TAG_LEN))
                .flatten()
                .map(|len| (Prefix::of_final(&final_prefix(sequence, 0)).0.iv, len)),
        ];
        for (iv, len) in lens.into_iter().flatten() {
            let is_open = len <= frame_length
                && open_at(cipher, sequence, FrameKind::Final, &iv, rest, len).is_some();
            if is_open {
                (range, is_last) = (Some(FINAL_PREFIX..FINAL_PREFIX + len), true);
                break;
            }
        }
    }
    if range.is_none()
        && let Some((prefix, rest)) = bytes.split_first_chunk_mut::<REGULAR_PREFIX>()
    {
        for prefix in [*prefix, regular_prefix(sequence)] {
            let iv = Prefix::of_regular(&prefix).iv;
            if open_at(cipher, sequence, FrameKind::Regular, &iv, rest, frame_length).is_some() {
                range = Some(REGULAR_PREFIX..REGULAR_PREFIX + frame_length);
                break;
            }
        }
    }
    Some((bytes.get(range?)?, is_last))
}

/// Opens `len` bytes in place, with the tag behind them.
fn open_at(
    cipher: &FrameOpener,
    sequence: NonZeroU32,
    kind: FrameKind,
    iv: &crate::message::engine::Iv,
    bytes: &mut [u8],
    len: usize,
) -> Option<()> {
    let (ciphertext, rest) = bytes.split_at_mut_checked(len)?;
    let tag = rest.first_chunk::<TAG_LEN>()?;
    cipher.open(sequence, kind, iv, ciphertext, tag).ok()
}

/// Where in `window`, behind its first byte, this frame or the next one begins, as far as its number and IV
/// show; and whether it is the next one.
fn find_next(sequence: NonZeroU32, window: &[u8]) -> Option<(usize, bool)> {
    let behind = window.get(1..)?;
    let mut places = Vec::new();
    for (number, is_next) in [(Some(sequence), false), (sequence.checked_add(1), true)] {
        let Some(number) = number else { continue };
        let last = final_prefix(number, 0);
        for prefix in [&regular_prefix(number)[..], &last[..FINAL_PREFIX - 4]] {
            places.extend(memmem::find(behind, prefix).map(|place| (place + 1, is_next)));
        }
    }
    places.into_iter().min()
}

/// Fills as much of `buffer` as there is from `at` on.
fn read_up_to<'a>(
    source: &impl ReadAt,
    size: u64,
    at: u64,
    buffer: &'a mut SecretBytes,
) -> Result<&'a mut [u8], PipelineError> {
    let left = usize::try_from(size.saturating_sub(at)).unwrap_or(usize::MAX);
    let len = left.min(buffer.len());
    let window = &mut buffer.expose_mut()[..len];
    source.read_exact_at(window, at).map_err(MessageError::of_source)?;
    Ok(window)
}

#[cfg(test)]
mod tests {
    use super::*;
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
            assert_eq!(found.lost, [Lost { offset: frame as u64 * 10, length }], "{at}");
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
            assert_eq!(found.lost, [Lost { offset: whole as u64 * 10, length: None }], "{len}");
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
    fn garbage_is_all_lost_and_ends() {
        let (found, saved) = salvaged(&[0xFF; 5 * STRIDE]);
        assert_eq!((found.frames, found.lost.len()), (0, 1));
        assert!(saved.iter().all(|byte| *byte == 0));
        assert_eq!(salvaged(b"").0.lost, [Lost { offset: 0, length: None }]);
        // Frames that only claim to come next.
        let claims: Vec<u8> =
            (1..200).flat_map(|n| regular_prefix(NonZeroU32::new(n).unwrap())).collect();
        assert_eq!(salvaged(&claims).0.frames, 0);
    }
}
