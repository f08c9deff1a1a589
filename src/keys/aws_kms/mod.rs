//! AWS KMS as a key service.
//!
//! - [`api`]: what is asked of it, and how that fails

pub mod api;
