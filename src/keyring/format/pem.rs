//! Keys in PEM (RFC 7468), as OpenSSL and other tools write them.
//!
//! Private keys: `PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY` (SEC 1) with or without the `EC PARAMETERS` that older tools
//! write before it, `RSA PRIVATE KEY` (PKCS#1). Public keys: `PUBLIC KEY` (SubjectPublicKeyInfo), `RSA PUBLIC KEY`
//! (PKCS#1). Written are PKCS#8 and SubjectPublicKeyInfo.

use p256::pkcs8::der::pem::{Decoder, LineEnding, encode, encoded_len};

use super::exchange::Half;
use crate::crypto::der::{self, DerFault, PrivateKey, PublicKey};
use crate::crypto::ec::{EcPrivateKey, EcPublicKey};
use crate::crypto::secret::{SecretBytes, SecretText};
use crate::crypto::stack;
use crate::keyring::model::key::KeyVersion;
use crate::keyring::model::kind::Kind;

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// As much of an unknown label is shown.
const LONGEST_LABEL: usize = 40;

/// Why a text is not the key that was asked for. It shows nothing of the text but a label, algorithms and sizes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemFault {
    /// There is no BEGIN line, or not the END line that belongs to it.
    #[error("it is no key in PEM")]
    NotPem,
    /// There are several keys in it, and nothing says which one is meant.
    #[error("it holds {0} keys, and only one can be meant")]
    Several(usize),
    /// It is encrypted with a passphrase.
    #[error("its key is encrypted with a passphrase")]
    Encrypted,
    /// It holds a private key, and a public one was asked for.
    #[error("it holds a private key, where a public one is to be")]
    Private,
    /// It holds a public key, and a private one was asked for.
    #[error("it holds only a public key, where a private one is to be")]
    Public,
    /// A private key in the form of OpenSSH.
    #[error("its private key is in the form of OpenSSH")]
    OpenSsh,
    /// A public key in the form of OpenSSH, which is no PEM.
    #[error("its public key is in the form of OpenSSH")]
    OpenSshPublic,
    /// It holds something else.
    #[error("it holds no key that is used here, but a block '{0}'")]
    Label(String),
    /// What stands between the lines is no key that is used.
    #[error(transparent)]
    Key(#[from] DerFault),
}

/// Reads a private key.
///
/// # Errors
/// [`PemFault`].
pub fn read_private(text: &[u8]) -> Result<PrivateKey, PemFault> {
    let block = the_key_in(text)?;
    let read = match block.label {
        PRIVATE => der::read_pkcs8,
        "EC PRIVATE KEY" => der::read_sec1,
        "RSA PRIVATE KEY" => der::read_pkcs1,
        PUBLIC | "RSA PUBLIC KEY" => return Err(PemFault::Public),
        _ => return Err(block.other_label()),
    };
    Ok(read(block.decode()?.expose())?)
}

/// Reads a public key.
///
/// # Errors
/// [`PemFault`].
pub fn read_public(text: &[u8]) -> Result<PublicKey, PemFault> {
    let block = the_key_in(text)?;
    let read = match block.label {
        PUBLIC => der::read_spki,
        "RSA PUBLIC KEY" => der::read_pkcs1_public,
        PRIVATE | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => return Err(PemFault::Private),
        _ => return Err(block.other_label()),
    };
    Ok(read(block.decode()?.expose())?)
}

/// Writes a version of a key: its private key, or the public one where only that is asked for or held. `None` for kinds
/// without a public half, which PEM has no form for, and where what is held is no key of its kind.
#[must_use]
pub fn write(kind: Kind, version: &KeyVersion, half: Half) -> Option<SecretText> {
    let private = version.material.as_ref().filter(|_| half == Half::All);
    match (kind.curve(), private) {
        (Some(curve), Some(material)) => {
            let key = EcPrivateKey::read(curve, SecretBytes::copy_of(material.secret().expose()))?;
            written(PRIVATE, der::write_pkcs8(&key)?.expose())
        }
        (Some(curve), None) => {
            let key = EcPublicKey::read(curve, &version.public_point()?)?;
            written(PUBLIC, &der::write_spki(&key)?)
        }
        (None, Some(material)) if kind == Kind::Rsa => written(PRIVATE, material.secret().expose()),
        (None, _) => written(PUBLIC, &hex::decode(&version.rsa.as_ref()?.public_key).ok()?),
    }
}

fn written(label: &str, der: &[u8]) -> Option<SecretText> {
    stack::wipe_after(|| {
        let mut room = SecretBytes::zeroed(encoded_len(label, LineEnding::LF, der).ok()?);
        let pem = encode(label, LineEnding::LF, der, room.expose_mut()).ok()?;
        let mut text = SecretText::default();
        text.push(pem.as_bytes());
        Some(text)
    })
}

/// The text from a BEGIN line to its END line.
struct Block<'a> {
    label: &'a str,
    text: &'a [u8],
}

impl Block<'_> {
    fn decode(&self) -> Result<SecretBytes, PemFault> {
        // An older form of encryption has headers in front of the base64 (RFC 1421).
        if self.text.windows(10).any(|window| window == b"Proc-Type:") {
            return Err(PemFault::Encrypted);
        }
        stack::wipe_after(|| {
            let mut decoder = Decoder::new_detect_wrap(self.text).map_err(|_| PemFault::NotPem)?;
            let mut der = SecretBytes::zeroed(decoder.remaining_len());
            decoder.decode(der.expose_mut()).map_err(|_| PemFault::NotPem)?;
            if decoder.is_finished() { Ok(der) } else { Err(PemFault::NotPem) }
        })
    }

    fn other_label(&self) -> PemFault {
        match self.label {
            "ENCRYPTED PRIVATE KEY" => PemFault::Encrypted,
            "OPENSSH PRIVATE KEY" => PemFault::OpenSsh,
            other => PemFault::Label(other.chars().take(LONGEST_LABEL).collect()),
        }
    }
}

/// The one block that is not the parameters of a curve. Other text may stand around it.
fn the_key_in(text: &[u8]) -> Result<Block<'_>, PemFault> {
    let mut keys = blocks(text)?;
    keys.retain(|block| block.label != "EC PARAMETERS");
    match keys.len() {
        0 if text.starts_with(b"ssh-") || text.starts_with(b"ecdsa-sha2-") => {
            Err(PemFault::OpenSshPublic)
        }
        0 => Err(PemFault::NotPem),
        1 => Ok(keys.remove(0)),
        several => Err(PemFault::Several(several)),
    }
}

fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, PemFault> {
    let mut blocks = Vec::new();
    let (mut begun, mut at) = (None, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        let line = line.trim_ascii_end();
        let label = |before: &[u8]| {
            let label = line.strip_prefix(before)?.strip_suffix(b"-----")?;
            let label = std::str::from_utf8(label).ok()?;
            label.bytes().all(|byte| matches!(byte, b' '..=b'~')).then_some(label)
        };
        if let Some(label) = label(b"-----BEGIN ") {
            if begun.replace((label, at)).is_some() {
                return Err(PemFault::NotPem);
            }
        } else if let Some(ended) = label(b"-----END ") {
            match begun.take() {
                Some((label, start)) if label == ended => {
                    let text = text[start..at + line.len()].trim_ascii_end();
                    blocks.push(Block { label, text });
                }
                _ => return Err(PemFault::NotPem),
            }
        }
        at = end;
    }
    if begun.is_some() { Err(PemFault::NotPem) } else { Ok(blocks) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::ec::Curve;
    use crate::crypto::rsa::RsaFault;
    use crate::keyring::Material;

    fn pair(curve: Curve) -> KeyVersion {
        KeyVersion::of_pair(1, EcPrivateKey::generate(curve).unwrap())
    }

    fn text_of(version: &KeyVersion, curve: Curve, half: Half) -> String {
        let text = write(curve.into(), version, half).unwrap();
        String::from_utf8(text.expose().to_vec()).unwrap()
    }

    fn read_pair(text: &str) -> Result<KeyVersion, PemFault> {
        match read_private(text.as_bytes())? {
            PrivateKey::Ec(key) => Ok(KeyVersion::of_pair(1, key)),
            PrivateKey::Rsa { .. } => unreachable!("a key on a curve"),
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same_key() {
        for curve in Curve::ALL {
            let key = pair(curve);
            let private = text_of(&key, curve, Half::All);
            assert!(private.starts_with("-----BEGIN PRIVATE KEY-----\n"));
            let again = read_pair(&private).unwrap();
            assert_eq!((&again.name, &again.material), (&key.name, &key.material));
            let public = text_of(&key, curve, Half::Public);
            let PublicKey::Ec(point) = read_public(public.as_bytes()).unwrap() else {
                unreachable!("a key on a curve")
            };
            assert_eq!(Some(point.as_bytes().to_vec()), key.public_point());
            // Of a version without its private half there is only the public one to write.
            let half = KeyVersion::of_public(1, &point);
            assert_eq!(text_of(&half, curve, Half::All), public);
            assert_eq!(read_public(private.as_bytes()).unwrap_err(), PemFault::Private);
            assert_eq!(read_private(public.as_bytes()).unwrap_err(), PemFault::Public);
        }
        // There is no form for the others, with their material or without it.
        for material in [None, Material::new(SecretBytes::copy_of(&[7; 32]))] {
            let other = KeyVersion::new(1, "ns", "n", material);
            for kind in [Kind::Aes, Kind::Branch] {
                assert!(write(kind, &other, Half::All).is_none(), "{kind}");
            }
        }
    }

    #[test]
    fn line_ends_and_the_length_of_lines_do_not_matter() {
        let key = pair(Curve::P256);
        let text = text_of(&key, Curve::P256, Half::All);
        let lines: Vec<&str> = text.lines().collect();
        let base64 = lines[1..lines.len() - 1].concat();
        let wide: Vec<&str> =
            base64.as_bytes().chunks(76).map(|it| str::from_utf8(it).unwrap()).collect();
        let (begin, end) = (lines[0], lines[lines.len() - 1]);
        let one_line = format!("{begin}\n{base64}\n{end}");
        let wide = format!("{begin}\r\n{}\r\n{end}\r\n", wide.join("\r\n"));
        let around = format!("Bag Attributes\n  friendlyName: é\n{text}\nmore\n");
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        for other in
            [text.replace('\n', "\r\n"), one_line, wide, around, format!("{parameters}{text}")]
        {
            assert_eq!(read_pair(&other).unwrap().material, key.material, "{other}");
        }
    }

    #[test]
    fn what_is_not_one_key_is_said_without_showing_it() {
        let text = text_of(&pair(Curve::P256), Curve::P256, Half::All);
        let labelled = |label: &str| text.replace("PRIVATE KEY", label);
        let body = text.lines().nth(1).unwrap();
        let cases = [
            (String::new(), PemFault::NotPem),
            (text.replace("END PRIVATE", "END PUBLIC"), PemFault::NotPem),
            (body.to_owned(), PemFault::NotPem),
            (format!("ecdsa-sha2-nistp256 {body} me@here\n"), PemFault::OpenSshPublic),
            (text.replace("END", "BEGIN"), PemFault::NotPem),
            (text.replace("END PRIVATE", "END PUBLIC"), PemFault::NotPem),
            (text.trim_end().rsplit_once('\n').unwrap().0.to_owned(), PemFault::NotPem),
            (text.replacen(body, &body.replacen('M', "!", 1), 1), PemFault::NotPem),
            (text.replacen(&format!("{body}\n"), "", 1), PemFault::Key(DerFault::Malformed)),
            (format!("{text}{text}"), PemFault::Several(2)),
            (labelled("ENCRYPTED PRIVATE KEY"), PemFault::Encrypted),
            (
                text.replacen(body, &format!("Proc-Type: 4,ENCRYPTED\n\n{body}"), 1),
                PemFault::Encrypted,
            ),
            (labelled("OPENSSH PRIVATE KEY"), PemFault::OpenSsh),
            (labelled("CERTIFICATE"), PemFault::Label("CERTIFICATE".to_owned())),
            (labelled(&"A".repeat(100)), PemFault::Label("A".repeat(40))),
            (labelled("EC PRIVATE KEY"), PemFault::Key(DerFault::Malformed)),
            (labelled("RSA PRIVATE KEY"), PemFault::Key(DerFault::Malformed)),
        ];
        for (text, fault) in cases {
            let error = read_private(text.as_bytes()).unwrap_err();
            assert!(!error.to_string().contains(&body[..10]));
            assert_eq!(error, fault, "{text}");
        }
    }

    #[test]
    fn a_short_rsa_key_is_refused_with_its_size() {
        // Numbers of the right form; nothing is computed with them.
        let integer = |len: usize| {
            [&[2, 0x81, u8::try_from(len + 1).unwrap(), 0][..], &vec![0x91; len]].concat()
        };
        let numbers = [integer(128), vec![2, 1, 3]].concat();
        let der = [&[0x30, 0x81, u8::try_from(numbers.len()).unwrap()][..], &numbers].concat();
        let text = written("RSA PUBLIC KEY", &der).unwrap();
        let error = read_public(text.expose()).unwrap_err();
        assert_eq!(error, PemFault::Key(RsaFault::Size { bits: 1024 }.into()));
    }
}
