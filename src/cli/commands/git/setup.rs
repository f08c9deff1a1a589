//! `enwrap git setup`: tells git how to show and how to merge encrypted files.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::fs::atomic_file::{Access, AtomicFile, Existing, Publication};

use super::DRIVER;
use crate::cli::app::App;
use crate::cli::child::git;
use crate::cli::examples::examples;
use crate::cli::process::umask;
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::sanitize;

/// Tell git how to show and merge encrypted files
///
/// Adds each PATTERN to the .gitattributes of this folder, which is to be committed, and the drivers to the
/// configuration of this repository, which every clone needs anew: run it there too, without a PATTERN. It
/// can be repeated. Files are encrypted in the work tree, the index and history alike; there is no filter.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    git init -q repository && cd repository && \\
        enwrap git setup '*.enwrap'
"])]
pub(crate) struct SetupArgs {
    /// Which files are encrypted, as patterns of .gitattributes: '*.enwrap', 'secrets/**'
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
}

const ATTRIBUTES: &str = ".gitattributes";

pub(super) fn run(app: &App, args: &SetupArgs) -> Result<(), Error> {
    app.require_text("git setup")?;
    for pattern in &args.patterns {
        require_pattern(pattern)?;
    }
    if git::output(["rev-parse", "--is-inside-work-tree"])?.trim_ascii() != b"true" {
        return Err(UsageError::new("this folder is in no git work tree")
            .hint("go to one with cd, or make one with git init")
            .into());
    }
    let program = program();
    let settings = [
        (format!("diff.{DRIVER}.textconv"), format!("{program} git textconv --")),
        // A cache would be the plaintext, as a note in the repository.
        (format!("diff.{DRIVER}.cachetextconv"), "false".to_owned()),
        (format!("merge.{DRIVER}.name"), "merge the plaintexts of encrypted files".to_owned()),
        (
            format!("merge.{DRIVER}.driver"),
            format!(
                "{} git merge --marker-size=%L --path=%P -- %O %A %B",
                program.replace('%', "%%")
            ),
        ),
    ];
    for (name, value) in &settings {
        git::output(["config", "--local", "--replace-all", name, value])?;
    }
    app.ui.note("the configuration of this repository shows and merges encrypted files");
    let path = Path::new(ATTRIBUTES);
    let old = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.cannot("read", path)?,
    };
    let new = with_patterns(&old, &args.patterns);
    if new == old {
        return Ok(());
    }
    app.outputs.check(path)?;
    let mut file = AtomicFile::create(path)?;
    file.write_all(&new).cannot("write", path)?;
    let publication = Publication::new(Access::Mode(0o666 & !umask())).existing(Existing::Replace);
    if file.publish(publication)?.dropped_acl {
        app.ui.warn_of_dropped_acl(path);
    }
    app.ui.note(&format!("'{ATTRIBUTES}' was written; commit it: git add {ATTRIBUTES}"));
    Ok(())
}

/// Refuses what git would read as something else than one pattern.
fn require_pattern(pattern: &str) -> Result<(), UsageError> {
    let is_one = !pattern.is_empty()
        && !pattern.starts_with(['!', '['])
        && !pattern.chars().any(char::is_control);
    if is_one {
        Ok(())
    } else {
        Err(UsageError::new(format!("'{}' is no pattern of git's", sanitize::text(pattern)))
            .hint("for example '*.enwrap', or 'secrets/**'"))
    }
}

/// The attributes with the lines of these patterns, each once.
fn with_patterns(old: &[u8], patterns: &[String]) -> Vec<u8> {
    let mut new = old.to_vec();
    for pattern in patterns {
        // Messages are bytes, and armour is not to be rewritten for another system. Records of envelope files are lines
        // that only add, so both sides' lines are kept; no driver of ours reads them.
        for line in [
            format!("{} diff={DRIVER} merge={DRIVER} -text", quoted(pattern)),
            format!("{} !diff merge=union -text", quoted(&format!("{pattern}.envelope"))),
        ] {
            if new.split(|byte| *byte == b'\n').any(|it| it.trim_ascii() == line.as_bytes()) {
                continue;
            }
            if new.last().is_some_and(|byte| *byte != b'\n') {
                new.push(b'\n');
            }
            new.extend_from_slice(line.as_bytes());
            new.push(b'\n');
        }
    }
    new
}

/// A pattern as .gitattributes has it: in quotes where white space would end it.
fn quoted(pattern: &str) -> String {
    if !pattern.contains([' ', '"', '#']) {
        return pattern.to_owned();
    }
    format!("\"{}\"", pattern.replace('\\', "\\\\").replace('"', "\\\""))
}

/// This program, as a word for the shell: by its name where that leads to it, so that the configuration outlives an
/// update to another place; else by its path.
fn program() -> String {
    let Ok(this) = env::current_exe() else { return DRIVER.to_owned() };
    let real = |path: PathBuf| path.canonicalize().ok();
    let found = env::var_os("PATH").and_then(|path| {
        env::split_paths(&path).map(|folder| folder.join(DRIVER)).find(|it| it.is_file())
    });
    if found.and_then(real).is_some_and(|found| real(this.clone()) == Some(found)) {
        return DRIVER.to_owned();
    }
    // Only a path that is text can stand in the configuration; for any other, the name must do.
    this.to_str()
        .map_or_else(|| DRIVER.to_owned(), |path| format!("'{}'", path.replace('\'', "'\\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_once_and_nothing_else_changes() {
        let patterns = ["*.enwrap".to_owned(), "a b/#".to_owned()];
        let new = with_patterns(b"*.txt text", &patterns);
        let text = "*.txt text\n\
            *.enwrap diff=enwrap merge=enwrap -text\n*.enwrap.envelope !diff merge=union -text\n\
            \"a b/#\" diff=enwrap merge=enwrap -text\n\"a b/#.envelope\" !diff merge=union -text\n";
        assert_eq!(String::from_utf8(new.clone()).unwrap(), text);
        assert_eq!(with_patterns(&new, &patterns), new);
        assert_eq!(quoted("a\\b \"c\""), r#""a\\b \"c\"""#);
    }

    #[test]
    fn what_is_more_or_less_than_a_pattern_is_refused() {
        for bad in ["", "!a", "[attr]x", "a\nb diff=other"] {
            assert!(require_pattern(bad).is_err(), "{bad:?}");
        }
        require_pattern("secrets/**").unwrap();
    }
}
