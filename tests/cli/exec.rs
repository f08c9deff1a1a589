//! `exec`: a command with secrets in its environment.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::shell::{ENWRAP, Run, Shell};
use crate::terminal::at_terminal;

/// What no message may show.
const SECRET: &str = "correct-horse";

/// A place with an encrypted file of variables, `env`.
fn with(text: impl AsRef<[u8]>) -> Shell {
    let shell = Shell::new();
    add(&shell, "env", text);
    shell
}

fn add(shell: &Shell, name: &str, text: impl AsRef<[u8]>) {
    let message = shell.pipe(&["encrypt"], text.as_ref()).success().stdout;
    shell.write(name, message);
}

/// Runs a line of shell as the command.
fn exec(shell: &Shell, options: &[&str], line: &str) -> Run {
    shell.run(&[&["exec"], options, &["--", "sh", "-c", line]].concat())
}

/// A run that ends before the command starts, with 125, and says so.
#[track_caller]
fn refused(shell: &Shell, options: &[&str]) -> Run {
    let command = ["--", "touch", "started"];
    let run = shell.fails_harmlessly(&[&["exec"], options, &command].concat(), 125);
    assert!(!run.stderr.contains(SECRET), "{run:?}");
    run
}

#[test]
fn a_command_gets_the_variables_and_takes_our_place() {
    let shell = with("A='$HOME \"x\"'\nexport B=\"one\ntwo\"\nC=\n");
    let line = r#"printf '%s|%s|%s' "$A" "$B" "${C-unset}"; exit 7"#;
    let run = exec(&shell, &["-e", "env"], line);
    assert_eq!((run.code, run.text().as_str()), (Some(7), "$HOME \"x\"|one\ntwo|"), "{run:?}");
    let run = exec(&shell, &["-e", "env"], "kill -TERM $$");
    assert_eq!(run.signal, Some(15));
    // Its process is the one that was ours.
    let line = format!("echo $$; exec '{ENWRAP}' exec -e env -- sh -c 'echo $$'");
    let ids = shell.sh(&line).success().text();
    let ids: Vec<&str> = ids.lines().collect();
    assert_eq!(ids[0], ids[1]);
    // From standard input, and as JSON.
    let message = shell.pipe(&["encrypt"], b" {\"A\": \"x\\ny\"}").success().stdout;
    let args = ["exec", "-e", "-", "--", "sh", "-c", "echo \"$A\""];
    assert_eq!(shell.pipe(&args, &message).success().text(), "x\ny");
}

#[test]
fn the_ways_to_open_a_message_are_those_of_all_verbs() {
    let shell = Shell::new();
    let message = shell.pipe(&["encrypt", "-c", "of=prod"], b"A=1\n").success().stdout;
    shell.write("env", message);
    let run = exec(&shell, &["-e", "env", "-c", "of=prod", "--only-key", "main"], "echo $A");
    assert_eq!(run.success().text(), "1");
    refused(&shell, &["-e", "env", "-c", "of=test"]);
}

#[test]
fn names_are_chosen_changed_and_kept_as_asked() {
    let mut shell = with("A=file\nB=file\n");
    add(&shell, "other", "{\"B\": \"other\"}");
    shell.set("A", "ours");
    shell.set("ENWRAP_PASSPHRASE", "");
    let show = "echo ${A-} ${B-} ${P_A-} ${P_B-} ${HOME+home} ${X-}";
    let both = ["-e", "env", "-e", "other"];
    for (options, shown) in [
        (&["-e", "env"][..], "ours file home"),
        (&["-e", "env", "--override"], "file file home"),
        (&["-e", "env", "--only", "A", "--override"], "file home"),
        (&["-e", "env", "--prefix", "P_", "--only", "B"], "ours file home"),
        (&["-e", "env", "--pristine"], "file file home"),
        (&[&both[..], &["--override"]].concat(), "file other home"),
        (&[&both[..], &["--only", "A", "--override"]].concat(), "file home"),
    ] {
        assert_eq!(exec(&shell, options, show).success().text(), shown, "{options:?}");
    }
    refused(&shell, &both).says(&["env", "other", "B", "--override"]);
    refused(&shell, &["-e", "env", "--only", "A,MISSING"]).says(&["MISSING"]);
    for bad in ["1A", "A-B", ""] {
        refused(&shell, &["-e", "env", "--only", bad]);
        refused(&shell, &["-e", "env", "--prefix", bad]);
        refused(&shell, &["--secret-file", &format!("{bad}=env")]);
    }
}

#[test]
fn dangerous_names_need_to_be_allowed() {
    for name in ["PATH", "LD_PRELOAD", "ENWRAP_KEYRING", "PYTHONPATH", "GIT_SSH", "BASH_ENV"] {
        let shell = with(format!("{name}={SECRET}\n"));
        refused(&shell, &["-e", "env"]).says(&[name, "--allow-name"]);
    }
    let shell = with("GIT_AUTHOR_NAME=me\nB=b\n");
    let run =
        exec(&shell, &["-e", "env", "--allow-name", "GIT_AUTHOR_NAME"], "echo $GIT_AUTHOR_NAME");
    assert_eq!(run.success().text(), "me");
    assert_eq!(exec(&shell, &["-e", "env", "--only", "B"], "echo $B").success().text(), "b");
    refused(&shell, &["-e", "env", "--prefix", "LD_"]);
}

#[test]
fn a_file_that_is_not_right_starts_nothing_and_is_not_shown() {
    for (text, says) in [
        (format!("A=1\nB='{SECRET}"), "line 2, column 3"),
        (format!("{SECRET}\n"), "line 1"),
        (format!("A='x' {SECRET}\n"), "line 1, column 7"),
        (format!("{SECRET}=1\n"), "no name of a variable"),
        (format!("A={SECRET}\0\n"), "NUL"),
        (format!("{{\"A\": \"{SECRET}\\u0000\"}}"), "NUL"),
        (format!("{{\"A\": [\"{SECRET}\"]}}"), "no JSON object of strings"),
        (format!("{{\"A\": \"{SECRET}\", \"A\": \"\"}}"), "sets A twice"),
        (format!("{{\"A\": \"{SECRET}"), "ends too early"),
    ] {
        refused(&with(&text), &["-e", "env"]).says(&["env", says]);
    }
    refused(&with(b"A=\xFF"), &["-e", "env"]).says(&["UTF-8"]);
    refused(&with("A=1"), &["-e", "env", "--format", "json"]).says(&["JSON"]);
    // The second file is damaged in its last frame, when the first one is read.
    let shell = with("A=1\n");
    let mut damaged = shell.read("env");
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    shell.write("damaged", damaged);
    refused(&shell, &["-e", "env", "-e", "damaged"]).says(&["damaged"]);
    refused(&shell, &["-e", "env", "--secret-file", "B=damaged"]).says(&["damaged"]);
    refused(&shell, &["-e", "env", "-e", "missing"]).says(&["missing"]);
    refused(&shell, &["-e", "-", "-e", "-"]).says(&["only once"]);
    refused(&shell, &[]);
    refused(&shell, &["--no-such-option"]);
    let large = with(vec![b'#'; (16 << 20) + 1]);
    refused(&large, &["-e", "env"]).says(&["16777216 bytes"]);
}

#[test]
fn each_failure_has_its_code_and_its_kind() {
    let mut shell = with(format!("A={SECRET}\n"));
    shell.write("plain", "no program");
    for mask in [&[][..], &["--mask"]] {
        let code = |command: &str| {
            let args = [&["exec"], mask, &["-e", "env", "--", command]].concat();
            shell.run(&args).code
        };
        assert_eq!((code("./missing"), code("./plain")), (Some(127), Some(126)));
        assert_eq!((code("true"), code("false")), (Some(0), Some(1)));
    }
    // Of a script, the system says no more where the program of its first line is missing.
    shell.write("script", "#!/missing/program\n");
    Shell::chmod(&shell.path("script"), 0o755);
    let run = shell.fails(&["exec", "-e", "env", "--", "./script"], 127);
    assert!(run.stderr.contains("first line") && !run.stderr.contains("PATH"), "{run:?}");
    let record = &shell.run(&["--json", "exec", "-e", "missing", "--", "true"]).json()[0];
    assert_eq!((record["kind"].as_str(), record["exit_code"].as_i64()), (Some("failure"), Some(1)));
    // A job that did not get its secret.
    shell.set("ENWRAP_KEYRING_DATA", "");
    let run = refused(&shell, &["-e", "env"]).says(&["fork", "protected"]);
    drop(run);
    let record = &shell.run(&["--json", "exec", "-e", "env", "--", "true"]).json()[0];
    assert_eq!(record["kind"].as_str(), Some("keyring"));
}

#[test]
#[cfg(target_os = "linux")]
fn no_secret_is_anywhere_but_in_the_environment_of_the_command() {
    let mut shell = with(format!("A={SECRET}\n"));
    let keyring = fs::read_to_string(shell.keyring()).unwrap();
    shell.set("ENWRAP_KEYRING_DATA", keyring.clone());
    shell.set("ENWRAP_NEW_PASSPHRASE", "a passphrase");
    shell.set("ENWRAP_IMPORT_PASSPHRASE_FILE", "a file");
    let before = shell.names();
    for mask in [&[][..], &["--mask"]] {
        let args = [mask, &["-e", "env"]].concat();
        let run =
            exec(&shell, &args, "cat /proc/self/environ | tr '\\0' '\\n' | sed 's/correct/wrong/'");
        let environment = run.success().text();
        assert!(environment.contains("A=wrong-horse") && !environment.contains("PASSPHRASE"));
        assert!(!environment.contains("KEYRING_DATA"), "{environment}");
        let run = exec(&shell, &args, "cat /proc/self/cmdline /proc/$PPID/cmdline");
        assert!(!run.text().contains(SECRET));
        let alone = shell.command("sh", &["-c", "ls /proc/self/fd"]).output().unwrap().stdout;
        assert_eq!(exec(&shell, &args, "ls /proc/self/fd").stdout, alone);
    }
    assert_eq!(shell.names(), before);
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_has_the_signals_and_the_core_limit_of_our_caller() {
    let shell = with("A=1\n");
    // Without the real-time signals, of which the C library uses some for itself.
    let masks = "(ulimit -Sc; grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status | sed 's/:.*\\(.......\\)$/:\\1/')";
    shell.write("seen.sh", masks);
    let caller = "trap '' HUP; ulimit -Sc 7 2>/dev/null;";
    let seen = |command: &str| shell.sh(&format!("{caller} {command} sh seen.sh")).success().text();
    let alone = seen("");
    assert_eq!(alone.lines().count(), 4, "{alone}");
    assert_eq!(seen("enwrap exec -e env --"), alone);
    assert_eq!(seen("enwrap exec --mask -e env --"), alone);
}

#[test]
#[cfg(target_os = "linux")]
fn a_secret_file_is_in_memory_and_cannot_be_changed() {
    let shell = with("A=1\n");
    add(&shell, "key", [&b"binary\0\xFF "[..], SECRET.as_bytes()].concat());
    let options = ["-e", "env", "--secret-file", "KEY=key"];
    let run = exec(&shell, &options, "cat \"$KEY\" \"$KEY\"; stat -Lc ' %a' \"$KEY\"");
    let twice = [&b"binary\0\xFF "[..], SECRET.as_bytes()].concat().repeat(2);
    assert_eq!(run.success().stdout, [&twice[..], b" 400\n"].concat());
    let run = exec(&shell, &options, "echo x 2>&1 >> \"$KEY\"; readlink \"$KEY\"; cat \"$KEY\"");
    let shown = String::from_utf8_lossy(&run.stdout);
    assert!(shown.contains("memfd:") && shown.ends_with(SECRET), "{shown}");
    let run = exec(&shell, &[&options[..], &["--mask"]].concat(), "cat \"$KEY\"");
    assert_eq!(run.success().text(), "***");
    refused(&shell, &["--secret-file", "KEY=key", "--secret-file", "KEY=env"]).says(&["twice"]);
    refused(&shell, &["-e", "env", "--secret-file", "A=key"]).says(&["A", "--override"]);
}

#[test]
fn secrets_in_the_output_are_masked_in_every_form() {
    let shell = with(format!(
        "A={SECRET}\nB='first line\nsecond line'\nC=abc\nD=correct-horse-battery\nE='sp ace/%'\n"
    ));
    for (line, shown) in [
        ("echo \"<$A>\"", "<***>"),
        ("echo \"$A\" >&2", ""),
        ("echo \"<$B>\"; echo \"$B\" | tail -n 1", "<***>\n***"),
        ("printf %s \"$A\" | base64", "***"),
        ("printf 'xx%syy' \"$A\" | base64", "eHh***eXk="),
        ("printf %s \"$A\" | od -An -tx1 | tr -d ' \\n'", "***"),
        ("printf %s \"$A\" | od -An -tx1 | tr -d ' \\n' | tr a-f A-F", "***"),
        ("echo 'sp%20ace%2F%25 sp+ace%2f%25 sp ace\\/%'", "*** *** ***"),
        ("echo $C", "abc"),
        ("echo $D", "***"),
        ("printf correct-; printf horse; printf -- -x", "***-x"),
        ("printf correct-; printf X", "correct-X"),
        ("printf correct-", "correct-"),
    ] {
        let run = exec(&shell, &["--mask", "-e", "env"], line);
        assert_eq!((run.code, run.text().as_str()), (Some(0), shown), "{line}: {run:?}");
        assert!(!run.stderr.contains(SECRET));
    }
    let run = exec(&shell, &["--mask", "-e", "env"], "echo \"$A\" >&2");
    assert_eq!(run.stderr, "***\n");
    // What is not given to the command is not hidden: another file may have harmless words in it.
    let run = exec(&shell, &["--mask", "-e", "env", "--only", "C"], "echo first line");
    assert_eq!(run.text(), "first line");
}

#[test]
fn a_masked_command_ends_as_it_would_alone() {
    let shell = with(format!("A={SECRET}\n"));
    let masked = |line: &str| exec(&shell, &["--mask", "-e", "env"], line);
    assert_eq!(masked("exit 9").code, Some(9));
    for signal in ["TERM", "KILL", "SEGV", "USR1"] {
        let alone = shell.command("sh", &["-c", &format!("kill -{signal} $$")]).status().unwrap();
        let number = std::os::unix::process::ExitStatusExt::signal(&alone);
        assert_eq!(masked(&format!("kill -{signal} $$")).signal, number, "{signal}");
    }
    // One that closes its outputs is waited for, and so is the one whose output nobody reads.
    assert_eq!(masked("exec >&- 2>&-; echo x > late; exit 3").code, Some(3));
    assert_eq!(shell.read("late"), b"x\n");
    let line =
        format!("('{ENWRAP}' exec --mask -e env -- sh -c 'exec yes'; echo $? > code) | head -n 1");
    assert_eq!(shell.sh(&line).text(), "y");
    assert_eq!(shell.read("code"), b"141\n");
    // A grandchild that keeps the outputs open is not waited for.
    shell.sh("mkfifo alive").success();
    let mut child = shell.start(&[
        "exec",
        "--mask",
        "-e",
        "env",
        "--",
        "sh",
        "-c",
        "sh -c 'read x < alive' & echo \"$A\"",
    ]);
    let mut output = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut output).unwrap();
    assert_eq!(output, b"***\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    shell.sh("echo > alive").success();
}

#[test]
fn a_signal_to_us_is_the_commands() {
    let shell = with(format!("A={SECRET}\n"));
    let mut signals = vec![Signal::TERM, Signal::HUP, Signal::USR1, Signal::USR2];
    // At a terminal, these are taken for Ctrl-C, which the command gets without us.
    if File::open("/dev/tty").is_err() {
        signals.extend([Signal::INT, Signal::QUIT]);
    }
    for signal in signals {
        let line = "trap 'echo caught $A; exit 4' INT TERM HUP QUIT USR1 USR2; echo ready; \
            while :; do read x || exit 1; done";
        let mut child = shell.start(&["exec", "--mask", "-e", "env", "--", "sh", "-c", line]);
        let mut stdout = child.stdout.take().unwrap();
        let mut ready = [0; 6];
        stdout.read_exact(&mut ready).unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        // Some shells handle a signal only when their read has ended; others have gone by now.
        drop(writeln!(child.stdin.as_ref().unwrap()));
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("caught ***\n", Some(4)));
    }
    // One that does not handle it dies by it, and so do we.
    shell.sh("mkfifo alive").success();
    let line = "exec 3> alive; exec sleep 600";
    let child = shell.start(&["exec", "--mask", "-e", "env", "--", "sh", "-c", line]);
    let mut alive = File::open(shell.path("alive")).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(alive.read(&mut [0]).unwrap(), 0);
    assert_eq!(Run::from(child.wait_with_output().unwrap()).signal, Some(15));
}

#[test]
fn output_without_an_end_of_line_is_not_held() {
    let shell = with(format!("A={SECRET}\n"));
    let line =
        "printf 'Name? '; read name; printf 'cor'; read rest; printf \"%s\" \"rect-horse\"; read x";
    let mut child = shell.start(&["exec", "--mask", "-e", "env", "--", "sh", "-c", line]);
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut expect = |text: &str| {
        let mut read = vec![0; text.len()];
        stdout.read_exact(&mut read).unwrap();
        assert_eq!(String::from_utf8(read).unwrap(), text);
    };
    expect("Name? ");
    writeln!(stdin, "x").unwrap();
    // It could become a secret, and is shown all the same when nothing follows.
    expect("cor");
    writeln!(stdin, "x").unwrap();
    expect("***");
    writeln!(stdin, "x").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_runner_of_github_learns_the_secrets_and_nobody_else() {
    let mut shell = with("A='100% sure'\nB=\"first\nsecond\"\nC=abc\n");
    refused(&shell, &["--mask=github", "-e", "env"]).says(&["no", "GitHub"]);
    shell.set("GITHUB_ACTIONS", "true");
    let run = exec(&shell, &["--mask=github", "-e", "env"], "echo \"$A\"");
    let told = "::add-mask::100%25 sure\n::add-mask::first\n::add-mask::second\n***";
    assert_eq!(run.success().text(), told);
    let line = "enwrap exec --mask=github -e env -- true > log";
    assert_eq!(shell.sh(line).code, Some(125));
    assert_eq!(shell.read("log"), b"");
    assert_eq!(exec(&shell, &["--mask=gitlab", "-e", "env"], "echo \"$A\"").text(), "***");
}

#[test]
fn at_a_terminal_a_masked_command_has_one_too() {
    let shell = with(format!("A={SECRET}\n"));
    let command = "stty size; test -t 1 && test -t 2 && echo terminal; echo $A; echo $A > /dev/tty; echo $A >&2; exit 6";
    let line = format!(
        "stty rows 17 cols 71; '{ENWRAP}' exec --mask -e env -- sh -c '{command}'; echo $?; stty -a"
    );
    let Some(run) = at_terminal(&shell, &line) else { return };
    // `script` types a NUL at the end of its input, which the terminal echoes at any time.
    let text = run.text().replace('\r', "").replace("^@", "");
    assert!(text.contains("17 71\nterminal\n***\n***\n***\n6\n"), "{text}");
    // Ours is as it was.
    assert!(
        text.contains(" icanon") && text.contains(" echo ") && text.contains("opost -olcuc"),
        "{text}"
    );
    // With input from elsewhere, and errors to elsewhere.
    let line =
        format!("echo typed | '{ENWRAP}' exec --mask -e env -- sh -c 'cat; echo $A >&2' 2> errors");
    let run = at_terminal(&shell, &line).unwrap().success();
    assert_eq!(
        (run.text().replace('\r', "").as_str(), &shell.read("errors")[..]),
        ("typed", &b"***\n"[..])
    );
}

#[test]
fn a_masked_command_at_a_terminal_stops_and_goes_on() {
    let shell = with(format!("A={SECRET}\n"));
    // It stops itself.
    let line = format!(
        "set -m; '{ENWRAP}' exec --mask -e env -- sh -c 'kill -STOP $$; echo on $A; exit 3'; echo stopped; fg; echo $?"
    );
    let Some(run) = at_terminal(&shell, &line) else { return };
    let text = run.text().replace('\r', "").replace("^@", "");
    let (before, after) = text.split_once("stopped\n").unwrap();
    assert!(!before.contains("on ***") && after.contains("on ***\n3"), "{text}");
    // By Ctrl-Z, and then a line is typed.
    let line = format!(
        "set -m; '{ENWRAP}' exec --mask -e env -- sh -c 'echo ready; read x; echo got $x $A; exit 3'; echo stopped; fg; echo code $?"
    );
    let mut command = shell.command("script", &["-qec", &line, "/dev/null"]);
    command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut terminal = command.spawn().unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let mut shown = String::new();
    let mut wait_for = |text: &str| {
        let mut byte = [0];
        while !shown.ends_with(text) && screen.read(&mut byte).unwrap() == 1 {
            shown.push(char::from(byte[0]));
        }
        shown.clone()
    };
    // When the command speaks, our terminal was in raw mode before.
    wait_for("ready\r\n");
    keys.write_all(b"\x1a").unwrap();
    wait_for("stopped\r\n");
    // Read by the command, whether it goes on before or after this.
    keys.write_all(b"hello\r").unwrap();
    let shown = wait_for("code 3\r\n");
    assert!(shown.contains("got hello ***\r\n"), "{shown}");
    drop(keys);
    terminal.wait().unwrap();
}

#[test]
fn a_key_of_the_terminal_reaches_a_masked_command() {
    let shell = with(format!("A={SECRET}\n"));
    let line = format!(
        "'{ENWRAP}' exec --mask -e env -- sh -c 'trap \"echo caught; exit 9\" INT; echo ready; read x'; echo code $?"
    );
    let mut command = shell.command("script", &["-qec", &line, "/dev/null"]);
    command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
    if at_terminal(&shell, "true").is_none() {
        return;
    }
    let mut terminal = command.spawn().unwrap();
    let (mut keys, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let mut shown = Vec::new();
    let mut byte = [0];
    while !shown.ends_with(b"ready\r\n") && screen.read(&mut byte).unwrap() == 1 {
        shown.push(byte[0]);
    }
    keys.write_all(b"\x03").unwrap();
    screen.read_to_end(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert!(shown.contains("caught\r\n") && shown.contains("code 9\r\n"), "{shown}");
    terminal.wait().unwrap();
}

#[test]
fn a_plaintext_is_not_written_to_a_disk() {
    let shell = with(format!("A={SECRET}\n"));
    let holds = |folder: &Path| {
        fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| fs::read(entry.unwrap().path()).ok())
            .any(|bytes| bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()))
    };
    let mut command =
        shell.command(ENWRAP, &["exec", "--mask", "-e", "env", "--", "sh", "-c", "read x"]);
    command.env("TMPDIR", shell.cwd.path()).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    assert!(!holds(shell.cwd.path()));
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(!holds(shell.cwd.path()));
}
