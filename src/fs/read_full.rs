//! Reads until a buffer is full.

use std::io::{self, Read};

/// Reads until `buffer` is full or the source ends. Returns the number of bytes read.
///
/// # Errors
/// Any error of the source except `Interrupted`, after which the read is tried again.
pub fn read_full(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
