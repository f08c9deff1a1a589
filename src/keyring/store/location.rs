//! Where a keyring comes from: a file, or text that the caller holds.

use std::path::{Path, PathBuf};

use super::saving::io_error;
use crate::crypto::secret::SecretText;
use crate::fs::atomic_file::{is_descriptor, resolve_symlinks};
use crate::keyring::format::file::{FileFault, KeyringFile};
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

/// Some editors begin a text with it.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The keyring's text from data that is the text itself, or base64 of it.
pub(super) fn decode_data(name: &Path, data: &[u8]) -> Result<SecretText, KeyringError> {
    use base64::Engine as _;
    use zeroize::Zeroize as _;

    let text = data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data).trim_ascii();
    if text.is_empty() {
        return Err(KeyringError::EmptyData { name: name.to_path_buf() });
    }
    let mut decoded = SecretText::default();
    if text.starts_with(b"{") {
        return Ok(with_own_line_ends(text));
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

/// The bytes of a keyring file without what stores of text do to it: editors and templates add a byte order mark,
/// `$(cat keyring.json)` loses the last newline, `echo` adds one, and git and the forms of CI systems turn line ends to
/// CRLF. The checksum is of the text as it was written, so nothing else can change unnoticed.
pub(super) fn with_line_ends_mended(bytes: SecretText) -> SecretText {
    let text = bytes.expose();
    let is_touched = text.starts_with(BYTE_ORDER_MARK)
        || !text.ends_with(b"\n")
        || text.ends_with(b"\n\n")
        || memchr::memchr(b'\r', text).is_some();
    if !is_touched || KeyringFile::parse(text).is_ok() {
        return bytes;
    }
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_ascii();
    let mended = with_own_line_ends(text);
    if KeyringFile::parse(mended.expose()).is_ok() { mended } else { bytes }
}

/// Text with a line feed at the end of each line, also of the last one.
fn with_own_line_ends(text: &[u8]) -> SecretText {
    let mut own = SecretText::default();
    for line in text.split(|byte| *byte == b'\n') {
        own.push(line.strip_suffix(b"\r").unwrap_or(line));
        own.push(b"\n");
    }
    own
}

/// What `path` leads to, with symlinks followed: lock, temporary files and generations stand beside that.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, KeyringError> {
    // `<(..)` and /dev/fd/3 are links to what has no path: they are opened by their own name.
    if is_descriptor(path) {
        return Ok(path.to_path_buf());
    }
    resolve_symlinks(path).map_err(|source| io_error("follow the link", path, source))
}
