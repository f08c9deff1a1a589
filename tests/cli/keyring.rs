//! The keyring file: where it is, and what is wrong with it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;

use crate::shell::{ENWRAP, Shell};

/// A copy from before a rotation is whole, and opens nothing that is encrypted since.
#[test]
fn a_copy_that_is_older_than_a_change_is_found_out() {
    let shell = Shell::new();
    let keyring = shell.keyring().display().to_string();
    let check = ["keyring", "check", "copy", "--against", &keyring];
    shell.run(&["keyring", "backup", "copy"]).success();
    shell.ok(&check);
    let told: &[&str] = &["copies of the keyring", "keyring backup"];
    shell.run(&["key", "rotate", "main"]).success().says(told);
    let id = shell.run(&["--json", "key", "show", "main"]).json()[0]["key_id"].clone();
    let id = id.as_str().unwrap();
    let lacking = format!("key {id} version 2 is missing");
    let run = shell.fails(&check, 14);
    assert!(run.text().contains(&lacking), "{}", run.text());
    shell.ok(&["keyring", "check", "copy"]);
    let other = shell.run(&["keygen", "other"]).success();
    let other = other.says(told).text();
    let run = shell.fails(&check, 14);
    assert!(run.text().contains(&lacking) && run.text().contains(&other), "{}", run.text());
    assert!(!shell.run(&["-q", "keygen", "third"]).success().stderr.contains("copies"));
    shell.run(&["keyring", "backup", "-f", "copy"]).success();
    shell.ok(&check);
    // The keyring is no older copy of its copy.
    shell.ok(&["keyring", "check", "--against", "copy"]);
    // A copy that is still in the clear is compared too, and so is one with a passphrase of its own.
    shell.write("pass", "right");
    let sealed = shell.run(&["keyring", "passphrase", "--new-passphrase-file", "pass"]).success();
    sealed.says(told);
    shell.ok(&[&check[..], &["--passphrase-file", "pass"]].concat());
}

#[test]
fn a_keyring_from_the_environment_needs_no_file() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let text = fs::read_to_string(shell.keyring()).unwrap();
    let message = shell.read("a.enwrap");
    for data in [
        text.clone(),
        text.trim_end().to_owned(),
        base64::engine::general_purpose::STANDARD.encode(&text),
    ] {
        let mut job = Shell::bare();
        job.set("ENWRAP_KEYRING_DATA", data);
        job.write("a.enwrap", &message);
        assert_eq!(job.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
        job.fails(&["keygen", "x"], 10).says(&["ENWRAP_KEYRING_DATA", "read-only"]);
        assert!(!job.keyring().exists());
        job.set("ENWRAP_KEYRING", "elsewhere");
        job.fails(&["key", "list"], 2).says(&["ENWRAP_KEYRING_DATA", "--keyring"]);
        // The flag decides over both.
        job.fails(&["key", "list", "--keyring", "third"], 3).says(&["'third'"]);
    }
    let mut job = Shell::bare();
    job.set("ENWRAP_KEYRING_DATA", "");
    job.fails(&["key", "list"], 10).says(&["empty"]);
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let mut shell = Shell::new();
    for name in ["ENWRAP_KEYRING", "ENWRAP_KEY", "ENWRAP_ALLOW_READABLE_KEYRING"] {
        shell.set(name, "");
    }
    assert_eq!(shell.ok(&["keyring", "path"]), shell.keyring().display().to_string());
    shell.set("XDG_CONFIG_HOME", "/xdg");
    assert_eq!(shell.ok(&["keyring", "path"]), "/xdg/enwrap/keyring.json");
    shell.set("HOME", "");
    assert_eq!(shell.ok(&["keyring", "path"]), "/xdg/enwrap/keyring.json");
    shell.set("XDG_CONFIG_HOME", "");
    shell.fails(&["keyring", "path"], 2).says(&["HOME", "ENWRAP_KEYRING"]);
}

#[test]
fn a_damaged_or_unsafe_keyring_is_refused_by_every_command() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let path = shell.keyring();
    let shown = path.display().to_string();
    let good = fs::read_to_string(&path).unwrap();
    let put = |text: &str| {
        let file = fs::File::options().write(true).truncate(true).open(&path);
        file.unwrap().write_all(text.as_bytes()).unwrap();
    };
    let all = [
        &["encrypt", "a", "-f"][..],
        &["decrypt", "a.enwrap", "-f"],
        &["key", "list"],
        &["keygen", "b"],
        &["keyring", "backup", "copy"],
    ];
    let refused = |code: i32, words: &[&str]| {
        for args in all {
            shell.fails_harmlessly(args, code).says(&[&shown]).says(words);
        }
    };
    put(&good.replacen("\"origin\"", "\"0rigin\"", 1));
    refused(10, &["damaged", "checksum", "keyring restore"]);
    put(&good[..good.len() / 2]);
    refused(10, &["damaged"]);
    put("");
    refused(10, &["not an enwrap keyring"]);
    put(&good.replacen("\"version\":1", "\"version\":9", 1));
    refused(11, &["newer enwrap", "9"]);
    put(&good);
    Shell::chmod(&path, 0o644);
    refused(10, &["chmod 600", "--allow-readable-keyring"]);
    shell.ok(&["--allow-readable-keyring", "key", "list"]);
    for (value, code) in [("1", 0), ("true", 0), ("Yes", 0), ("", 10), ("0", 2), ("maybe", 2)] {
        let line = format!("ENWRAP_ALLOW_READABLE_KEYRING='{value}' enwrap key list");
        assert_eq!(shell.sh(&line).code, Some(code), "{value}");
    }
    Shell::chmod(&path, 0o600);
    Shell::chmod(path.parent().unwrap(), 0o777);
    refused(10, &["chmod go-w"]);
    Shell::chmod(path.parent().unwrap(), 0o755);
    shell.ok(&["key", "list"]);
}

#[test]
fn a_lost_keyring_is_not_started_anew() {
    let shell = Shell::new();
    shell.ok(&["keygen", "second"]);
    fs::remove_file(shell.keyring()).unwrap();
    for args in [&["keygen"][..], &["key", "list"]] {
        shell.fails(args, 10).says(&[
            "missing",
            "generations",
            "enwrap keyring restore --generation 1",
        ]);
    }
    assert!(!shell.keyring().exists());
}

#[test]
fn a_restored_generation_says_what_it_lacks_and_a_better_backup_is_preferred() {
    let shell = Shell::new();
    shell.run(&["keyring", "backup", "old"]).success();
    shell.ok(&["keygen", "second"]);
    shell.ok(&["keygen", "third"]);
    shell.run(&["keyring", "backup", "new"]).success();
    // The generation before `third`: nobody but the backup knows that key once the keyring is gone.
    fs::remove_file(shell.keyring()).unwrap();
    shell.fails(&["key", "list"], 10).says(&["keyring restore FILE", "restore --generation 2"]);
    let restore = ["keyring", "restore", "--generation", "2"];
    shell.run(&restore).success().says(&["last change", "backup"]);
    shell.fails(&["key", "show", "third"], 3);
    // With both, the backup is put back where it lacks nothing.
    shell.run(&[&restore[..], &["new"]].concat()).success();
    shell.ok(&["key", "show", "third"]);
    let run = shell.run(&["--json", "keyring", "restore", "--generation", "2", "old", "--force"]);
    let record = run.success().says(&["'old' lacks 1 key version"]).json().remove(0);
    assert_eq!(record["lost"].as_array().unwrap().len(), 1);
    shell.ok(&["key", "show", "second"]);
    let again = shell.run(&["--json", "keyring", "restore", "--generation", "2"]).success();
    let record = again.says(&["generations beside it have"]).json().remove(0);
    assert_eq!(record["lacks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_backup_is_a_keyring() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["keyring", "backup", "copy"]);
    assert_eq!(shell.mode("copy"), 0o600);
    assert_eq!(shell.read("copy"), fs::read(shell.keyring()).unwrap());
    assert_eq!(shell.ok(&["--keyring", "copy", "decrypt", "a.enwrap", "-o", "-"]), "text");
    shell.fails_harmlessly(&["keyring", "backup", "copy"], 8).says(&["'copy'", "-f"]);
    Shell::chmod(&shell.path("copy"), 0o644);
    shell.ok(&["keyring", "backup", "copy", "-f"]);
    assert_eq!(shell.mode("copy"), 0o600, "keys are nobody else's, whatever stood there");
}

#[test]
fn a_keyring_can_come_through_a_descriptor() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let keyring = shell.keyring().display().to_string();
    let line = format!("cat '{keyring}' | enwrap --keyring /dev/fd/0 decrypt a.enwrap -o b");
    shell.sh(&line).success();
    assert_eq!(shell.read("b"), b"text");
    let line = format!("cat '{keyring}' | enwrap --keyring /dev/fd/0 keygen x");
    shell.sh(&line).failure(10).says(&["read-only"]);
    let line = format!("enwrap --keyring /dev/fd/3 keygen x 3<>'{keyring}'");
    shell.sh(&line).failure(10).says(&["read-only"]);
}

#[test]
fn two_changes_at_once_both_happen() {
    let shell = Shell::new();
    let children: Vec<_> = (0..6).map(|n| shell.start(&["keygen", &format!("k{n}")])).collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(shell.ok(&["--json", "key", "list"]).lines().count(), 7);
}

#[test]
fn errors_in_json_have_a_kind_a_code_and_a_next_step() {
    let shell = Shell::bare();
    let run = shell.fails(&["--json", "key", "list"], 3);
    let line = &run.json()[0];
    assert_eq!((&line["type"], &line["kind"]), (&"error".into(), &"no_key".into()));
    assert_eq!(line["exit_code"], 3);
    assert!(line["hint"].as_str().unwrap().contains("enwrap keygen"));
    assert_eq!(run.stderr, "");
}

#[test]
fn a_keyring_that_went_through_stores_of_text_opens_and_an_altered_one_does_not() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let text = fs::read_to_string(shell.keyring()).unwrap();
    let changed = |text: String| {
        shell.write("k.json", text);
        fs::set_permissions(shell.path("k.json"), fs::Permissions::from_mode(0o600)).unwrap();
        shell.run(&["--keyring", "k.json", "verify", "a.enwrap"]).code
    };
    for dress in [
        text.trim_end().to_owned(),
        format!("{text}\n"),
        text.replace('\n', "\r\n"),
        format!("\u{FEFF}{text}"),
        format!("\u{FEFF}{}\r\n\r\n", text.trim_end().replace('\n', "\r\n")),
    ] {
        assert_eq!(changed(dress.clone()), Some(0), "{dress:?}");
        assert_eq!(changed(dress.replace("enabled", "disabled")), Some(10), "{dress:?}");
    }
}

#[test]
fn hints_about_a_keyring_lead_to_the_cure() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let none = ["--keyring", "none.json", "verify", "a.enwrap"];
    shell.fails(&none, 3).says(&["enwrap keyring restore FILE"]);
    for path in ["~/k.json", "$HOME/k.json", "'k.json'", "k.json\r"] {
        let run = shell.run(&["--keyring", path, "verify", "a.enwrap"]);
        run.failure(3).says(&["is taken literally: nothing in it was expanded"]);
    }
    let long = "n".repeat(250);
    shell.write(&long, "text");
    shell.fails(&["encrypt", &long], 1).says(&["give it another with -o"]);
    let nearly = "n".repeat(240);
    shell.write(&nearly, "text");
    shell.ok(&["encrypt", &nearly]);
    shell.ok(&["keygen", "b"]);
    let message = format!("{nearly}.enwrap");
    shell.fails(&["rewrap", "--add", "-k", "b", &message], 1).says(&["--envelope FILE"]);
    shell.ok(&["rewrap", "--add", "-k", "b", &message, "--envelope", "e"]);
}

#[test]
fn tar_unpacks_with_it() {
    let shell = Shell::new();
    fs::create_dir(shell.path("d")).unwrap();
    shell.write("d/f", "text");
    let tar = format!("tar -I '{ENWRAP} encrypt' -cf t d && tar -I '{ENWRAP} decrypt' -tf t");
    assert_eq!(shell.sh(&tar).success().text(), "d/\nd/f");
}

#[test]
fn a_file_larger_than_a_keyring_may_be_is_no_keyring() {
    let shell = Shell::new();
    let file = fs::File::options().write(true).open(shell.keyring()).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    shell.fails(&["key", "list"], 10).says(&["larger than 67108864 bytes", "keyring restore"]);
}

#[test]
fn a_copy_on_a_medium_without_permissions_is_checked_and_restored() {
    let shell = Shell::new();
    shell.ok(&["keyring", "backup", "copy"]);
    Shell::chmod(&shell.path("copy"), 0o755);
    let warning = ["warning: others can read the keyring 'copy' (mode 0755)"];
    shell.run(&["keyring", "check", "copy"]).success().says(&warning);
    let restore = ["--keyring", "drill/keyring.json", "keyring", "restore", "copy"];
    shell.run(&restore).success().says(&warning);
    assert_eq!(shell.mode("drill/keyring.json") & 0o777, 0o600);
    // It serves for nothing else without a word of the user's.
    shell.fails(&["--keyring", "copy", "key", "list"], 10).says(&["--allow-readable-keyring"]);
    Shell::chmod(&shell.path("copy"), 0o777);
    shell.fails(&["keyring", "check", "copy"], 10);
}

#[test]
fn what_changes_nothing_writes_no_generation() {
    let mut shell = Shell::new();
    shell.write("secret", "right");
    let assert_unchanged = |shell: &Shell| {
        let before = fs::read(shell.keyring()).unwrap();
        shell.ok(&["key", "enable", "main"]);
        shell.ok(&["keygen", "main", "--if-missing"]);
        assert!(fs::read(shell.keyring()).unwrap() == before);
    };
    assert_unchanged(&shell);
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "secret"]);
    shell.set("ENWRAP_PASSPHRASE_FILE", shell.path("secret").to_str().unwrap());
    assert_unchanged(&shell);
}

#[test]
fn a_passphrase_that_may_be_stored_otherwise_is_told_apart() {
    let shell = Shell::new();
    shell.write("secret", "p\u{e4}ss\n");
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "secret"]);
    for (text, hint) in [
        ("\u{feff}p\u{e4}ss\r\n", None),
        ("pa\u{308}ss", Some("NFC")),
        ("p\u{e4}ss\n\n", Some("line end")),
        ("wrong", Some("look at the passphrase")),
    ] {
        shell.write("tried", text);
        let run = shell.run(&["--passphrase-file", "tried", "key", "list"]);
        match hint {
            None => drop(run.success()),
            Some(hint) => drop(run.failure(9).says(&[hint])),
        }
    }
}

#[test]
fn a_keyring_in_a_folder_that_cannot_be_written_to_is_read_only() {
    let shell = Shell::new();
    let lock = shell.keyring().with_extension("json.lock");
    let folder = shell.keyring().parent().unwrap().to_path_buf();
    let keygen = || shell.run_unprivileged(&["keygen", "another"]);
    // Whoever shut the lock file alone did not mean that.
    Shell::chmod(&lock, 0o400);
    keygen().failure(1).says(&["cannot take the lock file of the keyring"]);
    fs::remove_file(&lock).unwrap();
    Shell::chmod(&folder, 0o500);
    keygen().failure(10).says(&["is read-only here"]);
    Shell::chmod(&folder, 0o700);
    keygen().success();
}
