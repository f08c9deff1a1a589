//! `--mask=github`: the runner of GitHub Actions masks the secrets too, in whatever this job prints from now on.
//!
//! It learns them from lines of the job's output, which it does not show. Anywhere else such a line would show a
//! secret.

use std::io::{self, IsTerminal as _};

use enwrap::crypto::secret::SecretText;

use super::secrets::Secrets;
use crate::cli::environment;
use crate::cli::masking::forms::lines;
use crate::output;
use crate::output::error::{Error, UsageError};

/// Refuses to print secrets where no runner reads them.
pub(super) fn require_runner() -> Result<(), Error> {
    let stdout = rustix::fs::fstat(rustix::stdio::stdout()).map_err(io::Error::from)?;
    let is_file = rustix::fs::FileType::from_raw_mode(stdout.st_mode).is_file();
    if environment::is_github_actions() && !is_file && !io::stdout().is_terminal() {
        return Ok(());
    }
    Err(UsageError::new("--mask=github prints the secrets for a runner of GitHub Actions, and none reads this output")
        .hint("use --mask; in a job, do not redirect the output")
        .into())
}

/// Tells the runner what to mask, line by line: it knows no masks of several lines.
pub(super) fn announce(secrets: &Secrets) -> io::Result<()> {
    let mut text = SecretText::default();
    for line in secrets.values().flat_map(lines) {
        // The runner reads text.
        let Ok(line) = std::str::from_utf8(line) else { continue };
        text.push(b"::add-mask::");
        for byte in line.bytes() {
            match byte {
                b'%' => text.push(b"%25"),
                b'\r' => text.push(b"%0D"),
                byte => text.push(&[byte]),
            }
        }
        text.push(b"\n");
    }
    output::print(text.expose())
}
