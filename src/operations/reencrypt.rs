//! A message under a new data key, in one pass: decrypted on one thread and encrypted on another, so that
//! the plaintext is only ever in memory, and both cores have work.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::crypto::secret::SecretBytes;
use crate::operations::decrypt::Opened;
use crate::operations::encrypt::{EncryptError, Encrypted, Sealer};
use crate::pipeline::{PipelineError, Progress};

/// Parts on their way from one thread to the other.
const IN_FLIGHT: usize = 16;

/// Bytes of a part at most: a frame can be large, and several copies of it would be in memory.
const PART: usize = 64 << 10;

/// Why a message was not encrypted again.
#[derive(Debug, thiserror::Error)]
pub enum ReencryptError {
    /// The old message is not whole and authentic.
    #[error(transparent)]
    Old(PipelineError),
    /// The new one could not be made.
    #[error(transparent)]
    New(#[from] EncryptError),
}

/// Decrypts the rest of `source`, and encrypts it with `sealer` to `output`.
///
/// The new message has a final frame only if all of the old one was authentic, its signature included.
///
/// # Errors
/// [`ReencryptError`]; `output` then has no whole message.
pub fn reencrypt(
    opened: &Opened,
    source: &mut (impl Read + Send),
    sealer: Sealer,
    output: &mut impl Write,
    progress: &(dyn Progress + Sync),
) -> Result<Encrypted, ReencryptError> {
    let (sender, receiver) = sync_channel(IN_FLIGHT);
    thread::scope(|scope| {
        let decrypting = thread::Builder::new().spawn_scoped(scope, move || {
            let mut plaintext = Sending(&sender);
            let result = opened.decrypt(source, &mut plaintext, progress);
            // Says that nothing follows; without it, the other side must not believe in an end.
            if result.is_ok() {
                drop(sender.send(Part::End));
            }
            result
        });
        let decrypting =
            decrypting.map_err(|error| ReencryptError::Old(PipelineError::Read(error)))?;
        let mut plaintext =
            Receiving { receiver, part: SecretBytes::zeroed(0), taken: 0, ended: false };
        let encrypted = sealer.encrypt(&mut plaintext, output, &());
        // Whoever still decrypts finds no one listening, and stops.
        drop(plaintext);
        let decrypted = decrypting.join().unwrap_or_else(|_| {
            Err(PipelineError::Read(io::Error::other("the decrypting thread ended early")))
        });
        match (decrypted, encrypted) {
            // The decryption stopped because nobody took what it had.
            (Err(PipelineError::Write(_)), Err(error)) => Err(error.into()),
            (Err(error), _) => Err(ReencryptError::Old(error)),
            (Ok(_), result) => Ok(result?),
        }
    })
}

enum Part {
    Bytes(SecretBytes),
    End,
}

struct Sending<'a>(&'a SyncSender<Part>);

impl Write for Sending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(PART)];
        self.0
            .send(Part::Bytes(SecretBytes::copy_of(bytes)))
            .map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Receiving {
    receiver: Receiver<Part>,
    part: SecretBytes,
    taken: usize,
    ended: bool,
}

impl Read for Receiving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.part.len() && !self.ended {
            match self.receiver.recv() {
                Ok(Part::Bytes(part)) => (self.part, self.taken) = (part, 0),
                Ok(Part::End) => self.ended = true,
                Err(_) => return Err(io::Error::other("the old message ends early")),
            }
        }
        let rest = &self.part.expose()[self.taken..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.taken += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::{Key, Keyring};
    use crate::keys::provider::raw_aes::RawAes;
    use crate::message::MessageError;
    use crate::operations::decrypt::{Expectation, Reader};
    use crate::operations::encrypt::Recipe;

    fn sealed(provider: &RawAes, plaintext: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        let sealer = Sealer::new(&[provider], &Recipe::default()).unwrap();
        sealer.encrypt(&mut &plaintext[..], &mut message, &()).unwrap();
        message
    }

    fn again(keyring: &Keyring, message: &[u8]) -> (Vec<u8>, Option<ReencryptError>) {
        let expected = Expectation::default();
        let reader = Reader { keyring, records: &(), expected: &expected };
        let mut source = message;
        let opened = Opened::open(&mut source, &reader).unwrap();
        let provider = keyring.keys()[0].current().provider().unwrap();
        let sealer = Sealer::new(&[&provider], &Recipe::default()).unwrap();
        let mut output = Vec::new();
        let result = reencrypt(&opened, &mut source, sealer, &mut output, &());
        (output, result.err())
    }

    #[test]
    fn the_plaintext_is_the_same_and_the_message_another() {
        let mut keyring = Keyring::default();
        keyring.add(Key::generate([].into(), "").unwrap()).unwrap();
        let provider = keyring.keys()[0].current().provider().unwrap();
        for len in [0, 1, 65_536, 500_000] {
            let plaintext = vec![7; len];
            let message = sealed(&provider, &plaintext);
            let (second, error) = again(&keyring, &message);
            assert!(error.is_none());
            assert_ne!(message, second);
            let (third, _) = again(&keyring, &second);
            assert_eq!(third.len(), message.len());
        }
    }

    #[test]
    fn an_old_message_that_is_cut_or_damaged_makes_no_new_one() {
        let mut keyring = Keyring::default();
        keyring.add(Key::generate([].into(), "").unwrap()).unwrap();
        let provider = keyring.keys()[0].current().provider().unwrap();
        let message = sealed(&provider, &vec![7; 500_000]);
        let mut damaged = message.clone();
        damaged[400_000] ^= 1;
        for bad in [&message[..message.len() - 1], &message[..300_000], &damaged] {
            let (output, error) = again(&keyring, bad);
            assert!(matches!(
                error,
                Some(ReencryptError::Old(PipelineError::Message(
                    MessageError::Truncated { .. } | MessageError::Authentication { .. }
                )))
            ));
            let expected = Expectation::default();
            let reader = Reader { keyring: &keyring, records: &(), expected: &expected };
            let mut source = &output[..];
            let opened = Opened::open(&mut source, &reader).unwrap();
            assert!(opened.decrypt(&mut source, &mut io::sink(), &()).is_err());
        }
    }
}
