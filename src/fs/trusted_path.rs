//! Opens a folder by a path on which no link is another user's.
//!
//! Names in a list were found some time before they are opened. Meanwhile, whoever owns a folder on the way can put a
//! link in its place, and have root read a file of anybody, or remove it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path};

use rustix::io::Errno;

use super::folder::Folder;
use super::trust::is_trusted;

/// Why a folder was not opened.
#[derive(Debug)]
pub enum Unopened {
    /// There is a link of this name on the way, which belongs to neither this user nor root.
    ForeignLink(OsString),
    /// A system call failed.
    Io(io::Error),
}

impl From<io::Error> for Unopened {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Opens a folder. Links are followed, if they belong to this user or to root.
///
/// # Errors
/// If there is another link on the path, or a system call fails.
pub fn open_folder(path: &Path) -> Result<Folder, Unopened> {
    // The limit of Linux.
    const MOST_LINKS: usize = 40;
    let mut links = 0;
    let mut reached = Folder::open(Path::new("."))?;
    let mut rest = reversed(path);
    while let Some(part) = rest.pop() {
        reached = match Path::new(&part).components().next() {
            Some(Component::Normal(name)) => match reached.open_folder(name) {
                Ok(folder) => folder,
                Err(error) => {
                    let Ok((text, owner)) = reached.read_link_and_owner(name) else {
                        return Err(error.into());
                    };
                    if !is_trusted(owner) {
                        return Err(Unopened::ForeignLink(part));
                    }
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(io::Error::from(Errno::LOOP).into());
                    }
                    rest.extend(reversed(Path::new(&text)));
                    continue;
                }
            },
            Some(Component::ParentDir) => reached.open_above()?,
            Some(Component::RootDir) => Folder::open(Path::new("/"))?,
            _ => continue,
        };
    }
    Ok(reached)
}

/// The components of a path, the first one last.
fn reversed(path: &Path) -> Vec<OsString> {
    path.components().rev().map(Component::as_os_str).map(OsStr::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{lchown, symlink};

    use super::*;

    #[test]
    fn a_link_on_the_way_is_followed_if_its_owner_is_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("a/b")).unwrap();
        symlink("../a/./b", path("a/relative")).unwrap();
        symlink(path("a/relative"), path("absolute")).unwrap();
        symlink("loop", path("loop")).unwrap();
        let identity = |folder: Folder| folder.identity().unwrap();
        let expected = identity(Folder::open(&path("a/b")).unwrap());
        for way in ["a/b", "a/relative", "absolute", "a/../absolute/../b/"] {
            assert_eq!(identity(open_folder(&path(way)).unwrap()), expected, "{way}");
        }
        assert_eq!(
            identity(open_folder(Path::new("src/..")).unwrap()),
            identity(Folder::open(Path::new(".")).unwrap())
        );
        for (way, expected) in [("loop", Errno::LOOP), ("a/missing/b", Errno::NOENT)] {
            let Err(Unopened::Io(error)) = open_folder(&path(way)) else { panic!("{way}") };
            assert_eq!(error.raw_os_error(), Some(expected.raw_os_error()), "{way}");
        }
        // As many links as the kernel follows, and no more.
        fs::create_dir(path("chain")).unwrap();
        symlink("../a/b", path("chain/1")).unwrap();
        for number in 2..=41 {
            symlink((number - 1).to_string(), path(&format!("chain/{number}"))).unwrap();
        }
        for number in [39, 40, 41] {
            let way = path(&format!("chain/{number}"));
            let by_kernel = Folder::open(&way).map(identity);
            let opened = open_folder(&way).map(identity);
            assert_eq!(opened.ok(), by_kernel.ok(), "{number} links");
        }
        // Only root can make a link of somebody else.
        if rustix::process::geteuid().is_root() {
            lchown(path("a/relative"), Some(65534), None).unwrap();
            let opened = open_folder(&path("absolute"));
            assert!(matches!(opened, Err(Unopened::ForeignLink(name)) if name == "relative"));
        }
    }
}
