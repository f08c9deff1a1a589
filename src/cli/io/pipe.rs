//! Pipes that hold more than a frame.

use std::fs::File;

/// Bytes that a pipe to or from us is to hold: with the usual 64 KiB, both ends wake each other for every
/// frame. More gains no more, and each user has only 64 MiB for all pipes.
#[cfg(target_os = "linux")]
const CAPACITY: usize = 512 << 10;

/// Makes room in `file`, if it is a pipe and the system lets us: else it works as it is, only slower.
pub(crate) fn widen(file: &File) {
    #[cfg(target_os = "linux")]
    if rustix::pipe::fcntl_getpipe_size(file).is_ok_and(|now| now < CAPACITY) {
        let _ = rustix::pipe::fcntl_setpipe_size(file, CAPACITY);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}
