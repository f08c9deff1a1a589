//! The user's editor: `VISUAL`, else `EDITOR`, else `vi`, as git and sudoedit start it.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use super::Spec;
use crate::cli::environment;
use crate::output::error::EditorError;
use crate::output::sanitize;

/// What standard output is to the editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// Our own.
    Stdout,
    /// Our standard error: programs read our standard output.
    Stderr,
}

/// Has the user edit a file, and returns when the editor has ended well.
///
/// The variable is a line for the shell, such as `code --wait`, to which the file is added.
pub(crate) fn edit(file: &Path, screen: Screen) -> Result<(), EditorError> {
    let editor = environment::editor();
    let shown = sanitize::name(Path::new(&editor));
    let mut line = OsString::from(&editor);
    line.push(" \"$@\"");
    // The shell's own name is the editor's, for its messages.
    let arguments: [&OsStr; 4] = [OsStr::new("-c"), &line, &editor, file.as_os_str()];
    let mut spec = Spec::new("sh").args(arguments);
    let not_started = |source| EditorError::NotStarted { editor: shown.clone(), source };
    if screen == Screen::Stderr {
        spec = spec.output_to_stderr().map_err(not_started)?;
    }
    let status = spec.run_in_foreground().map_err(not_started)?;
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(status), _) => Err(EditorError::Failed { editor: shown, status }),
        (None, signal) => {
            Err(EditorError::Killed { editor: shown, signal: signal.unwrap_or_default() })
        }
    }
}
