//! Encryption, from plaintext to a whole message.
//!
//! 1. The first key generates a data key; each further key wraps it too.
//! 2. The data key and a random message id give the frame key and the commit key.
//! 3. The header is written with its tag, and the frames after it.

use std::io::{self, Read, Write};
use std::num::NonZeroU32;

use crate::context::EncryptionContext;
use crate::message::derivation::derive;
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::message::engine::TAG_LEN;
use crate::message::frame::FrameSealer;
use crate::message::header::{Content, Header, HeaderError, MESSAGE_ID_LEN, MessageId};
use crate::message::layout::Layout;
use crate::message::{Limit, Limits};
use crate::pipeline::{PipelineError, Progress, sequential};
use crate::provider::{Provider, ProviderError};
use crate::secret::{DataKey, fill_random};
use crate::suite::Suite;

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// There is no key to wrap the data key under.
    #[error("no key to encrypt under")]
    NoKey,
    /// A key did not wrap.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The header does not fit into the format.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Every reader would refuse it, unless told to raise its limit.
    #[error("the message's {limit} would be {found}, and readers accept {allowed}")]
    Unreadable {
        /// Which limit.
        limit: Limit,
        /// What the message would have.
        found: usize,
        /// What is accepted by default.
        allowed: usize,
    },
    /// The operating system has no random numbers to give.
    #[error("the system's random number generator failed")]
    Random(#[source] io::Error),
    /// Reading or writing failed.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// A message's beginning, and the cipher for the rest.
pub struct Sealer {
    message_id: MessageId,
    frame_length: NonZeroU32,
    /// The header with its tag.
    header: Vec<u8>,
    cipher: FrameSealer,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// The message's random name.
    pub message_id: MessageId,
    /// Bytes that went in.
    pub plaintext_len: u64,
    /// Bytes that came out.
    pub message_len: u64,
}

impl Sealer {
    /// Draws a data key, wraps it under each of `keys`, and makes the header.
    ///
    /// The data key itself is wiped before this returns; only the derived key is left.
    ///
    /// # Errors
    /// [`EncryptError`].
    pub fn new(
        keys: &[&dyn Provider],
        context: &EncryptionContext,
        frame_length: NonZeroU32,
    ) -> Result<Self, EncryptError> {
        let suite = Suite::COMMITTING;
        let (generator, others) = keys.split_first().ok_or(EncryptError::NoKey)?;
        let (data_key, first) = generator.generate(suite.key_len, context)?;
        let mut encrypted_data_keys = vec![first];
        for key in others {
            encrypted_data_keys.push(key.wrap(&data_key, context)?);
        }
        let mut message_id = [0; MESSAGE_ID_LEN];
        fill_random(&mut message_id).map_err(EncryptError::Random)?;
        Self::assemble(&data_key, message_id, context, encrypted_data_keys, frame_length)
    }

    /// The beginning of a message from its parts; no data key and message id may serve twice.
    pub(crate) fn assemble(
        data_key: &DataKey,
        message_id: MessageId,
        context: &EncryptionContext,
        encrypted_data_keys: Vec<EncryptedDataKey>,
        frame_length: NonZeroU32,
    ) -> Result<Self, EncryptError> {
        let suite = Suite::COMMITTING;
        let (frame_key, commit_key) = derive(suite, data_key, &message_id);
        let fields = Header {
            suite,
            message_id,
            context: context.clone(),
            encrypted_data_keys,
            content: Content::Framed(frame_length),
            commit_key,
        };
        let mut header = fields.serialise()?;
        require_readable(&fields, header.len() + TAG_LEN)?;
        let (cipher, tag) = FrameSealer::begin(&frame_key, &message_id, &header, &[]);
        header.extend_from_slice(&tag);
        Ok(Self { message_id, frame_length, header, cipher })
    }

    /// Writes the header, and all of `source` in frames.
    ///
    /// # Errors
    /// [`EncryptError::Pipeline`]; what was written is then no whole message.
    pub fn encrypt(
        self,
        source: &mut impl Read,
        output: &mut impl Write,
        progress: &dyn Progress,
    ) -> Result<Encrypted, EncryptError> {
        output.write_all(&self.header).map_err(PipelineError::Write)?;
        let plaintext_len =
            sequential::seal(&self.cipher, self.frame_length, source, output, progress)?;
        let layout =
            Layout { header_len: self.header.len() as u64, frame_length: self.frame_length };
        let message_len = layout.message_len(plaintext_len).ok_or(PipelineError::TooLong)?;
        Ok(Encrypted { message_id: self.message_id, plaintext_len, message_len })
    }
}

/// A backup that cannot be restored without a flag would look fine until then.
fn require_readable(header: &Header, header_len: usize) -> Result<(), EncryptError> {
    let limits = Limits::default();
    let keys = header.encrypted_data_keys.len();
    for (limit, found, allowed) in [
        (Limit::EncryptedDataKeys, keys, usize::from(limits.encrypted_data_keys)),
        (Limit::HeaderSize, header_len, limits.header_size),
    ] {
        if found > allowed {
            return Err(EncryptError::Unreadable { limit, found, allowed });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::layout::DEFAULT_FRAME_LENGTH;
    use crate::provider::raw_aes::RawAes;
    use crate::secret::SecretBytes;

    #[test]
    fn nothing_is_written_that_readers_refuse_by_default() {
        let key = RawAes::new("ns", "name", &SecretBytes::zeroed(32)).unwrap();
        let begin = |count: usize| {
            let keys = vec![&key as &dyn Provider; count];
            Sealer::new(&keys, &EncryptionContext::default(), DEFAULT_FRAME_LENGTH).map(drop)
        };
        begin(64).unwrap();
        assert!(matches!(begin(65), Err(EncryptError::Unreadable { found: 65, .. })));
        assert!(matches!(begin(0), Err(EncryptError::NoKey)));
    }
}
