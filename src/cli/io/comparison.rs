//! Compares what is written with a file that is there.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use enwrap::crypto::secret::SecretBytes;
use enwrap::fs::read_full::read_full;

/// A writer that takes bytes as long as a file has the same ones, and fails at the first other one.
pub(crate) struct Comparison {
    file: BufReader<File>,
    is_other: bool,
}

impl Comparison {
    /// Begins at the first byte of `file`.
    pub(crate) fn with(file: File) -> Self {
        Self { file: BufReader::new(file), is_other: false }
    }

    /// Whether the file had other bytes, or too few.
    pub(crate) fn is_other(&self) -> bool {
        self.is_other
    }

    /// Whether the file has no more bytes than were compared.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.file.read(&mut [0])? == 0)
    }
}

impl Write for Comparison {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = SecretBytes::zeroed(bytes.len());
        let read = read_full(&mut self.file, there.expose_mut())?;
        if there.expose()[..read] == *bytes {
            return Ok(bytes.len());
        }
        self.is_other = true;
        Err(io::ErrorKind::InvalidData.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
