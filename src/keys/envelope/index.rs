//! Reading an envelope file: once from end to end for an index, and then by position.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::{MOST_FILE_BYTES, MOST_LINE_BYTES, MOST_RECORDS, Record, Records, id_of_line};
use crate::fs::file_at::FileAt;
use crate::message::header::MessageId;

/// An envelope file, with the places of its records by message: some 50 bytes each, so that one file can
/// serve a tree of a hundred thousand messages.
#[derive(Debug)]
pub struct Envelope {
    path: FileAt,
    file: File,
    /// Sorted by message; the records of one message in the order of the file.
    entries: Vec<RecordPlace>,
    skipped: usize,
}

#[derive(Debug)]
struct RecordPlace {
    message: MessageId,
    start: u64,
    len: u32,
}

impl Envelope {
    /// Reads the file at `path`, and notes where its records are.
    ///
    /// # Errors
    /// The system's own.
    pub fn open(path: impl Into<FileAt>) -> io::Result<Self> {
        let path = path.into();
        let file = path.open_at_once()?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file"));
        }
        if file.metadata()?.len() > MOST_FILE_BYTES {
            let problem = format!("it is larger than {MOST_FILE_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
        }
        let mut reader = BufReader::with_capacity(64 << 10, &file);
        let (mut entries, mut skipped, mut start) = (Vec::new(), 0, 0);
        let mut line = Vec::new();
        loop {
            let read = read_line(&mut reader, &mut line)?;
            if read == 0 {
                break;
            }
            match id_of_line(&line).zip(u32::try_from(line.len()).ok()) {
                Some((message, len)) => entries.push(RecordPlace { message, start, len }),
                None if line.trim_ascii().is_empty() && read <= MOST_LINE_BYTES as u64 => {}
                None => skipped += 1,
            }
            start += read;
        }
        // Stable, so the order of the file stays among the records of one message.
        entries.sort_by(|a, b| a.message.as_bytes().cmp(b.message.as_bytes()));
        Ok(Self { path, file, entries, skipped })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether all its lines are records for this message.
    pub(super) fn serves_only(&self, message: &MessageId) -> bool {
        self.skipped == 0 && self.entries.iter().all(|entry| entry.message == *message)
    }

    /// Lines that are no record: torn ones, or someone else's.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

impl Records for Envelope {
    fn of(&self, message: &MessageId) -> Vec<Record> {
        let id = message.as_bytes();
        let first = self.entries.partition_point(|entry| entry.message.as_bytes() < id);
        let count = self.entries[first..].partition_point(|entry| entry.message == *message);
        let entries = self.entries[first..first + count].iter().rev().take(MOST_RECORDS);
        // What cannot be read, or is no record after all, is passed over like every record that does not
        // open the message.
        entries
            .filter_map(|entry| {
                let mut line = vec![0; entry.len as usize];
                self.file.read_exact_at(&mut line, entry.start).ok()?;
                Record::from_line(&line).filter(|record| record.message_id == *message)
            })
            .collect()
    }
}

/// Reads to the next newline, and returns how many bytes there were; of a line that is too long, `line` gets
/// nothing.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let mut total = 0;
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(chunk.len(), |end| end + 1);
        total += taken as u64;
        if total <= MOST_LINE_BYTES as u64 {
            line.extend_from_slice(&chunk[..taken]);
        } else {
            line.clear();
        }
        reader.consume(taken);
        if end.is_some() || taken == 0 {
            return Ok(total);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::keys::envelope::sample;

    fn opened(bytes: &[u8]) -> Envelope {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Envelope::open(file.path()).unwrap()
    }

    #[test]
    fn the_newest_record_of_a_message_comes_first() {
        let lines: Vec<String> =
            [(1, 1), (2, 2), (1, 3)].map(|(m, k)| sample(m, k).to_line()).into();
        let envelope = opened(lines.concat().as_bytes());
        let keys = |message: u8| -> Vec<u8> {
            let records = envelope.of(&[message; 32].into());
            records.iter().map(|it| it.encrypted_data_keys[0].ciphertext[0]).collect()
        };
        assert_eq!((keys(1), keys(2), keys(3)), (vec![3, 1], vec![2], vec![]));
        assert_eq!(envelope.skipped(), 0);
    }

    #[test]
    fn what_is_no_record_is_passed_over_and_counted() {
        let good = sample(1, 1).to_line();
        let long = format!("{}{}", " ".repeat(MOST_LINE_BYTES), good);
        let torn = &good[..good.len() / 2];
        let text = format!("{torn}\n\n{good}not json\n{long}{good}{torn}");
        let envelope = opened(text.as_bytes());
        assert_eq!(envelope.of(&[1; 32].into()).len(), 2);
        assert_eq!(envelope.skipped(), 4);
    }

    #[test]
    fn of_very_many_records_the_newest_are_tried() {
        let lines: String = (0..200).map(|n| sample(1, n).to_line()).collect();
        let records = opened(lines.as_bytes()).of(&[1; 32].into());
        assert_eq!(records.len(), MOST_RECORDS);
        assert_eq!(records[0].encrypted_data_keys[0].ciphertext[0], 199);
    }
}
