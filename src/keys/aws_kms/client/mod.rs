//! The client: [`KmsApi`] over the AWS SDK for Rust, in a build with the feature `aws-kms`. Without the feature every
//! call fails with [`KmsCause::NotBuilt`](super::api::KmsCause::NotBuilt), so that nothing else has to know.
//!
//! - [`calls`]: how many calls were made
//! - `sdk`: the operations
//! - `worker`: the one thread on which the SDK runs
//! - `regions`: where the configuration comes from, and a client of the SDK for each region
//! - `retries`: what is sent again
//! - `watch`: how far a call has come, for what is counted and for what a timeout means
//! - `causes`: the SDK's errors as ours
//! - `answers`: what is checked before an answer is believed

#[cfg(not(feature = "aws-kms"))]
mod absent;
#[cfg(feature = "aws-kms")]
mod answers;
pub mod calls;
#[cfg(feature = "aws-kms")]
mod causes;
#[cfg(feature = "aws-kms")]
mod regions;
#[cfg(feature = "aws-kms")]
mod retries;
#[cfg(feature = "aws-kms")]
mod sdk;
#[cfg(feature = "aws-kms")]
#[cfg(test)]
mod tests;
#[cfg(feature = "aws-kms")]
mod watch;
#[cfg(feature = "aws-kms")]
mod worker;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::api::KmsApi;
use calls::KmsCalls;

/// Whether there is a client in this build.
pub const IS_BUILT: bool = cfg!(feature = "aws-kms");

/// How long a call may take unless the caller says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// How many calls are in flight at once unless the caller says otherwise.
pub const DEFAULT_CONCURRENCY: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// How the client asks.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// How long one call may take, from when its turn has come: credentials, connection and all its retries.
    pub timeout: Duration,
    /// How many calls may be in flight at once. Further ones wait for their turn, for as long as that takes.
    pub concurrency: NonZeroUsize,
    /// Where the calls are counted.
    pub calls: Arc<KmsCalls>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self { timeout: DEFAULT_TIMEOUT, concurrency: DEFAULT_CONCURRENCY, calls: Arc::default() }
    }
}

/// Returns a client. Until the first call it has no thread, no connection, and has read no configuration.
#[must_use]
pub fn client(settings: ClientSettings) -> Box<dyn KmsApi> {
    #[cfg(feature = "aws-kms")]
    return Box::new(sdk::SdkClient::new(settings, regions::Source::Environment));
    #[cfg(not(feature = "aws-kms"))]
    {
        drop(settings);
        Box::new(absent::NoClient)
    }
}

/// Returns a client that takes all from `config`, also what carries its requests.
#[cfg(all(fuzzing, feature = "aws-kms"))]
#[must_use]
pub fn client_of(settings: ClientSettings, config: aws_config::SdkConfig) -> Box<dyn KmsApi> {
    Box::new(sdk::SdkClient::new(settings, regions::Source::Given(Box::new(config))))
}
