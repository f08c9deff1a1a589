//! Envelope files: further encrypted data keys for messages, kept beside them.
//!
//! ```text
//! {"message_id": hex, "encrypted_data_keys": [base64 of one EDK, ...], "created": RFC 3339}
//! ```
//!
//! One record a line; each is the complete set that one rewrap wrote. The header of a message is never
//! written again (two headers tagged under one key give that key's tags away), so this is where changed
//! keys go. A record needs no tag of its own: the unwrap authenticates the data key, and the message's commit
//! key tells whether it is the right one. What a record says is a claim until then, like all that anyone
//! could have written.
//!
//! - [`index`]: reading; [`mod@append`]: writing

pub mod append;
pub mod index;
pub mod retire;

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fs::file_at::FileAt;
use crate::message::Limits;
use crate::message::encrypted_data_key::EncryptedDataKey;
use crate::message::message_id::MessageId;

pub use append::{append, append_with};
pub use index::Envelope;

/// The longest line that is read as a record, in bytes.
pub const MOST_LINE_BYTES: usize = 1 << 20;

/// Bytes of an envelope file: more than two million records of one key each. A larger file is refused before it is
/// read: a sparse one would cost minutes.
pub const MOST_FILE_BYTES: u64 = 1 << 30;

/// Records of one message that are tried, the newest ones.
pub const MOST_RECORDS: usize = 64;

/// Name ending of the envelope file of one message.
pub const EXTENSION: &str = "envelope";

/// One rewrap's encrypted data keys for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The message.
    pub message_id: MessageId,
    /// All keys that are to open it.
    pub encrypted_data_keys: Vec<EncryptedDataKey>,
    /// When it was written.
    pub created: Timestamp,
}

/// Where further encrypted data keys of a message are looked for.
pub trait Records {
    /// The records of a message, the newest first, at most [`MOST_RECORDS`].
    fn of(&self, message: &MessageId) -> Vec<Record>;
}

/// No envelope file at all.
#[derive(Clone, Copy, Debug)]
pub struct NoRecords;

impl Records for NoRecords {
    fn of(&self, _: &MessageId) -> Vec<Record> {
        Vec::new()
    }
}

/// `<message>.envelope`, in the folder of the message.
#[must_use]
pub fn beside(message: &FileAt) -> FileAt {
    let mut name = OsString::from(message.name());
    name.push(".");
    name.push(EXTENSION);
    message.sibling(&name)
}

/// Whether a file is called as an envelope file is, or as its lock file.
#[must_use]
pub fn is_own_name(path: &Path) -> bool {
    let has = |path: &Path, extension: &str| path.extension().is_some_and(|it| it == extension);
    has(path, EXTENSION)
        || has(path, "lock") && path.file_stem().is_some_and(|it| has(Path::new(it), EXTENSION))
}

/// A line, before anything in it is believed.
#[derive(Debug, Serialize, Deserialize)]
struct RecordLine<'a> {
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    encrypted_data_keys: Vec<Cow<'a, str>>,
    created: Timestamp,
}

impl Record {
    /// The line of the format, with its newline.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "no map keys or numbers that JSON lacks; keys come from messages"
    )]
    pub fn to_line(&self) -> String {
        let encrypted_data_keys = self
            .encrypted_data_keys
            .iter()
            .map(|key| {
                let mut bytes = Vec::new();
                key.serialise_into(&mut bytes).expect("its fields were read from 16-bit lengths");
                Cow::Owned(STANDARD.encode(bytes))
            })
            .collect();
        let message_id = self.message_id.to_string().into();
        let line = RecordLine { message_id, encrypted_data_keys, created: self.created };
        let mut text = serde_json::to_string(&line).expect("a record is JSON");
        text.push('\n');
        text
    }

    /// Reads a line; `None` for what is no record.
    #[must_use]
    pub fn from_line(line: &[u8]) -> Option<Self> {
        let line: RecordLine<'_> = serde_json::from_slice(line).ok()?;
        // As many as readers accept in a header.
        if line.encrypted_data_keys.len() > usize::from(Limits::default().encrypted_data_keys) {
            return None;
        }
        let mut encrypted_data_keys = Vec::with_capacity(line.encrypted_data_keys.len());
        for key in &line.encrypted_data_keys {
            let bytes = STANDARD.decode(key.as_bytes()).ok()?;
            encrypted_data_keys.push(EncryptedDataKey::parse(&bytes).ok()?);
        }
        let message_id = line.message_id.parse().ok()?;
        Some(Self { message_id, encrypted_data_keys, created: line.created })
    }
}

/// The message id of a line that is a record as far as JSON goes.
fn id_of_line(line: &[u8]) -> Option<MessageId> {
    serde_json::from_slice::<RecordLine<'_>>(line).ok()?.message_id.parse().ok()
}

#[cfg(test)]
pub(crate) fn sample(message: u8, key: u8) -> Record {
    Record {
        message_id: [message; 32].into(),
        encrypted_data_keys: vec![EncryptedDataKey {
            provider_id: b"enwrap".to_vec(),
            provider_info: vec![key; 5],
            ciphertext: vec![key; 48],
        }],
        created: crate::clock::now(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_other_lines_are_none() {
        let record = sample(1, 2);
        let line = record.to_line();
        assert!(line.ends_with("Z\"}\n") && line.matches('\n').count() == 1, "{line}");
        assert_eq!(Record::from_line(line.as_bytes()).as_ref(), Some(&record));
        for bad in [
            "",
            "{}",
            &line[..line.len() - 3],
            &line.replacen("0101", "01", 1),
            &line.replacen("0101", "zz01", 1),
            &line.replace("[\"", "[\"!"),
            &format!("{line}{line}"),
        ] {
            assert_eq!(Record::from_line(bad.as_bytes()), None, "{bad}");
        }
        // As many keys as readers accept in a header.
        let most = usize::from(Limits::default().encrypted_data_keys);
        let with_keys = |count: usize| {
            let key = record.encrypted_data_keys[0].clone();
            Record { encrypted_data_keys: vec![key; count], ..record.clone() }.to_line()
        };
        assert!(Record::from_line(with_keys(most).as_bytes()).is_some());
        assert!(Record::from_line(with_keys(most + 1).as_bytes()).is_none());
        // Members may be added later.
        let more = line.replacen('{', "{\"more\":1,", 1);
        assert!(Record::from_line(more.as_bytes()).is_some());
    }

    #[test]
    fn an_envelope_file_and_its_lock_are_told_by_their_names() {
        for (name, is_own) in [
            ("a.envelope", true),
            ("dir/a.enwrap.envelope", true),
            ("a.envelope.lock", true),
            ("a", false),
            ("envelope", false),
            ("a.lock", false),
            ("a.enwrap.lock", false),
            ("a.envelope.tmp", false),
            ("a.envelope/b", false),
        ] {
            assert_eq!(is_own_name(Path::new(name)), is_own, "{name}");
        }
    }
}
