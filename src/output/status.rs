//! How a verb ends that did not fail.

use super::error::Found;
use super::exit::Exit;

/// What a verb came to.
#[derive(Debug)]
pub(crate) enum Status {
    /// The work is done.
    Done,
    /// A check is done, and somebody should look at what it found.
    Found(Found),
    /// A command ran in the verb's place, and this is its exit code.
    Child(u8),
    /// A command ran in the verb's place, and died by this signal.
    Killed(i32),
}

impl Status {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Found(_) => Exit::Found.code(),
            Self::Child(code) => *code,
            // As a shell counts it. The process itself dies by the signal, if it can.
            Self::Killed(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }
}

/// Most verbs are done or fail.
impl From<()> for Status {
    fn from((): ()) -> Self {
        Self::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_exit_code_of_what_happened() {
        let found = Status::Found(Found("work".to_owned()));
        let all = [Status::Done, found, Status::Child(7), Status::Killed(15)];
        assert_eq!(all.map(|it| it.code()), [0, 14, 7, 143]);
    }
}
