//! Everything that people and programs see: the one place that writes to stdout and stderr.
//!
//! Text and JSON are siblings: a verb hands over what happened, and the format is chosen here.

pub(crate) mod counted;
pub(crate) mod diagnosis;
pub(crate) mod error;
pub(crate) mod exit;
pub(crate) mod progress;
pub(crate) mod records;
pub(crate) mod sanitize;
pub(crate) mod standard;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod text_guard;
mod verdicts;

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::path::Path;

use enwrap::fs::close::close;
use enwrap::fs::refused::{Wish, is_refused};
use serde::Serialize;

use diagnosis::Diagnosis;
use records::{Line, Type};

/// Who reads what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

/// How much is said beside the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// When to do something that is made for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The voice of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    pub(crate) format: Format,
    pub(crate) verbosity: Verbosity,
    pub(crate) progress: When,
    color: bool,
}

impl Ui {
    pub(crate) fn new(format: Format, verbosity: Verbosity, color: When, progress: When) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let color = match color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                io::stderr().is_terminal()
                    && !is_set("NO_COLOR")
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self { format, verbosity, progress, color }
    }

    /// Prints a result: `text` for people, or a record for programs.
    pub(crate) fn result(self, text: &str, record: &impl Serialize) -> io::Result<()> {
        match self.format {
            Format::Text => self.text(text),
            Format::Json => print_record(Type::Result, record),
        }
    }

    /// Prints a result of which programs get records of another kind.
    pub(crate) fn text(self, text: &str) -> io::Result<()> {
        match self.format {
            Format::Text if !text.is_empty() => print(text.as_bytes()),
            Format::Text | Format::Json => Ok(()),
        }
    }

    /// Prints what became of many: for programs only, people saw each.
    pub(crate) fn summary(self, record: &impl Serialize) -> io::Result<()> {
        match self.format {
            Format::Text => Ok(()),
            Format::Json => print_record(Type::Summary, record),
        }
    }

    /// Says why something failed.
    pub(crate) fn error(self, diagnosis: &Diagnosis) {
        // Where standard output takes nothing, somebody may still read standard error.
        if self.format == Format::Json && print_record(Type::Error, &diagnosis.record()).is_ok() {
            return;
        }
        self.say("error", "31", &diagnosis.message);
        for cause in &diagnosis.causes {
            self.say("caused by", "31", cause);
        }
        if let Some(hint) = &diagnosis.hint {
            self.say("hint", "36", hint);
        }
    }

    /// Lists what failed in a long run, and `more` that were too many to be kept; programs have it in the
    /// summary.
    pub(crate) fn failures(self, list: &[Diagnosis], more: usize) {
        if self.format == Format::Json || list.is_empty() {
            return;
        }
        line("failed:");
        for diagnosis in list {
            line(&format!("  {} (exit code {})", diagnosis.subject(), diagnosis.exit.code()));
        }
        if more > 0 {
            line(&format!("  and {more} more"));
        }
    }

    /// Says how many files a run did not begin, if any; programs have it in the summary.
    pub(crate) fn stopped(self, not_tried: usize) {
        if self.format == Format::Text && not_tried > 0 {
            let files = if not_tried == 1 { "file" } else { "files" };
            line(&format!("stopped: {not_tried} {files} not tried"));
        }
    }

    /// Says what may be wrong although the work was done.
    pub(crate) fn warning(self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.say("warning", "33", text);
        }
    }

    /// As [`warning`](Self::warning), also with `-q`: for a result that may not be what was wanted.
    pub(crate) fn alert(self, text: &str) {
        self.say("warning", "33", text);
    }

    /// Says that the file that was replaced at `path` had an access control list.
    pub(crate) fn warn_of_dropped_acl(self, path: &Path) {
        self.warning(&format!(
            "'{}' had an access control list, which was not kept: only its owner has access now",
            sanitize::name(path)
        ));
    }

    /// Says the next step.
    pub(crate) fn hint(self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.say("hint", "36", text);
        }
    }

    /// Says what was done besides the result.
    pub(crate) fn note(self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            line(text);
        }
    }

    pub(crate) fn is_verbose(self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Says what only the curious want to know.
    pub(crate) fn detail(self, text: &str) {
        if self.is_verbose() {
            line(text);
        }
    }

    fn say(self, label: &str, color: &str, text: &str) {
        if self.color {
            line(&format!("\x1b[1;{color}m{label}:\x1b[0m {text}"));
        } else {
            line(&format!("{label}: {text}"));
        }
    }
}

/// One line on stderr. Where stderr is gone, no one is there to be told.
fn line(text: &str) {
    progress::aside(|| drop(standard::write_stderr(format!("{text}\n").as_bytes())));
}

/// Writes `bytes` to stdout, whole.
pub(crate) fn print(bytes: &[u8]) -> io::Result<()> {
    progress::aside(|| standard::write_stdout(bytes)).map_err(not_printed)
}

/// What a failed write to standard output is, with the words that it is one.
pub(crate) fn not_printed(source: io::Error) -> io::Error {
    io::Error::new(source.kind(), format!("cannot write to standard output: {source}"))
}

/// Writes `bytes` to stderr, whole.
pub(crate) fn print_on_stderr(bytes: &[u8]) -> io::Result<()> {
    progress::aside(|| standard::write_stderr(bytes))
}

/// Reports a write error that the file system tells only when standard output is closed.
pub(crate) fn close_stdout() -> io::Result<()> {
    let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    close(stdout).map_err(|source| {
        io::Error::new(source.kind(), format!("cannot close standard output: {source}"))
    })
}

fn print_record(r#type: Type, record: &impl Serialize) -> io::Result<()> {
    let durable = is_refused(Wish::Sync).then_some(false);
    let line = sanitize::json(&Line { r#type, record, durable })?;
    print(format!("{line}\n").as_bytes())
}
