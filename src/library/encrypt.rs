//! Encryption, from a reader to a writer or through a writer.

use std::fmt;
use std::io::{self, Read, Write};
use std::num::NonZeroU32;

use super::error::{Error, ErrorKind, public};
use super::keyring::Keyring;
use super::{context_of, jobs_of};
use crate::keyring::Alias;
use crate::keys::service::Recipient;
use crate::message::Limits;
use crate::message::context::EncryptionContext;
use crate::message::frame::FrameSealer;
use crate::message::layout::DEFAULT_FRAME_LENGTH;
use crate::operations::encrypt::{Algorithm, MessageSealer, MessageSpec, SigningWriter};
use crate::pipeline::NoProgress;
use crate::pipeline::frame_writer::FrameWriter;

/// The keys, the encryption context and the form of a message that is to be encrypted.
///
/// Values are checked when a message is begun ([`encrypt`], [`EncryptWriter::new`]) and not before, so the methods here
/// have no errors. What is set is the header of the message: docs/format.md, "Header body".
#[derive(Clone, Debug)]
#[must_use]
pub struct EncryptOptions<'a> {
    keyring: &'a Keyring,
    keys: Vec<String>,
    context: Vec<(String, String)>,
    bound_context: Vec<(String, String)>,
    algorithm: Algorithm,
    frame_length: NonZeroU32,
    threads: usize,
}

impl<'a> EncryptOptions<'a> {
    /// Encrypts under the key of `keyring` with the alias `default`, without an encryption context and without a
    /// signature, on the calling thread.
    pub fn new(keyring: &'a Keyring) -> Self {
        Self {
            keyring,
            keys: Vec::new(),
            context: Vec::new(),
            bound_context: Vec::new(),
            algorithm: Algorithm::default(),
            frame_length: DEFAULT_FRAME_LENGTH,
            threads: 1,
        }
    }

    /// Encrypts under this key, an alias or an id, in the place of the default one. Called again, it adds a further
    /// key: each of them alone opens the message. A name that is given twice counts once. The order is that of the encrypted
    /// data keys in the header, of which readers accept 64 by default.
    pub fn key(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !self.keys.contains(&name) {
            self.keys.push(name);
        }
        self
    }

    /// Stores this pair in the encryption context: it is authenticated, and not secret.
    ///
    /// A key is not empty, does not begin with `aws-crypto-` and is there once; all pairs together have 65,535 bytes at
    /// most as they are serialised (docs/format.md, "Header body"). Anything else is [`ErrorKind::InvalidInput`] when the
    /// message is begun.
    pub fn context(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.push((key.into(), value.into()));
        self
    }

    /// Binds this pair to the message without storing it: whoever decrypts has to know it (docs/format.md, "Header
    /// auth"; the SDKs call it a required encryption context). The rules of [`context`](Self::context) hold for stored and
    /// bound pairs together.
    pub fn bound_context(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.bound_context.push((key.into(), value.into()));
        self
    }

    /// Signs the message with a key pair that is made for it: suite 0x0578 instead of 0x0478 (docs/format.md, "Suites" and
    /// "Footer"). A reader, who also gets the data key, then cannot make another message that passes for this one. It does
    /// not say who the writer was.
    ///
    /// The signature covers the whole message, so [`DecryptAt`](super::DecryptAt) does not read parts of it. It takes one
    /// thread SHA-384 over all of it, which is what such a message takes.
    pub fn signed(mut self, is_signed: bool) -> Self {
        self.algorithm = if is_signed { Algorithm::Signed } else { Algorithm::Unsigned };
        self
    }

    /// Has frames of this many bytes of plaintext, 65,536 by default (docs/format.md, "Body"). A reader holds one whole
    /// frame in memory. More than 64 MiB, which no reader accepts by default, is [`ErrorKind::InvalidInput`] when the
    /// message is begun. A message has 2³² - 2 frames at most: 256 TiB with the default.
    pub fn frame_length(mut self, bytes: NonZeroU32) -> Self {
        self.frame_length = bytes;
        self
    }

    /// Has [`encrypt`] use this many threads, 1 by default; 0 means as many as the process may use. Each has four frames
    /// of memory. [`EncryptWriter`] uses the thread that writes.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The full context: stored and bound pairs.
    pub(super) fn full_context(&self) -> Result<EncryptionContext, Error> {
        let (stored, bound) = (context_of(&self.context), context_of(&self.bound_context));
        stored.and_then(|stored| stored.union(&bound?)).map_err(Error::of)
    }

    pub(super) fn recipients(&self) -> Result<Vec<Box<dyn Recipient + 'a>>, Error> {
        if self.keys.is_empty() {
            return Ok(vec![self.keyring.recipient(Alias::DEFAULT)?]);
        }
        self.keys.iter().map(|name| self.keyring.recipient(name)).collect()
    }

    fn sealer(&self) -> Result<MessageSealer, Error> {
        let allowed = Limits::default().frame_length;
        if self.frame_length.get() > allowed {
            let text = format!("readers accept frames of {allowed} bytes at most");
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let spec = MessageSpec {
            algorithm: self.algorithm,
            frame_length: self.frame_length,
            context: context_of(&self.context).map_err(Error::of)?,
            bound: context_of(&self.bound_context).map_err(Error::of)?,
        };
        let sealer = MessageSealer::new(&self.recipients()?, &spec).map_err(Error::of)?;
        Ok(sealer.with_jobs(jobs_of(self.threads)))
    }
}

/// Encrypts all of `reader` to `writer` as one message, flushes it, and returns how many bytes of plaintext there were.
///
/// The message has the bytes that docs/format.md, "How long a message is", says: the header, and 32 bytes a frame more than
/// the plaintext. An empty plaintext is a message too.
///
/// # Errors
/// - [`ErrorKind::NoKey`] or [`ErrorKind::KeyUnusable`]: a key of the options is not in the keyring, or is disabled,
///   pending deletion or for decryption only;
/// - [`ErrorKind::InvalidInput`]: the context or the frame length cannot be, or the plaintext has too many frames;
/// - [`ErrorKind::Refused`]: no reader would accept such a header within its limits;
/// - [`ErrorKind::Io`]: the reader or the writer failed, or the system has no random numbers.
///
/// What was written before an error is truncated to every reader.
pub fn encrypt(
    mut reader: impl Read + Send,
    mut writer: impl Write,
    options: &EncryptOptions<'_>,
) -> Result<u64, Error> {
    let encrypted =
        options.sealer()?.encrypt(&mut reader, &mut writer, &NoProgress).map_err(Error::of)?;
    writer.flush()?;
    Ok(encrypted.plaintext_len)
}

/// Encrypts what is written to it to one message, in constant memory: one frame.
///
/// A frame is written to the inner writer when it is full and one more byte has come; [`flush`](Write::flush) does not
/// write it earlier. **Without [`finish`](Self::finish) the message has no end**, and every reader refuses it as
/// truncated. So a message that was abandoned is never taken for a whole one.
#[must_use = "without a call of finish the message is truncated"]
pub struct EncryptWriter<W: Write>(FrameWriter<FrameSealer, SigningWriter<W>>);

impl<W: Write> EncryptWriter<W> {
    /// Begins a message, and writes its header to `writer`.
    ///
    /// # Errors
    /// As [`encrypt`].
    pub fn new(writer: W, options: &EncryptOptions<'_>) -> Result<Self, Error> {
        Ok(Self(options.sealer()?.begin(writer).map_err(Error::of)?))
    }

    /// Writes the end of the message, flushes the inner writer and returns it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], also where an earlier write has failed; the message is then truncated.
    pub fn finish(self) -> Result<W, Error> {
        let (signing, _) = self.0.finish().map_err(Error::of)?;
        let mut writer = signing.finish().map_err(Error::of)?;
        writer.flush()?;
        Ok(writer)
    }
}

/// Errors are [`Error`]s inside of an [`io::Error`], but for those of the inner writer, which are themselves. After
/// an error the message cannot be continued.
impl<W: Write> Write for EncryptWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(public)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> fmt::Debug for EncryptWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptWriter").finish_non_exhaustive()
    }
}
