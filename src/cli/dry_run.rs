//! `--dry-run`: what a run over messages would do. AWS KMS is not asked; the calls that a run would make are counted.

use std::path::Path;

use enwrap::keys::aws_kms::api::{KmsCause, KmsError};
use enwrap::keys::unopened::ResolveError;
use enwrap::operations::decrypt::OpenError;

use super::trees::batch::Outcome;
use super::trees::skipped::{Reason, Skipped};
use crate::output::{Ui, sanitize};

/// Whether a message was not opened because AWS KMS was not asked.
pub(crate) fn was_not_asked(error: &OpenError) -> bool {
    let OpenError::Locked { error: ResolveError::Service(error), .. } = error else {
        return false;
    };
    let error = error.source.downcast_ref::<KmsError>();
    error.is_some_and(|error| error.cause == KmsCause::NotAsked)
}

/// Passes over a message of which only AWS KMS knows what would be done.
pub(crate) fn pass_over(ui: Ui, path: &Path) -> Outcome {
    ui.detail(&format!("{}: only AWS KMS can tell what would be done", sanitize::name(path)));
    Outcome::Skipped(Reason::NotAsked)
}

/// Says it at the end of a run over named files, which has no counts.
pub(crate) fn tell_passed_over(ui: Ui, skipped: &Skipped) {
    if skipped.count(Reason::NotAsked) > 0 {
        ui.note("only AWS KMS can tell what would be done, and it was not asked");
    }
}
