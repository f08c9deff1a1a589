//! Holes in files, which are zeros that need not be read.
//!
//! Reading a hole gives zeros too, but the system allocates memory for them, and drops other files from its cache.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

/// Whether a file has fewer bytes on the disk than its size says.
pub(crate) fn has_holes(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.blocks().saturating_mul(512) < metadata.len()
}

/// Whether all `len` bytes from `at` on are in a hole. Moves the position of `file`.
pub(crate) fn is_hole(file: &File, at: u64, len: u64) -> bool {
    let end = at.saturating_add(len);
    match seek(file, SeekFrom::Data(at)) {
        Ok(data) => data >= end,
        // There is no data from there on: a hole up to the end, or beyond the end of a file that shrank.
        Err(Errno::NXIO) => file.metadata().is_ok_and(|now| now.len() >= end),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn holes_are_found_and_nothing_else() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 4096]).unwrap();
        assert!(!has_holes(&file.metadata().unwrap()));
        file.set_len(16 << 20).unwrap();
        file.write_all_at(&[1; 4096], 8 << 20).unwrap();
        if !has_holes(&file.metadata().unwrap()) {
            // A file system without holes.
            return;
        }
        assert!(is_hole(&file, 1 << 20, 1 << 20) && is_hole(&file, 12 << 20, 4 << 20));
        for (at, len) in [(0, 1), (0, 1 << 20), (1 << 20, 8 << 20), (8 << 20, 1)] {
            assert!(!is_hole(&file, at, len), "{at} {len}");
        }
        assert!(!is_hole(&file, 12 << 20, 5 << 20), "beyond the end is no hole");
    }
}
