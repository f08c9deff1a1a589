//! Passphrases as recipients: who opens a file that is encrypted for a passphrase, and with which exit code others end.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use enwrap::crypto::argon2id::Cost;
use enwrap::keys::local::raw_aes::RawAes;
use enwrap::keys::passphrase::PROVIDER;
use enwrap::keys::service::Recipient;
use enwrap::operations::encrypt::{MessageSealer, MessageSpec};
use enwrap::pipeline::NoProgress;

use crate::shell::{ENWRAP, Run, Shell};
use crate::terminal::typed_at;

const SALT: [u8; 16] = [7; 16];

/// What enwrap reads and never writes, so that a test costs little.
const CHEAP: Cost = Cost { m_kib: 8192, t: 1, p: 1 };

const BY_PASSPHRASE: [&str; 2] = ["--message-passphrase-file", "right"];

/// A home without a keyring, and a right and a wrong passphrase.
fn without_keyring() -> Shell {
    with_words(Shell::bare())
}

fn with_words(shell: Shell) -> Shell {
    shell.write("right", "right\n");
    shell.write("wrong", "wrong\n");
    shell.write("a", "text");
    shell
}

/// Runs without a terminal, wherever the tests run.
fn detached(shell: &Shell, args: &[&str]) -> Run {
    shell.command("setsid", &[&["-w", ENWRAP], args].concat()).output().unwrap().into()
}

/// Decrypts `file` to standard output, with more arguments.
fn decrypted(shell: &Shell, file: &str, more: &[&str]) -> Run {
    detached(shell, &[&["decrypt", file, "-o", "-"], more].concat())
}

fn key_name(cost: Cost, salt: &[u8]) -> String {
    let Cost { m_kib, t, p } = cost;
    format!("argon2id:m={m_kib},t={t},p={p}:{}", URL_SAFE_NO_PAD.encode(salt))
}

/// What wraps under a passphrase at a low cost, and says that it is called `name`.
fn recipient(word: &str, name: &str) -> Box<dyn Recipient> {
    let key = CHEAP.derive(word.as_bytes(), &SALT).unwrap();
    Box::new(RawAes::new(PROVIDER, name, &key).unwrap())
}

fn message(recipients: &[Box<dyn Recipient>]) -> Vec<u8> {
    let mut message = Vec::new();
    let sealer = MessageSealer::new(recipients, &MessageSpec::default()).unwrap();
    sealer.encrypt(&mut &b"text"[..], &mut message, &NoProgress).unwrap();
    message
}

/// A message for the passphrase `right` alone.
fn cheap() -> Vec<u8> {
    message(&[recipient("right", &key_name(CHEAP, &SALT))])
}

#[test]
fn a_file_goes_to_a_person_without_a_keyring_on_either_side() {
    let mut shell = without_keyring();
    shell.ok(&["encrypt", "-p", "--new-passphrase-file", "right", "a"]);
    assert!(!shell.keyring().exists());
    assert_eq!(decrypted(&shell, "a.enwrap", &BY_PASSPHRASE).success().text(), "text");
    decrypted(&shell, "a.enwrap", &["--message-passphrase-file", "wrong"])
        .failure(9)
        .says(&["a.enwrap", "the passphrase does not open it"]);
    decrypted(&shell, "a.enwrap", &[]).failure(3).says(&["ENWRAP_MESSAGE_PASSPHRASE_FILE"]);
    let shown = shell.ok(&["inspect", "a.enwrap"]);
    assert!(shown.contains("passphrase (argon2id, 64 MiB, t=3, p=4)"), "{shown}");
    let run = shell.run(&["inspect", "--json", "a.enwrap"]).success();
    let key = run.json()[0]["encrypted_data_keys"][0].clone();
    assert_eq!(
        (&key["namespace"], &key["passphrase"]["m_kib"]),
        (&PROVIDER.into(), &65_536.into())
    );
    // Each source of the passphrase, and every verb that opens.
    shell.sh("enwrap verify --message-passphrase-fd 3 a.enwrap 3< right").success();
    for (variable, value) in [
        ("ENWRAP_MESSAGE_PASSPHRASE", "right"),
        ("ENWRAP_MESSAGE_PASSPHRASE_FILE", "right"),
        ("ENWRAP_MESSAGE_PASSPHRASE_COMMAND", "cat right"),
    ] {
        shell.set(variable, value);
        let run = detached(&shell, &["verify", "--json", "a.enwrap"]).success();
        assert_eq!(run.json()[0]["opened_by"]["key_id"], "passphrase:argon2id");
        decrypted(&shell, "a.enwrap", &["--message-passphrase-file", "wrong"]).failure(9);
        shell.set(variable, "");
    }
    assert!(!shell.keyring().exists());
}

#[test]
fn the_new_passphrase_comes_from_its_own_sources() {
    let mut shell = without_keyring();
    detached(&shell, &["encrypt", "-p", "a"]).failure(9).says(&["ENWRAP_NEW_PASSPHRASE_FILE"]);
    shell.write("empty", "\n");
    let new = |file: &str| ["encrypt", "-p", "--new-passphrase-file", file, "a"].map(str::to_owned);
    shell.fails_harmlessly(&new("empty"), 9).says(&["empty"]);
    shell.fails_harmlessly(&new("missing"), 9).says(&["'missing'"]);
    shell.fails_harmlessly(&["encrypt", "-p", "-p", "a"], 2).says(&["multiple times"]);
    shell.fails_harmlessly(&["encrypt", "--new-passphrase-file", "right", "a"], 2);
    let onto = ["encrypt", "-f", "-p", "--new-passphrase-file", "right", "a", "-o", "right"];
    shell.fails_harmlessly(&onto, 2).says(&["holds a passphrase"]);
    shell.write("m", cheap());
    let onto = [&["decrypt", "-f", "m", "-o", "right"], &BY_PASSPHRASE[..]].concat();
    shell.fails_harmlessly(&onto, 2).says(&["holds a passphrase"]);
    let removing = ["encrypt", "-p", "--new-passphrase-file", "right", "--remove-source", "right"];
    shell.fails_harmlessly(&removing, 2).says(&["is needed to decrypt"]);
    // A file that is named like an option of other verbs runs nothing.
    shell.write("--new-passphrase-command=touch ran", "a trap");
    shell.sh("enwrap encrypt -p *").failure(2);
    assert!(!shell.path("ran").exists());
    // The keyring's passphrase is neither the new one nor that of a message.
    shell.set("ENWRAP_PASSPHRASE", "right");
    detached(&shell, &["encrypt", "-p", "a"]).failure(9);
    shell.write("m", cheap());
    decrypted(&shell, "m", &[]).failure(3);
    shell.set("ENWRAP_PASSPHRASE", "");
    shell.set("ENWRAP_NEW_PASSPHRASE", "right");
    shell.ok(&["encrypt", "-p", "a"]);
    assert_eq!(decrypted(&shell, "a.enwrap", &BY_PASSPHRASE).success().text(), "text");
}

#[test]
fn at_a_terminal_a_new_passphrase_is_asked_for_twice_and_that_of_a_message_once() {
    let shell = without_keyring();
    shell.write("m", cheap());
    shell.write("n", cheap());
    let line = "enwrap verify m n";
    let Some(run) = typed_at(&shell, line, &["right"]) else { return };
    assert!(run.text().contains("2 verified"), "{run:?}");
    assert_eq!(run.text().matches("Passphrase of the message").count(), 1, "{run:?}");
    // A typing error is no end: three times in all.
    let run = typed_at(&shell, line, &["wrong", "wrogn", "right"]).unwrap();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.text().matches("the last one was wrong").count(), 2, "{run:?}");
    let run = typed_at(&shell, "enwrap verify m", &["wrong", "wrogn", "wrnog"]).unwrap();
    assert_eq!(run.code, Some(9), "{run:?}");
    // What has opened a message was typed right, and nobody is asked for another one.
    shell.write("other", message(&[recipient("other", &key_name(CHEAP, &[8; 16]))]));
    let run = typed_at(&shell, "enwrap verify m other n", &["right"]).unwrap();
    assert_eq!(run.code, Some(12), "{run:?}");
    assert!(
        run.text().contains("other: ") && run.text().contains("1 of 3 files failed"),
        "{run:?}"
    );
    let run = typed_at(&shell, "enwrap encrypt -p a", &["right", "other"]).unwrap();
    assert!(run.text().contains("not the same") && !shell.path("a.enwrap").exists(), "{run:?}");
}

#[test]
fn a_passphrase_stands_beside_keys_and_is_asked_for_only_where_none_opens() {
    let mut shell = with_words(Shell::new());
    shell.set("ENWRAP_NEW_PASSPHRASE_FILE", "right");
    let run = shell.run(&["encrypt", "-k", "main", "-p", "--json", "a"]).success();
    let record = run.json()[0].clone();
    assert_eq!(
        (record["keys"].as_array().unwrap().len(), &record["passphrase"]),
        (1, &true.into())
    );
    // A wrong one does no harm where a key opens.
    let wrong = ["--message-passphrase-file", "wrong"];
    assert_eq!(decrypted(&shell, "a.enwrap", &wrong).success().text(), "text");
    // -p alone is a choice: no default key beside it, and no other that is not named here.
    shell.set("ENWRAP_KEY", "main");
    shell.ok(&["encrypt", "-p", "a", "-o", "alone"]);
    decrypted(&shell, "alone", &[]).failure(3);
    shell.set("ENWRAP_KEY", "");
    // Only this key: a passphrase is none.
    let only = [&BY_PASSPHRASE[..], &["--only-key", "main"]].concat();
    decrypted(&shell, "alone", &only).failure(3);
    // It serves when the keyring is lost.
    std::fs::copy(shell.keyring(), shell.path("lost")).unwrap();
    std::fs::remove_dir_all(shell.keyring().parent().unwrap()).unwrap();
    assert_eq!(decrypted(&shell, "a.enwrap", &BY_PASSPHRASE).success().text(), "text");
    // And where there is no passphrase, the keyring is what is missing.
    shell.run(&["--keyring", "lost", "encrypt", "-k", "main", "a", "-o", "keyed"]).success();
    decrypted(&shell, "keyed", &BY_PASSPHRASE).failure(3).says(&["there is no keyring at"]);
    shell.fails(&["key", "usage", "a.enwrap", BY_PASSPHRASE[0], BY_PASSPHRASE[1]], 3);
}

#[test]
fn a_tree_has_one_salt() {
    let shell = without_keyring();
    shell.sh("mkdir -p tree/b; cp a tree/1; cp a tree/b/2").success();
    shell.ok(&[
        "encrypt",
        "-r",
        "-p",
        "--new-passphrase-file",
        "right",
        "tree",
        "--output-dir",
        "e",
    ]);
    let names = ["e/tree/1.enwrap", "e/tree/b/2.enwrap"].map(|file| {
        let run = shell.run(&["inspect", "--json", file]).success();
        run.json()[0]["encrypted_data_keys"][0]["name"].clone()
    });
    assert_eq!(names[0], names[1]);
    detached(&shell, &[&["verify", "-r", "e"], &BY_PASSPHRASE[..]].concat()).success();
    let again = ["encrypt", "--if-changed", "-p", "--new-passphrase-file"];
    let output = ["tree/1", "-o", "e/tree/1.enwrap"];
    let before = shell.read("e/tree/1.enwrap");
    shell.ok(&[&again[..], &["right"], &output].concat());
    assert_eq!(shell.read("e/tree/1.enwrap"), before);
    shell.fails(&[&again[..], &["wrong"], &output].concat(), 8);
}

#[test]
fn rewrap_adds_a_passphrase_and_nothing_drops_one_in_silence() {
    let shell = with_words(Shell::new());
    let new = ["-p", "--new-passphrase-file", "right"];
    shell.ok(&["encrypt", "a"]);
    shell.fails(&["rewrap", "--add", "a.enwrap"], 2).says(&["-k KEY", "-p"]);
    shell.ok(&[&["rewrap", "--add"], &new[..], &["a.enwrap"]].concat());
    let elsewhere = [&["--keyring", "none/keyring.json"], &BY_PASSPHRASE[..]].concat();
    assert_eq!(decrypted(&shell, "a.enwrap", &elsewhere).success().text(), "text");
    // After a rotation the new record has it too, although it is not proved.
    shell.ok(&["key", "rotate", "main"]);
    detached(&shell, &["rewrap", "a.enwrap"]).success();
    let records = String::from_utf8(shell.read("a.enwrap.envelope")).unwrap();
    assert_eq!(records.lines().count(), 2);
    let newest = records.lines().last().unwrap();
    shell.write("a.enwrap.envelope", format!("{newest}\n"));
    assert_eq!(decrypted(&shell, "a.enwrap", &elsewhere).success().text(), "text");
    // reencrypt and edit keep it if it is given, and else say so.
    let told = &["enwrap-passphrase", "ENWRAP_MESSAGE_PASSPHRASE_FILE"];
    detached(&shell, &["reencrypt", "a.enwrap"]).failure(3).says(told);
    let wrong = ["reencrypt", "--message-passphrase-file", "wrong", "a.enwrap"];
    detached(&shell, &wrong).failure(3).says(told);
    let run = detached(&shell, &[&["reencrypt", "a.enwrap"], &BY_PASSPHRASE[..]].concat());
    run.success().says(&["encrypted again under", "default version 2", "a passphrase"]);
    assert!(!shell.path("a.enwrap.envelope").exists());
    assert_eq!(decrypted(&shell, "a.enwrap", &elsewhere).success().text(), "text");
    let edit = ["edit", "--stdin", "a.enwrap"];
    shell.pipe(&edit, b"new").failure(3).says(told);
    shell.pipe(&[&edit[..], &BY_PASSPHRASE].concat(), b"new").success();
    assert_eq!(decrypted(&shell, "a.enwrap", &elsewhere).success().text(), "new");
    // An explicit choice takes the old one away, and says so.
    let other = ["reencrypt", "-k", "main", "-p", "--new-passphrase-file", "wrong", "a.enwrap"];
    let run = detached(&shell, &[&other[..], &BY_PASSPHRASE].concat()).success();
    run.says(&["default version 2, a passphrase", "no longer opened by its old passphrase"]);
    decrypted(&shell, "a.enwrap", &elsewhere).failure(9);
}

#[test]
fn what_is_not_tried_destroys_nothing() {
    let shell = with_words(Shell::new());
    shell.ok(&["encrypt", "-k", "main", "-p", "--new-passphrase-file", "right", "a"]);
    shell.sh("mkdir d; mv a.enwrap d").success();
    detached(&shell, &["key", "usage", "-r", "d"]).success();
    shell.ok(&["key", "delete", "main"]);
    shell.let_the_days_pass();
    let purge = ["key", "purge", "--yes", "--check", "d"];
    detached(&shell, &purge).failure(14).says(&["needs what would be destroyed"]);
    let wrong = ["--message-passphrase-file", "wrong"];
    detached(&shell, &[&purge[..], &wrong].concat()).failure(14);
    detached(&shell, &[&purge[..], &BY_PASSPHRASE].concat()).success();
    assert_eq!(decrypted(&shell, "d/a.enwrap", &BY_PASSPHRASE).success().text(), "text");
    // One that only a passphrase opens has to do with no key.
    shell.ok(&["keygen", "b"]);
    shell.ok(&["key", "delete", "b"]);
    shell.let_the_days_pass();
    detached(&shell, &purge).success();
}

#[test]
fn a_name_that_is_not_exact_is_no_passphrase_and_a_cost_out_of_bounds_is_not_tried() {
    let shell = without_keyring();
    let salt = URL_SAFE_NO_PAD.encode(SALT);
    let opened = |name: &str| {
        shell.write("m", message(&[recipient("right", name)]));
        decrypted(&shell, "m", &BY_PASSPHRASE)
    };
    assert_eq!(opened(&key_name(CHEAP, &SALT)).success().text(), "text");
    for cost in [
        Cost { m_kib: 8191, ..CHEAP },
        Cost { m_kib: (1 << 20) + 1, ..CHEAP },
        Cost { m_kib: u32::MAX, ..CHEAP },
        Cost { t: 17, ..CHEAP },
        Cost { t: 0, ..CHEAP },
        Cost { p: 17, ..CHEAP },
    ] {
        opened(&key_name(cost, &SALT)).failure(16).says(&["out of bounds"]);
    }
    for name in [
        key_name(CHEAP, &SALT[..15]),
        key_name(CHEAP, &[7; 17]),
        format!("argon2id:m=8192,t=1,p=1:{}*", &salt[..21]),
        format!("argon2id:m=8192,t=1,p=1:{salt}=="),
        format!("argon2id:m=08192,t=1,p=1:{salt}"),
        format!("argon2i:m=8192,t=1,p=1:{salt}"),
        "x".to_owned(),
    ] {
        opened(&name).failure(3);
    }
    opened(&key_name(Cost { t: 2, ..CHEAP }, &SALT)).failure(9);
}

#[test]
fn four_passphrases_of_a_message_are_tried() {
    let shell = without_keyring();
    let of = |words: &[&str]| {
        let recipients: Vec<Box<dyn Recipient>> = words
            .iter()
            .map(|word| match *word {
                "right" => recipient(word, &key_name(CHEAP, &SALT)),
                // Nobody needs to be able to open it.
                other => recipient(other, &key_name(CHEAP, &[other.as_bytes()[0]; 16])),
            })
            .collect();
        message(&recipients)
    };
    shell.write("fourth", of(&["1", "2", "3", "right"]));
    shell.write("fifth", of(&["1", "2", "3", "4", "right"]));
    shell.write("repeated", of(&["1", "1", "1", "1", "1", "right", "right"]));
    for file in ["fourth", "repeated"] {
        assert_eq!(decrypted(&shell, file, &BY_PASSPHRASE).success().text(), "text");
    }
    let run = decrypted(&shell, "fifth", &BY_PASSPHRASE).failure(16);
    run.says(&["more passphrases than are tried", "envelope file"]);
    // Where none is given, none is tried, and so none too many.
    decrypted(&shell, "fifth", &[]).failure(3).says(&["ENWRAP_MESSAGE_PASSPHRASE"]);
}

#[test]
fn a_pair_that_was_bound_and_not_given_looks_like_another_passphrase() {
    let shell = without_keyring();
    let recipients = [recipient("right", &key_name(CHEAP, &SALT))];
    let mut spec = MessageSpec::default();
    spec.bound.insert("k", "v").unwrap();
    let mut bytes = Vec::new();
    let sealer = MessageSealer::new(&recipients, &spec).unwrap();
    sealer.encrypt(&mut &b"text"[..], &mut bytes, &NoProgress).unwrap();
    shell.write("m", bytes);
    decrypted(&shell, "m", &BY_PASSPHRASE).failure(9).says(&["-c K=V"]);
    let with = |pair| decrypted(&shell, "m", &[&BY_PASSPHRASE[..], &["-c", pair]].concat());
    with("k=w").failure(6);
    assert_eq!(with("k=v").success().text(), "text");
}

/// In the order of checks: what is no passphrase's name any more is 3, lengths that lie are 5 or 11, a cost out of bounds
/// is 16, a wrap that does not unwrap is 9.
#[test]
fn every_altered_byte_of_a_passphrase_is_told_and_none_opens() {
    let shell = without_keyring();
    let bytes = cheap();
    let provider = bytes.windows(PROVIDER.len()).position(|it| it == PROVIDER.as_bytes()).unwrap();
    let name_at = provider + PROVIDER.len() + 2;
    let name = key_name(CHEAP, &SALT);
    let lengths_at = name_at + name.len();
    let iv_at = lengths_at + 8;
    let end = iv_at + 12 + 2 + 32 + 16;
    let salt_at = name_at + name.rfind(':').unwrap() + 1;
    for at in provider - 2..end {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        shell.write("m", &altered);
        let run = decrypted(&shell, "m", &BY_PASSPHRASE);
        let expected: &[i32] =
            if at < provider || (provider + PROVIDER.len()..name_at).contains(&at) {
                &[3, 4, 5, 11]
            } else if at < name_at || (lengths_at..iv_at).contains(&at) {
                &[3]
            } else if at < salt_at {
                // Another digit of the cost, in bounds or out of them, or no digit at all.
                &[3, 9, 16]
            } else if at < lengths_at {
                &[3, 9]
            } else if (iv_at + 12..iv_at + 14).contains(&at) {
                &[3, 4, 5, 9, 11]
            } else {
                &[9]
            };
        let code = run.code.unwrap();
        assert!(expected.contains(&code), "byte {}: {run:?}", at - provider);
        run.failure(code);
    }
}

#[test]
fn no_child_gets_the_passphrase_of_a_message() {
    let mut shell = without_keyring();
    shell.write("m", cheap());
    shell.set("ENWRAP_MESSAGE_PASSPHRASE_COMMAND", "env > seen; cat right");
    assert_eq!(decrypted(&shell, "m", &[]).success().text(), "text");
    let seen = String::from_utf8(shell.read("seen")).unwrap();
    assert!(seen.contains("HOME=") && !seen.contains("PASSPHRASE"), "{seen}");
}
