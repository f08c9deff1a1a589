//! An editing session: the plaintext in a private folder in memory, and the editor.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use enwrap::fs::file_at::FileAt;
use enwrap::fs::private_folder::PrivateFolder;

use crate::cli::app::App;
use crate::cli::child::editor::{self, Screen};
use crate::cli::environment;
use crate::cli::io::source::Source;
use crate::cli::secrets::prompt;
use crate::cli::trees::job::EXTENSION;
use crate::output::diagnosis::Diagnosis;
use crate::output::error::{Cannot as _, EditorError, Error};
use crate::output::{Format, sanitize};

/// An editor that ends so soon has most likely gone on in the background.
const AT_ONCE: Duration = Duration::from_secs(1);

pub(super) struct Session<'a> {
    app: &'a App,
    folder: PrivateFolder,
    /// The plaintext, which has the name of the encrypted file without its ending: editors choose the syntax by it.
    path: PathBuf,
    file: File,
    /// What the file was before the editor ran, and how long that took.
    before: Option<(Seen, Duration)>,
    encrypted: PathBuf,
}

/// What tells whether an editor has touched a file.
type Seen = (u64, u64, i64, i64);

impl<'a> Session<'a> {
    /// Makes the folder, with an empty file.
    pub(super) fn begin(app: &'a App, encrypted: &FileAt) -> Result<Self, Error> {
        let folder = PrivateFolder::create(&environment::places_in_memory())?;
        let name = plaintext_name(encrypted);
        let path = folder.path().join(&name);
        let file = folder.create_file(&name).cannot("make a file in", folder.path())?;
        Ok(Self { app, folder, path, file, before: None, encrypted: encrypted.to_path_buf() })
    }

    /// The file that the editor will find.
    pub(super) fn plaintext(&mut self) -> &mut File {
        &mut self.file
    }

    /// Runs the editor.
    pub(super) fn edit(&mut self) -> Result<(), Error> {
        let is_json = self.app.ui.format == Format::Json;
        let screen = if is_json { Screen::Stderr } else { Screen::Stdout };
        let before = seen(&self.path).cannot("look at", &self.path)?;
        let begun = Instant::now();
        editor::edit(&self.path, screen)?;
        self.before = Some((before, begun.elapsed()));
        if !fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file()) {
            return Err(EditorError::Removed.into());
        }
        Ok(())
    }

    /// Has `rewrite` take the edited content. Where it fails, what was typed is not lost: at a terminal the user may
    /// try again, and else the folder stays.
    pub(super) fn save<T>(
        self,
        mut rewrite: impl FnMut(&mut (dyn Read + Send)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.warn_of_background();
        loop {
            // By its name: many editors put a new file in the place of the old one.
            let saved = Source::open(FileAt::named(self.path.clone()))
                .map_err(Error::from)
                .and_then(|mut content| rewrite(&mut content));
            let error = match saved {
                Ok(done) => return Ok(done),
                Err(error) if is_refused(&error) => return Err(error),
                Err(error) => error,
            };
            if !self.is_tried_again(&error) {
                self.keep();
                return Err(error);
            }
        }
    }

    /// Asks at the terminal, if there is one.
    fn is_tried_again(&self, error: &Error) -> bool {
        if !io::stdin().is_terminal() {
            return false;
        }
        self.app.ui.error(&Diagnosis::of(error));
        prompt::answer("What was edited is not saved. Try again? [y/N] ")
            .is_ok_and(|answer| answer.eq_ignore_ascii_case("y"))
    }

    /// Leaves the folder, and says where it is.
    fn keep(self) {
        let (ui, encrypted) = (self.app.ui, sanitize::name(&self.encrypted));
        let name = plaintext_name(&FileAt::named(self.encrypted));
        match self.folder.keep() {
            Ok(folder) => {
                let file = sanitize::name(folder.join(name));
                let folder = sanitize::name(&folder);
                ui.alert(&format!(
                    "what was edited is not lost: it is in '{file}', in memory and in the clear, until the \
                     system restarts; save it with 'enwrap edit --stdin {encrypted} < {file}', and remove \
                     '{folder}'"
                ));
            }
            Err(error) => ui.alert(&format!("what was edited is lost: {error}")),
        }
    }

    /// An editor that hands the file to another process and ends leaves nothing to save, and what is typed later is
    /// lost.
    fn warn_of_background(&self) {
        let Some((before, took)) = self.before else { return };
        if took < AT_ONCE && seen(&self.path).is_ok_and(|now| now == before) {
            self.app.ui.alert(
                "the editor ended at once and changed nothing; one that opens a window needs an option to wait, \
                 as in EDITOR='code --wait'",
            );
        }
    }
}

/// Whether an error is about the new content itself, which the user has just left so.
fn is_refused(error: &Error) -> bool {
    matches!(error.cause(), crate::output::error::Cause::Editor(_))
}

fn seen(path: &Path) -> io::Result<Seen> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

fn plaintext_name(encrypted: &FileAt) -> OsString {
    let path = encrypted.as_path();
    let stem = path.file_stem().filter(|_| path.extension().is_some_and(|it| it == EXTENSION));
    match stem.unwrap_or_else(|| encrypted.name()) {
        // No names of a file.
        name if ["", ".", ".."].iter().any(|it| name == *it) => OsString::from("plaintext"),
        name => name.to_owned(),
    }
}
