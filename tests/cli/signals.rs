//! Signals: nothing temporary stays, and the death is the signal's.

use std::io::Write as _;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::shell::{ENWRAP, Run, Shell, sample, status_field};

#[test]
fn a_signal_removes_what_is_temporary_and_ends_the_run() {
    for (signal, number) in
        [(Signal::INT, 2), (Signal::TERM, 15), (Signal::HUP, 1), (Signal::QUIT, 3)]
    {
        // A job in the background of a script ignores some, and so do we.
        if is_in_mask("self", "SigIgn:", number) {
            continue;
        }
        let shell = Shell::new();
        shell.write("out", "the old output");
        let before = shell.snapshot();
        let mut child = shell.start(&["encrypt", "-f", "-o", "out"]);
        let mut stdin = child.stdin.take().unwrap();
        // More than a pipe holds: when this returns, the run has begun to write.
        stdin.write_all(&sample(2_000_000)).unwrap();
        assert!(is_caught(&child, number));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!(run.signal, Some(number), "{run:?}");
        assert_eq!(shell.snapshot(), before);
    }
}

/// Whether the process has a handler for a signal; elsewhere than on Linux, that cannot be seen.
fn is_caught(child: &Child, signal: i32) -> bool {
    !cfg!(target_os = "linux") || is_in_mask(&child.id().to_string(), "SigCgt:", signal)
}

fn is_in_mask(process: &str, mask: &str, signal: i32) -> bool {
    let mask = status_field(process, mask).unwrap_or_else(|| "0".to_owned());
    u64::from_str_radix(&mask, 16).unwrap() >> (signal - 1) & 1 == 1
}

#[test]
fn a_signal_that_the_caller_ignores_is_ignored() {
    let shell = Shell::new();
    let line = format!("trap '' HUP; exec '{ENWRAP}' encrypt -o out");
    let mut command = shell.command("sh", &["-c", &line]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&sample(2_000_000)).unwrap();
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    stdin.write_all(&sample(2_000_000)).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!(shell.names(), ["out"]);
}
