//! The library as a program that embeds it sees it: nothing here is used but what `cargo doc` shows.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs::{self, Permissions};
use std::io::{self, Cursor, Read as _, Seek as _, SeekFrom, Write as _};
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt as _;

use enwrap::{
    DecryptAt, DecryptOptions, DecryptReader, EncryptOptions, EncryptWriter, Error, ErrorKind,
    Keyring, KeyringOptions, decrypt, decrypt_data_key, encrypt, generate_data_key,
    rewrap_data_key, verify_then_decrypt,
};
use tempfile::TempDir;

#[expect(dead_code, reason = "their `main` has no part in a test")]
#[path = "../examples"]
mod examples {
    pub(crate) mod data_keys;
    pub(crate) mod files;
    pub(crate) mod range;
    pub(crate) mod sealed_keyring;
    pub(crate) mod streams;
}

#[test]
fn the_examples_do_what_they_say() {
    use examples::{data_keys, files, range, sealed_keyring, streams};

    for run in [data_keys::run, files::run, range::run, sealed_keyring::run, streams::run] {
        run(TempDir::new().unwrap().path()).unwrap();
    }
}

fn keyring() -> (TempDir, Keyring) {
    let folder = TempDir::new().unwrap();
    let keyring = KeyringOptions::new().create(folder.path().join("keyring.json")).unwrap();
    (folder, keyring)
}

/// A message in frames of 10 bytes.
fn message(options: &EncryptOptions<'_>, plaintext: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    let options = options.clone().frame_length(NonZeroU32::new(10).unwrap());
    assert_eq!(encrypt(plaintext, &mut message, &options).unwrap(), plaintext.len() as u64);
    message
}

fn decrypted(message: &[u8], options: &DecryptOptions<'_>) -> Result<Vec<u8>, ErrorKind> {
    let mut plaintext = Vec::new();
    decrypt(message, &mut plaintext, options).map_err(|error| error.kind())?;
    Ok(plaintext)
}

#[test]
fn every_way_in_and_every_way_out_fit_each_other() {
    let (_folder, keyring) = keyring();
    let text: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let open = DecryptOptions::new(&keyring);
    for len in [0, 1, 65_536, 65_537, 300_000] {
        let text = &text[..len];
        for options in [EncryptOptions::new(&keyring), EncryptOptions::new(&keyring).signed(true)] {
            let mut writer = EncryptWriter::new(Vec::new(), &options).unwrap();
            text.chunks(1000).for_each(|part| writer.write_all(part).unwrap());
            let (mut one, mut three) = (Vec::new(), Vec::new());
            encrypt(text, &mut one, &options).unwrap();
            encrypt(text, &mut three, &options.clone().threads(3)).unwrap();
            for message in [writer.finish().unwrap(), one, three] {
                assert!(decrypted(&message, &open).unwrap() == text);
                assert!(decrypted(&message, &open.clone().threads(3)).unwrap() == text);
                let mut read = Vec::new();
                DecryptReader::new(&message[..], &open).unwrap().read_to_end(&mut read).unwrap();
                assert!(read == text);
                let mut verified = Vec::new();
                verify_then_decrypt(Cursor::new(&message), &mut verified, &open).unwrap();
                assert!(verified == text);
            }
        }
    }
}

#[test]
fn the_context_is_stored_bound_and_asked_for() {
    let (_folder, keyring) = keyring();
    let options = EncryptOptions::new(&keyring).context("a", "1").bound_context("b", "2");
    let message = message(&options, b"text");
    let open = || DecryptOptions::new(&keyring);
    let full = open().context("b", "2");
    assert_eq!(decrypted(&message, &full).unwrap(), b"text");
    assert_eq!(decrypted(&message, &full.clone().context("a", "1")).unwrap(), b"text");
    assert_eq!(decrypted(&message, &full.clone().context("a", "2")), Err(ErrorKind::Context));
    assert_eq!(decrypted(&message, &full.clone().require_context("c")), Err(ErrorKind::Context));
    assert_eq!(decrypted(&message, &open()), Err(ErrorKind::Authentication));
    assert_eq!(decrypted(&message, &open().context("b", "3")), Err(ErrorKind::Context));
    let reader = DecryptReader::new(&message[..], &full).unwrap();
    assert_eq!(reader.encryption_context().collect::<Vec<_>>(), [("a", "1")]);
    let twice = EncryptOptions::new(&keyring).context("a", "1").bound_context("a", "2");
    let error = encrypt(&b""[..], io::sink(), &twice).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn keys_are_chosen_by_name_and_a_stranger_has_none() {
    let (_folder, keyring) = keyring();
    let (_other_folder, other) = self::keyring();
    assert_eq!(keyring.aliases().collect::<Vec<_>>(), ["default"]);
    let message = message(&EncryptOptions::new(&keyring).key("default"), b"text");
    assert_eq!(decrypted(&message, &DecryptOptions::new(&other)), Err(ErrorKind::NoKey));
    let only = DecryptOptions::new(&keyring).only_key("default");
    assert_eq!(decrypted(&message, &only).unwrap(), b"text");
    let unknown = EncryptOptions::new(&keyring).key("backup");
    let error = EncryptWriter::new(io::sink(), &unknown).unwrap_err();
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::NoKey, "no key 'backup'".to_owned()));
}

#[test]
fn what_is_not_whole_and_authentic_is_an_error_everywhere() {
    let (_folder, keyring) = keyring();
    let open = DecryptOptions::new(&keyring);
    let good = message(&EncryptOptions::new(&keyring), &[7; 55]);
    let mut flipped = good.clone();
    let at = flipped.len() - 100;
    flipped[at] ^= 1;
    let longer = [&good[..], b"x"].concat();
    for (bad, kind, io_kind) in [
        (&good[..good.len() - 1], ErrorKind::Truncated, io::ErrorKind::UnexpectedEof),
        (&flipped, ErrorKind::Authentication, io::ErrorKind::InvalidData),
        (&longer, ErrorKind::Authentication, io::ErrorKind::InvalidData),
    ] {
        assert_eq!(decrypted(bad, &open), Err(kind));
        let mut reader = DecryptReader::new(bad, &open).unwrap();
        let mut authentic = Vec::new();
        let error = reader.read_to_end(&mut authentic).unwrap_err();
        assert_eq!((error.kind(), Error::from(error).kind()), (io_kind, kind));
        assert!(authentic.iter().all(|byte| *byte == 7) && authentic.len() < 55);
        assert!(reader.read(&mut [0]).is_err(), "an error is no end");
        let mut output = Vec::new();
        let error = verify_then_decrypt(Cursor::new(bad), &mut output, &open).unwrap_err();
        assert_eq!((error.kind(), output.len()), (kind, 0));
        let all = DecryptAt::new(bad, bad.len() as u64, &open)
            .and_then(|mut at| Ok(at.read_to_end(&mut Vec::new())?));
        assert_eq!(all.unwrap_err().kind(), kind);
    }
    assert_eq!(decrypted(b"", &open), Err(ErrorKind::NotAMessage));
    assert_eq!(decrypted(b"hello world", &open), Err(ErrorKind::NotAMessage));
    let small = open.clone().max_frame_length(9);
    assert_eq!(decrypted(&good, &small), Err(ErrorKind::Refused));
    let mut unfinished = Vec::new();
    let mut writer = EncryptWriter::new(&mut unfinished, &EncryptOptions::new(&keyring)).unwrap();
    writer.write_all(b"half of it").unwrap();
    writer.flush().unwrap();
    drop(writer);
    assert_eq!(decrypted(&unfinished, &open), Err(ErrorKind::Truncated));
}

#[test]
fn any_place_of_a_message_is_read_and_of_a_signed_one_none() {
    let (folder, keyring) = keyring();
    let open = DecryptOptions::new(&keyring);
    let text: Vec<u8> = (0..95).collect();
    let plain = message(&EncryptOptions::new(&keyring).context("a", "1"), &text);
    let mut at = DecryptAt::new(&plain[..], plain.len() as u64, &open).unwrap();
    assert_eq!(at.encryption_context().collect::<Vec<_>>(), [("a", "1")]);
    assert_eq!(at.plaintext_len(), 95);
    for (place, expected) in [
        (SeekFrom::Start(42), &text[42..]),
        (SeekFrom::End(-3), &text[92..]),
        (SeekFrom::Start(0), &text[..]),
        (SeekFrom::Current(5), &[][..]),
    ] {
        at.seek(place).unwrap();
        let mut rest = Vec::new();
        at.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, expected, "{place:?}");
    }
    assert!(at.seek(SeekFrom::End(-96)).is_err());
    let path = folder.path().join("message");
    fs::File::create_new(&path).unwrap().write_all(&plain).unwrap();
    let file = fs::File::open(&path).unwrap();
    assert!(DecryptAt::new(&file, plain.len() as u64 - 1, &open).is_err());
    assert!(DecryptAt::new(file, plain.len() as u64, &open).is_ok());
    let signed = message(&EncryptOptions::new(&keyring).signed(true), &text);
    let error = DecryptAt::new(&signed[..], signed.len() as u64, &open).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(decrypted(&signed, &open.unsigned_only(true)), Err(ErrorKind::Refused));
}

#[test]
fn a_keyring_is_made_once_and_looked_at_with_suspicion() {
    let (folder, keyring) = keyring();
    let path = folder.path().join("keyring.json");
    let kind = |result: Result<Keyring, Error>| result.map(drop).map_err(|error| error.kind());
    assert_eq!(kind(KeyringOptions::new().create(&path)), Err(ErrorKind::AlreadyExists));
    assert_eq!(kind(Keyring::open(folder.path().join("none"))), Err(ErrorKind::NoKey));
    let message = message(&EncryptOptions::new(&keyring), b"text");
    let bytes = fs::read(&path).unwrap();
    let from_bytes = KeyringOptions::new().open_bytes(&bytes).unwrap();
    assert_eq!(decrypted(&message, &DecryptOptions::new(&from_bytes)).unwrap(), b"text");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert_eq!(kind(Keyring::open(&path)), Err(ErrorKind::Keyring));
    assert_eq!(kind(KeyringOptions::new().allow_readable(true).open(&path)), Ok(()));
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let writable = KeyringOptions::new().allow_readable(true).open(&path);
    assert_eq!(kind(writable), Err(ErrorKind::Keyring));
    assert_eq!(kind(KeyringOptions::new().open_bytes(b"{}")), Err(ErrorKind::Keyring));
    let sealed = folder.path().join("sealed.json");
    KeyringOptions::new().passphrase("right").create(&sealed).unwrap();
    for options in [KeyringOptions::new(), KeyringOptions::new().passphrase("wrong")] {
        assert_eq!(kind(options.open(&sealed)), Err(ErrorKind::Sealed));
    }
    assert_eq!(kind(KeyringOptions::new().passphrase("right\n").open(&sealed)), Ok(()));
    assert_eq!(kind(KeyringOptions::new().create(&sealed)), Err(ErrorKind::AlreadyExists));
    let clear = KeyringOptions::new().passphrase("right").open_bytes(&bytes);
    assert_eq!(kind(clear), Err(ErrorKind::Sealed));
    let empty = KeyringOptions::new().passphrase("").create(folder.path().join("empty"));
    assert_eq!(kind(empty), Err(ErrorKind::InvalidInput));
}

#[test]
fn a_data_key_comes_back_with_its_context_and_under_another_one() {
    let (_folder, keyring) = keyring();
    let new = |value: &str| EncryptOptions::new(&keyring).context("k", value);
    let open = |value: &str| DecryptOptions::new(&keyring).context("k", value);
    let generated = generate_data_key(16, &new("v")).unwrap();
    assert_eq!(generated.data_key.len(), 16);
    let blob = rewrap_data_key(&generated.blob, &open("v"), &new("w")).unwrap();
    let again = decrypt_data_key(&blob, &open("w")).unwrap();
    assert_eq!(again.expose(), generated.data_key.expose());
    let kind = |blob: &[u8], value| decrypt_data_key(blob, &open(value)).unwrap_err().kind();
    assert_eq!(kind(&blob, "v"), ErrorKind::Authentication);
    assert_eq!(kind(b"\0blob", "v"), ErrorKind::NotAMessage);
    let several = new("v").key("default").key("alias/default");
    for (len, options) in [(16, &several), (0, &new("v"))] {
        let error = generate_data_key(len, options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn what_is_shared_can_be_shared_and_nothing_shows_a_key() {
    fn shared<T: Send + Sync + 'static>() {}
    fn sent<T: Send>() {}
    shared::<Keyring>();
    shared::<Error>();
    shared::<EncryptOptions<'static>>();
    shared::<DecryptOptions<'static>>();
    sent::<KeyringOptions>();
    sent::<enwrap::DataKey>();
    sent::<EncryptWriter<Vec<u8>>>();
    sent::<DecryptReader<&[u8]>>();
    sent::<DecryptAt<fs::File>>();
    let (_folder, keyring) = keyring();
    assert_eq!(format!("{keyring:?}"), "Keyring { aliases: [\"default\"], .. }");
    let generated = generate_data_key(32, &EncryptOptions::new(&keyring)).unwrap();
    assert!(format!("{generated:?}").contains("DataKey(SecretBytes(32 bytes))"));
}
