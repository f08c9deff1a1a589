//! The scripts of examples/, on small real data.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::shell::{ENWRAP, Run, Shell, sample};

pub(crate) fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    path.to_str().unwrap().to_owned()
}

/// A place with `enwrap` in its PATH, and something to back up.
fn machine() -> Shell {
    let mut shell = Shell::bare();
    fs::create_dir(shell.path("bin")).unwrap();
    symlink(ENWRAP, shell.path("bin/enwrap")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let own = shell.path("bin").display().to_string();
    shell.set("PATH", format!("{own}:{path}"));
    fs::create_dir_all(shell.path("data/sub")).unwrap();
    shell.write("data/one", sample(100_000));
    shell.write("data/sub/two", "two");
    shell
}

fn script(shell: &Shell, name: &str, args: &[&str]) -> Run {
    shell.command(&example(name), args).output().unwrap().into()
}

fn nights(shell: &Shell) -> Vec<PathBuf> {
    let mut nights: Vec<PathBuf> = fs::read_dir(shell.path("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    nights.sort();
    nights
}

fn move_to(shell: &Shell, from: &Path, to: &Path) {
    assert!(shell.command("mv", &[from, to]).status().unwrap().success());
}

/// Renames the only night to one of long ago, with the times of then.
fn age(shell: &Shell, days: u64) -> PathBuf {
    let night = shell.path("backups/2020-01-01T000000");
    move_to(shell, &nights(shell)[0], &night);
    for entry in fs::read_dir(&night).unwrap() {
        let file = fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
        let then = std::time::SystemTime::now() - Duration::from_secs(days * 86_400);
        file.set_modified(then).unwrap();
    }
    night
}

/// Has every key version of the keyring made in the year 2000.
fn backdate_keys(shell: &Shell) {
    let text = fs::read_to_string(shell.keyring()).unwrap();
    let (header, body) = text.split_once('\n').unwrap();
    let mut body: Value = serde_json::from_str(body).unwrap();
    for key in body["keys"].as_array_mut().unwrap() {
        for version in key["versions"].as_array_mut().unwrap() {
            version["created"] = json!("2000-01-01T00:00:00Z");
        }
    }
    let body = body.to_string();
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["sha256"] = hex::encode(Sha256::digest(&body)).into();
    let mut file = fs::File::options().write(true).truncate(true).open(shell.keyring()).unwrap();
    file.write_all(format!("{header}\n{body}").as_bytes()).unwrap();
}

#[test]
fn a_night_and_the_drill() {
    let shell = machine();
    let has_sqlite = shell.command("sqlite3", &["-version"]).output().is_ok();
    let mut args = vec!["data", "backups"];
    if has_sqlite {
        let made = shell
            .command("sqlite3", &["data.db", "create table t (a); insert into t values (42);"]);
        assert!({ made }.output().unwrap().status.success());
        args.push("data.db");
    }
    script(&shell, "nightly-backup", &args).success();
    shell.ok(&["keyring", "backup", "copy.json"]);
    // A year goes by: the key is rotated, and the copy of the new keyring opens the old night too.
    let first = age(&shell, 20);
    backdate_keys(&shell);
    shell.write("data/three", "new");
    script(&shell, "nightly-backup", &args).success();
    let [old, new] = &nights(&shell)[..] else { panic!("two nights") };
    assert_eq!(*old, first);
    // Out of the way of the next one, which may be made in the same second.
    move_to(&shell, new, &shell.path("backups/2021-01-01T000000"));
    assert!(!shell.read("backups/nights.envelope").is_empty(), "the old night got the new version");
    shell.ok(&["keyring", "backup", "-f", "copy.json"]);
    shell.ok(&[
        "key",
        "usage",
        "-r",
        "backups",
        "--envelope",
        "backups/nights.envelope",
        "--fail-if-stale",
    ]);

    // Another machine, with nothing but the copies.
    let other = machine();
    for name in ["copy.json", "backups"] {
        let copied =
            shell.command("cp", &["-a", name, other.cwd.path().to_str().unwrap()]).status();
        assert!(copied.unwrap().success());
    }
    script(&other, "restore-drill", &["backups", "copy.json", "restored"]).success();
    let compare = shell.command("diff", &["-r", "data", other.path("restored").to_str().unwrap()]);
    let difference = String::from_utf8({ compare }.output().unwrap().stdout).unwrap();
    if has_sqlite {
        assert!(
            difference.lines().count() == 1 && difference.contains("database.sql"),
            "{difference}"
        );
        let dump = fs::read_to_string(other.path("restored/database.sql")).unwrap();
        assert!(dump.contains("42"), "{dump}");
    } else {
        assert!(difference.is_empty(), "{difference}");
    }

    // A month later, the old night goes, with all that belongs to it.
    let file = fs::File::options().write(true).open(first.join("files.tar.enwrap")).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(40 * 86_400)).unwrap();
    if has_sqlite {
        fs::remove_file(first.join("database.sql.enwrap")).unwrap();
    }
    script(&shell, "nightly-backup", &args).success();
    assert!(!first.exists() && shell.path("backups/nights.envelope").exists());
}

#[test]
fn a_host_with_the_public_half_makes_nights_that_only_the_vault_restores() {
    let vault = machine();
    vault.ok(&["keygen", "backup", "--kind", "p256"]);
    let host = machine();
    host.write("public.json", vault.ok(&["key", "export", "backup", "--public"]));
    host.ok(&["key", "import", "backup", "--file", "public.json"]);
    script(&host, "nightly-backup", &["data", "backups"]).success();
    host.ok(&["keyring", "backup", "copy.json"]);
    script(&host, "restore-drill", &["backups", "copy.json", "restored"]).failure(12);
    assert!(!host.path("restored").exists());
    let there = vault.cwd.path().to_str().unwrap();
    assert!(host.command("cp", &["-a", "backups", there]).status().unwrap().success());
    vault.ok(&["keyring", "backup", "copy.json"]);
    script(&vault, "restore-drill", &["backups", "copy.json", "restored"]).success();
    vault.sh("diff -r data restored").success();
}

#[test]
fn a_night_that_fails_looks_like_no_backup_and_removes_none() {
    let shell = machine();
    script(&shell, "nightly-backup", &["data", "backups"]).success();
    let night = age(&shell, 40);
    let before = fs::read(night.join("files.tar.enwrap")).unwrap();
    // GNU tar ends with 2 where there is nothing to read.
    let run = script(&shell, "nightly-backup", &["no such folder", "backups"]);
    run.failure(15).says(&["'sh' failed with exit status"]);
    let empty: Vec<PathBuf> = nights(&shell).into_iter().filter(|path| *path != night).collect();
    assert!(empty.iter().all(|path| fs::read_dir(path).unwrap().count() == 0));
    assert_eq!(fs::read(night.join("files.tar.enwrap")).unwrap(), before);
    // The drill restores what there is, and says that the last night is missing.
    shell.ok(&["keyring", "backup", "copy.json"]);
    let run = script(&shell, "restore-drill", &["backups", "copy.json", "restored"]).failure(1);
    run.says(&["incomplete/ was begun later and is not complete"]);
    shell.sh("diff -r data restored && rm -r restored").success();
    // A night without its database is no night, though its files are there.
    let run = script(&shell, "nightly-backup", &["data", "backups", "no_such_database"]);
    assert_ne!(run.code, Some(0));
    let complete = nights(&shell).into_iter().filter(|it| it.extension().is_none());
    assert_eq!(complete.collect::<Vec<_>>(), std::slice::from_ref(&night));
    script(&shell, "restore-drill", &["backups", "copy.json", "restored"]).failure(1);
    shell.sh("rm -r restored").success();
    // And a damaged night fails the drill.
    fs::File::options()
        .write(true)
        .open(night.join("files.tar.enwrap"))
        .unwrap()
        .set_len(before.len() as u64 - 1)
        .unwrap();
    let run = script(&shell, "restore-drill", &["backups", "copy.json", "restored"]).failure(12);
    run.says(&["files.tar.enwrap (exit code 5)"]);
    assert!(!shell.path("restored").exists());
}

#[test]
fn a_night_renews_the_copy_of_the_keyring_or_fails() {
    let mut shell = machine();
    let copy = shell.path("stick/keyring.json").display().to_string();
    shell.set("KEYRING_COPY", copy);
    let run = script(&shell, "nightly-backup", &["data", "backups"]);
    assert_ne!(run.code, Some(0));
    assert!(nights(&shell).is_empty());
    fs::create_dir(shell.path("stick")).unwrap();
    script(&shell, "nightly-backup", &["data", "backups"]).success();
    shell.sh("mv backups/2* backups/2020-01-01T000000").success();
    backdate_keys(&shell);
    script(&shell, "nightly-backup", &["data", "backups"]).success();
    script(&shell, "restore-drill", &["backups", "stick/keyring.json", "restored"]).success();
    // Of before the rotation: it says which version it lacks.
    shell.ok(&["key", "rotate", "backup"]);
    shell.ok(&["encrypt", "-k", "backup", "data/one", "-o", "new.enwrap"]);
    let run = shell.fails(&["--keyring", "stick/keyring.json", "verify", "new.enwrap"], 3);
    run.says(&["has version 2 of 'backup', not 3: this keyring is older than the rotation"]);
}

#[test]
fn the_units_are_units() {
    let shell = Shell::bare();
    if shell.command("systemd-analyze", &["--version"]).output().is_err() {
        return;
    }
    for unit in ["enwrap-backup.service", "enwrap-backup.timer"] {
        let text = fs::read_to_string(example(unit)).unwrap();
        assert!(!text.contains("passphrase=") || text.contains("#LoadCredential"), "{text}");
        shell
            .write(unit, text.replace("/usr/local/bin/nightly-backup", &example("nightly-backup")));
    }
    let units = ["verify", "--man=no", "./enwrap-backup.service", "./enwrap-backup.timer"];
    let run: Run = shell.command("systemd-analyze", &units).output().unwrap().into();
    let about_ours: Vec<&str> =
        run.stderr.lines().filter(|line| line.contains("enwrap-backup")).collect();
    assert!(run.code == Some(0) && about_ours.is_empty(), "{run:?}");
}
