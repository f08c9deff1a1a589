//! The records of a run on their way to envelope files: several at once to a shared one, each to the one beside its message.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use enwrap::fs::append::Links;
use enwrap::fs::file_at::FileAt;
use enwrap::keys::envelope::{self, Envelope, Record, Records as _};
use enwrap::message::header::ParsedHeader;
use enwrap::operations::rewrap::joined;

use super::RewrapRun;
use crate::cli::io::message_source::MessageSource;
use crate::output::diagnosis::Diagnosis;
use crate::output::error::{About, ChangedMeanwhile, Error};

/// Records that are written together: one lock and one sync for all of them.
const TOGETHER: usize = 256;

/// Records that wait at most, while an envelope file cannot be written.
const MOST_PENDING: usize = 64 * TOGETHER;

/// Records on their way to one envelope file, and what is to be said when they are there.
struct Pending {
    envelope: FileAt,
    records: Vec<Waiting>,
}

/// A record, and the message that it is for.
pub(super) struct Waiting {
    pub(super) record: Record,
    pub(super) header: ParsedHeader,
    pub(super) path: FileAt,
    /// The records that there were when this one was made.
    pub(super) known: BTreeSet<Digest>,
}

pub(super) type Digest = [u8; 32];

/// Records are told by it: one can have a megabyte, and many messages wait.
pub(super) fn digest(record: &Record) -> Digest {
    Sha256::digest(record.to_line()).into()
}

/// What has been written, and what is to be. While AWS KMS is asked for one message, the records of others are written.
pub(super) struct Written {
    pending: Pending,
    /// The shared envelope file as it was at the last flush. Each flush reads only what was added since, so that the
    /// run takes linear time.
    known: Option<Envelope>,
    pub(super) changed: usize,
    pub(super) already_so: usize,
    /// Messages that others replaced before their record was written.
    pub(super) replaced: usize,
}

impl Written {
    /// Nothing yet. All is to go to the `shared` envelope file, or else to the one beside each message.
    pub(super) fn to(shared: Option<FileAt>) -> Self {
        let envelope = shared.unwrap_or_else(|| FileAt::named(PathBuf::new()));
        let pending = Pending { envelope, records: Vec::new() };
        Self { pending, known: None, changed: 0, already_so: 0, replaced: 0 }
    }
}

impl RewrapRun<'_> {
    /// Writes a record: at once to the envelope file beside its message, with others to a shared one.
    pub(super) fn write(&self, written: &mut Written, waiting: Waiting) -> Result<(), Error> {
        let beside = self.shared.is_none().then(|| envelope::beside(&waiting.path));
        written.pending.records.push(waiting);
        if let Some(beside) = beside {
            written.pending.envelope = beside;
            return self.flush(written).inspect_err(|_| written.pending.records.clear());
        }
        if written.pending.records.len().is_multiple_of(TOGETHER) {
            match self.flush(written) {
                // They stay, to be written with the next ones; the last attempt is the one that counts.
                Err(_) if written.pending.records.len() < MOST_PENDING => {}
                result => result?,
            }
        }
        Ok(())
    }

    /// Writes what is pending, and then says so.
    pub(super) fn flush(&self, written: &mut Written) -> Result<(), Error> {
        if written.pending.records.is_empty() {
            return Ok(());
        }
        let mut known = written.known.take();
        let envelope = &written.pending.envelope;
        // A derived name may be a link that somebody made.
        let links = if self.shared.is_some() { Links::Follow } else { Links::Refuse };
        self.app.outputs.check_at(envelope)?;
        let (mut made, mut replaced) = (Vec::new(), Vec::new());
        let appended = envelope::append_with(envelope, links, self.app.lock_timeout(), || {
            replaced = written.pending.records.iter().map(|it| self.is_replaced(it)).collect();
            if self.args.add {
                let now = known
                    .take()
                    .map_or_else(|| Envelope::open(envelope.clone()), Envelope::catch_up);
                known = now.ok();
            }
            made = Self::current_records(&written.pending.records, known.as_ref());
            let records = made.iter().zip(&replaced).filter(|(_, replaced)| !**replaced);
            Ok::<_, Error>(records.map(|(record, _)| record.clone()).collect())
        });
        if self.shared.is_some() {
            written.known = known;
        }
        appended?;
        let done = std::mem::take(&mut written.pending.records);
        if self.shared.is_none() && replaced.contains(&true) {
            return Err(ChangedMeanwhile.into());
        }
        for ((waiting, record), is_replaced) in done.iter().zip(&made).zip(replaced) {
            if is_replaced {
                let error = Error::from(ChangedMeanwhile);
                let about = About::input(&waiting.path, &self.keyring);
                self.app.ui.error(&Diagnosis::of(&error.concerning(about)));
                written.replaced += 1;
                continue;
            }
            written.changed += 1;
            self.tell(&waiting.path, Some((record, &written.pending.envelope)))?;
        }
        Ok(())
    }

    /// Whether another message stands at a path than the one that its record was made for: `reencrypt` may have
    /// replaced it while this run waited for the envelope file.
    fn is_replaced(&self, Waiting { header, path, .. }: &Waiting) -> bool {
        if !path.file_metadata().is_ok_and(|now| now.is_file()) {
            return false;
        }
        let message = MessageSource::open(path).ok();
        let limits = &self.opening.policy.limits;
        let now = message.and_then(|mut it| ParsedHeader::read(&mut it, limits).ok());
        now.is_none_or(|now| now.fields.message_id != header.fields.message_id)
    }

    /// The pending records; with the envelope file as it is `now`, and what others have added since, which would else be
    /// left out of the newest set. Nobody is asked for it: others wait for the file meanwhile.
    fn current_records(pending: &[Waiting], now: Option<&Envelope>) -> Vec<Record> {
        let mut records = Vec::new();
        for Waiting { record, header, known, .. } in pending {
            let now = now.map_or_else(Vec::new, |now| now.of(&header.fields.message_id));
            let added = now.into_iter().filter(|new| !known.contains(&digest(new)));
            records.push(joined(record.clone(), added));
        }
        records
    }
}
