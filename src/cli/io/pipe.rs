//! The capacity of pipes.

use std::fs::File;

/// How many bytes a pipe to or from us should hold. With the usual 64 KiB, the process at the other end and we wait for
/// each other at every frame. More than this is no faster, and all pipes of a user together may have 64 MiB.
#[cfg(target_os = "linux")]
const CAPACITY: usize = 512 << 10;

/// Enlarges the pipe `file`, if it is one. Where the system does not let us, the pipe works too, but slower.
pub(crate) fn widen(file: &File) {
    #[cfg(target_os = "linux")]
    if rustix::pipe::fcntl_getpipe_size(file).is_ok_and(|now| now < CAPACITY) {
        let _ = rustix::pipe::fcntl_setpipe_size(file, CAPACITY);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}
