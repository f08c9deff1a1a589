//! Files in memory, for a command that wants the path of a file.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;

use enwrap::crypto::secret::SecretText;

/// A file without a name, which the processes inherit that are started as long as it is open.
///
/// It is on no disk. Its pages can be swapped out, as the memory of the command can.
pub(crate) struct MemoryFile(File);

impl MemoryFile {
    /// A file with these bytes, which nobody can change.
    ///
    /// # Errors
    /// Where the system has no such files.
    pub(crate) fn new(bytes: &SecretText) -> io::Result<Self> {
        let mut file = create()?;
        file.write_all(bytes.expose())?;
        file.rewind()?;
        seal(&file)?;
        Ok(Self(file))
    }

    /// The path that leads to it in every process that has inherited it.
    pub(crate) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

#[cfg(target_os = "linux")]
fn create() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, Mode, fchmod, memfd_create};
    use rustix::io::Errno;

    // Not close-on-exec: it is for the command.
    let flags = MemfdFlags::ALLOW_SEALING;
    let file = match memfd_create("enwrap", flags | MemfdFlags::NOEXEC_SEAL) {
        // Linux before 6.3.
        Err(Errno::INVAL) => memfd_create("enwrap", flags)?,
        other => other?,
    };
    // ssh and others refuse a private key that more than its owner could read.
    fchmod(&file, Mode::RUSR)?;
    Ok(file.into())
}

#[cfg(target_os = "linux")]
fn seal(file: &File) -> io::Result<()> {
    use rustix::fs::{SealFlags, fcntl_add_seals};

    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    Ok(fcntl_add_seals(file, seals)?)
}

#[cfg(not(target_os = "linux"))]
fn create() -> io::Result<File> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no files in memory"))
}

#[cfg(not(target_os = "linux"))]
fn seal(_: &File) -> io::Result<()> {
    Ok(())
}
