//! The files of a tree that a verb passes over, counted by reason.

use std::collections::BTreeMap;
use std::path::Path;

use crate::output::counted::counted;

/// Why a file of a tree is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// A link, FIFO, socket or device.
    Special,
    /// A temporary file of a run of enwrap.
    Unfinished,
    /// It matches `--exclude`, or does not match `--include`. A folder counts as one file.
    Excluded,
    /// An envelope file.
    Envelope,
    /// The lock beside an envelope file, which stays there.
    Lock,
    /// A folder on another file system than the one that it is in. It counts as one file.
    OtherFileSystem,
    /// This run uses it, as the keyring or the output folder, or has just written it.
    InUse,
    /// It is a message already.
    Encrypted,
    /// It is not a message.
    NotAMessage,
    /// Its output exists and has its modification time.
    Existing,
    /// Its output opens to the same bytes, under the same keys and context.
    Unchanged,
    /// Of a dry run: only AWS KMS knows what would be done, and it is not asked.
    NotAsked,
}

impl Reason {
    /// Of a file that is not a message: whether it stands beside one.
    pub(crate) fn of_no_message(path: &Path) -> Self {
        Self::beside_a_message(path).unwrap_or(Self::NotAMessage)
    }

    /// By its name, a file that `rewrap` puts beside a message.
    pub(super) fn beside_a_message(path: &Path) -> Option<Self> {
        let name = path.file_name()?.as_encoded_bytes();
        if name.ends_with(b".envelope") {
            Some(Self::Envelope)
        } else if name.ends_with(b".envelope.lock") {
            Some(Self::Lock)
        } else {
            None
        }
    }

    /// The name in JSON.
    fn member(self) -> &'static str {
        match self {
            Self::Special => "special",
            Self::Unfinished => "unfinished",
            Self::Excluded => "excluded",
            Self::Envelope => "envelopes",
            Self::Lock => "locks",
            Self::OtherFileSystem => "other_file_systems",
            Self::InUse => "in_use",
            Self::Encrypted => "encrypted",
            Self::NotAMessage => "not_messages",
            Self::Existing => "existing",
            Self::Unchanged => "unchanged",
            Self::NotAsked => "not_asked",
        }
    }

    /// A number of files, as people say it.
    fn told(self, count: usize) -> String {
        let words = match self {
            Self::Special if count == 1 => "link or special file",
            Self::Special => "links or special files",
            Self::Unfinished => return counted(count, "temporary file"),
            Self::Excluded => "excluded",
            Self::Envelope => return counted(count, "envelope file"),
            Self::Lock => return counted(count, "lock"),
            Self::OtherFileSystem => "on other file systems",
            Self::InUse => "made or used by this run",
            Self::Encrypted => "encrypted already",
            Self::NotAMessage if count == 1 => "not a message",
            Self::NotAMessage => "not messages",
            Self::Existing => "done before",
            Self::Unchanged => "unchanged",
            Self::NotAsked => "unknown without asking AWS KMS",
        };
        format!("{count} {words}")
    }
}

/// How many files were passed over, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Skipped(BTreeMap<Reason, usize>);

impl Skipped {
    pub(crate) fn add(&mut self, reason: Reason) {
        *self.0.entry(reason).or_default() += 1;
    }

    pub(crate) fn count(&self, reason: Reason) -> usize {
        self.0.get(&reason).copied().unwrap_or_default()
    }

    pub(crate) fn append(&mut self, other: &Self) {
        for (reason, count) in &other.0 {
            *self.0.entry(*reason).or_default() += count;
        }
    }

    /// The counts as text; `None` where nothing was passed over.
    pub(crate) fn told(&self) -> Option<String> {
        let told: Vec<String> = self.0.iter().map(|(reason, count)| reason.told(*count)).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// The counts by their names in JSON.
    pub(crate) fn members(&self) -> BTreeMap<&'static str, usize> {
        self.0.iter().map(|(reason, count)| (reason.member(), *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_by_itself() {
        let mut skipped = Skipped::default();
        for reason in [Reason::Lock, Reason::Envelope, Reason::NotAMessage, Reason::NotAsked] {
            skipped.add(reason);
        }
        let told = "1 envelope file, 1 lock, 1 not a message, 1 unknown without asking AWS KMS";
        assert_eq!(skipped.told().as_deref(), Some(told));
    }
}
