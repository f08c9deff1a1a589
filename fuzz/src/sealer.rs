//! Writes messages under a known data key.
//!
//! The crate's own sealer makes only what its readers accept. Faults behind a valid tag (a frame with another number, a
//! final frame in the middle) are reached by a fuzzer only if something makes their tags, which this module does.

use enwrap::crypto::engine::{Gcm, IV_LEN, Iv, TAG_LEN, Tag};
use enwrap::message::Limits;
use enwrap::message::codec::push_sized;
use enwrap::message::context::{EncryptionContext, PUBLIC_KEY};
use enwrap::message::derivation::derive;
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use enwrap::message::frame::{FramePrefix, frame_iv, is_end_marker, regular_prefix};
use enwrap::message::header::{ContentType, Header, ParsedHeader};
use enwrap::message::layout::{FINAL_PREFIX, REGULAR_PREFIX};
use enwrap::message::message_id::MessageId;
use enwrap::message::signature::Signer;
use enwrap::message::suite::{SignatureAlgorithm, Suite};
use enwrap::operations::datakey::serialise_blob;
use enwrap::{DataKey, DecryptOptions};

use crate::known_key;

/// The kind of a frame, which its tag covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, arbitrary::Arbitrary)]
pub enum Kind {
    Regular,
    Final,
    SingleBlock,
}

impl Kind {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Regular => b"AWSKMSEncryptionClient Frame",
            Self::Final => b"AWSKMSEncryptionClient Final Frame",
            Self::SingleBlock => b"AWSKMSEncryptionClient Single Block",
        }
    }
}

/// Seals the frames of one message.
pub struct Sealer {
    gcm: Gcm,
    id: MessageId,
}

impl Sealer {
    /// Encrypts `part` in place, and returns its tag. The sequence number is the one that the tag covers.
    pub fn seal(&self, kind: Kind, sequence: u32, iv: &Iv, part: &mut [u8]) -> Tag {
        let aad = [
            self.id.as_bytes(),
            kind.label(),
            &sequence.to_be_bytes(),
            &(part.len() as u64).to_be_bytes(),
        ];
        self.gcm.seal(iv, &aad.concat(), part)
    }
}

/// Returns the header body of `fields`, in the format version of its suite.
pub fn header_body(fields: &Header) -> Vec<u8> {
    let mut bytes = if fields.suite.commits() { vec![2] } else { vec![1, 0x80] };
    bytes.extend(fields.suite.id.to_be_bytes());
    bytes.extend(fields.message_id.as_bytes());
    push_sized(&mut bytes, &fields.context.serialise()).unwrap();
    bytes.extend((fields.encrypted_data_keys.len() as u16).to_be_bytes());
    for key in &fields.encrypted_data_keys {
        key.serialise_into(&mut bytes).unwrap();
    }
    let (content, frame_length) = match fields.content {
        ContentType::Framed(length) => (2, length.get()),
        ContentType::NonFramed => (1, 0),
    };
    bytes.push(content);
    if !fields.suite.commits() {
        bytes.extend([0, 0, 0, 0, IV_LEN as u8]);
    }
    bytes.extend(frame_length.to_be_bytes());
    bytes.extend(fields.commit_key.into_iter().flatten());
    bytes
}

/// Makes `fields` those of a message under the known data key, and returns the whole header with the sealer of its
/// frames.
pub fn begin(fields: &mut Header) -> (Vec<u8>, Sealer) {
    let key_len = fields.suite.key_len;
    fields.encrypted_data_keys[0] = wrapped(key_len, &fields.context);
    let data_key = data_key(key_len);
    let (frame_key, commit_key) = derive(fields.suite, &data_key, &fields.message_id);
    fields.commit_key = commit_key;
    let gcm = Gcm::new(frame_key.expose()).unwrap();
    let mut header = header_body(fields);
    let tag = gcm.seal(&[0; IV_LEN], &header, &mut []);
    if !fields.suite.commits() {
        header.extend([0; IV_LEN]);
    }
    header.extend(tag);
    (header, Sealer { gcm, id: fields.message_id })
}

/// Returns the known data key of `len` bytes. Only an unwrap makes the type.
fn data_key(len: usize) -> DataKey {
    let blob = serialise_blob(&wrapped(len, &EncryptionContext::default())).unwrap();
    enwrap::decrypt_data_key(&blob, &DecryptOptions::new(known_key::keyring())).unwrap()
}

/// Returns the known data key of `len` bytes, wrapped under the known wrapping key.
fn wrapped(len: usize, context: &EncryptionContext) -> EncryptedDataKey {
    // Always the same: nothing here is secret, and an input must have one result.
    let iv = [0xCC; IV_LEN];
    let mut ciphertext = vec![0xD5; len];
    let gcm = Gcm::new(&known_key::material()).unwrap();
    let tag = gcm.seal(&iv, &context.serialise(), &mut ciphertext);
    ciphertext.extend(tag);
    let lengths = [0, 0, 0, 128, 0, 0, 0, IV_LEN as u8];
    EncryptedDataKey {
        provider_id: known_key::NAMESPACE.into(),
        provider_info: [known_key::NAME.as_bytes(), &lengths, &iv].concat(),
        ciphertext,
    }
}

/// What is made valid in a message that the fuzzer has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The tags of the frames, besides that of the header.
    pub frames: bool,
    /// The signature of a message whose suite signs with P-384.
    pub signature: bool,
    /// How many further regular frames go before the others. Several threads need many frames.
    pub frames_before: u32,
}

/// Returns `message` with a data key that the known wrapping key opens, and with valid tags; `None` if it has no
/// header.
///
/// Lengths, numbers and IVs stay as they are. What is no whole frame is not changed.
pub fn repaired(message: &[u8], limits: &Limits, repair: Repair) -> Option<Vec<u8>> {
    let header = ParsedHeader::read(message, limits).ok()?;
    let (mut fields, mut rest) = (header.fields.clone(), &message[header.raw().len()..]);
    let is_signable = fields.suite.signature == Some(SignatureAlgorithm::P384);
    let mut signer = (repair.signature && is_signable).then(|| Signer::generate().unwrap());
    if let Some(signer) = &signer {
        fields.context.remove(PUBLIC_KEY);
        fields.context.insert_allowing_reserved(PUBLIC_KEY, &signer.public_key()).ok()?;
    }
    let (mut new, sealer) = begin(&mut fields);
    if repair.frames {
        let body = body(&sealer, fields.content, &mut rest, repair.frames_before);
        new.extend(body);
    }
    if let Some(mut signer) = signer.take() {
        signer.update(&new);
        new.extend(signer.footer().unwrap());
        rest = rest.get(rest.len().min(2)..).unwrap_or_default();
        // The old signature goes, and whatever follows it stays.
        rest = rest.get(rest.len().min(103)..).unwrap_or_default();
    }
    new.extend(rest);
    Some(new)
}

/// Returns the frames at the start of `rest` with valid tags, and leaves what follows them.
fn body(sealer: &Sealer, content: ContentType, rest: &mut &[u8], before: u32) -> Vec<u8> {
    let mut body = Vec::new();
    let ContentType::Framed(frame_length) = content else {
        block(sealer, rest, &mut body).unwrap_or_default();
        return body;
    };
    let length = frame_length.get() as usize;
    for sequence in 1..=before {
        let mut part = vec![sequence as u8; length];
        let tag = sealer.seal(Kind::Regular, sequence, &frame_iv(sequence), &mut part);
        body.extend(regular_prefix(sequence.try_into().unwrap()));
        body.extend([&part[..], &tag].concat());
    }
    let mut sequence = before + 1;
    while let Some(kind) = frame(sealer, sequence, length, before, rest, &mut body) {
        if kind == Kind::Final {
            break;
        }
        sequence += 1;
    }
    body
}

fn block(sealer: &Sealer, rest: &mut &[u8], body: &mut Vec<u8>) -> Option<()> {
    let (prefix, sealed) = rest.split_first_chunk::<{ IV_LEN + 8 }>()?;
    let (iv, len) = prefix.split_first_chunk::<IV_LEN>()?;
    let len = usize::try_from(u64::from_be_bytes(len.try_into().ok()?)).ok()?;
    let (part, after) = sealed.split_at_checked(len)?;
    let after = after.get(TAG_LEN..)?;
    body.extend(prefix);
    push_sealed(sealer, Kind::SingleBlock, 1, iv, part, body);
    *rest = after;
    Some(())
}

fn frame(
    sealer: &Sealer,
    sequence: u32,
    frame_length: usize,
    before: u32,
    rest: &mut &[u8],
    body: &mut Vec<u8>,
) -> Option<Kind> {
    let is_final = is_end_marker(*rest.first_chunk()?);
    let (kind, prefix, prefix_len, len) = if is_final {
        let (prefix, len) = FramePrefix::of_final(rest.first_chunk()?);
        (Kind::Final, prefix, FINAL_PREFIX, len as usize)
    } else {
        (Kind::Regular, FramePrefix::of_regular(rest.first_chunk()?), REGULAR_PREFIX, frame_length)
    };
    let (head, sealed) = rest.split_at(prefix_len);
    let (part, after) = sealed.split_at_checked(len)?;
    let after = after.get(TAG_LEN..)?;
    let start = body.len() + if is_final { 4 } else { 0 };
    body.extend(head);
    // Frames that others were put before move up by as many numbers.
    let mut iv = prefix.iv;
    if before > 0 {
        body[start..start + 4].copy_from_slice(&prefix.sequence.wrapping_add(before).to_be_bytes());
        iv[..4].copy_from_slice(&before.to_be_bytes());
        body[start + 4..start + 4 + IV_LEN].copy_from_slice(&iv);
    }
    push_sealed(sealer, kind, sequence, &iv, part, body);
    *rest = after;
    Some(kind)
}

fn push_sealed(
    sealer: &Sealer,
    kind: Kind,
    sequence: u32,
    iv: &Iv,
    part: &[u8],
    body: &mut Vec<u8>,
) {
    let mut part = part.to_vec();
    let tag = sealer.seal(kind, sequence, iv, &mut part);
    body.extend(part);
    body.extend(tag);
}

/// Returns the fields of a message of the default suite, for [`begin`].
pub fn fields(content: ContentType) -> Header {
    let none = EncryptedDataKey {
        provider_id: Vec::new(),
        provider_info: Vec::new(),
        ciphertext: Vec::new(),
    };
    Header {
        suite: Suite::COMMITTING,
        message_id: [0x1D; 32].into(),
        context: EncryptionContext::default(),
        encrypted_data_keys: vec![none],
        content,
        commit_key: None,
        public_key: None,
    }
}
