//! Pipes in, pipes out.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::shell::{Shell, sample};

#[test]
fn a_pipe_comes_back_as_it_was() {
    let shell = Shell::new();
    for len in [0, 1, 65_536, 65_537, 3_000_000] {
        let message = shell.pipe(&["encrypt"], &sample(len)).success().stdout;
        let plaintext = shell.pipe(&["decrypt"], &message).success().stdout;
        assert_eq!(plaintext, sample(len));
    }
}

#[test]
fn a_dash_is_standard_input_once() {
    let shell = Shell::new();
    let message = shell.pipe(&["encrypt", "-"], b"text").success().stdout;
    assert_eq!(shell.pipe(&["decrypt", "-"], &message).success().text(), "text");
    shell.fails(&["encrypt", "-", "-"], 2).says(&["only once"]);
}

#[test]
fn each_frame_is_released_when_its_tag_holds() {
    let shell = Shell::new();
    let mut message = shell.pipe(&["encrypt"], &sample(200_000)).success().stdout;
    let len = message.len();
    message[len - 1] ^= 1;
    let run = shell.pipe(&["decrypt"], &message).failure(4);
    assert_eq!(run.stdout, sample(3 * 65_536));
}

#[test]
fn a_reader_that_leaves_ends_it_by_sigpipe() {
    let shell = Shell::new();
    shell.write("a", sample(3_000_000));
    shell.ok(&["encrypt", "a"]);
    for args in [["encrypt", "a", "-o", "-"], ["decrypt", "a.enwrap", "-o", "-"]] {
        let mut child = shell.start(&args);
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let run = crate::shell::Run::from(child.wait_with_output().unwrap());
        assert_eq!((run.signal, run.stderr.as_str()), (Some(13), ""));
    }
}

/// More than a process that holds at most 8 MiB can have read of its source when the first bytes
/// of its output are seen, so that a change made then is one that it meets.
const MORE_THAN_IS_READ_AHEAD: usize = 16_000_000;

#[test]
fn a_source_that_shrinks_is_an_error_and_leaves_no_whole_message() {
    let shell = Shell::new();
    shell.write("a", sample(MORE_THAN_IS_READ_AHEAD));
    let mut child = shell.start(&["encrypt", "a", "-o", "-"]);
    let mut stdout = child.stdout.take().unwrap();
    let mut message = vec![0; 10];
    stdout.read_exact(&mut message).unwrap();
    let file = std::fs::File::options().write(true).open(shell.path("a")).unwrap();
    file.set_len(1_000_000).unwrap();
    stdout.read_to_end(&mut message).unwrap();
    let run = crate::shell::Run::from(child.wait_with_output().unwrap());
    run.failure(1).says(&["a: reading failed", "it shrank from 16000000 to "]);
    shell.pipe(&["decrypt"], &message).failure(5);
}

#[test]
fn a_source_that_changes_meanwhile_is_a_warning() {
    let shell = Shell::new();
    shell.write("a", sample(MORE_THAN_IS_READ_AHEAD));
    let mut child = shell.start(&["encrypt", "a", "-o", "-"]);
    let mut stdout = child.stdout.take().unwrap();
    let mut message = vec![0; 10];
    stdout.read_exact(&mut message).unwrap();
    let mut file = std::fs::File::options().append(true).open(shell.path("a")).unwrap();
    file.write_all(b"more").unwrap();
    stdout.read_to_end(&mut message).unwrap();
    let run = crate::shell::Run::from(child.wait_with_output().unwrap());
    run.success().says(&["warning: a: it changed while it was read"]);
    let plaintext = shell.pipe(&["decrypt"], &message).success().stdout;
    assert_eq!(plaintext, [sample(MORE_THAN_IS_READ_AHEAD), b"more".to_vec()].concat());
}

#[test]
fn an_endless_stream_takes_no_memory() {
    let shell = Shell::new();
    // 64 MiB under a limit of 48 MiB of address space beyond the program's own.
    let line =
        "ulimit -v 60000; head -c 67108864 /dev/zero | enwrap encrypt | enwrap decrypt | wc -c";
    assert_eq!(shell.sh(line).success().text(), "67108864");
}

#[test]
fn standard_output_that_is_the_input_is_refused() {
    let shell = Shell::new();
    shell.write("a", "text");
    let out = std::fs::File::options().append(true).open(shell.path("a")).unwrap();
    let mut command = shell.command(crate::shell::ENWRAP, &["encrypt", "a", "-o", "-"]);
    let run = command.stdout(out).stderr(Stdio::piped()).spawn().unwrap().wait_with_output();
    crate::shell::Run::from(run.unwrap()).failure(2).says(&["same file"]);
    assert_eq!(shell.read("a"), b"text");
}

#[test]
fn a_stream_that_does_not_block_is_waited_for() {
    let shell = Shell::new();
    let bytes = sample(3_000_000);
    let (input, stdin) = UnixStream::pair().unwrap();
    let (mut output, stdout) = UnixStream::pair().unwrap();
    // The mode belongs to the open file, which the process inherits.
    stdin.set_nonblocking(true).unwrap();
    stdout.set_nonblocking(true).unwrap();
    let mut command = shell.command(crate::shell::ENWRAP, &["encrypt"]);
    command.stdin(OwnedFd::from(stdin)).stdout(OwnedFd::from(stdout));
    let mut child = command.spawn().unwrap();
    // With it go the copies of the ends that the process has.
    drop(command);
    let mut message = Vec::new();
    std::thread::scope(|scope| {
        let mut input = input;
        scope.spawn(move || input.write_all(&bytes).unwrap());
        output.read_to_end(&mut message).unwrap();
    });
    assert!(child.wait().unwrap().success());
    let plaintext = shell.pipe(&["decrypt"], &message).success().stdout;
    assert!(plaintext == sample(3_000_000));
}

#[test]
fn a_closed_stream_is_an_error_before_any_work() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let keyring = std::fs::read(shell.keyring()).unwrap();
    for line in [
        "enwrap encrypt -o - a >&-",
        "enwrap encrypt < a >&-",
        "enwrap decrypt -o - a.enwrap >&-",
        "enwrap datakey >&-",
        "enwrap datakey --blob-out b >&-",
        "enwrap keygen new >&-",
        "enwrap key rotate main >&-",
        "enwrap key list >&-",
        "enwrap --json verify a.enwrap >&-",
    ] {
        shell.sh(line).failure(1).says(&["standard output is closed"]);
    }
    shell.sh("enwrap encrypt -o b <&-").failure(1).says(&["standard input is closed"]);
    assert!(!shell.path("b").exists());
    assert_eq!(std::fs::read(shell.keyring()).unwrap(), keyring);
    // What prints nothing does not need it, and the null device is no closed stream.
    shell.sh("enwrap decrypt a.enwrap -o b >&- <&-").success();
    shell.sh("enwrap keygen new <>/dev/null 1<>/dev/null").success();
}
