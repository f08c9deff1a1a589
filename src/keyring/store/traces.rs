//! Whether a file holds key material, in any of the usual notations.

use std::io::{self, Read};

use crate::crypto::der;
use crate::crypto::secret::SecretBytes;
use crate::fs::search::Needles;
use crate::keyring::model::material::Material;

/// What to look for: material as it is, in hex, and base64 of either, as in a keyring in one line.
#[derive(Debug)]
pub(crate) struct Traces(Needles);

impl Traces {
    pub(crate) fn of<'a>(materials: impl IntoIterator<Item = &'a Material>) -> Self {
        let mut needles = Needles::default();
        for material in materials {
            // In PKCS#1, the other form of RSA keys, only what PKCS#8 holds stands by itself.
            let bytes = material.secret().expose();
            let bytes = der::within_pkcs8(bytes).unwrap_or(bytes);
            let mut hex = SecretBytes::hex_of(bytes);
            needles.add_raw(bytes);
            needles.add_text(hex.expose());
            hex.expose_mut().make_ascii_uppercase();
            needles.add_text(hex.expose());
        }
        Self(needles)
    }

    /// Returns whether any of it is in `source`.
    ///
    /// # Errors
    /// The source's own.
    pub(crate) fn are_in(&self, source: impl Read) -> io::Result<bool> {
        self.0.are_in(source)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn material_is_found_however_it_is_written_and_other_bytes_are_not() {
        let material = Material::generate().unwrap();
        let traces = Traces::of([&material]);
        let (raw, hex) =
            (material.secret().expose().to_vec(), hex::encode(material.secret().expose()));
        let found = |bytes: &[u8]| traces.are_in(bytes).unwrap();
        for before in 0..5 {
            let around = |inner: &[u8]| [&vec![b'x'; before][..], inner, b"more"].concat();
            for inner in [raw.clone(), hex.clone().into_bytes(), hex.to_uppercase().into_bytes()] {
                assert!(found(&around(&inner)), "{before}");
                let encoded = STANDARD.encode(around(&inner));
                assert!(found(encoded.as_bytes()), "{before}");
                let lines: Vec<&[u8]> = encoded.as_bytes().chunks(20).collect();
                assert!(found(&lines.join(&b"\r\n"[..])), "{before}");
            }
        }
        assert!(!found(&raw[1..]) && !found(&hex.as_bytes()[1..]) && !found(b""));
        assert!(!found(
            STANDARD.encode(Material::generate().unwrap().secret().expose()).as_bytes()
        ));
        assert!(!Traces::of([]).are_in(&raw[..]).unwrap());
    }
}
