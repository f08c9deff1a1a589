//! git, as found through `PATH`. It keeps its `GIT_*` variables, by which it finds the repository it is called in, but not
//! those that change what a pathspec means: with `git --literal-pathspecs commit`, a hook would find no file.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::process::ChildStdout;

use super::{Child, Spec};
use crate::output::error::GitError;

const PATHSPEC_VARIABLES: [&str; 4] =
    ["GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"];

/// git while it runs. Reading gives its standard output; the last read fails unless git has succeeded.
pub(crate) struct Git {
    /// What it was asked to do.
    verb: String,
    child: Child,
    /// `None` after its end was read.
    output: Option<ChildStdout>,
    /// The greatest exit status that is no failure.
    most: i32,
    status: i32,
}

impl Git {
    pub(crate) fn start<A: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = A> + Clone,
    ) -> Result<Self, GitError> {
        let verb = arguments.clone().into_iter().find(|it| is_verb(it.as_ref()));
        let verb = verb.map_or_else(String::new, |it| it.as_ref().to_string_lossy().into_owned());
        let (child, output) = Spec::new("git")
            .args(arguments)
            .without_variables(PATHSPEC_VARIABLES)
            .without_input()
            .start_with_output()
            .map_err(|source| GitError::NotStarted { source })?;
        Ok(Self { verb, child, output: Some(output), most: 0, status: 0 })
    }

    /// Takes an exit status of up to `most` for no failure.
    pub(crate) fn accepting(mut self, most: i32) -> Self {
        self.most = most;
        self
    }

    /// The exit status, after the output was read to its end.
    pub(crate) fn status(&self) -> i32 {
        self.status
    }
}

fn is_verb(argument: &OsStr) -> bool {
    let bytes = argument.as_encoded_bytes();
    !bytes.starts_with(b"-") && !bytes.starts_with(b"/")
}

/// Runs git to its end, and returns its output.
pub(crate) fn output<A: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = A> + Clone,
) -> Result<Vec<u8>, crate::output::error::Error> {
    let mut output = Vec::new();
    match Git::start(arguments)?.read_to_end(&mut output) {
        Ok(_) => Ok(output),
        Err(error) => Err(match error.downcast::<GitError>() {
            Ok(error) => error.into(),
            Err(error) => error.into(),
        }),
    }
}

impl Read for Git {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(output) = &mut self.output else { return Ok(0) };
        let read = output.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.output = None;
            let status = self.child.wait()?.code();
            self.status = status.unwrap_or(-1);
            if status.is_none_or(|status| status > self.most) {
                return Err(io::Error::other(GitError::Failed { verb: self.verb.clone() }));
            }
        }
        Ok(read)
    }
}

impl Drop for Git {
    /// Ends it if its output was not read to the end: nobody wants the rest.
    fn drop(&mut self) {
        if self.output.take().is_some() {
            self.child.terminate();
            drop(self.child.wait());
        }
    }
}
