//! From the bytes of a message to text.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The number of bytes that make a line of 64 characters.
const LINE_BYTES: usize = 48;

/// A writer that armours the bytes written to it.
pub struct ArmorEncoder<W> {
    output: W,
    /// The bytes of the last line, which is not yet complete.
    pending: Vec<u8>,
}

impl<W: Write> ArmorEncoder<W> {
    /// Returns a writer at the start of a line.
    pub fn new(output: W) -> Self {
        Self { output, pending: Vec::with_capacity(LINE_BYTES) }
    }

    /// Writes the last line, if there are bytes for it.
    ///
    /// # Errors
    /// The error of the output.
    pub fn finish(mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.pending);
        self.output.write_all(lines(&rest).as_bytes())
    }
}

impl<W: Write> Write for ArmorEncoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.pending);
        all.extend_from_slice(bytes);
        let whole = all.len() / LINE_BYTES * LINE_BYTES;
        self.output.write_all(lines(&all[..whole]).as_bytes())?;
        self.pending.extend_from_slice(&all[whole..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Returns `bytes` as lines of base64.
fn lines(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / LINE_BYTES * 65 + 70);
    for line in bytes.chunks(LINE_BYTES) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text
}
