//! Fault injection for tests: each step of writing a file can be made to fail. Outside tests, [`step`] does
//! nothing.

use std::io;

/// A system call that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    CreateUnnamed,
    /// Giving a name to a file that was created without one; tried before the work.
    LinkUnnamed,
    Write,
    SetMetadata,
    SyncFile,
    CloseDuplicate,
    Link,
    /// Giving a temporary file a second name.
    HardLink,
    /// Tried where there are no hard links.
    RenameWithoutReplacing,
    Rename,
    SymbolicLink,
    /// Used by locks only.
    Lock,
    Close,
    SyncFolder,
    /// Used by the keyring only: the second name for the file that will be replaced.
    KeepGeneration,
    /// Used by the keyring only: looking at a file beside it.
    LookBeside,
    /// Used by the keyring only: opening a file beside it that may hold keys.
    OpenBeside,
    /// Used by the keyring only: removing the generation of this number.
    RemoveGeneration(u64),
}

#[cfg(not(test))]
pub(crate) fn step(_: Step) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use injected::{all_steps, fail_at, step};

#[cfg(test)]
mod injected {
    use std::cell::RefCell;

    use super::{Step, io};

    thread_local! {
        static FAILING: RefCell<Option<(Vec<Step>, io::ErrorKind)>> = const { RefCell::new(None) };
    }

    pub(crate) fn all_steps() -> [Step; 13] {
        [
            Step::CreateUnnamed,
            Step::LinkUnnamed,
            Step::Write,
            Step::SetMetadata,
            Step::SyncFile,
            Step::CloseDuplicate,
            Step::Link,
            Step::HardLink,
            Step::RenameWithoutReplacing,
            Step::Rename,
            Step::Close,
            Step::SyncFolder,
            Step::KeepGeneration,
        ]
    }

    /// Runs `run` with each of `steps` failing with `kind`, on this thread only.
    pub(crate) fn fail_at<T>(steps: &[Step], kind: io::ErrorKind, run: impl FnOnce() -> T) -> T {
        FAILING.set(Some((steps.to_vec(), kind)));
        let result = run();
        FAILING.set(None);
        result
    }

    pub(crate) fn step(step: Step) -> io::Result<()> {
        FAILING.with_borrow(|failing| match failing {
            Some((steps, kind)) if steps.contains(&step) => Err((*kind).into()),
            _ => Ok(()),
        })
    }
}
