//! What becomes of the files that commands write: errors that come late, owners and modes, and files that must not
//! be written to.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};

use crate::shell::Shell;

/// A `close` that fails for every file that was written to, as on a file system that reports write errors late.
const FAILING_CLOSE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
int close(int fd) {
    struct stat s;
    int flags = fcntl(fd, F_GETFL);
    int fails = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fstat(fd, &s) == 0
        && S_ISREG(s.st_mode) && s.st_size > 0;
    int (*real)(int) = dlsym(RTLD_NEXT, "close");
    int result = real(fd);
    if (!fails) return result;
    errno = EIO;
    return -1;
}
"#;

/// Has `close` fail for the commands of `shell`; false where no C compiler is there to build that.
fn break_close(shell: &mut Shell) -> bool {
    shell.write("close.c", FAILING_CLOSE);
    let args = ["-shared", "-fPIC", "-o", "close.so", "close.c", "-ldl"];
    let is_built = shell.command("cc", &args).status().is_ok_and(|status| status.success());
    shell.set("LD_PRELOAD", shell.path("close.so").to_string_lossy());
    is_built
}

#[test]
#[cfg(target_os = "linux")]
fn an_error_of_close_is_an_error_and_costs_no_source_and_no_key() {
    let mut shell = Shell::new();
    shell.ok(&["keygen", "other"]);
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-o", "message"]);
    if !break_close(&mut shell) {
        return;
    }
    // Lock files stay.
    let snapshot = || {
        let mut files = shell.snapshot();
        files.retain(|(name, ..)| !name.ends_with(".lock"));
        files
    };
    let (keyring, before) = (fs::read(shell.keyring()).unwrap(), snapshot());
    for line in [
        "encrypt --sync --remove-source a",
        "decrypt message -o b",
        "decrypt message --salvage -o b",
        "reencrypt message",
        "reencrypt message -o b",
        "keyring backup b",
        "key export main -o b",
        "datakey --blob-out b",
        "keygen new",
        "key rotate main",
        "man .",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        shell.fails(&args, 1).says(&["cannot close", "Input/output error"]);
        assert!(snapshot() == before, "{line}");
        assert_eq!(fs::read(shell.keyring()).unwrap(), keyring, "{line}");
    }
    shell.fails(&["rewrap", "-k", "other", "message"], 1).says(&["message.envelope"]);
    assert!(!shell.path("message.envelope").exists());
    shell.fails(&["encrypt", "a", "--metadata", "m"], 1).says(&["cannot"]);
    shell.sh("enwrap key list > list").failure(1).says(&["cannot close standard output"]);
}

#[test]
fn no_command_writes_to_the_keyring() {
    fn with_keyring<'a>(verb: &[&'a str]) -> Vec<&'a str> {
        [&["--keyring", "keyring.json"], verb].concat()
    }
    let shell = Shell::bare();
    shell.ok(&with_keyring(&["keygen", "main"]));
    shell.ok(&with_keyring(&["keygen", "other"]));
    shell.write("a", "text");
    shell.ok(&with_keyring(&["encrypt", "a", "-o", "message"]));
    symlink("keyring.json", shell.path("link")).unwrap();
    symlink("keyring.json.lock", shell.path("link-to-lock")).unwrap();
    fs::hard_link(shell.path("keyring.json"), shell.path("twin")).unwrap();
    fs::hard_link(shell.path("keyring.json.1"), shell.path("twin-of-1")).unwrap();
    let commands = [
        "encrypt -f a -o OUT",
        "encrypt a --metadata OUT",
        "encrypt -f -o OUT --from-command -- true",
        "decrypt -f message -o OUT",
        "decrypt -f message --salvage -o OUT",
        "verify message --metadata OUT",
        "reencrypt -f message -o OUT",
        "rewrap -k other message --envelope OUT",
        "datakey -f --blob-out OUT",
        "keyring backup -f OUT",
    ];
    let files =
        ["keyring.json", "./keyring.json.lock", "link", "link-to-lock", "twin", "twin-of-1"];
    // And a generation that is still to come.
    for file in files.into_iter().chain(["keyring.json.99"]) {
        for command in commands {
            let words = command.split(' ').map(|word| if word == "OUT" { file } else { word });
            let args = with_keyring(&words.collect::<Vec<_>>());
            shell.fails_harmlessly(&args, 2).says(&["belongs to the keyring"]);
        }
    }
}

#[test]
fn no_command_writes_to_the_file_of_the_passphrase() {
    fn sealed<'a>(pass: &'a str, verb: &[&'a str]) -> Vec<&'a str> {
        [&["--passphrase-file", pass], verb].concat()
    }
    let shell = Shell::new();
    shell.write("pass", "a passphrase");
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "pass"]);
    fs::hard_link(shell.path("pass"), shell.path("twin")).unwrap();
    fs::create_dir(shell.path("folder")).unwrap();
    shell.write("folder/pass", "text");
    shell.ok(&sealed("pass", &["encrypt", "-r", "folder"]));
    let says = ["holds a passphrase"];
    for verb in [
        ["encrypt", "-f", "folder/pass", "-o", "twin"],
        ["encrypt", "-f", "folder/pass", "--metadata", "pass"],
    ] {
        shell.fails_harmlessly(&sealed("pass", &verb), 2).says(&says);
    }
    shell.fails_harmlessly(&sealed("pass", &["keyring", "backup", "-f", "twin"]), 2).says(&says);
    shell.sh("mv twin folder/pass").success();
    shell.fails(&sealed("folder/pass", &["decrypt", "-rf", "folder"]), 12).says(&["folder/pass"]);
    assert_eq!(shell.read("folder/pass"), b"a passphrase");
}

#[test]
fn no_command_writes_to_an_input_or_twice_to_one_file() {
    let shell = Shell::new();
    shell.ok(&["keygen", "other"]);
    shell.write("a", "text");
    shell.write("pairs", "{}");
    shell.ok(&["encrypt", "a", "-o", "message"]);
    shell.ok(&["rewrap", "-k", "other", "message", "--envelope", "envelope"]);
    shell.ok(&["datakey", "--blob-out", "blob"]);
    fs::hard_link(shell.path("message"), shell.path("twin")).unwrap();
    for line in [
        "encrypt -f a -o a",
        "encrypt -f a --context-file pairs -o pairs",
        "encrypt a -o new --metadata ./new",
        "decrypt -f message -o twin",
        "decrypt -f message --envelope envelope -o envelope",
        "decrypt -f message --context-file pairs -o pairs",
        "decrypt message --metadata twin -o new",
        "reencrypt -f message -o twin",
        "rewrap -k other message --envelope twin",
        "datakey rewrap -f --blob-file blob -k other --blob-out blob",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        shell.fails_harmlessly(&args, 2).says(&["output"]);
    }
}

#[test]
fn only_files_of_their_kind_are_appended_to() {
    let shell = Shell::new();
    shell.ok(&["keygen", "other"]);
    shell.write("a", "text");
    shell.write("notes", "{\"mode\": 1}\nmine\n");
    shell.ok(&["encrypt", "a", "-o", "message"]);
    symlink("notes", shell.path("message.envelope")).unwrap();
    for file in ["notes", "a", "message", "/dev/full", "/dev/null"] {
        if file != "message" {
            shell.fails_harmlessly(&["verify", "message", "--metadata", file], 11);
        }
        if !file.starts_with("/dev") {
            let args = ["rewrap", "-k", "other", "a.enwrap", "--envelope", file];
            shell.write("a.enwrap", shell.read("message"));
            shell.fails_harmlessly(&args, 11).says(&["cannot append"]);
        }
    }
    shell.fails_harmlessly(&["rewrap", "-k", "other", "message"], 2).says(&["it is a link"]);
    // Its own lines, and none at all, are no others.
    shell.write("log", "");
    shell.ok(&["verify", "message", "--metadata", "log"]);
    shell.ok(&["verify", "message", "--metadata", "log"]);
    assert_eq!(shell.read("log").iter().filter(|byte| **byte == b'\n').count(), 2);
}

/// Files that another user put under the names of outputs, with access for everybody.
#[test]
fn a_planted_file_receives_neither_keys_nor_plaintext() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-o", "message"]);
    for line in [
        "keyring backup -f out",
        "datakey -f --blob-out out",
        "decrypt -f message -o out",
        "decrypt -f --preserve-mode message -o out",
    ] {
        shell.write("out", "planted");
        Shell::chmod(&shell.path("out"), 0o666);
        chown(shell.path("out"), Some(NOBODY), Some(NOBODY)).unwrap();
        shell.ok(&line.split(' ').collect::<Vec<_>>());
        let metadata = fs::metadata(shell.path("out")).unwrap();
        assert_eq!((metadata.uid(), metadata.mode() & 0o7777), (0, 0o600), "{line}");
        fs::remove_file(shell.path("out")).unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_fails_after_the_work_says_what_was_done() {
    let shell = Shell::new();
    shell.write("a", "text");
    let full = |line: &str| {
        let run = shell.sh(&format!("enwrap {line} > /dev/full")).failure(1);
        run.says(&["standard output cannot be written", "do not repeat it"])
    };
    let before = shell.ok(&["key", "list"]);
    full("keygen made").says(&["the key ", "is in the keyring"]);
    assert!(shell.ok(&["key", "list"]).len() > before.len());
    full("key rotate main").says(&["has version 2"]);
    full("--json encrypt a").says(&["'a.enwrap' was written"]);
    full("--json decrypt a.enwrap -o b").says(&["'b' was written"]);
    full("--json rewrap -k made a.enwrap").says(&["'a.enwrap.envelope'"]);
    full("--json reencrypt a.enwrap").says(&["'a.enwrap' was written"]);
    full("--json keyring backup copy").says(&["'copy' was written"]);
    full("--json key alias add more made").says(&["was changed"]);
    assert_eq!(shell.read("b"), b"text");
}

#[test]
fn root_hands_files_to_their_owners_where_that_is_asked_for() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shell = Shell::new();
    shell.write("a", "text");
    chown(shell.path("a"), Some(NOBODY), Some(NOBODY)).unwrap();
    let owner = |name: &str| {
        let metadata = fs::metadata(shell.path(name)).unwrap();
        (metadata.uid(), metadata.gid())
    };
    shell.ok(&["encrypt", "a"]);
    assert_eq!(owner("a.enwrap").0, 0);
    shell.ok(&["encrypt", "-f", "--preserve-owner", "a"]);
    shell.ok(&["decrypt", "--preserve-owner", "a.enwrap", "-o", "b"]);
    assert_eq!([owner("a.enwrap"), owner("b")], [(NOBODY, NOBODY); 2]);
    assert_eq!(shell.mode("b") & 0o077, 0);
}
