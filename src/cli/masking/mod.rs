//! Masking: secrets in the output of a command become `***`.
//!
//! [`forms`] lists what a secret can look like in a log, [`mask`] looks for these forms in a stream. Both are pure:
//! they know nothing of processes, descriptors and clocks.

pub(crate) mod forms;
pub(crate) mod mask;
