//! The end of an envelope file: when its message is replaced by another one.

use std::time::Duration;

use super::append::AppendError;
use super::index::Envelope;
use crate::fs::file_at::FileAt;
use crate::fs::lock::FileLock;
use crate::message::message_id::MessageId;

/// Runs `replace`, which puts another message in the place of `message`, under the lock of the envelope file at
/// `path`: nobody adds a record for the old message meanwhile. Then removes that file if it serves no other message,
/// and the lock file with it.
///
/// # Errors
/// `replace`'s own, or [`AppendError::Lock`]; nothing is removed then.
pub fn retire<T, E: From<AppendError>>(
    path: &FileAt,
    message: &MessageId,
    lock_timeout: Duration,
    replace: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    if !can_be_locked(path) {
        return replace();
    }
    let lock = FileLock::take_if_supported(path, lock_timeout)
        .map_err(|source| AppendError::Lock { path: path.to_path_buf(), source })?;
    let replaced = replace();
    // A record for a message that is gone does no harm, so neither does a file that cannot be removed.
    if replaced.is_ok()
        && is_plain(path)
        && Envelope::open(path.clone()).is_ok_and(|it| it.serves_only(message))
    {
        drop(path.remove());
    }
    // Where there is no envelope file, its lock file was made here.
    if !path.is_there() {
        drop(lock.map(FileLock::remove));
    }
    replaced
}

/// Whether the name leaves room for that of a lock file. Where it does not, nobody can add a record, and there is
/// nothing to wait for.
fn can_be_locked(path: &FileAt) -> bool {
    const MOST_NAME_BYTES: usize = 255;
    path.name().len() + ".lock".len() <= MOST_NAME_BYTES
}

/// Whether there is a file, and not a link to one.
fn is_plain(path: &FileAt) -> bool {
    path.entry_metadata().is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::fs::lock::LockError;
    use crate::keys::envelope::{append, sample};

    #[test]
    fn an_envelope_file_goes_with_its_message_and_stays_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = FileAt::named(folder.path().join("a.envelope"));
        let retire =
            |result| retire::<_, AppendError>(&path, &[1; 32].into(), Duration::ZERO, || result);
        append(&path, &[sample(1, 1), sample(1, 2)], Duration::ZERO).unwrap();
        let source = LockError::Held { holder: String::new() };
        assert!(retire(Err(AppendError::Lock { path: path.to_path_buf(), source })).is_err());
        assert!(path.exists(), "the message was not replaced");
        retire(Ok(())).unwrap();
        let is_empty = || fs::read_dir(folder.path()).unwrap().next().is_none();
        assert!(is_empty());
        let source = LockError::Held { holder: String::new() };
        assert!(retire(Err(AppendError::Lock { path: path.to_path_buf(), source })).is_err());
        assert!(is_empty());
        append(&path, &[sample(1, 1), sample(2, 2)], Duration::ZERO).unwrap();
        retire(Ok(())).unwrap();
        assert!(path.exists());
        // A link may lead to the envelope file of other messages, and somebody put it there.
        let file = folder.path().join("file");
        fs::remove_file(&path).unwrap();
        append(&(&file).into(), &[sample(1, 1)], Duration::ZERO).unwrap();
        std::os::unix::fs::symlink("file", &path).unwrap();
        retire(Ok(())).unwrap();
        assert!(path.is_there() && file.exists());
    }

    #[test]
    fn a_message_is_replaced_also_where_no_lock_file_could_have_a_name() {
        let folder = tempfile::tempdir().unwrap();
        for (len, is_locked) in [(250, true), (251, false), (264, false)] {
            let path = folder.path().join("n".repeat(len));
            let id = [1; 32].into();
            let lock = path.with_added_extension("lock");
            let replace = || Ok::<_, AppendError>(lock.exists());
            assert_eq!(
                retire(&(&path).into(), &id, Duration::ZERO, replace).unwrap(),
                is_locked,
                "{len}"
            );
        }
    }
}
