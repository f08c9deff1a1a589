//! An error, made ready to be told: exit code, message, causes and the next step.

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Chain;

use super::error::{About, Error, Found};
use super::exit::Exit;
use super::records::error::{ErrorRecord, Failure};
use super::sanitize;
use super::verdicts::{Classified, Verdict};

/// An error, ready to be told.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
    path: Option<PathBuf>,
}

impl Diagnosis {
    pub(crate) fn of(error: &Error) -> Self {
        Self::new(error.cause().get(), error.about())
    }

    pub(crate) fn of_finding(found: &Found) -> Self {
        Self::new(found, &About::default())
    }

    fn new(error: &dyn Classified, about: &About) -> Self {
        let Verdict { exit, hint } = error.verdict(about);
        let first = error.to_string();
        let mut causes: Vec<String> = Vec::new();
        for cause in chain(error).skip(1).map(ToString::to_string) {
            // Transparent wrappers repeat what they wrap.
            if cause != first && causes.last() != Some(&cause) {
                causes.push(sanitize::text(&cause));
            }
        }
        let mut message = sanitize::text(&first);
        if !error.names_its_subject() {
            message.insert_str(0, &about.subject.to_string());
        }
        let path = about.subject.path().map(Path::to_path_buf);
        Self { exit, message, causes, hint, path }
    }

    pub(crate) fn record(&self) -> ErrorRecord {
        let mut message = self.message.clone();
        for cause in &self.causes {
            message = format!("{message}: {cause}");
        }
        ErrorRecord::new(self.exit, message, self.hint.clone(), self.path.as_deref())
    }

    /// What it is about, in a list of failures.
    pub(crate) fn subject(&self) -> String {
        self.path.as_ref().map_or_else(|| self.message.clone(), sanitize::name)
    }

    /// The member of a summary.
    pub(crate) fn failure(&self) -> Failure {
        Failure::new(self.exit, self.path.as_deref())
    }
}

/// An error and its causes.
fn chain(error: &dyn Classified) -> Chain<'_> {
    let error: &(dyn StdError + 'static) = error;
    Chain::new(error)
}

/// Whether an error means that the reader of stdout has gone.
pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    has_io_error(error, |kind| kind == io::ErrorKind::BrokenPipe)
}

/// Whether an error means that no further output can succeed.
pub(crate) fn is_full_disk(error: &Error) -> bool {
    has_io_error(error, |kind| {
        matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    })
}

fn has_io_error(error: &Error, is_it: impl Fn(io::ErrorKind) -> bool) -> bool {
    chain(error.cause().get())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| is_it(cause.kind()))
}
