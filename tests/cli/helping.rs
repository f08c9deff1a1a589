//! What somebody meets who does not know enwrap yet: the first screen, and answers to what other tools take.

use std::fs;

use crate::shell::Shell;

#[test]
fn the_first_screen_lists_the_commands() {
    let shell = Shell::bare();
    let run = shell.run(&[""; 0]);
    assert_eq!((run.code, run.stdout.len()), (Some(2), 0));
    assert!(run.stderr.contains("Files\n  encrypt ") && run.stderr.contains("\nKeys\n  keygen "));
    assert_eq!(shell.ok(&["-h"]), run.stderr.trim_end());
    let all = shell.ok(&["--help"]);
    assert!(all.contains("--kms-timeout <SECONDS>") && all.contains("Examples:"), "{all}");
    assert_eq!(shell.ok(&["help"]), all);
    let verb = shell.ok(&["keyring", "path", "--help"]);
    assert!(!verb.contains("--kms-timeout") && verb.contains("enwrap --help"), "{verb}");
    assert_eq!(shell.ok(&["help", "keyring", "path"]), verb);
}

#[test]
fn words_of_other_tools_are_answered_with_ours() {
    let shell = Shell::bare();
    for (line, words) in [
        (&["ls"][..], ["no command 'enwrap ls'", "enwrap key list"]),
        (&["key", "rm", "old"], ["no command 'enwrap key rm'", "enwrap key delete KEY"]),
        (&["-d", "a.age"], ["no option '-d'", "hint: here that is: enwrap decrypt FILE.enwrap"]),
        (&["encrypt", "--wrapping-keys", "key=a"], ["--wrapping-keys", "encrypt -k KEY FILE"]),
        (&["encrypt", "-c", "file"], ["it is not KEY=VALUE", "enwrap encrypt -p FILE"]),
        (&["encrypt", "-r", "age1qqqq", "a"], ["no file 'age1qqqq'", "enwrap encrypt -k KEY FILE"]),
        (&["encrypt", "--forse"], ["no option '--forse'", "did you mean '--force'?"]),
        (&["encrpyt"], ["no command 'enwrap encrpyt'", "did you mean 'encrypt'"]),
        (
            &["--output-dir", "d", "encrypt", "a"],
            ["no option '--output-dir'", "enwrap encrypt --output-dir"],
        ),
        (&["encrypt", "--\u{1b}[2J"], ["no option '--\\u{1b}[2J'", "enwrap encrypt --help"]),
    ] {
        let shell = if line.contains(&"age1qqqq") { Shell::new() } else { Shell::bare() };
        let run = shell.fails(line, 2).says(&words);
        assert!(!run.stderr.contains("tip:") && !run.stderr.contains(" -- "), "{}", run.stderr);
    }
    let run = shell.fails(&["--json", "encrypt", "--encryption-context", "a=b"], 2);
    let error = &run.json()[0];
    assert_eq!(error["message"], "'enwrap encrypt' has no option '--encryption-context'");
    assert_eq!(error["hint"], "here that is: enwrap encrypt -c KEY=VALUE FILE");
    // Of `exec`, 2 would be taken for the command's own code.
    shell.fails(&["exec", "--vault-id", "x"], 125).says(&["--message-passphrase-file"]);
}

#[test]
fn a_missing_path_that_looks_like_a_recipient_fails_alone() {
    let shell = Shell::new();
    shell.write("a", "text");
    let line = ["encrypt", "backup@host/b", "a"];
    shell.fails(&line, 12).says(&["backup@host/b", "No such file"]);
    assert!(shell.path("a.enwrap").exists());
    shell.fails(&["encrypt", "-r", "me@example.com", "a"], 2).says(&["recipients are root keys"]);
}

#[test]
fn the_name_of_a_key_that_is_similar_is_named() {
    let shell = Shell::new();
    shell.ok(&["keygen", "nightly"]);
    shell.fails(&["key", "show", "nigthly"], 3).says(&["did you mean 'nightly'?", "has:"]);
    let run = shell.fails(&["key", "show", "offsite"], 3);
    assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
}

#[test]
fn a_line_for_a_word_and_a_file_for_a_blob_are_told() {
    let shell = Shell::new();
    let line = ["encrypt", "-o", "out", "--from-command", "--", "no-such-dump shop"];
    shell.fails(&line, 15).says(&["as in -- no-such-dump shop", "sh -c 'no-such-dump shop'"]);
    shell.write("env", "A=1\n");
    shell.ok(&["encrypt", "env"]);
    shell.fails(&["exec", "-e", "env.enwrap", "--", "env -0"], 127).says(&["sh -c 'env -0'"]);
    shell.ok(&["datakey", "--format", "hex", "--blob-out", "data.key"]);
    shell
        .fails(&["datakey", "decrypt", "data.key"], 2)
        .says(&["'data.key' is a file", "hint: --blob-file data.key"]);
}

#[test]
fn a_shell_that_asks_is_told_what_may_follow() {
    let mut shell = Shell::new();
    shell.ok(&["keygen", "nightly"]);
    shell.ok(&["--keyring", "other.json", "keygen", "weekly"]);
    shell.set("ENWRAP_COMPLETE", "bash");
    let told = |line: &[&str]| {
        let words = [&["--", "enwrap"], line].concat();
        let lines = shell.ok(&words);
        let names = lines.lines().map(|line| line.split('\t').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(told(&["encrypt", "-k", ""]), ["names", "default", "main", "nightly"]);
    for line in [
        &["--keyring", "other.json", "encrypt", "-k", "w"][..],
        &["--keyring=other.json", "encrypt", "-k", "w"],
        &["encrypt", "--keyring", "other.json", "-k", "w"],
    ] {
        assert_eq!(told(line), ["names", "weekly"]);
    }
    assert_eq!(told(&["encrypt", ""]), ["files"]);
    assert_eq!(told(&["encrypt", "--output-dir", ""]), ["folders"]);
    assert_eq!(told(&["encrypt", "--output-dir=d"]), ["folders"]);
    assert_eq!(told(&["encrypt", "--output-d"]), ["names", "--output-dir"]);
    assert_eq!(told(&["man", ""]), ["folders"]);
    assert_eq!(told(&["completions", "z"]), ["names", "zsh"]);
    assert!(told(&["keyring", "path", ""]).contains(&"--keyring".to_owned()));
    shell.set("ENWRAP_COMPLETE", "tcsh");
    assert_ne!(shell.run(&["--", "enwrap", ""]).code, Some(0));
    // A keyring in the environment.
    shell.set("ENWRAP_COMPLETE", "bash");
    shell.set("ENWRAP_KEYRING", shell.path("other.json").to_str().unwrap());
    assert!(shell.ok(&["--", "enwrap", "key", "show", ""]).contains("weekly"));
    // A pipe would keep the shell waiting for whoever writes into it.
    shell.sh("mkfifo pipe").success();
    assert_eq!(shell.ok(&["--", "enwrap", "--keyring", "pipe", "encrypt", "-k", ""]), "names");
    shell.write("other.json", "no keyring");
    assert_eq!(shell.ok(&["--", "enwrap", "key", "show", "w"]), "names");
}

#[test]
fn hints_name_only_options_that_the_command_has() {
    let shell = Shell::new();
    shell.write("a", "text");
    fs::create_dir(shell.path("tree")).unwrap();
    shell.write("tree/a", "text");
    shell.ok(&["keyring", "backup", "copy"]);
    let run = shell.fails(&["keyring", "backup", "copy"], 8).says(&["with -f"]);
    assert!(!run.stderr.contains("-o"), "{run:?}");
    shell.ok(&["keyring", "backup", "copy", "-f"]);
    shell.ok(&["encrypt", "a"]);
    shell.fails(&["encrypt", "a"], 8).says(&["another name with -o"]);
    shell.ok(&["encrypt", "-r", "tree"]);
    let run = shell.fails(&["encrypt", "-r", "tree"], 12).says(&["--skip-existing"]);
    assert!(!run.stderr.contains("-o,") && !run.stderr.contains("with -o"), "{run:?}");
    shell.ok(&["encrypt", "-r", "tree", "--skip-existing"]);
    let run = shell.fails(&["key", "alias", "add", "main", "default"], 8);
    run.says(&["enwrap key alias move"]);
    shell.fails(&["encrypt", "-k", "main,other", "a"], 3).says(&["-k A -k B"]);
    shell.fails(&["encrypt", "a", "-o", "none/out"], 1).says(&["cannot create 'none/out'"]);
}

#[test]
fn what_was_not_done_is_said() {
    let shell = Shell::new();
    shell.ok(&["key", "rotate", "main"]);
    shell.ok(&["key", "delete", "main"]);
    shell.run(&["key", "purge", "--yes"]).success().says(&["nothing to destroy before 20"]);
    let run = shell.run(&["key", "purge", "--dry-run"]).success();
    run.says(&["nothing to destroy before 20"]);
    shell.run(&["key", "enable", "main"]).success().says(&["enwrap key undelete main"]);
    let run = shell.run(&["key", "undelete", "main"]).success();
    run.says(&["versions 1, 2 will not be destroyed, only disabled"]);
    let run = shell.run(&["key", "enable", "main"]).success();
    assert_eq!(run.stderr, "");
    shell.write("a.enwrap.enwrap", "");
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.run(&["encrypt", "-f", "a.enwrap"]).success().says(&["is encrypted once more"]);
}

#[test]
fn without_a_keyring_the_first_step_is_named_first() {
    let shell = Shell::bare();
    shell.fails(&["key", "list"], 3).says(&["hint: for a first key: enwrap keygen"]);
    shell.run(&["keyring", "history"]).success().says(&["no earlier generations yet"]);
    shell.fails(&["keyring", "restore", "--generation", "1"], 3).says(&["there is none at all"]);
    shell.run(&["keygen"]).success().says(&["the key has the alias 'default'"]);
    let shell = Shell::bare();
    shell.run(&["keygen", "main"]).success().says(&["the key also has the alias 'default'"]);
}

#[test]
fn a_keyring_of_public_halves_is_not_called_irreplaceable() {
    let shell = Shell::bare();
    shell.run(&["keygen", "pair", "--kind", "p256"]).success().says(&["loses every file"]);
    shell.ok(&["key", "export", "pair", "--public", "-o", "half"]);
    let import = ["--keyring", "host.json", "key", "import", "pair", "--file", "half"];
    let run = shell.run(&import).success().says(&["created host.json", "only the public half"]);
    assert!(!run.stderr.contains("loses"), "{run:?}");
}

#[test]
fn the_lock_of_an_envelope_file_is_not_counted_as_one() {
    let shell = Shell::new();
    fs::create_dir(shell.path("tree")).unwrap();
    shell.write("tree/a", "text");
    shell.ok(&["encrypt", "-r", "tree", "--remove-source"]);
    shell.ok(&["key", "rotate", "main"]);
    shell.ok(&["rewrap", "-r", "tree"]);
    let run = shell.run(&["verify", "-r", "tree"]).success();
    run.says(&["1 verified; 1 envelope file, 1 lock"]);
}
