//! The names of a list: each file, and with `-r` each folder, is opened by a path that no other user can lead elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use enwrap::fs::atomic_file::folder_of;
use enwrap::fs::file_at::FileAt;
use enwrap::fs::folder::{Folder, Kind};
use enwrap::fs::trusted_path::{self, Unopened};
use enwrap::fs::walk::Found;

use super::{Entry, Origin, Tree, refusal};
use crate::cli::trees::selection::Selection;
use crate::output::error::{About, Concerning as _, Error, SourceError, Subject, UsageError};
use crate::output::sanitize;

/// An open folder with a name of a list in it. Such names mostly come folder by folder.
pub(super) struct ListedIn {
    path: PathBuf,
    folder: Arc<Folder>,
    /// Its path without links.
    real: PathBuf,
}

impl Tree<'_> {
    /// Comes to the next name in the list. `None` at its end, and within if there is nothing to work on under that name
    /// itself.
    pub(super) fn next_listed(&mut self) -> Option<Result<Option<Entry>, Error>> {
        Some(match self.list.as_mut()?.next()? {
            Ok(path) => self
                .listed(&path)
                .about(|| About { subject: Subject::File(path.clone()), ..About::default() }),
            Err(error) => Err(error),
        })
    }

    fn listed(&mut self, path: &Path) -> Result<Option<Entry>, Error> {
        let Some(name) = path.file_name() else {
            // `.`, `..` and `/`, or what ends in `..`.
            self.require_recursive(path)?;
            let folder = open_for(path, path)?;
            return self.begin(path, Origin::List, || Ok(folder)).map(|()| None);
        };
        let folder = self.listed_in(path)?;
        let kind = folder.kind_of(name).map_err(SourceError::Open)?;
        if kind == Kind::Folder {
            self.require_recursive(path)?;
            return self.begin(path, Origin::List, || folder.open_folder(name)).map(|()| None);
        }
        let last = self.listed_in.as_ref();
        let real = last.map_or_else(|| path.to_path_buf(), |last| last.real.join(name));
        let (name, below) = (name.to_owned(), path.to_path_buf());
        let found = Found { folder: Arc::clone(&folder), name, below, kind };
        let ask = |selection: &Selection| selection.refusal_by_kind(&real, false);
        if let Some(reason) = refusal(&found, self.remade, self.selection, ask) {
            self.skipped.add(reason);
            return Ok(None);
        }
        let path = FileAt::in_folder(folder, path.to_path_buf());
        Ok(Some(Entry { path, kind, is_named: true, origin: Origin::List }))
    }

    /// Opens the folder that a name of the list is in.
    fn listed_in(&mut self, path: &Path) -> Result<Arc<Folder>, Error> {
        let folder = folder_of(path);
        if let Some(last) = self.listed_in.as_ref().filter(|last| last.path == folder) {
            return Ok(Arc::clone(&last.folder));
        }
        let opened = Arc::new(open_for(path, folder)?);
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
        let (path, folder) = (folder.to_path_buf(), Arc::clone(&opened));
        self.listed_in = Some(ListedIn { path, folder, real });
        Ok(opened)
    }

    fn require_recursive(&self, folder: &Path) -> Result<(), UsageError> {
        if self.recursive {
            return Ok(());
        }
        let problem = format!("'{}' is a folder", sanitize::name(folder));
        Err(UsageError::new(problem)
            .hint("list only files, as 'find -type f' does, or take all that is in it with -r"))
    }
}

/// Opens the folder that a name of a list is or is in.
fn open_for(listed: &Path, folder: &Path) -> Result<Folder, Error> {
    trusted_path::open_folder(folder).map_err(|unopened| match unopened {
        Unopened::Io(error) => SourceError::Open(error).into(),
        Unopened::ForeignLink(link) => {
            let [shown, link] = [listed, Path::new(&link)].map(sanitize::name);
            let problem = format!("'{shown}' leads through '{link}', a link of another user");
            UsageError::new(problem).hint("list it by a path without that link").into()
        }
    })
}
