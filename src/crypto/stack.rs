//! Wipes what work with keys leaves on the stack.
//!
//! Ciphers and hashes keep key schedules, blocks and spilled registers in local variables, and a value is copied
//! each time it is moved. No destructor wipes these copies. They stay in memory until other calls happen to
//! overwrite them, and parts of them can get into the heap, as the padding of values that are moved there. So each
//! step that uses keys is followed by a wipe, and the end of each thread.

use zeroize::zeroize_stack;

use super::engine::{BulkGcm, Gcm};

/// Bytes that are overwritten: in an optimised build, twice what the deepest work with keys needs (found by shortening
/// this until `tests/memory/run` failed).
const DEPTH: usize = 64 << 10;

/// Does `work`, and then overwrites the part of this thread's stack that `work` has used, also if it panics.
///
/// The result is moved out before that, so the secrets in it must be on the heap.
#[inline(never)]
pub fn wipe_after<T>(work: impl FnOnce() -> T) -> T {
    let _wipe = WipeOnDrop;
    call(work)
}

/// Gives `work` a frame of its own below the one of [`wipe_after`], which is not overwritten.
#[inline(never)]
fn call<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Overwrites what work with keys has left in the vector registers of this thread, by the same work with a key of zeros.
///
/// A thread that is started begins with a copy of them, and a signal has the system write them to the stack of the thread
/// that gets it. So this comes before a process that has worked with keys waits for others.
pub fn overwrite_registers() {
    wipe_after(|| {
        let (header, frames) = (Gcm::new(&[0; 32]), BulkGcm::new(&[0; 32]));
        let mut buffer = [0; 4096];
        for len in [0, 16, 256, buffer.len()] {
            header.as_ref().map(|gcm| gcm.seal(&[0; 12], b"", &mut buffer[..len]));
            frames.as_ref().map(|gcm| gcm.seal(&[0; 12], b"", &mut buffer[..len]));
        }
    });
}

struct WipeOnDrop;

impl Drop for WipeOnDrop {
    fn drop(&mut self) {
        zeroize_stack::<DEPTH>();
    }
}
