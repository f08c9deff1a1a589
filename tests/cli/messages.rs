//! Messages of every kind: signed, bound, armoured, old; and what can be seen of them.

use std::fs;

use serde_json::Value;

use crate::shell::{Shell, sample};

const ALLOW: [&str; 2] = ["--commitment-policy", "require-encrypt-allow-decrypt"];

#[test]
fn a_signed_message_is_released_when_its_signature_holds() {
    let shell = Shell::new();
    shell.write("a", sample(300_000));
    for (name, armor) in
        [("0x0578", false), ("AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384", true)]
    {
        let flags: &[&str] = if armor { &["-a"] } else { &[] };
        shell.ok(&[&["encrypt", "a", "-f", "--algorithm", name], flags].concat());
        let message = shell.read("a.enwrap");
        shell.ok(&["decrypt", "a.enwrap", "-f", "-o", "b"]);
        assert_eq!(shell.read("b"), sample(300_000));
        // To a stream it takes two passes, over a file or over a copy of the pipe.
        let run = shell.run(&["decrypt", "a.enwrap", "-o", "-"]).success();
        assert_eq!(run.stdout, sample(300_000));
        assert_eq!(shell.pipe(&["decrypt"], &message).success().stdout, sample(300_000));
    }
    shell.ok(&["encrypt", "a", "-f", "--algorithm", "0578"]);
    let mut message = shell.read("a.enwrap");
    let last = message.len() - 1;
    message[last] ^= 1;
    shell.write("bad", &message);
    let armored = shell.command("base64", &["bad"]).output().unwrap().stdout;
    for run in [
        shell.pipe(&["decrypt"], &message),
        shell.pipe(&["decrypt"], &armored),
        shell.run(&["decrypt", "bad", "-o", "-"]),
        shell.sh("enwrap decrypt -o - < bad"),
        shell.sh("mkfifo fifo; cat fifo & enwrap decrypt bad -o fifo; code=$?; wait; exit $code"),
    ] {
        assert!(run.failure(4).says(&["the signature"]).stdout.is_empty());
    }
    shell.fails_harmlessly(&["decrypt", "--unsigned-only", "a.enwrap", "-o", "c"], 16);
    // Two messages of one file are told apart by their key pairs.
    let key = |run: crate::shell::Run| run.json()[0]["encryption_context"].clone();
    let first = key(shell.run(&["--json", "inspect", "a.enwrap"]).success());
    shell.ok(&["encrypt", "a", "-f", "--algorithm", "0578"]);
    assert_ne!(first, key(shell.run(&["--json", "inspect", "a.enwrap"]).success()));
}

#[test]
fn only_committing_suites_are_written_and_others_read_when_allowed() {
    let shell = Shell::new();
    shell.write("a", "text");
    for name in ["0x0178", "0378", "ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256"] {
        let run = shell.fails_harmlessly(&["encrypt", "a", "--algorithm", name], 2);
        run.says(&["no key commitment"]);
    }
    shell.fails_harmlessly(&["encrypt", "a", "--algorithm", "0x0479"], 2).says(&["0x0478"]);
    shell.write("key", (0..32).map(|byte| format!("{byte:02x}")).collect::<String>());
    let from = ["--namespace", "my-ns", "--name", "key-1", "--material-file", "key"];
    shell.ok(&[&["key", "import"], &from[..]].concat());
    let answers: Value =
        serde_json::from_str(include_str!("../vectors/known-answers.json")).unwrap();
    let mut suites = 0;
    for answer in answers.as_array().unwrap().iter().step_by(6) {
        let suite = answer["suite"].as_str().unwrap();
        let message = hex::decode(answer["message"].as_str().unwrap()).unwrap();
        let commits = suite.starts_with("04") || suite.starts_with("05");
        let run = shell.pipe(&["decrypt"], &message);
        assert_eq!(run.code, Some(if commits { 0 } else { 16 }), "{suite}: {run:?}");
        let run = shell.pipe(&[&["decrypt"], &ALLOW[..]].concat(), &message).success();
        assert_eq!(hex::encode(run.stdout), answer["plaintext"].as_str().unwrap(), "{suite}");
        suites += 1;
    }
    assert_eq!(suites, 11);
}

#[test]
fn a_bound_pair_must_be_given_back() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-c", "stored=1", "--bind", "tenant=secret-name"]);
    let message = String::from_utf8_lossy(&shell.read("a.enwrap")).into_owned();
    assert!(message.contains("stored") && !message.contains("secret-name"));
    let open = |args: &[&str]| shell.run(&[&["decrypt", "a.enwrap", "-o", "-"], args].concat());
    assert_eq!(open(&["-c", "tenant=secret-name"]).success().text(), "text");
    open(&[]).failure(4).says(&["bound", "-c"]);
    let run = open(&["-c", "tenant=other"]).failure(6).says(&["'tenant'", "never bound"]);
    assert!(!run.stderr.contains("secret-name") && !run.stderr.contains("other"));
    open(&["-c", "tenant=secret-name", "-c", "more=x"]).failure(6);
    let both = ["encrypt", "a", "-f", "-c", "k=1", "--bind", "k=1"];
    shell.fails_harmlessly(&both, 2).says(&["'k' is given twice"]);
    let reserved = ["encrypt", "a", "-f", "--bind", "aws-crypto-x=1"];
    shell.fails_harmlessly(&reserved, 2).says(&["reserved"]);
}

#[test]
fn frames_have_the_length_asked_for() {
    let shell = Shell::new();
    shell.write("a", sample(1000));
    for length in ["1", "128", "1000", "67108864"] {
        shell.ok(&["encrypt", "a", "-f", "--frame-length", length]);
        assert_eq!(shell.run(&["decrypt", "a.enwrap", "-o", "-"]).success().stdout, sample(1000));
        let line = shell.run(&["--json", "inspect", "a.enwrap"]).success().json().remove(0);
        assert_eq!(line["frame_length"].to_string(), length);
    }
    for length in ["0", "67108865", "x"] {
        shell.fails(&["encrypt", "a", "-f", "--frame-length", length], 2).says(&["67108864"]);
    }
}

#[test]
fn armour_is_bare_base64_and_read_in_every_dress() {
    let shell = Shell::new();
    shell.write("a", sample(100_000));
    shell.ok(&["encrypt", "-a", "a"]);
    let text = String::from_utf8(shell.read("a.enwrap")).unwrap();
    assert!(text.starts_with("AgR4") && text.lines().all(|line| line.len() <= 64));
    for dressed in [
        text.clone(),
        format!(
            "-----BEGIN X-----\r\n{}\r\n-----END X-----\r\n",
            text.trim().replace('\n', "\r\n")
        ),
        text.replace('\n', ""),
    ] {
        let run = shell.pipe(&["decrypt"], dressed.as_bytes()).success();
        assert_eq!(run.stdout, sample(100_000));
    }
    let base64 = shell.command("base64", &["-d", "a.enwrap"]).output().unwrap().stdout;
    assert_eq!(shell.pipe(&["decrypt"], &base64).success().stdout, sample(100_000));
    shell.pipe(&["decrypt"], &text.as_bytes()[..text.len() / 2]).failure(5);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    shell.pipe(&["decrypt"], &wide).failure(11).says(&["UTF-16", "-o"]);
}

#[test]
fn verify_first_releases_nothing_of_a_broken_message() {
    let shell = Shell::new();
    shell.write("a", sample(3_000_000));
    shell.ok(&["encrypt", "a"]);
    let message = shell.read("a.enwrap");
    let whole = shell.pipe(&["decrypt", "--verify-first"], &message).success();
    assert_eq!(whole.stdout, sample(3_000_000));
    shell.write("cut", &message[..message.len() - 1]);
    for run in [
        shell.pipe(&["decrypt", "--verify-first"], &message[..message.len() - 1]),
        shell.run(&["decrypt", "--verify-first", "cut", "-o", "-"]),
    ] {
        assert!(run.failure(5).stdout.is_empty());
    }
}

#[test]
fn inspect_needs_no_key() {
    let shell = Shell::new();
    shell.write("a", sample(70_000));
    shell.ok(&["encrypt", "a", "-c", "purpose=test\u{1b}[2J\u{9b}"]);
    let other = Shell::bare();
    other.write("a", shell.read("a.enwrap"));
    let text = other.ok(&["inspect", "a"]);
    let json = other.ok(&["--json", "inspect", "a"]);
    assert!(json.contains("test\\u001b[2J\\u009b") && !json.contains('\u{9b}'), "{json}");
    for word in
        ["version 2", "0x0478", "purpose=test\\u{1b}[2J", "enwrap: ", "70000 bytes in 2 frames"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(shell.ok(&["inspect", "a.enwrap"]).contains("(default version 1)"));
    let line = other.run(&["--json", "inspect", "a"]).success().json().remove(0);
    assert_eq!((&line["plaintext_bytes"], &line["frames"]), (&70_000.into(), &2.into()));
    assert_eq!((&line["signed"], &line["armored"]), (&false.into(), &false.into()));
    assert_eq!(line["encrypted_data_keys"][0]["key_id"], Value::Null);
    // Of a signed message too, also where its footer is as long as what is missing to a frame.
    for (length, frame) in
        [(65_470, "65536"), (65_536, "65536"), (131_072, "65536"), (0, "1"), (9, "1")]
    {
        shell.write("b", sample(length));
        shell.ok(&["encrypt", "-f", "--algorithm", "0578", "--frame-length", frame, "b"]);
        let line = shell.run(&["--json", "inspect", "b.enwrap"]).success().json().remove(0);
        assert_eq!(line["plaintext_bytes"], length, "frames of {frame}");
    }
    // A size is said only where the final frame stands where it should.
    other.write("cut", &shell.read("a.enwrap")[..70_000]);
    let line = other.run(&["--json", "inspect", "cut"]).success().json().remove(0);
    assert_eq!(line["plaintext_bytes"], Value::Null);
    other.write("text", "text");
    other.fails(&["inspect", "text"], 11);
    // Nor does a damaged keyring matter.
    fs::remove_file(shell.keyring()).unwrap();
    fs::create_dir(shell.keyring()).unwrap();
    shell.ok(&["inspect", "a.enwrap"]);
}

#[test]
fn verify_checks_everything_and_writes_nothing() {
    let shell = Shell::new();
    shell.write("a", sample(70_000));
    shell.write("b", "text");
    shell.ok(&["encrypt", "a", "b", "-c", "k=v"]);
    let before = shell.snapshot();
    let run = shell.run(&["verify", "a.enwrap", "b.enwrap", "-c", "k=v"]).success();
    assert_eq!(run.text(), "a.enwrap: OK, 70000 bytes\nb.enwrap: OK, 4 bytes");
    assert_eq!(shell.snapshot(), before);
    shell.fails(&["verify", "a.enwrap", "-c", "k=w"], 6);
    let mut message = shell.read("a.enwrap");
    message.pop();
    shell.write("a.enwrap", message);
    shell.fails(&["verify", "a.enwrap"], 5);
    let run = shell.fails(&["verify", "a.enwrap", "b.enwrap"], 12);
    assert_eq!(run.text(), "b.enwrap: OK, 4 bytes");
    run.says(&["1 of 2 files failed"]);
}

#[test]
fn metadata_has_a_line_for_each_file() {
    let shell = Shell::new();
    shell.write("a", "text");
    shell.ok(&["encrypt", "a", "-c", "k=v", "--metadata", "log"]);
    shell.ok(&["decrypt", "a.enwrap", "-f", "--metadata", "log"]);
    shell.ok(&["verify", "a.enwrap", "--metadata", "log"]);
    let log = String::from_utf8(shell.read("log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let modes: Vec<&str> = lines.iter().map(|line| line["mode"].as_str().unwrap()).collect();
    assert_eq!(modes, ["encrypt", "decrypt", "verify"]);
    assert_eq!(lines[0]["header"], lines[1]["header"]);
    assert_eq!(lines[0]["header_auth"], lines[2]["header_auth"]);
    assert_eq!(lines[0]["header"]["algorithm"], "AES_256_GCM_HKDF_SHA512_COMMIT_KEY");
    assert_eq!(lines[0]["header"]["encryption_context"]["k"], "v");
    assert!(lines[0]["output"].as_str().unwrap().ends_with("/a.enwrap"));
    assert_eq!(lines[2]["output"], "-");
    // It would damage what it is appended to.
    let keyring = shell.keyring().display().to_string();
    for file in ["-", "/dev/stdout", "a.enwrap", "./a.enwrap", &keyring] {
        shell
            .fails_harmlessly(&["verify", "a.enwrap", "--metadata", file], 2)
            .says(&["--metadata"]);
    }
    shell.fails_harmlessly(&["encrypt", "a", "-o", "new", "--metadata", "new"], 2);
}

#[test]
fn encrypting_what_is_encrypted_is_a_warning() {
    let shell = Shell::new();
    shell.write("a", "text");
    for flags in [&[][..], &["-a"], &["--algorithm", "0578"], &["-a", "--algorithm", "0578"]] {
        shell.ok(&[&["encrypt", "a", "-f"], flags].concat());
        let run = shell.run(&["encrypt", "a.enwrap", "-f"]).success();
        run.says(&["warning: a.enwrap: it is encrypted already"]);
    }
    assert_eq!(shell.run(&["encrypt", "a", "-f"]).success().stderr, "");
}
