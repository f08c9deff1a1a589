//! Where a verb reads from: a file, or standard input.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal as _, Read, Seek as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileExt, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use enwrap::fs::file_at::FileAt;
use enwrap::fs::magic::is_on;
use enwrap::fs::refused::{Wish, is_refused};
use enwrap::fs::wait::Waiting;
use enwrap::keyring::store::generations::FIRST_BYTES;
use enwrap::operations::encrypt::PlaintextFile;
use enwrap::pipeline::placed_frames::ReadAt;

use super::pipe;
use super::sparse;
use crate::output::error::{
    Cannot as _, ChangedMeanwhile, Error, SourceError, StepError, UsageError,
};
use crate::output::sanitize;
use crate::output::standard::require_stdin;

/// An open input.
pub(crate) struct Source {
    /// `None` for standard input.
    pub(crate) path: Option<FileAt>,
    file: File,
    before: Metadata,
    /// Whether it is a file with holes that we opened ourselves. Looking for holes moves the file's position, so such a
    /// file is read by position only.
    is_sparse: bool,
    /// The position at which reading began. It is not 0 if standard input is a file of which another process has read
    /// a part.
    start: u64,
    /// How many bytes a file must have from there on.
    expected: u64,
    read: u64,
}

/// The inputs of a verb: those that were named, or else standard input.
pub(crate) fn operands(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, UsageError> {
    if inputs.iter().any(|input| input.as_os_str().is_empty()) {
        return Err(UsageError::new("the name of an input is empty")
            .hint("look at the variable that was to name it; standard input is '-'"));
    }
    if inputs.is_empty() {
        if io::stdin().is_terminal() {
            return Err(UsageError::new("no input, and standard input is a terminal")
                .hint("name a FILE, pipe something in, or type into it with '-'"));
        }
        return Ok(vec![PathBuf::from("-")]);
    }
    if inputs.iter().filter(|input| is_stdin(input)).count() > 1 {
        return Err(
            UsageError::new("'-' (standard input) can be read only once").hint("name it once")
        );
    }
    Ok(inputs.to_vec())
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Source {
    pub(crate) fn open(input: impl Into<FileAt>) -> Result<Self, SourceError> {
        let input = input.into();
        let (path, mut file) = if is_stdin(&input) {
            require_stdin().map_err(SourceError::Open)?;
            let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(SourceError::Open)?;
            (None, File::from(stdin))
        } else {
            let file = input.open().map_err(SourceError::Open)?;
            (Some(input), file)
        };
        let before = file.metadata().map_err(SourceError::Open)?;
        if before.is_dir() {
            return Err(SourceError::Folder);
        }
        let has_size = before.is_file() && !has_made_up_size(&file, &before);
        if !before.is_file() {
            pipe::widen(&file);
        }
        // Whoever passed us standard input may have read from it.
        let is_shared = path.is_none() && before.is_file();
        let start = if is_shared { file.stream_position().unwrap_or(0) } else { 0 };
        let expected = if has_size { before.len().saturating_sub(start) } else { 0 };
        let is_sparse = path.is_some() && sparse::has_holes(&before);
        Ok(Self { path, file, before, is_sparse, start, expected, read: 0 })
    }

    /// The permission bits of a file; `None` for a pipe or a device.
    pub(crate) fn mode(&self) -> Option<u32> {
        self.before.is_file().then(|| self.before.mode() & 0o777)
    }

    /// The user and the group of a file; `None` for a pipe or a device.
    pub(crate) fn owner(&self) -> Option<(u32, u32)> {
        self.before.is_file().then(|| (self.before.uid(), self.before.gid()))
    }

    /// The modification time of a file that was named.
    pub(crate) fn modified(&self) -> Option<SystemTime> {
        let is_named_file = self.path.is_some() && self.before.is_file();
        is_named_file.then(|| self.before.modified().ok()).flatten()
    }

    /// Reads the next bytes of a file with holes.
    fn read_sparse(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.expected.saturating_sub(self.read);
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if len > 0 && sparse::is_hole(&self.file, self.read, len as u64) {
            buffer[..len].fill(0);
            return Ok(len);
        }
        FileExt::read_at(&self.file, buffer, self.read)
    }

    /// Goes back to where reading began.
    pub(crate) fn rewind(&mut self) -> io::Result<()> {
        self.file.seek(io::SeekFrom::Start(self.start))?;
        self.read = 0;
        Ok(())
    }

    /// Passes over the next bytes of a file, which must be there.
    pub(crate) fn skip_ahead(&mut self, bytes: u64) -> io::Result<()> {
        match self.read.checked_add(bytes).filter(|at| *at <= self.expected) {
            Some(at) if bytes > 0 => self.skip(at),
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Whether it can be read twice.
    pub(crate) fn is_file(&self) -> bool {
        self.before.is_file()
    }

    /// Fills `buffer` from a place, counted from where reading began, and does not move the position.
    pub(crate) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        if self.is_sparse && sparse::is_hole(&self.file, at, buffer.len() as u64) {
            buffer.fill(0);
            return Ok(());
        }
        FileExt::read_exact_at(&self.file, buffer, self.start.saturating_add(at))
    }

    /// Whether it begins like an encrypted message. Only a file can be looked at before it is read.
    pub(crate) fn looks_encrypted(&self) -> bool {
        let mut start = [0; 4];
        self.is_file()
            && self.read_at(&mut start, 0).is_ok()
            && matches!(
                &start,
                [2, 4 | 5, 0x78, _] | [1, 0x80, ..] | b"AgR4" | b"AgV4" | [b'A', b'Y', b'A', _]
            )
    }

    /// Its size, if it is a file whose size is known and not 0.
    pub(crate) fn size(&self) -> Option<u64> {
        (self.expected > 0).then_some(self.expected)
    }

    /// How many bytes were read in order.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Its name, safe to show.
    pub(crate) fn shown(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard input".to_owned(), sanitize::name)
    }

    /// Whether `other` is this very file.
    pub(crate) fn is(&self, other: &Metadata) -> bool {
        other.is_file() && (other.dev(), other.ino()) == (self.before.dev(), self.before.ino())
    }

    /// Whether it begins like a keyring, or like a generation or a copy of one.
    pub(crate) fn looks_like_keyring(&self) -> bool {
        let mut start = [0; FIRST_BYTES.len()];
        self.is_file() && self.read_at(&mut start, 0).is_ok() && start == FIRST_BYTES
    }

    /// Removes the file that was read. An error, if its name leads to another file now, or if the file changed.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let Some(path) = &self.path else { return Ok(()) };
        // Somewhere in this run, a result was not synced, perhaps the one that is to replace this file.
        if is_refused(Wish::Sync) {
            let source = io::Error::from(io::ErrorKind::Unsupported);
            let action = "sync the result, so the source stays: remove it yourself:";
            return Err(StepError { action, path: Some(path.to_path_buf()), source }.into());
        }
        let now = path.entry_metadata()?;
        if !self.is(&now) || self.is_changed()? {
            return Err(ChangedMeanwhile.into());
        }
        path.remove().cannot("remove", path)
    }

    /// Whether others wrote to the file since it was opened.
    pub(crate) fn is_changed(&self) -> io::Result<bool> {
        if !self.before.is_file() {
            return Ok(false);
        }
        let after = self.file.metadata()?;
        Ok((after.len(), after.mtime(), after.mtime_nsec())
            != (self.before.len(), self.before.mtime(), self.before.mtime_nsec()))
    }
}

/// Whether the size of a file says nothing of its bytes: the kernel makes these up when they are read, and gives a page
/// as the size (sysfs), or 0.
fn has_made_up_size(file: &File, metadata: &Metadata) -> bool {
    // Values of linux/magic.h: sysfs, configfs, debugfs, tracefs, securityfs, cgroup, cgroup2, efivarfs.
    const MADE_UP: [u32; 8] = [
        0x6265_6572,
        0x6265_6570,
        0x6462_6720,
        0x7472_6163,
        0x7363_6673,
        0x0027_E0EB,
        0x6367_7270,
        0xDE5E_81E4,
    ];
    // They have no device of their own, and small sizes, so that other files are spared the call.
    const MOST_BYTES: u64 = 1 << 20;
    metadata.len() <= MOST_BYTES
        && rustix::fs::major(metadata.dev()) == 0
        && is_on(file, &MADE_UP) == Some(true)
}

impl ReadAt for Source {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.read_at(buffer, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                let read =
                    self.file.metadata().map_or(0, |now| now.len().saturating_sub(self.start));
                io::Error::other(SourceError::Shrank { expected: self.expected, read })
            }
            _ => error,
        })
    }
}

impl PlaintextFile for Source {
    fn claimed_len(&self) -> u64 {
        self.expected
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        self.file.seek(io::SeekFrom::Start(self.start.saturating_add(bytes)))?;
        self.read = bytes;
        Ok(())
    }
}

impl Read for Source {
    /// A file that ends before its size is an error, not an end: otherwise the result would lack the rest and look
    /// whole. Files under /proc have size 0, and are read to their end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = if self.is_sparse {
            self.read_sparse(buffer)?
        } else {
            Waiting(&self.file).read(buffer)?
        };
        self.read += read as u64;
        if read == 0 && !buffer.is_empty() && self.read < self.expected {
            let (expected, read) = (self.expected, self.read);
            return Err(io::Error::other(SourceError::Shrank { expected, read }));
        }
        Ok(read)
    }
}
