//! A list of names to work on, as `find` or `git ls-files` writes one: `--files-from`.
//!
//! It is read as the run goes on, so that a list of any length takes no memory, and a list from a pipe need not be
//! whole when the first file is worked on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use enwrap::fs::wait::Waiting;

use super::selection::PathsArgs;
use crate::cli::app::App;
use crate::cli::io::source::is_stdin;
use crate::cli::outputs::Role;
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::standard::require_stdin;
use crate::output::{Ui, sanitize};

/// The system takes no longer path (`PATH_MAX` of Linux, with the zero byte).
const MOST_BYTES: u64 = 4095;

/// An open list.
pub(crate) struct NameList {
    ui: Ui,
    /// Its path; `None` for standard input.
    path: Option<PathBuf>,
    /// `None` when all of it was read, or when reading it has failed.
    reader: Option<Box<dyn BufRead + Send>>,
    /// The byte after each name.
    end: u8,
    /// How many names were read, with those that are empty.
    read: u64,
    is_empty: bool,
    /// Whether the name that was read last ends with nothing.
    is_cut: bool,
}

impl NameList {
    /// Opens the list that was asked for, if one was. `operands` are the inputs that the command line names.
    pub(crate) fn open(
        app: &App,
        args: &PathsArgs,
        operands: &[PathBuf],
    ) -> Result<Option<Self>, Error> {
        let Some(path) = &args.files_from else { return Ok(None) };
        let (file, path) = if is_stdin(path) {
            if operands.iter().any(|operand| is_stdin(operand)) {
                let problem = "'-' (standard input) can be read only once";
                return Err(UsageError::new(problem)
                    .hint("it is the list of --files-from, or what is worked on")
                    .into());
            }
            require_stdin().cannot_do("read the list")?;
            let stdin = io::stdin().as_fd().try_clone_to_owned();
            (File::from(stdin.cannot_do("read the list")?), None)
        } else {
            app.outputs.protect(path, Role::Input);
            let file = File::open(path).cannot("open", path)?;
            if file.metadata().cannot("open", path)?.is_dir() {
                let problem = format!("'{}' is a folder, and no list", sanitize::name(path));
                return Err(UsageError::new(problem)
                    .hint("name the folder itself, with -r")
                    .into());
            }
            (file, Some(path.clone()))
        };
        let reader = Box::new(BufReader::new(Waiting(file)));
        Ok(Some(Self::of(app.ui, path, reader, if args.null { 0 } else { b'\n' })))
    }

    fn of(ui: Ui, path: Option<PathBuf>, reader: Box<dyn BufRead + Send>, end: u8) -> Self {
        Self { ui, path, reader: Some(reader), end, read: 0, is_empty: true, is_cut: false }
    }

    /// What the list is called in messages.
    fn shown(&self) -> String {
        let quoted = |path: &PathBuf| format!("'{}'", sanitize::name(path));
        self.path.as_ref().map_or_else(|| "standard input".to_owned(), quoted)
    }

    /// The next name, without the byte that ends it; `None` at the end of the list.
    fn read_name(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let mut name = Vec::new();
        reader.by_ref().take(MOST_BYTES + 2).read_until(self.end, &mut name)?;
        if name.is_empty() {
            return Ok(None);
        }
        self.is_cut = name.last() != Some(&self.end);
        if !self.is_cut {
            name.pop();
        } else if name.len() as u64 > MOST_BYTES {
            // The rest of it, of which nothing is kept.
            reader.skip_until(self.end)?;
        }
        Ok(Some(name))
    }

    /// The name as a path, if it can be one.
    fn path(&self, name: Vec<u8>) -> Result<PathBuf, UsageError> {
        use std::os::unix::ffi::OsStringExt as _;

        let wrong = |what: &str| {
            let unit = if self.end == 0 { "name" } else { "line" };
            UsageError::new(format!("{unit} {} of {} {what}", self.read, self.shown()))
        };
        if name.contains(&0) {
            return Err(wrong("has a zero byte in it")
                .hint("a list whose names end with one, as of 'find -print0', is read with -0"));
        }
        if name.len() as u64 > MOST_BYTES {
            return Err(wrong(&format!("is longer than a name can be ({MOST_BYTES} bytes)"))
                .hint("the list has one name a line, or with -0 a zero byte after each"));
        }
        if name.is_empty() {
            return Err(wrong("is empty").hint("take it out of the list"));
        }
        // Of a program that dies, a part of a name may be left, and that may be the name of another file, or of a folder
        // with all that is in it. The last line of a text may end with nothing.
        if self.is_cut && self.end == 0 {
            return Err(wrong("has no zero byte at its end, and is perhaps cut").hint(
                "look whether what wrote the list has failed; with -0, every name ends with one",
            ));
        }
        // A name stands for a file, also where it looks like standard input.
        let path = PathBuf::from(std::ffi::OsString::from_vec(name));
        Ok(if is_stdin(&path) { Path::new(".").join(path) } else { path })
    }
}

#[cfg(test)]
impl NameList {
    /// A list with one name a line.
    pub(super) fn of_lines(lines: String) -> Self {
        use crate::output::{Format, Verbosity, When};

        let ui = Ui::new(Format::Json, Verbosity::Quiet, When::Never, When::Never);
        Self::of(ui, None, Box::new(io::Cursor::new(lines)), b'\n')
    }
}

impl Iterator for NameList {
    /// A name; an error for one that cannot be one, or where the list cannot be read on.
    type Item = Result<PathBuf, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_name() {
                Ok(Some(name)) => {
                    self.read += 1;
                    // Blank lines stand between paragraphs, and name nothing.
                    if name.is_empty() && self.end != 0 {
                        continue;
                    }
                    self.is_empty = false;
                    return Some(self.path(name).map_err(Error::from));
                }
                Ok(None) => {
                    if self.reader.take().is_some() && self.is_empty {
                        self.ui.warning(&format!("{} names nothing", self.shown()));
                    }
                    return None;
                }
                Err(error) => {
                    self.reader = None;
                    let failed = Err(error);
                    return Some(match &self.path {
                        Some(path) => failed.cannot("read on in", path),
                        None => failed.cannot_do("read on in standard input"),
                    });
                }
            }
        }
    }
}
