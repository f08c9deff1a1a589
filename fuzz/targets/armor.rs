//! Law: text decodes to the same bytes, or with the same error, whatever the sizes of the reads and of the pieces that
//! the source gives. What was encoded decodes to itself.

#![no_main]

use std::io::{self, BufRead, BufReader, Read, Write as _};

use enwrap::message::armor::{ArmorEncoder, Unarmored};
use libfuzzer_sys::fuzz_target;

/// Gives at most `piece` bytes a read.
struct Pieces<'a> {
    rest: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.piece);
        self.rest.read(&mut buffer[..len])
    }
}

fuzz_target!(|data: &[u8]| {
    let Some(([piece, step], text)) = data.split_first_chunk() else { return };
    let whole = decoded(text, usize::MAX);
    let piece = usize::from(*piece).max(1);
    let pieces = BufReader::with_capacity(piece, Pieces { rest: text, piece });
    assert_eq!(decoded(pieces, usize::from(*step).max(1)), whole, "in pieces");
    let Ok(bytes) = whole else { return };
    // Bytes that begin as a message do; others are no armour.
    if !bytes.1.starts_with(&[1]) && !bytes.1.starts_with(&[2]) {
        return;
    }
    let mut armored = Vec::new();
    let mut encoder = ArmorEncoder::new(&mut armored);
    for part in bytes.1.chunks(piece) {
        encoder.write_all(part).unwrap();
    }
    encoder.finish().unwrap();
    assert_eq!(decoded(&armored[..], usize::MAX), Ok((true, bytes.1)), "encoded again");
});

/// Returns whether it was armour, and the bytes; or the bytes before an error, and the error.
fn decoded(source: impl BufRead, step: usize) -> Result<(bool, Vec<u8>), (Vec<u8>, String)> {
    let mut reader = Unarmored::detect(source).map_err(|error| (Vec::new(), error.to_string()))?;
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; step.min(4096)]);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((reader.is_armored(), bytes)),
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) => return Err((bytes, error.to_string())),
        }
    }
}
