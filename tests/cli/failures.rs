//! Bad input: each with its exit code and a message that helps; nothing created, nothing harmed.

use std::fs;
use std::io::Write as _;

use crate::shell::{Run, Shell, sample};

/// A file, its message, and an old output that must survive.
fn prepared() -> Shell {
    let shell = Shell::new();
    shell.write("plain", sample(200_000));
    shell.ok(&["encrypt", "plain", "-o", "message", "-c", "k=v"]);
    shell.write("out", "the old output");
    shell
}

/// A decrypt over the old output.
fn decrypt<'a>(input: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["decrypt", input, "-f", "-o", "out"], more].concat()
}

#[test]
fn inputs_that_are_none() {
    let shell = prepared();
    shell
        .fails_harmlessly(&["encrypt", "missing", "-f", "-o", "out"], 1)
        .says(&["missing", "No such file"]);
    fs::create_dir(shell.path("folder")).unwrap();
    shell.fails_harmlessly(&["encrypt", "folder", "-f", "-o", "out"], 2).says(&["folder"]);
    shell.fails_harmlessly(&decrypt("folder", &[]), 2);
    shell.fails_harmlessly(&["decrypt", "message"], 2).says(&["'message'", ".enwrap", "-o"]);
}

#[test]
fn outputs_that_are_in_the_way() {
    let shell = prepared();
    shell.fails_harmlessly(&["encrypt", "plain", "-o", "out"], 8).says(&["'out'", "-f"]);
    shell.fails_harmlessly(&["encrypt", "plain", "-f", "-o", "plain"], 2).says(&["same file"]);
    fs::hard_link(shell.path("plain"), shell.path("twin")).unwrap();
    shell.fails_harmlessly(&["encrypt", "plain", "-f", "-o", "twin"], 2).says(&["same file"]);
    fs::create_dir(shell.path("folder")).unwrap();
    shell.fails_harmlessly(&["encrypt", "plain", "-f", "-o", "folder"], 2).says(&["--output-dir"]);
    shell.fails_harmlessly(&["encrypt", "plain", "-o", "none/out"], 1).says(&["'none/out'"]);
}

#[test]
fn an_output_that_appears_meanwhile_stays() {
    let shell = Shell::new();
    let mut child = shell.start(&["encrypt", "-o", "out"]);
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: when this returns, the run is past its first look at the output.
    stdin.write_all(&sample(300_000)).unwrap();
    shell.write("out", "a rival");
    drop(stdin);
    Run::from(child.wait_with_output().unwrap()).failure(8).says(&["'out'"]);
    assert_eq!((shell.names(), shell.read("out")), (vec!["out".into()], b"a rival".to_vec()));
}

#[test]
fn of_two_runs_with_one_output_one_wins() {
    let shell = Shell::new();
    let mut children = [0, 1].map(|_| shell.start(&["encrypt", "-o", "out"]));
    let mut inputs = children.each_mut().map(|child| child.stdin.take().unwrap());
    for input in &mut inputs {
        input.write_all(&sample(300_000)).unwrap();
    }
    drop(inputs);
    let mut codes = children.map(|child| child.wait_with_output().unwrap().status.code());
    codes.sort();
    assert_eq!(codes, [Some(0), Some(8)]);
    let plaintext = shell.run(&["decrypt", "out", "-o", "-"]).success().stdout;
    assert_eq!((shell.names(), plaintext), (vec!["out".into()], sample(300_000)));
}

#[test]
fn keys_that_are_not_there() {
    let shell = prepared();
    shell.fails_harmlessly(&["encrypt", "plain", "-f", "-o", "out", "-k", "nope"], 3).says(&[
        "'nope'",
        "default, main",
        "keyring.json",
    ]);
    let mut other = Shell::bare();
    other.write("plain", "text");
    other.fails_harmlessly(&["encrypt", "plain"], 3).says(&[
        "no keyring at",
        ".config/enwrap/keyring.json",
        "enwrap keygen",
    ]);
    other.ok(&["keygen", "one"]);
    // Another keyring, without the key and without the alias 'default'.
    let elsewhere = shell.keyring().display().to_string();
    shell.write("other.json", fs::read(other.keyring()).unwrap());
    Shell::chmod(&shell.path("other.json"), 0o600);
    shell
        .fails_harmlessly(&decrypt("message", &["--keyring", "other.json"]), 3)
        .says(&["enwrap: ", "'other.json' lacks it"]);
    other.set("ENWRAP_KEY", "nope");
    other.fails_harmlessly(&["encrypt", "plain"], 3).says(&["'nope'"]);
    other.set("ENWRAP_KEYRING", elsewhere);
    other.set("ENWRAP_KEY", " main , default,");
    other.ok(&["encrypt", "plain"]);
}

#[test]
fn no_key_chosen() {
    let shell = Shell::bare();
    shell.write("key", "00".repeat(32));
    shell.write("plain", "text");
    let import =
        ["key", "import", "one", "--namespace", "n", "--name", "k", "--material-file", "key"];
    shell.ok(&import);
    shell.fails_harmlessly(&["encrypt", "plain"], 2).says(&[
        "no key chosen",
        "-k KEY",
        "ENWRAP_KEY",
        "one",
    ]);
}

#[test]
fn bytes_that_are_no_message() {
    let shell = prepared();
    shell.write("empty", "");
    shell.fails_harmlessly(&decrypt("empty", &[]), 11).says(&["empty: it is empty"]);
    shell.write("random", sample(500));
    shell.fails_harmlessly(&decrypt("random", &[]), 11).says(&["not an encrypted message"]);
    shell.fails_harmlessly(&decrypt("plain", &[]), 11);
    let mut suite = shell.read("message");
    suite[1] = 5;
    shell.write("suite", suite);
    shell.fails_harmlessly(&decrypt("suite", &[]), 11).says(&["public key"]);
}

#[test]
fn a_message_cut_short_or_followed_by_bytes() {
    let shell = prepared();
    let message = shell.read("message");
    shell.write("cut", &message[..150_000]);
    shell.fails_harmlessly(&decrypt("cut", &[]), 5).says(&[
        "cut: truncated",
        "after byte 150000",
        "frame 3",
    ]);
    let header = message.len() - 200_000 - 3 * 32 - 40;
    shell.write("boundary", &message[..header + 65_568]);
    shell.fails_harmlessly(&decrypt("boundary", &[]), 5).says(&["frame 2"]);
    shell.write("longer", [&message[..], b"x"].concat());
    shell
        .fails_harmlessly(&decrypt("longer", &[]), 4)
        .says(&[&format!("bytes follow the end of the message, after byte {}", message.len())]);
}

#[test]
fn a_context_that_does_not_fit() {
    let shell = prepared();
    shell.fails_harmlessly(&decrypt("message", &["-c", "k=other"]), 6).says(&["'k'"]);
    let long = format!("k={}", "v".repeat(65_536));
    let encrypt = |pair| vec!["encrypt", "plain", "-f", "-o", "out", "-c", pair];
    shell.fails_harmlessly(&encrypt(&long), 2).says(&["65543", "65535"]);
    shell
        .fails_harmlessly(&encrypt("aws-crypto-public-key=x"), 2)
        .says(&["'aws-crypto-public-key' is reserved"]);
    shell.fails_harmlessly(&encrypt("=x"), 2).says(&["key is empty"]);
    shell.fails_harmlessly(&encrypt("k"), 2).says(&["KEY=VALUE"]);
    let twice = [&encrypt("k=1")[..], &["-c", "k=1"]].concat();
    shell.fails_harmlessly(&twice, 2).says(&["'k' is given twice"]);
    shell.write("list.json", "[1]");
    let file = ["encrypt", "plain", "-f", "-o", "out", "--context-file", "list.json"];
    shell.fails_harmlessly(&file, 2).says(&["'list.json'"]);
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let shell = prepared();
    let full = shell.fails_harmlessly(&["encrypt", "plain", "-o", "/dev/full"], 1);
    full.says(&["cannot write '/dev/full'", "No space left"]);
    let run = shell.sh("enwrap encrypt plain -o - > /dev/full").failure(1);
    run.says(&["standard output", "No space left"]);
    // The limit is in blocks of 512 bytes; the default action of its signal is death.
    for command in ["encrypt plain", "decrypt message"] {
        for output in ["-f -o out", "-o new"] {
            let before = shell.snapshot();
            let line = format!("ulimit -f 100; enwrap {command} {output}");
            shell.sh(&line).failure(1).says(&["cannot write", "File too large"]);
            assert_eq!(shell.snapshot(), before);
        }
    }
}

#[test]
fn a_limit_names_its_flag() {
    let shell = prepared();
    shell.ok(&["keygen", "second"]);
    shell.ok(&["encrypt", "plain", "-o", "two", "-k", "main", "-k", "second"]);
    for (flag, value) in [
        ("--max-header-size", "100"),
        ("--max-encrypted-data-keys", "1"),
        ("--max-frame-length", "65535"),
    ] {
        shell.fails_harmlessly(&decrypt("two", &[flag, value]), 16).says(&[flag, value]);
    }
    shell.ok(&decrypt("two", &["--max-encrypted-data-keys", "2"]));
}

#[test]
fn usage_errors_show_the_right_line() {
    let shell = prepared();
    for args in [&["encrpt"][..], &["encrypt", "--fore"], &["decrypt", "--json=x"], &["key"], &[]] {
        let run = shell.run(args);
        assert_eq!(run.code, Some(2), "{args:?}");
        let shows = ["Usage: enwrap", "hint: did you mean '", "hint: usage: enwrap "];
        assert!(shows.iter().any(|line| run.stderr.contains(line)), "{}", run.stderr);
    }
    shell.fails(&["encrpt"], 2).says(&["'encrypt'"]);
    let both = shell.fails(&["encrypt", "plain", "-o", "x", "--output-dir", "y"], 2);
    both.says(&["cannot be used with"]);
}
