//! What becomes of the files that commands write: errors that come late, owners and modes, and files that must not
//! be written to.

use std::fs;

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
    let (keyring, before) = (fs::read(shell.keyring()).unwrap(), shell.snapshot());
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
        assert_eq!(shell.snapshot(), before, "{line}");
        assert_eq!(fs::read(shell.keyring()).unwrap(), keyring, "{line}");
    }
    shell.fails(&["rewrap", "-k", "other", "message"], 1).says(&["message.envelope"]);
    assert_eq!(shell.read("message.envelope"), b"");
    shell.fails(&["encrypt", "a", "--metadata", "m"], 1).says(&["cannot"]);
    shell.sh("enwrap key list > list").failure(1).says(&["cannot close standard output"]);
}
