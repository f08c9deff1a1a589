//! Which kind of file system a file is on, by the numbers of linux/magic.h.

use std::fs::File;

/// Whether the file is on a file system of one of these kinds; `None` where that cannot be told.
#[cfg(target_os = "linux")]
#[must_use]
pub fn is_on(file: &File, kinds: &[u32]) -> Option<bool> {
    // The type of the field depends on the architecture; its value has 32 bits.
    let kind = rustix::fs::fstatfs(file).ok()?.f_type & 0xFFFF_FFFF;
    Some(u32::try_from(kind).is_ok_and(|kind| kinds.contains(&kind)))
}

/// Other systems have other numbers.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn is_on(_file: &File, _kinds: &[u32]) -> Option<bool> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_file_system_is_recognised_by_its_number() {
        const PROC: u32 = 0x9FA0;
        let file = File::open("/proc/self/status").unwrap();
        assert_eq!(is_on(&file, &[PROC + 1, PROC]), Some(true));
        assert_eq!(is_on(&file, &[PROC + 1]), Some(false));
    }
}
