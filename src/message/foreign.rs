//! Formats that are not messages, known by their first bytes: whoever gives one by mistake is told what it is.
//!
//! Nothing is decided by it but the words of an error. What begins like a message, binary or armoured, is never foreign.

use std::fmt;

/// What a file is that is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignFormat {
    /// A file of age, binary or armoured.
    Age,
    /// An encrypted or signed OpenPGP message, as gpg writes it, binary or armoured.
    OpenPgp,
    /// The output of `openssl enc`, binary or base64.
    OpenSsl,
    /// A file whose values sops has encrypted.
    Sops,
    /// A file of ansible-vault.
    AnsibleVault,
    /// A file of git-crypt.
    GitCrypt,
    /// A LUKS volume.
    Luks,
    /// A key or a certificate in base64 between BEGIN and END lines.
    Pem,
    /// Compressed by gzip.
    Gzip,
    /// Compressed by zstd.
    Zstd,
    /// Compressed by xz.
    Xz,
    /// Compressed by bzip2.
    Bzip2,
    /// A ZIP archive.
    Zip,
    /// A 7z archive.
    SevenZip,
    /// A tar archive.
    Tar,
    /// What AWS KMS itself returns of `Encrypt` and `GenerateDataKey`, binary or base64.
    KmsBlob,
    /// A data key that `enwrap datakey` has wrapped: binary, base64, or its JSON.
    DataKeyBlob,
    /// A keyring of enwrap, or base64 of one.
    Keyring,
    /// An envelope file of enwrap.
    EnvelopeFile,
    /// Text that no format here begins with.
    PlainText,
}

/// Formats that always begin with the same bytes.
const SIGNATURES: [(&[u8], ForeignFormat); 24] = {
    use ForeignFormat::*;
    [
        (b"age-encryption.org/v", Age),
        (b"Salted__", OpenSsl),
        (b"U2FsdGVkX1", OpenSsl),
        (b"$ANSIBLE_VAULT;", AnsibleVault),
        (b"\0GITCRYPT\0", GitCrypt),
        (b"LUKS\xBA\xBE", Luks),
        (b"\x1F\x8B", Gzip),
        (b"\x28\xB5\x2F\xFD", Zstd),
        (b"\xFD7zXZ\0", Xz),
        (b"BZh", Bzip2),
        (b"PK\x03\x04", Zip),
        (b"PK\x05\x06", Zip),
        (b"7z\xBC\xAF\x27\x1C", SevenZip),
        (b"\x01\x02\x02\0\x78", KmsBlob),
        (b"\x01\x02\x03\0\x78", KmsBlob),
        (b"AQICAH", KmsBlob),
        (b"AQIDAH", KmsBlob),
        // The length of the namespace, and the namespace.
        (b"\0\x06enwrap", DataKeyBlob),
        (b"AAZlbndyYX", DataKeyBlob),
        (b"\0\x07aws-kms", DataKeyBlob),
        (b"AAdhd3Mta21z", DataKeyBlob),
        (b"{\"format\":\"enwrap-keyring\"", Keyring),
        (b"eyJmb3JtYXQiOiJlbndyYXAta2V5cmluZy", Keyring),
        (b"{\"message_id\":", EnvelopeFile),
    ]
};

/// The place of the signature in the header of a tar archive.
const TAR_SIGNATURE: (usize, &[u8]) = (257, b"ustar");

/// What every value begins with that sops has encrypted, in each of its formats.
const SOPS_VALUE: &[u8] = b"ENC[AES256_GCM,data:";

/// Base64 of the first two bytes of a message of either version, and of the bits of the third that are always so.
const ARMORED: [&[u8]; 3] = [b"AgR", b"AgV", b"AYA"];

impl ForeignFormat {
    /// The format of what begins with these bytes: a buffer full, or all there is. `None` of a message, and of what is not
    /// known.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        // A message: nothing has to be looked for in it.
        let text = without_byte_order_mark(start).trim_ascii_start();
        if matches!(start, [0x02, 0x04 | 0x05, 0x78, ..] | [0x01, 0x80, ..]) || is_armor(text) {
            return None;
        }
        let (at, signature) = TAR_SIGNATURE;
        if start.get(at..).is_some_and(|rest| rest.starts_with(signature)) {
            return Some(Self::Tar);
        }
        let begins = |(signature, _): &&(&[u8], Self)| {
            start.starts_with(signature) || text.starts_with(signature)
        };
        if let Some((_, format)) = SIGNATURES.iter().find(begins) {
            return Some(*format);
        }
        let json = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        if json.is_some_and(|json| json.starts_with(b"\"CiphertextBlob\"")) {
            return Some(Self::DataKeyBlob);
        }
        if is_openpgp(start) {
            return Some(Self::OpenPgp);
        }
        if start.windows(SOPS_VALUE.len()).any(|window| window == SOPS_VALUE) {
            return Some(Self::Sops);
        }
        if may_be_armor(text) {
            return None;
        }
        if let Some(label) = text.strip_prefix(b"-----BEGIN ") {
            let label = label.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let label = label.trim_ascii_end().strip_suffix(b"-----").unwrap_or(label);
            return Some(match label {
                b"AGE ENCRYPTED FILE" => Self::Age,
                label if label.starts_with(b"PGP ") => Self::OpenPgp,
                _ => Self::Pem,
            });
        }
        is_text(text).then_some(Self::PlainText)
    }
}

/// After "it is".
impl fmt::Display for ForeignFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Age => "an age file",
            Self::OpenPgp => "an OpenPGP file, as gpg writes it",
            Self::OpenSsl => "a file of 'openssl enc'",
            Self::Sops => "a sops file",
            Self::AnsibleVault => "an ansible-vault file",
            Self::GitCrypt => "a git-crypt file",
            Self::Luks => "a LUKS volume",
            Self::Pem => "a PEM file",
            Self::Gzip => "a gzip file",
            Self::Zstd => "a zstd file",
            Self::Xz => "an xz file",
            Self::Bzip2 => "a bzip2 file",
            Self::Zip => "a ZIP archive",
            Self::SevenZip => "a 7z archive",
            Self::Tar => "a tar archive",
            Self::KmsBlob => "a ciphertext blob of AWS KMS",
            Self::DataKeyBlob => "a wrapped data key of 'enwrap datakey'",
            Self::Keyring => "a keyring of enwrap",
            Self::EnvelopeFile => "an envelope file",
            Self::PlainText => "plain text",
        })
    }
}

fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// Whether the first packet is a session key: encrypted to a key (tag 1), or from a passphrase (tag 3). Few other files begin
/// with a packet's first byte and, behind a plausible length, with the version of such a packet.
fn is_openpgp(start: &[u8]) -> bool {
    let (tag, rest) = match start {
        [first @ (0x84 | 0x8C), _, rest @ ..] | [first @ (0x85 | 0x8D), _, _, rest @ ..] => {
            ((first & 0x3C) >> 2, rest)
        }
        [first @ (0xC1 | 0xC3), length, rest @ ..] if *length < 192 => (first & 0x3F, rest),
        [first @ (0xC1 | 0xC3), length, _, rest @ ..] if *length < 224 => (first & 0x3F, rest),
        _ => return false,
    };
    match tag {
        1 => matches!(rest, [3 | 6, ..]),
        _ => matches!(rest, [4..=6, 1..=13, ..]),
    }
}

/// The first line that is no label.
fn first_line(text: &[u8]) -> Option<&[u8]> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.map(without_byte_order_mark).find(|line| !line.is_empty() && !line.starts_with(b"-"))
}

/// Whether text is the armour of a message, or the beginning of some. As for its decoder, blanks count for nothing.
fn is_armor(text: &[u8]) -> bool {
    let line = first_line(text).unwrap_or_default();
    let letters = line.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    let letters: Vec<u8> = letters.take(3).collect();
    !letters.is_empty() && ARMORED.iter().any(|start| start.starts_with(&letters))
}

/// Whether text can be the armour of a message that this version does not know, or the labels before some.
fn may_be_armor(text: &[u8]) -> bool {
    match first_line(text) {
        Some(line) => line.starts_with(b"A") && !line.iter().any(u8::is_ascii_whitespace),
        None => text.starts_with(b"-") || text.is_empty(),
    }
}

/// Whether these are characters that a person can read. The last one may be cut.
fn is_text(bytes: &[u8]) -> bool {
    let is_valid = match str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    };
    let is_shown =
        |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B | 0x20..=0x7E | 0x80..);
    !bytes.is_empty() && is_valid && bytes.iter().all(is_shown)
}

#[cfg(test)]
mod tests {
    use super::ForeignFormat::*;
    use super::*;

    fn of(start: &[u8]) -> Option<ForeignFormat> {
        ForeignFormat::of(start)
    }

    #[test]
    fn other_formats_are_known_by_their_first_bytes() {
        let tar = [b"name", &[0; 253][..], b"ustar\x0000"].concat();
        for (start, format) in [
            (&b"age-encryption.org/v1\n-> X25519 a\n"[..], Age),
            (b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5\n", Age),
            (b"\n\r\n-----BEGIN AGE ENCRYPTED FILE-----\r\nYWdlLWVuY3J5\r\n", Age),
            (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA0\n", OpenPgp),
            (b"-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v2\n\njA0EBwMC\n", OpenPgp),
            (b"\x85\x01\x0C\x03\x0B\x0B\x0B", OpenPgp),
            (b"\x84\x5E\x03\x0B\x0B\x0B", OpenPgp),
            (b"\x8C\x0D\x04\x09\x03\x0A", OpenPgp),
            (b"\xC1\xC0\x4C\x03\x0A", OpenPgp),
            (b"\xC1\x4C\x03\x0A", OpenPgp),
            (b"\xC3\x0D\x04\x07\x03\x08", OpenPgp),
            (b"Salted__12345678", OpenSsl),
            (b"U2FsdGVkX18xMjM0NTY3OA==\n", OpenSsl),
            (b"password: ENC[AES256_GCM,data:aa,iv:b,tag:c,type:str]\nsops:\n", Sops),
            (b"{\n\t\"data\": \"ENC[AES256_GCM,data:aa,iv:b\",\n", Sops),
            (b"A=ENC[AES256_GCM,data:aa,iv:b,tag:c,type:str]\nsops_version=3\n", Sops),
            (b"$ANSIBLE_VAULT;1.1;AES256\n6162\n", AnsibleVault),
            (b"\0GITCRYPT\0\x01", GitCrypt),
            (b"\x1F\x8B\x08\0", Gzip),
            (b"\x28\xB5\x2F\xFD\x04", Zstd),
            (b"\xFD7zXZ\0\0\x04", Xz),
            (b"BZh91AY&SY", Bzip2),
            (b"PK\x03\x04\x14\0", Zip),
            (&tar, Tar),
            (b"\x01\x02\x02\0\x78\x40", KmsBlob),
            (b"AQICAHhAAAAA", KmsBlob),
            (b"\0\x06enwrap\0\x26", DataKeyBlob),
            (b"  AAZlbndyYXAAJj", DataKeyBlob),
            (b"{\n    \"CiphertextBlob\": \"AAZl", DataKeyBlob),
            (b"{\"format\":\"enwrap-keyring\",\"version\":1", Keyring),
            (b"{\"message_id\":\"00\"", EnvelopeFile),
            (b"-----BEGIN PRIVATE KEY-----\nMIGH\n", Pem),
            (b"DB_PASSWORD=hunter2\n", PlainText),
            (b"All hands meet at noon.\n", PlainText),
            (b"# Notes\n", PlainText),
            (b"---\nkey: value\n", PlainText),
            ("\u{FEFF}\u{E4}\u{F6}".as_bytes(), PlainText),
        ] {
            assert_eq!(of(start), Some(format), "{}", String::from_utf8_lossy(start));
            assert!(!format.to_string().is_empty());
        }
    }

    #[test]
    fn what_begins_like_a_message_is_never_foreign() {
        let tar_by_chance = [b"AgR4", &[b'A'; 253][..], b"ustarAAA"].concat();
        for start in [
            &b"\x02\x04\x78\0\0"[..],
            b"\x01\x80\x03\x78",
            b"",
            b"  \n",
            b"-",
            b"A",
            b"AgR4aaaa\nbbbb\n",
            b"\n \t AYADeAAA\n",
            b"\xEF\xBB\xBFAgR4aaaa",
            b"-----BEGIN PGP MESSAGE-----\nAgR4aaaa\n-----END PGP MESSAGE-----\n",
            b"-----BEGIN X-----\r\n\r\nAgV4aaaa\r\n",
            b"- a line that is passed over\nAgR4aaaa\n",
            b"AgR4aaaa bbbb cccc",
            b"A g V 4",
            b"  -label\n\t\xEF\xBB\xBFAYAD aaaa\n",
            &tar_by_chance,
            // Random bytes that nothing begins with.
            b"\xC1\xFF\x00\x11",
            b"\xC1\xE0\x4C\x03\x0A",
            b"\xF0\x00",
        ] {
            assert_eq!(of(start), None, "{}", String::from_utf8_lossy(start));
        }
    }

    #[test]
    fn text_that_a_buffer_cuts_is_still_text() {
        let text = "w\u{F6}rter ".repeat(20);
        for len in 1..text.len() {
            assert_eq!(of(&text.as_bytes()[..len]), Some(PlainText), "{len}");
        }
    }

    #[test]
    fn what_is_no_utf_8_is_no_text_and_neither_is_a_part_of_one_character() {
        for bytes in [&b"word \xFF word"[..], b"word\n\xC3(", b"\xFF\xFE\xFD", b"\xE2\x82"] {
            assert_eq!(of(bytes), None, "{bytes:02x?}");
        }
    }
}
