//! Looking for byte strings in a file, as they are and in base64.

use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;
use zeroize::Zeroizing;

/// Bytes looked at together.
const CHUNK: usize = 256 << 10;

/// What to look for. The needles may be secret, so they and the bytes looked at are wiped.
#[derive(Debug, Default)]
pub struct Needles {
    raw: Vec<Zeroizing<Vec<u8>>>,
    /// Found in text whatever white space stands between their characters.
    text: Vec<Zeroizing<Vec<u8>>>,
}

impl Needles {
    /// Adds bytes that are found as they are, and in base64 at any alignment and with any line breaks.
    pub fn add_raw(&mut self, bytes: &[u8]) {
        self.text.extend(base64_forms(bytes));
        self.raw.push(Zeroizing::new(bytes.to_vec()));
    }

    /// Adds text that is found whatever white space stands between its characters, and in base64.
    pub fn add_text(&mut self, text: &[u8]) {
        self.text.extend(base64_forms(text));
        self.text.push(Zeroizing::new(text.to_vec()));
    }

    /// Returns whether any of them is in `source`, which is read in constant memory.
    ///
    /// # Errors
    /// The source's own.
    pub fn are_in(&self, mut source: impl Read) -> io::Result<bool> {
        let longest = self.raw.iter().chain(&self.text).map(|needle| needle.len()).max();
        let Some(overlap) = longest else { return Ok(false) };
        // With room for all that they will hold: a vector that grows leaves a copy that nobody wipes.
        let room = || Zeroizing::new(Vec::<u8>::with_capacity(overlap + CHUNK));
        let (mut bytes, mut text) = (room(), room());
        let mut chunk = Zeroizing::new(vec![0; CHUNK]);
        let found = |needles: &[Zeroizing<Vec<u8>>], haystack: &[u8]| {
            needles.iter().any(|needle| memmem::find(haystack, needle).is_some())
        };
        loop {
            let read = match source.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // A needle that begins in the chunk before may end in this one.
            for held in [&mut bytes, &mut text] {
                let done = held.len().saturating_sub(overlap);
                held.drain(..done);
            }
            bytes.extend_from_slice(&chunk[..read]);
            text.extend(chunk[..read].iter().filter(|byte| !byte.is_ascii_whitespace()));
            if found(&self.raw, &bytes) || found(&self.text, &text) {
                return Ok(true);
            }
            if read == 0 {
                return Ok(false);
            }
        }
    }
}

/// The part of the base64 of `bytes` that does not depend on what stands before and after them, for each of the
/// three places at which they can begin in a group. A needle that is too short for that has no such form.
fn base64_forms(bytes: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    let forms = (0..3).map(move |before| {
        let mut padded = Zeroizing::new(vec![0; before]);
        padded.extend_from_slice(bytes);
        // Only whole groups of three bytes are sure: the first shares bits with the bytes before, and the last
        // with those that follow.
        let whole = padded.len() / 3 * 3;
        padded.truncate(whole);
        let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&*padded).into_bytes());
        let first = if before == 0 { 0 } else { 4.min(encoded.len()) };
        Zeroizing::new(encoded[first..].to_vec())
    });
    // Two groups at least: fewer characters would be found everywhere.
    forms.filter(|form| form.len() >= 8)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::fs::failing::Failing;

    const NEEDLE: [u8; 16] = *b"0a1b2c3d-4e5f-6a";

    #[test]
    fn a_needle_is_found_wherever_it_begins_and_over_the_edge_of_a_chunk() {
        let (mut raw, mut text) = (Needles::default(), Needles::default());
        raw.add_raw(&NEEDLE);
        text.add_text(&NEEDLE);
        for before in 0..5 {
            let around = [&vec![b'x'; before][..], &NEEDLE, b"more"].concat();
            let far = [vec![b' '; CHUNK - 12], around.clone()].concat();
            let encoded = STANDARD.encode(&around);
            let lines: Vec<&[u8]> = encoded.as_bytes().chunks(7).collect();
            for bytes in [&around, &far, &lines.join(&b"\r\n"[..])] {
                assert!(raw.are_in(&bytes[..]).unwrap() && text.are_in(&bytes[..]).unwrap());
            }
        }
        let spaced: Vec<u8> = NEEDLE.iter().flat_map(|byte| [*byte, b' ']).collect();
        assert!(text.are_in(&spaced[..]).unwrap() && !raw.are_in(&spaced[..]).unwrap());
        assert!(!raw.are_in(&NEEDLE[1..]).unwrap());
        assert!(!Needles::default().are_in(&NEEDLE[..]).unwrap());
    }

    #[test]
    fn an_interrupted_read_is_repeated_and_no_other() {
        let mut needles = Needles::default();
        needles.add_raw(&NEEDLE);
        let failing = |kind| Failing::new(&NEEDLE, kind, 5);
        assert!(needles.are_in(failing(io::ErrorKind::Interrupted)).unwrap());
        assert!(needles.are_in(failing(io::ErrorKind::Other)).is_err());
    }
}
