//! Compares what is written with a file that is there.

use std::fs::File;
use std::io::{self, BufReader, Write};

use enwrap::crypto::secret::SecretBytes;
use enwrap::fs::read_full::read_full;

/// What a file is, compared with what it should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    Same,
    /// It is the same up to some place, and there it ends, or has nothing but zeros from there on: what a power cut
    /// leaves.
    Spoiled,
    Other,
}

/// A writer that takes bytes as long as a file has the same ones, and fails at the first other one.
pub(crate) struct Comparison {
    file: BufReader<File>,
    /// Whether the file had other bytes, or too few, and if so, whether zeros.
    difference: Option<Compared>,
}

impl Comparison {
    /// Begins at the first byte of `file`.
    pub(crate) fn with(file: File) -> Self {
        Self { file: BufReader::new(file), difference: None }
    }

    /// Whether a difference was found.
    pub(crate) fn has_differed(&self) -> bool {
        self.difference.is_some()
    }

    /// Looks at the rest of the file.
    pub(crate) fn finish(mut self) -> io::Result<Compared> {
        let mut rest = SecretBytes::zeroed(64 << 10);
        loop {
            let read = read_full(&mut self.file, rest.expose_mut())?;
            let is_zero = rest.expose()[..read].iter().all(|byte| *byte == 0);
            match self.difference {
                _ if read == 0 => return Ok(self.difference.unwrap_or(Compared::Same)),
                Some(Compared::Spoiled) if is_zero => {}
                // Also where it is longer than what it should hold.
                _ => return Ok(Compared::Other),
            }
        }
    }
}

impl Write for Comparison {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = SecretBytes::zeroed(bytes.len());
        let read = read_full(&mut self.file, there.expose_mut())?;
        let there = &there.expose()[..read];
        if there == bytes {
            return Ok(bytes.len());
        }
        let same = there.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        let is_zero = there[same..].iter().all(|byte| *byte == 0);
        self.difference = Some(if is_zero { Compared::Spoiled } else { Compared::Other });
        Err(io::ErrorKind::InvalidData.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
