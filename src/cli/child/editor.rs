//! The user's editor: `VISUAL`, else `EDITOR`, else `vi`, as git and sudoedit start it.

use std::ffi::OsStr;
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

/// What a shell adds to the number of the signal that ended its command.
const BY_SIGNAL: i32 = 128;

/// The greatest number of a signal.
const MOST_SIGNALS: i32 = 64;

/// What a shell would act on. Without any of it the editor is started itself, so that a signal reaches it and not only
/// a shell that waits for it.
const SPECIAL: &[u8] = b"|&;<>()$`\\\"' \t\n*?[#~=%";

fn spec(editor: &OsStr, file: &Path) -> Spec {
    if !editor.as_encoded_bytes().iter().any(|byte| SPECIAL.contains(byte)) {
        return Spec::new(editor).args([file]);
    }
    let mut line = editor.to_owned();
    line.push(" \"$@\"");
    // The shell's own name is the editor's, for its messages.
    Spec::new("sh").args([OsStr::new("-c"), &line, editor, file.as_os_str()])
}

/// Has the user edit a file, and returns when the editor has ended well.
///
/// The variable is a line for the shell, such as `code --wait`, to which the file is added.
pub(crate) fn edit(file: &Path, screen: Screen) -> Result<(), EditorError> {
    let editor = environment::editor();
    let shown = sanitize::name(Path::new(&editor));
    let mut spec = spec(&editor, file);
    let not_started = |source| EditorError::NotStarted { editor: shown.clone(), source };
    if screen == Screen::Stderr {
        spec = spec.output_to_stderr().map_err(not_started)?;
    }
    let status = spec.run_in_foreground().map_err(not_started)?;
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        // The shell's way to say that what it ran was killed.
        (Some(status), _) if (1..=MOST_SIGNALS).contains(&(status - BY_SIGNAL)) => {
            Err(EditorError::Killed { editor: shown, signal: status - BY_SIGNAL })
        }
        (Some(status), _) => Err(EditorError::Failed { editor: shown, status }),
        (None, signal) => {
            Err(EditorError::Killed { editor: shown, signal: signal.unwrap_or_default() })
        }
    }
}
