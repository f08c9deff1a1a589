//! Sealed keyrings: where passphrases come from, and what opens with them.

use std::fs;

use crate::shell::{ENWRAP, Run, Shell};

/// A sealed keyring with the passphrase `right`, which is in no variable, and a message.
fn sealed() -> Shell {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.write("right", "right\n");
    shell.write("wrong", "wrong\n");
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "right"]);
    shell
}

/// Runs without a terminal, wherever the tests run.
fn detached(shell: &Shell, args: &[&str]) -> Run {
    shell.command("setsid", &[&["-w", ENWRAP], args].concat()).output().unwrap().into()
}

#[test]
fn every_source_of_a_passphrase_opens_the_keyring() {
    let mut shell = sealed();
    let list = ["key", "list"];
    let flag = |flag: &str, value: &str| shell.ok(&[&list[..], &[flag, value]].concat());
    assert!(flag("--passphrase-file", "right").contains("main"));
    shell.ok(&[&["--passphrase-command", "cat right"], &list[..]].concat());
    shell.sh("enwrap key list --passphrase-fd 3 3< right").success();
    shell.sh("cat right | enwrap key list --passphrase-fd 0").success();
    let path = shell.path("right").display().to_string();
    for (variable, value) in [
        ("ENWRAP_PASSPHRASE", "right"),
        ("ENWRAP_PASSPHRASE_FILE", path.as_str()),
        ("ENWRAP_PASSPHRASE_COMMAND", "echo right"),
    ] {
        shell.set(variable, value);
        shell.ok(&list);
        // A flag decides over the variable, and an empty one is an unset one.
        shell.fails(&[&list[..], &["--passphrase-file", "wrong"]].concat(), 9);
        shell.set(variable, "");
    }
    // A pipe has no second reading, and two keyrings are opened.
    shell.ok(&["keygen", "b", "--passphrase-file", "right"]);
    let line = "enwrap keyring restore --generation 2 --force --passphrase-fd 0";
    shell.sh(&format!("cat right | {line}")).success();
    shell.sh("ENWRAP_PASSPHRASE_FD=3 enwrap key list 3< right").success();
    shell.sh("ENWRAP_PASSPHRASE_FD=x enwrap key list").failure(2).says(&["'x'"]);
    shell.sh("ENWRAP_PASSPHRASE=a ENWRAP_PASSPHRASE_FILE=b enwrap key list").failure(2);
}

#[test]
fn passphrases_that_do_not_open_it() {
    let shell = sealed();
    shell.write("empty", "\n");
    let fails = |value: &[&str]| shell.fails(&[&["key", "list"], value].concat(), 9);
    fails(&["--passphrase-file", "wrong"]).says(&["does not open it", "it is whole"]);
    fails(&["--passphrase-file", "empty"]).says(&["empty"]);
    fails(&["--passphrase-file", "missing"]).says(&["'missing'"]);
    let failing = ["--passphrase-command", "cat right; exit 3", "key", "list"];
    shell.fails(&failing, 9).says(&["command", "exit status: 3"]);
    detached(&shell, &["key", "list"]).failure(9).says(&["ENWRAP_PASSPHRASE_FILE", "no terminal"]);
    // A damaged one is told from a wrong passphrase, before one is asked for.
    let mut bytes = fs::read(shell.keyring()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::remove_file(shell.keyring()).unwrap();
    let link = shell.keyring();
    shell.write("damaged", bytes);
    Shell::chmod(&shell.path("damaged"), 0o600);
    std::os::unix::fs::symlink(shell.path("damaged"), link).unwrap();
    detached(&shell, &["key", "list"]).failure(10).says(&["checksum"]);
}

#[test]
fn a_command_for_a_passphrase_gets_no_secret_and_none_of_the_input() {
    let mut shell = sealed();
    for variable in ["ENWRAP_NEW_PASSPHRASE", "ENWRAP_IMPORT_PASSPHRASE_FILE"] {
        shell.set(variable, "hunter2");
    }
    let command = "env > seen; cat > eaten; cat right";
    let run = shell.pipe(&["--passphrase-command", command, "encrypt"], b"text").success();
    assert!(!run.stdout.is_empty() && shell.read("eaten").is_empty());
    let seen = String::from_utf8(shell.read("seen")).unwrap();
    assert!(seen.contains("HOME=") && !seen.contains("hunter2") && !seen.contains("PASSPHRASE"));
    let plaintext = shell.pipe(&["decrypt", "--passphrase-file", "right"], &run.stdout).success();
    assert_eq!(plaintext.text(), "text");
}

#[test]
fn a_sealed_keyring_stays_sealed_until_it_is_told() {
    let mut shell = sealed();
    shell.set("ENWRAP_PASSPHRASE", "right");
    let sealed = || fs::read_to_string(shell.keyring()).unwrap().contains("\"kdf\":\"argon2id\"");
    shell.ok(&["keygen", "b"]);
    shell.ok(&["key", "rotate", "--all"]);
    assert!(sealed());
    assert_eq!(shell.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    // A copy needs no passphrase to be made, and opens with it.
    shell.run(&["keyring", "backup", "copy"]).success();
    assert_eq!(shell.ok(&["--keyring", "copy", "decrypt", "a.enwrap", "-o", "-"]), "text");
    Shell::chmod(&shell.path("copy"), 0o644);
    shell.run(&["--keyring", "copy", "key", "list"]).success().says(&["warning", "copy", "0644"]);
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "wrong"]);
    shell.fails(&["key", "list"], 9);
    shell.ok(&["keyring", "passphrase", "--remove", "--passphrase-file", "wrong"]);
    assert!(!sealed());
    shell.set("ENWRAP_PASSPHRASE", "");
    shell.ok(&["key", "list"]);
}

#[test]
fn a_file_that_is_named_like_an_option_runs_no_command() {
    let shell = sealed();
    shell.write("--passphrase-command=touch ran; cat right", "a trap");
    let told = &["before the verb only", "put '--' before"];
    shell.sh("enwrap encrypt *").failure(2).says(told);
    shell.sh("enwrap encrypt --passphrase-command 'touch ran' a").failure(2).says(told);
    assert!(!shell.path("ran").exists());
    shell.sh("rm a.enwrap; enwrap --passphrase-file right encrypt ./*").success();
    assert!(!shell.path("ran").exists());
    let both = ["--passphrase-command", "cat right", "key", "list", "--passphrase-file", "right"];
    shell.fails(&both, 2).says(&["--passphrase-command", "several are given"]);
}

/// Somebody who can write the keyring's folder could have files encrypted under a key of their own.
#[test]
fn a_keyring_in_the_clear_is_refused_where_a_passphrase_is_named() {
    let mut shell = Shell::new();
    shell.write("a", "text");
    shell.write("pass", "right");
    let told: &[&str] = &["not sealed", "keyring passphrase"];
    for verb in
        [&["encrypt", "a"][..], &["key", "list"], &["keygen", "b"], &["keyring", "backup", "x"]]
    {
        let named = [&["--passphrase-file", "pass"], verb].concat();
        shell.fails(&named, 9).says(told);
    }
    shell.set("ENWRAP_PASSPHRASE_FILE", "pass");
    shell.fails(&["encrypt", "a"], 9).says(told);
    shell.fails(&["keyring", "passphrase", "--new-passphrase-file", "pass"], 9).says(told);
    assert!(!shell.path("a.enwrap").exists());
    shell.set("ENWRAP_PASSPHRASE_FILE", "");
    // A new passphrase is none that the keyring should have already.
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "pass"]);
    shell.ok(&["--passphrase-file", "pass", "key", "list"]);
    // A keyring that is made with a passphrase has it.
    let mut new = Shell::bare();
    new.set("ENWRAP_PASSPHRASE", "right");
    new.ok(&["keygen"]);
    new.ok(&["key", "list"]);
    new.set("ENWRAP_PASSPHRASE", "");
    detached(&new, &["key", "list"]).failure(9);
    // Nor is the file of an import, where its own passphrase is named; the keyring's does not count.
    shell.set("ENWRAP_PASSPHRASE", "right");
    shell.write("hex", "00112233445566778899aabbccddeeff");
    let other = Shell::new();
    let export = ["key", "export", "main", "--as", "keyring"];
    other.write("clear", other.run(&export).success().stdout);
    shell.write("clear", other.read("clear"));
    let import = ["key", "import", "theirs", "--file", "clear"];
    shell.fails(&[&import[..], &["--import-passphrase-file", "pass"]].concat(), 9).says(told);
    shell.ok(&import);
}

#[test]
fn what_is_to_be_sealed_can_be_sealed_with_its_own_passphrase() {
    let mut shell = sealed();
    shell.set("ENWRAP_PASSPHRASE", "right");
    let export =
        ["key", "export", "main", "--as", "env", "--seal", "--new-passphrase-file", "wrong"];
    shell.write("sealed", shell.run(&export).success().stdout);
    shell.fails(&["key", "export", "main", "--as", "sdk", "--seal"], 2);
    let mut other = Shell::bare();
    other.write("sealed", shell.read("sealed"));
    other.write("wrong", "wrong");
    let import = ["key", "import", "--file", "sealed"];
    detached(&other, &import).failure(9).says(&["'sealed'"]);
    other.ok(&[&import[..], &["--import-passphrase-file", "wrong"]].concat());
    other.write("a.enwrap", shell.read("a.enwrap"));
    assert_eq!(other.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    // The variable of a job, with its passphrase in another.
    let mut job = Shell::bare();
    job.set("ENWRAP_KEYRING_DATA", String::from_utf8(shell.read("sealed")).unwrap());
    job.set("ENWRAP_PASSPHRASE", "wrong");
    job.ok(&["key", "list"]);
    other.ok(&["keyring", "check"]);
    other.set("ENWRAP_PASSPHRASE", "wrong");
    other.fails(&["keyring", "check"], 9).says(&["not sealed"]);
}

#[test]
fn a_keyring_comes_back_from_paper() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.write("pass", "paper");
    let text = ["keyring", "backup", "--text", "--new-passphrase-file", "pass"];
    shell.ok(&[&text[..], &["paper"]].concat());
    let paper = String::from_utf8(shell.read("paper")).unwrap();
    assert!(paper.lines().all(|line| line.chars().count() < 80) && paper.lines().count() > 20);
    let printed = shell.run(&[&text[..], &["-"]].concat()).success().text();
    assert_ne!(printed, paper.trim_end(), "another salt and nonce each time");
    let mut new = Shell::bare();
    new.write("a.enwrap", shell.read("a.enwrap"));
    new.set("ENWRAP_IMPORT_PASSPHRASE", "paper");
    new.set("ENWRAP_PASSPHRASE", "paper");
    let line = paper.lines().find(|line| line.trim_start().starts_with("7 ")).unwrap();
    let mistyped = line.replacen(&line[8..10], if &line[8..10] == "22" { "33" } else { "22" }, 1);
    new.write("typed", paper.replace(line, &mistyped));
    new.fails(&["keyring", "restore", "typed"], 10).says(&["typed", "line 7 is mistyped"]);
    assert!(!new.keyring().exists());
    new.write("typed", paper.to_lowercase());
    new.run(&["keyring", "restore", "typed"]).success().says(&["sealed", "back: "]);
    assert_eq!(new.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    new.ok(&["keyring", "check"]);
}
