//! A walk through a folder and all folders below it, each of which is opened relative to the one above.
//!
//! Memory and open descriptors do not grow with the number of files. Only below `MOST_OPEN` levels, where folders are
//! closed before the folders in them are opened, the names of the latter are held.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::{Entries, Folder, Kind};

/// The number of levels that are open at once. Each takes two descriptors.
const MOST_OPEN: usize = 16;

/// A walk.
#[derive(Debug)]
pub struct Walk {
    root: Arc<Folder>,
    /// The path below the root of the folder that is listed now.
    below: PathBuf,
    /// The folders from the root to the one that is listed now.
    levels: Vec<Level>,
    /// The device that a folder must be on to be entered; any, if `None`.
    device: Option<u64>,
}

#[derive(Debug)]
struct Level {
    /// The open folder; `None` when all of it was listed.
    open: Option<(Arc<Folder>, Entries)>,
    /// Folders in it that are to be entered when all of it was listed.
    later: Vec<OsString>,
    /// Whether something in it, or in a folder below it, was taken.
    is_taken: bool,
}

impl Level {
    fn of(folder: Folder) -> io::Result<Self> {
        let entries = folder.entries()?;
        let open = Some((Arc::new(folder), entries));
        Ok(Self { open, later: Vec::new(), is_taken: false })
    }
}

/// What a walk comes to.
#[derive(Debug)]
pub enum Visit {
    /// Something in a folder.
    Found(Found),
    /// The end of a folder of which nothing was [taken](Walk::mark_taken): its path below the root of the walk.
    Untaken(PathBuf),
}

/// What a walk has found.
#[derive(Debug)]
pub struct Found {
    /// The folder that it is in.
    pub folder: Arc<Folder>,
    /// Its name there.
    pub name: OsString,
    /// Its path below the root of the walk.
    pub below: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// A folder that cannot be listed.
#[derive(Debug)]
pub struct Unlisted {
    /// The path below the root of the walk.
    pub below: PathBuf,
    /// The error of the system call.
    pub source: io::Error,
}

impl Walk {
    /// Begins at a folder, also through a link.
    ///
    /// # Errors
    /// If the folder cannot be opened.
    pub fn new(root: &Path) -> io::Result<Self> {
        Self::through(Folder::open(root)?)
    }

    /// Begins at an open folder.
    ///
    /// # Errors
    /// If it cannot be listed.
    pub fn through(root: Folder) -> io::Result<Self> {
        let root = Arc::new(root);
        let entries = root.entries()?;
        let open = Some((Arc::clone(&root), entries));
        let levels = vec![Level { open, later: Vec::new(), is_taken: false }];
        Ok(Self { root, below: PathBuf::new(), levels, device: None })
    }

    /// Enters no folder on another device than the root's.
    ///
    /// # Errors
    /// If the system does not tell the root's.
    pub fn on_one_device(self) -> io::Result<Self> {
        let (device, _) = self.root.identity()?;
        Ok(Self { device: Some(device), ..self })
    }

    /// Notes that something was taken that is in the folder listed now. Its end, and that of each folder above it, is
    /// not told then.
    pub fn mark_taken(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.is_taken = true;
        }
    }

    /// Enters a folder that was just found.
    ///
    /// # Errors
    /// If it cannot be opened, for example because it is a link now; `CrossesDevices` if it is on another device than
    /// it may be.
    pub fn enter(&mut self, found: Found) -> Result<(), Unlisted> {
        let Found { folder, name, below, .. } = found;
        if self.levels.len() < MOST_OPEN {
            return self.push(below, folder.open_folder(&name));
        }
        if let Some(level) = self.levels.last_mut() {
            level.later.push(name);
        }
        Ok(())
    }

    fn push(&mut self, below: PathBuf, opened: io::Result<Folder>) -> Result<(), Unlisted> {
        // Asked of the open folder: by its name, it could be another one by then.
        let opened = opened.and_then(|folder| match self.device {
            Some(device) if folder.identity()?.0 != device => {
                Err(io::ErrorKind::CrossesDevices.into())
            }
            _ => Level::of(folder),
        });
        match opened {
            Ok(level) => {
                self.levels.push(level);
                self.below = below;
                Ok(())
            }
            Err(source) => Err(Unlisted { below, source }),
        }
    }
}

impl Iterator for Walk {
    /// An entry, the end of a folder, or a folder that cannot be listed; the walk goes on with the next one. A folder
    /// is entered only if it is given to [`enter`](Walk::enter).
    type Item = Result<Visit, Unlisted>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let level = self.levels.last_mut()?;
            let Some((folder, entries)) = &mut level.open else {
                match level.later.pop() {
                    Some(name) => {
                        let below = self.below.join(name);
                        let opened = self.root.open_below(&below);
                        if let Err(unlisted) = self.push(below, opened) {
                            return Some(Err(unlisted));
                        }
                    }
                    None => {
                        let is_taken = self.levels.pop().is_some_and(|level| level.is_taken);
                        let left = self.below.clone();
                        self.below.pop();
                        // Whoever makes a folder makes those above it too.
                        self.mark_taken();
                        if !is_taken {
                            return Some(Ok(Visit::Untaken(left)));
                        }
                    }
                }
                continue;
            };
            match entries.next(folder) {
                Some(Ok((name, kind))) => {
                    let (folder, below) = (Arc::clone(folder), self.below.join(&name));
                    return Some(Ok(Visit::Found(Found { folder, name, below, kind })));
                }
                Some(Err(source)) => {
                    level.open = None;
                    level.is_taken = true;
                    return Some(Err(Unlisted { below: self.below.clone(), source }));
                }
                None => level.open = None,
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "folders are exchanged here, and no file is written")]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// The paths of all files and folders below `root`, and of those that cannot be listed.
    fn walked(root: &Path, mut before: impl FnMut(&Found)) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let (mut found, mut unlisted) = (Vec::new(), Vec::new());
        let mut walk = Walk::new(root).unwrap();
        while let Some(next) = walk.next() {
            match next {
                Ok(Visit::Untaken(_)) => {}
                Ok(Visit::Found(entry)) => {
                    found.push(entry.below.clone());
                    before(&entry);
                    if entry.kind == Kind::Folder
                        && let Err(error) = walk.enter(entry)
                    {
                        unlisted.push(error.below);
                    }
                }
                Err(error) => unlisted.push(error.below),
            }
        }
        found.sort();
        (found, unlisted)
    }

    #[test]
    fn a_walk_finds_everything_once_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        fs::create_dir(root.join("d")).unwrap();
        for file in ["x", "a/x", "a/b/c/x"] {
            fs::File::create_new(root.join(file)).unwrap();
        }
        symlink(root, root.join("a/link")).unwrap();
        let expected = ["a", "a/b", "a/b/c", "a/b/c/x", "a/link", "a/x", "d", "x"];
        assert_eq!(walked(root, |_| {}), (expected.map(PathBuf::from).to_vec(), Vec::new()));
    }

    #[test]
    fn a_folder_that_becomes_a_link_is_not_entered() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::File::create_new(outside.path().join("foreign")).unwrap();
        let root = folder.path();
        // One is entered at once, the other when its folder, deeper than the open levels, was listed.
        let deep: PathBuf = (0..MOST_OPEN).map(|_| "d").collect();
        fs::create_dir_all(root.join("a")).unwrap();
        fs::create_dir_all(root.join(&deep).join("a")).unwrap();
        let (found, unlisted) = walked(root, |entry| {
            if entry.name == "a" {
                fs::remove_dir(root.join(&entry.below)).unwrap();
                symlink(outside.path(), root.join(&entry.below)).unwrap();
            }
        });
        assert_eq!(unlisted.len(), 2);
        assert!(!found.iter().any(|path| path.ends_with("foreign")), "{found:?}");
    }

    #[test]
    fn a_folder_above_that_becomes_a_link_leads_nowhere_else() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path();
        let deep: PathBuf = (0..=MOST_OPEN).map(|_| "d").collect();
        fs::create_dir_all(root.join(&deep).join("a")).unwrap();
        fs::create_dir_all(outside.path().join(&deep).join("a/foreign")).unwrap();
        let (found, unlisted) = walked(root, |entry| {
            if entry.name == "a" {
                fs::rename(root.join("d"), root.join("moved")).unwrap();
                symlink(outside.path().join("d"), root.join("d")).unwrap();
            }
        });
        assert_eq!(unlisted, [deep.join("a")]);
        assert!(!found.iter().any(|path| path.ends_with("foreign")), "{found:?}");
    }

    #[test]
    fn the_end_of_a_folder_is_told_if_nothing_in_it_was_taken() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for made in ["a/b/empty", "c/file is taken", "d/file is left", "e/f/g"] {
            fs::create_dir_all(root.join(made).parent().unwrap()).unwrap();
        }
        fs::create_dir(root.join("a/b/empty")).unwrap();
        for file in ["c/taken", "d/left", "e/f/taken"] {
            fs::File::create_new(root.join(file)).unwrap();
        }
        let mut walk = Walk::new(root).unwrap();
        let mut untaken = Vec::new();
        while let Some(visit) = walk.next() {
            match visit.unwrap() {
                Visit::Found(found) if found.kind == Kind::Folder => walk.enter(found).unwrap(),
                Visit::Found(found) if found.name == "taken" => walk.mark_taken(),
                Visit::Found(_) => {}
                Visit::Untaken(below) => untaken.push(below),
            }
        }
        untaken.sort();
        assert_eq!(untaken, ["a/b/empty", "d"].map(PathBuf::from), "made with those above them");
        let empty = tempfile::tempdir().unwrap();
        let visits: Vec<_> = Walk::new(empty.path()).unwrap().map(Result::unwrap).collect();
        assert!(matches!(&visits[..], [Visit::Untaken(root)] if root.as_os_str().is_empty()));
    }

    #[test]
    fn a_folder_on_another_device_is_not_entered() {
        let folder = tempfile::tempdir().unwrap();
        let deep: PathBuf = (0..MOST_OPEN).map(|_| "d").collect();
        fs::create_dir_all(folder.path().join(&deep)).unwrap();
        let mut walk = Walk::new(folder.path()).unwrap().on_one_device().unwrap();
        let mut refused = Vec::new();
        while let Some(visit) = walk.next() {
            match visit {
                Ok(Visit::Found(found)) => {
                    // From here on, everything is elsewhere; the last folder is not opened before its turn.
                    if found.below.components().count() == MOST_OPEN {
                        walk.device = walk.device.map(|device| device + 1);
                    }
                    walk.enter(found).unwrap();
                }
                Ok(Visit::Untaken(_)) => {}
                Err(Unlisted { below, source }) => {
                    assert_eq!(source.kind(), io::ErrorKind::CrossesDevices);
                    refused.push(below);
                }
            }
        }
        assert_eq!(refused, [deep]);
    }

    #[test]
    fn thousands_of_levels_are_walked_with_few_descriptors() {
        const LEVELS: usize = 3000;
        let folder = tempfile::tempdir().unwrap();
        let mut at = Folder::open(folder.path()).unwrap();
        let name = std::ffi::OsStr::new("d");
        for _ in 0..LEVELS {
            at.make_folder(name, 0o700).unwrap();
            at = at.open_folder(name).unwrap();
        }
        let mut walk = Walk::new(folder.path()).unwrap();
        let (mut count, mut most) = (0, 0);
        while let Some(visit) = walk.next() {
            let Visit::Found(found) = visit.unwrap() else { continue };
            count += 1;
            walk.enter(found).unwrap();
            most = most.max(walk.levels.iter().filter(|level| level.open.is_some()).count());
        }
        assert_eq!(count, LEVELS);
        assert!(most <= MOST_OPEN + 1, "{most}");
        // Removed level by level, since whoever recurses here runs out of descriptors.
        let path = |below: &str| folder.path().join(below);
        while fs::rename(path("d/d"), path("next")).is_ok() {
            fs::remove_dir(path("d")).unwrap();
            fs::rename(path("next"), path("d")).unwrap();
        }
    }
}
