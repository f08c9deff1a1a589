//! A keyring that survives: many processes, killed processes, full disks, and being put back.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::time::Instant;

use enwrap::keyring::{Location, Store};

use crate::shell::{ENWRAP, Shell, sample};

#[test]
fn many_processes_at_once_lose_no_key_and_no_version() {
    const PROCESSES: usize = 64;
    let shell = Shell::new();
    let children: Vec<_> = (0..PROCESSES)
        .map(|n| {
            let line = format!(
                "'{ENWRAP}' --lock-timeout 120 keygen k{n} && '{ENWRAP}' --lock-timeout 120 key rotate k{n}"
            );
            let mut command = shell.command("sh", &["-c", &line]);
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let summary = shell.run(&["--json", "keyring", "check"]).success().json().remove(0);
    assert_eq!((&summary["keys"], &summary["findings"]), (&65.into(), &0.into()));
    assert_eq!(summary["versions"], 1 + 2 * PROCESSES);
    assert_eq!(summary["generations"], 10);
    let history = shell.run(&["--json", "keyring", "history"]).success().json();
    let newest = history.last().unwrap()["generation"].as_u64().unwrap();
    assert_eq!(newest, 2 * PROCESSES as u64, "one generation a change");
}

#[test]
fn a_process_killed_at_any_moment_leaves_the_old_or_the_new_keyring() {
    let shell = Shell::new();
    let store = || Store::new(Location::File(shell.keyring()), false);
    let versions = || store().load().unwrap().versions().count();
    // How long one takes here, undisturbed.
    let start = Instant::now();
    shell.ok(&["key", "rotate", "main"]);
    let whole = start.elapsed();
    let (mut before, mut killed, mut saved) = (versions(), 0, 0);
    let random = sample(400);
    for bytes in random.chunks(2).take(200) {
        let fraction = f64::from(u16::from_le_bytes([bytes[0], bytes[1]])) / 65536.0;
        let deadline = whole.mul_f64(fraction * 2.0);
        let mut child = shell.start(&["key", "rotate", "main"]);
        let start = Instant::now();
        while start.elapsed() < deadline {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let after = versions();
        assert!(after == before || after == before + 1, "{before} then {after}");
        saved += after - before;
        before = after;
    }
    assert!(killed > 0 && saved > 0, "killed {killed}, saved {saved}: the moments were not mixed");
    // The next change cleans up after the dead.
    shell.ok(&["key", "rotate", "main"]);
    let run = shell.run(&["keyring", "check"]).success();
    assert!(run.stdout.is_empty(), "{run:?}");
}

#[test]
fn a_file_size_limit_leaves_the_old_generation_and_names_the_file() {
    let shell = Shell::new();
    for n in 0..4 {
        shell.ok(&["keygen", &format!("k{n}")]);
    }
    let path = shell.keyring().display().to_string();
    let before = fs::read(&path).unwrap();
    // In blocks of 512 bytes: less than what is to be written.
    let run = shell.sh("ulimit -f 2; enwrap keygen one-more").failure(1);
    run.says(&[&path, "File too large"]);
    assert_eq!(fs::read(&path).unwrap(), before);
    shell.ok(&["keygen", "one-more"]);
}

#[test]
fn a_held_lock_is_waited_for_and_its_holder_named() {
    let shell = Shell::new();
    let lock = format!("{}.lock", shell.keyring().display());
    let mut holder = shell.command("flock", &[lock.as_str(), "-c", "echo held; cat"]);
    let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut held = [0; 5];
    holder.stdout.as_mut().unwrap().read_exact(&mut held).unwrap();
    let mut file = fs::File::options().write(true).open(&lock).unwrap();
    file.write_all(b"4242\n").and_then(|()| file.set_len(5)).unwrap();
    shell.fails(&["--lock-timeout", "1", "keygen", "a"], 1).says(&["locked by process 4242"]);
    // Readers do not wait.
    shell.ok(&["--lock-timeout", "0", "key", "list"]);
    let waiting = shell.start(&["keygen", "a"]);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert!(waiting.wait_with_output().unwrap().status.success());
}

#[test]
fn a_symlink_stays_and_its_target_is_changed() {
    let shell = Shell::new();
    let link = shell.path("link.json");
    symlink(shell.keyring(), &link).unwrap();
    shell.ok(&["--keyring", "link.json", "keygen", "b"]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(shell.names(), ["link.json"]);
    assert!(shell.ok(&["key", "list"]).contains('b'));
}

#[test]
fn an_earlier_generation_comes_back_and_nothing_is_lost_unsaid() {
    let shell = Shell::new();
    let id = shell.ok(&["keygen", "b"]);
    shell.fails(&["keyring", "restore", "--generation", "1"], 16).says(&[
        &id,
        "version 1",
        "--force",
    ]);
    shell.fails(&["keyring", "restore", "--generation", "7"], 3).says(&["there are: 1"]);
    shell.fails(&["keyring", "restore"], 2);
    let run = shell.run(&["keyring", "restore", "--generation", "1", "--force"]).success();
    run.says(&["gone: ", &id]);
    shell.fails(&["key", "show", "b"], 3);
    shell.run(&["keyring", "restore", "--generation", "2"]).success().says(&["back: ", &id]);
    shell.ok(&["key", "show", "b"]);
    assert_eq!(shell.ok(&["keyring", "history"]).lines().count(), 4);
}

#[test]
fn a_backup_makes_another_machine_whole() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["keyring", "backup", "copy"]);
    let new = Shell::bare();
    new.write("copy", shell.read("copy"));
    new.write("a.enwrap", shell.read("a.enwrap"));
    Shell::chmod(&new.path("copy"), 0o666);
    new.fails(&["keyring", "restore", "copy"], 10).says(&["copy", "chmod 600"]);
    Shell::chmod(&new.path("copy"), 0o600);
    new.ok(&["keyring", "restore", "copy"]);
    assert_eq!(new.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    new.fails_harmlessly(&["keyring", "backup", "-f", "copy", "--keyring", "copy"], 2)
        .says(&["belongs to the keyring"]);
    // And from a pipe, as base64 too.
    new.sh("base64 copy > text").success();
    for source in ["-", "/dev/stdin", "text"] {
        for line in ["cat copy", "base64 copy"] {
            let restore = format!("enwrap --keyring third.json keyring restore {source}");
            new.sh(&format!("{line} | {restore} && rm third.json*")).success();
        }
    }
    new.sh("enwrap --keyring /dev/stdin keyring check < copy").success();
    new.sh("cat copy | enwrap --keyring /dev/stdin keyring check").success();
}

#[test]
fn a_check_finds_what_should_not_be_there() {
    let shell = Shell::new();
    shell.ok(&["keygen", "b"]);
    assert_eq!(shell.ok(&["keyring", "check"]), "");
    let export = shell.run(&["key", "export", "b"]).success().stdout;
    let mut export: serde_json::Value = serde_json::from_slice(&export).unwrap();
    for (member, value) in [("namespace", "ns"), ("name", "n")] {
        export[member] = value.into();
    }
    export["id"] = "123e4567-e89b-42d3-a456-426614174000".into();
    shell.pipe(&["key", "import", "twin"], export.to_string().as_bytes()).success();
    let run = shell.run(&["keyring", "check"]).failure(14);
    assert!(run.text().contains("the same secret"), "{run:?}");
    let damaged = format!("{}.1", shell.keyring().display());
    let file = fs::File::options().write(true).open(damaged).unwrap();
    file.set_len(100).unwrap();
    let lines = shell.run(&["--json", "keyring", "check"]).failure(14).json();
    assert!(
        lines.iter().any(|line| line["finding"].to_string().contains("not an enwrap keyring")),
        "{lines:?}"
    );
    assert_eq!(lines.iter().find(|line| line["type"] == "summary").unwrap()["findings"], 2);
}
