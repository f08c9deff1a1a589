//! Reading an envelope file: once from end to end for an index, and then by position.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use super::{MOST_FILE_BYTES, MOST_LINE_BYTES, MOST_RECORDS, Record, Records, id_of_line};
use crate::fs::file_at::FileAt;
use crate::message::message_id::MessageId;

/// An envelope file, with the places of its records by message: some 50 bytes each, so that one file can
/// serve a tree of a hundred thousand messages.
#[derive(Debug)]
pub struct Envelope {
    path: FileAt,
    file: File,
    /// The length of each record, by its message and then by the position at which it begins: the records of one
    /// message are in the order of the file.
    entries: BTreeMap<(MessageId, u64), u32>,
    skipped: usize,
    /// How far the file was read.
    end: u64,
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
        let mut new = Self { path, file, entries: BTreeMap::new(), skipped: 0, end: 0 };
        new.read_on()?;
        Ok(new)
    }

    /// The index of the file as it is now. Only what was appended since the last reading is read, unless another
    /// file stands at the path meanwhile, or a shorter one.
    ///
    /// To be called while the file is locked, and on an index that was made under the lock too: what is read of a
    /// line that another process is still writing is not read again.
    ///
    /// # Errors
    /// The system's own.
    pub fn catch_up(mut self) -> io::Result<Self> {
        let (known, now) = (self.file.metadata()?, self.path.file_metadata()?);
        let is_same = (known.dev(), known.ino()) == (now.dev(), now.ino());
        if !is_same || now.len() < self.end {
            return Self::open(self.path);
        }
        self.read_on()?;
        Ok(self)
    }

    /// Notes the records from where the last reading ended to the end of the file.
    fn read_on(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() > MOST_FILE_BYTES {
            let problem = format!("it is larger than {MOST_FILE_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
        }
        let mut reader = BufReader::with_capacity(64 << 10, &self.file);
        reader.seek(SeekFrom::Start(self.end))?;
        let mut line = Vec::new();
        loop {
            let read = read_line(&mut reader, &mut line)?;
            if read == 0 {
                return Ok(());
            }
            match id_of_line(&line).zip(u32::try_from(line.len()).ok()) {
                Some((message, len)) => drop(self.entries.insert((message, self.end), len)),
                None if line.trim_ascii().is_empty() && read <= MOST_LINE_BYTES as u64 => {}
                None => self.skipped += 1,
            }
            self.end += read;
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether all its lines are records for this message.
    pub(super) fn serves_only(&self, message: &MessageId) -> bool {
        self.skipped == 0 && self.entries.keys().all(|(served, _)| served == message)
    }

    /// Lines that are no record: torn ones, or someone else's.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

impl Records for Envelope {
    fn of(&self, message: &MessageId) -> Vec<Record> {
        let entries = self.entries.range((*message, 0)..=(*message, u64::MAX));
        // What cannot be read, or is no record after all, is passed over like every record that does not
        // open the message.
        entries
            .rev()
            .take(MOST_RECORDS)
            .filter_map(|((_, start), len)| {
                let mut line = vec![0; *len as usize];
                self.file.read_exact_at(&mut line, *start).ok()?;
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
    use crate::fs::failing::Failing;
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
        let blank = format!("\n{good} \n{good}\n");
        assert_eq!(opened(blank.as_bytes()).skipped(), 0);
        assert_eq!(opened(" ".repeat(MOST_LINE_BYTES + 1).as_bytes()).skipped(), 1);
    }

    #[test]
    fn of_very_many_records_the_newest_are_tried() {
        let lines: String = (0..200).map(|n| sample(1, n).to_line()).collect();
        let records = opened(lines.as_bytes()).of(&[1; 32].into());
        assert_eq!(records.len(), MOST_RECORDS);
        assert_eq!(records[0].encrypted_data_keys[0].ciphertext[0], 199);
    }

    /// A new file with this text.
    fn written(path: &Path, text: &str) -> File {
        let mut file = File::create_new(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn only_what_was_appended_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tree.envelope");
        let lines = |range: std::ops::Range<u8>| -> String {
            range.map(|n| sample(n % 2, n).to_line()).collect()
        };
        let mut file = written(&path, &lines(0..6));
        let known = Envelope::open(&path).unwrap();
        // What was read before is no record any more, which nobody who does not read it again sees.
        file.write_all_at(&vec![b'?'; lines(0..6).len()], 0).unwrap();
        file.write_all(lines(6..10).as_bytes()).unwrap();
        let known = known.catch_up().unwrap();
        assert_eq!((known.skipped(), known.entries.len()), (0, 10));
        let keys = known.of(&[1; 32].into());
        let keys: Vec<u8> = keys.iter().map(|it| it.encrypted_data_keys[0].ciphertext[0]).collect();
        assert_eq!(keys, [9, 7]);
        assert_eq!(known.catch_up().unwrap().entries.len(), 10);
    }

    #[test]
    fn another_file_and_a_shorter_one_are_read_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tree.envelope");
        let records = |count| sample(1, 1).to_line().repeat(count);
        written(&path, &records(3));
        let known = Envelope::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        written(&path, &records(5));
        let known = known.catch_up().unwrap();
        assert_eq!(known.entries.len(), 5);
        File::options().write(true).open(&path).unwrap().set_len(records(1).len() as u64).unwrap();
        assert_eq!(known.catch_up().unwrap().entries.len(), 1);
    }

    #[test]
    fn an_interrupted_read_is_repeated_and_no_other() {
        let mut line = Vec::new();
        let mut read = |kind| read_line(&mut Failing::new(b"line\n", kind, 5), &mut line).ok();
        assert_eq!((read(io::ErrorKind::Interrupted), read(io::ErrorKind::Other)), (Some(5), None));
    }
}
