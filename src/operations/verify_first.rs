//! Decryption that releases nothing until all of the message was verified, without holding it in memory.
//!
//! The first pass opens everything and throws the plaintext away, and keeps a SHA-256 of each MiB of the
//! message. The second pass opens it again, and reads a run of the message only if its hash is the one of
//! the first. Tags would not do for that: whoever holds the data key can make other frames that have them,
//! and put them in the file's place between the passes.

use std::fs::File;
use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use crate::fs::read_full::read_full;
use crate::operations::decrypt::{MessageOpener, OpenError, OpenedMessage};
use crate::pipeline::{NoProgress, PipelineError, Progress};

/// Bytes that one hash stands for.
const RUN: usize = 1 << 20;

/// The message is not the one that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it changed while it was read: it is not what was verified")]
pub struct Changed;

/// The copy of what cannot be read twice could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the copy in the temporary folder could not be written; TMPDIR can name another folder")]
pub struct SpoolFailed(#[source] io::Error);

/// Why nothing, or no more, was released.
#[derive(Debug, thiserror::Error)]
pub enum VerifyFirstError {
    /// The message does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The body is not whole and authentic, or could not be read or written.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// What the first pass knows.
#[derive(Debug)]
pub struct Verified {
    hashes: Vec<[u8; 32]>,
}

impl Verified {
    /// The first pass: opens all of `source`. Where it cannot be read twice, it is copied to `spool` on the
    /// way; that is the message as it came, and no plaintext.
    ///
    /// # Errors
    /// [`VerifyFirstError`].
    pub fn new(
        source: impl Read + Send,
        spool: Option<&File>,
        opener: &MessageOpener<'_>,
    ) -> Result<Self, VerifyFirstError> {
        let mut recorder =
            Recorder { source, spool, run: Sha256::new(), in_run: 0, hashes: Vec::new() };
        let opened = OpenedMessage::open(&mut recorder, opener)?;
        opened.decrypt(&mut recorder, &mut io::sink(), &NoProgress)?;
        Ok(Self { hashes: recorder.finish() })
    }

    /// The second pass: decrypts the same message to `output`, and returns it with its length.
    ///
    /// # Errors
    /// [`VerifyFirstError`]; with [`Changed`] as its cause where `source` is no longer the same.
    pub fn release(
        self,
        source: impl Read + Send,
        opener: &MessageOpener<'_>,
        output: &mut impl Write,
        progress: &dyn Progress,
    ) -> Result<(OpenedMessage, u64), VerifyFirstError> {
        let hashes = self.hashes.into_iter();
        let mut replay = Replay { source, hashes, run: Vec::new(), taken: 0 };
        let opened = OpenedMessage::open(&mut replay, opener)?;
        let len = opened.decrypt(&mut replay, output, progress)?;
        Ok((opened, len))
    }
}

/// Hashes, and copies if there is to be a copy, what is read through it.
struct Recorder<'a, R> {
    source: R,
    spool: Option<&'a File>,
    run: Sha256,
    in_run: usize,
    hashes: Vec<[u8; 32]>,
}

impl<R> Recorder<'_, R> {
    fn finish(mut self) -> Vec<[u8; 32]> {
        if self.in_run > 0 {
            self.hashes.push(self.run.finalize().into());
        }
        self.hashes
    }
}

impl<R: Read> Read for Recorder<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(RUN - self.in_run);
        let read = self.source.read(&mut buffer[..room])?;
        if let Some(mut spool) = self.spool {
            spool
                .write_all(&buffer[..read])
                .map_err(|error| io::Error::other(SpoolFailed(error)))?;
        }
        self.run.update(&buffer[..read]);
        self.in_run += read;
        if self.in_run == RUN {
            self.hashes.push(self.run.finalize_reset().into());
            self.in_run = 0;
        }
        Ok(read)
    }
}

/// Reads only runs that have the next hash.
struct Replay<R> {
    source: R,
    hashes: std::vec::IntoIter<[u8; 32]>,
    run: Vec<u8>,
    taken: usize,
}

impl<R: Read> Read for Replay<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.run.len() {
            self.run.resize(RUN, 0);
            let len = read_full(&mut self.source, &mut self.run)?;
            self.run.truncate(len);
            self.taken = 0;
            let expected = self.hashes.next();
            if len == 0 && expected.is_none() {
                return Ok(0);
            }
            if expected != Some(Sha256::digest(&self.run).into()) {
                self.run.clear();
                return Err(io::Error::other(Changed));
            }
        }
        let len = buffer.len().min(self.run.len() - self.taken);
        buffer[..len].copy_from_slice(&self.run[self.taken..self.taken + len]);
        self.taken += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Key;
    use crate::keyring::RootKeys;
    use crate::keys::envelope::NoRecords;
    use crate::keys::service::KeyService as _;
    use crate::message::MessageError;
    use crate::operations::decrypt::DecryptPolicy;
    use crate::operations::encrypt::{MessageSealer, MessageSpec};

    /// Two messages of one header: only who holds the data key can make the second, and every tag of it
    /// is valid.
    fn twins(first: &[u8], second: &[u8]) -> (RootKeys, [Vec<u8>; 2]) {
        let mut keyring = RootKeys::default();
        keyring.add(Key::generate([].into(), "").unwrap()).unwrap();
        let recipient = keyring.recipient(&keyring.keys()[0].id().into()).unwrap();
        let spec = MessageSpec::default();
        let (data_key, wrapped) = recipient.generate(32, &spec.context).unwrap();
        let message = |plaintext: &[u8]| {
            let mut message = Vec::new();
            MessageSealer::assemble(&data_key, [7; 32].into(), &spec, vec![wrapped.clone()], None)
                .unwrap()
                .encrypt(&mut &plaintext[..], &mut message, &NoProgress)
                .unwrap();
            message
        };
        let messages = [message(first), message(second)];
        drop(recipient);
        (keyring, messages)
    }

    fn release(
        keyring: &RootKeys,
        first: &[u8],
        second: &[u8],
    ) -> (Vec<u8>, Option<VerifyFirstError>) {
        let policy = DecryptPolicy::default();
        let opener = MessageOpener { services: &[keyring], records: &NoRecords, policy: &policy };
        let verified = Verified::new(first, None, &opener).unwrap();
        let mut output = Vec::new();
        let result = verified.release(second, &opener, &mut output, &NoProgress);
        (output, result.err())
    }

    #[test]
    fn the_same_message_is_released_whole() {
        for len in [0, 1, 65_536, RUN - 200, RUN, 3 * RUN + 17] {
            let (keyring, [message, _]) = twins(&vec![b'a'; len], b"");
            let (output, error) = release(&keyring, &message, &message);
            assert_eq!((output.len(), error.is_none()), (len, true), "{len}");
        }
    }

    #[test]
    fn a_body_swapped_between_the_passes_is_not_released() {
        let (good, forged) = (vec![b'a'; 3 * RUN], vec![b'b'; 3 * RUN]);
        let (keyring, [first, second]) = twins(&good, &forged);
        // The forgery opens by itself: its tags are valid.
        let (output, error) = release(&keyring, &second, &second);
        assert!(output == forged && error.is_none());
        for from in [0, RUN, 2 * RUN + 5] {
            let swapped = [&first[..from], &second[from..]].concat();
            let (output, error) = release(&keyring, &first, &swapped);
            assert!(output.iter().all(|byte| *byte == b'a'), "something forged came out");
            assert!(output.len() <= from);
            let error = match error.unwrap() {
                VerifyFirstError::Pipeline(PipelineError::Message(MessageError::Read(error)))
                | VerifyFirstError::Open(OpenError::Message(MessageError::Read(error))) => error,
                other => panic!("{other}"),
            };
            assert!(error.get_ref().unwrap().is::<Changed>());
        }
        for other in [&first[..first.len() - 1], &[&first[..], b"x"].concat()] {
            assert!(release(&keyring, &first, other).1.is_some());
        }
    }

    #[test]
    fn a_copy_is_made_of_what_cannot_be_read_twice() {
        use std::io::Seek as _;

        let (keyring, [message, _]) = twins(b"text", b"");
        let mut spool = tempfile::tempfile().unwrap();
        let policy = DecryptPolicy::default();
        let opener = MessageOpener { services: &[&keyring], records: &NoRecords, policy: &policy };
        let verified = Verified::new(&message[..], Some(&spool), &opener).unwrap();
        spool.rewind().unwrap();
        let mut output = Vec::new();
        let released = verified.release(&spool, &opener, &mut output, &NoProgress).unwrap();
        assert_eq!((output, released.1), (b"text".to_vec(), 4));
    }
}
