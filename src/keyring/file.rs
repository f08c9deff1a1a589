//! The keyring file's bytes: a header line of JSON, and a body of JSON.
//!
//! ```text
//! {"format":"enwrap-keyring","version":1,"generation":N,"sha256":"<of the body>","seal":null}
//! {"keys":[...]}
//! ```
//!
//! The checksum tells damage from everything else; it is no defence against an attacker, who could
//! make another.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::model::Keyring;
use crate::secret::SecretText;

const FORMAT: &str = "enwrap-keyring";

/// The version of the format that this code reads and writes.
const VERSION: u32 = 1;

/// What is wrong with a keyring's bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Something else.
    #[error("is not an enwrap keyring")]
    NotAKeyring,
    /// From a later enwrap.
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
    /// JSON of the right shape that cannot be true.
    #[error("is damaged: it has {0}")]
    Contradiction(&'static str),
    /// Its body is encrypted.
    #[error("is sealed with a passphrase")]
    Sealed,
}

/// The first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    generation: u64,
    sha256: String,
    seal: Option<Seal>,
}

/// How the body is encrypted under a passphrase.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    kdf: String,
    parameters: SealParameters,
    salt: String,
    nonce: String,
}

/// The cost of deriving the sealing key.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealParameters {
    m_kib: u32,
    t: u32,
    p: u32,
}

/// The part of a header that every version has.
#[derive(Deserialize)]
struct AnyHeader {
    format: String,
    version: u32,
}

/// The file's bytes for one generation of a keyring.
#[must_use]
#[expect(clippy::expect_used, reason = "these types have no map keys or numbers that JSON lacks")]
#[expect(clippy::missing_panics_doc, reason = "the same")]
pub fn encode(keyring: &Keyring, generation: u64) -> SecretText {
    let mut body = SecretText::default();
    serde_json::to_writer_pretty(&mut body, keyring).expect("a keyring is JSON");
    body.push(b"\n");
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        generation,
        sha256: hex::encode(Sha256::digest(body.expose())),
        seal: None,
    };
    let mut file = SecretText::default();
    serde_json::to_writer(&mut file, &header).expect("a header is JSON");
    file.push(b"\n");
    file.push(body.expose());
    file
}

/// Reads the file's bytes: the keyring, and the number of its generation.
///
/// # Errors
/// The first [`FileFault`].
pub fn decode(bytes: &[u8]) -> Result<(Keyring, u64), FileFault> {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    let any: AnyHeader = serde_json::from_slice(line).map_err(|_| FileFault::NotAKeyring)?;
    if any.format != FORMAT || any.version == 0 {
        return Err(FileFault::NotAKeyring);
    }
    if any.version > VERSION {
        return Err(FileFault::Newer(any.version));
    }
    let header: Header = serde_json::from_slice(line).map_err(|e| malformed("header line", &e))?;
    let body = rest.strip_prefix(b"\n").unwrap_or(rest);
    if hex::encode(Sha256::digest(body)) != header.sha256 {
        return Err(FileFault::Checksum);
    }
    if header.seal.is_some() {
        return Err(FileFault::Sealed);
    }
    let keyring: Keyring = serde_json::from_slice(body).map_err(|e| malformed("body", &e))?;
    match keyring.find_contradiction() {
        None => Ok((keyring, header.generation)),
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
    use crate::keyring::Key;

    fn sample() -> Keyring {
        let aliases = BTreeSet::from(["a".parse().unwrap(), "b".parse().unwrap()]);
        Keyring { keys: vec![Key::generate(aliases, "for tests").unwrap()] }
    }

    /// The sample's bytes with `from` replaced, and a checksum that fits again.
    fn altered(from: &str, to: &str) -> FileFault {
        let text = String::from_utf8(encode(&sample(), 7).expose().to_vec()).unwrap();
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
        assert_eq!(altered("\"version\":1", "\"version\":2,\"more\":3"), FileFault::Newer(2));
        let seal = r#""seal":{"kdf":"argon2id","parameters":{"m_kib":65536,"t":3,"p":1},"salt":"00","nonce":"00"}"#;
        assert_eq!(altered(r#""seal":null"#, seal), FileFault::Sealed);
        let more = altered("\"generation\":7", "\"generation\":7,\"more\":0");
        assert!(matches!(more, FileFault::Malformed { part: "header line", .. }));
        let more = altered("\"keys\"", "\"more\": 1, \"keys\"");
        assert!(matches!(more, FileFault::Malformed { part: "body", .. }));
    }

    #[test]
    fn a_fault_never_shows_material() {
        let fault = altered("\"material\": \"", "\"material\": \"zz");
        assert!(matches!(fault, FileFault::Malformed { part: "body", .. }));
        assert!(!format!("{fault:?} {fault}").contains("zz"));
    }
}
