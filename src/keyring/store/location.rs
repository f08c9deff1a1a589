//! Where a keyring comes from: a file, or text that the caller holds.

use std::path::{Path, PathBuf};

use super::saving::io_error;
use crate::crypto::secret::SecretText;
use crate::fs::atomic_file::{is_descriptor, resolve_symlinks};
use crate::keyring::format::file::FileFault;
use crate::keyring::store::error::KeyringError;

/// Where a keyring comes from.
#[derive(Debug)]
pub enum Location {
    /// A file, which changes can be saved to.
    File(PathBuf),
    /// The text itself, or base64 of it. It is read-only.
    Data {
        /// What errors call it.
        name: PathBuf,
        /// The keyring.
        text: SecretText,
    },
}

/// The keyring's text from data that is the text itself, or base64 of it.
pub(super) fn decode_data(name: &Path, data: &[u8]) -> Result<SecretText, KeyringError> {
    use base64::Engine as _;
    use zeroize::Zeroize as _;

    let text = data.trim_ascii();
    if text.is_empty() {
        return Err(KeyringError::EmptyData { name: name.to_path_buf() });
    }
    let mut decoded = SecretText::default();
    if text.starts_with(b"{") {
        // `$(cat keyring.json)` loses the last newline, and the forms of CI systems turn line ends to CRLF.
        // The checksum is of the text as it was written.
        for line in text.split(|byte| *byte == b'\n') {
            decoded.push(line.strip_suffix(b"\r").unwrap_or(line));
            decoded.push(b"\n");
        }
        return Ok(decoded);
    }
    let mut packed: Vec<u8> = Vec::with_capacity(text.len());
    packed.extend(text.iter().filter(|b| !b.is_ascii_whitespace()));
    let bytes = base64::engine::general_purpose::STANDARD.decode(&packed);
    packed.zeroize();
    let mut bytes = bytes.map_err(|_| KeyringError::File {
        path: name.to_path_buf(),
        fault: FileFault::NotAKeyring,
    })?;
    decoded.push(&bytes);
    bytes.zeroize();
    Ok(decoded)
}

/// What `path` leads to, with symlinks followed: lock, temporary files and generations stand beside that.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, KeyringError> {
    // `<(..)` and /dev/fd/3 are links to what has no path: they are opened by their own name.
    if is_descriptor(path) {
        return Ok(path.to_path_buf());
    }
    resolve_symlinks(path).map_err(|source| io_error("follow the link", path, source))
}
