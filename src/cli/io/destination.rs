//! Where a verb writes to: a file that appears whole or not at all, or a stream.

use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use enwrap::fs::atomic_file::{
    self, AtomicFile, AtomicFileError, Publication, is_descriptor, is_remote,
};
use enwrap::fs::close::close;
use enwrap::fs::file_at::FileAt;
use enwrap::fs::trust::is_planted;
use enwrap::fs::wait::Waiting;
use enwrap::pipeline::PipelineError;

use super::pipe;
use super::source::Source;
use crate::cli::outputs::{Outputs, Role};
use crate::output::error::{Cannot as _, Error, StepError, UsageError};
use crate::output::sanitize;
use crate::output::standard::require_stdout;
use crate::output::text_guard::TextGuard;

/// Where one result is to go, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Standard output, because nothing else was said.
    Stdout,
    /// Standard output, asked for with `-o -`, or under one of its names.
    ExplicitStdout,
    File(FileAt),
}

impl Target {
    pub(crate) fn of(output: &Path) -> Self {
        let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
        if names.iter().any(|name| output.as_os_str() == *name) {
            Self::ExplicitStdout
        } else {
            Self::File(FileAt::from(output))
        }
    }

    pub(crate) fn is_stdout(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdout | Self::ExplicitStdout => None,
        }
    }

    /// Adds to a failed write where it was to go; an error of the message itself stays as it is.
    pub(crate) fn name_in(&self, error: PipelineError) -> Error {
        match (error, self) {
            (PipelineError::Write(source), Self::File(path)) => {
                AtomicFileError::Io { action: "write", path: path.to_path_buf(), source }.into()
            }
            (PipelineError::Write(source), _)
                if source.get_ref().is_some_and(|inner| inner.is::<NotText>()) =>
            {
                not_text("the plaintext").into()
            }
            (PipelineError::Write(source), _) => {
                StepError { action: "write to standard output", path: None, source }.into()
            }
            (other, _) => other.into(),
        }
    }
}

/// Bytes on their way to a terminal that it would act on.
#[derive(Debug, thiserror::Error)]
#[error("this is not text")]
struct NotText;

fn not_text(what: &str) -> UsageError {
    UsageError::new(format!("{what} is not text, and standard output is a terminal"))
        .hint("write to a file with -o FILE, or insist with '-o -'")
}

/// What goes to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Bytes that are no text: a terminal gets them only when asked with `-o -`.
    Binary,
    /// Perhaps text: a terminal gets it while it is.
    Plaintext,
}

/// An open output.
pub(crate) enum Destination<'a> {
    /// Standard output, a FIFO or a device: written directly.
    Stream { file: File, guard: Option<TextGuard>, sync: bool },
    /// A file that has no name yet.
    File { file: AtomicFile, publication: Publication, outputs: &'a Outputs },
}

impl<'a> Destination<'a> {
    /// Opens `target`; refuses, before any work is done, what could not be published anyway.
    pub(crate) fn open(
        outputs: &'a Outputs,
        target: &Target,
        source: Option<&Source>,
        payload: Payload,
        publication: Publication,
    ) -> Result<Self, Error> {
        let Target::File(path) = target else {
            let is_explicit = *target == Target::ExplicitStdout;
            return Self::stdout(outputs, is_explicit, source, payload, publication.is_synced());
        };
        if path.folder().is_some() {
            return Self::in_folder(outputs, path, source, publication);
        }
        // Whatever stands there, if it may not be looked at, it may not be replaced either.
        let look = |found: io::Result<Metadata>| match found {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).cannot("open", path),
        };
        // Most often there is nothing, and nothing more to ask.
        let is_there = look(fs::symlink_metadata(path))?.is_some();
        outputs.check(path)?;
        if is_there {
            refuse_planted(path)?;
            if let Some(metadata) = look(fs::metadata(path))? {
                refuse_input(source, &metadata)?;
                if let Some(stream) = Self::stream(path, &metadata)? {
                    return Ok(stream);
                }
            }
            // Also for a link that leads nowhere: only -f may make what it points to.
            if !publication.replaces() {
                return Err(AtomicFileError::Exists { path: path.to_path_buf() }.into());
            }
        }
        let file =
            if is_there { AtomicFile::create(path)? } else { AtomicFile::create_in(path.clone())? };
        Ok(Self::File { file, publication, outputs })
    }

    /// Opens a file in an open folder. Nothing but a plain file is replaced there.
    fn in_folder(
        outputs: &'a Outputs,
        file: &FileAt,
        source: Option<&Source>,
        publication: Publication,
    ) -> Result<Self, Error> {
        let found = match file.entry_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            found => Some(found.cannot("open", file)?),
        };
        outputs.check_in_folder(file, found.as_ref())?;
        if let Some(found) = found {
            refuse_input(source, &found)?;
            if !publication.replaces() || !found.is_file() {
                return Err(AtomicFileError::Exists { path: file.to_path_buf() }.into());
            }
        }
        let file = AtomicFile::create_in(file.clone())?;
        Ok(Self::File { file, publication, outputs })
    }

    /// What stands under the name of an output and is no plain file; `None` for a plain file.
    fn stream(path: &Path, metadata: &Metadata) -> Result<Option<Self>, Error> {
        let kind = metadata.file_type();
        let shown = sanitize::name(path);
        if kind.is_dir() {
            return Err(UsageError::new(format!("the output '{shown}' is a folder"))
                .hint(format!("name a file, or use --output-dir '{shown}'"))
                .into());
        }
        if kind.is_file() && is_descriptor(path) {
            // Opened by this name, it would be written from its beginning, over what is there.
            return Err(UsageError::new(format!("'{shown}' is a redirection to a file"))
                .hint("name the file with -o, or redirect standard output")
                .into());
        }
        if kind.is_fifo() || kind.is_char_device() || kind.is_block_device() || is_descriptor(path)
        {
            let file = File::options().write(true).open(path);
            let file = file.cannot("open", path)?;
            pipe::widen(&file);
            return Ok(Some(Self::Stream { file, guard: None, sync: false }));
        }
        Ok(None)
    }

    fn stdout(
        outputs: &'a Outputs,
        is_explicit: bool,
        source: Option<&Source>,
        payload: Payload,
        sync: bool,
    ) -> Result<Self, Error> {
        require_stdout().cannot_do("write the result")?;
        let stdout = io::stdout();
        let is_guarded = stdout.is_terminal() && !is_explicit;
        if is_guarded && payload == Payload::Binary {
            return Err(not_text("the result").into());
        }
        let file =
            File::from(stdout.as_fd().try_clone_to_owned().cannot_do("use standard output")?);
        pipe::widen(&file);
        if let Ok(metadata) = file.metadata() {
            refuse_input(source, &metadata)?;
            outputs.check_stdout(&metadata)?;
        }
        let guard = is_guarded.then(TextGuard::default);
        Ok(Self::Stream { file, guard, sync })
    }

    /// Whether what is written is out at once, and cannot be taken back.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream { .. })
    }

    /// The file behind it, for writing by position; `None` for a stream.
    pub(crate) fn file(&self) -> Option<&File> {
        match self {
            Self::File { file, .. } => Some(file.file()),
            Self::Stream { .. } => None,
        }
    }

    /// Refuses what cannot take the place of an input.
    pub(crate) fn require_file(&self) -> Result<(), UsageError> {
        match self {
            Self::File { .. } => Ok(()),
            Self::Stream { .. } => Err(UsageError::new(
                "--remove-source needs an output that is a file: a stream may be lost",
            )
            .hint("write to a file with -o FILE, or leave out --remove-source")),
        }
    }

    /// Whether a terminal shows what is written.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stream { file, .. } if file.is_terminal())
    }

    /// Ends the output: a file gets its name.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self {
            Self::File { file, publication, outputs } => {
                let target = file.target().to_path_buf();
                // Under -f another result of this run could replace it.
                let written = file.file().metadata().ok().filter(|_| publication.replaces());
                if file.publish(publication)?.dropped_acl {
                    outputs.ui.warn_of_dropped_acl(&target);
                }
                if let Some(written) = written {
                    outputs.protect_open(&written, Role::Written);
                }
                Ok(())
            }
            Self::Stream { file, sync, .. } => {
                // A redirection to a network file system reports a full disk no earlier.
                if is_file(&file) && (sync || is_remote(&file)) {
                    atomic_file::sync(&file).cannot_do("sync standard output")?;
                }
                close(file).cannot_do("close standard output")
            }
        }
    }
}

fn is_file(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}

/// Refuses links and FIFOs that another user made in a folder that others can write to, such as /tmp: they would lead
/// the output to a file or a reader of that user's choice.
fn refuse_planted(path: &Path) -> Result<(), Error> {
    let Ok(entry) = fs::symlink_metadata(path) else { return Ok(()) };
    let leads_elsewhere = entry.is_symlink() || entry.file_type().is_fifo();
    if leads_elsewhere && is_planted(&path.into(), entry.uid()) {
        let shown = sanitize::name(path);
        let kind = if entry.is_symlink() { "link" } else { "FIFO" };
        let problem = format!(
            "'{shown}' is a {kind} that another user left in a folder that others can write to"
        );
        return Err(UsageError::new(problem).hint("choose another output").into());
    }
    Ok(())
}

fn refuse_input(source: Option<&Source>, output: &Metadata) -> Result<(), UsageError> {
    match source {
        Some(source) if source.is(output) => {
            Err(UsageError::new("input and output are the same file")
                .hint("choose another output: -o FILE, or --output-dir DIR"))
        }
        _ => Ok(()),
    }
}

impl Write for Destination<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File { file, .. } => file.write(bytes),
            Self::Stream { file, guard, .. } => {
                if guard.as_mut().is_some_and(|guard| !guard.is_text(bytes)) {
                    return Err(io::Error::other(NotText));
                }
                Waiting(&*file).write(bytes)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_output_has_several_names() {
        assert_eq!(Target::of(Path::new("-")), Target::ExplicitStdout);
        assert_eq!(Target::of(Path::new("/dev/stdout")), Target::ExplicitStdout);
        assert_eq!(Target::of(Path::new("./-")), Target::File(FileAt::from(Path::new("./-"))));
        assert_ne!(Target::of(Path::new("./-")), Target::File(FileAt::from(Path::new("-"))));
    }
}
