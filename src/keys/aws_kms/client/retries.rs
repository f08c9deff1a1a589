//! What is sent again, how often and when: the SDK's adaptive mode, which slows all calls to a region down after an answer
//! that there are too many.

use std::time::Duration;

use aws_sdk_kms::config::interceptors::InterceptorContext;
use aws_sdk_kms::config::retry::{ClassifyRetry, RetryAction, RetryConfig};

/// How often a call is sent at most; its timeout may come first. Two more than the SDK's own number: in a tree that is
/// throttled, many callers wait for one bucket.
const MOST_ATTEMPTS: u32 = 5;

/// The wait after the first failure, at most; it doubles. The quotas of AWS KMS are of one second each. With the SDK's
/// second, a server that is down would be given up after seven on average.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest wait before one more attempt. The limiter of the rate asks for twenty seconds where there was one call
/// before it was turned on, which is longer than a call may take: so a single throttled call would never be repeated.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// When a call is sent again.
pub(super) fn adaptive() -> RetryConfig {
    RetryConfig::adaptive()
        .with_max_attempts(MOST_ATTEMPTS)
        .with_initial_backoff(FIRST_WAIT)
        .with_max_backoff(LONGEST_WAIT)
}

/// Takes the status 429 for throttling. The SDK goes by the code of an error, which a proxy does not give.
#[derive(Debug)]
pub(super) struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "TooManyRequests"
    }
}
