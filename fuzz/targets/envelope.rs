//! Law: a line that is a record is written and read again as the same. A file gives the records of a message that its
//! lines have, the newest first, and an appended record is the newest, whatever stood in the file before.

#![no_main]

use std::cell::RefCell;
use std::time::Duration;

use enwrap::keys::envelope::{Envelope, MOST_RECORDS, Record, Records as _, append};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

thread_local! {
    static FOLDER: RefCell<TempDir> = RefCell::new(tempfile::tempdir().unwrap());
}

fuzz_target!(|data: &[u8]| {
    let records: Vec<Record> =
        data.split(|byte| *byte == b'\n').filter_map(Record::from_line).collect();
    for record in &records {
        let line = record.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(Record::from_line(line.as_bytes()).as_ref(), Some(record));
    }
    FOLDER.with_borrow(|folder| {
        let path = folder.path().join("envelope");
        std::fs::write(&path, data).unwrap();
        let envelope = Envelope::open(&path).unwrap();
        for record in &records {
            let same = records.iter().rev().filter(|it| it.message_id == record.message_id);
            let expected: Vec<Record> = same.take(MOST_RECORDS).cloned().collect();
            let found = envelope.of(&record.message_id);
            // Lines of that id that are no records after all take the place of others.
            assert!(
                found == expected || found.len() < expected.len() && expected.starts_with(&found)
            );
        }
        let Some(new) = records.first() else { return };
        if append(&(&path).into(), &[new.clone()], Duration::ZERO).is_err() {
            return;
        }
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(data), "what was there stays");
        let envelope = Envelope::open(&path).unwrap();
        assert_eq!(envelope.of(&new.message_id).first(), Some(new));
    });
});
