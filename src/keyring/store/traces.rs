//! Whether a file holds key material, however it was written down.

use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;
use zeroize::Zeroizing;

use crate::keyring::model::material::Material;

/// Bytes looked at together.
const CHUNK: usize = 1 << 20;

/// What to look for: material as it is, in hex, and base64 of either, as in a keyring in one line.
#[derive(Debug)]
pub(crate) struct Traces {
    raw: Vec<Zeroizing<Vec<u8>>>,
    /// To be found in text, whatever white space stands between.
    text: Vec<Zeroizing<Vec<u8>>>,
}

impl Traces {
    pub(crate) fn of<'a>(materials: impl IntoIterator<Item = &'a Material>) -> Self {
        let (mut raw, mut text) = (Vec::new(), Vec::new());
        for material in materials {
            let bytes = material.secret().expose();
            let hex = material.to_hex();
            let hex = hex.expose();
            text.extend(base64_forms(bytes));
            for digits in [hex.to_vec(), hex.to_ascii_uppercase()].map(Zeroizing::new) {
                text.extend(base64_forms(&digits));
                text.push(digits);
            }
            raw.push(Zeroizing::new(bytes.to_vec()));
        }
        Self { raw, text }
    }

    /// Whether any of it is in `source`.
    ///
    /// # Errors
    /// The source's own.
    pub(crate) fn are_in(&self, mut source: impl Read) -> io::Result<bool> {
        let longest = self.raw.iter().chain(&self.text).map(|needle| needle.len()).max();
        let Some(overlap) = longest else { return Ok(false) };
        let mut bytes: Zeroizing<Vec<u8>> = Zeroizing::default();
        let mut text: Zeroizing<Vec<u8>> = Zeroizing::default();
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
            // What began in the chunk before may end in this one.
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

/// What is the same in the base64 of any text that holds `bytes`, for each of the three places at which they
/// can begin.
fn base64_forms(bytes: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    (0..3).map(move |before| {
        let mut padded = Zeroizing::new(vec![0; before]);
        padded.extend_from_slice(bytes);
        // Only whole groups of three are sure: the first shares bits with what is before, the last with
        // what follows.
        let whole = padded.len() / 3 * 3;
        padded.truncate(whole);
        let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&*padded).into_bytes());
        let first = if before == 0 { 0 } else { 4 };
        Zeroizing::new(encoded[first..].to_vec())
    })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn material_is_found_however_it_is_written_and_other_bytes_are_not() {
        let material = Material::generate().unwrap();
        let traces = Traces::of([&material]);
        let (raw, hex) =
            (material.secret().expose().to_vec(), hex::encode(material.secret().expose()));
        let found = |bytes: &[u8]| traces.are_in(bytes).unwrap();
        for before in 0..5 {
            let around = |inner: &[u8]| [&vec![b'x'; before][..], inner, b"more"].concat();
            for inner in [raw.clone(), hex.clone().into_bytes(), hex.to_uppercase().into_bytes()] {
                assert!(found(&around(&inner)), "{before}");
                let encoded = STANDARD.encode(around(&inner));
                assert!(found(encoded.as_bytes()), "{before}");
                let lines: Vec<&[u8]> = encoded.as_bytes().chunks(20).collect();
                assert!(found(&lines.join(&b"\r\n"[..])), "{before}");
            }
            let far = [vec![b' '; CHUNK - 20], around(&raw)].concat();
            assert!(found(&far), "over the edge of a chunk");
        }
        assert!(!found(&raw[1..]) && !found(&hex.as_bytes()[1..]) && !found(b""));
        assert!(!found(
            STANDARD.encode(Material::generate().unwrap().secret().expose()).as_bytes()
        ));
        assert!(!Traces::of([]).are_in(&raw[..]).unwrap());
    }
}
