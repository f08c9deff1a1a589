//! The keyring file's bytes: a header line of JSON, and a body.
//!
//! ```text
//! {"format":"enwrap-keyring","version":1,"generation":N,"sha256":"<of the body>","seal":null}
//! {"keys":[...]}
//! ```
//!
//! A sealed body is the same JSON, encrypted, as lines of base64; `seal` then says how, and the header
//! line without its `sha256` is the associated data. The checksum tells damage from a wrong passphrase;
//! it is no defence against an attacker, who could make another.

use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::seal::{Passphrase, Seal, SealError};
use crate::crypto::secret::SecretText;
use crate::crypto::stack;
use crate::keyring::model::root_keys::RootKeys;

const FORMAT: &str = "enwrap-keyring";

/// The version of the format for a keyring of AES keys.
const AES_ONLY: u32 = 1;

/// The version of the format for a keyring with keys of other kinds. A keyring is written in the lowest version that has
/// room for its keys, so that earlier programs read it as long as they can use it.
const ALL_KINDS: u32 = 2;

/// What is wrong with a keyring's bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// The bytes are something else.
    #[error("is not an enwrap keyring")]
    NotAKeyring,
    /// The format is that of a later enwrap.
    #[error("was made by a newer enwrap (format version {0})")]
    Newer(u32),
    /// The body is not the one that the header was written for.
    #[error("is damaged: its body does not match its checksum")]
    Checksum,
    /// The header line or the body is no JSON of the right shape. The text is not shown: it may
    /// hold a key.
    #[error("is damaged: its {part} is malformed at line {line}, column {column}")]
    Malformed {
        /// Header line or body.
        part: &'static str,
        /// Counted from 1 within the part.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// The JSON has the right shape, and contradicts itself.
    #[error("is damaged: it has {0}")]
    Contradiction(&'static str),
    /// Its body is encrypted, and was not opened.
    #[error("is sealed: {0}")]
    Sealed(SealError),
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHeader {
    format: String,
    version: u32,
    generation: u64,
    /// The seal does not authenticate it: the checksum is known only after sealing.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    seal: Option<Seal>,
}

/// The part of a header that every version has.
#[derive(Deserialize)]
struct AnyHeader {
    format: String,
    version: u32,
}

/// The file's bytes for one generation of a keyring, sealed if there is a passphrase.
///
/// # Errors
/// When the system has no random numbers, or no memory, for a seal.
#[expect(clippy::expect_used, reason = "these types have no map keys or numbers that JSON lacks")]
pub fn encode(
    keyring: &RootKeys,
    generation: u64,
    passphrase: Option<&Passphrase>,
) -> io::Result<SecretText> {
    let mut body = SecretText::default();
    if passphrase.is_some() {
        serde_json::to_writer(&mut body, keyring).expect("a keyring is JSON");
    } else {
        // A keyring in the clear is indented: people read it, and compare two of them.
        serde_json::to_writer_pretty(&mut body, keyring).expect("a keyring is JSON");
        body.push(b"\n");
    }
    let seal = passphrase.map(|_| Seal::draw()).transpose()?;
    let version = if keyring.has_other_kinds() { ALL_KINDS } else { AES_ONLY };
    let mut header =
        FileHeader { format: FORMAT.to_owned(), version, generation, sha256: None, seal };
    if let (Some(passphrase), Some(seal)) = (passphrase, &header.seal) {
        let sealed = stack::wipe_after(|| seal.seal(passphrase, &header.line(), &body));
        body = sealed.map_err(io::Error::other)?;
    }
    header.sha256 = Some(checksum(body.expose()));
    let mut file = SecretText::default();
    file.push(&header.line());
    file.push(b"\n");
    file.push(body.expose());
    Ok(file)
}

/// The generation that the beginning of a file claims; nothing else of it is looked at.
pub(crate) fn generation_in(start: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(start).ok()?;
    let (_, rest) = text.split_once("\"generation\":")?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    rest[..end].parse().ok()
}

/// A keyring's bytes whose header line and checksum hold; the body may still be sealed.
#[derive(Debug)]
pub struct KeyringFile<'a> {
    header: FileHeader,
    body: &'a [u8],
}

impl<'a> KeyringFile<'a> {
    /// Reads the header line, and compares the checksum.
    ///
    /// # Errors
    /// The first [`FileFault`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FileFault> {
        let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
        let (line, rest) = bytes.split_at(end);
        let any: AnyHeader = serde_json::from_slice(line).map_err(|_| FileFault::NotAKeyring)?;
        if any.format != FORMAT || any.version == 0 {
            return Err(FileFault::NotAKeyring);
        }
        if any.version > ALL_KINDS {
            return Err(FileFault::Newer(any.version));
        }
        let header: FileHeader =
            serde_json::from_slice(line).map_err(|e| malformed("header line", &e))?;
        let body = rest.strip_prefix(b"\n").unwrap_or(rest);
        if header.sha256.as_deref() != Some(&checksum(body)) {
            return Err(FileFault::Checksum);
        }
        Ok(Self { header, body })
    }

    /// Counted from 1; each save adds one.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.header.generation
    }

    /// Whether the keys are encrypted under a passphrase.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.header.seal.is_some()
    }

    /// Opens an unsealed body.
    ///
    /// # Errors
    /// [`FileFault`]; [`SealError::Passphrase`] where it is sealed.
    pub fn keyring(&self) -> Result<RootKeys, FileFault> {
        if self.is_sealed() {
            return Err(FileFault::Sealed(SealError::Passphrase));
        }
        read_body(self.header.version, self.body)
    }

    /// Opens a body that is sealed with `passphrase`, or not at all.
    ///
    /// # Errors
    /// [`FileFault`].
    pub fn unseal(&self, passphrase: &Passphrase) -> Result<RootKeys, FileFault> {
        let sha256 = None;
        let header = FileHeader { sha256, ..self.header.clone() };
        let Some(seal) = &header.seal else { return read_body(header.version, self.body) };
        let opened = stack::wipe_after(|| seal.open(passphrase, &header.line(), self.body));
        let body = opened.map_err(FileFault::Sealed)?;
        // It has the right checksum, and is no base64: nobody's keyring.
        let body = body.ok_or(FileFault::Malformed { part: "seal", line: 1, column: 1 })?;
        read_body(header.version, body.expose())
    }
}

impl FileHeader {
    #[expect(clippy::expect_used, reason = "as in `encode`")]
    fn line(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a header is JSON")
    }
}

fn checksum(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

fn read_body(version: u32, body: &[u8]) -> Result<RootKeys, FileFault> {
    let keyring: RootKeys = serde_json::from_slice(body).map_err(|e| malformed("body", &e))?;
    if version == AES_ONLY && keyring.has_other_kinds() {
        return Err(FileFault::Contradiction("a kind of key that its version has no room for"));
    }
    match keyring.find_contradiction() {
        None => Ok(keyring),
        Some(contradiction) => Err(FileFault::Contradiction(contradiction)),
    }
}

fn malformed(part: &'static str, error: &serde_json::Error) -> FileFault {
    FileFault::Malformed { part, line: error.line(), column: error.column() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::crypto::ec::{Curve, EcPrivateKey};
    use crate::keyring::format::seal::passphrase;
    use crate::keyring::{Key, KeyVersion, Kind};

    fn encode(keyring: &RootKeys, generation: u64) -> SecretText {
        super::encode(keyring, generation, None).unwrap()
    }

    #[test]
    fn the_generation_is_read_from_the_beginning_of_a_file() {
        for generation in [1, 7, 20_000] {
            let file = encode(&sample(), generation);
            assert_eq!(generation_in(&file.expose()[..80]), Some(generation));
        }
        for other in [&b""[..], b"{\"generation\":", b"{\"generation\":x}", b"{\"generation\":12"] {
            assert_eq!(generation_in(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    fn decode(bytes: &[u8]) -> Result<(RootKeys, u64), FileFault> {
        let file = KeyringFile::parse(bytes)?;
        Ok((file.keyring()?, file.generation()))
    }

    fn sample() -> RootKeys {
        let aliases = BTreeSet::from(["a".parse().unwrap(), "b".parse().unwrap()]);
        let mut keyring = RootKeys::default();
        keyring.add(Key::generate(aliases, "for tests").unwrap()).unwrap();
        keyring
    }

    /// The sample's bytes with `from` replaced, and a checksum that fits again.
    fn altered(from: &str, to: &str) -> FileFault {
        fault_of_altered(&sample(), from, to)
    }

    fn fault_of_altered(keyring: &RootKeys, from: &str, to: &str) -> FileFault {
        let text = String::from_utf8(encode(keyring, 7).expose().to_vec()).unwrap();
        assert!(text.contains(from), "{from} is not in the file");
        let text = text.replacen(from, to, 1);
        let (line, body) = text.split_once('\n').unwrap();
        let mut header: serde_json::Value = serde_json::from_str(line).unwrap();
        header["sha256"] = hex::encode(Sha256::digest(body)).into();
        decode(format!("{header}\n{body}").as_bytes()).unwrap_err()
    }

    #[test]
    fn reads_what_it_wrote() {
        let keyring = sample();
        assert_eq!(decode(encode(&keyring, 7).expose()), Ok((keyring, 7)));
    }

    #[test]
    fn every_lost_or_altered_byte_is_noticed() {
        let file = encode(&sample(), 7);
        let header_len = file.expose().iter().position(|b| *b == b'\n').unwrap();
        for len in 0..file.expose().len() {
            assert!(decode(&file.expose()[..len]).is_err(), "cut to {len}");
        }
        for at in header_len + 1..file.expose().len() {
            let mut bytes = file.expose().to_vec();
            bytes[at] ^= 1;
            assert_eq!(decode(&bytes), Err(FileFault::Checksum), "byte {at}");
        }
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(decode(b""), Err(FileFault::NotAKeyring));
        assert_eq!(decode(b"{\"format\":\"other\",\"version\":1}\n"), Err(FileFault::NotAKeyring));
        assert_eq!(altered("\"version\":1", "\"version\":3,\"more\":3"), FileFault::Newer(3));
        let seal = r#""seal":{"kdf":"argon2id","parameters":{"m_kib":65536,"t":3,"p":1},"salt":"00","nonce":"00"}"#;
        let sealed = FileFault::Sealed(SealError::Passphrase);
        assert_eq!(altered(r#""seal":null"#, seal), sealed);
        let more = altered("\"generation\":7", "\"generation\":7,\"more\":0");
        assert!(matches!(more, FileFault::Malformed { part: "header line", .. }));
        let more = altered("\"keys\"", "\"more\": 1, \"keys\"");
        assert!(matches!(more, FileFault::Malformed { part: "body", .. }));
    }

    #[test]
    fn only_other_kinds_of_keys_make_it_version_2() {
        let mut keyring = sample();
        let version = |file: &SecretText| -> u64 {
            let line = file.expose().split(|byte| *byte == b'\n').next().unwrap();
            serde_json::from_slice::<serde_json::Value>(line).unwrap()["version"].as_u64().unwrap()
        };
        let first = encode(&keyring, 7);
        assert_eq!(version(&first), 1);
        assert!(!std::str::from_utf8(first.expose()).unwrap().contains("kind"));
        for curve in Curve::ALL {
            keyring.add(Key::generate_pair(curve, BTreeSet::new(), "").unwrap()).unwrap();
        }
        let second = encode(&keyring, 8);
        assert_eq!(version(&second), 2);
        assert_eq!(decode(second.expose()), Ok((keyring, 8)));
        let text = std::str::from_utf8(second.expose()).unwrap();
        let old = text.replacen("\"version\":2", "\"version\":1", 1);
        assert!(matches!(decode(old.as_bytes()), Err(FileFault::Contradiction(_))));
    }

    const ARN: &str =
        "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    /// A keyring of a key of AWS KMS, and one of a pair whose private half is there.
    fn in_kms() -> [RootKeys; 2] {
        let arn = || ARN.parse().unwrap();
        let pair = EcPrivateKey::generate(Curve::P256).unwrap();
        let pair = KeyVersion::of_public_in_kms(1, pair.public(), arn());
        [(Kind::AwsKms, KeyVersion::of_kms(&arn())), (Kind::P256, pair)].map(|(kind, version)| {
            let mut keyring = RootKeys::default();
            keyring.add(Key::import(kind, version).unwrap()).unwrap();
            keyring
        })
    }

    #[test]
    fn a_key_in_aws_kms_is_written_in_version_2_and_read_back_byte_for_byte() {
        for keyring in in_kms() {
            let file = encode(&keyring, 7);
            let text = std::str::from_utf8(file.expose()).unwrap();
            assert!(text.contains(r#""version":2"#) && text.contains(r#""material": null"#));
            let (read, generation) = decode(file.expose()).unwrap();
            assert_eq!(encode(&read, generation).expose(), file.expose());
            assert_eq!(read, keyring);
        }
    }

    #[test]
    fn a_damaged_key_in_aws_kms_is_no_key() {
        let [whole, pair] = in_kms();
        let alias = &ARN.replace("key/", "alias/")[..];
        let material = format!(r#""material": "{}""#, "00".repeat(32));
        let no_material = r#""material": null"#;
        let pair_arn = &format!(r#""aws_kms": "{ARN}","#)[..];
        let is_refused = |keyring: &RootKeys, from: &str, to: &str| {
            let fault = fault_of_altered(keyring, from, to);
            let is_damage = matches!(
                fault,
                FileFault::Contradiction(_) | FileFault::Malformed { part: "body", .. }
            );
            assert!(is_damage, "{from} as {to}: {fault}");
        };
        for (from, to) in [
            (ARN, ""),
            (ARN, "arn"),
            (ARN, alias),
            (no_material, &material[..]),
            (r#""namespace": "aws-kms""#, r#""namespace": "aws-kms-ecdh""#),
            (r#""namespace": "aws-kms""#, r#""namespace": "ns""#),
            (r#""origin": "aws-kms""#, r#""origin": "imported""#),
            (r#""kind": "aws-kms","#, ""),
            (r#""number": 1"#, r#""number": 2"#),
            (no_material, &format!(r#""aws_kms": "{ARN}", {no_material}"#)),
        ] {
            is_refused(&whole, from, to);
        }
        for (from, to) in [
            (pair_arn, ""),
            (ARN, ""),
            (ARN, alias),
            (no_material, &material[..]),
            (r#""namespace": "aws-kms-ecdh""#, r#""namespace": "raw-ecdh""#),
            (r#""origin": "imported""#, r#""origin": "aws-kms""#),
        ] {
            is_refused(&pair, from, to);
        }
        is_refused(&sample(), r#""material""#, &format!(r#"{pair_arn} "material""#));
        // Each key is sound by itself: one key of AWS KMS is not two keys here.
        let mut both = whole;
        both.add_all(other_in_kms()).unwrap();
        is_refused(&both, &other_arn(), ARN);
    }

    fn other_arn() -> String {
        ARN.replace("1234abcd", "00000000")
    }

    fn other_in_kms() -> Vec<Key> {
        let version = KeyVersion::of_kms(&other_arn().parse().unwrap());
        vec![Key::import(Kind::AwsKms, version).unwrap()]
    }

    #[test]
    fn a_fault_never_shows_material() {
        let fault = altered("\"material\": \"", "\"material\": \"zz");
        assert!(matches!(fault, FileFault::Malformed { part: "body", .. }));
        assert!(!format!("{fault:?} {fault}").contains("zz"));
    }

    #[test]
    fn a_sealed_keyring_shows_nothing_and_opens_with_its_passphrase() {
        let (keyring, right) = (sample(), passphrase("right"));
        let file = super::encode(&keyring, 7, Some(&right)).unwrap();
        let text = std::str::from_utf8(file.expose()).unwrap();
        assert!(!text.contains(&keyring.keys()[0].id().to_string()) && text.is_ascii());
        let parsed = || KeyringFile::parse(file.expose()).unwrap();
        assert!(parsed().is_sealed());
        assert_eq!(parsed().generation(), 7);
        assert_eq!(parsed().keyring(), Err(FileFault::Sealed(SealError::Passphrase)));
        let wrong = parsed().unseal(&passphrase("wrong"));
        assert_eq!(wrong, Err(FileFault::Sealed(SealError::Passphrase)));
        assert_eq!(parsed().unseal(&right), Ok(keyring));
    }

    #[test]
    fn damage_to_a_sealed_keyring_is_told_from_a_wrong_passphrase() {
        let right = passphrase("right");
        let file = super::encode(&sample(), 7, Some(&right)).unwrap();
        let mut bytes = file.expose().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        assert!(matches!(KeyringFile::parse(&bytes), Err(FileFault::Checksum)));
        // The checksum does not cover the header line; the seal does.
        let text = String::from_utf8(file.expose().to_vec()).unwrap();
        for (from, to) in [("\"generation\":7", "\"generation\":8"), ("\"t\":3", "\"t\":4")] {
            let altered = text.replacen(from, to, 1);
            let fault = KeyringFile::parse(altered.as_bytes()).unwrap().unseal(&right);
            assert_eq!(fault, Err(FileFault::Sealed(SealError::Passphrase)), "{to}");
        }
    }
}
