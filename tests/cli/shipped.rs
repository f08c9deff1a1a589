//! What is generated and shipped, and what help says: neither may fall behind the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::shell::Shell;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Compares the folder that is shipped with `made`, the one that this version makes.
fn assert_shipped(folder: &str, made: &Path, command: &str) {
    let shipped = root().join(folder);
    assert_eq!(names(&shipped), names(made), "stale: {command}");
    for name in names(made) {
        let is_current =
            fs::read(shipped.join(&name)).unwrap() == fs::read(made.join(&name)).unwrap();
        assert!(is_current, "{folder}/{name} is stale: {command}");
    }
}

#[test]
fn the_completions_are_those_of_this_version() {
    let shell = Shell::bare();
    let place = ["--output-dir", "usr/share/completions"];
    shell.ok(&["completions", place[0], place[1]]);
    assert_shipped(
        "completions",
        &shell.path(place[1]),
        "enwrap completions --output-dir completions",
    );
    let printed = shell.run(&["completions", "bash"]).success().stdout;
    assert_eq!(printed, shell.read("usr/share/completions/enwrap.bash"));
    shell.ok(&["completions", "fish", "--output-dir", "one"]);
    assert_eq!(names(&shell.path("one")), BTreeSet::from(["enwrap.fish".to_owned()]));
    shell.write("file", "");
    shell
        .fails(&["completions", "--output-dir", "file/in"], 1)
        .says(&["make the folder", "'file/in'"]);
    shell.fails(&["completions"], 2).says(&["SHELL"]);
}

#[test]
fn the_manual_is_that_of_this_version() {
    let shell = Shell::bare();
    shell.ok(&["man", "share/man/man1"]);
    assert_shipped("man", &shell.path("share/man/man1"), "enwrap man man");
    shell.write("file", "");
    shell.fails(&["man", "file"], 1).says(&["make the folder", "'file'"]);
}

/// Every command, as its words.
fn commands(shell: &Shell, words: &[&str]) -> Vec<Vec<String>> {
    let mut all = vec![words.iter().map(|word| (*word).to_owned()).collect()];
    let help = shell.ok(&[words, &["-h"]].concat());
    // The first screen has its commands in groups.
    let heading = if words.is_empty() { "Files\n" } else { "Commands:\n" };
    let Some((_, list)) = help.split_once(heading) else { return all };
    for line in list.lines().take_while(|line| !line.is_empty()) {
        let word = line.split_whitespace().next().unwrap();
        if line.starts_with("  ") && !line.starts_with("   ") && word != "help" {
            all.extend(commands(shell, &[words, &[word]].concat()));
        }
    }
    all
}

#[test]
fn every_example_of_the_help_works() {
    // One place for all, in the order of the help: what is encrypted on one page, the next decrypts.
    let shell = prepared();
    let mut examples = 0;
    let mut commands = commands(&shell, &[]);
    // The last of them, and its last example leaves the keyring sealed.
    commands.sort_by_key(|words| words.first().is_some_and(|verb| verb == "keyring"));
    for words in commands {
        let help = shell.ok(&[&words[..], &["--help".to_owned()]].concat());
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        let Some((_, lines)) = help.split_once("Examples:\n") else { continue };
        let (lines, _) = lines.split_once("\n\n").unwrap_or((lines, ""));
        for line in lines.replace("\\\n", "").lines().map(str::trim) {
            assert!(line.contains("enwrap"), "{line}");
            let run = shell.sh(&format!("set -e; {line}"));
            assert_eq!(run.code, Some(0), "{line}\n{}", run.stderr);
            examples += 1;
        }
    }
    assert!(examples > 50, "{examples} examples");
}

/// What the examples take for granted.
fn prepared() -> Shell {
    let shell = Shell::bare();
    shell.write("notes.txt", "notes");
    shell.write("report.pdf", "report");
    shell.write("secret.txt", "a passphrase");
    shell.write("key.hex", "ab".repeat(32));
    fs::create_dir(shell.path("documents")).unwrap();
    shell.write("documents/a", "a document");
    fs::create_dir(shell.path("encrypted")).unwrap();
    shell.ok(&["-q", "keygen", "zeroth"]);
    shell.write("encrypted/old", "old");
    shell.ok(&["encrypt", "encrypted/old"]);
    for key in ["first", "backup"] {
        shell.ok(&["-q", "keygen", key]);
    }
    shell.ok(&["-q", "keygen", "offsite", "--kind", "p256"]);
    shell
}
