//! A message under a new data key, in one pass: the plaintext is only ever in memory.

use std::io::{Read, Write};

use crate::message::Limits;
use crate::message::context::{EncryptionContext, PUBLIC_KEY};
use crate::message::header::{ContentType, Header};
use crate::message::layout::DEFAULT_FRAME_LENGTH;
use crate::operations::decrypt::OpenedMessage;
use crate::operations::encrypt::{Algorithm, EncryptError, Encrypted, MessageSealer, MessageSpec};
use crate::pipeline::{PipelineError, Progress};

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

/// What a message is to be that takes the place of `old`: with the same stored pairs, the same form and, by `bound`,
/// the same bound pairs.
///
/// Frames that readers refuse by default, and one block without frames, become frames of the usual length.
#[must_use]
pub fn successor(old: &Header, bound: &EncryptionContext) -> MessageSpec {
    let mut context = old.context.clone();
    context.remove(PUBLIC_KEY);
    let frame_length = match old.content {
        ContentType::Framed(length) if length.get() <= Limits::default().frame_length => length,
        ContentType::Framed(_) | ContentType::NonFramed => DEFAULT_FRAME_LENGTH,
    };
    let is_signed = old.public_key.is_some();
    let algorithm = if is_signed { Algorithm::Signed } else { Algorithm::Unsigned };
    MessageSpec { algorithm, frame_length, context, bound: bound.clone() }
}

/// Decrypts the rest of `source`, and encrypts it with `sealer` to `output`.
///
/// The sealer reads the plaintext frame by frame; where it has two threads, one of them decrypts the next frames
/// while the other seals. The new message has a final frame only if all of the old one was authentic, its signature
/// included.
///
/// # Errors
/// [`ReencryptError`]; `output` then has no whole message.
pub fn reencrypt(
    opened: &OpenedMessage,
    source: &mut (impl Read + Send),
    sealer: MessageSealer,
    output: &mut impl Write,
    progress: &dyn Progress,
) -> Result<Encrypted, ReencryptError> {
    sealer.in_runs().encrypt(&mut opened.plaintext(source), output, progress).map_err(|error| {
        match error {
            // What cannot be read is the old message; its reader says why.
            EncryptError::Pipeline(PipelineError::Read(error)) => match error.downcast() {
                Ok(old) => ReencryptError::Old(old),
                Err(error) => EncryptError::from(PipelineError::Read(error)).into(),
            },
            error => error.into(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::num::NonZeroUsize;

    use super::*;
    use crate::keyring::{Key, RootKeys};
    use crate::keys::envelope::NoRecords;
    use crate::keys::service::KeyService as _;
    use crate::message::MessageError;
    use crate::operations::decrypt::{DecryptPolicy, MessageOpener};
    use crate::pipeline::{Jobs, NoProgress};

    fn sealer(keyring: &RootKeys) -> MessageSealer {
        let recipient = keyring.recipient(&keyring.keys()[0].id().into()).unwrap();
        MessageSealer::new(&[recipient], &MessageSpec::default()).unwrap()
    }

    fn sealed(keyring: &RootKeys, plaintext: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        sealer(keyring).encrypt(&mut &plaintext[..], &mut message, &NoProgress).unwrap();
        message
    }

    /// The new message, and why it is none: the same by one thread and by several.
    fn again(keyring: &RootKeys, message: &[u8]) -> (Vec<u8>, Option<ReencryptError>) {
        let by_one = again_by(Jobs::ONE, keyring, message);
        let by_some = again_by(Jobs::new(NonZeroUsize::new(3).unwrap()), keyring, message);
        let text = |error: &Option<ReencryptError>| error.as_ref().map(ToString::to_string);
        assert_eq!((by_one.0.len(), text(&by_one.1)), (by_some.0.len(), text(&by_some.1)));
        by_some
    }

    fn again_by(
        jobs: Jobs,
        keyring: &RootKeys,
        message: &[u8],
    ) -> (Vec<u8>, Option<ReencryptError>) {
        let policy = DecryptPolicy::default();
        let opener = MessageOpener { services: &[keyring], records: &NoRecords, policy: &policy };
        let mut source = message;
        let opened = OpenedMessage::open(&mut source, &opener).unwrap();
        let sealer = sealer(keyring).with_jobs(jobs);
        let mut output = Vec::new();
        let result = reencrypt(&opened, &mut source, sealer, &mut output, &NoProgress);
        (output, result.err())
    }

    #[test]
    fn the_plaintext_is_the_same_and_the_message_another() {
        let mut keyring = RootKeys::default();
        keyring.add(Key::generate([].into(), "").unwrap()).unwrap();
        for len in [0, 1, 65_536, 500_000] {
            let plaintext = vec![7; len];
            let message = sealed(&keyring, &plaintext);
            let (second, error) = again(&keyring, &message);
            assert!(error.is_none());
            assert_ne!(message, second);
            let (third, _) = again(&keyring, &second);
            assert_eq!(third.len(), message.len());
        }
    }

    #[test]
    fn an_old_message_that_is_cut_or_damaged_makes_no_new_one() {
        let mut keyring = RootKeys::default();
        keyring.add(Key::generate([].into(), "").unwrap()).unwrap();
        let message = sealed(&keyring, &vec![7; 500_000]);
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
            let policy = DecryptPolicy::default();
            let opener =
                MessageOpener { services: &[&keyring], records: &NoRecords, policy: &policy };
            let mut source = &output[..];
            let opened = OpenedMessage::open(&mut source, &opener).unwrap();
            assert!(opened.decrypt(&mut source, &mut io::sink(), &NoProgress).is_err());
        }
    }
}
