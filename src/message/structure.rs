//! Proves without any key that bytes have the structure of a whole message, from its header to its last byte.
//!
//! A file that only begins like a message may be anything, for example a message with other data appended to it.

use std::io::{self, Read};

use super::Limits;
use super::frame::{FramePrefix, is_end_marker};
use super::header::{ContentType, ParsedHeader};
use super::layout::{FINAL_PREFIX, REGULAR_PREFIX};
use crate::crypto::engine::{IV_LEN, TAG_LEN};
use crate::fs::read_full::read_full;

/// A source of bytes, of which some can be passed over.
pub trait Skip: Read {
    /// Passes over the next `len` bytes.
    ///
    /// # Errors
    /// The source's own. An end before `len` bytes may be reported here, or by the next read.
    fn skip(&mut self, len: u64) -> io::Result<()>;
}

/// A source in which nothing can be passed over but by reading it.
#[derive(Debug)]
pub struct InOrder<R>(pub R);

impl<R: Read> Read for InOrder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Skip for InOrder<R> {
    fn skip(&mut self, len: u64) -> io::Result<()> {
        io::copy(&mut (&mut self.0).take(len), &mut io::sink()).map(|_| ())
    }
}

/// Whether `source` holds one message, and nothing before or after it.
///
/// All frames must have their numbers and lengths, and the final frame, or the signature behind it, must end where
/// the source ends. Nothing is proved to be authentic. A source that cannot be read does not hold a message.
pub fn is_whole_message(source: &mut impl Skip) -> bool {
    // No body is held in memory here, so only the size of the header counts.
    let limits =
        Limits { encrypted_data_keys: u16::MAX, frame_length: u32::MAX, ..Limits::default() };
    let Ok(header) = ParsedHeader::read(&mut *source, &limits) else { return false };
    pass_body(source, header.fields.content)
        .and_then(
            |()| if header.fields.public_key.is_some() { pass_footer(source) } else { Some(()) },
        )
        .and_then(|()| is_at_end(source))
        .is_some()
}

fn pass_body(source: &mut impl Skip, content: ContentType) -> Option<()> {
    let ContentType::Framed(frame_length) = content else {
        take::<IV_LEN>(source)?;
        let len = u64::from_be_bytes(take(source)?);
        return pass_ciphertext(source, len);
    };
    let mut expected = 1u32;
    loop {
        let first = take::<REGULAR_PREFIX>(source)?;
        if is_end_marker([first[0], first[1], first[2], first[3]]) {
            let mut prefix = [0; FINAL_PREFIX];
            prefix[..REGULAR_PREFIX].copy_from_slice(&first);
            let rest = take::<{ FINAL_PREFIX - REGULAR_PREFIX }>(source)?;
            prefix[REGULAR_PREFIX..].copy_from_slice(&rest);
            let (prefix, len) = FramePrefix::of_final(&prefix);
            let is_next = prefix.sequence == expected && len <= frame_length.get();
            return is_next.then(|| pass_ciphertext(source, u64::from(len)))?;
        }
        if FramePrefix::of_regular(&first).sequence != expected {
            return None;
        }
        pass_ciphertext(source, u64::from(frame_length.get()))?;
        expected = expected.checked_add(1)?;
    }
}

/// Passes over a ciphertext. Its tag is read, which proves that the ciphertext is there.
fn pass_ciphertext(source: &mut impl Skip, len: u64) -> Option<()> {
    source.skip(len).ok()?;
    take::<TAG_LEN>(source).map(|_| ())
}

fn pass_footer(source: &mut impl Skip) -> Option<()> {
    // The longest DER signature of the format's curves has 104 bytes, and none is this short.
    const LENGTHS: std::ops::RangeInclusive<u16> = 8..=104;
    const SEQUENCE: u8 = 0x30;
    let len = u16::from_be_bytes(take(source)?);
    let [kind, signature_len] = take(source)?;
    let is_signature =
        LENGTHS.contains(&len) && kind == SEQUENCE && u16::from(signature_len) + 2 == len;
    if !is_signature {
        return None;
    }
    let mut rest = vec![0; usize::from(signature_len)];
    (read_full(source, &mut rest).ok()? == rest.len()).then_some(())
}

fn is_at_end(source: &mut impl Read) -> Option<()> {
    (read_full(source, &mut [0]).ok()? == 0).then_some(())
}

fn take<const N: usize>(source: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (read_full(source, &mut bytes).ok()? == N).then_some(bytes)
}
