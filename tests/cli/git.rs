//! `git`: encrypted files in a real repository, by git's own client.

use std::fs;

use crate::shell::{ENWRAP, Run, Shell};

/// A repository in which `*.enwrap` is set up; `None` without git or memory-backed storage.
fn repository() -> Option<Shell> {
    let mut shell = Shell::new();
    shell.command("git", &["--version"]).output().ok()?;
    fs::metadata("/dev/shm").ok()?;
    shell.set_for_git();
    shell.set("GIT_EDITOR", "true");
    git(&shell, "init -q -b main .").success();
    shell.ok(&["git", "setup", "*.enwrap"]);
    Some(shell)
}

fn git(shell: &Shell, line: &str) -> Run {
    shell.sh(&format!("git {line}"))
}

/// Gives a file this content, and commits it.
fn commit(shell: &Shell, name: &str, content: &str) {
    shell.pipe(&["edit", "--stdin", name], content.as_bytes()).success();
    git(shell, "add -A").success();
    git(shell, "commit -q -m change").success();
}

fn content(shell: &Shell, name: &str) -> String {
    shell.ok(&["decrypt", name, "-o", "-"])
}

#[test]
fn setup_can_be_repeated_and_a_clone_takes_it_over() {
    let Some(shell) = repository() else { return };
    let attributes =
        "*.enwrap diff=enwrap merge=enwrap -text\n*.enwrap.envelope !diff merge=union -text\n";
    assert_eq!(shell.read(".gitattributes"), attributes.as_bytes());
    let config = shell.read(".git/config");
    shell.ok(&["git", "setup", "*.enwrap"]);
    assert_eq!(shell.read(".gitattributes"), attributes.as_bytes());
    assert_eq!(shell.read(".git/config"), config);
    // The program is not in PATH here, so its path is in the configuration.
    let text = String::from_utf8(config).unwrap();
    assert!(text.contains(ENWRAP) && text.contains("cachetextconv = false"), "{text}");
    shell.ok(&["git", "setup", "a b/*"]);
    assert!(
        String::from_utf8(shell.read(".gitattributes")).unwrap().contains("\"a b/*\" diff=enwrap")
    );
    shell.fails_harmlessly(&["git", "setup", "!x"], 2);
    shell.fails_harmlessly(&["--json", "git", "setup"], 2);
    let outside = Shell::bare();
    outside.fails_harmlessly(&["git", "setup", "*.enwrap"], 1).says(&["rev-parse"]);
}

#[test]
fn git_shows_what_changed_and_goes_on_without_the_key() {
    let Some(shell) = repository() else { return };
    commit(&shell, "a.enwrap", "one\nsame\n");
    commit(&shell, "a.enwrap", "two\nsame\n");
    for line in ["log -p -- a.enwrap", "show", "diff HEAD~1"] {
        let run = git(&shell, line).success();
        assert!(run.text().contains("-one\n+two\n same"), "{line}: {run:?}");
    }
    // The same plaintext in another message is no difference to see.
    shell.ok(&["reencrypt", "a.enwrap"]);
    assert!(!git(&shell, "diff").success().text().contains("+two"));
    git(&shell, "checkout -q .").success();
    git(&shell, "stash list").success();
    // Another keyring, no keyring, a sealed one, a text in the place of a message, and a damaged one.
    shell.write("a.enwrap", "a plaintext");
    git(&shell, "commit -q -a -m mistake").success();
    let log = git(&shell, "log -p").success().text();
    assert!(log.contains("+enwrap: not shown: ") && !log.contains("a plaintext"), "{log}");
    for keyring in ["missing.json", "other.json"] {
        if keyring == "other.json" {
            shell.ok(&["keygen", "--keyring", keyring, "other"]);
        }
        let run = shell.sh(&format!("ENWRAP_KEYRING={keyring} git log -p")).success();
        let text = run.text();
        assert!(text.contains("+enwrap: not shown: ") && text.contains("message id:"), "{text}");
        assert!(!text.contains("+two") && !text.contains("/tmp/"), "{text}");
    }
}

#[test]
fn changes_of_both_sides_are_merged() {
    let Some(shell) = repository() else { return };
    let lines: Vec<String> = (1..10).map(|number| format!("line {number}\n")).collect();
    let base = lines.concat();
    commit(&shell, "a.enwrap", &base);
    git(&shell, "checkout -q -b side").success();
    commit(&shell, "a.enwrap", &base.replace("line 9", "theirs"));
    git(&shell, "checkout -q main").success();
    commit(&shell, "a.enwrap", &base.replace("line 1", "ours"));
    let before = shell.read("a.enwrap");
    git(&shell, "merge -q side -m merged").success();
    let merged = base.replace("line 1", "ours").replace("line 9", "theirs");
    assert_eq!(content(&shell, "a.enwrap"), merged.trim_end());
    assert_ne!(shell.read("a.enwrap"), before);
    assert_eq!(git(&shell, "status --porcelain").success().text(), "");
    // A rebase, and a stash.
    git(&shell, "checkout -q -b third HEAD~1").success();
    commit(&shell, "a.enwrap", &base.replace("line 1", "ours").replace("line 5", "third"));
    git(&shell, "rebase -q main").success();
    let all = merged.replace("line 5", "third");
    assert_eq!(content(&shell, "a.enwrap"), all.trim_end());
    shell
        .pipe(&["edit", "--stdin", "a.enwrap"], all.replace("line 3", "stashed").as_bytes())
        .success();
    git(&shell, "stash -q").success();
    commit(&shell, "a.enwrap", &all.replace("line 7", "seven"));
    git(&shell, "stash pop -q").success();
    let popped = all.replace("line 3", "stashed").replace("line 7", "seven");
    assert_eq!(content(&shell, "a.enwrap"), popped.trim_end());
}

#[test]
fn a_conflict_has_its_markers_in_the_encrypted_file() {
    let Some(shell) = repository() else { return };
    commit(&shell, "a.enwrap", "base\n");
    git(&shell, "checkout -q -b side").success();
    commit(&shell, "a.enwrap", "theirs\n");
    git(&shell, "checkout -q main").success();
    commit(&shell, "a.enwrap", "ours\n");
    let run = git(&shell, "merge -q side");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("enwrap edit a.enwrap"), "{run:?}");
    let text = content(&shell, "a.enwrap");
    assert_eq!(text, "<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs");
    shell.pipe(&["edit", "--stdin", "a.enwrap"], b"both\n").success();
    git(&shell, "commit -q -a -m merged").success();
    assert_eq!(content(&shell, "a.enwrap"), "both");
    // Both sides add a file: there is no ancestor.
    git(&shell, "checkout -q -b adds HEAD~1").success();
    commit(&shell, "new.enwrap", "theirs\n");
    git(&shell, "checkout -q main").success();
    commit(&shell, "new.enwrap", "ours\n");
    assert_eq!(git(&shell, "merge -q adds").code, Some(1));
    assert!(content(&shell, "new.enwrap").contains("======="));
}

#[test]
fn a_side_that_does_not_open_is_no_merge() {
    let Some(shell) = repository() else { return };
    shell.ok(&["keygen", "other"]);
    for name in ["base", "theirs", "same"] {
        shell.pipe(&["edit", "--stdin", name], b"1\n2\n").success();
    }
    shell.pipe(&["edit", "--stdin", "-k", "other", "ours"], b"0\n1\n2\n").success();
    shell.write("none", "");
    shell.write("text", "no message");
    let mut damaged = shell.read("theirs");
    *damaged.last_mut().unwrap() ^= 1;
    shell.write("damaged", damaged);
    shell.ok(&["keygen", "--keyring", "their.json", "their"]);
    shell.ok(&["--keyring", "their.json", "encrypt", "-k", "their", "text", "-o", "closed"]);
    for sides in [
        ["text", "ours", "theirs"],
        ["base", "text", "theirs"],
        ["base", "ours", "text"],
        ["base", "ours", "damaged"],
        ["base", "ours", "closed"],
        ["base", "closed", "theirs"],
        ["base", "ours", "missing"],
        ["base", "ours", "none"],
    ] {
        let args = [&["git", "merge"], &sides[..]].concat();
        shell.fails_harmlessly(&args, 255);
    }
    // Nothing new on their side: not a byte of ours changes.
    let before = shell.snapshot();
    let run = shell.run(&["git", "merge", "base", "ours", "same"]).success();
    assert_eq!(shell.snapshot(), before);
    run.says(&["keys of our side (other)", "(default)"]);
    // The keys of the result are ours.
    shell.pipe(&["edit", "--stdin", "theirs"], b"1\n2\n3\n").success();
    shell.ok(&["git", "merge", "base", "ours", "theirs"]);
    assert_eq!(shell.ok(&["decrypt", "--only-key", "other", "ours", "-o", "-"]), "0\n1\n2\n3");
    // What is no text is a conflict, and ours stays.
    shell.pipe(&["edit", "--stdin", "theirs"], b"1\0\n").success();
    let before = shell.snapshot();
    let run = shell.run(&["git", "merge", "base", "ours", "theirs"]);
    assert_eq!((run.code, shell.snapshot()), (Some(1), before));
    run.says(&["--theirs"]);
}

#[test]
fn a_plaintext_is_found_before_it_is_committed() {
    let Some(shell) = repository() else { return };
    shell.ok(&["git", "check"]);
    fs::create_dir(shell.path("sub")).unwrap();
    commit(&shell, "a.enwrap", "secret");
    shell.write("plain", "p");
    shell.ok(&["encrypt", "--armor", "plain", "-o", "sub/b c.enwrap"]);
    shell.ok(&["git", "check"]);
    git(&shell, "add -A").success();
    shell.ok(&["git", "check", "--staged"]);
    // Not yet added, then added, then encrypted in the work tree only.
    shell.write("sub/d.enwrap", "the secret itself");
    let found = shell.fails(&["git", "check"], 14);
    assert_eq!(found.text(), "sub/d.enwrap: it is not an encrypted message");
    assert!(!found.stderr.contains("the secret itself"));
    shell.ok(&["git", "check", "--staged"]);
    git(&shell, "add -A").success();
    fs::remove_file(shell.path("sub/d.enwrap")).unwrap();
    shell.pipe(&["edit", "--stdin", "sub/d.enwrap"], b"now encrypted").success();
    shell.ok(&["git", "check"]);
    let records = shell.fails(&["--json", "git", "check", "--staged"], 14).json();
    assert_eq!(records[0]["path"], "sub/d.enwrap");
    git(&shell, "add -A").success();
    shell.ok(&["git", "check", "--staged"]);
    // A message with something behind it, a message that is cut, and an empty file.
    let message = shell.read("a.enwrap");
    for bad in [&[&message[..], b"secret"].concat()[..], &message[..message.len() - 1], b""] {
        shell.write("a.enwrap", bad);
        shell.fails(&["git", "check"], 14);
        git(&shell, "add -A").success();
        shell.fails(&["git", "check", "--staged"], 14);
    }
    // As a hook, from a folder below.
    shell
        .write(".git/hooks/pre-commit", format!("#!/bin/sh\nexec '{ENWRAP}' git check --staged\n"));
    Shell::chmod(&shell.path(".git/hooks/pre-commit"), 0o755);
    let run = shell.sh("cd sub && git commit -q -m bad");
    assert_eq!(run.code, Some(1), "{run:?}");
    shell.write("a.enwrap", &message);
    git(&shell, "add -A").success();
    git(&shell, "commit -q -m good").success();
    Shell::bare().fails(&["git", "check"], 1);
}

#[test]
fn names_that_look_like_options_are_names() {
    let Some(shell) = repository() else { return };
    let write = |content: &str| {
        shell.pipe(&["edit", "--stdin", "--", "-x.enwrap"], content.as_bytes()).success();
        git(&shell, "add -A").success();
        git(&shell, "commit -q -m change").success();
    };
    write("one\nsame\nsame\nsame\nlast\n");
    git(&shell, "checkout -q -b theirs").success();
    write("two\nsame\nsame\nsame\nlast\n");
    git(&shell, "checkout -q main").success();
    write("one\nsame\nsame\nsame\nend\n");
    git(&shell, "merge -q -m merge theirs").success();
    assert_eq!(shell.ok(&["decrypt", "-o", "-", "--", "-x.enwrap"]), "two\nsame\nsame\nsame\nend");
    // Not committed: git gives the driver a name in the work tree.
    shell.pipe(&["edit", "--stdin", "--", "-x.enwrap"], b"three\n").success();
    assert!(git(&shell, "diff").success().text().contains("+three"));
    // What is wrong with the arguments is no conflict either.
    shell.fails(&["git", "merge", "--no-such-option", "a", "b", "c"], 255);
}

#[test]
fn a_check_does_not_depend_on_how_git_was_called() {
    let Some(shell) = repository() else { return };
    commit(&shell, "a.enwrap", "one\n");
    shell.write("b.enwrap", "a secret");
    shell
        .write(".git/hooks/pre-commit", format!("#!/bin/sh\nexec '{ENWRAP}' git check --staged\n"));
    shell.sh("chmod +x .git/hooks/pre-commit; git add b.enwrap").success();
    for options in ["", "--literal-pathspecs", "--noglob-pathspecs", "--icase-pathspecs"] {
        let run = git(&shell, &format!("{options} commit -q -m plaintext"));
        assert_eq!(run.code, Some(1), "{options}: {run:?}");
    }
    git(&shell, "rm -q --cached b.enwrap").success();
    // A folder with nothing that is tracked, and from another folder.
    shell.sh("mkdir -p new/sub; mv b.enwrap new").success();
    let found = "new/b.enwrap: it is not an encrypted message";
    assert_eq!(shell.fails(&["git", "check"], 14).text(), found);
    let line = "cd new/sub; GIT_DIR=../../.git GIT_WORK_TREE=../..";
    assert_eq!(shell.sh(&format!("{line} '{ENWRAP}' git check")).failure(14).text(), found);
}
