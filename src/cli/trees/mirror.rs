//! Where the results of a run over folders go: beside each input, or below `--output-dir` in folders like those of
//! the inputs.
//!
//! Names in a tree may have been chosen by an attacker. So that no result leaves the output folder, no name of a
//! result is `..`, and no link below the output folder is followed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::process::geteuid;

use enwrap::fs::atomic_file::{AtomicFileError, folder_of};
use enwrap::fs::file_at::FileAt;
use enwrap::fs::folder::Folder;

use super::batch::lock;
use super::output_dir::{OutputDir, no_folder};
use super::results::Results;
use super::tree::{Entry, Origin};
use crate::cli::args::OutputArgs;
use crate::output::error::{Cannot as _, Error, StepError, UsageError};
use crate::output::sanitize;

/// Where the results of a run go.
pub(crate) struct Mirror<'a> {
    operands: &'a [PathBuf],
    output_dir: Option<OutputDir<'a>>,
    results: &'a dyn Results,
    /// Whether a folder that is made is also on the disk before anything is put into it.
    sync: bool,
    /// Whether results are only named, and no folder is made for them.
    is_dry: bool,
    /// Whether a folder that is made gets the owner and the group of the one that it stands for.
    preserves_owner: bool,
    /// The folder that was required last: most files are in the same one as the file before. Locked while folders
    /// are made, so that no thread uses a folder that is not yet synced.
    last: Mutex<Option<(PathBuf, Arc<Folder>)>>,
}

impl<'a> Mirror<'a> {
    pub(crate) fn new(
        operands: &'a [PathBuf],
        output: &'a OutputArgs,
        results: &'a dyn Results,
        is_dry: bool,
    ) -> Result<Self, UsageError> {
        let (output_dir, sync) = (OutputDir::of(output, results), output.is_synced());
        let (preserves_owner, last) = (output.preserve_owner, Mutex::default());
        let mirror = Self { operands, output_dir, results, sync, is_dry, preserves_owner, last };
        if output_dir.is_some() {
            // Each operand has a folder of its own name there, as with `cp -r`. Two of one name would be mixed.
            let mut roots: Vec<PathBuf> =
                operands.iter().filter_map(|operand| mirror.root(operand)).collect();
            roots.sort();
            // So would one below the other: an operand without a name, such as `.`, fills the output folder itself.
            if let Some([root, _]) = roots.windows(2).find(|pair| pair[1].starts_with(&pair[0])) {
                let problem = format!("two inputs would go to '{}'", sanitize::name(root));
                return Err(UsageError::new(problem).hint("run them one by one"));
            }
        }
        let is_own = |operand: &&PathBuf| {
            output_dir.is_some_and(|folder| is_same(folder.path, operand))
                && mirror.root(operand).is_some_and(|root| !is_same(&root, operand))
        };
        if let Some(operand) = operands.iter().find(is_own) {
            let problem = format!("'{}' is input and output folder", sanitize::name(operand));
            return Err(UsageError::new(problem)
                .hint("leave out --output-dir: results are beside the files then"));
        }
        Ok(mirror)
    }

    /// Where in the output folder an operand's results go: under its own name, as with `cp -r`.
    fn root(&self, operand: &Path) -> Option<PathBuf> {
        let folder = self.output_dir?.path;
        match operand.file_name() {
            Some(name) if operand.is_dir() => Some(folder.join(name)),
            Some(name) => Some(folder.join(self.results.name(name)?)),
            // `.`, `..` and `/` have no name of their own.
            None => Some(folder.to_path_buf()),
        }
    }

    /// The folders that this run fills. Their files are not taken for inputs, unless such a folder is an operand
    /// itself.
    pub(crate) fn filled(&self) -> Vec<PathBuf> {
        let roots = self.operands.iter().filter(|operand| operand.is_dir());
        roots
            .filter_map(|operand| self.root(operand))
            .filter(|root| !self.operands.iter().any(|operand| is_same(root, operand)))
            .collect()
    }

    /// The path of a file's result; makes the folders on the way. `None` if the file's name gives no name for a
    /// result.
    pub(crate) fn target(&self, entry: &Entry) -> Result<Option<FileAt>, Error> {
        let Some(name) = entry.path.file_name().and_then(|name| self.results.name(name)) else {
            return Ok(None);
        };
        let Some(output_dir) = self.output_dir else {
            return Ok(Some(entry.path.sibling(&name)));
        };
        self.required(output_dir, entry, folder_of(&entry.path), &name).map(Some)
    }

    /// The path of a link that is made again under its own name; makes the folders on the way. `None` if the run has no
    /// output folder.
    pub(crate) fn link(&self, entry: &Entry) -> Result<Option<FileAt>, Error> {
        let Some(output_dir) = self.output_dir else { return Ok(None) };
        self.required(output_dir, entry, folder_of(&entry.path), entry.path.name()).map(Some)
    }

    /// Makes the folder that stands for one of the inputs.
    pub(crate) fn folder(&self, entry: &Entry) -> Result<(), Error> {
        let Some(output_dir) = self.output_dir else { return Ok(()) };
        self.required(output_dir, entry, &entry.path, OsStr::new("")).map(drop)
    }

    /// The file `name` in the folder that stands for `source`, which an entry is or is in.
    fn required(
        &self,
        output_dir: OutputDir<'_>,
        entry: &Entry,
        source: &Path,
        name: &OsStr,
    ) -> Result<FileAt, Error> {
        let place = self.place(entry, source)?;
        let path = output_dir.path.join(&place.below);
        if self.is_dry {
            return Ok(FileAt::named(path.join(name)));
        }
        let mut last = lock(&self.last);
        let folder = match &*last {
            Some((last, folder)) if *last == path => Arc::clone(folder),
            _ => {
                let folder = Arc::new(self.require_folders(output_dir, &place)?);
                *last = Some((path.clone(), Arc::clone(&folder)));
                folder
            }
        };
        Ok(FileAt::in_folder(folder, path.join(name)))
    }

    /// Where a folder with inputs has its place below the output folder.
    fn place(&self, entry: &Entry, source: &Path) -> Result<InMirror, Error> {
        let Origin::Operand(index) = entry.origin else { return in_mirror_of_listed(source) };
        if entry.is_named {
            return Ok(InMirror { root: PathBuf::new(), is_root: false, below: PathBuf::new() });
        }
        let operand = self.operands.get(index).map_or_else(|| Path::new(""), PathBuf::as_path);
        let in_operand = source.strip_prefix(operand).unwrap_or(source);
        let own_name = operand.file_name();
        let parts = own_name.into_iter().chain(in_operand).filter(|part| *part != ".");
        let (root, is_root) = (operand.to_path_buf(), own_name.is_some());
        Ok(InMirror { root, is_root, below: parts.collect() })
    }

    /// Makes the output folder and the folders below it, each with the permissions of the input folder that it
    /// stands for, and opens the last of them.
    fn require_folders(
        &self,
        output_dir: OutputDir<'_>,
        InMirror { root, is_root, below }: &InMirror,
    ) -> Result<Folder, Error> {
        output_dir.require()?;
        let mut folder = Folder::open(output_dir.path).cannot("open", output_dir.path)?;
        let (mut path, mut source) = (output_dir.path.to_path_buf(), root.clone());
        for (index, name) in below.iter().enumerate() {
            path.push(name);
            if index > 0 || !is_root {
                source.push(name);
            }
            folder = self.require_folder(&folder, name, &path, &source)?;
        }
        Ok(folder)
    }

    /// Opens the folder `name` in the open folder `above`, and makes it if nothing stands there, as `source` is. `path`
    /// is for errors.
    fn require_folder(
        &self,
        above: &Folder,
        name: &OsStr,
        path: &Path,
        source: &Path,
    ) -> Result<Folder, Error> {
        match above.open_folder(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(in_the_way(above, name, path, error)),
            Ok(folder) => {
                // A run that was killed may not have come to give it away. Nothing is in it then: one with something in
                // it was here before, and whose it is was decided by somebody else.
                if self.preserves_owner && folder.is_empty().cannot("list", path)? {
                    give_to_owner_of(source, &folder, path)?;
                }
                return Ok(folder);
            }
        }
        let mode = self.mode(fs::metadata(source).map_or(0o700, |source| source.mode()));
        let is_made = match above.make_folder(name, mode) {
            Ok(()) => true,
            // Another process made it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error).cannot("make", path),
        };
        let folder = above.open_folder(name);
        let folder = folder.map_err(|error| in_the_way(above, name, path, error))?;
        let is_to_be_changed = is_made && (self.preserves_owner || self.results.preserves_mode());
        // In a folder of another user, that user may have put another one under the name, with something in it.
        if is_to_be_changed && folder.is_empty().cannot("list", path)? {
            if self.preserves_owner {
                give_to_owner_of(source, &folder, path)?;
            }
            // The umask has cut it.
            if self.results.preserves_mode() {
                folder.set_mode(mode).cannot("set the mode of", path)?;
            }
        }
        // The owner and the mode are not among what the folder above says of it.
        if is_to_be_changed && self.sync {
            folder.sync().cannot("sync", path)?;
        }
        if is_made && self.sync {
            above.sync().cannot("sync the folder of", path)?;
        }
        Ok(folder)
    }

    /// The mode of a folder that stands for one with `mode`. The owner always has all permissions, or nothing could be
    /// put into the folder. In one with the sticky bit, which is not kept, others can write, and not remove the files
    /// of others: they cannot write in that which is made.
    fn mode(&self, mode: u32) -> u32 {
        let of_others = if mode & 0o1000 == 0 { 0o777 } else { 0o755 };
        mode & self.results.folder_mode() & of_others | 0o700
    }
}

/// The place of a folder in the output folder.
struct InMirror {
    /// The folder of the inputs from which `below` goes on.
    root: PathBuf,
    /// Whether the first part of `below` stands for `root` itself, and not for a folder in it.
    is_root: bool,
    /// The path below the output folder.
    below: PathBuf,
}

/// The place of a folder whose whole name is kept, as that of a name in a list. As with `tar`, a `/` at its beginning is
/// not.
fn in_mirror_of_listed(source: &Path) -> Result<InMirror, Error> {
    let root = if source.has_root() { "/" } else { "" };
    let mut below = PathBuf::new();
    for part in source.components() {
        match part {
            Component::Normal(part) => below.push(part),
            Component::ParentDir => {
                let shown = sanitize::name(source);
                let problem =
                    format!("'{shown}' has '..' in it, and would lead out of the output folder");
                let hint = "list it by a name without '..', relative to another folder";
                return Err(UsageError::new(problem).hint(hint).into());
            }
            _ => {}
        }
    }
    Ok(InMirror { root: root.into(), is_root: false, below })
}

/// Gives a folder of ours to the owner of the one that it stands for.
fn give_to_owner_of(source: &Path, folder: &Folder, path: &Path) -> Result<(), Error> {
    let source = fs::metadata(source).cannot("open", source)?;
    // In a folder of another user, that user may have put another one under its name meanwhile.
    let is_ours = folder.metadata().cannot("open", path)?.uid() == geteuid().as_raw();
    if !is_ours {
        return Ok(());
    }
    let not_given = |source| AtomicFileError::NotGiven { path: path.to_path_buf(), source };
    Ok(folder.give_to((source.uid(), source.gid())).map_err(not_given)?)
}

/// Why the folder `name` in `above` cannot be opened.
fn in_the_way(above: &Folder, name: &OsStr, path: &Path, error: io::Error) -> Error {
    match above.metadata_of(name) {
        Ok(found) if found.is_symlink() => {
            let shown = sanitize::name(path);
            UsageError::new(format!("'{shown}' is a link, and may lead elsewhere"))
                .hint("remove it")
                .into()
        }
        Ok(found) if !found.is_dir() => no_folder(path).into(),
        _ => StepError { action: "open", path: Some(path.to_path_buf()), source: error }.into(),
    }
}

/// Whether two paths lead to the same file or folder.
fn is_same(a: &Path, b: &Path) -> bool {
    fs::canonicalize(a).ok().is_some_and(|a| fs::canonicalize(b).ok() == Some(a))
}
