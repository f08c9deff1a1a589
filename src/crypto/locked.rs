//! Memory for keys that the system does not write to its swap space.
//!
//! The system locks whole pages. So keys share pages that hold nothing else, which are locked once, when they are made,
//! and are kept for the next keys: there are as many as keys were in use at one time. Where the system refuses to lock
//! (`RLIMIT_MEMLOCK`), work goes on in memory that can be swapped.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroize;

/// What is locked at once. Where the pages of the system are larger, so is what is locked.
const PAGE: usize = 4096;

/// The bytes of a slot: the longest keys here, but those of RSA, are the private keys of P-521 with 66. A page has 56
/// slots.
pub(super) const SLOT: usize = 72;

/// A page of its own for a value.
#[repr(align(4096))]
pub(super) struct Page<T>(pub(super) T);

impl<T> Page<T> {
    /// Puts `value` onto a page of its own, and locks it for as long as the process lives.
    pub(super) fn locked(value: T) -> Box<Self> {
        let page = Box::new(Self(value));
        if let Ok(lock) = region::lock(&raw const *page, size_of::<Self>()) {
            // Its destructor would unlock the page.
            std::mem::forget(lock);
        }
        page
    }
}

/// The slots that no key is in.
static FREE: Mutex<Vec<&'static mut [u8; SLOT]>> = Mutex::new(Vec::new());

/// Zero bytes on a locked page. They are wiped on drop, and go to the next key.
pub(super) struct Slot(Option<&'static mut [u8; SLOT]>);

impl Slot {
    pub(super) fn take() -> Self {
        let mut free = free();
        if free.is_empty() {
            let page = Box::leak(Page::locked([0; PAGE]));
            free.extend(page.0.as_chunks_mut().0);
        }
        Self(free.pop())
    }
}

fn free() -> MutexGuard<'static, Vec<&'static mut [u8; SLOT]>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Deref for Slot {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().map_or(&[], <[u8; SLOT]>::as_slice)
    }
}

impl DerefMut for Slot {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().map_or(&mut [], <[u8; SLOT]>::as_mut_slice)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.as_mut_slice().zeroize();
            free().push(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_wiped_before_the_next_key_gets_it() {
        let mut slots: Vec<_> = (0..200).map(|_| Slot::take()).collect();
        for slot in &mut slots {
            assert_eq!(**slot, [0; SLOT]);
            slot.fill(7);
        }
        drop(slots);
        for slot in (0..200).map(|_| Slot::take()).collect::<Vec<_>>() {
            assert_eq!(*slot, [0; SLOT]);
        }
    }
}
