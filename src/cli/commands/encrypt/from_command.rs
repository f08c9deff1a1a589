//! The arguments of `encrypt --from-command`: a command, after `--`.
//!
//! Without the `--`, the command's own flags would count as ours: `-h` for a host would show our help, and `-f`
//! would let us replace a file. So it is required, also where clap would do without.

use std::env;
use std::path::PathBuf;

use crate::output::error::UsageError;

/// The command that `operands` are, if they are exactly what was typed after `--`.
pub(super) fn command(operands: &[PathBuf]) -> Result<&[PathBuf], UsageError> {
    let typed = env::args_os().skip_while(|argument| argument != "--").skip(1);
    if operands.is_empty() || !typed.eq(operands.iter().map(|operand| operand.as_os_str())) {
        return Err(no_marker());
    }
    Ok(operands)
}

/// Whether a command seems to follow `--from-command` without the `--`.
pub(crate) fn lacks_marker() -> bool {
    let typed = env::args_os().take_while(|argument| argument != "--");
    typed
        .skip_while(|argument| argument != "--from-command")
        .skip(1)
        .any(|argument| !argument.as_encoded_bytes().starts_with(b"-"))
}

pub(crate) fn no_marker() -> UsageError {
    UsageError::new("--from-command takes a command after '--', and no FILE")
        .hint("enwrap encrypt -o FILE.enwrap --from-command -- COMMAND [ARGUMENT]..")
}
