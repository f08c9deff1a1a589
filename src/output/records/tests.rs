//! Holds the tables of docs/scripting.md against the types.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use enwrap::keyring::Key;
use enwrap::keyring::model::key::State;
use enwrap::message::message_id::MessageId;
use serde::Serialize;
use serde_json::Value;

use super::error::{ErrorRecord, Failure};
use super::git::*;
use super::key::*;
use super::keyring::*;
use super::message::*;
use super::summary::*;
use super::*;
use crate::output::exit::Exit;
use enwrap::keys::aws_kms::client::calls::KmsCalls;

/// The rows of the tables under "A `result`", "An `error`" and "A `summary`": what a record is of, and the names of
/// its members, also of those within others.
fn documented(kind: &str) -> Vec<(String, BTreeSet<String>)> {
    let contract = include_str!("../../../docs/scripting.md");
    let (_, section) = contract.split_once(&format!("`{kind}`")).unwrap();
    let (_, section) = section.split_once(&format!(" `{kind}`")).unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            let (of, members) = (cells.next().unwrap(), cells.next().unwrap());
            let quoted = members.split('`').skip(1).step_by(2);
            let is_member =
                |word: &&str| word.chars().all(|it| it.is_ascii_lowercase() || it == '_');
            (of.to_owned(), quoted.filter(is_member).map(str::to_owned).collect())
        })
        .collect()
}

/// The names of all members of a record.
fn members(record: &impl Serialize) -> BTreeSet<String> {
    fn collect(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    names.insert(name.clone());
                    collect(value, names);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
            _ => {}
        }
    }
    let mut names = BTreeSet::new();
    collect(&serde_json::to_value(record).unwrap(), &mut names);
    names
}

fn version() -> KeyVersionMember {
    KeyVersionMember::new(key().id(), 1)
}

fn key() -> Key {
    Key::generate(Default::default(), "").unwrap()
}

fn path<T: for<'a> From<&'a Path>>() -> T {
    Path::new("a").into()
}

/// A record of each kind, with all its members, in the order of the contract.
fn results() -> Vec<BTreeSet<String>> {
    let key = key();
    let (key_id, message_id) = (key.id(), MessageId::from([0; 32]));
    let (plaintext_bytes, message_bytes, signed) = (1, 1, false);
    let key_record = members(&KeyRecord::new(&key));
    let holder = || Holder { key: version(), current: true };
    let inspected_key = || InspectedKey {
        namespace: String::new(),
        name: String::new(),
        key_id: None,
        version: None,
        aliases: None,
        public_only: false,
        passphrase: Some(PassphraseMember { kdf: "", m_kib: 1, t: 1, p: 1 }),
    };
    vec![
        members(&EncryptedRecord {
            message_id,
            keys: vec![version()],
            passphrase: true,
            plaintext_bytes,
            message_bytes,
            source_changed: true,
            unchanged: true,
            path: path(),
            output: path(),
        }),
        members(&WouldEncryptRecord { path: path(), output: Some(path()) }),
        members(&DecryptedRecord {
            message_id,
            opened_by: version(),
            plaintext_bytes,
            written_bytes: 1,
            path: path(),
            output: path(),
        }),
        members(&SalvagedRecord {
            message_id,
            saved_frames: 1,
            saved_bytes: 1,
            plaintext_bytes: None,
            lost: vec![Lost { offset: 0, length: None }],
            path: path(),
            output: Some(path()),
        }),
        members(&VerifiedRecord {
            message_id,
            opened_by: version(),
            plaintext_bytes,
            signed,
            path: path(),
        }),
        members(&InspectedRecord {
            format_version: 2,
            suite: String::new(),
            algorithm: "",
            message_id,
            encryption_context: BTreeMap::new(),
            encrypted_data_keys: vec![inspected_key()],
            envelope_keys: vec![EnvelopeKey { key: inspected_key(), envelope: path() }],
            frame_length: None,
            frames: None,
            plaintext_bytes: None,
            signed,
            armored: false,
            header_bytes: 1,
            path: path(),
        }),
        members(&RewrappedRecord {
            message_id: Some(message_id.to_string()),
            changed: true,
            keys: Some(vec![version()]),
            passphrase: true,
            path: path(),
            envelope: Some(path()),
        }),
        members(&ReencryptedRecord {
            old_message_id: message_id,
            message_id,
            keys: vec![version()],
            passphrase: true,
            plaintext_bytes,
            message_bytes,
            path: path(),
            output: path(),
        }),
        members(&WouldReencryptRecord { old_message_id: message_id, path: path() }),
        members(&EditedRecord {
            message_id,
            changed: true,
            old_message_id: Some(message_id.to_string()),
            keys: vec![version()],
            passphrase: true,
            plaintext_bytes: Some(1),
            message_bytes: Some(1),
            path: path(),
        }),
        members(&GitFindingRecord { finding: String::new(), path: path() }),
        members(&GeneratedRecord::new(&key, true)),
        key_record,
        members(&ImportedRecord::new(&key, key.aliases())),
        members(&ExportedRecord { key: version(), public: false, output: path() }),
        members(&version()),
        members(&RenamedRecord { key_id }),
        members(&SwitchedRecord { key_id, version: None, state: State::Enabled }),
        members(&DeletionRecord {
            key_id,
            version: 1,
            state: State::PendingDeletion,
            deletion_date: None,
        }),
        members(&PurgedRecord {
            key_id,
            version: 1,
            aliases: Vec::new(),
            destroyed: true,
            aws_kms: None,
        }),
        members(&NeedingRecord { needs_what_is_due: true, path: path() }),
        members(&UsageOfFile {
            bytes: 1,
            message_id: String::new(),
            keys: vec![holder()],
            by_proof: true,
            needs_old_version: false,
            by_envelope_only: false,
            not_proved: vec![String::new()],
            closed: false,
            path: path(),
        }),
        members(&UsageOfVersion { holder: holder(), files: 1, bytes: 1 }),
        members(&PlaceRecord { exists: true, path: path() }),
        members(&BackedUpRecord { output: path() }),
        members(&FindingRecord { finding: String::new() }),
        members(&GenerationRecord {
            generation: 1,
            saved: None,
            sealed: true,
            keys: None,
            versions: None,
            path: path(),
        }),
        members(&ResealedRecord { sealed: true, path: path() }),
        members(&RestoredRecord {
            gained: Vec::new(),
            lost: Vec::new(),
            lacks: Vec::new(),
            sealed: true,
            path: path(),
        }),
    ]
}

/// A summary of each kind, in the order of the contract. The members of a failure are those of the first one.
fn summaries() -> Vec<BTreeSet<String>> {
    /// As of a run that does not ask AWS KMS.
    fn no_calls() -> KmsCounts {
        KmsCounts::from(&KmsCalls::default())
    }
    fn of(counts: impl Serialize) -> BTreeSet<String> {
        let (not_tried, sources_changed) = (None, None);
        members(&Summary {
            files: 1,
            failed: 0,
            not_tried,
            sources_changed,
            links: None,
            kms: no_calls(),
            counts,
            failures: Vec::new(),
        })
    }
    fn of_tree(counts: impl Serialize) -> BTreeSet<String> {
        let mut names = of(OfTree { counts, skipped: BTreeMap::new() });
        names.extend(["failures", "not_tried"].map(str::to_owned));
        names
    }
    fn with_links(mut names: BTreeSet<String>) -> BTreeSet<String> {
        names.insert("links".to_owned());
        names
    }
    let (failures, not_tried) = (vec![Failure::new(Exit::Failure, None)], Some(1));
    let counts = OfTree { counts: Done::Encrypted(1), skipped: BTreeMap::new() };
    let messages = 1;
    vec![
        members(&Summary {
            files: 1,
            failed: 1,
            not_tried,
            sources_changed: Some(1),
            links: None,
            kms: no_calls(),
            counts: NoCounts {},
            failures: Vec::new(),
        }),
        members(&Summary {
            files: 1,
            failed: 1,
            not_tried,
            sources_changed: Some(1),
            links: Some(1),
            kms: no_calls(),
            counts,
            failures,
        }),
        with_links(of_tree(Done::Decrypted(1))),
        of_tree(Done::Verified(1)),
        of_tree(RewrapCounts { rewrapped: 1, already_so: 1 }),
        of_tree(ReencryptCounts { reencrypted: 1 }),
        of_tree(UsageCounts { messages, need_old_version: 1, by_envelope_only: 1, closed: 1 }),
        of_tree(PurgeCheckCounts {
            messages,
            blobs: 1,
            suspects: 1,
            needed: 1,
            by_envelope_only: 1,
        }),
        members(&GitCheckCounts { files: 1, findings: 1 }),
        members(&KeyringCounts { keys: 1, versions: 1, generations: 1, findings: 1 }),
    ]
}

fn assert_documented(kind: &str, records: &[BTreeSet<String>]) {
    let documented = documented(kind);
    for ((of, documented), members) in documented.iter().zip(records) {
        assert_eq!(documented, members, "{of}");
    }
    assert_eq!(documented.len(), records.len(), "rows of {kind}");
}

#[test]
fn the_contract_lists_the_members_as_they_are() {
    assert_documented("result", &results());
    assert_documented("summary", &summaries());
    let error = ErrorRecord::new(Exit::Failure, String::new(), None, None);
    assert_documented("error", &[members(&error)]);
}

#[test]
fn bytes_are_added_only_where_the_text_is_not_exact() {
    use std::ffi::OsStr;

    let json = |name: &[u8]| {
        let path = PathMember::from(Path::new(OsStr::from_bytes(name)));
        serde_json::to_string(&path).unwrap()
    };
    assert_eq!(json("ä".as_bytes()), r#"{"path":"ä"}"#);
    assert_eq!(json(b"\xff"), "{\"path\":\"\u{FFFD}\",\"path_bytes\":\"/w==\"}");
}

#[test]
fn a_line_begins_with_its_type() {
    let record = &KeyringCounts { keys: 1, versions: 2, generations: 3, findings: 4 };
    let line =
        |durable| serde_json::to_string(&Line { r#type: Type::Summary, record, durable }).unwrap();
    let plain = r#"{"type":"summary","keys":1,"versions":2,"generations":3,"findings":4}"#;
    assert_eq!(line(None), plain);
    assert_eq!(line(Some(false)), plain.replace('}', r#","durable":false}"#));
}
