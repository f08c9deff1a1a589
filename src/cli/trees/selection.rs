//! Which files of a tree a verb works on.

use std::path::{Path, PathBuf};

use clap::Args;
use glob::{MatchOptions, Pattern};

use enwrap::fs::atomic_file::temporary::is_temporary_name;
use enwrap::fs::atomic_file::{folder_of, resolve_symlinks};

use super::skipped::Reason;
use crate::cli::io::source::is_stdin;
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::sanitize;

#[derive(Debug, Args)]
#[command(next_help_heading = "Folders")]
pub(crate) struct SelectionArgs {
    /// Take folders too, with all that is in them; links are not followed
    #[arg(short, long)]
    pub(crate) recursive: bool,

    /// Of folders, take only files that match PATTERN (repeatable): of their name, or, with a '/' in it,
    /// of their path below the folder. '*' stays within a name, '**' does not
    #[arg(long, value_name = "PATTERN", requires = "recursive", hide_short_help = true)]
    include: Vec<String>,

    /// Of folders, leave out files and folders that match PATTERN (repeatable)
    #[arg(long, value_name = "PATTERN", requires = "recursive", hide_short_help = true)]
    exclude: Vec<String>,

    #[command(flatten)]
    pub(crate) paths: PathsArgs,
}

/// What a run over many files takes beside its operands, for every verb that has one.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Folders")]
pub(crate) struct PathsArgs {
    /// Do not enter folders on another file system than the DIR that they are in
    #[arg(long, requires = "recursive", hide_short_help = true)]
    pub(crate) one_file_system: bool,

    /// Take the files, and with -r the folders, whose names are in LIST, one a line; '-' is standard
    /// input
    ///
    /// A name is taken as it stands, relative to the current folder. Links are passed over, as with -r. A name that
    /// leads to nothing is an error of that file alone.
    #[arg(long, value_name = "LIST", value_hint = clap::ValueHint::FilePath, hide_short_help = true)]
    pub(crate) files_from: Option<PathBuf>,

    /// Each name in LIST ends with a zero byte, as 'find -print0' writes it
    #[arg(short = '0', long, requires = "files_from", hide_short_help = true)]
    pub(crate) null: bool,
}

impl SelectionArgs {
    /// Whether more than the operands may be worked on.
    pub(crate) fn takes_many(&self) -> bool {
        self.recursive || self.paths.files_from.is_some()
    }

    /// Whether standard input is worked on: as one of `inputs`, or where nothing else is named.
    pub(crate) fn takes_stdin(&self, inputs: &[PathBuf]) -> bool {
        inputs.is_empty() && self.paths.files_from.is_none()
            || inputs.iter().any(|input| is_stdin(input))
    }
}

/// Which files of a tree are taken. A file that was named as an operand always is.
#[derive(Debug)]
pub(crate) struct Selection {
    include: Option<Patterns>,
    exclude: Patterns,
    /// Files that are not taken, and folders that are not entered, by their paths without links.
    in_use: Vec<PathBuf>,
    /// The keyring's path without links. Its generations and its lock stand beside it, and their names begin with
    /// its name.
    keyring: Option<PathBuf>,
}

impl Selection {
    /// `in_use` may have paths at which nothing exists yet.
    pub(crate) fn new(
        args: &SelectionArgs,
        keyring: &Path,
        in_use: &[PathBuf],
    ) -> Result<Self, UsageError> {
        Ok(Self {
            include: if args.include.is_empty() {
                None
            } else {
                Some(Patterns::new(&args.include)?)
            },
            exclude: Patterns::new(&args.exclude)?,
            in_use: in_use.iter().filter_map(|path| real(path)).collect(),
            keyring: real(keyring),
        })
    }

    /// Why a file is not taken or a folder not entered; `None` if it is. `below` is its path below the operand, and
    /// `path` its path without links.
    pub(crate) fn refusal(&self, below: &Path, path: &Path, is_folder: bool) -> Option<Reason> {
        self.refusal_by_kind(path, is_folder).or_else(|| {
            let is_left_out = !below.as_os_str().is_empty() && self.exclude.match_path(below);
            let is_not_asked_for =
                || self.include.as_ref().is_some_and(|only| !only.match_path(below));
            (is_left_out || !is_folder && is_not_asked_for()).then_some(Reason::Excluded)
        })
    }

    /// As [`refusal`](Self::refusal), without the patterns: for what a list names.
    pub(crate) fn refusal_by_kind(&self, path: &Path, is_folder: bool) -> Option<Reason> {
        let is_own = self.in_use.iter().any(|own| own == path);
        if is_own || !is_folder && self.is_of_keyring(path) {
            return Some(Reason::InUse);
        }
        if is_folder {
            return None;
        }
        let name = path.file_name().unwrap_or_default();
        if is_temporary_name(name) {
            Some(Reason::Unfinished)
        } else {
            Reason::beside_a_message(path)
        }
    }

    /// Whether only files were asked for that match a pattern.
    pub(crate) fn is_for_some_files(&self) -> bool {
        self.include.is_some()
    }

    /// Whether a path is that of the keyring, of one of its generations, or of its lock.
    pub(crate) fn is_of_keyring(&self, path: &Path) -> bool {
        let Some(keyring) = &self.keyring else { return false };
        let names = path.file_name().zip(keyring.file_name());
        let rest = names.and_then(|(name, keyring)| {
            name.as_encoded_bytes().strip_prefix(keyring.as_encoded_bytes())
        });
        let is_own = match rest {
            Some([] | b".lock") => true,
            Some([b'.', number @ ..]) => number.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        is_own && path.parent() == keyring.parent()
    }
}

/// Patterns, any of which may match.
#[derive(Debug)]
struct Patterns(Vec<Pattern>);

impl Patterns {
    fn new(texts: &[String]) -> Result<Self, UsageError> {
        let patterns = texts.iter().map(|text| {
            let trimmed = text.trim_end_matches('/');
            let anchored = match trimmed.strip_prefix('/') {
                Some(path) => path.to_owned(),
                None if trimmed.contains('/') => trimmed.to_owned(),
                None => format!("**/{trimmed}"),
            };
            Pattern::new(&anchored).map_err(|error| {
                let shown = sanitize::text(text);
                UsageError::new(format!("'{shown}' is no pattern: {}", error.msg))
                    .hint("in a pattern, * ? [..] stand for others; [*] is the character itself")
            })
        });
        patterns.collect::<Result<_, _>>().map(Self)
    }

    /// A path that is not UTF-8 is matched with a replacement character for each part that is not.
    fn match_path(&self, path: &Path) -> bool {
        const OPTIONS: MatchOptions = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: false,
        };
        let path = path.to_string_lossy();
        self.0.iter().any(|pattern| pattern.matches_with(&path, OPTIONS))
    }
}

/// The path without links, also where nothing exists yet.
pub(crate) fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = std::fs::canonicalize(path) {
        return Some(real);
    }
    let path = resolve_symlinks(path).ok()?;
    let name = path.file_name()?;
    Some(real_folder(folder_of(&path))?.join(name))
}

fn real_folder(folder: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(folder).ok().or_else(|| real(folder))
}

/// Refuses operands of which one is in another: the files in both would be taken twice.
pub(crate) fn require_apart(operands: &[PathBuf]) -> Result<(), Error> {
    let mut places = Vec::with_capacity(operands.len());
    for operand in operands.iter().filter(|operand| operand.is_dir()) {
        let place = std::fs::canonicalize(operand);
        let place = place.cannot("open", operand)?;
        places.push((place, operand));
    }
    places.sort();
    for pair in places.windows(2) {
        if let [(outer, named), (inner, also)] = pair
            && inner.starts_with(outer)
        {
            let [named, also] = [named, also].map(sanitize::name);
            let problem = format!("'{also}' is in '{named}', and its files would be taken twice");
            return Err(UsageError::new(problem).hint("name only one of them").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(include: &[&str], exclude: &[&str]) -> Selection {
        let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
        let (include, exclude) = (texts(include), texts(exclude));
        let args = SelectionArgs { recursive: true, include, exclude, paths: PathsArgs::default() };
        Selection::new(&args, Path::new("/k/keyring.json"), &[]).unwrap()
    }

    #[test]
    fn patterns_are_of_names_or_of_paths() {
        let refused = |selection: &Selection, below: &str| {
            selection.refusal(Path::new(below), &Path::new("/t").join(below), false)
        };
        let some = selection(&["*.txt", "src/**/*.rs"], &["*.bak.txt", "/top/*"]);
        for taken in ["a.txt", "b/a.txt", "src/a.rs", "src/b/c.rs", "top/b/a.txt"] {
            assert_eq!(refused(&some, taken), None, "{taken}");
        }
        for left in ["a.rs", "b/src/a.rs", "a.bak.txt", "top/a.txt"] {
            assert_eq!(refused(&some, left), Some(Reason::Excluded), "{left}");
        }
        let all = selection(&[], &["cache/"]);
        assert_eq!(refused(&all, "a.envelope"), Some(Reason::Envelope));
        assert_eq!(refused(&all, "a.envelope.lock"), Some(Reason::Lock));
        assert_eq!(refused(&all, ".enwrap-0123456789abcdef.tmp"), Some(Reason::Unfinished));
        let folder =
            |below: &str| all.refusal(Path::new(below), &Path::new("/t").join(below), true);
        assert_eq!((folder("x/cache"), folder("x")), (Some(Reason::Excluded), None));
        assert_eq!(folder(""), None, "the operand itself was named");
        assert!(Patterns::new(&["[".to_owned()]).is_err());
    }

    #[test]
    fn the_keyring_is_known_with_all_that_belongs_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (include, exclude, paths) = (Vec::new(), Vec::new(), PathsArgs::default());
        let args = SelectionArgs { recursive: true, include, exclude, paths };
        let all = Selection::new(&args, &root.join("keyring.json"), &[root.join("out/x")]).unwrap();
        for own in ["keyring.json", "keyring.json.7", "keyring.json.lock"] {
            assert!(all.is_of_keyring(&root.join(own)), "{own}");
        }
        for other in ["keyring.jsonl", "keyring", "x/keyring.json", "keyring.json.enwrap"] {
            assert!(!all.is_of_keyring(&root.join(other)), "{other}");
        }
        assert_eq!(all.refusal(Path::new("out/x"), &root.join("out/x"), true), Some(Reason::InUse));
    }
}
