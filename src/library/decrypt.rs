//! Decryption, from a reader to a writer or through a reader.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::error::{Error, public};
use super::keyring::Keyring;
use super::{context_of, jobs_of};
use crate::keys::envelope::{Envelope, MOST_RECORDS, Record, Records};
use crate::keys::service::KeyName;
use crate::message::Limits;
use crate::message::context::EncryptionContext;
use crate::message::frame::FrameOpener;
use crate::message::message_id::MessageId;
use crate::operations::decrypt::{Commitment, DecryptPolicy, MessageOpener, OpenedMessage};
use crate::operations::verify_first::Verified;
use crate::pipeline::NoProgress;
use crate::pipeline::body_reader::BodyReader;

/// The keys that may decrypt a message, and the conditions that it must meet.
///
/// The methods here have no errors: names of keys and pairs are checked when a message is opened. Headers of more than
/// 1 MiB and of more than 64 encrypted data keys are refused (docs/format.md, "Limits").
#[derive(Clone, Debug)]
#[must_use]
pub struct DecryptOptions<'a> {
    keyring: &'a Keyring,
    only_keys: Vec<String>,
    context: Vec<(String, String)>,
    required_context: Vec<String>,
    envelopes: Vec<PathBuf>,
    commitment: Commitment,
    unsigned_only: bool,
    limits: Limits,
    threads: usize,
}

impl<'a> DecryptOptions<'a> {
    /// Decrypts with any key of `keyring`, whatever the encryption context, on the calling thread.
    pub fn new(keyring: &'a Keyring) -> Self {
        Self {
            keyring,
            only_keys: Vec::new(),
            context: Vec::new(),
            required_context: Vec::new(),
            envelopes: Vec::new(),
            commitment: Commitment::default(),
            unsigned_only: false,
            limits: Limits::default(),
            threads: 1,
        }
    }

    /// Decrypts with this key only, an alias or an id. Called again, it allows a further key. A name that the keyring does
    /// not have is [`ErrorKind::NoKey`](super::ErrorKind::NoKey) when a message is opened.
    pub fn only_key(mut self, name: impl Into<String>) -> Self {
        self.only_keys.push(name.into());
        self
    }

    /// Expects this pair in the encryption context: a message that stores another value is refused, and a pair that
    /// it does not store is taken as bound to it. Either is [`ErrorKind::Context`](super::ErrorKind::Context) where it does
    /// not hold.
    pub fn context(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.push((key.into(), value.into()));
        self
    }

    /// Expects that the encryption context stores this key, whatever its value; else it is
    /// [`ErrorKind::Context`](super::ErrorKind::Context).
    pub fn require_context(mut self, key: impl Into<String>) -> Self {
        self.required_context.push(key.into());
        self
    }

    /// Also tries the keys that `enwrap rewrap` wrote to this envelope file (docs/format.md, "Envelope files"): those of
    /// the newest record first, and all of them before the header's own. It is read for each message anew. A file that
    /// cannot be read is [`ErrorKind::Io`](super::ErrorKind::Io) when a message is opened; lines that are no records are
    /// passed over.
    pub fn envelope(mut self, path: impl Into<PathBuf>) -> Self {
        self.envelopes.push(path.into());
        self
    }

    /// Also reads messages whose algorithm suite has no key commitment, as old versions of the AWS Encryption SDK wrote them
    /// (docs/format.md, "Suites"): whoever makes such a message can have it decrypt to different plaintexts under different
    /// keys. By default they are [`ErrorKind::Refused`](super::ErrorKind::Refused).
    pub fn allow_uncommitted(mut self, allow: bool) -> Self {
        self.commitment = if allow { Commitment::Optional } else { Commitment::Required };
        self
    }

    /// Refuses signed messages, whose signature is verified only at the end, with
    /// [`ErrorKind::Refused`](super::ErrorKind::Refused).
    pub fn unsigned_only(mut self, unsigned_only: bool) -> Self {
        self.unsigned_only = unsigned_only;
        self
    }

    /// Refuses messages with frames of more than this many bytes, of which a reader holds one in memory, with
    /// [`ErrorKind::Refused`](super::ErrorKind::Refused); 64 MiB by default. It holds for a body that is not in frames too.
    pub fn max_frame_length(mut self, bytes: u32) -> Self {
        self.limits.frame_length = bytes;
        self
    }

    /// Has [`decrypt`] use this many threads, 1 by default; 0 means as many as the process may use. The first error is the
    /// same for every number.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The pairs that are expected, which for a blob are all that it was made with.
    pub(super) fn pairs(&self) -> Result<EncryptionContext, Error> {
        context_of(&self.context).map_err(Error::of)
    }

    pub(super) fn keyring(&self) -> &'a Keyring {
        self.keyring
    }

    pub(super) fn key_names(&self) -> Result<Vec<KeyName>, Error> {
        self.only_keys.iter().map(|name| self.keyring.key_name(name)).collect()
    }

    /// Reads the header at the start of `reader`, and opens it.
    pub(super) fn open(&self, reader: &mut impl Read) -> Result<OpenedMessage, Error> {
        self.with_opener(|opener| OpenedMessage::open(reader, opener).map_err(Error::of))
    }

    fn with_opener<T>(
        &self,
        work: impl FnOnce(&MessageOpener<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let policy = DecryptPolicy {
            limits: self.limits,
            present: self.required_context.clone(),
            pairs: self.pairs()?,
            only_keys: self.key_names()?,
            commitment: self.commitment,
            unsigned_only: self.unsigned_only,
        };
        let envelopes = self.envelopes.iter().map(Envelope::open);
        let envelopes = Envelopes(envelopes.collect::<io::Result<_>>()?);
        let services = self.keyring.services();
        work(&MessageOpener { services: &services, records: &envelopes, policy: &policy })
    }
}

/// Decrypts all of `reader`, which is one message and nothing after it, to `writer`, flushes it, and returns how many
/// bytes of plaintext it wrote.
///
/// Each frame is written when its tag was verified, and the last one when the message is proved to be whole. After an
/// error, the bytes written are authentic and incomplete: **discard them**. If the message is signed, the signature was
/// not verified yet. [`verify_then_decrypt`] writes nothing of a message that is damaged anywhere.
///
/// # Errors
/// The first failing check, in the order of the bytes (docs/format.md has the fields):
///
/// - [`ErrorKind::NotAMessage`](super::ErrorKind::NotAMessage): empty, other first bytes, or a field that the format does
///   not have;
/// - [`ErrorKind::Refused`](super::ErrorKind::Refused): a limit or a policy of the options;
/// - [`ErrorKind::Context`](super::ErrorKind::Context): the options expect another encryption context;
/// - [`ErrorKind::NoKey`](super::ErrorKind::NoKey) or [`ErrorKind::KeyUnusable`](super::ErrorKind::KeyUnusable): the keyring
///   has none of its keys, or all of them are disabled or pending deletion;
/// - [`ErrorKind::Authentication`](super::ErrorKind::Authentication): a wrapped key, the commit key, the header, a frame or
///   the signature does not hold, or bytes follow the end;
/// - [`ErrorKind::Truncated`](super::ErrorKind::Truncated): it ends before its final frame or signature;
/// - [`ErrorKind::Io`](super::ErrorKind::Io): the reader, the writer or an envelope file failed.
pub fn decrypt(
    mut reader: impl Read + Send,
    mut writer: impl Write,
    options: &DecryptOptions<'_>,
) -> Result<u64, Error> {
    let opened = options.open(&mut reader)?.with_jobs(jobs_of(options.threads));
    let len = opened.decrypt(&mut reader, &mut writer, &NoProgress).map_err(Error::of)?;
    writer.flush()?;
    Ok(len)
}

/// Verifies all of `reader` from its position on, and then reads it again and decrypts it to `writer`. Returns how many
/// bytes of plaintext it wrote.
///
/// Between the passes it keeps a SHA-256 of each MiB of the message: 32 MiB of memory for a message of 1 TiB.
///
/// The second pass accepts only the bytes that the first one verified, so a message that another process puts in its
/// place meanwhile is not written.
///
/// # Errors
/// As [`decrypt`]. Nothing was written, unless the second pass failed to read or write, or the message changed
/// between the passes.
pub fn verify_then_decrypt(
    mut reader: impl Read + Seek + Send,
    mut writer: impl Write,
    options: &DecryptOptions<'_>,
) -> Result<u64, Error> {
    let start = reader.stream_position()?;
    let len = options.with_opener(|opener| {
        let verified = Verified::new(&mut reader, None, opener).map_err(Error::of)?;
        reader.seek(SeekFrom::Start(start))?;
        let released = verified.release(&mut reader, opener, &mut writer, &NoProgress);
        Ok(released.map_err(Error::of)?.1)
    })?;
    writer.flush()?;
    Ok(len)
}

/// Decrypts what is read from it, in constant memory: one frame.
///
/// It returns the plaintext of a frame when the frame's tag was verified, and that of the last frame when the message is
/// proved to be whole. **Only a read that returns 0 proves that the plaintext is complete**: an error can come after
/// plaintext, which is then authentic and incomplete.
///
/// The signature of a signed message is verified at its end, so what was read before the end is not covered by it yet.
/// [`DecryptOptions::unsigned_only`] refuses such messages, and [`verify_then_decrypt`] writes nothing before all is
/// verified.
pub struct DecryptReader<R> {
    body: BodyReader<FrameOpener, R>,
    context: EncryptionContext,
}

impl<R: Read> DecryptReader<R> {
    /// Reads the header of the message that `reader` has next, and opens it.
    ///
    /// # Errors
    /// As [`decrypt`], for what the header shows.
    pub fn new(mut reader: R, options: &DecryptOptions<'_>) -> Result<Self, Error> {
        let opened = options.open(&mut reader)?;
        let context = opened.header().context.clone();
        Ok(Self { body: opened.into_plaintext(reader), context })
    }

    /// The pairs of the encryption context that the message stores, sorted by key. They are authentic.
    pub fn encryption_context(&self) -> impl Iterator<Item = (&str, &str)> {
        self.context.iter()
    }
}

/// Errors are [`Error`]s inside of an [`io::Error`]; `Error::from` takes them out. They are as those of [`decrypt`], for
/// frames and what is after them; after one, every read fails.
impl<R: Read> Read for DecryptReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer).map_err(public)
    }
}

impl<R> fmt::Debug for DecryptReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptReader").finish_non_exhaustive()
    }
}

/// The envelope files of the options.
struct Envelopes(Vec<Envelope>);

impl Records for Envelopes {
    fn of(&self, message: &MessageId) -> Vec<Record> {
        self.0.iter().flat_map(|envelope| envelope.of(message)).take(MOST_RECORDS).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::keys::envelope::append;
    use crate::keys::service::KeyService;
    use crate::library::{EncryptOptions, Keyring, KeyringOptions, encrypt};
    use crate::message::header::ParsedHeader;
    use crate::operations::rewrap::{RewrapKeys, Rewrapped, rewrap};

    #[test]
    fn a_key_in_an_envelope_file_opens_the_message_too() {
        let folder = TempDir::new().unwrap();
        let keyring = |name| KeyringOptions::new().create(folder.path().join(name)).unwrap();
        let (first, second): (Keyring, Keyring) = (keyring("first.json"), keyring("second.json"));
        let mut message = Vec::new();
        encrypt(&b"text"[..], &mut message, &EncryptOptions::new(&first)).unwrap();
        let header = ParsedHeader::read(&mut &message[..], &Limits::default()).unwrap();
        let keys = [second.key_name("default").unwrap()];
        let services: [&dyn KeyService; 2] = [first.services()[0], second.services()[0]];
        let envelopes = Envelopes(Vec::new());
        let policy = DecryptPolicy::default();
        let opener = MessageOpener { services: &services, records: &envelopes, policy: &policy };
        let rewrapped = rewrap(&header, &opener, RewrapKeys::Add(&keys)).unwrap();
        let Rewrapped::Record { record, .. } = rewrapped else { panic!("it has no key yet") };
        let path = folder.path().join("message.envelope");
        append(&(&path).into(), &[record], Duration::ZERO).unwrap();
        let options = DecryptOptions::new(&second);
        assert!(decrypt(&message[..], io::sink(), &options).is_err());
        assert_eq!(decrypt(&message[..], io::sink(), &options.envelope(path)).unwrap(), 4);
    }
}
