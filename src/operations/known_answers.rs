//! The known answers (`tests/vectors/`): messages of all suites and shapes that the official SDK opens.
//!
//! Each is opened, and those of suite 0x0478 are made again byte for byte from data key, wrap IV and
//! message id.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor};
use std::num::NonZeroU32;

use serde::Deserialize;

use crate::crypto::secret::{DataKey, SecretBytes};
use crate::keyring::{Key, KeyVersion, Kind, Material, RootKeys};
use crate::keys::envelope::NoRecords;
use crate::keys::local::raw_aes::RawAes;
use crate::message::Limits;
use crate::message::context::EncryptionContext;
use crate::message::derivation::derive;
use crate::message::frame::{FrameKind, FrameSealer, final_prefix, frame_iv, regular_prefix};
use crate::message::header::{ContentType, Header, ParsedHeader};
use crate::message::message_id::MessageId;
use crate::message::structure::{Skip, is_whole_message};
use crate::message::suite::Suite;
use crate::operations::decrypt::{Commitment, DecryptPolicy, MessageOpener, OpenedMessage};
use crate::operations::encrypt::{MessageSealer, MessageSpec};
use crate::pipeline::NoProgress;

/// The members that a test uses.
#[derive(Deserialize)]
struct KnownAnswer {
    suite: String,
    key_namespace: String,
    key_name: String,
    wrapping_key: String,
    encryption_context_header: BTreeMap<String, String>,
    content_type: u8,
    frame_length: u32,
    exact_multiple_final: String,
    data_key: String,
    edk_iv: String,
    message_id: String,
    commitment: String,
    plaintext: String,
    message: String,
}

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

fn answers() -> Vec<KnownAnswer> {
    let rows: Vec<KnownAnswer> =
        serde_json::from_str(include_str!("../../tests/vectors/known-answers.json")).unwrap();
    assert_eq!(rows.len(), 66);
    rows
}

impl KnownAnswer {
    fn context(&self) -> EncryptionContext {
        let mut context = EncryptionContext::default();
        for (key, value) in &self.encryption_context_header {
            context.insert_allowing_reserved(key, value).unwrap();
        }
        context
    }

    fn keyring(&self) -> RootKeys {
        let material = Material::from_hex(self.wrapping_key.as_bytes()).unwrap();
        let (namespace, name) = (self.key_namespace.clone(), self.key_name.clone());
        let version = KeyVersion::new(1, &namespace, &name, Some(material));
        let mut keyring = RootKeys::default();
        keyring.add(Key::import(Kind::Aes, version).unwrap()).unwrap();
        keyring
    }

    fn assemble(&self) -> Vec<u8> {
        let suite = Suite::from_id(u16::from_str_radix(&self.suite, 16).unwrap()).unwrap();
        let data_key = DataKey::new(SecretBytes::copy_of(&bytes(&self.data_key)));
        let wrapping_key = SecretBytes::copy_of(&bytes(&self.wrapping_key));
        let wrapping_key = RawAes::new(&self.key_namespace, &self.key_name, &wrapping_key).unwrap();
        let context = self.context();
        let iv = bytes(&self.edk_iv).try_into().unwrap();
        let wrapped = wrapping_key.wrap_with(&iv, &data_key, &context);
        let message_id: [u8; 32] = bytes(&self.message_id).try_into().unwrap();
        let message_id = MessageId::from(message_id);
        let plaintext = bytes(&self.plaintext);
        let mut message = Vec::new();
        if self.is_written_by_enwrap() {
            let frame_length = NonZeroU32::new(self.frame_length).unwrap();
            let spec = MessageSpec { frame_length, context, ..MessageSpec::default() };
            MessageSealer::assemble(&data_key, message_id, &spec, vec![wrapped], None)
                .unwrap()
                .encrypt(&mut &plaintext[..], &mut message, &NoProgress)
                .unwrap();
            return message;
        }
        let (frame_key, commit_key) = derive(suite, &data_key, &message_id);
        assert_eq!(hex::encode(commit_key.unwrap()), self.commitment);
        let content =
            NonZeroU32::new(self.frame_length).map_or(ContentType::NonFramed, ContentType::Framed);
        let encrypted_data_keys = vec![wrapped];
        let header = Header {
            suite,
            message_id,
            context,
            encrypted_data_keys,
            content,
            commit_key,
            public_key: None,
        };
        message = header.serialise().unwrap();
        let (cipher, tag) = FrameSealer::begin(&frame_key, &message_id, &message, &[]);
        message.extend_from_slice(&tag);
        message.extend_from_slice(&self.body(&cipher, &plaintext));
        message
    }

    /// Whether enwrap's own writer makes messages of this shape.
    fn is_written_by_enwrap(&self) -> bool {
        self.content_type == 2 && self.exact_multiple_final == "full"
    }

    /// The shapes that other writers make: one block, or an empty final frame after full ones.
    fn body(&self, cipher: &FrameSealer, plaintext: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        let mut seal = |prefix: &[u8], sequence, kind, part: &[u8]| {
            let mut part = part.to_vec();
            let tag = cipher.seal(sequence, kind, &mut part);
            body.extend_from_slice(&[prefix, &part, &tag].concat());
        };
        if self.content_type == 1 {
            let prefix = [&frame_iv(1)[..], &(plaintext.len() as u64).to_be_bytes()].concat();
            seal(&prefix, NonZeroU32::MIN, FrameKind::SingleBlock, plaintext);
            return body;
        }
        let mut sequence = NonZeroU32::MIN;
        for part in plaintext.chunks(self.frame_length as usize) {
            seal(&regular_prefix(sequence), sequence, FrameKind::Regular, part);
            sequence = sequence.checked_add(1).unwrap();
        }
        seal(&final_prefix(sequence, 0), sequence, FrameKind::Final, &[]);
        body
    }
}

impl KnownAnswer {
    /// What `message`, which is this one or an altered one, opens to with the key of this one.
    fn opened(&self, message: &[u8], keyring: &RootKeys) -> Result<Vec<u8>, String> {
        let mut source = message;
        let policy = DecryptPolicy {
            pairs: self.context(),
            commitment: Commitment::Optional,
            ..DecryptPolicy::default()
        };
        let opener = MessageOpener { services: &[keyring], records: &NoRecords, policy: &policy };
        let opened = OpenedMessage::open(&mut source, &opener).map_err(|it| it.to_string())?;
        let mut plaintext = Vec::new();
        let decrypted = opened.decrypt(&mut source, &mut plaintext, &NoProgress);
        decrypted.map_err(|error| error.to_string())?;
        Ok(plaintext)
    }
}

#[test]
fn each_is_opened() {
    for answer in answers() {
        let plaintext = answer.opened(&bytes(&answer.message), &answer.keyring()).unwrap();
        assert_eq!(hex::encode(plaintext), answer.plaintext);
    }
}

/// One message of each suite and kind of content: the shortest that has any plaintext.
fn one_of_each_suite() -> Vec<KnownAnswer> {
    let mut shortest: BTreeMap<(String, u8), KnownAnswer> = BTreeMap::new();
    for answer in answers().into_iter().filter(|answer| !answer.plaintext.is_empty()) {
        let kind = (answer.suite.clone(), answer.content_type);
        let is_longer = |known: &KnownAnswer| known.message.len() > answer.message.len();
        if shortest.get(&kind).is_none_or(is_longer) {
            drop(shortest.insert(kind, answer));
        }
    }
    shortest.into_values().collect()
}

#[test]
fn of_each_suite_every_truncation_and_every_altered_byte_is_refused() {
    let all = one_of_each_suite();
    let suites: BTreeSet<&str> = all.iter().map(|answer| &answer.suite[..]).collect();
    assert_eq!(suites.len(), 11);
    for answer in &all {
        let (message, keyring) = (bytes(&answer.message), answer.keyring());
        for len in 0..message.len() {
            assert!(answer.opened(&message[..len], &keyring).is_err(), "{}: {len}", answer.suite);
        }
        for at in 0..message.len() {
            for mask in [0x01, 0x80] {
                let mut altered = message.clone();
                altered[at] ^= mask;
                let opened = answer.opened(&altered, &keyring);
                assert!(opened.is_err(), "{}: byte {at} ^ {mask:#x}", answer.suite);
            }
        }
    }
}

/// Passes over bytes as a file does: the next read reports an end.
impl Skip for Cursor<&[u8]> {
    fn skip(&mut self, len: u64) -> io::Result<()> {
        self.set_position(self.position().saturating_add(len));
        Ok(())
    }
}

#[test]
fn each_has_the_structure_of_a_whole_message_and_with_a_byte_more_or_less_it_has_not() {
    let is_whole = |bytes: &[u8]| is_whole_message(&mut Cursor::new(bytes));
    for answer in answers() {
        let mut message = bytes(&answer.message);
        assert!(is_whole(&message), "{}", answer.suite);
        for len in 0..message.len() {
            assert!(!is_whole(&message[..len]), "{}: the first {len} bytes", answer.suite);
        }
        message.push(b'\n');
        assert!(!is_whole(&message), "{}: a byte follows", answer.suite);
    }
}

#[test]
fn what_has_another_sequence_number_length_or_footer_is_no_whole_message() {
    let is_whole = |bytes: &[u8]| is_whole_message(&mut Cursor::new(bytes));
    let find = |suite: &str| {
        let is_it = |answer: &KnownAnswer| answer.suite == suite && answer.frame_length == 4096;
        bytes(&answers().into_iter().find(is_it).unwrap().message)
    };
    let message = find("0478");
    let parsed = ParsedHeader::read(&message[..], &Limits::default()).unwrap();
    let (fields, len) = (&parsed.fields, usize::try_from(parsed.len()).unwrap());
    let header = &message[..len];
    // A final frame, of zeros.
    let with_final = |sequence: u32, len: u32| {
        let prefix = [&[0xFF; 4][..], &sequence.to_be_bytes(), &[0; 12], &len.to_be_bytes()];
        [header, &prefix.concat(), &vec![0; len as usize + 16][..]].concat()
    };
    assert!(is_whole(&with_final(1, 0)) && is_whole(&with_final(1, 4096)));
    assert!(!is_whole(&with_final(2, 4096)) && !is_whole(&with_final(1, 4097)));
    // A header that decrypt would find too large has the structure of one all the same.
    let mut long = with_final(1, 4097);
    let frame_length = header.len() - 16 - 32 - 4;
    long[frame_length..][..4].copy_from_slice(&[0xFF; 4]);
    assert!(is_whole(&long));
    let mut key = Vec::new();
    fields.encrypted_data_keys[0].serialise_into(&mut key).unwrap();
    let start = header.windows(key.len()).position(|window| window == key).unwrap();
    let count = u16::from_be_bytes([header[start - 2], header[start - 1]]);
    let many = [&header[..start - 2], &(count + 500).to_be_bytes(), &key.repeat(500)].concat();
    assert!(is_whole(&[&many, &header[start..], &with_final(1, 1)[header.len()..]].concat()));
    let signed = find("0378");
    let footer = signed.len() - 105;
    // The length of the footer, the kind of DER value, and its length.
    for at in [footer, footer + 1, footer + 2, footer + 3] {
        let mut altered = signed.clone();
        altered[at] ^= 1;
        assert!(is_whole(&signed) && !is_whole(&altered), "{}", at - footer);
    }
}

#[test]
fn the_footers_of_the_sdk_have_the_usual_length() {
    for suite in ["0214", "0346", "0378", "0578"] {
        // A signature of the SDK may be a byte or two longer or shorter; in each suite, some are not.
        let is_usual = |answer: &KnownAnswer| {
            let message = bytes(&answer.message);
            let header = ParsedHeader::read(&message[..], &Limits::default()).unwrap();
            let len = header.fields.public_key.unwrap().usual_footer_len();
            let (claimed, signature) = message[message.len() - len..].split_first_chunk().unwrap();
            usize::from(u16::from_be_bytes(*claimed)) == signature.len()
        };
        assert!(answers().iter().filter(|it| it.suite == suite).any(is_usual), "{suite}");
    }
}

#[test]
fn each_of_suite_0478_is_made_again_byte_for_byte() {
    let answers: Vec<_> = answers().into_iter().filter(|answer| answer.suite == "0478").collect();
    assert_eq!(answers.len(), 6);
    for answer in &answers {
        assert_eq!(hex::encode(answer.assemble()), answer.message);
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_written_by_enwrap()).count(), 4);
}
