//! docs/troubleshooting.md: what it shows of each exit code, provoked.

use std::fs;
use std::path::Path;

use crate::shell::{Shell, sample};

/// What the page shows of one failure.
struct Session {
    code: i32,
    commands: String,
    /// The line of the error, where `…` stands for anything.
    error: Option<String>,
}

/// The sessions of the page; the heading above each has its code.
fn sessions() -> Vec<Session> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
    let page = fs::read_to_string(page).unwrap();
    let mut sessions = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let code = match section.split(':').next().unwrap() {
            // The example is a SIGTERM.
            "128+N" => 128 + 15,
            code => code.parse().unwrap(),
        };
        for block in section.split("```console\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let lines = block.lines();
            assert!(lines.clone().all(|line| line.chars().count() <= 72), "too wide: {block}");
            let commands: Vec<&str> = lines.filter_map(|line| line.strip_prefix("$ ")).collect();
            let error = block.lines().find(|line| line.starts_with("error:")).map(str::to_owned);
            sessions.push(Session { code, commands: commands.join("\n"), error });
        }
    }
    sessions
}

/// The place that the page describes.
fn place() -> Shell {
    let shell = Shell::new();
    fs::create_dir(shell.path("photos")).unwrap();
    shell.write("report", "attack at dawn\n");
    shell.ok(&["encrypt", "-c", "of=report", "report"]);
    shell.write("photo", sample(300_000));
    shell.ok(&["encrypt", "photo"]);
    shell.sh("mkdir -m 700 other").success();
    shell
}

/// Whether a line is the shown one, with anything in the place of each `…`.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || shown.ends_with('…')
}

#[test]
fn each_code_is_provoked_as_shown() {
    let mut wrong = Vec::new();
    for Session { code, commands, error } in sessions() {
        let run = place().sh(&commands);
        // The only code that a build without AWS KMS cannot have.
        if code == 13 && !cfg!(feature = "aws-kms") {
            run.failure(11).says(&["built without its feature 'aws-kms'"]);
            continue;
        }
        let said = run.stderr.lines().find(|line| line.starts_with("error:"));
        let is_said = match (&error, said) {
            (Some(shown), Some(said)) => is_as_shown(said, shown),
            (shown, said) => shown.is_none() && said.is_none(),
        };
        if run.code != Some(code) || !is_said {
            wrong.push(format!("{code}: {commands}\nshown: {error:?}\n{run:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_code_is_left_out() {
    let mut told: Vec<i32> = sessions().iter().map(|session| session.code).collect();
    told.dedup();
    let codes = (0..=16).chain(125..=127).chain([143]);
    assert_eq!(told, codes.collect::<Vec<_>>());
}
