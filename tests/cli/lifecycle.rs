//! The end of root keys, and their way to other machines.

use std::fs;

use crate::shell::Shell;

#[test]
fn a_deleted_key_does_nothing_and_comes_back_until_it_is_purged() {
    let shell = Shell::new();
    shell.ok(&["keygen", "b"]);
    shell.write("a", "text");
    shell.ok(&["encrypt", "-k", "b", "a"]);
    shell.run(&["key", "delete", "b"]).success().says(&["can do nothing", "key undelete b"]);
    let show = shell.run(&["--json", "key", "show", "b"]).json().remove(0);
    let date = show["versions"][0]["deletion_date"].as_str().unwrap().to_owned();
    for args in [&["decrypt", "a.enwrap", "-o", "x"][..], &["encrypt", "a", "-f", "-k", "b"]] {
        let run = shell.fails_harmlessly(args, 7);
        run.says(&["pending-deletion", &date, "enwrap key undelete"]);
    }
    shell.fails(&["key", "delete", "b"], 7).says(&[&date]);
    shell.fails(&["key", "enable", "b", "--version", "1"], 7);
    shell.fails(&["key", "delete", "main", "--pending-days", "6"], 2);
    // Not yet.
    let run = shell.run(&["key", "purge", "b", "--yes"]).success();
    assert_eq!(run.text(), "");
    run.says(&["nothing to destroy"]);
    shell.run(&["key", "undelete", "b"]).success().says(&["only disabled", "key enable b"]);
    shell.fails(&["key", "undelete", "b"], 2).says(&["not pending"]);
    shell.ok(&["key", "enable", "b"]);
    assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");

    shell.ok(&["-q", "key", "delete", "b", "--pending-days", "7"]);
    shell.let_the_days_pass();
    let id = show["key_id"].as_str().unwrap();
    let before = fs::read(shell.keyring()).unwrap();
    assert_eq!(shell.ok(&["key", "purge", "--dry-run"]), format!("would destroy {id} version 1"));
    // Where nobody can be asked, nothing is destroyed without being told to.
    let run: crate::shell::Run = shell
        .command("setsid", &["-w", crate::shell::ENWRAP, "key", "purge"])
        .output()
        .unwrap()
        .into();
    run.failure(2).says(&["no terminal", "--dry-run", "--yes"]);
    assert_eq!(fs::read(shell.keyring()).unwrap(), before);
    let run = shell.run(&["key", "purge", "--yes"]).success();
    assert_eq!(run.text(), format!("destroyed {id} version 1"));
    run.says(&["copies of the keyring elsewhere"]);
    shell.fails(&["key", "show", "b"], 3);
    shell.fails_harmlessly(&["decrypt", "a.enwrap", "-o", "x"], 3).says(&[id]);
}

#[test]
fn old_versions_go_and_the_current_one_stays() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-o", "old"]);
    assert_eq!(shell.run(&["key", "delete", "main", "--old-versions"]).success().text(), "");
    shell.ok(&["key", "rotate", "main"]);
    shell.ok(&["encrypt", "a", "-o", "new"]);
    shell.fails(&["key", "delete", "main", "--version", "2"], 2).says(&["current version"]);
    shell.fails(&["key", "delete", "main", "--version", "9"], 3);
    let lines = shell.run(&["--json", "key", "delete", "main", "--old-versions"]).success().json();
    assert_eq!((lines.len(), &lines[0]["version"]), (1, &1.into()));
    shell.fails(&["decrypt", "old", "-o", "-"], 7).says(&["version 1"]);
    shell.let_the_days_pass();
    let lines = shell.run(&["--json", "key", "purge", "main", "--yes"]).success().json();
    assert_eq!((&lines[0]["version"], &lines[0]["destroyed"]), (&1.into(), &true.into()));
    shell.fails(&["decrypt", "old", "-o", "-"], 3);
    assert_eq!(shell.ok(&["decrypt", "new", "-o", "-"]), "text");
    // Its number is not given again.
    assert!(shell.ok(&["key", "rotate", "main"]).ends_with("version 3"));
}

/// Two keys, one of them rotated, and a file under its old version.
fn two_keys() -> Shell {
    let shell = Shell::new();
    shell.ok(&["keygen", "b"]);
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-k", "b"]);
    shell.ok(&["key", "rotate", "b"]);
    shell
}

#[test]
fn an_export_opens_what_its_versions_open_in_each_form() {
    let shell = two_keys();
    let message = shell.read("a.enwrap");
    for form in ["sdk", "keyring", "env"] {
        let other = Shell::bare();
        other.write("a.enwrap", &message);
        let export = ["key", "export", "b", "main", "--as", form];
        let current = shell.run(&export).success().stdout;
        assert_eq!(current.split(|byte| *byte == b'\n').count() == 2, form == "env", "{form}");
        other.pipe(&["key", "import"], &current).success();
        other.fails(&["decrypt", "a.enwrap", "-o", "-"], 3);
        let all = shell.run(&[&export[..], &["--all-versions"]].concat()).success().stdout;
        let other = Shell::bare();
        other.write("a.enwrap", &message);
        let run = other.pipe(&["--json", "key", "import"], &all).success();
        assert_eq!(run.json().len(), 2, "{form}");
        assert_eq!(other.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text", "{form}");
        // What others made has no new versions here.
        other.run(&["key", "rotate", "--all"]).success().says(&["nothing to rotate"]);
    }
    shell.fails(&["key", "export", "b", "main", "--version", "1"], 2);
    shell.fails(&["key", "export", "b", "--version", "9"], 3);
}

#[test]
fn a_keyring_export_is_a_keyring_and_an_env_export_is_its_variable() {
    let shell = two_keys();
    shell.ok(&["key", "export", "b", "--all-versions", "--as", "keyring", "-o", "b.json"]);
    assert_eq!(shell.ok(&["--keyring", "b.json", "decrypt", "a.enwrap", "-o", "-"]), "text");
    shell.ok(&["--keyring", "b.json", "keyring", "check"]);
    let line = shell.ok(&[
        "key",
        "export",
        "b",
        "main",
        "--all-versions",
        "--as",
        "env",
        "--decrypt-only",
    ]);
    let mut job = Shell::bare();
    job.set("ENWRAP_KEYRING_DATA", line);
    job.write("a.enwrap", shell.read("a.enwrap"));
    assert_eq!(job.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    job.write("a", "text");
    job.fails(&["encrypt", "a", "-k", "b"], 16).says(&["decrypt-only"]);
}

/// A file could otherwise call its key `nightly`, and have a script encrypt under it.
#[test]
fn an_import_brings_no_alias_along_and_a_script_trusts_no_imported_key() {
    let theirs = Shell::bare();
    theirs.ok(&["keygen", "nightly"]);
    let export = theirs.run(&["key", "export", "nightly", "--as", "keyring"]).success().stdout;
    let ours = Shell::new();
    let run = ours.pipe(&["--json", "key", "import"], &export).success();
    let record = run.says(&["default, nightly", "key alias add NAME"]).json().remove(0);
    assert_eq!(record["aliases"], serde_json::json!([]));
    assert_eq!(record["file_aliases"], serde_json::json!(["default", "nightly"]));
    ours.fails(&["key", "show", "nightly"], 3);
    let id = record["key_id"].as_str().unwrap();
    ours.ok(&["key", "alias", "add", "nightly", id]);
    ours.fails(&["keygen", "nightly", "--if-missing"], 8).says(&[id, "not made here"]);
    assert_ne!(ours.ok(&["keygen", "ours", "--if-missing"]), id);
}

#[test]
fn imports_take_no_place_that_is_taken() {
    let shell = two_keys();
    let export = shell.run(&["key", "export", "b", "main", "--as", "keyring"]).success().stdout;
    let other = Shell::new();
    other.pipe(&["key", "import", "one"], &export).failure(2).says(&["2 keys"]);
    let one = shell.run(&["key", "export", "main", "--as", "keyring"]).success().stdout;
    other.pipe(&["key", "import", "theirs"], &one).success();
    let show = |alias: &str| other.run(&["--json", "key", "show", alias]).json().remove(0);
    assert_eq!(show("theirs")["aliases"], serde_json::json!(["theirs"]));
    // Which key serves by default was not theirs to say.
    assert_eq!(show("default")["key_id"], show("main")["key_id"]);
    other.pipe(&["key", "import", "again"], &one).failure(8).says(&["same id"]);
    // Nothing of an export is imported where one of its keys is there: not even the other key.
    let before = fs::read(other.keyring()).unwrap();
    other.pipe(&["key", "import"], &export).failure(8).says(&["same id"]);
    other.pipe(&["key", "import", "main"], &one).failure(8).says(&["'main'"]);
    assert_eq!(fs::read(other.keyring()).unwrap(), before);
    for nothing in [&b""[..], b"[]", b"{}", b"{\"format\":\"enwrap-keyring\",\"version\":1}\n"] {
        let code = other.pipe(&["key", "import"], nothing).code;
        assert!(matches!(code, Some(10 | 11)), "{code:?}");
    }
}
