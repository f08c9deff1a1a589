//! At a terminal: what is refused there, and what is shown.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use crate::shell::{ENWRAP, Run, Shell};

/// Runs a line of shell at a pseudo-terminal, or returns `None` where `script` cannot do that. What the
/// line prints, on both streams, is in `stdout`.
pub(crate) fn at_terminal(shell: &Shell, line: &str) -> Option<Run> {
    // util-linux's; other systems have another one under the name.
    let version = shell.command("script", &["--version"]).output().ok()?;
    String::from_utf8_lossy(&version.stdout).contains("util-linux").then(|| {
        let line = format!("enwrap() {{ '{ENWRAP}' \"$@\"; }}; {line}");
        let args = ["-qec", &line, "/dev/null"];
        shell.command("script", &args).env("SHELL", "/bin/sh").output().unwrap().into()
    })
}

/// Runs a line at a pseudo-terminal, and gives each question its answer; `None` where `script` cannot do that. What is
/// typed before a question is discarded, so each is waited for.
pub(crate) fn typed_at(shell: &Shell, line: &str, answers: &[&str]) -> Option<Run> {
    let version = shell.command("script", &["--version"]).output().ok()?;
    if !String::from_utf8_lossy(&version.stdout).contains("util-linux") {
        return None;
    }
    let line = format!("enwrap() {{ '{ENWRAP}' \"$@\"; }}; {line}");
    let mut command = shell.command("script", &["-qec", &line, "/dev/null"]);
    command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut said = Vec::new();
    for answer in answers {
        let begin = said.len();
        while !(said.len() > begin && said.ends_with(b": ")) {
            let mut byte = [0];
            output.read_exact(&mut byte).unwrap();
            said.extend(byte);
        }
        writeln!(input, "{answer}").unwrap();
    }
    output.read_to_end(&mut said).unwrap();
    let status = child.wait().unwrap();
    Some(Run { code: status.code(), signal: None, stdout: said, stderr: String::new() })
}

#[test]
fn a_wrong_passphrase_of_the_keyring_may_be_typed_three_times() {
    let mut shell = Shell::new();
    shell.write("right", "right");
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "right"]);
    let list = "enwrap key list";
    let Some(run) = typed_at(&shell, list, &["wrong", "wrogn", "right"]) else { return };
    assert!(run.code == Some(0) && run.text().contains("default,main"), "{run:?}");
    assert_eq!(run.text().matches("the last one was wrong").count(), 2, "{run:?}");
    // The error and its hint come once, at the end.
    let run = typed_at(&shell, list, &["wrong", "wrogn", "wrnog"]).unwrap();
    assert_eq!((run.code, run.text().matches("error:").count()), (Some(9), 1), "{run:?}");
    assert!(run.text().contains("a copy that was made before"), "{run:?}");
    // What changes the keyring has the right one before it takes the lock.
    let run = typed_at(&shell, "enwrap keygen b", &["wrong", "right"]).unwrap();
    assert_eq!(run.code, Some(0), "{run:?}");
    let run = typed_at(&shell, "enwrap keygen c", &["wrong", "wrogn", "wrnog"]).unwrap();
    assert_eq!(run.code, Some(9), "{run:?}");
    // A file does not change, and is read once.
    shell.set("ENWRAP_PASSPHRASE", "wrong");
    let run = typed_at(&shell, list, &[]).unwrap();
    assert!(run.code == Some(9) && !run.text().contains("Passphrase of"), "{run:?}");
}

#[test]
fn secrets_and_bytes_are_not_shown_unless_asked() {
    let mut shell = Shell::new();
    shell.set("NO_COLOR", "1");
    shell.write("a", "text");
    shell.write("b", "text \u{1b}[2J");
    shell.ok(&["encrypt", "a", "b"]);
    shell.ok(&["keygen", "pair", "--kind", "p256"]);
    for (line, word) in [
        ("enwrap key export pair --as pem", "-o -"),
        ("enwrap key export pair main", "-o -"),
        ("enwrap encrypt < a", "-o -"),
        ("enwrap decrypt < b.enwrap", "-o -"),
        ("enwrap key export main", "-o -"),
        ("enwrap datakey --format raw --blob-out k", "--format hex"),
        ("enwrap encrypt", "standard input is a terminal"),
        ("enwrap decrypt -c b.enwrap", "leave out -c"),
    ] {
        let Some(run) = at_terminal(&shell, line) else { return };
        assert_eq!(run.code, Some(2), "{line}: {run:?}");
        assert!(run.text().contains(word) && !run.text().contains('\u{1b}'), "{line}: {run:?}");
    }
    assert!(!shell.path("k").exists(), "the blob of a data key that nobody has");
    for (line, text) in [
        ("enwrap decrypt < a.enwrap", "text"),
        ("enwrap decrypt b.enwrap -o -", "text \u{1b}[2J"),
        ("enwrap key export main -o -", "\"material\""),
        ("enwrap key export pair --as pem -o -", "BEGIN PRIVATE KEY"),
        ("enwrap key export pair --public", "\"p256\""),
        ("enwrap key export pair --public --as pem", "BEGIN PUBLIC KEY"),
    ] {
        let run = at_terminal(&shell, line).unwrap().success();
        assert!(run.text().contains(text), "{line}: {run:?}");
    }
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let shell = Shell::new();
    for (setting, is_coloured) in
        [("TERM=xterm", true), ("TERM=dumb", false), ("TERM=xterm NO_COLOR=1", false)]
    {
        let line = format!("{setting} '{ENWRAP}' encrypt missing");
        let Some(run) = at_terminal(&shell, &line) else { return };
        assert_eq!(run.code, Some(1));
        assert_eq!(run.text().contains("\u{1b}[1;31merror:"), is_coloured, "{setting}: {run:?}");
    }
    let run = shell.fails(&["--color", "always", "encrypt", "missing"], 1);
    assert!(run.stderr.contains("\u{1b}[1;31merror:"));
}
