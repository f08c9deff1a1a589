//! Keys of AWS KMS as entries of a keyring: what each verb does with them without asking AWS KMS. No test here has a network.

use std::fs;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::shell::{Run, Shell};

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ALIAS_ARN: &str = "arn:aws:kms:eu-central-1:111122223333:alias/backup";
const PAIR_ARN: &str =
    "arn:aws:kms:eu-central-1:111122223333:key/abcd1234-12ab-34cd-56ef-1234567890ab";

/// A home with a key of its own, and the entry `cloud` of a key of AWS KMS.
fn with_entry() -> Shell {
    let shell = Shell::new();
    shell.ok(&["key", "import", "cloud", "--aws-kms", ARN]);
    shell
}

/// The holder of a private key, whom AWS KMS stands for, and a host that has its public half as `off`.
fn vault_and_host() -> (Shell, Shell) {
    let vault = Shell::bare();
    vault.ok(&["keygen", "off", "--kind", "p256"]);
    let host = Shell::new();
    host.write("pem", vault.ok(&["key", "export", "off", "--public", "--as", "pem"]));
    host.ok(&["key", "import", "off", "--public-key-file", "pem", "--aws-kms", PAIR_ARN]);
    (vault, host)
}

fn shown(shell: &Shell, name: &str) -> Value {
    shell.run(&["--json", "key", "show", name]).success().json().remove(0)
}

/// Tries to import, which leaves no keyring behind.
fn refused(shell: &Shell, args: &[&str], code: i32) -> Run {
    let run = shell.fails_harmlessly(&[&["key", "import", "a"], args].concat(), code);
    assert!(!shell.keyring().exists());
    run
}

#[test]
fn only_the_arn_of_a_key_is_taken() {
    let shell = Shell::bare();
    let ask = "aws kms describe-key --key-id";
    refused(&shell, &["--aws-kms", ALIAS_ARN], 2).says(&[
        "is the ARN of an alias",
        &format!("{ask} {ALIAS_ARN} --query KeyMetadata.Arn"),
        "--region eu-central-1",
    ]);
    for (text, name) in [
        ("1234abcd-12ab-34cd-56ef-1234567890ab", "1234abcd-12ab-34cd-56ef-1234567890ab"),
        ("alias/backup", "alias/backup"),
        ("aws-kms:alias/backup", "alias/backup"),
        ("arn:aws:s3:::bucket", "KEY-ID"),
        ("arn:aws:kms:eu-central-1:1:key/a", "KEY-ID"),
        ("a b; rm -r c", "KEY-ID"),
        ("", "KEY-ID"),
        (&ARN[1..], "KEY-ID"),
    ] {
        refused(&shell, &["--aws-kms", text], 2)
            .says(&["is no ARN of a key in AWS KMS", &format!("{ask} {name} --query")]);
    }
    // An ARN says where a key is, and not what it is.
    shell.write("key", "00".repeat(32));
    for other in [
        &["--file", "key"][..],
        &["--private-key-file", "key"],
        &["--material-file", "key", "--namespace", "ns", "--name", "n"],
        &["--namespace", "ns"],
    ] {
        refused(&shell, &[&["--aws-kms", ARN], other].concat(), 2);
    }
    let public = ["--public-key-file", "key", "--aws-kms"];
    refused(&shell, &[&public[..], &[ARN]].concat(), 11).says(&["'key'"]);
    refused(&shell, &[&public[..], &[ALIAS_ARN]].concat(), 2).says(&["is the ARN of an alias"]);
}

#[cfg(feature = "aws-lc")]
#[test]
fn no_rsa_key_of_aws_kms_is_taken() {
    let answers: Value =
        serde_json::from_str(include_str!("../vectors/asymmetric-known-answers.json")).unwrap();
    let rsa = answers.as_array().unwrap().iter().find(|it| it["kind"] == "raw-rsa").unwrap();
    let shell = Shell::bare();
    shell.write("private", rsa["private_key"].as_str().unwrap());
    let names = ["--namespace", "ns", "--name", "n", "--padding", "oaep-sha256"];
    let vault = [&["key", "import", "r", "--private-key-file", "private"], &names[..]].concat();
    shell.ok(&vault);
    shell.write("pem", shell.ok(&["key", "export", "r", "--public", "--as", "pem"]));
    let args = ["key", "import", "a", "--public-key-file", "pem", "--aws-kms", ARN];
    let says = ["is an RSA key", "KEY_AGREEMENT", "--aws-kms ARN alone"];
    shell.fails_harmlessly(&args, 2).says(&says);
    shell.fails_harmlessly(&[&args[..], &names].concat(), 2).says(&says);
}

#[test]
fn an_entry_is_listed_named_and_switched_as_other_keys_are() {
    let shell = with_entry();
    assert!(shell.ok(&["key", "list"]).contains("  aws-kms  enabled  1 "));
    let text = shell.ok(&["key", "show", "cloud"]);
    for line in
        ["origin:      aws-kms\n", "kind:        aws-kms\n", &format!("AWS KMS key: {ARN}\n")]
    {
        assert!(text.contains(line), "{text}");
    }
    let record = shown(&shell, "cloud");
    assert_eq!(
        (&record["origin"], &record["kind"], &record["public_only"]),
        (&"aws-kms".into(), &"aws-kms".into(), &false.into())
    );
    let version = &record["versions"][0];
    assert_eq!((&version["name"], &version["aws_kms"]), (&ARN.into(), &ARN.into()));
    assert_eq!((&version["bits"], &version["namespace"]), (&Value::Null, &"aws-kms".into()));
    assert_eq!(shown(&shell, "main")["versions"][0]["aws_kms"], Value::Null);

    shell.ok(&["key", "alias", "rename", "cloud", "remote"]);
    shell.ok(&["key", "alias", "move", "default", "remote"]);
    shell.ok(&["key", "disable", "remote"]);
    shell.write("a", "text");
    shell.fails_harmlessly(&["encrypt", "a", "-k", "remote"], 7).says(&["is disabled"]);
    shell.ok(&["key", "enable", "remote"]);
    shell.run(&["keyring", "check"]).success().says(&["2 keys, 2 versions"]);

    // One entry a key, and one in each region for a multi-Region key.
    let twice = ["key", "import", "again", "--aws-kms", ARN];
    let id = record["key_id"].as_str().unwrap();
    shell.fails_harmlessly(&twice, 8).says(&[id, "already has the ARN", ARN]);
    for region in ["eu-central-1", "us-east-1"] {
        let arn = format!("arn:aws:kms:{region}:111122223333:key/mrk-1234");
        shell.ok(&["key", "import", region, "--aws-kms", &arn]);
    }
}

#[test]
fn aws_kms_rotates_its_keys_and_nothing_here_does() {
    let shell = with_entry();
    shell.fails_harmlessly(&["key", "rotate", "cloud"], 2).says(&[
        "is in AWS KMS, and gets no new version here",
        &format!("aws kms enable-key-rotation --key-id {ARN} --region eu-central-1"),
    ]);
    assert_eq!(shell.ok(&["key", "rotate", "--all"]).lines().count(), 1);
    assert_eq!(shown(&shell, "cloud")["versions"].as_array().unwrap().len(), 1);
    let (_, host) = vault_and_host();
    host.fails_harmlessly(&["key", "rotate", "off"], 2)
        .says(&["rotates no key pairs", "--public-key-file PEM --aws-kms ARN"]);
}

#[test]
fn keygen_takes_no_entry_for_a_key_that_it_made() {
    let shell = with_entry();
    shell.fails_harmlessly(&["keygen", "cloud"], 8);
    shell
        .fails_harmlessly(&["keygen", "cloud", "--if-missing"], 8)
        .says(&["which is of kind aws-kms", "-k cloud"]);
    let (_, host) = vault_and_host();
    host.fails_harmlessly(&["keygen", "off", "--if-missing", "--kind", "p256"], 8)
        .says(&["was not made here"]);
}

#[test]
fn the_end_of_an_entry_is_not_that_of_its_key() {
    let shell = with_entry();
    let stays = format!("{ARN} stays in AWS KMS");
    shell.run(&["key", "delete", "cloud"]).success().says(&["only the entry here", &stays]);
    shell.ok(&["key", "undelete", "cloud"]);
    shell.ok(&["key", "enable", "cloud"]);
    shell.ok(&["key", "delete", "cloud"]);
    shell.let_the_days_pass();
    let text = shell.ok(&["key", "purge", "--dry-run"]);
    assert!(text.starts_with("would remove ") && text.contains(&stays), "{text}");
    let record = shell.run(&["--json", "key", "purge", "--dry-run"]).success().json().remove(0);
    assert_eq!((&record["destroyed"], &record["aws_kms"]), (&false.into(), &ARN.into()));
    let run = shell.run(&["key", "purge", "--yes"]).success();
    assert!(run.text().starts_with("removed ") && run.text().contains(&stays), "{run:?}");
    assert!(!run.stderr.contains("still have them"), "{run:?}");
    shell.fails(&["key", "show", "cloud"], 3);
    // Nothing is lost with it.
    shell.ok(&["key", "import", "cloud", "--aws-kms", ARN]);
    // Beside a key that is destroyed, each is told by itself.
    shell.ok(&["keygen", "b"]);
    shell.ok(&["key", "delete", "b"]);
    shell.ok(&["key", "delete", "cloud"]);
    shell.let_the_days_pass();
    let run = shell.run(&["key", "purge", "--yes"]).success().says(&["still have them"]);
    assert!(run.text().contains("removed ") && run.text().contains("destroyed "), "{run:?}");
}

#[test]
fn an_entry_is_exported_without_a_secret_and_in_no_form_for_other_tools() {
    let mut shell = with_entry();
    for form in [&["--as", "sdk"][..], &["--as", "pem"], &["--public"], &[]] {
        let args = [&["key", "export", "cloud"], form].concat();
        shell.fails_harmlessly(&args, 2).says(&["is kept by AWS KMS", "--as keyring"]);
    }
    shell.fails_harmlessly(&["key", "export", "cloud", "--as", "keyring", "--public"], 2);
    shell.fails_harmlessly(&["key", "export", "main", "cloud"], 2);

    shell
        .run(&["key", "export", "cloud", "--as", "keyring", "-o", "entry.json"])
        .success()
        .says(&["its ARN was exported", "takes credentials for AWS KMS"]);
    let other = Shell::bare();
    other.write("entry.json", shell.read("entry.json"));
    let run = other.run(&["--json", "key", "import", "there", "--file", "entry.json"]).success();
    let record = run.json().remove(0);
    assert_eq!(record["file_aliases"], serde_json::json!(["cloud"]));
    for member in ["key_id", "origin", "kind", "versions"] {
        assert_eq!(shown(&other, "there")[member], shown(&shell, "cloud")[member], "{member}");
    }

    let line = shell.ok(&["key", "export", "cloud", "main", "--as", "env", "--decrypt-only"]);
    shell.set("ENWRAP_KEYRING_DATA", line);
    assert!(shell.ok(&["key", "list"]).contains("aws-kms"));
    shell.write("a", "text");
    shell.fails_harmlessly(&["encrypt", "a", "-k", "cloud"], 16).says(&["decrypt-only"]);
}

#[test]
fn a_host_with_the_public_half_of_a_pair_in_aws_kms_encrypts_for_its_private_half() {
    for kind in ["p256", "p384", "p521"] {
        let vault = Shell::bare();
        vault.ok(&["keygen", "off", "--kind", kind]);
        let pem = vault.ok(&["key", "export", "off", "--public", "--as", "pem"]);
        let host = Shell::bare();
        // Credentials and a network are not looked for: none are here, and a wrong ARN does no harm.
        host.write("pem", pem);
        let import = ["key", "import", "off", "--public-key-file", "pem", "--aws-kms", PAIR_ARN];
        let run = host.run(&import).success().says(&["created ", PAIR_ARN, "was not looked up"]);
        assert!(!run.stderr.contains("loses"), "{run:?}");
        host.write("a", "text");
        host.ok(&["encrypt", "a", "-k", "off", "-c", "host=web"]);
        let record = host.run(&["--json", "inspect", "a.enwrap"]).success().json().remove(0);
        let key = &record["encrypted_data_keys"][0];
        assert_eq!(
            (&key["namespace"], &key["public_only"], &key["aliases"][0]),
            (&"aws-kms-ecdh".into(), &false.into(), &"off".into())
        );
        vault.write("a.enwrap", host.read("a.enwrap"));
        assert_eq!(vault.ok(&["decrypt", "a.enwrap", "-o", "-"]), "text");
    }
}

#[test]
fn a_public_half_says_where_its_private_half_is() {
    let (vault, host) = vault_and_host();
    assert!(host.ok(&["key", "list"]).contains("p256, private half in AWS KMS"));
    let text = host.ok(&["key", "show", "off"]);
    assert!(text.contains(&format!("AWS KMS key: {PAIR_ARN}\n")), "{text}");
    let record = shown(&host, "off");
    assert_eq!(
        (&record["origin"], &record["public_only"], &record["versions"][0]["aws_kms"]),
        (&"imported".into(), &false.into(), &PAIR_ARN.into())
    );
    host.run(&["keyring", "check"]).success();

    let other = Shell::bare();
    for args in [&["--public"][..], &[], &["--as", "keyring"], &["--as", "keyring", "--public"]] {
        let export = host.ok(&[&["key", "export", "off"], args].concat());
        other.write("export", export);
        let keyring = args.len().to_string();
        let over = ["--keyring", &keyring];
        other.ok(&[&over[..], &["key", "import", "off", "--file", "export"]].concat());
        let run = other.run(&[&over[..], &["--json", "key", "show", "off"]].concat()).success();
        assert_eq!(run.json()[0]["versions"][0]["aws_kms"], PAIR_ARN);
        fs::remove_file(other.path(&keyring)).unwrap();
    }
    let run = host.run(&["key", "export", "off", "--as", "pem"]).success();
    let run = run.says(&["the private half of key", "stays in AWS KMS"]);
    assert!(run.text().starts_with("-----BEGIN PUBLIC KEY-----"));

    // One public key is one key, wherever its private half is.
    let again = ["key", "import", "b", "--public-key-file", "pem"];
    host.fails_harmlessly(&again, 8).says(&["already has the name"]);
    let other_arn = PAIR_ARN.replace("abcd1234", "00000000");
    let args = [&again[..], &["--aws-kms", &other_arn]].concat();
    host.fails_harmlessly(&args, 8).says(&["already has the name"]);
    host.fails_harmlessly(&["key", "import", "b", "--aws-kms", PAIR_ARN], 8).says(&["the ARN"]);
    vault.write("pem", host.read("pem"));
    let plain = Shell::bare();
    plain.write("pem", host.read("pem"));
    plain.ok(&again);
    let args = ["key", "import", "c", "--public-key-file", "pem", "--aws-kms", PAIR_ARN];
    plain.fails_harmlessly(&args, 8).says(&["is here, and is not replaced", "key delete"]);
}

#[test]
fn copies_of_a_keyring_have_the_entries() {
    let (_, shell) = vault_and_host();
    shell.ok(&["keyring", "backup", "copy.json"]);
    shell.ok(&["key", "import", "cloud", "--aws-kms", ARN]);
    let keyring = shell.keyring();
    let keyring = keyring.to_str().unwrap();
    let run = shell.fails(&["keyring", "check", "copy.json", "--against", keyring], 14);
    assert!(run.text().contains("is missing"), "{run:?}");
    shell.fails(&["keyring", "restore", "copy.json"], 16);
    shell.write("words", "a passphrase");
    shell.ok(&["keyring", "backup", "--text", "paper", "--new-passphrase-file", "words"]);
    let over = ["--keyring", "there/keyring.json", "--passphrase-file", "words"];
    let restore = ["keyring", "restore", "paper", "--import-passphrase-file", "words"];
    shell.run(&[&over[..2], &restore].concat()).success();
    for name in ["cloud", "off", "main"] {
        let there = shell.run(&[&over[..], &["--json", "key", "show", name]].concat()).success();
        assert_eq!(there.json()[0], shown(&shell, name));
    }
}

/// Replaces text in the body of a keyring, with a checksum that fits.
fn alter(shell: &Shell, from: &str, to: &str) {
    let text = fs::read_to_string(shell.keyring()).unwrap();
    assert!(text.contains(from), "{from}");
    let (line, body) = text.split_once('\n').unwrap();
    let body = body.replacen(from, to, 1);
    let mut header: Value = serde_json::from_str(line).unwrap();
    header["sha256"] = hex::encode(Sha256::digest(&body)).into();
    shell.write(shell.keyring().to_str().unwrap(), format!("{header}\n{body}"));
}

#[test]
fn a_damaged_entry_is_a_damaged_keyring() {
    let entry = || {
        let shell = Shell::bare();
        shell.ok(&["key", "import", "cloud", "--aws-kms", ARN]);
        shell
    };
    let material = format!(r#""material": "{}""#, "00".repeat(32));
    for (from, to) in [
        (format!(r#""name": "{ARN}""#), r#""name": """#.to_owned()),
        (ARN.to_owned(), ALIAS_ARN.to_owned()),
        (ARN.to_owned(), ARN[1..].to_owned()),
        (r#""material": null"#.to_owned(), material.clone()),
        (r#""namespace": "aws-kms""#.to_owned(), r#""namespace": "aws-kms-x""#.to_owned()),
    ] {
        let shell = entry();
        alter(&shell, &from, &to);
        shell.fails(&["key", "list"], 10).says(&["keyring.json", "is damaged"]);
    }
    for (from, to) in [
        (PAIR_ARN.to_owned(), ALIAS_ARN.to_owned()),
        (format!(r#""aws_kms": "{PAIR_ARN}","#), String::new()),
        (r#""namespace": "aws-kms-ecdh""#.to_owned(), r#""namespace": "raw-ecdh""#.to_owned()),
    ] {
        let (_, host) = vault_and_host();
        alter(&host, &from, &to);
        host.fails(&["key", "list"], 10).says(&["keyring.json", "is damaged"]);
    }
}
