//! `encrypt --from-command`: the whole output of a command that succeeded, or nothing.

use crate::shell::{ENWRAP, Shell, sample};

const BEGIN: [&str; 5] = ["encrypt", "-o", "out", "--from-command", "--"];

fn with(more: &[&'static str]) -> Vec<&'static str> {
    BEGIN.iter().chain(more).copied().collect()
}

#[test]
fn the_output_of_a_command_is_encrypted() {
    let mut shell = Shell::new();
    shell.ok(&with(&["printf", "%s", "-o not -f ours"]));
    assert_eq!(shell.ok(&["decrypt", "out", "-o", "-"]), "-o not -f ours");
    assert_eq!(shell.mode("out"), 0o644);
    shell.fails_harmlessly(&with(&["echo"]), 8);
    shell.ok(&["encrypt", "-f", "-o", "out", "--from-command", "--", "printf", "<%s>", ""]);
    assert_eq!(shell.ok(&["decrypt", "out", "-o", "-"]), "<>");
    shell.write("plain", sample(3_000_000));
    shell.ok(&["encrypt", "-f", "-o", "out", "--from-command", "--", "cat", "plain"]);
    assert!(shell.run(&["decrypt", "out", "-o", "-"]).stdout == shell.read("plain"));
    // Standard input is the command's own, and no secret is.
    let args = ["encrypt", "-f", "-o", "out", "--from-command", "--", "cat"];
    assert_eq!(shell.pipe(&args, b"typed").code, Some(0));
    assert_eq!(shell.ok(&["decrypt", "out", "-o", "-"]), "typed");
    shell.set("ENWRAP_NEW_PASSPHRASE", "a secret");
    shell.set("OTHER", "not ours");
    shell.ok(&["encrypt", "-f", "-o", "out", "--from-command", "--", "env"]);
    let environment = shell.ok(&["decrypt", "out", "-o", "-"]);
    assert!(environment.contains("OTHER=not ours") && !environment.contains("a secret"));
}

#[test]
fn a_command_that_fails_leaves_no_output_and_an_old_one_as_it_was() {
    let shell = Shell::new();
    let failing: [(&[&'static str], &str); 4] = [
        (&["false"], "'false' failed with exit status 1"),
        (&["sh", "-c", "head -c 300000 /dev/zero; exit 7"], "'sh' failed with exit status 7"),
        (&["sh", "-c", "head -c 300000 /dev/zero; kill -9 $$"], "killed by signal 9"),
        (&["no such command"], "cannot run 'no such command'"),
    ];
    for (command, says) in failing {
        shell.fails_harmlessly(&with(command), 15).says(&[says]);
    }
    shell.write("out", "old");
    let args = ["encrypt", "-f", "-o", "out", "--from-command", "--", "false"];
    shell.fails_harmlessly(&args, 15);
    // To a stream that is already out, the final frame is never written.
    let line = "enwrap encrypt -o - --from-command -- sh -c 'head -c 300000 /dev/zero; exit 1' \
        | enwrap decrypt | wc -c; ";
    let run = shell.sh(line);
    run.says(&["exit status 1", "truncated"]);
}

#[test]
fn a_command_is_never_mistaken_for_our_own_flags() {
    let shell = Shell::new();
    shell.write("file", "f");
    for args in [
        &["encrypt", "-o", "out", "--from-command", "file"][..],
        &["encrypt", "-o", "out", "--from-command", "file", "-f"],
        &["encrypt", "-o", "out", "--from-command", "pg_dump", "--verbose", "db"],
        &["encrypt", "-o", "out", "--from-command", "file", "--", "cat", "file"],
        &["encrypt", "-o", "out", "--from-command", "pg_dump", "-h", "host", "db"],
        &["encrypt", "-o", "out", "--from-command", "mysqldump", "--help"],
        &["--json", "encrypt", "-o", "-", "--from-command", "--", "cat", "file"],
        &["encrypt", "-o", "out", "--metadata", "out", "--from-command", "--", "cat", "file"],
        &["encrypt", ""],
        &["encrypt", "-o", "out", "--from-command"],
        &["encrypt", "-o", "out", "--from-command", "--"],
        &["encrypt", "--from-command", "--", "cat", "file"],
        &["encrypt", "--output-dir", "x", "--from-command", "--", "cat", "file"],
        &["encrypt", "-r", "-o", "x", "--from-command", "--", "cat", "file"],
    ] {
        shell.fails_harmlessly(args, 2);
    }
    shell.run(&["encrypt", "--from-command", "--help"]).success();
    // Without it, what follows '--' is a file, as everywhere.
    shell.write("-f", "a file");
    shell.ok(&["encrypt", "--", "-f"]);
    assert_eq!(shell.names(), ["-f", "-f.enwrap", "file"]);
}

#[test]
fn a_command_ends_when_its_output_is_not_wanted() {
    let shell = Shell::new();
    // It would never end by itself.
    let line = "ulimit -f 100; enwrap encrypt -o out --from-command -- \
        sh -c 'trap \"echo ended >&2; exit\" TERM PIPE; while :; do head -c 65536 /dev/zero || exit; done'";
    shell.sh(line).failure(1).says(&["cannot write 'out'"]);
    assert!(shell.names().is_empty());
    // Nor is a silent one waited for, or what it has left behind with its output in hand.
    let line = format!(
        "ulimit -f 100; timeout 50 '{ENWRAP}' encrypt -o out --from-command -- \
         sh -c 'exec 2> /dev/null; head -c 3000000 /dev/zero; sleep 60 & sleep 60'"
    );
    shell.sh(&line).failure(1).says(&["cannot write 'out'"]);
}
