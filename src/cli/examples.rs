//! The examples at the end of a long help. A test runs every one of them.

/// What stands before the examples.
pub(crate) const HEADING: &str = "Examples:";

/// An "Examples" section of these lines of shell.
macro_rules! examples {
    ($lines:literal) => {
        concat!("Examples:", $lines)
    };
}

pub(crate) use examples;
