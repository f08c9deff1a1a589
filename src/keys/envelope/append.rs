//! Writing to an envelope file: only ever at its end, and never so that one writer's crash costs another's
//! record.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::Duration;

use super::{MOST_FILE_BYTES, MOST_LINE_BYTES, Record};
use crate::fs::append::{self, AppendFault, Links};
use crate::fs::atomic_file::fault::{Step, step};
use crate::fs::atomic_file::sync;
use crate::fs::close::close_duplicate;
use crate::fs::file_at::FileAt;
use crate::fs::lock::{FileLock, LockError};

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another process is writing, and did not finish in time, or the lock file cannot be used.
    #[error("cannot lock the envelope file '{}'", path.display())]
    Lock {
        /// The envelope file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: LockError,
    },
    /// Appending might damage another file, or give the records to another user.
    #[error("cannot append to the envelope file '{}'", path.display())]
    Refused {
        /// The envelope file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: AppendFault,
    },
    /// With the records, it would be larger than what readers accept.
    #[error("the envelope file '{}' would be larger than {MOST_FILE_BYTES} bytes, which no reader accepts", path.display())]
    TooLarge {
        /// The envelope file.
        path: PathBuf,
    },
    /// The system refused a step.
    #[error("cannot {action} the envelope file '{}'", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The envelope file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// Adds `records` to the end of the envelope file at `path`, which it makes if there is none. When this
/// returns, they are on the disk.
///
/// # Errors
/// [`AppendError`]; the file then has what it had.
pub fn append(
    path: &FileAt,
    records: &[Record],
    lock_timeout: Duration,
) -> Result<(), AppendError> {
    append_with(path, Links::Follow, lock_timeout, || Ok::<_, AppendError>(records.to_vec()))
}

/// As [`append()`], with records that `make` returns while the lock is held, so that no other process appends between a
/// look at the file and the write.
///
/// # Errors
/// `make`'s own, or [`AppendError`]; the file then has what it had.
pub fn append_with<E: From<AppendError>>(
    path: &FileAt,
    links: Links,
    lock_timeout: Duration,
    make: impl FnOnce() -> Result<Vec<Record>, E>,
) -> Result<(), E> {
    let failed = |action, source| AppendError::Io { action, path: path.to_path_buf(), source };
    let refused = |source| AppendError::Refused { path: path.to_path_buf(), source };
    // The lock has to be beside the file that every process means.
    let target = append::resolve(path, links).map_err(refused)?;
    if target.is_there() {
        // Before a lock file is made beside it.
        append::open(&target, 0o666, is_record).map_err(refused)?;
    }
    let _lock = FileLock::take_if_supported(&target, lock_timeout)
        .map_err(|source| AppendError::Lock { path: path.to_path_buf(), source })?;
    let records = make()?;
    if records.is_empty() {
        return Ok(());
    }
    let mut opened = append::open(&target, 0o666, is_record).map_err(refused)?;
    let file = &mut opened.file;
    let metadata = file.metadata().map_err(|source| failed("look at", source))?;
    let before = metadata.len();
    let mut text = String::new();
    // A line that a crash cut short must not swallow this one.
    if !ends_line(file, before).map_err(|source| failed("read", source))? {
        text.push('\n');
    }
    text.extend(records.iter().map(Record::to_line));
    if before.saturating_add(text.len() as u64) > MOST_FILE_BYTES {
        return Err(AppendError::TooLarge { path: path.to_path_buf() }.into());
    }
    let written = step(Step::Write)
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| step(Step::SyncFile))
        .and_then(|()| sync(file))
        .and_then(|()| close_duplicate(file));
    if let Err(source) = written {
        // Removes the part that was written. If that fails too, readers skip the incomplete line.
        drop(file.set_len(before));
        return Err(failed("write", source).into());
    }
    // The duplicate told what closing it had to tell.
    drop(opened);
    target.sync_folder().map_err(|source| failed("sync the folder of", source))?;
    Ok(())
}

/// Whether the first line of a file is a record, or one that a crash cut short, or of which it left zeros.
fn is_record(line: &[u8]) -> bool {
    let content = line.strip_suffix(b"\n").unwrap_or(line);
    let is_zeroed = content.len() < MOST_LINE_BYTES && content.iter().all(|byte| *byte == 0);
    (is_zeroed && !content.is_empty())
        || line.starts_with(b"{\"message_id\":")
        || Record::from_line(line).is_some()
}

fn ends_line(file: &File, len: u64) -> io::Result<bool> {
    let Some(last) = len.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::ErrorKind;

    use super::*;
    use crate::fs::atomic_file::fault::fail_at;
    use crate::keys::envelope::{Envelope, Records as _, sample};

    #[test]
    fn what_is_appended_is_found_also_after_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = FileAt::named(folder.path().join("tree.envelope"));
        append(&path, &[sample(1, 1), sample(2, 2)], Duration::ZERO).unwrap();
        let whole = fs::read(&path).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(whole.len() as u64 - 20).unwrap();
        append(&path, &[sample(3, 3)], Duration::ZERO).unwrap();
        let envelope = Envelope::open(&path).unwrap();
        let count = |message: u8| envelope.of(&[message; 32].into()).len();
        assert_eq!((count(1), count(2), count(3), envelope.skipped()), (1, 0, 1, 1));
        assert!(path.with_extension("envelope.lock").exists());
    }

    #[test]
    fn a_failed_write_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = FileAt::named(folder.path().join("tree.envelope"));
        append(&path, &[sample(1, 1)], Duration::ZERO).unwrap();
        let before = fs::read(&path).unwrap();
        for fault in [Step::Write, Step::SyncFile, Step::CloseDuplicate] {
            let append = || append(&path, &[sample(2, 2)], Duration::ZERO);
            let error = fail_at(&[fault], ErrorKind::StorageFull, append).unwrap_err();
            assert!(matches!(error, AppendError::Io { action: "write", .. }));
            assert_eq!(fs::read(&path).unwrap(), before, "{fault:?}");
        }
    }

    #[test]
    fn a_failed_first_write_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = FileAt::named(folder.path().join("tree.envelope"));
        let append = || append(&path, &[sample(1, 1)], Duration::ZERO);
        fail_at(&[Step::SyncFile], ErrorKind::StorageFull, append).unwrap_err();
        assert!(!path.exists());
    }

    #[test]
    fn no_file_grows_beyond_what_readers_accept() {
        let folder = tempfile::tempdir().unwrap();
        let path = FileAt::named(folder.path().join("tree.envelope"));
        append(&path, &[sample(1, 1)], Duration::ZERO).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let line = sample(2, 2).to_line().len() as u64;
        // A newline comes before the record, since the file does not end with one.
        for (len, fits) in [(MOST_FILE_BYTES - line, false), (MOST_FILE_BYTES - line - 1, true)] {
            file.set_len(len).unwrap();
            let appended = append(&path, &[sample(2, 2)], Duration::ZERO);
            assert!(if fits {
                appended.is_ok()
            } else {
                matches!(appended, Err(AppendError::TooLarge { .. }))
            });
            let after = fs::metadata(&path).unwrap().len();
            assert_eq!(after, if fits { MOST_FILE_BYTES } else { len });
        }
    }

    #[test]
    fn zeros_that_a_power_cut_left_are_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = FileAt::named(folder.path().join("tree.envelope"));
        OpenOptions::new().write(true).create_new(true).open(&path).unwrap().set_len(302).unwrap();
        append(&path, &[sample(1, 1)], Duration::ZERO).unwrap();
        let envelope = Envelope::open(path).unwrap();
        assert_eq!((envelope.of(&[1; 32].into()).len(), envelope.skipped()), (1, 1));
    }

    #[test]
    fn writers_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = FileAt::named(folder.path().join("tree.envelope"));
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for n in 0..10 {
                        append(path, &[sample(writer, n)], Duration::from_secs(60)).unwrap();
                    }
                });
            }
        });
        let envelope = Envelope::open(&path).unwrap();
        let counts = [0, 1, 2, 3].map(|writer: u8| envelope.of(&[writer; 32].into()).len());
        assert_eq!((counts, envelope.skipped()), ([10; 4], 0));
    }

    #[test]
    fn a_first_line_is_a_record_also_if_it_was_cut_or_left_as_zeros() {
        let line = sample(1, 1).to_line();
        let zeros = vec![0; 300];
        for (line, is_it) in [
            (line.as_bytes(), true),
            (&line.as_bytes()[..30], true),
            (line.replacen('{', "{ ", 1).as_bytes(), true),
            (&zeros, true),
            (b"", false),
            (b"\n", false),
            (b"{}\n", false),
            (b"a secret\n", false),
            (&[&zeros[..], b"a secret\n"].concat(), false),
        ] {
            assert_eq!(is_record(line), is_it, "{}", String::from_utf8_lossy(line));
        }
    }
}
