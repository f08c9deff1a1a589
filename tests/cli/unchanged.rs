//! `encrypt --if-changed`: what holds the same already is left as it is.

use crate::shell::{Shell, sample};

const SAME: [&str; 5] = ["encrypt", "--if-changed", "plain", "-o", "out"];

fn with(more: &[&'static str]) -> Vec<&'static str> {
    SAME.iter().chain(more).copied().collect()
}

#[test]
fn the_same_bytes_keys_and_context_leave_the_output_alone() {
    let shell = Shell::new();
    shell.ok(&["keygen", "other"]);
    for plain in [Vec::new(), b"a".to_vec(), sample(300_000)] {
        for more in [
            &[][..],
            &["-c", "of=x", "--bind", "for=y"],
            &["--armor", "--frame-length", "1000"],
            &["--algorithm", "0x0578", "-k", "other", "-k", "main"],
        ] {
            shell.write("plain", &plain);
            shell.ok(&with(more));
            let before = shell.snapshot();
            let args = [&["--json"], &with(more)[..]].concat();
            let record = &shell.run(&args).success().json()[0];
            assert_eq!(record["unchanged"], true);
            assert_eq!(record["plaintext_bytes"], plain.len());
            assert_eq!(record["message_bytes"], shell.read("out").len());
            // A pipe, a command, and a file that is synced, are compared too.
            let piped: Vec<&str> =
                with(more).into_iter().map(|it| if it == "plain" { "-" } else { it }).collect();
            shell.pipe(&piped, &plain).success();
            let mut from = vec!["encrypt", "--if-changed", "-o", "out"];
            from.extend(more);
            from.extend(["--from-command", "--", "cat", "plain"]);
            shell.ok(&from);
            shell.ok(&with(&[more, &["--sync", "-f", "-j", "1"]].concat()));
            assert_eq!(shell.snapshot(), before, "{more:?}");
            std::fs::remove_file(shell.path("out")).unwrap();
        }
    }
}

#[test]
fn what_differs_is_refused_or_replaced() {
    let shell = Shell::new();
    shell.ok(&["keygen", "other"]);
    shell.write("plain", sample(200_000));
    shell.ok(&with(&["-c", "of=x", "--bind", "for=y"]));
    for (more, says) in [
        (&["--bind", "for=y"][..], "another encryption context"),
        (&["-c", "of=z", "--bind", "for=y"], "another encryption context"),
        (&["-c", "of=x"], "no message that opens"),
        (&["-c", "of=x", "--bind", "for=y", "-k", "other"], "no message that opens"),
        (&["-c", "of=x", "--bind", "for=y", "-k", "other", "-k", "main"], "under other keys"),
        (&["-c", "of=x", "--bind", "for=y", "--armor"], "another algorithm"),
        (&["-c", "of=x", "--bind", "for=y", "--algorithm", "0x0578"], "another algorithm"),
        (&["-c", "of=x", "--bind", "for=y", "--frame-length", "99"], "another algorithm"),
    ] {
        let run = shell.fails_harmlessly(&with(more), 8);
        if !run.stderr.contains(says) && says == "no message that opens" {
            run.says(&["other keys"]);
        } else {
            run.says(&[says, "-f"]);
        }
    }
    let same = with(&["-c", "of=x", "--bind", "for=y"]);
    for other in [sample(199_999), sample(200_001), Vec::new(), [vec![0], sample(200_000)].concat()]
    {
        shell.write("plain", &other);
        shell.fails_harmlessly(&same, 8).says(&["holds other bytes"]);
        let before = shell.snapshot();
        let piped: Vec<&str> =
            same.iter().map(|it| if *it == "plain" { "-" } else { it }).collect();
        shell.pipe(&piped, &other).failure(8).says(&["holds other bytes"]);
        assert_eq!(shell.snapshot(), before);
        let forced = [&piped[..], &["-f"]].concat();
        shell.pipe(&forced, &other).success();
        assert!(shell.run(&["decrypt", "out", "-o", "-", "-c", "for=y"]).stdout == other);
        shell.ok(&same);
        shell.write("plain", sample(200_000));
        shell.ok(&with(&["-c", "of=x", "--bind", "for=y", "-f"]));
    }
    // A rotation makes a new version the current one.
    shell.ok(&["key", "rotate", "main"]);
    shell.fails_harmlessly(&same, 8).says(&["other versions"]);
    shell.ok(&with(&["-c", "of=x", "--bind", "for=y", "-f"]));
    shell.ok(&same);
    // A damaged output, one that is cut, and one that is no message.
    let whole = shell.read("out");
    let mut damaged = whole.clone();
    damaged[150_000] ^= 1;
    for bad in [&damaged[..], &whole[..150_000], &whole[..20], b"text", b""] {
        shell.write("out", bad);
        shell.fails_harmlessly(&same, 8);
        let piped: Vec<&str> =
            same.iter().map(|it| if *it == "plain" { "-" } else { it }).collect();
        shell.pipe(&piped, &shell.read("plain")).failure(8);
        assert_eq!(shell.read("out"), bad);
    }
    shell.ok(&with(&["-c", "of=x", "--bind", "for=y", "-f"]));
    shell.ok(&same);
}

#[test]
fn a_command_that_fails_changes_nothing_also_if_all_was_the_same() {
    let shell = Shell::new();
    shell.write("plain", "p");
    shell.ok(&SAME);
    let line = ["encrypt", "--if-changed", "-f", "-o", "out", "--from-command", "--"];
    let command = ["sh", "-c", "cat plain; exit 1"];
    shell.fails_harmlessly(&[&line[..], &command].concat(), 15);
}

#[test]
fn folders_are_brought_up_to_date_file_by_file() {
    let shell = Shell::new();
    std::fs::create_dir(shell.path("tree")).unwrap();
    for name in ["a", "b", "c"] {
        shell.write(&format!("tree/{name}"), name);
    }
    let args = ["--json", "encrypt", "-r", "--if-changed", "tree"];
    assert_eq!(shell.run(&args).success().json().last().unwrap()["encrypted"], 3);
    let [a, b] = ["tree/a.enwrap", "tree/b.enwrap"].map(|name| shell.read(name));
    let summary = shell.run(&args).success().json().pop().unwrap();
    assert_eq!((&summary["encrypted"], &summary["skipped"]["unchanged"]), (&0.into(), &3.into()));
    shell.write("tree/b", "B");
    shell.write("tree/d", "d");
    let lines = shell.run(&args).failure(12).json();
    let error = lines.iter().find(|line| line["type"] == "error").unwrap();
    assert_eq!((&error["exit_code"], &error["path"]), (&8.into(), &"tree/b".into()));
    assert_eq!(shell.read("tree/b.enwrap"), b);
    let forced = ["--json", "encrypt", "-r", "--if-changed", "-f", "tree"];
    let summary = shell.run(&forced).success().json().pop().unwrap();
    assert_eq!((&summary["encrypted"], &summary["skipped"]["unchanged"]), (&1.into(), &3.into()));
    assert_eq!(shell.read("tree/a.enwrap"), a);
    assert_eq!(shell.ok(&["decrypt", "tree/b.enwrap", "-o", "-"]), "B");
    // What is no message is not the result of an earlier run.
    shell.write("tree/c.enwrap", "precious");
    shell.fails(&args, 12);
    shell.fails(&forced, 12);
    assert_eq!(shell.read("tree/c.enwrap"), b"precious");
}

#[test]
fn it_is_about_files() {
    let shell = Shell::new();
    shell.write("plain", "p");
    for args in [
        &["encrypt", "--if-changed", "plain", "-o", "-"][..],
        &["encrypt", "--if-changed", "plain", "-o", "/dev/null"],
        &["encrypt", "--if-changed", "plain", "-o", "."],
        &["encrypt", "--if-changed", "plain", "-o", "plain"],
        &["encrypt", "--if-changed", "--remove-source", "plain"],
        &["encrypt", "--if-changed", "-r", "--skip-existing", "."],
    ] {
        shell.fails_harmlessly(args, 2);
    }
}
