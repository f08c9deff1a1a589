//! Encryption, from plaintext to a whole message.
//!
//! 1. The first key generates a data key; each further key wraps it too.
//! 2. The data key and a random message id give the frame key and the commit key.
//! 3. The header is written with its tag, and the frames after it.

use std::io::{self, Read, Write};
use std::num::NonZeroU32;

use crate::context::EncryptionContext;
use crate::message::derivation::derive;
use crate::message::frame::FrameCipher;
use crate::message::header::{Content, Header, HeaderError, MESSAGE_ID_LEN, MessageId};
use crate::message::layout::Layout;
use crate::pipeline::{PipelineError, Progress, sequential};
use crate::provider::{Provider, ProviderError};
use crate::secret::fill_random;
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
    cipher: FrameCipher,
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
        let serialised = context.serialise();
        let (data_key, first) = generator.generate(suite.key_len, &serialised)?;
        let mut encrypted_data_keys = vec![first];
        for key in others {
            encrypted_data_keys.push(key.wrap(&data_key, &serialised)?);
        }
        let mut message_id = [0; MESSAGE_ID_LEN];
        fill_random(&mut message_id).map_err(EncryptError::Random)?;
        let (frame_key, commit_key) = derive(suite, &data_key, &message_id);
        let cipher = FrameCipher::new(&frame_key, &message_id);
        let fields = Header {
            suite,
            message_id,
            context: context.clone(),
            encrypted_data_keys,
            content: Content::Framed(frame_length),
            commit_key,
        };
        let mut header = fields.serialise()?;
        let tag = cipher.seal_header(&header, &[]);
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
