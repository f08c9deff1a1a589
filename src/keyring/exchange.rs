//! One key version as JSON: what `key export` writes and `key import` reads, and what a user of an
//! official SDK needs for a raw AES keyring.

use serde::{Deserialize, Serialize};

use super::error::KeyError;
use super::key::{Key, KeyVersion, State, now};
use super::material::Material;
use super::name::KeyId;
use crate::secret::SecretText;

const FORMAT: &str = "enwrap-key";

/// An exported key version.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exported {
    format: String,
    id: KeyId,
    version: u32,
    namespace: String,
    name: String,
    material: Material,
}

/// The bytes are no exported key. They are not shown: they may hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an exported key (line {line}, column {column})")]
pub struct NotAnExport {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
}

/// A key version as JSON, with its material.
///
/// # Errors
/// [`KeyError::Remote`] for a key whose material is not here.
#[expect(clippy::expect_used, reason = "these types have no map keys or numbers that JSON lacks")]
#[expect(clippy::missing_panics_doc, reason = "the same")]
pub fn export(key: &Key, version: &KeyVersion) -> Result<SecretText, KeyError> {
    let material = version.material.as_ref().ok_or(KeyError::Remote { key: key.id })?;
    let exported = ExportedRef {
        format: FORMAT,
        id: key.id,
        version: version.number,
        namespace: &version.namespace,
        name: &version.name,
        material,
    };
    let mut text = SecretText::default();
    serde_json::to_writer_pretty(&mut text, &exported).expect("an export is JSON");
    text.push(b"\n");
    Ok(text)
}

/// [`Exported`], before the material is copied anywhere.
#[derive(Serialize)]
struct ExportedRef<'a> {
    format: &'static str,
    id: KeyId,
    version: u32,
    namespace: &'a str,
    name: &'a str,
    material: &'a Material,
}

/// Reads what [`export`] wrote: the key's id, and its version.
///
/// # Errors
/// [`NotAnExport`].
pub fn import(text: &[u8]) -> Result<(KeyId, KeyVersion), NotAnExport> {
    let exported: Exported = serde_json::from_slice(text)
        .map_err(|error| NotAnExport { line: error.line(), column: error.column() })?;
    if exported.format != FORMAT || exported.version == 0 {
        return Err(NotAnExport { line: 1, column: 1 });
    }
    let Exported { id, version, namespace, name, material, .. } = exported;
    Ok((id, imported(version, namespace, name, material)))
}

/// A key version that was made elsewhere.
#[must_use]
pub fn imported(number: u32, namespace: String, name: String, material: Material) -> KeyVersion {
    KeyVersion {
        number,
        namespace,
        name,
        created: now(),
        state: State::Enabled,
        deletion_date: None,
        material: Some(material),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_import_has_the_id_name_and_material_of_the_export() {
        let key = Key::generate(BTreeSet::new(), "").unwrap();
        let text = export(&key, key.current()).unwrap();
        let (id, version) = import(text.expose()).unwrap();
        assert_eq!(id, key.id);
        assert_eq!(version.name, key.current().name);
        assert_eq!(version.material, key.current().material);
    }

    #[test]
    fn other_json_is_refused_without_being_shown() {
        for text in ["", "{}", r#"{"format":"enwrap-key","secret":"hunter2"}"#] {
            let error = import(text.as_bytes()).unwrap_err();
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
