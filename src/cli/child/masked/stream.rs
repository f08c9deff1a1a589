//! One output of a masked command, on its way to ours.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use enwrap::crypto::secret::SecretBytes;

use crate::cli::masking::mask::{Mask, Patterns};

/// How long a byte may be held back because it may belong to a secret, and how long a command that has ended is given
/// for what its children still write.
const PATIENCE: Duration = Duration::from_millis(50);

/// After the command has ended, what its children go on writing is not waited for longer than this.
const MOST_AFTER_END: Duration = Duration::from_secs(2);

/// As much as a pipe holds.
const CHUNK: usize = 64 << 10;

/// What becomes of the command's output when ours takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenRefused {
    /// Nobody reads it any more: the command gets SIGPIPE.
    Close,
    /// It is read and thrown away, since a terminal cannot be closed on one side.
    Discard,
}

pub(super) struct Stream<'a> {
    pub(super) source: OwnedFd,
    /// Closed on its other side when the command has ended.
    pub(super) ended: BorrowedFd<'a>,
    pub(super) write: fn(&[u8]) -> io::Result<()>,
    pub(super) when_refused: WhenRefused,
}

/// What there is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Read,
    Release,
    End,
}

/// When what is waited for is no longer waited for.
#[derive(Default)]
struct Deadlines {
    /// When the byte is released that was held longest.
    held: Option<Instant>,
    /// When the last byte is read; `None` as long as the command runs.
    end: Option<Instant>,
}

impl Stream<'_> {
    /// Relays to the end. An error is that of our output, unless its reader has gone.
    pub(super) fn relay(self, patterns: &Patterns) -> io::Result<()> {
        let mut mask = Mask::new(patterns);
        let (mut bytes, mut output) = (SecretBytes::zeroed(CHUNK), Vec::with_capacity(CHUNK));
        let mut deadlines = Deadlines::default();
        let (mut written, mut released) = (Ok(()), 0);
        loop {
            let mut next = self.wait(&mut deadlines)?;
            if next == Next::Read {
                match rustix::io::read(&self.source, bytes.expose_mut()) {
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Ok(read) if read > 0 => mask.push(&bytes.expose()[..read], &mut output),
                    // A pseudo-terminal ends with EIO.
                    Ok(_) | Err(_) => next = Next::End,
                }
            }
            match next {
                Next::Read => {}
                Next::Release => mask.idle(&mut output),
                Next::End => mask.finish(&mut output),
            }
            if written.is_ok() && !output.is_empty() {
                let before = Instant::now();
                written = (self.write)(&output);
                // What our own reader takes its time for is no time of the command's children.
                deadlines.end = deadlines.end.map(|end| end + before.elapsed());
            }
            output.clear();
            let is_refused = written.is_err() && self.when_refused == WhenRefused::Close;
            if next == Next::End || is_refused {
                break;
            }
            // The clock of a byte that stays the oldest one goes on.
            if !mask.is_holding() {
                deadlines.held = None;
            } else if deadlines.held.is_none() || released != mask.released() {
                deadlines.held = Some(Instant::now() + PATIENCE);
            }
            released = mask.released();
        }
        written.or_else(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })
    }

    /// Waits for output, for a deadline, and for the end of the command.
    fn wait(&self, deadlines: &mut Deadlines) -> io::Result<Next> {
        loop {
            let now = Instant::now();
            if deadlines.held.is_some_and(|held| held <= now) {
                return Ok(Next::Release);
            }
            if deadlines.end.is_some_and(|end| end <= now) {
                return Ok(Next::End);
            }
            let after_end = deadlines.end.map(|end| PATIENCE.min(end - now));
            let left = deadlines.held.map(|held| held - now).into_iter().chain(after_end).min();
            let timeout = left.map(|left| Timespec::try_from(left).unwrap_or_default());
            let mut waited = vec![PollFd::new(&self.source, PollFlags::IN)];
            if deadlines.end.is_none() {
                waited.push(PollFd::from_borrowed_fd(self.ended, PollFlags::IN));
            }
            let ready = match poll(&mut waited, timeout.as_ref()) {
                Err(Errno::INTR) => continue,
                ready => ready?,
            };
            if !waited[0].revents().is_empty() {
                return Ok(Next::Read);
            }
            if ready > 0 {
                deadlines.end = Some(now + MOST_AFTER_END);
            } else if deadlines.end.is_some() && deadlines.held.is_none() {
                // All is read that was written before the command ended.
                return Ok(Next::End);
            }
        }
    }
}
