//! The files that operands name, and with `-r` those in the folders that they name.
//!
//! In folders, and in a list of names, links are not followed, so a walk stays in its folder. What is neither file nor
//! folder is counted and left alone: reading a FIFO, for example, could wait for ever. Files come in the order in which
//! the system lists them; to sort them, all names of a folder would have to be in memory.

mod listed;

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Component, Path, PathBuf};

use enwrap::fs::atomic_file::temporary::is_temporary_name;
use enwrap::fs::file_at::FileAt;
use enwrap::fs::folder::{Folder, Kind};
use enwrap::fs::walk::{Found, Unlisted, Visit, Walk};

use listed::ListedIn;

use crate::cli::io::source::is_stdin;
use crate::cli::trees::name_list::NameList;
use crate::cli::trees::selection::{Selection, real as real_path};
use crate::cli::trees::skipped::{Reason, Skipped};
use crate::output::error::{About, Error, NotChecked, StepError, Subject, UsageError};
use crate::output::sanitize;

/// A file to work on, or what a run makes again as it is.
pub(crate) struct Entry {
    pub(crate) path: FileAt,
    /// `File` for every operand that is no folder; a folder or a link only for a run that
    /// [makes them again](Tree::remaking).
    pub(crate) kind: Kind,
    /// Whether it was named itself, and not found in a folder.
    pub(crate) is_named: bool,
    pub(crate) origin: Origin,
}

/// What an entry is, or is below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The operand of this index.
    Operand(usize),
    /// A name in a list.
    List,
}

/// What a run makes again beside the results for files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remade {
    /// Folders in which there is nothing to work on.
    pub(crate) folders: bool,
    pub(crate) links: bool,
}

impl Entry {
    /// Whether it is to be worked on, and not only made again.
    pub(crate) fn is_file(&self) -> bool {
        !matches!(self.kind, Kind::Folder | Kind::Link)
    }
}

impl AsRef<Path> for Entry {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// The walk over all operands of a verb: an iterator over files.
pub(crate) struct Tree<'a> {
    operands: &'a [PathBuf],
    /// How many operands were begun.
    begun: usize,
    /// What is named beside the operands.
    list: Option<NameList>,
    /// The folder of the name that was last in the list.
    listed_in: Option<ListedIn>,
    recursive: bool,
    remade: Remade,
    /// Whether folders on another file system are not entered.
    is_on_one_device: bool,
    /// The folder that the results go to.
    output_dir: Option<&'a Path>,
    /// Which files are taken; all, if `None`.
    selection: Option<&'a Selection>,
    /// Whether what is passed over is an error instead.
    is_complete: bool,
    /// The operand that is walked through now, if it is a folder.
    folder: Option<OperandFolder>,
    pub(crate) skipped: Skipped,
}

/// The walk through a folder that was named.
struct OperandFolder {
    walk: Walk,
    origin: Origin,
    operand: PathBuf,
    /// The operand's path without links.
    real: PathBuf,
    /// The path without links of the folder that the results go to, if a list names the operand.
    filled: Option<PathBuf>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(operands: &'a [PathBuf], recursive: bool) -> Self {
        let skipped = Skipped::default();
        Self {
            operands,
            begun: 0,
            list: None,
            listed_in: None,
            recursive,
            remade: Remade::default(),
            is_on_one_device: false,
            output_dir: None,
            selection: None,
            is_complete: false,
            folder: None,
            skipped,
        }
    }

    /// Takes only the files of a selection.
    pub(crate) fn of(self, selection: &'a Selection) -> Self {
        Self { selection: Some(selection), ..self }
    }

    /// Passes over nothing in silence: a link, a special file or a file that is being written is an error.
    pub(crate) fn complete(self) -> Self {
        Self { is_complete: true, ..self }
    }

    /// Takes what a list names too.
    pub(crate) fn and_listed(self, list: Option<NameList>) -> Self {
        Self { list, ..self }
    }

    /// Has links and folders told that are to be made again.
    pub(crate) fn remaking(self, remade: Remade) -> Self {
        Self { remade, ..self }
    }

    /// With `yes`, does not enter folders on another file system than the one that was named.
    pub(crate) fn on_one_device(self, yes: bool) -> Self {
        Self { is_on_one_device: yes, ..self }
    }

    /// Has the results of this run left out that go to a folder, where a list names a folder that they are in.
    pub(crate) fn filling(self, output_dir: Option<&'a Path>) -> Self {
        Self { output_dir, ..self }
    }

    /// A walk over the same operands, from the beginning; `None` where there is a list, which can be read only once.
    pub(crate) fn again(&self) -> Option<Self> {
        let (selection, is_on_one_device) = (self.selection, self.is_on_one_device);
        let again = Self::new(self.operands, self.recursive);
        self.list.is_none().then_some(Self { selection, is_on_one_device, ..again })
    }

    /// Whether more than the operands may be worked on.
    pub(crate) fn takes_many(&self) -> bool {
        self.recursive || self.list.is_some()
    }
}

impl Iterator for Tree<'_> {
    /// A file; an error where a folder cannot be listed.
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.folder.is_some() {
                match self.next_in_folder() {
                    Some(found) => return Some(found),
                    None => self.folder = None,
                }
            }
            let Some(operand) = self.operands.get(self.begun) else {
                match self.next_listed()? {
                    Ok(None) => continue,
                    found => return found.transpose(),
                }
            };
            let origin = Origin::Operand(self.begun);
            self.begun += 1;
            // A folder that was named is meant, also through a link.
            let is_folder = !is_stdin(operand) && operand.is_dir();
            if self.recursive && is_folder {
                if let Err(error) = self.begin(operand, origin, || Folder::open(operand)) {
                    return Some(Err(error));
                }
            } else {
                let path = FileAt::from(operand);
                return Some(Ok(Entry { path, kind: Kind::File, is_named: true, origin }));
            }
        }
    }
}

impl Tree<'_> {
    /// Begins the walk through a folder that was named, unless it is not to be entered.
    fn begin(
        &mut self,
        operand: &Path,
        origin: Origin,
        open: impl FnOnce() -> io::Result<Folder>,
    ) -> Result<(), Error> {
        let real = fs::canonicalize(operand).unwrap_or_else(|_| operand.to_path_buf());
        if let Some(selection) = self.selection
            && let Some(reason) = selection.refusal(Path::new(""), &real, true)
        {
            self.skipped.add(reason);
            return Ok(());
        }
        let walk = open()
            .and_then(Walk::through)
            .and_then(|walk| if self.is_on_one_device { walk.on_one_device() } else { Ok(walk) });
        let unlisted = |source| unlisted_in(operand, Unlisted { below: PathBuf::new(), source });
        let walk = walk.map_err(unlisted)?;
        let filled = self.output_dir.filter(|_| origin == Origin::List).and_then(|output_dir| {
            let normal = |part: &Component<'_>| matches!(part, Component::Normal(_));
            real_path(&output_dir.join(operand.components().filter(normal).collect::<PathBuf>()))
        });
        let operand = operand.to_path_buf();
        self.folder = Some(OperandFolder { walk, origin, operand, real, filled });
        Ok(())
    }

    /// The next file of the folder that is walked through now; counts what is passed over.
    fn next_in_folder(&mut self) -> Option<Result<Entry, Error>> {
        let OperandFolder { walk, origin, operand, real, filled } = self.folder.as_mut()?;
        let (remade, origin) = (self.remade, *origin);
        let folder = |below: &Path| {
            let path = FileAt::named(operand.join(below));
            Some(Ok(Entry { path, kind: Kind::Folder, is_named: false, origin }))
        };
        loop {
            let entered = match walk.next()? {
                Ok(Visit::Found(found)) => {
                    let is_folder = found.kind == Kind::Folder;
                    let refused = refusal(&found, remade, self.selection, |selection| {
                        let path = real.join(&found.below);
                        let is_filled = is_folder && filled.as_ref() == Some(&path);
                        let in_use = is_filled.then_some(Reason::InUse);
                        in_use.or_else(|| selection.refusal(&found.below, &path, is_folder))
                    });
                    match refused {
                        Some(_) if self.is_complete => {
                            return Some(Err(not_checked(operand, &found)));
                        }
                        Some(reason) => {
                            self.skipped.add(reason);
                            continue;
                        }
                        None if is_folder => walk.enter(found),
                        None => {
                            walk.mark_taken();
                            let kind = found.kind;
                            let path = FileAt::in_folder(found.folder, operand.join(&found.below));
                            return Some(Ok(Entry { path, kind, is_named: false, origin }));
                        }
                    }
                }
                Ok(Visit::Untaken(below)) if remade.folders => return folder(&below),
                Ok(Visit::Untaken(_)) => continue,
                Err(unlisted) => Err(unlisted),
            };
            let Err(unlisted) = entered else { continue };
            let is_elsewhere = unlisted.source.kind() == io::ErrorKind::CrossesDevices;
            if !(is_elsewhere && self.is_on_one_device) {
                return Some(Err(unlisted_in(operand, unlisted)));
            }
            self.skipped.add(Reason::OtherFileSystem);
            if remade.folders {
                walk.mark_taken();
                return folder(&unlisted.below);
            }
        }
    }
}

/// Why a file is passed over or a folder is not entered; a selection is asked by `ask`.
fn refusal(
    found: &Found,
    remade: Remade,
    selection: Option<&Selection>,
    ask: impl FnOnce(&Selection) -> Option<Reason>,
) -> Option<Reason> {
    match (found.kind, selection) {
        (Kind::Special, _) => Some(Reason::Special),
        (Kind::Link, _) if !remade.links => Some(Reason::Special),
        (_, Some(selection)) => ask(selection),
        (Kind::File, None) => is_unfinished(found).then_some(Reason::Unfinished),
        (_, None) => None,
    }
}

fn not_checked(operand: &Path, found: &Found) -> Error {
    let what = match found.kind {
        Kind::Link => "a link, and links are not followed",
        Kind::File => "being written by another process",
        _ => "no plain file",
    };
    let subject = Subject::File(operand.join(&found.below));
    Error::from(NotChecked { what }).concerning(About { subject, ..About::default() })
}

fn unlisted_in(operand: &Path, Unlisted { below, source }: Unlisted) -> Error {
    let is_operand = below.as_os_str().is_empty();
    let path = if is_operand { operand.to_path_buf() } else { operand.join(below) };
    let error = StepError { action: "list it", path: None, source };
    Error::from(error).concerning(About { subject: Subject::File(path), ..About::default() })
}

/// Whether a file is the temporary file of a process that still runs: it has such a name, and is locked. What a dead
/// process left is a file like any other, since a name alone is no reason to pass over a file.
fn is_unfinished(found: &Found) -> bool {
    is_temporary_name(&found.name)
        && found
            .folder
            .open_file(&found.name)
            .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Refuses folders where they were not asked for.
pub(crate) fn require_files(operands: &[PathBuf], recursive: bool) -> Result<(), UsageError> {
    if operands.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(
            UsageError::new("'-' (standard input) can be read only once").hint("name it once")
        );
    }
    match operands.iter().find(|path| !recursive && !is_stdin(path) && path.is_dir()) {
        None => Ok(()),
        Some(folder) => Err(UsageError::new(format!("'{}' is a folder", sanitize::name(folder)))
            .hint("name the files in it, or take all of them with -r")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_tree_has_its_plain_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("a/b")).unwrap();
        let temporary = [".enwrap-0123456789abcdef.tmp", ".enwrap-fedcba9876543210.tmp"];
        for name in ["x", "a/y", "a/b/z", "a/z.envelope"].iter().chain(&temporary) {
            File::options().write(true).create_new(true).open(path(name)).unwrap();
        }
        symlink(path("x"), path("link")).unwrap();
        symlink(path("a"), path("a/loop")).unwrap();
        let operands = [folder.path().to_path_buf()];
        let mut tree = Tree::new(&operands, true);
        let held = File::open(path(".enwrap-0123456789abcdef.tmp")).unwrap();
        held.try_lock().unwrap();
        let mut found: Vec<PathBuf> =
            tree.by_ref().map(|it| it.unwrap().path.to_path_buf()).collect();
        found.sort();
        let names = [".enwrap-fedcba9876543210.tmp", "a/b/z", "a/y", "a/z.envelope", "x"];
        assert_eq!(found, names.map(path));
        assert_eq!(tree.skipped.members(), [("special", 2), ("unfinished", 1)].into());
        let missing = [path("missing")];
        let named: Vec<_> =
            Tree::new(&missing, true).map(|it| it.unwrap().path.to_path_buf()).collect();
        assert_eq!(named, missing, "whoever opens it says what is wrong");
        assert!(require_files(&operands, false).is_err() && require_files(&operands, true).is_ok());
    }

    #[test]
    fn a_listed_file_that_becomes_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("a")).unwrap();
        for name in ["secret", "a/x"] {
            File::options().write(true).create_new(true).open(path(name)).unwrap();
        }
        symlink(path("a"), path("through")).unwrap();
        symlink(path("secret"), path("a/link")).unwrap();
        let names = ["through/x", "a/link", "missing"].map(|it| path(it).display().to_string());
        let list = NameList::of_lines(names.join("\n"));
        let found: Vec<_> = Tree::new(&[], false).and_listed(Some(list)).collect();
        let [Ok(entry), Err(_)] = &found[..] else {
            panic!("a link was told, or an error was not")
        };
        assert!(entry.path.open().is_ok(), "a folder on the way may be a link");
        fs::remove_file(path("a/x")).unwrap();
        symlink(path("secret"), path("a/x")).unwrap();
        assert!(entry.path.open().is_err());
    }
}
