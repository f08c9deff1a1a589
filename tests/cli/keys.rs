//! Root keys: making, naming, showing, and carrying them over.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::shell::Shell;

#[test]
fn the_first_key_is_the_default_and_its_keyring_is_announced() {
    let shell = Shell::bare();
    let run = shell.run(&["keygen"]).success();
    let path = shell.keyring().display().to_string();
    let id = run.text();
    assert_eq!(id.len(), 36);
    run.says(&[&format!("created {path}"), "enwrap keyring backup FILE", "'default'"]);
    let run = shell.run(&["keygen", "second"]).success();
    assert!(run.stderr.starts_with("copies of the keyring are older"), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1);
    assert_eq!(shell.run(&["-q", "keygen", "third"]).success().stderr, "");
    assert_eq!(shell.ok(&["keyring", "path"]), path);
    assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(shell.run(&["--json", "key", "show", "default"]).json()[0]["key_id"], id);
}

#[test]
fn an_alias_is_given_once() {
    let shell = Shell::new();
    let id = shell.ok(&["keygen", "backup", "--description", "nightly"]);
    let before = fs::read(shell.keyring()).unwrap();
    shell.fails(&["keygen", "backup"], 8).says(&["'backup'", &id, "--if-missing"]);
    assert_eq!(shell.ok(&["keygen", "backup", "--if-missing"]), id);
    assert_eq!(fs::read(shell.keyring()).unwrap(), before);
    assert_ne!(shell.ok(&["keygen", "other", "--if-missing"]), id);
    shell.fails(&["keygen", "alias/x"], 2).says(&["alias"]);
}

#[test]
fn keys_are_listed_and_shown_without_material() {
    let shell = Shell::new();
    shell.ok(&["keygen", "backup", "--description", "nightly\u{1b}[2J"]);
    let material = shell.ok(&["key", "export", "backup"]);
    let material: serde_json::Value = serde_json::from_str(&material).unwrap();
    let material = material["material"].as_str().unwrap();
    assert_eq!(material.len(), 64);
    let list = shell.ok(&["key", "list"]);
    let show = shell.ok(&["key", "show", "alias/backup"]);
    let json = shell.ok(&["--json", "key", "list"]);
    assert!(list.lines().count() == 3 && list.contains("default,main") && list.contains("backup"));
    assert!(show.contains("nightly\\u{1b}[2J"), "{show}");
    assert!(json.lines().count() == 2 && json.contains("\"type\":\"result\""));
    for text in [list, show, json] {
        assert!(!text.contains(material));
    }
    shell.fails(&["key", "show", "nope"], 3).says(&["'nope'", "backup, default, main"]);
    shell.fails(&["key", "show", "0123abc"], 3).says(&["of an id, give 8 characters"]);
}

#[test]
fn what_key_show_prints_fits_a_terminal() {
    let shell = Shell::new();
    shell.ok(&["key", "rotate", "main"]);
    let run = shell.run(&["key", "delete", "main"]).success();
    run.says(&["versions 1, 2 can do nothing"]);
    let text = shell.ok(&["key", "show", "main"]);
    let id = shell.run(&["--json", "key", "show", "main"]).json()[0]["key_id"].clone();
    let id = id.as_str().unwrap();
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    for number in [1, 2] {
        assert!(text.contains(&format!("\n  in messages: enwrap: {id}/{number}")), "{text}");
    }
}

#[test]
fn an_exported_key_opens_in_another_keyring() {
    let (shell, other) = (Shell::new(), Shell::bare());
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let id = shell.ok(&["key", "export", "main", "-o", "key.json"]);
    assert_eq!((id.as_str(), shell.mode("key.json")), ("", 0o600));
    shell.fails_harmlessly(&["key", "export", "main", "-o", "key.json"], 8);
    let id = other.pipe(&["key", "import", "theirs"], &shell.read("key.json")).success().text();
    assert_eq!(id, shell.run(&["--json", "key", "show", "main"]).json()[0]["key_id"]);
    let plaintext = other.pipe(&["decrypt"], &shell.read("a.enwrap")).success();
    assert_eq!(plaintext.text(), "text");
    // A second import changes nothing.
    other.pipe(&["key", "import", "again"], &shell.read("key.json")).failure(8).says(&[&id]);
    assert_eq!(other.run(&["--json", "key", "list"]).json().len(), 1);
}

#[test]
fn a_foreign_wrapping_key_keeps_its_names() {
    let shell = Shell::bare();
    for (bits, digits) in [(128, 32), (192, 48), (256, 64)] {
        let name = format!("key-{bits}");
        shell.write("key", format!("{}\n", "ab".repeat(digits / 2)));
        let from = ["--namespace", "their ns", "--name", &name, "--material-file", "key"];
        shell.ok(&[&["key", "import", &name], &from[..]].concat());
        shell.write("a", "text");
        shell.ok(&["encrypt", "a", "-k", &name, "-f"]);
        assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
        let show = shell.run(&["--json", "key", "show", &name]).json().remove(0);
        assert_eq!(
            (&show["origin"], &show["versions"][0]["bits"]),
            (&"imported".into(), &bits.into())
        );
    }
}

#[test]
fn imports_that_are_refused() {
    let shell = Shell::new();
    let before = fs::read(shell.keyring()).unwrap();
    shell.write("key", "ab".repeat(32));
    shell.write("short", "ab".repeat(31));
    shell.write("text", "not hex: hunter2 hunter2 hunter2");
    let import = |namespace: &str, file: &str, code: i32| {
        let from = ["--namespace", namespace, "--name", "n", "--material-file", file];
        let run = shell.fails(&[&["key", "import", "x"], &from[..]].concat(), code);
        assert!(!run.stderr.contains("hunter2") && !run.stderr.contains("abab"), "{}", run.stderr);
        run
    };
    import("aws-kms", "key", 2).says(&["'aws-kms'", "reserved"]);
    import("aws-kms-discovery", "key", 2);
    import("", "key", 2);
    import("ns", "short", 2).says(&["'short'", "32, 48 or 64 hex digits"]);
    import("ns", "text", 2);
    import("ns", "missing", 1).says(&["missing: cannot open it"]);
    shell.pipe(&["key", "import"], b"{\"format\":\"hunter2\"}").failure(11);
    shell.fails(&["key", "import", "--namespace", "ns"], 2).says(&["--material-file"]);
    assert_eq!(fs::read(shell.keyring()).unwrap(), before);
    // The same namespace and name, with the same or other material.
    let from = ["--namespace", "ns", "--name", "n", "--material-file", "key"];
    shell.ok(&[&["key", "import", "x"], &from[..]].concat());
    import("ns", "key", 8);
    shell.ok(&["keygen", "y"]);
    shell.write("key", "cd".repeat(32));
    let again = [&["key", "import", "z"], &from[..]].concat();
    shell.fails(&again, 8).says(&["'n'", "'ns'", "other material"]);
}

#[test]
fn rotation_adds_a_version_and_takes_nothing_away() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-o", "old"]);
    let id = shell.run(&["--json", "key", "show", "main"]).json()[0]["key_id"].clone();
    let id = id.as_str().unwrap();
    assert_eq!(shell.ok(&["key", "rotate", "main", id]), format!("{id} version 2"));
    shell.ok(&["encrypt", "a", "-o", "new"]);
    let opened_by = |file: &str| {
        let run = shell.run(&["--json", "verify", file]).success();
        run.json()[0]["opened_by"]["version"].clone()
    };
    assert_eq!((opened_by("old"), opened_by("new")), (1.into(), 2.into()));
    // What is not due writes nothing.
    let before = fs::read(shell.keyring()).unwrap();
    let run = shell.run(&["key", "rotate", "--all", "--older-than", "1d"]).success();
    assert_eq!(run.text(), "");
    assert_eq!(fs::read(shell.keyring()).unwrap(), before);
    shell.write("key", "ab".repeat(32));
    let from = ["--namespace", "ns", "--name", "n", "--material-file", "key"];
    shell.ok(&[&["key", "import", "theirs"], &from[..]].concat());
    shell.fails(&["key", "rotate", "theirs"], 2).says(&["not made here", "keygen"]);
    shell.fails(&["key", "rotate", "nope"], 3);
    shell.fails(&["key", "rotate"], 2);
    // Those that are not ours are left out of all.
    assert_eq!(shell.ok(&["key", "rotate", "--all"]), format!("{id} version 3"));
}

#[test]
fn a_disabled_key_does_nothing_until_it_is_enabled() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["key", "disable", "main"]);
    for args in [&["encrypt", "a", "-f"][..], &["decrypt", "a.enwrap", "-o", "b"], &["datakey"]] {
        shell.fails_harmlessly(args, 7).says(&["is disabled", "enwrap key enable"]);
    }
    shell.fails(&["key", "rotate", "main"], 7);
    shell.ok(&["key", "enable", "main"]);
    shell.ok(&["key", "rotate", "main"]);
    shell.ok(&["key", "disable", "main", "--version", "1"]);
    shell.fails_harmlessly(&["decrypt", "a.enwrap", "-o", "b"], 7).says(&["version 1"]);
    shell.ok(&["encrypt", "a", "-f"]);
    assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    shell.fails(&["key", "disable", "main", "--version", "9"], 3);
}

#[test]
fn aliases_are_given_moved_and_taken_away() {
    let shell = Shell::new();
    let second = shell.ok(&["keygen", "second"]);
    let id = |alias: &str| {
        let run = shell.run(&["--json", "key", "show", alias]).success();
        run.json()[0]["key_id"].as_str().unwrap().to_owned()
    };
    shell.ok(&["key", "alias", "add", "extra", "main"]);
    shell.fails(&["key", "alias", "add", "extra", "second"], 8);
    shell.ok(&["key", "alias", "move", "default", "second"]);
    assert_eq!(id("default"), second);
    shell.ok(&["key", "alias", "rename", "extra", "other"]);
    assert_eq!(id("other"), id("main"));
    shell.ok(&["key", "alias", "remove", "other"]);
    shell.fails(&["key", "alias", "remove", "other"], 3).says(&["'other'"]);
    shell.fails(&["key", "alias", "add", "alias/x", "main"], 2);
}
