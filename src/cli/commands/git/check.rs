//! `enwrap git check`: whether what should be encrypted is, before it is committed.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufReader, Read};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::fs::file_at::FileAt;
use enwrap::message::armor::Unarmored;
use enwrap::message::structure::{InOrder, is_whole_message};

use super::DRIVER;
use crate::cli::app::App;
use crate::cli::child::git::{self, Git};
use crate::cli::examples::examples;
use crate::cli::io::message_file;
use crate::output::counted::counted;
use crate::output::error::{Error, Found};
use crate::output::records::git::GitFindingRecord;
use crate::output::records::summary::GitCheckCounts;
use crate::output::sanitize;
use crate::output::status::Status;

/// Check that the files of a repository that should be encrypted are
///
/// Looks at every path that .gitattributes marks with diff=enwrap, in the whole work tree, and lists those
/// that are not one encrypted message from the first byte to the last: exit code 14. No key is needed. As a
/// pre-commit hook, with --staged, it keeps a plaintext out of history.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    cd repository && enwrap git check --staged
"])]
pub(crate) struct CheckArgs {
    /// Check what would be committed instead of the work tree
    #[arg(long)]
    staged: bool,
}

/// A path that is not encrypted.
const FINDING: &str = "it is not an encrypted message";

pub(super) fn run(app: &App, args: &CheckArgs) -> Result<Status, Error> {
    let repository = Repository::find()?;
    let (mut checked, mut found) = (0, 0);
    let mut look = |path: &Path, is_message: bool| -> Result<(), Error> {
        checked += 1;
        if is_message {
            return Ok(());
        }
        found += 1;
        let record = GitFindingRecord { finding: FINDING.to_owned(), path: path.into() };
        Ok(app.ui.result(&format!("{}: {FINDING}\n", sanitize::name(path)), &record)?)
    };
    if args.staged {
        for Staged { object, path } in staged(&repository)? {
            look(&path, is_message(&repository, &object)?)?;
        }
    } else {
        for path in in_work_tree(&repository)? {
            let file = repository.top.join(&path);
            // A link is committed as a link, and what was deleted is not committed at all.
            if fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
                look(&path, message_file::is_whole_message(&FileAt::named(file)))?;
            }
        }
    }
    if checked == 0 {
        app.ui.warning("no file is marked with diff=enwrap: 'enwrap git setup PATTERN' does that");
    }
    app.ui.note(&format!("{} checked", counted(checked, "file")));
    app.ui.summary(&GitCheckCounts { files: checked, findings: found })?;
    if found == 0 {
        return Ok(Status::Done);
    }
    app.ui.hint(
        "encrypt it and add it again; a secret that was pushed in the clear has to be replaced",
    );
    Ok(Status::Found(Found(format!("{} that should be encrypted", counted(found, "file")))))
}

/// The paths that are marked, of tracked files and of those that could be added.
fn in_work_tree(repository: &Repository) -> Result<BTreeSet<PathBuf>, Error> {
    let marked = marked();
    let tracked = git::output(repository.command(["ls-files", "-z", "--cached", "--", &marked]))?;
    // For a pattern of attributes git does not look into folders of untracked files, so those are listed without one.
    let list = ["ls-files", "-z", "--others", "--exclude-standard"];
    let others = git::output(repository.command(list))?;
    let mut names: BTreeSet<PathBuf> = entries(&tracked).map(path_of).collect();
    let others: Vec<&[u8]> = entries(&others).collect();
    // Few enough for the argument list of any system.
    for some in others.chunks(100) {
        let ask = ["check-attr", "-z", "diff", "--"].into_iter().map(OsStr::new);
        let paths = some.iter().map(|name| OsStr::from_bytes(name));
        let said = git::output(repository.command(ask.chain(paths)))?;
        // Of each path: the path, the attribute, its value.
        let fields: Vec<&[u8]> = said.split(|byte| *byte == 0).collect();
        let values = fields.chunks_exact(3).map(|fields| fields[2] == DRIVER.as_bytes());
        names.extend(some.iter().zip(values).filter(|(_, is)| *is).map(|(name, _)| path_of(name)));
    }
    Ok(names)
}

/// The entries of a list that NUL bytes end.
fn entries(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == 0).filter(|name| !name.is_empty())
}

fn path_of(name: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(name.to_vec()))
}

/// A file in the index.
struct Staged {
    object: String,
    path: PathBuf,
}

/// The marked files of the index; links and submodules have no content of their own.
fn staged(repository: &Repository) -> Result<Vec<Staged>, Error> {
    let marked = marked();
    let lines = git::output(repository.command(["ls-files", "-z", "--stage", "--", &marked]))?;
    Ok(entries(&lines)
        .filter_map(|line| {
            // MODE OBJECT STAGE, a tab, and the path.
            let tab = line.iter().position(|byte| *byte == b'\t')?;
            let mut fields = str::from_utf8(&line[..tab]).ok()?.split(' ');
            let (mode, object) = (fields.next()?, fields.next()?.to_owned());
            let path = path_of(&line[tab + 1..]);
            mode.starts_with("100").then_some(Staged { object, path })
        })
        .collect())
}

/// The pathspec of what .gitattributes marks.
fn marked() -> String {
    format!(":(attr:diff={DRIVER})")
}

/// The repository that git finds from here, by paths that mean the same in every folder: `GIT_DIR` and `GIT_WORK_TREE` may
/// be relative to this one.
struct Repository {
    top: PathBuf,
    git: OsString,
}

impl Repository {
    fn find() -> Result<Self, Error> {
        let line = |option: &str| -> Result<OsString, Error> {
            let said = git::output(["rev-parse", option])?;
            Ok(OsStr::from_bytes(said.strip_suffix(b"\n").unwrap_or(&said)).to_owned())
        };
        Ok(Self { top: line("--show-toplevel")?.into(), git: line("--absolute-git-dir")? })
    }

    /// git's arguments for a command about all of the work tree.
    fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Vec<OsString> {
        let (top, git) = (self.top.as_os_str(), &self.git);
        let begin =
            [OsStr::new("-C"), top, OsStr::new("--work-tree"), top, OsStr::new("--git-dir"), git];
        let arguments = arguments.into_iter().map(|it| it.as_ref().to_owned());
        begin.into_iter().map(OsStr::to_owned).chain(arguments).collect()
    }
}

/// Whether an object of the repository is a message.
fn is_message(repository: &Repository, object: &str) -> Result<bool, Error> {
    let mut git = Git::start(repository.command(["cat-file", "blob", object]))?;
    let is_message = Unarmored::detect(BufReader::new(git.by_ref())).is_ok_and(|message| {
        let mut message = InOrder(message);
        is_whole_message(&mut message) && message.0.is_alone()
    });
    Ok(is_message)
}
