//! `--dry-run`: what a run over messages would do, without a call to AWS KMS. What only AWS KMS knows is counted apart, and
//! so are the calls that a run would make.

use std::path::Path;

use enwrap::keys::aws_kms::api::{KmsCause, KmsError};
use enwrap::keys::aws_kms::estimate::Estimate;
use enwrap::keys::service::KeyName;
use enwrap::keys::unopened::ResolveError;
use enwrap::operations::decrypt::OpenError;

use super::opening::Opening;
use super::trees::batch::Outcome;
use super::trees::skipped::{Reason, Skipped};
use crate::output::{Ui, sanitize};

/// The calls that would be made, as far as the run has come.
#[derive(Debug, Default)]
pub(crate) struct DryRun {
    estimate: Estimate,
}

impl DryRun {
    /// An opening that asks AWS KMS nothing, and counts here what it would ask.
    pub(crate) fn watch(&self, opening: Opening) -> Opening {
        opening.estimated_by(&self.estimate)
    }

    /// Counts calls that are made for each file only after others were answered.
    pub(crate) fn expect(&self, calls: u64) {
        self.estimate.expect(calls);
    }

    /// Counts the wraps under `keys`.
    pub(crate) fn expect_wraps(&self, opening: &Opening, keys: &[KeyName]) {
        self.expect(opening.calls_to_wrap(keys));
    }

    /// Whether a message was not opened because nobody was asked.
    pub(crate) fn was_not_asked(error: &OpenError) -> bool {
        let OpenError::Locked { error: ResolveError::Service(error), .. } = error else {
            return false;
        };
        let error = error.source.downcast_ref::<KmsError>();
        error.is_some_and(|error| error.cause == KmsCause::NotAsked)
    }

    /// Says that only AWS KMS knows what would be done with a message.
    pub(crate) fn unknown(ui: Ui, path: &Path) -> Outcome {
        ui.detail(&format!("{}: only AWS KMS can tell what would be done", sanitize::name(path)));
        Outcome::Skipped(Reason::NotAsked)
    }

    /// Says at the end what is not known, and how many calls a run would make.
    pub(crate) fn tell(&self, ui: Ui, skipped: &Skipped) {
        match skipped.count(Reason::NotAsked) {
            0 => {}
            unknown => ui.note(&format!("{unknown} more {}", Reason::NotAsked.text())),
        }
        if let Some(calls) = self.calls_expected() {
            let word = if calls == 1 { "call" } else { "calls" };
            ui.note(&format!("up to {calls} {word} to AWS KMS would be made"));
        }
    }

    /// How many calls a run would make at most; `None` where it makes none.
    pub(crate) fn calls_expected(&self) -> Option<u64> {
        Some(self.estimate.calls()).filter(|calls| *calls > 0)
    }
}
