//! Data keys for other programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::shell::{Run, Shell};

/// The one object of an answer.
fn answer(run: Run) -> Value {
    serde_json::from_str(&run.success().text()).unwrap()
}

fn members(answer: &Value) -> Vec<&str> {
    answer.as_object().unwrap().keys().map(String::as_str).collect()
}

fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap()
}

#[test]
fn a_data_key_is_made_and_opened_with_the_members_of_aws() {
    let shell = Shell::new();
    let id = shell.ok(&["keygen", "backup"]);
    let made = answer(shell.run(&["datakey", "-k", "backup", "-c", "a=b"]));
    assert_eq!(members(&made), ["CiphertextBlob", "Plaintext", "KeyId", "KeyMaterialId"]);
    assert_eq!(text(&made, "KeyId"), id);
    assert_eq!(text(&made, "KeyMaterialId"), format!("{id}/1"));
    assert_eq!(STANDARD.decode(text(&made, "Plaintext")).unwrap().len(), 32);
    let blob = text(&made, "CiphertextBlob");
    let opened = answer(shell.run(&["datakey", "decrypt", blob, "-c", "a=b"]));
    let expected = ["KeyId", "Plaintext", "EncryptionAlgorithm", "KeyMaterialId"];
    assert_eq!(members(&opened), expected);
    assert_eq!(opened["Plaintext"], made["Plaintext"]);
    assert_eq!(opened["KeyId"], made["KeyId"]);
    assert_eq!(text(&opened, "EncryptionAlgorithm"), "SYMMETRIC_DEFAULT");
    let other = answer(shell.run(&["datakey", "-k", "backup", "-c", "a=b"]));
    assert_ne!(other["Plaintext"], made["Plaintext"]);
}

#[test]
fn its_length_is_chosen() {
    let shell = Shell::new();
    for (args, len) in [
        (["--key-spec", "AES_128"], 16),
        (["--key-spec", "AES_256"], 32),
        (["--number-of-bytes", "1"], 1),
        (["--number-of-bytes", "1024"], 1024),
    ] {
        let made = answer(shell.run(&[&["datakey"][..], &args].concat()));
        assert_eq!(STANDARD.decode(text(&made, "Plaintext")).unwrap().len(), len);
        let opened = answer(shell.run(&["datakey", "decrypt", text(&made, "CiphertextBlob")]));
        assert_eq!(opened["Plaintext"], made["Plaintext"]);
    }
    for args in [["--number-of-bytes", "0"], ["--number-of-bytes", "1025"], ["--key-spec", "X"]] {
        shell.fails(&[&["datakey"][..], &args].concat(), 2);
    }
    shell.fails(&["datakey", "--key-spec", "AES_128", "--number-of-bytes", "5"], 2);
}

#[test]
fn without_plaintext_there_is_none_to_see() {
    let shell = Shell::new();
    let made = answer(shell.run(&["datakey", "--without-plaintext"]));
    assert_eq!(members(&made), ["CiphertextBlob", "KeyId", "KeyMaterialId"]);
    let opened = answer(shell.run(&["datakey", "decrypt", text(&made, "CiphertextBlob")]));
    assert_eq!(STANDARD.decode(text(&opened, "Plaintext")).unwrap().len(), 32);
}

#[test]
fn one_value_is_printed_when_asked_and_the_blob_is_never_lost() {
    let shell = Shell::new();
    shell.fails_harmlessly(&["datakey", "--format", "hex"], 2).says(&["--blob-out"]);
    let hex = shell.ok(&["datakey", "--format", "hex", "--blob-out", "k"]);
    assert_eq!((hex.len(), shell.mode("k")), (64, 0o600));
    let open = |format| shell.run(&["datakey", "decrypt", "--blob-file", "k", "--format", format]);
    assert_eq!(open("hex").success().text(), hex);
    let bytes = hex::decode(&hex).unwrap();
    assert_eq!(open("raw").success().stdout, bytes);
    assert_eq!(open("base64").success().text(), STANDARD.encode(&bytes));
    // An old blob is the only way back to an old key.
    shell.fails_harmlessly(&["datakey", "--format", "hex", "--blob-out", "k"], 8);
    shell.fails_harmlessly(&["datakey", "--format", "raw", "--blob-out", "none/k"], 1);
    shell.fails_harmlessly(&["datakey", "--blob-out", "-"], 2);
    let blob = shell.ok(&["datakey", "--without-plaintext", "--format", "base64"]);
    for input in [blob.as_bytes(), &STANDARD.decode(&blob).unwrap(), format!("{blob}\n").as_bytes()]
    {
        shell.pipe(&["datakey", "decrypt", "-"], input).success();
        shell.pipe(&["datakey", "decrypt"], input).success();
    }
}

#[test]
fn a_full_disk_prints_no_key() {
    let shell = Shell::new();
    let line = "ulimit -f 0; enwrap datakey --format hex --blob-out k | wc -c; test ! -e k";
    assert_eq!(shell.sh(line).success().text(), "0");
}

#[test]
fn a_wrong_context_and_a_damaged_blob_look_alike() {
    let shell = Shell::new();
    let blob = shell.ok(&["datakey", "--without-plaintext", "--format", "base64", "-c", "a=b"]);
    let open =
        |blob: &str, args: &[&str]| shell.run(&[&["datakey", "decrypt", blob], args].concat());
    for args in [&[][..], &["-c", "a=c"], &["-c", "a=b", "-c", "c=d"]] {
        open(&blob, args).failure(4).says(&["damaged", "context", "-c"]);
    }
    let mut bytes = STANDARD.decode(&blob).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let run = open(&STANDARD.encode(&bytes), &["-c", "a=b"]).failure(4);
    run.says(&["damaged", "context"]);
    for bad in ["", "!", "AAAA", &STANDARD.encode(&bytes[..last])] {
        if !bad.is_empty() {
            open(bad, &[]).failure(11).says(&["no wrapped data key"]);
        }
        shell.pipe(&["datakey", "decrypt"], bad.as_bytes()).failure(11);
    }
    let other = Shell::new();
    let run = other.run(&["datakey", "decrypt", &blob, "-c", "a=b"]).failure(3);
    run.says(&["enwrap: ", "keyring.json"]);
}

#[test]
fn rewrap_changes_key_and_context_and_not_the_data_key() {
    let shell = Shell::new();
    let ids = ["old", "new"].map(|alias| shell.ok(&["keygen", alias]));
    let made = answer(shell.run(&["datakey", "-k", "old", "-c", "a=b", "-c", "c=d"]));
    let blob = text(&made, "CiphertextBlob");
    let source = ["-c", "a=b", "-c", "c=d"];
    let rewrap = [&["datakey", "rewrap", blob, "-k", "new", "--set-context", "a=z"], &source[..]];
    let rewrapped = answer(shell.run(&rewrap.concat()));
    let expected = [
        "CiphertextBlob",
        "SourceKeyId",
        "KeyId",
        "SourceEncryptionAlgorithm",
        "DestinationEncryptionAlgorithm",
    ];
    assert_eq!(members(&rewrapped), expected);
    assert_eq!([text(&rewrapped, "SourceKeyId"), text(&rewrapped, "KeyId")], [&ids[0], &ids[1]]);
    let new = text(&rewrapped, "CiphertextBlob");
    let open = ["datakey", "decrypt", new, "-c", "a=z", "-c", "c=d", "--only-key", "new"];
    assert_eq!(answer(shell.run(&open))["Plaintext"], made["Plaintext"]);
    let old = [&["datakey", "decrypt", blob, "--only-key", "old"], &source[..]].concat();
    shell.ok(&old);
    shell.fails(&["datakey", "rewrap", blob, "-k", "new"], 4);
    shell.fails(&["datakey", "rewrap", blob], 2).says(&["--key"]);
}

#[test]
fn who_comes_from_the_aws_cli_is_understood() {
    let shell = Shell::new();
    let made = answer(shell.run(&[
        "datakey",
        "--key-id",
        "alias/main",
        "--key-spec",
        "AES_256",
        "--encryption-context",
        "a=b,c=d",
    ]));
    let blob = text(&made, "CiphertextBlob");
    shell.write("k", STANDARD.decode(blob).unwrap());
    for (blob, context) in [("fileb://k", "a=b,c=d"), (blob, r#"{"c":"d","a":"b"}"#)] {
        let args = ["--ciphertext-blob", blob, "--encryption-context", context];
        let opened = answer(shell.run(&[&["datakey", "decrypt"][..], &args].concat()));
        assert_eq!(opened["Plaintext"], made["Plaintext"]);
    }
    shell.fails(&["datakey", "--encryption-context", "a"], 2).says(&["'a'"]);
}

#[test]
fn options_before_the_verb_are_a_usage_error() {
    let shell = Shell::new();
    let run = shell.fails(&["datakey", "-k", "main", "decrypt"], 2);
    run.says(&["'decrypt'", "'--key <KEY>'", "usage: enwrap datakey"]);
}

#[test]
fn several_keys_in_the_environment_are_too_many() {
    let mut shell = Shell::new();
    shell.ok(&["keygen", "second"]);
    shell.set("ENWRAP_KEY", "main,second");
    shell.fails(&["datakey"], 2).says(&["ENWRAP_KEY", "-k KEY"]);
}
