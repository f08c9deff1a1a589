//! What the processes get that enwrap starts: what its caller gave it, and nothing of its own.

use std::fs::File;
use std::io::Read as _;

use rustix::process::{Pid, Signal, kill_process};

use crate::shell::{Run, Shell};

/// Begins a shell line that differs from a plain environment in what a child must see unchanged: an ignored
/// signal, a limit, an open descriptor.
const CALLER: &str = "trap '' HUP; ulimit -Sc 7 2>/dev/null; exec 7< right;";

/// Runs `line` as the caller itself, as a producer, and as a command that prints a passphrase; returns what each
/// wrote.
fn seen_by(line: &str) -> [String; 3] {
    let shell = Shell::new();
    shell.write("right", "right\n");
    shell.write("seen.sh", format!("{line} > \"$1\""));
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "right"]);
    let run = |line: &str| shell.sh(&format!("{CALLER} {line}")).success();
    run("sh seen.sh caller");
    run("enwrap --passphrase-file right encrypt -o out --from-command -- sh seen.sh producer");
    run("enwrap --passphrase-command 'sh seen.sh passphrase; cat right' key list");
    ["caller", "producer", "passphrase"].map(|name| String::from_utf8(shell.read(name)).unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_inherits_no_descriptor_of_ours() {
    let [caller, producer, passphrase] = seen_by("ls /proc/self/fd");
    assert!(caller.lines().any(|line| line == "7"), "{caller}");
    assert_eq!((&producer, &passphrase), (&caller, &caller));
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_has_the_signals_and_the_core_limit_of_our_caller() {
    // Without the real-time signals, of which the C library uses some for itself.
    let masks = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status | sed 's/:.*\\(.......\\)$/:\\1/'";
    let [caller, producer, passphrase] = seen_by(&format!("(ulimit -Sc; {masks})"));
    assert_eq!(caller.lines().count(), 4, "{caller}");
    assert_eq!((&producer, &passphrase), (&caller, &caller));
}

#[test]
fn a_signal_to_us_ends_a_silent_child() {
    let shell = Shell::new();
    shell.sh("mkfifo alive").success();
    let command = "exec 3> alive; exec sleep 600";
    let child = shell.start(&["encrypt", "-o", "out", "--from-command", "--", "sh", "-c", command]);
    // Opens when the child has opened its end, and ends when the child does.
    let mut alive = File::open(shell.path("alive")).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(alive.read(&mut [0]).unwrap(), 0);
    assert_eq!(Run::from(child.wait_with_output().unwrap()).signal, Some(15));
    assert_eq!(shell.names(), ["alive"]);
}
