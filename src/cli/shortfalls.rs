//! What is said at the end of a run about the file systems that it wrote to, and about earlier runs that were killed.

use enwrap::fs::atomic_file::leftovers::{self, Leftover};
use enwrap::fs::refused::{WISHES, Wish, is_refused};

use crate::output::{Ui, sanitize};

/// Says once what file systems refused to do, and which temporary files were found.
pub(crate) fn tell(ui: Ui) {
    for wish in WISHES.into_iter().filter(|wish| is_refused(*wish)) {
        ui.warning(text(wish));
    }
    for Leftover { path, is_removed } in leftovers::take_found() {
        let shown = sanitize::name(path);
        if is_removed {
            ui.note(&format!("removed '{shown}', which a run that was killed had left"));
        } else {
            ui.warning(&format!(
                "'{shown}' is a temporary file: remove it if no run is writing it, it may hold plaintext"
            ));
        }
    }
}

fn text(wish: Wish) -> &'static str {
    match wish {
        Wish::Mode => {
            "the file system does not keep the permissions that were asked for: others may be able to read \
             what was written"
        }
        Wish::Time => {
            "the file system does not take times: results have the time at which they were written"
        }
        Wish::Sync => "the file system cannot sync: a power cut may still take what was written",
        Wish::Lock => {
            "the file system has no locks: run one command at a time on an envelope file there"
        }
    }
}
