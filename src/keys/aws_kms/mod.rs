//! AWS KMS as a key service.
//!
//! - [`api`]: what is asked of it, and how that fails
//! - [`client`]: what asks it, over the AWS SDK

pub mod api;
pub mod client;
