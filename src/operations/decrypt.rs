//! Opening a message: the one way in, for every command that reads one.
//!
//! 1. Read the header, within the limits.
//! 2. Hold the suite against the policy, and the encryption context against what the reader expects.
//! 3. Unwrap the data key ([`resolve`]): from the records of envelope files, the newest first, then from the
//!    header.
//! 4. Derive the frame key; the commit key tells a right data key from a wrong one.
//! 5. Check the header's tag.
//! 6. Open the frames ([`OpenedMessage::decrypt`]).
//!
//! The first check that fails decides the error, and the order never depends on where the bytes
//! come from.

use std::fs::File;
use std::io::{Read, Write};

use subtle::ConstantTimeEq as _;

use crate::crypto::secret::DataKey;
use crate::crypto::stack;
use crate::keys::envelope::Records;
use crate::keys::resolver::{Resolution, ResolvePurpose, ResolvedKey, resolve};
use crate::keys::service::{KeyName, KeyService, WrappingKey};
use crate::keys::unopened::ResolveError;
use crate::message::context::{ContextError, EncryptionContext};
use crate::message::derivation::{FrameKey, derive};
use crate::message::frame::FrameOpener;
use crate::message::header::{ContentType, Header, ParsedHeader};
use crate::message::layout::Layout;
use crate::message::signature::Verifier;
use crate::message::suite::Suite;
use crate::message::{Limits, MessageError, MessagePart};
use crate::operations::usage::{KeyReport, key_sets};
use crate::pipeline::body_reader::{BodyOpener, BodyReader};
use crate::pipeline::frames_at::FramesAt;
use crate::pipeline::placed_frames::{PlacedFrames, ReadAt, SizedSource};
use crate::pipeline::range::{self, ByteRange, RangeResult};
use crate::pipeline::salvage::{self, Salvaged};
use crate::pipeline::{self, Jobs, PipelineError, Progress, positional, signed};

/// What opens messages: where keys come from, and what must hold of a message.
#[derive(Clone, Copy)]
pub struct MessageOpener<'a> {
    /// The services whose keys are tried.
    pub services: &'a [&'a dyn KeyService],
    /// Encrypted data keys beside those of the message's header.
    pub records: &'a dyn Records,
    /// What must hold of a message, and which keys may open it.
    pub policy: &'a DecryptPolicy,
}

/// What must hold of a message before it is decrypted, and which keys may open it.
#[derive(Clone, Debug, Default)]
pub struct DecryptPolicy {
    /// Limits on what is read into memory.
    pub limits: Limits,
    /// Context keys that must be stored, whatever their value.
    pub present: Vec<String>,
    /// Pairs that must fit: one that is stored with another value is refused, and one that is not
    /// stored is taken as bound to the message.
    pub pairs: EncryptionContext,
    /// The only keys that may open it; all that are held, if empty.
    pub only_keys: Vec<KeyName>,
    /// Whether suites without key commitment are read.
    pub commitment: Commitment,
    /// Whether signed messages are refused, by readers that cannot wait for a signature.
    pub unsigned_only: bool,
}

/// What a reader asks of a message's suite (`framework/commitment-policy.md`).
///
/// Without commitment, whoever makes a message can have it open to different plaintexts under different
/// keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commitment {
    /// Only committing suites are read.
    #[default]
    Required,
    /// All suites are read.
    Optional,
}

/// Why a message does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its bytes are not whole and authentic.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The suite does not commit to a key, and the reader asks for that.
    #[error("its suite {suite} has no key commitment")]
    NotCommitting {
        /// The message's suite.
        suite: Suite,
    },
    /// The message is signed, and the reader takes unsigned ones only.
    #[error("it is signed")]
    Signed,
    /// A stored pair has another value. No value is shown: either may be someone's data.
    #[error("the encryption context of the message has another value for '{key}'")]
    ContextMismatch {
        /// The pair's key.
        key: String,
    },
    /// A key that must be stored is not.
    #[error("the encryption context of the message has no '{key}'")]
    ContextAbsent {
        /// The missing key.
        key: String,
    },
    /// The expected pairs and the stored ones together are no context.
    #[error(transparent)]
    Context(ContextError),
    /// No key here opens it.
    #[error("{error}")]
    Locked {
        /// Why not.
        #[source]
        error: ResolveError,
        /// Expected pairs that the message does not store, and that were tried as bound ones.
        bound: Vec<String>,
    },
}

impl OpenError {
    fn locked(error: ResolveError, bound: &EncryptionContext) -> Self {
        match error {
            // It did unwrap, so the header was altered: the id, the commit key or what the tag covers.
            ResolveError::OtherDataKey => {
                MessageError::Authentication { part: MessagePart::Header }.into()
            }
            error => {
                let bound = bound.iter().map(|(key, _)| key.to_owned()).collect();
                Self::Locked { error, bound }
            }
        }
    }
}

/// The header, what the caller says is bound to it, and the full encryption context; held against the policy.
fn read_header(
    source: &mut impl Read,
    policy: &DecryptPolicy,
) -> Result<(ParsedHeader, EncryptionContext, EncryptionContext), OpenError> {
    let header = ParsedHeader::read(source, &policy.limits)?;
    let suite = header.fields.suite;
    if policy.commitment == Commitment::Required && !suite.commits() {
        return Err(OpenError::NotCommitting { suite });
    }
    if policy.unsigned_only && suite.signature.is_some() {
        return Err(OpenError::Signed);
    }
    let bound = bound_pairs(&header.fields.context, policy)?;
    let full = header.fields.context.union(&bound).map_err(OpenError::Context)?;
    Ok((header, bound, full))
}

/// A message whose header is authentic.
pub struct OpenedMessage {
    header: ParsedHeader,
    cipher: FrameOpener,
    limits: Limits,
    jobs: Jobs,
    /// The wrapping key that opened it.
    pub key: WrappingKey,
}

impl OpenedMessage {
    /// Reads the header at the start of `source`, and finds the data key.
    ///
    /// # Errors
    /// [`OpenError`]; the first failing check.
    pub fn open(source: &mut impl Read, opener: &MessageOpener<'_>) -> Result<Self, OpenError> {
        let (header, bound, full) = read_header(source, opener.policy)?;
        let policy = opener.policy;
        let purpose = ResolvePurpose::Open { only: &policy.only_keys };
        let sets = key_sets(&header, opener);
        let Resolution { sets, opened } = stack::wipe_after(|| {
            resolve(opener.services, sets, &full, purpose, |key| {
                frame_opener(&header, &key, &bound)
            })
        });
        let (cipher, key) =
            opened.ok_or_else(|| OpenError::locked(ResolveError::of(sets), &bound))?;
        Ok(Self { header, cipher, limits: policy.limits, jobs: Jobs::ONE, key })
    }

    /// As [`open`](Self::open), and finds out which keys open the message. Each encrypted data key is tried once for both,
    /// since that can be a call to a service.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_and_prove(
        source: &mut impl Read,
        opener: &MessageOpener<'_>,
    ) -> Result<(Self, KeyReport), OpenError> {
        let (header, bound, full) = read_header(source, opener.policy)?;
        let (limits, only) = (opener.policy.limits, &opener.policy.only_keys);
        let for_purpose = |purpose| {
            stack::wipe_after(|| {
                resolve(opener.services, key_sets(&header, opener), &full, purpose, |key| {
                    frame_opener(&header, &key, &bound).map(|cipher| (cipher, key))
                })
            })
        };
        let Resolution { sets, mut opened } = for_purpose(ResolvePurpose::OpenAndProve { only });
        let is_off = |key: &ResolvedKey| key.key.as_ref().is_some_and(|key| !key.is_enabled);
        let are_all_chosen = only.is_empty() && !sets.iter().any(|set| set.keys.iter().any(is_off));
        if opened.is_none() && !are_all_chosen {
            // A key that was not chosen may have opened in the place of one that was, and what is said of a failure goes
            // by the chosen ones only.
            let chosen = for_purpose(ResolvePurpose::Open { only });
            opened = chosen.opened;
            if opened.is_none() {
                return Err(OpenError::locked(ResolveError::of(chosen.sets), &bound));
            }
        }
        let Some(((cipher, data_key), key)) = opened else {
            return Err(OpenError::locked(ResolveError::of(sets), &bound));
        };
        let report = KeyReport { sets, context: full, bound, data_key: Some(data_key) };
        Ok((Self { header, cipher, limits, jobs: Jobs::ONE, key }, report))
    }

    /// Reads the header of the same message again, to begin anew with its body. Returns whether it is the same, which is
    /// what needs no key to know.
    ///
    /// # Errors
    /// [`OpenError::Message`].
    pub fn reads_its_header(&self, source: &mut impl Read) -> Result<bool, OpenError> {
        Ok(ParsedHeader::read(source, &self.limits)? == self.header)
    }

    /// Has several threads open the frames.
    #[must_use]
    pub fn with_jobs(self, jobs: Jobs) -> Self {
        Self { jobs, ..self }
    }

    /// The authentic header, with its bytes.
    #[must_use]
    pub fn read_header(&self) -> &ParsedHeader {
        &self.header
    }

    /// The authentic header's fields.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header.fields
    }

    /// Decrypts the rest of `source` to `output`, and returns the length of the plaintext.
    ///
    /// # Errors
    /// [`PipelineError`]; what was written before it is authentic, but not all.
    pub fn decrypt(
        &self,
        source: &mut (impl Read + Send),
        output: &mut impl Write,
        progress: &dyn Progress,
    ) -> Result<u64, PipelineError> {
        stack::wipe_after(|| {
            pipeline::open(self.body_opener(), source, output, self.jobs, progress)
        })
    }

    /// The plaintext of the rest of `source`, as [`decrypt`](Self::decrypt) writes it.
    pub fn plaintext<R: Read>(&self, source: R) -> BodyReader<&FrameOpener, R> {
        BodyReader::new(self.body_opener(), source)
    }

    /// As [`plaintext`](Self::plaintext), and takes the message over.
    pub fn into_plaintext<R: Read>(self, source: R) -> BodyReader<FrameOpener, R> {
        let BodyOpener { content, start, limits, verifier, .. } = self.body_opener();
        let opener = BodyOpener { cipher: self.cipher, content, start, limits, verifier };
        BodyReader::new(opener, source)
    }

    fn body_opener(&self) -> BodyOpener<&FrameOpener> {
        BodyOpener {
            cipher: &self.cipher,
            content: self.header.fields.content,
            start: self.header.len(),
            limits: self.limits,
            verifier: self.verifier(),
        }
    }

    /// What verifies the signature, if there is to be one; it has taken the header.
    fn verifier(&self) -> Option<Verifier> {
        self.header.fields.public_key.clone().map(|key| {
            let mut verifier = Verifier::new(key);
            verifier.update(self.header.raw());
            verifier
        })
    }

    /// Decrypts a message in a file of `size` bytes by position: to an empty file, or, for verification, to
    /// nowhere. `None` where that cannot be done, or the message is not whole and authentic: [`decrypt`](Self::decrypt)
    /// then does it, or says what is wrong, and whatever is in the output means nothing.
    ///
    /// # Errors
    /// [`PipelineError::Write`].
    pub fn decrypt_file(
        &self,
        source: &impl ReadAt,
        size: u64,
        output: Option<&File>,
        progress: &dyn Progress,
    ) -> Result<Option<u64>, PipelineError> {
        let source = SizedSource { source, claimed_len: size };
        let Some(layout) = self.frame_layout() else { return Ok(None) };
        let frames = PlacedFrames { cipher: &self.cipher, layout, source };
        stack::wipe_after(|| match self.verifier() {
            None => positional::open(&frames, output, self.jobs, progress),
            Some(verifier) => signed::open(frames, verifier, output, self.jobs, progress),
        })
    }

    /// The plaintext at any place, of a message that is all of `source`; `None` as with [`layout`](Self::layout).
    ///
    /// The error is that of [`FramesAt::open`].
    pub fn into_frames_at<F: ReadAt>(
        self,
        source: SizedSource<F>,
    ) -> Option<Result<FramesAt<FrameOpener, F>, PipelineError>> {
        let layout = self.layout()?;
        Some(FramesAt::open(PlacedFrames { cipher: self.cipher, layout, source }))
    }

    /// Where the frames of this message stand; `None` if parts of it cannot be proved: it is one block under one
    /// tag, or its signature is over all of it.
    #[must_use]
    pub fn layout(&self) -> Option<Layout> {
        self.frame_layout().filter(|_| self.header.fields.public_key.is_none())
    }

    /// As [`layout`](Self::layout), of signed messages too.
    fn frame_layout(&self) -> Option<Layout> {
        let ContentType::Framed(frame_length) = self.header.fields.content else { return None };
        Some(Layout { header_len: self.header.len(), frame_length })
    }

    /// Decrypts some bytes of a message in a file of `size` bytes. `None` as with
    /// [`decrypt_file`](Self::decrypt_file).
    ///
    /// # Errors
    /// [`PipelineError::Write`].
    pub fn decrypt_range(
        &self,
        source: &impl ReadAt,
        size: u64,
        range: ByteRange,
        output: &mut impl Write,
        progress: &dyn Progress,
    ) -> Result<Option<RangeResult>, PipelineError> {
        let Some(frames) = self.placed_frames(source, size) else { return Ok(None) };
        stack::wipe_after(|| range::open(frames, range, output, progress))
    }

    /// Saves what holds of a damaged message in a file of `size` bytes to an empty file; `None` where parts of
    /// it cannot be proved.
    ///
    /// # Errors
    /// As [`salvage::salvage`].
    pub fn salvage(
        &self,
        source: &impl ReadAt,
        size: u64,
        output: &File,
        progress: &dyn Progress,
    ) -> Result<Option<Salvaged>, PipelineError> {
        let Some(frames) = self.placed_frames(source, size) else { return Ok(None) };
        stack::wipe_after(|| salvage::salvage(&frames, output, progress)).map(Some)
    }

    /// Returns the frames of this message in a source that claims to be `claimed_len` bytes long; `None` as with
    /// [`layout`](Self::layout).
    fn placed_frames<'a, R>(
        &'a self,
        source: &'a R,
        claimed_len: u64,
    ) -> Option<PlacedFrames<&'a FrameOpener, &'a R>> {
        let source = SizedSource { source, claimed_len };
        Some(PlacedFrames { cipher: &self.cipher, layout: self.layout()?, source })
    }
}

/// The expected pairs that are not stored, and so must have been bound to the message.
pub(crate) fn bound_pairs(
    stored: &EncryptionContext,
    policy: &DecryptPolicy,
) -> Result<EncryptionContext, OpenError> {
    if let Some(key) = policy.present.iter().find(|key| stored.get(key).is_none()) {
        return Err(OpenError::ContextAbsent { key: key.clone() });
    }
    let mut bound = EncryptionContext::default();
    for (key, value) in policy.pairs.iter() {
        match stored.get(key) {
            Some(found) if found == value => {}
            Some(_) => return Err(OpenError::ContextMismatch { key: key.to_owned() }),
            None => bound.insert_allowing_reserved(key, value).map_err(OpenError::Context)?,
        }
    }
    Ok(bound)
}

/// Returns what opens the frames of a message, if `data_key` is the one that its header commits to and that its
/// header's tag was made with.
pub(crate) fn frame_opener(
    header: &ParsedHeader,
    data_key: &DataKey,
    bound: &EncryptionContext,
) -> Option<FrameOpener> {
    let frame_key = committed_frame_key(&header.fields, data_key)?;
    let (id, tag) = (&header.fields.message_id, (&header.iv, &header.tag));
    FrameOpener::begin(&frame_key, id, header.body(), &bound.serialise(), tag).ok()
}

/// Derives the frame key of a message, if its header commits to this data key.
fn committed_frame_key(header: &Header, data_key: &DataKey) -> Option<FrameKey> {
    if data_key.len() != header.suite.key_len {
        return None;
    }
    let (frame_key, committed) = derive(header.suite, data_key, &header.message_id);
    // Without commitment, the header's tag is the first to tell.
    let fits = match (committed, header.commit_key) {
        (Some(committed), Some(commit_key)) => committed.ct_eq(&commit_key).into(),
        (committed, commit_key) => committed == commit_key,
    };
    fits.then_some(frame_key)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::keyring::Key;
    use crate::keyring::RootKeys;
    use crate::keys::envelope::NoRecords;
    use crate::message::context::context;
    use crate::message::frame::FrameSealer;
    use crate::pipeline::{BodySealer, NoProgress, sequential};

    /// A message that stores `a=1` and is bound to `b=2`, as an SDK's required context makes it.
    fn bound_message() -> (RootKeys, Vec<u8>) {
        let mut keyring = RootKeys::default();
        keyring.add(Key::generate([].into(), "").unwrap()).unwrap();
        let (stored, bound) = (context(&[("a", "1")]), context(&[("b", "2")]));
        let recipient = keyring.recipient(&keyring.keys()[0].id().into()).unwrap();
        let full = stored.union(&bound).unwrap();
        let (data_key, wrapped) = recipient.generate(32, &full).unwrap();
        let (frame_key, commit_key) = derive(Suite::COMMITTING, &data_key, &[7; 32].into());
        let header = Header {
            suite: Suite::COMMITTING,
            message_id: [7; 32].into(),
            context: stored,
            encrypted_data_keys: vec![wrapped],
            content: ContentType::Framed(NonZeroU32::MIN),
            commit_key,
            public_key: None,
        };
        let mut message = header.serialise().unwrap();
        let (sealer, tag) =
            FrameSealer::begin(&frame_key, &[7; 32].into(), &message, &bound.serialise());
        message.extend_from_slice(&tag);
        let body = BodySealer::new(&sealer, NonZeroU32::MIN);
        let frames = sequential::seal(body, &mut &b"hi"[..], &mut message, &NoProgress);
        assert_eq!(frames.unwrap(), 2);
        drop(recipient);
        (keyring, message)
    }

    fn open(pairs: &[(&str, &str)]) -> Result<Vec<u8>, OpenError> {
        let (keyring, message) = bound_message();
        let policy = DecryptPolicy { pairs: context(pairs), ..DecryptPolicy::default() };
        let mut source = &message[..];
        let opener = MessageOpener { services: &[&keyring], records: &NoRecords, policy: &policy };
        let opened = OpenedMessage::open(&mut source, &opener)?;
        let mut plaintext = Vec::new();
        opened.decrypt(&mut source, &mut plaintext, &NoProgress).unwrap();
        Ok(plaintext)
    }

    #[test]
    fn a_bound_pair_opens_the_message_and_nothing_else_does() {
        assert_eq!(open(&[("b", "2")]).unwrap(), b"hi");
        assert_eq!(open(&[("a", "1"), ("b", "2")]).unwrap(), b"hi");
        let locked = |pairs: &[(&str, &str)]| match open(pairs).unwrap_err() {
            OpenError::Locked { error: ResolveError::DoesNotUnwrap { .. }, bound } => bound,
            other => panic!("{other}"),
        };
        assert!(locked(&[]).is_empty() && locked(&[("a", "1")]).is_empty());
        assert_eq!(locked(&[("b", "3")]), ["b"]);
        assert_eq!(locked(&[("b", "2"), ("c", "3")]), ["b", "c"]);
        let mismatch = open(&[("a", "2"), ("b", "2")]).unwrap_err();
        assert!(matches!(mismatch, OpenError::ContextMismatch { key } if key == "a"));
    }
}
