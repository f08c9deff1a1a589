//! `edit`: another content under the same keys, and no plaintext left anywhere.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

use crate::shell::{Run, Shell, sample};

/// A place with an encrypted file, and plaintext in a folder that the test looks at, where memory-backed storage is.
struct Editing {
    shell: Shell,
    private: tempfile::TempDir,
}

impl Editing {
    /// `None` where there is no memory-backed storage.
    fn new(options: &[&'static str]) -> Option<Self> {
        let private = tempfile::TempDir::new_in("/dev/shm").ok()?;
        let mut shell = Shell::new();
        shell.set("XDG_RUNTIME_DIR", private.path().to_str().unwrap());
        shell.write("notes.txt", "first\n");
        shell.ok(&[&["encrypt", "--remove-source", "notes.txt"], options].concat());
        Some(Self { shell, private })
    }

    /// Edits by a shell script, in which `$1` is the file.
    fn by(&self, script: &str, more: &[&str]) -> Run {
        let editor = self.shell.path("editor");
        self.shell.write("editor", format!("#!/bin/sh\n{script}\n"));
        Shell::chmod(&editor, 0o755);
        let args = [&["edit", "notes.txt.enwrap"], more].concat();
        let mut command = self.shell.command(crate::shell::ENWRAP, &args);
        let run = command.env("EDITOR", &editor).output().unwrap().into();
        fs::remove_file(editor).unwrap();
        run
    }

    fn content(&self) -> String {
        self.shell.ok(&["decrypt", "notes.txt.enwrap", "-o", "-"])
    }

    fn left(&self) -> Vec<PathBuf> {
        fs::read_dir(self.private.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

#[test]
fn the_content_changes_and_keys_context_and_form_stay() {
    let options = ["-c", "of=x", "--bind", "for=y", "--armor", "--frame-length", "100"];
    let Some(place) = Editing::new(&options) else { return };
    let shell = &place.shell;
    let header =
        || shell.run(&["--json", "inspect", "notes.txt.enwrap"]).success().json().remove(0);
    let old = header();
    shell.ok(&["key", "rotate", "main"]);
    Shell::chmod(&shell.path("notes.txt.enwrap"), 0o640);
    // It finds a private file with the name of the plaintext, and no other.
    let script = "test \"${1##*/}\" = notes.txt || exit 1; cd \"${1%/*}\" && ls -a > seen && ls -ld . > mode; \
        stat -c %a . notes.txt >&2; sed -i s/first/second/ \"$1\"; cp \"$1\" \"$1~\"; mkdir .swap; touch .swap/x";
    let run = place.by(script, &["--json", "-c", "for=y"]).success();
    assert!(run.stderr.contains("700\n600\n"), "{run:?}");
    let record = &run.json()[0];
    assert_eq!((&record["changed"], &record["old_message_id"]), (&true.into(), &old["message_id"]));
    assert_eq!(shell.ok(&["decrypt", "notes.txt.enwrap", "-o", "-", "-c", "for=y"]), "second");
    let new = header();
    for same in ["suite", "encryption_context", "frame_length", "armored"] {
        assert_eq!(new[same], old[same], "{same}");
    }
    assert_ne!(new["message_id"], old["message_id"]);
    assert_eq!(new["encrypted_data_keys"][0]["version"], 2);
    assert_eq!(shell.mode("notes.txt.enwrap"), 0o640);
    assert!(place.left().is_empty() && shell.names() == ["notes.txt.enwrap"]);
}

#[test]
fn a_signed_message_stays_signed() {
    let Some(place) = Editing::new(&["--algorithm", "0x0578"]) else { return };
    place.by("echo second > \"$1\"", &[]).success();
    let record = place.shell.run(&["--json", "verify", "notes.txt.enwrap"]).success().json();
    assert_eq!((&record[0]["signed"], place.content().as_str()), (&true.into(), "second"));
}

#[test]
fn an_editor_that_changes_nothing_or_fails_leaves_the_file_alone() {
    let Some(place) = Editing::new(&[]) else { return };
    let before = place.shell.snapshot();
    for (script, code, says) in [
        ("cat \"$1\" > /dev/null", 0, "unchanged"),
        ("cp \"$1\" \"$1.new\"; mv \"$1.new\" \"$1\"", 0, "unchanged"),
        ("true > /dev/null &", 0, "unchanged"),
        ("echo x > \"$1\"; exit 3", 15, "exit status 3"),
        ("echo x > \"$1\"; kill -9 $$", 15, "signal 9"),
        (": > \"$1\"", 15, "--allow-empty"),
        ("rm \"$1\"", 15, "left no file"),
        ("rm \"$1\"; mkdir \"$1\"", 15, "left no file"),
        ("rm \"$1\"; ln -s /etc/passwd \"$1\"", 15, "left no file"),
    ] {
        let run = place.by(script, &[]);
        assert_eq!(run.code, Some(code), "{script}: {run:?}");
        assert!(run.stderr.contains(says) && !run.stderr.contains("first"), "{script}: {run:?}");
        assert_eq!(place.shell.snapshot(), before, "{script}");
        assert!(place.left().is_empty(), "{script}");
    }
    let mut command = place.shell.command(crate::shell::ENWRAP, &["edit", "notes.txt.enwrap"]);
    let run: Run = command.env("VISUAL", "/no/such --editor").output().unwrap().into();
    run.failure(15).says(&["/no/such --editor", "VISUAL"]);
    place.by(": > \"$1\"", &["--allow-empty"]).success();
    assert_eq!(place.content(), "");
}

#[test]
fn standard_input_replaces_the_content() {
    let shell = Shell::new();
    let stdin = ["edit", "--stdin", "a.enwrap", "-c", "of=x"];
    shell.pipe(&stdin, b"one").success().says(&[": new, encrypted under"]);
    assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-c", "of=x", "-o", "-"]), "one");
    let long = sample(300_000);
    for content in [&long[..], b"two"] {
        shell.pipe(&stdin, content).success();
        assert!(shell.run(&["decrypt", "a.enwrap", "-o", "-"]).stdout == content);
        let before = shell.snapshot();
        shell.pipe(&stdin, content).success().says(&["unchanged"]);
        shell.pipe(&["edit", "--stdin", "a.enwrap"], b"").failure(15);
        shell.pipe(&["edit", "--stdin", "a.enwrap", "-c", "of=z"], b"x").failure(6);
        assert_eq!(shell.snapshot(), before);
    }
    shell.pipe(&["edit", "--stdin", "--allow-empty", "a.enwrap"], b"").success();
    assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "");
    shell.pipe(&["edit", "--stdin", "new", "-c", "of"], b"x").failure(2);
    shell.pipe(&["edit", "--stdin", "-"], b"x").failure(2);
    shell.pipe(&["edit", "--stdin", "."], b"x").failure(2);
    let keyring = shell.keyring().to_str().unwrap().to_owned();
    shell.pipe(&["edit", "--stdin", &keyring], b"x").failure(2);
    assert_eq!(shell.names(), ["a.enwrap"]);
}

#[test]
fn nothing_is_edited_that_could_not_be_saved() {
    let Some(place) = Editing::new(&[]) else { return };
    let shell = &place.shell;
    shell.ok(&["keygen", "other"]);
    shell.ok(&["keygen", "--keyring", "theirs.json", "theirs"]);
    shell.ok(&["key", "export", "--keyring", "theirs.json", "theirs", "-o", "theirs"]);
    shell.ok(&["key", "import", "theirs", "--file", "theirs"]);
    shell.ok(&["reencrypt", "-k", "main", "-k", "theirs", "notes.txt.enwrap"]);
    fs::remove_file(shell.path("theirs")).unwrap();
    shell.ok(&["key", "delete", "theirs"]);
    shell.let_the_days_pass();
    shell.ok(&["key", "purge", "--yes"]);
    let never = "echo started >&2; echo second > \"$1\"";
    let run = place.by(never, &[]).failure(3);
    assert!(!run.stderr.contains("started"), "{run:?}");
    run.says(&["-k KEY"]);
    place.by("echo second > \"$1\"", &["-k", "other"]).success();
    assert_eq!(place.content(), "second");
    shell.write("notes.txt.enwrap", "no message");
    let run = place.by(never, &[]).failure(11);
    assert!(!run.stderr.contains("started"), "{run:?}");
    assert!(place.left().is_empty());
}

#[test]
fn two_cannot_edit_one_file_and_ctrl_c_is_for_the_editor() {
    let Some(place) = Editing::new(&[]) else { return };
    let shell = &place.shell;
    shell.sh("mkfifo began end").success();
    shell.write(
        "slow",
        "#!/bin/sh\ntrap '' INT\necho second > \"$1\"; echo > began; exec cat end > /dev/null\n",
    );
    Shell::chmod(&shell.path("slow"), 0o755);
    let start = || {
        let mut command = shell.command(crate::shell::ENWRAP, &["edit", "notes.txt.enwrap"]);
        command.env("EDITOR", "./slow");
        let child = command.spawn().unwrap();
        fs::File::open(shell.path("began")).unwrap().read_to_end(&mut Vec::new()).unwrap();
        child
    };
    let first = start();
    // Before another process runs, so that it has arrived long before the editor ends.
    kill_process(Pid::from_child(&first), Signal::INT).unwrap();
    shell.fails(&["edit", "notes.txt.enwrap"], 1).says(&["another 'enwrap edit'"]);
    let mut end = fs::File::options().write(true).open(shell.path("end")).unwrap();
    end.write_all(b"\n").unwrap();
    drop(end);
    Run::from(first.wait_with_output().unwrap()).success();
    assert_eq!(place.content(), "second");
    // SIGTERM ends it, and the plaintext is gone.
    let before = shell.read("notes.txt.enwrap");
    let second = start();
    assert_eq!(place.left().len(), 1);
    assert_eq!(fs::metadata(&place.left()[0]).unwrap().permissions().mode() & 0o777, 0o700);
    kill_process(Pid::from_child(&second), Signal::TERM).unwrap();
    assert_eq!(Run::from(second.wait_with_output().unwrap()).signal, Some(15));
    assert!(place.left().is_empty() && shell.read("notes.txt.enwrap") == before);
    // What a killed one leaves, the next one removes.
    let third = start();
    kill_process(Pid::from_child(&third), Signal::KILL).unwrap();
    drop(third.wait_with_output().unwrap());
    assert_eq!(place.left().len(), 1);
    place.by("cat \"$1\" > /dev/null", &[]).success();
    assert!(place.left().is_empty());
    // Its editor still waits.
    drop(fs::File::options().write(true).open(shell.path("end")));
}

#[test]
fn what_cannot_be_saved_is_kept_in_memory_and_named() {
    let Some(place) = Editing::new(&[]) else { return };
    let shell = &place.shell;
    // Somebody replaces the file meanwhile.
    shell.write("other", "third");
    shell.ok(&["encrypt", "other"]);
    let script = "echo second > \"$1\"; mv other.enwrap notes.txt.enwrap";
    let run = place.by(script, &[]).failure(1).says(&["changed meanwhile", "enwrap edit --stdin"]);
    assert_eq!(place.content(), "third");
    let [kept] = &place.left()[..] else { panic!("{run:?}") };
    assert!(run.stderr.contains(kept.to_str().unwrap()), "{run:?}");
    assert_eq!(fs::read(kept.join("notes.txt")).unwrap(), b"second\n");
    // The text is there for another try, and stays until it is removed.
    place.by("cat \"$1\" > /dev/null", &[]).success();
    let text = fs::read(kept.join("notes.txt")).unwrap();
    shell.pipe(&["edit", "--stdin", "notes.txt.enwrap"], &text).success();
    assert_eq!(place.content(), "second");
}

#[test]
fn the_envelope_file_goes_with_the_old_message() {
    let shell = Shell::new();
    shell.ok(&["keygen", "other"]);
    shell.pipe(&["edit", "--stdin", "a.enwrap"], b"one").success();
    shell.ok(&["rewrap", "--add", "-k", "other", "a.enwrap"]);
    shell.pipe(&["edit", "--stdin", "a.enwrap"], b"two").success().says(&["default", "other"]);
    assert_eq!(shell.names(), ["a.enwrap"]);
    assert_eq!(shell.ok(&["decrypt", "--only-key", "other", "a.enwrap", "-o", "-"]), "two");
}

#[test]
fn a_full_disk_loses_nothing_that_was_typed() {
    let Some(place) = Editing::new(&[]) else { return };
    let shell = &place.shell;
    let before = shell.read("notes.txt.enwrap");
    // A limit of 1024 bytes a file is a disk on which what was typed has room, and the message around it has not.
    let typed = "t".repeat(900);
    shell.write("editor", format!("#!/bin/sh\nprintf %s {typed} > \"$1\"\n"));
    Shell::chmod(&shell.path("editor"), 0o755);
    let line = "ulimit -f 2; EDITOR=./editor enwrap edit notes.txt.enwrap";
    shell.sh(line).failure(1).says(&["what was edited is not lost", "File too large"]);
    assert_eq!(shell.read("notes.txt.enwrap"), before);
    let [kept] = &place.left()[..] else { panic!("{:?}", place.left()) };
    assert_eq!(fs::read_to_string(kept.join("notes.txt")).unwrap(), typed);
    assert_eq!(shell.names(), ["editor", "notes.txt.enwrap"]);
}

#[test]
fn an_editor_that_goes_on_in_the_background_is_told_of() {
    let Some(place) = Editing::new(&[]) else { return };
    let run = place.by("exit 0", &[]).success();
    assert!(run.stderr.contains("EDITOR='code --wait'"), "{run:?}");
    assert_eq!(place.content(), "first");
    assert!(place.left().is_empty());
}
