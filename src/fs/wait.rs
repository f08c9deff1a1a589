//! Reads and writes that wait where a descriptor is in non-blocking mode.
//!
//! The mode belongs to the open file, which processes share: Node.js, ssh and terminal multiplexers leave the standard
//! streams of their children so. There, a read or a write that would have to wait fails instead, with `EAGAIN`.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};

/// A descriptor whose reads and writes wait.
#[derive(Debug)]
pub struct Waiting<F>(pub F);

impl<F: AsFd> Waiting<F> {
    fn wait(&self, until: PollFlags) -> io::Result<()> {
        match poll(&mut [PollFd::new(&self.0, until)], None) {
            // Interrupted by a signal: the caller tries again.
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl<F: AsFd> Read for Waiting<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::read(&self.0, &mut *buffer) {
                Err(rustix::io::Errno::AGAIN) => self.wait(PollFlags::IN)?,
                read => return Ok(read?),
            }
        }
    }
}

impl<F: AsFd> Write for Waiting<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(&self.0, bytes) {
                Err(rustix::io::Errno::AGAIN) => self.wait(PollFlags::OUT)?,
                written => return Ok(written?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;

    #[test]
    fn a_stream_that_does_not_block_is_waited_for() {
        let (one, other) = UnixStream::pair().unwrap();
        one.set_nonblocking(true).unwrap();
        other.set_nonblocking(true).unwrap();
        // More than both ends hold, so that each side has to wait.
        let bytes = vec![7; 4 << 20];
        thread::scope(|scope| {
            scope.spawn(|| {
                Waiting(&one).write_all(&bytes).unwrap();
                one.shutdown(std::net::Shutdown::Write).unwrap();
            });
            let mut read = Vec::new();
            Waiting(&other).read_to_end(&mut read).unwrap();
            assert!(read == bytes);
        });
    }
}
