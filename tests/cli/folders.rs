//! Whole folders: what is taken, where results go, and what a failure leaves.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::shell::{ENWRAP, Run, Shell, sample, status_field};

/// The plain files below a folder, with what is in them.
fn files(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => {
                    let below = entry.path().strip_prefix(root).unwrap().to_path_buf();
                    found.push((below, fs::read(entry.path()).unwrap()));
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

fn names(root: &Path) -> Vec<String> {
    files(root).iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect()
}

/// A folder `docs` with small, empty, nested and large files, one of them sparse and over the size from which
/// all threads work on one file.
fn documents() -> Shell {
    let shell = Shell::new();
    fs::create_dir_all(shell.path("docs/a/b")).unwrap();
    fs::create_dir_all(shell.path("docs/empty folder")).unwrap();
    shell.write("docs/one", "1");
    shell.write("docs/empty", "");
    shell.write("docs/a/two", sample(200_000));
    shell.write("docs/a/b/three", sample(65_536));
    shell.write("docs/a/b/large", sample(3_000_000));
    File::options()
        .write(true)
        .open(shell.path("docs/a/b/large"))
        .unwrap()
        .set_len(17 << 20)
        .unwrap();
    shell
}

fn summary(run: &Run) -> Value {
    run.json().into_iter().find(|line| line["type"] == "summary").unwrap()
}

#[test]
fn a_tree_goes_to_another_place_and_comes_back() {
    for jobs in ["1", "2", "7"] {
        let shell = documents();
        let line = ["--json", "encrypt", "-j", jobs, "-r", "docs/", "--output-dir", "new/enc"];
        let run = shell.run(&line).success();
        assert_eq!(run.json().len(), 6);
        assert_eq!(
            summary(&run),
            json!({"type": "summary", "files": 5, "failed": 0, "encrypted": 5, "skipped": {}})
        );
        let enc = shell.path("new/enc");
        let expected = ["a/b/large", "a/b/three", "a/two", "empty", "one"]
            .map(|name| format!("docs/{name}.enwrap"));
        assert_eq!(names(&enc), expected);
        let time = |path: &str| fs::metadata(shell.path(path)).unwrap().modified().unwrap();
        assert_eq!(time("docs/a/two"), time("new/enc/docs/a/two.enwrap"));
        shell.run(&["verify", "-r", "new", "-j", jobs]).success().says(&["5 verified"]);
        let line = ["decrypt", "-r", "new/enc/docs", "-j", jobs, "--output-dir", "back"];
        shell.run(&line).success().says(&["5 decrypted"]);
        assert!(files(&shell.path("back/docs")) == files(&shell.path("docs")));
        assert_eq!(shell.mode("back/docs/a"), 0o700, "plaintext is the owner's");
        assert_eq!(time("docs/a/two"), time("back/docs/a/two"));
    }
}

#[test]
fn results_are_beside_their_inputs_and_a_second_run_goes_on() {
    let shell = documents();
    shell.ok(&["encrypt", "-r", "docs"]);
    assert_eq!(names(&shell.path("docs")).len(), 10);
    let again = shell.fails(&["--json", "encrypt", "-r", "docs"], 12);
    let sum = summary(&again);
    assert_eq!((&sum["failed"], &sum["skipped"]["encrypted"]), (&json!(5), &json!(5)));
    let codes: Vec<&Value> =
        sum["failures"].as_array().unwrap().iter().map(|it| &it["exit_code"]).collect();
    assert_eq!(codes, [8; 5]);
    shell.fails(&["encrypt", "-r", "docs"], 12).says(&["-f, or pass over", "--skip-existing"]);
    let again = shell.run(&["--json", "encrypt", "-r", "docs", "--skip-existing"]).success();
    assert_eq!(summary(&again)["skipped"], json!({"encrypted": 5, "existing": 5}));
    // One source is newer, and one result is gone.
    shell.write("docs/one", "new");
    let yesterday = SystemTime::now() - Duration::from_secs(86_400);
    let one = File::options().write(true).open(shell.path("docs/one")).unwrap();
    one.set_modified(yesterday).unwrap();
    fs::remove_file(shell.path("docs/a/two.enwrap")).unwrap();
    let run = shell.fails(&["encrypt", "-r", "docs", "--skip-existing"], 12);
    run.says(&[
        "'docs/one.enwrap' already exists, with another time or size",
        "1 encrypted",
        "failed:",
        "docs/one (exit code 8)",
    ]);
    let run = shell.run(&["encrypt", "-r", "docs", "--skip-existing", "-f"]).success();
    run.says(&["1 encrypted; ", "4 done before"]);
    assert_eq!(shell.ok(&["decrypt", "docs/one.enwrap", "-o", "-"]), "new");
}

#[test]
fn one_bad_file_stops_nothing_and_is_listed_with_its_code() {
    let shell = documents();
    shell.ok(&["encrypt", "-r", "docs", "--output-dir", "enc"]);
    let bad = shell.path("enc/docs/a/two.enwrap");
    let message = fs::read(&bad).unwrap();
    shell.write("enc/docs/a/two.enwrap", &message[..message.len() - 1]);
    shell.write("enc/docs/garbage.enwrap", "no message");
    shell.write("enc/docs/other", "left alone");
    for verb in [&["decrypt", "--output-dir", "back"][..], &["verify"]] {
        let args: Vec<&str> =
            ["--json"].iter().chain(verb).chain(&["-r", "enc"]).copied().collect();
        let run = shell.fails(&args, 12);
        let sum = summary(&run);
        assert_eq!((&sum["files"], &sum["failed"]), (&json!(6), &json!(2)));
        assert_eq!(sum["skipped"], json!({"not_messages": 1}));
        let mut failures: Vec<(u64, &str)> = sum["failures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["exit_code"].as_u64().unwrap(), it["path"].as_str().unwrap()))
            .collect();
        failures.sort_unstable();
        assert_eq!(failures, [(5, "enc/docs/a/two.enwrap"), (11, "enc/docs/garbage.enwrap")]);
        assert_eq!(run.json().iter().filter(|line| line["type"] == "error").count(), 3);
    }
    assert_eq!(names(&shell.path("back")).len(), 4, "no half files");
    let back = files(&shell.path("back/enc/docs"));
    assert!(back.iter().all(|file| files(&shell.path("docs")).contains(file)));
}

#[test]
fn what_is_not_a_file_of_the_tree_is_left_alone_and_counted() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    shell.write("docs/a", "a");
    fs::hard_link(shell.path("docs/a"), shell.path("docs/the same")).unwrap();
    shell.write("outside", "o");
    symlink("../outside", shell.path("docs/link")).unwrap();
    symlink(".", shell.path("docs/loop")).unwrap();
    assert!(shell.sh("mkfifo docs/fifo").code == Some(0));
    shell.write("docs/old.envelope", "{}");
    shell.write("docs/old.envelope.lock", "");
    let unfinished = "docs/.enwrap-0123456789abcdef.tmp";
    shell.write(unfinished, "half of something");
    let held = File::open(shell.path(unfinished)).unwrap();
    held.try_lock().unwrap();
    shell.ok(&["encrypt", "outside", "-o", "docs/done"]);
    shell.write("docs/AY, AgV and no message", "AY");
    let run = shell.run(&["--json", "encrypt", "-r", "docs"]).success();
    assert_eq!(
        summary(&run)["skipped"],
        json!({"special": 3, "unfinished": 1, "envelopes": 1, "locks": 1, "encrypted": 1})
    );
    let sealed: Vec<String> =
        names(&shell.path("docs")).into_iter().filter(|name| name.ends_with(".enwrap")).collect();
    assert_eq!(sealed, ["AY, AgV and no message.enwrap", "a.enwrap", "the same.enwrap"]);
    // A message without the ending has no name to go to: left out of a restore, it would be missed.
    let run = shell.fails(&["decrypt", "-r", "docs", "--output-dir", "back"], 12);
    run.says(&["'docs/done' does not end in .enwrap", "docs/done (exit code 2)"]);
    assert_eq!(names(&shell.path("back")).len(), 3);
}

#[test]
fn what_a_killed_run_left_in_the_folder_is_removed_and_named() {
    let shell = Shell::new();
    shell.write("a", "a");
    let left = ".enwrap-0123456789abcdef.tmp";
    shell.write(left, "half of something");
    let run = shell.run(&["encrypt", "a"]).success();
    run.says(&[&format!("removed '{left}'")]);
    assert!(!shell.path(left).exists());
}

#[test]
fn only_a_whole_message_counts_as_encrypted_already() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    shell.write("text", sample(150_000));
    let kinds = [&[][..], &["-a"], &["--algorithm", "0578"], &["-a", "--algorithm", "0578"]];
    for (kind, flags) in kinds.iter().enumerate() {
        let whole = format!("docs/whole {kind}");
        shell.ok(&[&["encrypt", "text", "-o", &whole], *flags].concat());
        let message = shell.read(&whole);
        shell.write(&format!("docs/cut {kind}"), &message[..message.len() - 10]);
        let more = if flags.contains(&"-a") { "- a secret\n" } else { "a secret\n" };
        shell.write(&format!("docs/more {kind}"), [&message[..], more.as_bytes()].concat());
    }
    let run = shell.run(&["--json", "encrypt", "-r", "docs"]).success();
    assert_eq!(summary(&run)["skipped"], json!({"encrypted": 4}));
    for kind in 0..kinds.len() {
        for part in ["cut", "more"] {
            let name = format!("docs/{part} {kind}");
            let warning = format!("warning: {name}: it begins as a message does");
            assert!(run.stderr.contains(&warning), "{run:?}");
            shell.run(&["decrypt", &format!("{name}.enwrap"), "-o", "back", "-f"]).success();
            assert_eq!(shell.read("back"), shell.read(&name));
        }
        assert!(!shell.path(&format!("docs/whole {kind}.enwrap")).exists());
    }
}

#[test]
fn a_result_that_is_no_whole_message_is_not_taken_for_done() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    shell.write("docs/a", sample(10_000));
    let modified = fs::metadata(shell.path("docs/a")).unwrap().modified().unwrap();
    for flags in [&["-a"][..], &["--algorithm", "0578"]] {
        shell.ok(&[&["encrypt", "-r", "docs", "--include", "a", "-f"], flags].concat());
        let message = shell.read("docs/a.enwrap");
        shell.write("docs/a.enwrap", &message[..message.len() - 50]);
        let result = File::options().write(true).open(shell.path("docs/a.enwrap")).unwrap();
        result.set_modified(modified).unwrap();
        let again = ["--json", "encrypt", "-r", "docs", "--include", "a", "--skip-existing", "-f"];
        let run = shell.run(&[&again[..], flags].concat()).success();
        assert_eq!(summary(&run)["encrypted"], 1, "{flags:?}");
    }
}

#[test]
fn patterns_choose_what_is_taken() {
    let shell = documents();
    let args = ["--json", "encrypt", "-r", "docs", "--output-dir", "enc"];
    let with = |more: &[&str]| {
        fs::remove_dir_all(shell.path("enc")).ok();
        let args: Vec<&str> = args.iter().chain(more).copied().collect();
        (summary(&shell.run(&args).success()), names(&shell.path("enc")))
    };
    let (sum, taken) = with(&["--exclude", "a/b", "--exclude", "emp*"]);
    assert_eq!(taken, ["docs/a/two.enwrap", "docs/one.enwrap"]);
    assert_eq!(sum["skipped"], json!({"excluded": 3}));
    let (_, taken) = with(&["--include", "t*"]);
    assert_eq!(taken, ["docs/a/b/three.enwrap", "docs/a/two.enwrap"]);
    let (_, taken) = with(&["--include", "/*"]);
    assert_eq!(taken, ["docs/empty.enwrap", "docs/one.enwrap"]);
    shell.fails(&["encrypt", "-r", "docs", "--include", "["], 2).says(&["'[' is no pattern"]);
}

#[test]
fn the_output_folder_is_no_part_of_its_own_input() {
    let shell = documents();
    let run = |args: &[&str]| summary(&shell.run(args).success());
    shell.fails_harmlessly(&["encrypt", "-r", "docs", "--output-dir", "docs"], 2);
    let line = ["--json", "encrypt", "-r", "docs", "--output-dir", "docs/enc"];
    assert_eq!(run(&line)["encrypted"], 5);
    let again = ["--json", "encrypt", "-r", "docs", "--output-dir", "docs/enc", "-f"];
    assert_eq!(run(&again)["skipped"], json!({"in_use": 1}));
    assert_eq!(names(&shell.path("docs/enc/docs")).len(), 5);
    // A tree that goes to its own place: beside the inputs.
    let line = ["--json", "encrypt", "-r", ".", "--output-dir", ".", "--exclude", "enc"];
    assert_eq!(run(&line)["encrypted"], 5);
    assert!(shell.path("docs/one.enwrap").is_file());
}

#[test]
fn a_file_and_its_message_can_both_be_there() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    shell.write("docs/a", "plain");
    shell.write("docs/a.enwrap", "a plain file of this name");
    let before = files(&shell.path("docs"));
    // It is an input too: also with -f, one must not take the other's place.
    for force in [&[][..], &["-f"]] {
        let args: Vec<&str> =
            ["encrypt", "-r", "docs", "--include", "a"].iter().chain(force).copied().collect();
        shell.fails(&args, 12);
        assert_eq!(files(&shell.path("docs")), before);
    }
    shell.fails(&["encrypt", "-r", "docs", "-f"], 12).says(&["is in the way", "1 encrypted"]);
    assert!(shell.path("docs/a.enwrap.enwrap").is_file());
    // a.enwrap.enwrap would go where a message is that is to be decrypted itself.
    shell.ok(&["encrypt", "docs/a", "-o", "docs/a.enwrap", "-f"]);
    let message = shell.read("docs/a.enwrap");
    let run = shell.fails(&["decrypt", "-r", "docs", "-f"], 12);
    run.says(&["'docs/a.enwrap' is in the way", "1 decrypted"]);
    assert_eq!(shell.read("docs/a.enwrap"), message);
}

#[test]
fn hostile_names_reach_neither_the_terminal_nor_another_folder() {
    let shell = Shell::new();
    let hostile =
        ["new\nline", "\x1b[2J\x1b]0;owned\x07", "-rf", "..enwrap", "...enwrap", ".enwrap"];
    fs::create_dir_all(shell.path("docs/\x1b[31m/..x")).unwrap();
    shell.write("plain", "p");
    shell.ok(&["encrypt", "plain", "-o", "message"]);
    for name in hostile {
        fs::copy(shell.path("message"), shell.path(&format!("docs/\x1b[31m/..x/{name}.enwrap")))
            .unwrap();
        fs::copy(shell.path("message"), shell.path(&format!("docs/{name}"))).unwrap();
    }
    let odd = OsStr::from_bytes(b"docs/\xff.enwrap");
    fs::copy(shell.path("message"), shell.cwd.path().join(odd)).unwrap();
    let before = files(&shell.path("docs"));
    for format in [&["-v"][..], &["--json"]] {
        let args: Vec<&str> = format
            .iter()
            .chain(&["decrypt", "-r", "docs", "--output-dir", "out"])
            .copied()
            .collect();
        let run = shell.fails(&args, 12);
        let shown = [run.stdout.as_slice(), run.stderr.as_bytes()].concat();
        assert!(shown.iter().all(|byte| *byte == b'\n' || !byte.is_ascii_control()), "{run:?}");
        assert_eq!(shell.names(), ["docs", "message", "out", "plain"]);
        assert_eq!(names(&shell.path("out")).len(), 7, "six in the deep folder, and the odd one");
        fs::remove_dir_all(shell.path("out")).unwrap();
    }
    assert_eq!(files(&shell.path("docs")), before);
}

#[test]
fn no_link_leads_out_of_the_output_folder() {
    let shell = documents();
    fs::create_dir(shell.path("elsewhere")).unwrap();
    fs::create_dir_all(shell.path("out/docs")).unwrap();
    symlink("../../elsewhere", shell.path("out/docs/a")).unwrap();
    symlink("../../target", shell.path("out/docs/one.enwrap")).unwrap();
    shell.write("target", "somebody's");
    let run = shell.fails(&["encrypt", "-r", "docs", "--output-dir", "out", "-f"], 12);
    run.says(&[
        "'out/docs/a' is a link, and may lead elsewhere",
        "'out/docs/one.enwrap' is in the way",
    ]);
    assert_eq!(shell.read("target"), b"somebody's");
    assert!(names(&shell.path("elsewhere")).is_empty());
    // The folder that was named may be a link.
    symlink("elsewhere", shell.path("named")).unwrap();
    shell.run(&["encrypt", "-r", "docs", "--output-dir", "named"]).success();
    assert_eq!(names(&shell.path("elsewhere")).len(), 5);
}

/// Runs a command over the folder `docs`, and puts links to the folder `elsewhere` in the place of two folders while it
/// is in one of them.
fn with_folders_exchanged(shell: &Shell, args: &[&str], exchanged: [&str; 2]) -> Run {
    let mut command = shell.command(ENWRAP, args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // The pipe takes some lines. For the rest, the command waits until they are read.
    rustix::pipe::fcntl_setpipe_size(&stdout, 4096).unwrap();
    let mut lines = vec![0; 1];
    std::io::Read::read_exact(&mut stdout, &mut lines).unwrap();
    for folder in exchanged {
        let path = shell.path(folder);
        if rustix::fs::rename(&path, path.with_extension("moved")).is_ok() {
            symlink(shell.path("elsewhere"), &path).unwrap();
        }
    }
    std::io::Read::read_to_end(&mut stdout, &mut lines).unwrap();
    let mut run = Run::from(child.wait_with_output().unwrap());
    run.stdout = lines;
    run
}

#[test]
fn a_folder_that_becomes_a_link_leads_to_no_foreign_file() {
    let line = ["--json", "encrypt", "-j", "1", "-r", "docs", "--remove-source"];
    for (more, exchanged) in [
        (&[][..], ["docs/a", "docs/b"]),
        (&["--output-dir", "out"], ["docs/a", "docs/b"]),
        (&["--output-dir", "out"], ["out/docs/a", "out/docs/b"]),
    ] {
        let shell = Shell::new();
        for folder in ["docs/a", "docs/b", "elsewhere"] {
            fs::create_dir_all(shell.path(folder)).unwrap();
            for n in 0..60 {
                shell.write(&format!("{folder}/{n}"), folder);
            }
        }
        fs::create_dir_all(shell.path("out/docs/a")).unwrap();
        fs::create_dir_all(shell.path("out/docs/b")).unwrap();
        let foreign = files(&shell.path("elsewhere"));
        let run = with_folders_exchanged(&shell, &[&line[..], more].concat(), exchanged);
        assert!(matches!(run.code, Some(0 | 12)), "{run:?}");
        assert!(files(&shell.path("elsewhere")) == foreign);
        let done = summary(&run)["encrypted"].as_u64().unwrap();
        let all = names(shell.cwd.path());
        let of_tree = all.iter().filter(|name| !name.starts_with("elsewhere"));
        let (sealed, plain): (Vec<_>, Vec<_>) = of_tree.partition(|name| name.ends_with(".enwrap"));
        assert_eq!((sealed.len() as u64, plain.len()), (done, 120 - sealed.len()), "{run:?}");
    }
}

#[test]
fn sources_go_only_when_their_results_are_there() {
    let shell = documents();
    fs::create_dir(shell.path("docs/two.enwrap")).unwrap();
    shell.write("docs/two", "kept, since its result cannot be written");
    let run = shell.fails(&["encrypt", "-r", "docs", "--remove-source"], 12);
    assert!(run.stderr.contains("hint: if an earlier run was interrupted"), "{run:?}");
    run.says(&["docs/two (exit code 8)", "5 encrypted"]);
    let left = names(&shell.path("docs"));
    let plain: Vec<&String> = left.iter().filter(|name| !name.ends_with(".enwrap")).collect();
    assert_eq!(plain, ["two"], "{left:?}");
    shell.run(&["verify", "-r", "docs"]).success().says(&["5 verified"]);
    // By themselves, too.
    shell.write("plain", "p");
    shell.ok(&["encrypt", "plain", "--remove-source"]);
    assert_eq!(shell.names(), ["docs", "plain.enwrap"]);
    shell.ok(&["decrypt", "plain.enwrap", "--remove-source"]);
    assert_eq!(shell.names(), ["docs", "plain"]);
    symlink("plain", shell.path("link")).unwrap();
    for (args, says) in [
        (&["encrypt", "link", "--remove-source"][..], "is a link"),
        (&["encrypt", "plain", "--remove-source", "-o", "-"], "needs an output that is a file"),
        (&["encrypt", "-", "--remove-source", "-o", "x"], "needs an input that is a file"),
    ] {
        shell.fails_harmlessly(args, 2).says(&[says]);
    }
    let keyring = shell.keyring();
    let keyring = keyring.to_str().unwrap();
    shell.fails(&["encrypt", keyring, "--remove-source"], 2).says(&["is needed to decrypt"]);
    let home = Path::new(keyring).parent().unwrap().to_str().unwrap();
    shell.ok(&["keygen", "second"]);
    shell.run(&["encrypt", "-r", home, "--remove-source"]).success().says(&["0 encrypted"]);
    shell.ok(&["key", "list"]);
    // Neither under another name, nor what opens it.
    fs::hard_link(keyring, shell.path("docs/keys")).unwrap();
    let run = shell.fails(&["encrypt", "-r", "docs", "--remove-source", "--include", "keys"], 12);
    run.says(&["'docs/keys' is a keyring, and is not removed"]);
    fs::remove_file(shell.path("docs/keys")).unwrap();
    fs::remove_dir(shell.path("docs/two.enwrap")).unwrap();
    shell.write("docs/pass", "a passphrase");
    shell.ok(&["keyring", "passphrase", "--new-passphrase-file", "docs/pass"]);
    let line = ["--passphrase-file", "docs/pass", "encrypt", "-r", "docs", "--remove-source"];
    shell.run(&line).success().says(&["made or used by this run"]);
    assert_eq!(shell.read("docs/pass"), b"a passphrase");
    let line = ["--passphrase-file", "docs/pass", "encrypt", "docs/pass", "--remove-source"];
    shell.fails(&line, 2).says(&["is needed to decrypt"]);
}

#[test]
fn a_slip_in_the_command_line_is_told_before_the_first_file() {
    let shell = documents();
    fs::create_dir_all(shell.path("other/docs")).unwrap();
    shell.write("other/docs/x", "");
    let refused: [(&[&str], &str); 12] = [
        (&["encrypt", "-r", ".", "other/../docs", "--output-dir", "x"], "is in"),
        (&["encrypt", "-r", "docs", "docs/../other/docs/x", "--metadata", "other/docs/x"], "input"),
        (&["encrypt", "-r", "docs", "--skip-existing", "--remove-source"], "cannot be used with"),
        (&["encrypt", "docs"], "'docs' is a folder"),
        (&["verify", "docs"], "'docs' is a folder"),
        (&["encrypt", "-r", "docs", "-o", "x"], "-o takes the result of one input"),
        (&["encrypt", "-r"], "-r takes folders"),
        (&["decrypt", "-r", "-"], "-r takes folders"),
        (&["encrypt", "-r", "docs", "docs/a"], "'docs/a' is in 'docs'"),
        (&["verify", "-r", "docs/a", "docs"], "'docs/a' is in 'docs'"),
        (&["encrypt", "-r", "docs", "other/docs", "--output-dir", "x"], "two inputs would go to"),
        (&["encrypt", "docs/one", "--skip-existing"], "--recursive"),
    ];
    for (args, says) in refused {
        shell.fails_harmlessly(args, 2).says(&[says]);
    }
    let run = shell.fails_harmlessly(&["encrypt", "-r", "missing"], 12);
    run.says(&["missing: cannot open it", "missing (exit code 1)"]);
    shell.fails_harmlessly(&["encrypt", "-r", "docs", "-k", "nobody"], 3);
}

#[test]
fn the_name_of_a_key_is_no_operand() {
    let shell = Shell::new();
    shell.ok(&["keygen", "backup"]);
    shell.write("note", "a note");
    for line in [&["encrypt", "-r", "backup", "note"][..], &["encrypt", "note", "backup"]] {
        let run = shell.fails_harmlessly(line, 2);
        run.says(&["there is no file 'backup', but a key of that name", "say -k backup"]);
    }
    shell.write("backup", "a file of that name");
    shell.run(&["encrypt", "-r", "backup", "note"]).success().says(&["2 encrypted"]);
}

#[test]
fn a_full_disk_stops_the_run_and_leaves_no_half_files() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    fs::create_dir(shell.path("out")).unwrap();
    for n in 0..60 {
        shell.write(&format!("docs/{n}"), sample(50_000));
    }
    // A file system of 1 MiB, which only a namespace of its own lets everybody mount.
    let line = "mount -t tmpfs -o size=1m none out && enwrap --json encrypt -r docs --output-dir out; \
        code=$?; enwrap verify -r out >&2; ls -A out/docs | wc -l; \
        head -c 1m /dev/zero > out/rest; enwrap encrypt -j 1 -r docs --output-dir out/more; exit $code";
    // There, the folders above the keyring may belong to users that the namespace does not know.
    let keyring = "export ENWRAP_KEYRING_DATA=\"$(cat ~/.config/enwrap/keyring.json)\"";
    let line = format!("enwrap() {{ '{ENWRAP}' \"$@\"; }}; {keyring}; {line}");
    let run: Run = shell.command("unshare", &["-rm", "sh", "-c", &line]).output().unwrap().into();
    if run.stderr.contains("unshare") || run.stderr.contains("mount:") {
        return;
    }
    let run = run.failure(12);
    let text = String::from_utf8(run.stdout.clone()).unwrap();
    let lines: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let done = lines.iter().filter(|line| line["type"] == "result").count();
    let sum = lines.iter().find(|line| line["type"] == "summary").unwrap();
    assert!(done < 30 && sum["encrypted"] == done, "{text}");
    let (tried, not_tried) = (sum["files"].as_u64().unwrap(), sum["not_tried"].as_u64().unwrap());
    assert!(tried < 40 && tried + not_tried == 60, "it stopped: {sum}");
    assert!(text.contains("No space left"), "{text}");
    run.says(&[&format!("{done} verified"), "stopped: 59 files not tried"]);
    assert_eq!(text.lines().last().unwrap().trim(), done.to_string(), "no half files");
}

#[test]
fn a_signal_in_the_middle_leaves_whole_files_only() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    for n in 0..400 {
        shell.write(&format!("docs/{n}"), sample(200_000));
    }
    let mut command =
        shell.command(ENWRAP, &["encrypt", "-r", "docs", "--output-dir", "out", "-v"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let stderr = child.stderr.as_mut().unwrap();
    // It waits in the middle: its messages do not fit into the pipe that nobody reads.
    rustix::pipe::fcntl_setpipe_size(&*stderr, 4096).unwrap();
    // The first line is of the first file that is done.
    std::io::Read::read_exact(stderr, &mut [0; 1]).unwrap();
    // Not SIGINT, which a caller in the background may have it ignore.
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.signal, Some(15), "{run:?}");
    let done = names(&shell.path("out"));
    assert!(!done.is_empty() && done.iter().all(|name| name.ends_with(".enwrap")), "{done:?}");
    shell.run(&["verify", "-r", "out"]).success().says(&[&format!("{} verified", done.len())]);
    let again = ["encrypt", "-r", "docs", "--output-dir", "out", "--skip-existing"];
    shell.run(&again).success().says(&[&format!("{} done before", done.len())]);
}

#[test]
fn files_that_vanish_are_failures_and_the_rest_goes_on() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    for n in 0..400 {
        shell.write(&format!("docs/{n:03}"), sample(100));
    }
    let mut command = shell.command(ENWRAP, &["encrypt", "-r", "-j1", "-v", "docs"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let stderr = child.stderr.as_mut().unwrap();
    // It waits in the middle: its messages do not fit into the pipe that nobody reads.
    rustix::pipe::fcntl_setpipe_size(&*stderr, 4096).unwrap();
    // The first line is of the first file that is done.
    std::io::Read::read_exact(stderr, &mut [0; 1]).unwrap();
    // The list of the folder was read before; most of what it says is no longer so.
    let undone = |n: &usize| !shell.path(&format!("docs/{n:03}.enwrap")).exists();
    for n in (0..400).filter(undone).collect::<Vec<_>>() {
        fs::remove_file(shell.path(&format!("docs/{n:03}"))).unwrap();
    }
    let run = Run::from(child.wait_with_output().unwrap()).failure(12);
    let done = names(&shell.path("docs")).iter().filter(|it| it.ends_with(".enwrap")).count();
    assert!((1..400).contains(&done), "{done}");
    let run = run.says(&[&format!("{done} encrypted"), "(exit code 1)"]);
    let count = |text: &str| run.stderr.matches(text).count();
    // When all the rest vanishes, a tmpfs lists again what is left: a file that is done may be met twice.
    assert_eq!(
        count("(exit code "),
        count("(exit code 1)") + count(".enwrap' already exists"),
        "{run:?}"
    );
    shell.run(&["verify", "-r", "docs"]).success().says(&[&format!("{done} verified")]);
}

#[test]
fn operands_that_are_missing_are_failures_and_the_rest_goes_on() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    shell.write("docs/a", "a");
    shell.write("docs/b", "b");
    let line = "enwrap encrypt -r docs missing docs2/../docs/c";
    fs::create_dir(shell.path("docs2")).unwrap();
    let run = shell.sh(line).failure(12);
    run.says(&["missing (exit code 1)", "docs2/../docs/c (exit code 1)", "2 encrypted"]);
}

#[test]
fn results_go_into_a_folder_that_may_not_be_listed() {
    let shell = Shell::new();
    for folder in ["docs", "out"] {
        fs::create_dir(shell.path(folder)).unwrap();
    }
    shell.write("docs/a", "a");
    Shell::chmod(&shell.path("out"), 0o300);
    shell.run_unprivileged(&["encrypt", "-r", "docs", "--output-dir", "out"]).success();
    Shell::chmod(&shell.path("out"), 0o700);
    assert!(shell.path("out/docs/a.enwrap").is_file());
}

#[test]
fn a_deep_tree_comes_back() {
    let shell = Shell::new();
    let deep = vec!["a folder with a name"; 100].join("/");
    fs::create_dir_all(shell.path("docs").join(&deep)).unwrap();
    shell.write(&format!("docs/{deep}/end"), "deep");
    shell.ok(&["encrypt", "-r", "docs", "--output-dir", "enc"]);
    shell.ok(&["decrypt", "-r", "enc/docs", "--output-dir", "back"]);
    assert_eq!(shell.read(&format!("back/docs/{deep}/end")), b"deep");
}

#[test]
fn what_cannot_be_read_is_one_failure_each() {
    let shell = Shell::new();
    fs::create_dir_all(shell.path("docs/closed")).unwrap();
    for name in ["docs/a", "docs/secret", "docs/z", "docs/closed/inside"] {
        shell.write(name, "text");
    }
    for name in ["docs/secret", "docs/closed"] {
        Shell::chmod(&shell.path(name), 0);
    }
    let run = shell.run_unprivileged(&["encrypt", "-r", "docs"]).failure(12);
    run.says(&["docs/secret (exit code 1)", "docs/closed (exit code 1)", "2 encrypted"]);
    assert!(shell.path("docs/a.enwrap").exists() && shell.path("docs/z.enwrap").exists());
    assert!(!shell.path("docs/secret.enwrap").exists());
}

#[test]
fn every_message_of_a_tree_may_have_its_own_keys() {
    let shell = documents();
    shell.ok(&["encrypt", "-r", "docs", "--output-dir", "enc"]);
    shell.ok(&["keygen", "second"]);
    shell.ok(&["rewrap", "-r", "enc", "-k", "second", "--envelope", "enc/all.envelope"]);
    let run = shell.run(&[
        "verify",
        "-r",
        "enc",
        "--only-key",
        "second",
        "--envelope",
        "enc/all.envelope",
    ]);
    run.success().says(&["5 verified; 1 envelope file, 1 lock"]);
    shell.fails(&["verify", "-r", "enc", "--only-key", "second"], 12).says(&["exit code 3"]);
}

#[test]
fn an_operand_without_a_name_fills_the_output_folder_itself() {
    let shell = Shell::new();
    fs::create_dir_all(shell.path("a/sub")).unwrap();
    fs::create_dir_all(shell.path("other/sub")).unwrap();
    shell.write("a/sub/f", "one");
    shell.write("other/sub/f", "another");
    let line = "cd a && enwrap encrypt -r . ../other/sub --output-dir ../out -f --remove-source";
    shell.sh(line).failure(2).says(&["two inputs would go to"]);
    assert_eq!(shell.read("a/sub/f"), b"one");
    shell.sh("cd a && enwrap encrypt -r . --output-dir ../out").success();
    assert_eq!(names(&shell.path("out")), ["sub/f.enwrap"]);
}

/// Changes a file, and gives it its time back: what a power cut leaves of a file that was not synced.
fn spoil(path: &Path, spoil: impl FnOnce(&File)) {
    let file = File::options().write(true).open(path).unwrap();
    let time = file.metadata().unwrap().modified().unwrap();
    spoil(&file);
    file.set_modified(time).unwrap();
}

#[test]
fn what_a_power_cut_left_of_a_result_is_made_again() {
    let shell = documents();
    shell.ok(&["encrypt", "-r", "docs", "--output-dir", "enc"]);
    let again = ["encrypt", "-r", "docs", "--output-dir", "enc", "--skip-existing", "--sync"];
    let len = |file: &File| file.metadata().unwrap().len();
    let cut = shell.path("enc/docs/a/two.enwrap");
    for spoiled in [
        |file: &File, len: u64| file.set_len(len - 1).unwrap(),
        |file: &File, _| file.set_len(0).unwrap(),
        |file: &File, len| file.write_all_at(&vec![0; 40_000], len - 40_000).unwrap(),
        |file: &File, len| {
            file.set_len(0).unwrap();
            file.set_len(len).unwrap();
        },
    ] {
        // A new result has the time of its source.
        fs::remove_file(&cut).unwrap();
        shell.run(&again).success().says(&["1 encrypted; 4 done before"]);
        spoil(&cut, |file| spoiled(file, len(file)));
        shell.run(&again).success().says(&["1 encrypted; 4 done before"]);
        shell.ok(&["verify", "-r", "enc"]);
    }
    // Also without its time, as long as it is nothing else.
    File::options().write(true).open(&cut).unwrap().set_len(0).unwrap();
    shell.run(&again).success().says(&["1 encrypted; 4 done before"]);

    // What has another time, or other bytes, may be somebody's own work.
    shell.write("enc/docs/a/two.enwrap", "notes");
    shell.fails(&again, 12).says(&["two.enwrap' already exists"]);
    assert_eq!(shell.read("enc/docs/a/two.enwrap"), b"notes");
    fs::remove_file(&cut).unwrap();
    shell.run(&again).success();

    shell.run(&["decrypt", "-r", "enc/docs", "--output-dir", "back"]).success();
    let again = ["decrypt", "-r", "enc/docs", "--output-dir", "back", "--skip-existing"];
    shell.run(&again).success().says(&["0 decrypted; 5 done before"]);
    let plaintext = shell.path("back/docs/a/two");
    let zeros = |file: &File, from: u64| {
        let zeros = vec![0; usize::try_from(len(file) - from).unwrap()];
        file.write_all_at(&zeros, from).unwrap();
    };
    spoil(&plaintext, |file| zeros(file, len(file) / 2));
    shell.run(&again).success().says(&["1 decrypted; 4 done before"]);
    spoil(&plaintext, |file| file.set_len(7).unwrap());
    shell.run(&again).success().says(&["1 decrypted; 4 done before"]);
    // What stands in the middle is seen by its content only.
    spoil(&plaintext, |file| file.write_all_at(b"?", 9).unwrap());
    shell.run(&again).success().says(&["0 decrypted; 5 done before"]);
    let by_content: Vec<&str> = again
        .iter()
        .map(|it| it.strip_suffix("existing").map_or(*it, |_| "--skip-existing=verify"))
        .collect();
    shell.run(&by_content).success().says(&["1 decrypted; 4 done before"]);
    shell.run(&by_content).success().says(&["0 decrypted; 5 done before"]);
    assert_eq!(shell.read("docs/a/two"), shell.read("back/docs/a/two"));
    for edited in
        ["an edit", &String::from_utf8(vec![b'x'; shell.read("docs/a/two").len()]).unwrap()]
    {
        shell.write("back/docs/a/two", edited);
        shell.fails(&again, 12).says(&["two' already exists"]);
        shell.fails(&by_content, 12).says(&["two' already exists"]);
        assert_eq!(shell.read("back/docs/a/two"), edited.as_bytes());
    }
}

#[test]
fn a_plaintext_that_ends_in_zeros_is_not_made_again_every_night() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    shell.write("docs/zeros", vec![0; 100_000]);
    shell.ok(&["encrypt", "-r", "docs", "--output-dir", "enc"]);
    let again = ["decrypt", "-r", "enc/docs", "--output-dir", "back", "--skip-existing"];
    shell.run(&again).success().says(&["1 decrypted"]);
    shell.run(&again).success().says(&["0 decrypted; 1 done before"]);
}

#[test]
fn a_keyring_is_replaced_by_no_tree() {
    let shell = Shell::new();
    let keyring = shell.keyring();
    fs::create_dir(shell.path("saved")).unwrap();
    shell.write("old", "an old keyring");
    shell.ok(&["encrypt", "old", "-o", "saved/keyring.json.enwrap"]);
    let folder = keyring.parent().unwrap().parent().unwrap().to_str().unwrap();
    // Under the folder's own name, where the keyring is.
    assert!(shell.sh("mv saved enwrap").code == Some(0));
    let run = shell.fails(&["decrypt", "-r", "enwrap", "--output-dir", folder, "-f"], 12);
    run.says(&["belongs to the keyring itself"]);
    shell.ok(&["key", "list"]);
}

#[test]
fn folders_are_as_open_as_those_they_stand_for() {
    let shell = documents();
    Shell::chmod(&shell.path("docs/a"), 0o750);
    Shell::chmod(&shell.path("docs"), 0o700);
    shell.ok(&["encrypt", "-r", "docs", "--output-dir", "enc"]);
    assert_eq!((shell.mode("enc/docs"), shell.mode("enc/docs/a")), (0o700, 0o750));
    shell.ok(&["decrypt", "-r", "enc/docs", "--output-dir", "back", "--preserve-mode"]);
    assert_eq!((shell.mode("back/docs"), shell.mode("back/docs/a")), (0o700, 0o750));
}

#[test]
fn a_message_in_a_message_comes_out_as_one_and_no_further() {
    let shell = Shell::new();
    fs::create_dir(shell.path("docs")).unwrap();
    shell.write("a", "a");
    shell.ok(&["encrypt", "a"]);
    shell.ok(&["encrypt", "a.enwrap"]);
    // More than one listing of a folder holds, so that the walk comes by what was made meanwhile.
    for n in 0..40 {
        let message = shell.path(&format!("docs/{n}.enwrap.enwrap"));
        fs::copy(shell.path("a.enwrap.enwrap"), message).unwrap();
    }
    for n in 0..1200 {
        shell.write(&format!("docs/a long name, so that the folder is a long one {n}"), "");
    }
    let run = shell.run(&["decrypt", "-r", "docs"]).success();
    run.says(&["40 decrypted"]);
    let names = names(&shell.path("docs"));
    let endings = ["", ".enwrap", ".enwrap.enwrap"];
    let counts = endings.map(|end| {
        names.iter().filter(|name| (0..40).any(|n| **name == format!("{n}{end}"))).count()
    });
    assert_eq!(counts, [0, 40, 40]);
}

/// The most memory that a run over `files` files has used, in KiB, looked at when nearly all are done.
#[cfg(target_os = "linux")]
fn peak_of_verifying(shell: &Shell, folder: &str, files: usize) -> u64 {
    use std::io::BufRead as _;
    for n in 0..files {
        let group = format!("{folder}/{}", n / 10_000);
        // Each group has its own file: file systems have at most so many links to one.
        if n % 10_000 == 0 {
            fs::create_dir_all(shell.path(&group)).unwrap();
            fs::copy(shell.path("a.enwrap"), shell.path(&format!("{group}/0"))).unwrap();
        } else {
            let link = shell.path(&format!("{group}/{}", n % 10_000));
            fs::hard_link(shell.path(&format!("{group}/0")), link).unwrap();
        }
    }
    let mut command = shell.command(ENWRAP, &["verify", "-r", "-v", folder]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap());
    // What is left then does not fit into the pipe and the reader: it waits.
    for _ in 0..files - 9000 {
        assert!(lines.read_line(&mut String::new()).unwrap() > 0);
    }
    let peak = status_field(&child.id().to_string(), "VmHWM:").unwrap();
    let peak = peak.trim_end_matches(" kB").parse().unwrap();
    std::io::copy(&mut lines, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
    peak
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_thousand_files_take_no_more_memory_than_some() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a"]);
    let some = peak_of_verifying(&shell, &["some"; 20].concat(), 10_000);
    let many = peak_of_verifying(&shell, &["many"; 20].concat(), 100_000);
    // A name alone, kept for each, would be 10 MiB.
    assert!(many < some + 2048, "{some} KiB, {many} KiB");
}
