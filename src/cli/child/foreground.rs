//! A child that has the terminal, such as an editor.
//!
//! Ctrl-C and Ctrl-\ reach it and enwrap alike. They are meant for the child: an editor takes them as commands. So
//! enwrap ignores both while such a child runs. It does not set them to be ignored, which the child would inherit.

use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Spec;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Whether a child has the terminal now.
pub(crate) fn is_running() -> bool {
    RUNNING.load(Ordering::SeqCst) > 0
}

/// Counts as a child in the foreground until it is dropped.
struct Counted;

impl Counted {
    fn begin() -> Self {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Spec {
    /// Runs it in the foreground until it ends.
    pub(crate) fn run_in_foreground(self) -> io::Result<ExitStatus> {
        let _counted = Counted::begin();
        self.start()?.wait()
    }
}
