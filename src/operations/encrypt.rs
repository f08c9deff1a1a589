//! Encryption, from plaintext to a whole message.
//!
//! 1. The first key generates a data key; each further key wraps it too.
//! 2. The data key and a random message id give the frame key and the commit key.
//! 3. The header is written with its tag, and the frames after it.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::num::NonZeroU32;

use crate::crypto::engine::{TAG_LEN, Tag};
use crate::crypto::secret::{DataKey, fill_random};
use crate::crypto::stack;
use crate::keys::service::{Recipient, WrapError};
use crate::message::context::{ContextError, EncryptionContext, PUBLIC_KEY};
use crate::message::derivation::derive;
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::message::frame::FrameSealer;
use crate::message::header::{ContentType, Header, HeaderError};
use crate::message::layout::{DEFAULT_FRAME_LENGTH, Layout};
use crate::message::message_id::{MESSAGE_ID_LEN, MessageId};
use crate::message::signature::{FOOTER_LEN, Signer};
use crate::message::suite::Suite;
use crate::message::{Limit, Limits};
use crate::pipeline::frame_writer::FrameWriter;
use crate::pipeline::placed_frames::{ReadAt, SizedSource};
use crate::pipeline::positional::{self, PlacedOutput};
use crate::pipeline::signed;
use crate::pipeline::{self, BodySealer, Jobs, PipelineError, Progress, Release, sequential};

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// There is no key to wrap the data key under.
    #[error("no key to encrypt under")]
    NoKey,
    /// A key did not wrap.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// The context does not fit into the format, or has a pair that is both stored and bound.
    #[error(transparent)]
    Context(#[from] ContextError),
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
        /// The default limit of readers.
        allowed: usize,
    },
    /// The operating system has no random numbers to give.
    #[error("the system's random number generator failed")]
    Random(#[source] io::Error),
    /// Reading or writing failed.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// What a new message is to be.
#[derive(Clone, Debug)]
pub struct MessageSpec {
    /// With or without a signature.
    pub algorithm: Algorithm,
    /// Plaintext bytes of each frame but the last.
    pub frame_length: NonZeroU32,
    /// Pairs that are stored and authenticated.
    pub context: EncryptionContext,
    /// Pairs that are authenticated and not stored: the reader must have them.
    pub bound: EncryptionContext,
}

impl Default for MessageSpec {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::default(),
            frame_length: DEFAULT_FRAME_LENGTH,
            context: EncryptionContext::default(),
            bound: EncryptionContext::default(),
        }
    }
}

/// The suites that are written: those with key commitment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// [`Suite::COMMITTING`]: whoever can read the message could also have made it.
    #[default]
    Unsigned,
    /// [`Suite::SIGNED`]: readers can tell what was made by whom had the key pair of this message.
    Signed,
}

impl Algorithm {
    fn suite(self) -> Suite {
        match self {
            Self::Unsigned => Suite::COMMITTING,
            Self::Signed => Suite::SIGNED,
        }
    }
}

/// A message's beginning, and the cipher for the rest.
pub struct MessageSealer {
    fields: Header,
    tag: Tag,
    frame_length: NonZeroU32,
    /// The header with its tag.
    header: Vec<u8>,
    cipher: FrameSealer,
    signer: Option<Signer>,
    jobs: Jobs,
    release: Release,
}

/// A plaintext that is a file: read in order, or at any place by several threads.
pub trait PlaintextFile: Read + Send + ReadAt {
    /// How long it says that it is.
    fn claimed_len(&self) -> u64;

    /// Goes on behind the first `bytes` bytes.
    ///
    /// # Errors
    /// The system's own.
    fn skip(&mut self, bytes: u64) -> io::Result<()>;
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// What its header says.
    pub header: Header,
    /// The header's tag; its IV is zero.
    pub tag: Tag,
    /// Bytes that went in.
    pub plaintext_len: u64,
    /// Bytes that came out.
    pub message_len: u64,
}

impl MessageSealer {
    /// Draws a data key, wraps it for each of `recipients`, and makes the header.
    ///
    /// The data key itself is wiped before this returns; only the derived key is left.
    ///
    /// # Errors
    /// [`EncryptError`].
    pub fn new(
        recipients: &[Box<dyn Recipient + '_>],
        spec: &MessageSpec,
    ) -> Result<Self, EncryptError> {
        stack::wipe_after(|| Self::draw(recipients, spec))
    }

    fn draw(
        recipients: &[Box<dyn Recipient + '_>],
        spec: &MessageSpec,
    ) -> Result<Self, EncryptError> {
        let suite = spec.algorithm.suite();
        let (generator, others) = recipients.split_first().ok_or(EncryptError::NoKey)?;
        let mut stored = spec.context.clone();
        let mut signer = None;
        if spec.algorithm == Algorithm::Signed {
            let new = Signer::generate().map_err(EncryptError::Random)?;
            stored.insert_allowing_reserved(PUBLIC_KEY, &new.public_key())?;
            signer = Some(new);
        }
        let full = stored.union(&spec.bound)?;
        let (data_key, first) = generator.generate(suite.key_len, &full)?;
        let mut encrypted_data_keys = vec![first];
        for recipient in others {
            encrypted_data_keys.push(recipient.wrap(&data_key, &full)?);
        }
        let mut message_id = [0; MESSAGE_ID_LEN];
        fill_random(&mut message_id).map_err(EncryptError::Random)?;
        let spec = MessageSpec { context: stored, ..spec.clone() };
        Self::assemble(&data_key, message_id.into(), &spec, encrypted_data_keys, signer)
    }

    /// The beginning of a message from its parts; no data key and message id may serve twice.
    pub(crate) fn assemble(
        data_key: &DataKey,
        message_id: MessageId,
        spec: &MessageSpec,
        encrypted_data_keys: Vec<EncryptedDataKey>,
        signer: Option<Signer>,
    ) -> Result<Self, EncryptError> {
        let (suite, frame_length) = (spec.algorithm.suite(), spec.frame_length);
        let (frame_key, commit_key) = derive(suite, data_key, &message_id);
        let fields = Header {
            suite,
            message_id,
            context: spec.context.clone(),
            encrypted_data_keys,
            content: ContentType::Framed(frame_length),
            commit_key,
            public_key: None,
        };
        let mut header = fields.serialise()?;
        require_readable(&fields, header.len() + TAG_LEN)?;
        let bound = spec.bound.serialise();
        let (cipher, tag) = FrameSealer::begin(&frame_key, &message_id, &header, &bound);
        header.extend_from_slice(&tag);
        Ok(Self {
            fields,
            tag,
            frame_length,
            header,
            cipher,
            signer,
            jobs: Jobs::ONE,
            release: Release::Frames,
        })
    }

    /// Has several threads seal.
    #[must_use]
    pub fn with_jobs(self, jobs: Jobs) -> Self {
        Self { jobs, ..self }
    }

    /// Writes several frames at a time: nobody waits for single ones.
    #[must_use]
    pub fn in_runs(self) -> Self {
        Self { release: Release::Runs, ..self }
    }

    /// Writes the header, all of `source` in frames, and the signature if there is to be one.
    ///
    /// # Errors
    /// [`EncryptError::Pipeline`]; what was written is then no whole message.
    pub fn encrypt(
        self,
        source: &mut (impl Read + Send),
        output: &mut impl Write,
        progress: &dyn Progress,
    ) -> Result<Encrypted, EncryptError> {
        let Self { fields, tag, frame_length, header, cipher, signer, jobs, release } = self;
        let mut output = SigningWriter { output, signer };
        let footer_len = output.footer_len();
        output.write_all(&header).map_err(PipelineError::Write)?;
        let body = BodySealer { release, ..BodySealer::new(&cipher, frame_length) };
        let plaintext_len = stack::wipe_after(|| {
            let plaintext_len = pipeline::seal(body, source, &mut output, jobs, progress)?;
            output.finish()?;
            Ok::<_, EncryptError>(plaintext_len)
        })?;
        let layout = Layout { header_len: header.len() as u64, frame_length };
        let message_len = message_len(layout, plaintext_len, footer_len)?;
        Ok(Encrypted { header: fields, tag, plaintext_len, message_len })
    }

    /// Writes the header to `output`, and returns what seals the plaintext that is written to it. When that is
    /// finished, [`SigningWriter::finish`] ends the message.
    ///
    /// # Errors
    /// [`PipelineError::Write`].
    pub fn begin<W: Write>(
        self,
        output: W,
    ) -> Result<FrameWriter<FrameSealer, SigningWriter<W>>, PipelineError> {
        let mut output = SigningWriter { output, signer: self.signer };
        output.write_all(&self.header).map_err(PipelineError::Write)?;
        Ok(FrameWriter::new(self.cipher, self.frame_length, output))
    }

    /// The same from a file to an empty file: by position where that is faster.
    ///
    /// # Errors
    /// As [`encrypt`](Self::encrypt).
    pub fn encrypt_file(
        self,
        source: &mut impl PlaintextFile,
        mut output: &File,
        progress: &dyn Progress,
    ) -> Result<Encrypted, EncryptError> {
        if self.jobs == Jobs::ONE {
            return self.encrypt(source, &mut output, progress);
        }
        let Self { fields, tag, frame_length, header, cipher, mut signer, jobs, .. } = self;
        let layout = Layout { header_len: header.len() as u64, frame_length };
        output.write_all(&header).map_err(PipelineError::Write)?;
        if let Some(signer) = &mut signer {
            signer.update(&header);
        }
        let plaintext = SizedSource { source: &*source, claimed_len: source.claimed_len() };
        let placed = PlacedOutput { file: output, layout };
        let frames = stack::wipe_after(|| match &mut signer {
            None => positional::seal(&cipher, &plaintext, placed, jobs, progress),
            Some(signer) => signed::seal(&cipher, &plaintext, placed, signer, jobs, progress),
        })?;
        let next = NonZeroU32::MIN.saturating_add(frames);
        let done = u64::from(frames) * u64::from(frame_length.get());
        let place = layout.frame_start(next).ok_or(PipelineError::TooLong)?;
        // Not every file that calls itself plain can seek.
        if done > 0 {
            source.skip(done).map_err(PipelineError::Read)?;
        }
        output.seek(SeekFrom::Start(place)).map_err(PipelineError::Write)?;
        // The rest is the last frame, or, where the file has grown, some more.
        let body = BodySealer { first: next, ..BodySealer::new(&cipher, frame_length) };
        let mut output = SigningWriter { output, signer };
        let rest = stack::wipe_after(|| sequential::seal(body, source, &mut output, progress))?;
        let footer_len = output.footer_len();
        output.finish()?;
        let plaintext_len = done + rest;
        let message_len = message_len(layout, plaintext_len, footer_len)?;
        Ok(Encrypted { header: fields, tag, plaintext_len, message_len })
    }
}

/// Shows the signer, if the message is to be signed, what is written.
pub struct SigningWriter<W> {
    output: W,
    signer: Option<Signer>,
}

/// Returns the length of a whole message with its footer.
fn message_len(layout: Layout, plaintext_len: u64, footer_len: u64) -> Result<u64, PipelineError> {
    let body_end = layout.message_len(plaintext_len).ok_or(PipelineError::TooLong)?;
    body_end.checked_add(footer_len).ok_or(PipelineError::TooLong)
}

impl<W: Write> SigningWriter<W> {
    /// The length in bytes of the footer that is to come.
    fn footer_len(&self) -> u64 {
        if self.signer.is_some() { FOOTER_LEN as u64 } else { 0 }
    }

    /// Writes the footer, if the message is to have one, and returns the output.
    ///
    /// # Errors
    /// [`EncryptError::Random`] or [`PipelineError::Write`].
    pub fn finish(mut self) -> Result<W, EncryptError> {
        if let Some(signer) = self.signer.take() {
            let footer = signer.footer().map_err(EncryptError::Random)?;
            self.output.write_all(&footer).map_err(PipelineError::Write)?;
        }
        Ok(self.output)
    }
}

impl<W: Write> Write for SigningWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        if let Some(signer) = &mut self.signer {
            signer.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
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
    use crate::crypto::secret::SecretBytes;
    use crate::keys::local::raw_aes::RawAes;

    fn recipients(count: usize) -> Vec<Box<dyn Recipient>> {
        let key = || RawAes::new("ns", "name", &SecretBytes::zeroed(32)).unwrap();
        (0..count).map(|_| Box::new(key()) as Box<dyn Recipient>).collect()
    }

    #[test]
    fn nothing_is_written_that_readers_refuse_by_default() {
        let begin = |count: usize| {
            MessageSealer::new(&recipients(count), &MessageSpec::default()).map(drop)
        };
        begin(64).unwrap();
        assert!(matches!(begin(65), Err(EncryptError::Unreadable { found: 65, .. })));
        assert!(matches!(begin(0), Err(EncryptError::NoKey)));
    }

    #[test]
    fn a_pair_is_stored_or_bound_and_not_both() {
        let mut spec = MessageSpec::default();
        spec.context.insert("k", "v").unwrap();
        spec.bound.insert("k", "v").unwrap();
        let error = MessageSealer::new(&recipients(1), &spec).map(drop).unwrap_err();
        assert!(matches!(error, EncryptError::Context(ContextError::Duplicate { .. })));
    }
}
