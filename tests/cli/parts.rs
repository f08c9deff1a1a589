//! Parts of a message: a range of a whole one, and what is left of a damaged one.

use serde_json::{Value, json};

use crate::shell::{Run, Shell, sample};

/// Eleven frames of 100 bytes, the last one of 50.
fn framed() -> (Shell, Vec<u8>, Vec<u8>) {
    let shell = Shell::new();
    let plaintext = sample(1050);
    shell.write("plain", &plaintext);
    shell.ok(&["encrypt", "plain", "--frame-length", "100"]);
    let message = shell.read("plain.enwrap");
    (shell, plaintext, message)
}

const FRAMES: usize = 11;
const STRIDE: usize = 132;

/// Where frame `n`, from 0, begins.
fn frame(message: &[u8], n: usize) -> usize {
    message.len() - (50 + 40) - (FRAMES - 1 - n) * STRIDE
}

#[test]
fn a_range_is_what_a_slice_is() {
    let (shell, plaintext, _) = framed();
    for offset in [0, 1, 99, 100, 101, 550, 999, 1000, 1049, 1050, 5000] {
        for length in [0, 1, 100, 250, 1050, u64::MAX] {
            let (from, count) = (offset.to_string(), length.to_string());
            let args =
                ["decrypt", "--offset", &from, "--length", &count, "plain.enwrap", "-o", "-"];
            let run = shell.run(&args).success();
            let from = offset.min(plaintext.len());
            let to = offset.saturating_add(usize::try_from(length).unwrap()).min(plaintext.len());
            assert!(run.stdout == plaintext[from..to.max(from)], "{offset} {length}");
            let is_past = offset >= plaintext.len() && length > 0;
            assert_eq!(run.stderr.contains("it has 1050 bytes, and none from"), is_past, "{run:?}");
        }
    }
    shell.fails_harmlessly(&["decrypt", "--offset", "990", "plain.enwrap"], 2);
    let line = ["--json", "decrypt", "--offset", "990", "plain.enwrap", "-o", "part"];
    let run = shell.run(&line).success();
    assert_eq!(shell.read("part"), plaintext[990..]);
    let result = &run.json()[0];
    let time = |name: &str| std::fs::metadata(shell.path(name)).unwrap().modified().unwrap();
    assert!(time("part") > time("plain"), "a part is not the file of that time");
    assert_eq!((&result["plaintext_bytes"], &result["written_bytes"]), (&json!(1050), &json!(60)));
}

#[test]
fn a_range_looks_at_its_frames_and_at_the_end_and_at_nothing_else() {
    let (shell, plaintext, message) = framed();
    let range = ["decrypt", "--offset", "420", "--length", "100", "bad", "-o", "-"];
    for n in 0..FRAMES {
        let mut bad = message.clone();
        bad[frame(&message, n) + 40] ^= 1;
        shell.write("bad", &bad);
        let run = shell.run(&range);
        if matches!(n, 4 | 5 | 10) {
            let whole = shell.run(&["verify", "bad"]);
            assert_eq!(run.code, Some(4));
            assert_eq!(run.stderr, whole.stderr, "the same words as for all of it");
            assert!(plaintext[420..520].starts_with(&run.stdout), "only what is authentic");
        } else {
            assert!(run.success().stdout == plaintext[420..520]);
        }
    }
    // The size is proved before anything else, whatever is asked for.
    for cut in (frame(&message, 5)..message.len()).step_by(7) {
        shell.write("bad", &message[..cut]);
        assert!(shell.fails(&range, 5).stdout.is_empty());
    }
    shell.write("bad", [&message[..], b"x"].concat());
    assert!(shell.fails(&range, 4).stdout.is_empty());
    shell.fails_harmlessly(&["decrypt", "--offset", "420", "bad", "-o", "new"], 4);
}

#[test]
fn what_has_no_parts_is_read_whole_or_refused() {
    let (shell, plaintext, message) = framed();
    shell.ok(&["encrypt", "--algorithm", "0x0578", "plain", "-o", "signed"]);
    shell.ok(&["encrypt", "-a", "plain", "-o", "armored"]);
    let part = |more: &[&str], input: &str, code: i32| {
        let args = ["decrypt", "--offset", "500", "--length", "7", input, "-o", "-"];
        let args: Vec<&str> = args.iter().chain(more).copied().collect();
        let run = if input == "-" { shell.pipe(&args, &message) } else { shell.run(&args) };
        assert_eq!(run.code, Some(code), "{input}: {run:?}");
        run
    };
    for (input, code) in [("signed", 16), ("armored", 2), ("-", 2)] {
        let run = part(&[], input, code);
        assert!(run.stdout.is_empty());
        run.says(&["--verify-first"]);
        assert_eq!(part(&["--verify-first"], input, 0).stdout, plaintext[500..507]);
    }
    assert_eq!(part(&["--verify-first"], "plain.enwrap", 0).stdout, plaintext[500..507]);
    // With it, all of the message has to hold.
    let mut bad = message.clone();
    bad[frame(&message, 1) + 40] ^= 1;
    shell.write("bad", &bad);
    assert!(part(&["--verify-first"], "bad", 4).stdout.is_empty());
    // White space before a binary message would move all its frames, and no SDK reads it.
    shell.write("moved", [b"\n", &message[..]].concat());
    part(&[], "moved", 11).says(&["it begins with white space"]);
    assert!(part(&["--verify-first"], "moved", 11).stdout.is_empty());
    for args in [
        &["decrypt", "--offset", "1", "plain.enwrap", "armored"][..],
        &["decrypt", "--offset", "1", "-r", "."],
        &["decrypt", "--salvage", "plain.enwrap"],
        &["decrypt", "--salvage", "plain.enwrap", "-o", "-"],
        &["decrypt", "--salvage", "armored", "-o", "new"],
    ] {
        shell.fails_harmlessly(args, 2);
    }
    shell.fails_harmlessly(&["decrypt", "--salvage", "signed", "-o", "new"], 16);
}

fn lost(run: &Run) -> Value {
    run.json().into_iter().find(|line| line["type"] == "result").unwrap()["lost"].clone()
}

/// Salvages `bad`, which must end as a plain decryption does.
fn salvage(shell: &Shell, bad: &[u8]) -> (Run, Vec<u8>) {
    shell.write("bad", bad);
    let plain = shell.run(&["decrypt", "bad", "-o", "whole"]);
    let run = shell.run(&["--json", "decrypt", "--salvage", "bad", "-o", "saved", "-f"]);
    assert_eq!(run.code, plain.code, "{run:?}");
    (run, shell.read("saved"))
}

#[test]
fn a_salvage_loses_what_is_damaged_and_nothing_else() {
    let (shell, plaintext, message) = framed();
    for n in 0..FRAMES {
        let mut bad = message.clone();
        bad[frame(&message, n) + 40] ^= 1;
        let (run, saved) = salvage(&shell, &bad);
        assert_eq!(run.code, Some(4));
        let (from, to) = (n * 100, (n * 100 + 100).min(1050));
        let is_last = n == FRAMES - 1;
        let length = if is_last { Value::Null } else { json!(100) };
        assert_eq!(lost(&run), json!([{"offset": from, "length": length}]));
        let mut expected = plaintext.clone();
        expected[from..to].fill(0);
        expected.truncate(if is_last { from } else { 1050 });
        assert!(saved == expected, "frame {n}");
    }
    let mut bad = message.clone();
    for n in [2, 3, 7] {
        bad[frame(&message, n) + 40] ^= 1;
    }
    let (run, _) = salvage(&shell, &bad);
    let expected = json!([{"offset": 200, "length": 200}, {"offset": 700, "length": 100}]);
    assert_eq!(lost(&run), expected);
    shell.fails(&["decrypt", "--salvage", "bad", "-o", "text"], 4).says(&[
        "saved 750 bytes in 8 frames to 'text'",
        "that they are complete, nothing proves",
        "frame 3 was altered",
    ]);
}

#[test]
fn a_salvage_of_a_cut_or_grown_file() {
    let (shell, plaintext, message) = framed();
    for cut in (frame(&message, 1)..message.len()).step_by(61) {
        let (run, saved) = salvage(&shell, &message[..cut]);
        let whole = (0..FRAMES).rfind(|n| frame(&message, *n) <= cut).unwrap() * 100;
        assert_eq!(run.code, Some(5));
        assert_eq!(lost(&run), json!([{"offset": whole, "length": null}]), "{cut}");
        assert!(saved == plaintext[..whole]);
    }
    let (run, saved) = salvage(&shell, &[&message[..], b"more"].concat());
    assert_eq!((run.code, lost(&run), saved == plaintext), (Some(4), json!([]), true));
    // Bytes that were put in or taken out move what follows; it is found again.
    let middle = frame(&message, 4) + 50;
    let put_in = [&message[..middle], b"some bytes", &message[middle..]].concat();
    let taken_out = [&message[..middle], &message[middle + 10..]].concat();
    for bad in [put_in, taken_out] {
        let (run, saved) = salvage(&shell, &bad);
        assert_eq!(lost(&run), json!([{"offset": 400, "length": 100}]));
        assert!(saved[500..] == plaintext[500..]);
    }
}

#[test]
fn a_salvage_is_never_a_success() {
    let (shell, plaintext, message) = framed();
    let run = shell.fails(&["decrypt", "--salvage", "plain.enwrap", "-o", "saved"], 4);
    run.says(&["nothing is lost", "decrypt it without --salvage"]);
    assert_eq!(shell.read("saved"), plaintext);
    // Nothing to save is no file.
    let mut bad = message[..frame(&message, 1)].to_vec();
    let at = frame(&message, 0) + 40;
    bad[at] ^= 1;
    shell.write("bad", bad);
    let run = shell.fails_harmlessly(&["decrypt", "--salvage", "bad", "-o", "new"], 4);
    run.says(&["nothing could be saved"]);
}
