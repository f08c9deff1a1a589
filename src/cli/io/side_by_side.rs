//! A source that is compared with another one while it is read.

use std::io::{self, Read};

use enwrap::crypto::secret::SecretBytes;
use enwrap::fs::read_full::read_full;
use enwrap::message::MessageError;
use enwrap::pipeline::PipelineError;

/// Whether two sources have held the same bytes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// Both were read to their ends, and all was the same.
    Same,
    /// One of them was not read to its end yet.
    Open,
    /// They have other bytes, or one of them is longer.
    Different,
    /// The other source could not be read to its end: a message that is damaged or cut.
    Unproved,
}

/// Reads `source`, and `other` beside it. The bytes are those of `source`, whatever `other` holds.
pub(crate) struct SideBySide<S, O> {
    source: S,
    other: O,
    likeness: Likeness,
    /// As much of `other` as one read of `source` gave.
    buffer: SecretBytes,
}

impl<S: Read, O: Read> SideBySide<S, O> {
    pub(crate) fn new(source: S, other: O) -> Self {
        Self { source, other, likeness: Likeness::Open, buffer: SecretBytes::zeroed(0) }
    }

    pub(crate) fn likeness(&self) -> Likeness {
        self.likeness
    }

    /// Reads on until both ends are reached or a difference is found.
    pub(crate) fn compare(mut self) -> io::Result<Likeness> {
        let mut chunk = SecretBytes::zeroed(64 << 10);
        while self.likeness == Likeness::Open {
            match self.read(chunk.expose_mut()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => drop(read?),
            }
        }
        Ok(self.likeness)
    }

    fn look(&mut self, bytes: &[u8]) -> io::Result<Likeness> {
        // At the end of the one source, the other must have no byte more.
        let wanted = bytes.len().max(1);
        if self.buffer.len() < wanted {
            self.buffer = SecretBytes::zeroed(wanted);
        }
        let there = &mut self.buffer.expose_mut()[..wanted];
        match read_full(&mut self.other, there) {
            Err(error) if is_fault_of_message(&error) => Ok(Likeness::Unproved),
            Err(error) => Err(error),
            Ok(read) if there[..read] != *bytes => Ok(Likeness::Different),
            Ok(_) if bytes.is_empty() => Ok(Likeness::Same),
            Ok(_) => Ok(Likeness::Open),
        }
    }
}

/// Whether the bytes of a message are to blame for an error, and not the system that was to read them.
fn is_fault_of_message(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<PipelineError>());
    inner.is_some_and(|inner| !matches!(inner, PipelineError::Message(MessageError::Read(_))))
}

impl<S: Read, O: Read> Read for SideBySide<S, O> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        if self.likeness == Likeness::Open && !buffer.is_empty() {
            self.likeness = self.look(&buffer[..read])?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that fails where it should end.
    struct Broken<'a>(&'a [u8]);

    impl Read for Broken<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                Err(io::Error::other(PipelineError::TooLong))
            } else {
                self.0.read(buffer)
            }
        }
    }

    #[test]
    fn only_the_same_bytes_up_to_both_ends_are_the_same() {
        let long = vec![7; 200_000];
        let mut other = long.clone();
        other[150_000] = 8;
        for (one, two, is) in [
            (&b""[..], &b""[..], Likeness::Same),
            (b"a", b"a", Likeness::Same),
            (b"", b"a", Likeness::Different),
            (b"a", b"", Likeness::Different),
            (b"ab", b"a", Likeness::Different),
            (b"a", b"ab", Likeness::Different),
            (&long, &long, Likeness::Same),
            (&long, &other, Likeness::Different),
        ] {
            assert_eq!(
                SideBySide::new(one, two).compare().unwrap(),
                is,
                "{} {}",
                one.len(),
                two.len()
            );
        }
        assert_eq!(
            SideBySide::new(&b"ab"[..], Broken(b"ab")).compare().unwrap(),
            Likeness::Unproved
        );
        assert!(SideBySide::new(Broken(b"ab"), &b"ab"[..]).compare().is_err());
    }

    #[test]
    fn the_bytes_are_those_of_the_source_also_after_a_difference() {
        let mut both = SideBySide::new(&b"abcdef"[..], &b"abX"[..]);
        let mut read = Vec::new();
        both.read_to_end(&mut read).unwrap();
        assert_eq!((read, both.likeness()), (b"abcdef".to_vec(), Likeness::Different));
    }
}
