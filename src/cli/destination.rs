//! Where a verb writes to: a file that appears whole or not at all, or a stream.

use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;

use enwrap::atomic_file::{AtomicFile, AtomicFileError, Existing, Publication, is_remote};
use enwrap::pipeline::PipelineError;

use super::source::Source;
use crate::output::diagnosis::UsageError;
use crate::output::sanitize;

/// Where one result is to go, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Standard output, because nothing else was said.
    Stdout,
    /// Standard output, asked for with `-o -`, or under one of its names.
    ExplicitStdout,
    File(PathBuf),
}

impl Target {
    pub(crate) fn of(output: &Path) -> Self {
        let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
        if names.iter().any(|name| output.as_os_str() == *name) {
            Self::ExplicitStdout
        } else {
            Self::File(output.to_path_buf())
        }
    }

    pub(crate) fn is_stdout(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Adds to a failed write where it was to go; an error of the message itself stays as it is.
    pub(crate) fn name_in(&self, error: PipelineError) -> anyhow::Error {
        match (error, self) {
            (PipelineError::Write(source), Self::File(path)) => {
                AtomicFileError::Io { action: "write", path: path.clone(), source }.into()
            }
            (PipelineError::Write(source), _) => {
                anyhow::Error::from(source).context("cannot write to standard output")
            }
            (other, _) => other.into(),
        }
    }
}

/// What goes to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Bytes that are no text: a terminal gets them only when asked with `-o -`.
    Binary,
    /// Perhaps text: a terminal gets it while it is.
    Plaintext,
}

/// How a result is published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) force: bool,
    pub(crate) sync: bool,
    pub(crate) mode: u32,
    pub(crate) modified: Option<SystemTime>,
}

/// An open output.
pub(crate) enum Destination {
    /// Standard output, a FIFO or a device: written directly.
    Stream { file: File, is_guarded: bool },
    /// A file that has no name yet.
    File { file: AtomicFile, publication: Publication },
}

impl Destination {
    /// Opens `target`; refuses, before any work is done, what could not be published anyway.
    pub(crate) fn open(
        target: &Target,
        source: Option<&Source>,
        payload: Payload,
        rules: Rules,
    ) -> anyhow::Result<Self> {
        let Target::File(path) = target else {
            return Self::stdout(*target == Target::ExplicitStdout, source, payload);
        };
        if let Ok(metadata) = fs::metadata(path) {
            refuse_input(source, &metadata)?;
            let kind = metadata.file_type();
            if kind.is_dir() {
                let shown = sanitize::name(path);
                return Err(UsageError::new(format!("the output '{shown}' is a folder"))
                    .hint(format!("name a file, or use --output-dir '{shown}'"))
                    .into());
            }
            if kind.is_fifo() || kind.is_char_device() || kind.is_block_device() || is_fd(path) {
                let file = File::options().write(true).open(path);
                let file =
                    file.with_context(|| format!("cannot open '{}'", sanitize::name(path)))?;
                return Ok(Self::Stream { file, is_guarded: false });
            }
        }
        // Also for a link that leads nowhere: only -f may make what it points to.
        if !rules.force && fs::symlink_metadata(path).is_ok() {
            return Err(AtomicFileError::Exists { path: path.clone() }.into());
        }
        let publication = Publication {
            existing: if rules.force { Existing::Replace } else { Existing::Refuse },
            mode: rules.mode,
            modified: rules.modified,
            sync: rules.sync,
        };
        Ok(Self::File { file: AtomicFile::create(path)?, publication })
    }

    fn stdout(
        is_explicit: bool,
        source: Option<&Source>,
        payload: Payload,
    ) -> anyhow::Result<Self> {
        let stdout = io::stdout();
        let is_guarded = stdout.is_terminal() && !is_explicit;
        if is_guarded && payload == Payload::Binary {
            return Err(UsageError::new(
                "the result is not text, and standard output is a terminal",
            )
            .hint("write to a file with -o FILE, or insist with '-o -'")
            .into());
        }
        let file = File::from(stdout.as_fd().try_clone_to_owned().context("no standard output")?);
        if let Ok(metadata) = file.metadata() {
            refuse_input(source, &metadata)?;
        }
        Ok(Self::Stream { file, is_guarded })
    }

    /// Whether a terminal shows what is written.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stream { file, .. } if file.is_terminal())
    }

    /// Ends the output: a file gets its name.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File { file, publication } => Ok(file.publish(publication)?),
            // A redirection to a network file system reports a full disk no earlier.
            Self::Stream { file, .. } if is_file(&file) && is_remote(&file) => {
                file.sync_all().context("cannot sync standard output")
            }
            Self::Stream { .. } => Ok(()),
        }
    }
}

fn is_file(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}

/// `/dev/fd/N` and its like: what is behind them has no folder to make a file in.
fn is_fd(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd") || path == "/dev/stderr"
}

fn refuse_input(source: Option<&Source>, output: &Metadata) -> Result<(), UsageError> {
    match source {
        Some(source) if source.is(output) => {
            Err(UsageError::new("input and output are the same file")
                .hint("choose another output with -o"))
        }
        _ => Ok(()),
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File { file, .. } => file.write(bytes),
            Self::Stream { is_guarded: true, .. } if !is_text(bytes) => Err(io::Error::other(
                "this is not text, and standard output is a terminal; \
                 write to a file with -o FILE, or insist with '-o -'",
            )),
            Self::Stream { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a terminal shows these bytes as they are. A character cut by a frame's end is still text.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\n' | b'\r' | b'\t' | 0x20..=0x7E | 0x80..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_escape_codes() {
        assert!(is_text("Zeile 1\r\n\tZeile 2: ä\n".as_bytes()));
        assert!(!is_text(b"\x1b[2J") && !is_text(b"\0") && !is_text(b"\x7f"));
    }

    #[test]
    fn standard_output_has_several_names() {
        assert_eq!(Target::of(Path::new("-")), Target::ExplicitStdout);
        assert_eq!(Target::of(Path::new("/dev/stdout")), Target::ExplicitStdout);
        assert_eq!(Target::of(Path::new("./-")), Target::File("./-".into()));
    }
}
