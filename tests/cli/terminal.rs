//! At a terminal: what is refused there, and what is shown.

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
    ] {
        let Some(run) = at_terminal(&shell, line) else { return };
        assert_eq!(run.code, Some(2), "{line}: {run:?}");
        assert!(run.text().contains(word) && !run.text().contains('\u{1b}'), "{line}: {run:?}");
    }
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
