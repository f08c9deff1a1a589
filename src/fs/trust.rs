//! Decides which owners' files are trusted.

/// Whether files of this owner are trusted: this process's user is, and root, who has all permissions anyway.
#[must_use]
pub fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}
