//! What the fuzz targets share.
//!
//! - [`known_key`]: the keyring that opens the known answers
//! - [`sealer`]: writes messages under a known data key, also ones that no writer makes
//! - [`paths`]: every way to decrypt a message, and the laws that connect their results

pub mod known_key;
pub mod paths;
pub mod sealer;
