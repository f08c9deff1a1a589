//! What is said of each file: what was done, or in a dry run what would be.

use std::path::Path;

use enwrap::crypto::engine::IV_LEN;
use enwrap::fs::atomic_file::AtomicFileError;
use enwrap::keys::aws_kms;
use enwrap::keys::service::KeyName;
use enwrap::message::encrypted_data_key::EncryptedDataKey;
use enwrap::message::header::Header;
use enwrap::operations::encrypt::Encrypted;

use super::EncryptRun;
use crate::cli::io::destination::Target;
use crate::cli::key_choice::ChosenKey;
use crate::cli::trees::batch::Outcome;
use crate::cli::trees::job::Job;
use crate::output::error::{AfterDone as _, Error};
use crate::output::records::{self, KeyVersionMember};
use crate::output::sanitize;

impl EncryptRun<'_> {
    /// Says what would be done with a file.
    pub(super) fn foretell(&self, job: &Job) -> Result<Outcome, Error> {
        let Job { input, target, .. } = job;
        let output = target.path();
        let may_replace = self.args.output.force || job.redone().is_some();
        if !may_replace && let Some(path) = output.filter(|path| path.symlink_metadata().is_ok()) {
            return Err(AtomicFileError::Exists { path: path.to_path_buf() }.into());
        }
        let calls = self.keys.iter().filter(|key| self.kms.is_called_for(&key.name())).count();
        self.kms_calls.expect(calls as u64);
        let shown = output.map_or_else(|| "standard output".to_owned(), sanitize::name);
        let text = format!("would encrypt {} -> {shown}\n", sanitize::name(input));
        let record = records::message::WouldEncryptRecord {
            path: input.as_path().into(),
            output: output.map(Into::into),
        };
        self.ui.result(&text, &record)?;
        Ok(Outcome::Done)
    }

    /// The keys of a message, as programs read them. What an alias in AWS KMS stands for, the message says.
    pub(super) fn key_members(&self, header: &Header) -> Vec<KeyVersionMember> {
        let member = |(key, wrapped): (&ChosenKey<'_>, &EncryptedDataKey)| match key {
            ChosenKey::Held(key) => KeyVersionMember::new(key.id(), key.current().number),
            ChosenKey::InKms(name) => {
                let arn = aws_kms::named_by(wrapped);
                let name = arn.map_or_else(|| name.to_string(), |arn| arn.to_string());
                KeyVersionMember::new(KeyName::Foreign(name), 1)
            }
        };
        // Encrypted data keys stand in the order of the keys.
        self.keys.iter().zip(&header.encrypted_data_keys).map(member).collect()
    }

    /// Tells what was done.
    pub(super) fn record(
        &self,
        input: &Path,
        target: &Target,
        encrypted: &Encrypted,
        source_changed: bool,
    ) -> Result<(), Error> {
        let (ui, output) = (self.ui, target.path());
        let tag = (&[0; IV_LEN], &encrypted.tag);
        self.metadata.append("encrypt", input, output, &encrypted.header, tag)?;
        let Some(output) = output else { return Ok(()) };
        ui.detail(&format!("{} -> {}", sanitize::name(input), sanitize::name(output)));
        let record = records::message::EncryptedRecord {
            message_id: encrypted.header.message_id,
            keys: self.key_members(&encrypted.header),
            passphrase: self.args.recipient.sources().is_some(),
            plaintext_bytes: encrypted.plaintext_len,
            message_bytes: encrypted.message_len,
            source_changed,
            unchanged: false,
            path: input.into(),
            output: output.into(),
        };
        ui.result("", &record).after(|| format!("'{}' was written", sanitize::name(output)))
    }
}
