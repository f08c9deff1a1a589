//! A source of bytes for tests, whose reads fail now and then.

use std::io::{self, BufRead, Read};

/// Fails with an error of one kind before each read, which then gives some bytes.
pub(crate) struct Failing<'a> {
    rest: &'a [u8],
    kind: io::ErrorKind,
    most: usize,
    has_failed: bool,
}

impl<'a> Failing<'a> {
    /// A source of `bytes`, of which a read gives `most` at most.
    pub(crate) fn new(bytes: &'a [u8], kind: io::ErrorKind, most: usize) -> Self {
        Self { rest: bytes, kind, most, has_failed: false }
    }
}

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buffer)?;
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for Failing<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.has_failed = !self.has_failed;
        if self.has_failed {
            return Err(self.kind.into());
        }
        Ok(&self.rest[..self.rest.len().min(self.most)])
    }

    fn consume(&mut self, amount: usize) {
        self.rest = &self.rest[amount..];
    }
}
