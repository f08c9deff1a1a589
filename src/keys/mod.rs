//! Key services, and the one loop that finds a message's data key among its encrypted data keys.

pub mod envelope;
pub mod provider;
pub mod unlock;
pub mod wraps;
