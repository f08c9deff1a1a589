//! How far a call has come: from it follow what a timeout means, and what is counted.
//!
//! The SDK tells an interceptor of each step of each attempt. It does not say of a call that was given up whether it was
//! looking for credentials or waiting for an answer.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_kms::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_kms::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kms::error::BoxError;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_smithy_types::body::SdkBody;
use http_body_util::Limited;

use super::calls::KmsCalls;
use super::causes;
use crate::keys::aws_kms::api::KmsCause;

/// The longest body of an answer that is read. The longest that AWS KMS gives, Decrypt with 4096 bytes, is a tenth of it.
const MOST_ANSWER_BYTES: usize = 64 * 1024;

/// What a call is doing.
#[derive(Clone, Debug, Default)]
enum Stage {
    /// It looks for its configuration: slow only where a region is asked for from a metadata service that is not there.
    #[default]
    Configuring,
    /// It waits before its first attempt, which only the limiter of the rate makes it do.
    HeldBack,
    /// It gets credentials.
    Authenticating,
    /// It was sent.
    Asked,
    /// An attempt has failed, and the next one is not sent yet.
    Failed(KmsCause),
}

/// How far one call has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stage: Mutex<Stage>,
    was_sent: AtomicBool,
}

impl Progress {
    fn set(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    fn stage(&self) -> Stage {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The client is there, and the call begins.
    pub(super) fn is_configured(&self) {
        self.set(Stage::HeldBack);
    }

    /// Whether the call was sent at all.
    pub(super) fn was_sent(&self) -> bool {
        self.was_sent.load(Ordering::Relaxed)
    }

    /// Why there was no answer within `timeout`.
    pub(super) fn cause_of_timeout(&self, timeout: Duration) -> KmsCause {
        let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        match self.stage() {
            Stage::Configuring => KmsCause::NoRegion,
            Stage::HeldBack => KmsCause::Throttled,
            Stage::Authenticating => KmsCause::NoCredentials,
            Stage::Asked => KmsCause::TimedOut { seconds },
            Stage::Failed(cause) => cause,
        }
    }
}

/// Follows one call, whose own error is `E`.
pub(super) struct Watch<E> {
    progress: Arc<Progress>,
    calls: Arc<KmsCalls>,
    error: PhantomData<fn() -> E>,
}

impl<E> Watch<E> {
    pub(super) fn new(progress: Arc<Progress>, calls: Arc<KmsCalls>) -> Self {
        Self { progress, calls, error: PhantomData }
    }
}

impl<E> fmt::Debug for Watch<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl<E: ProvideErrorMetadata + Error + Send + Sync + 'static> Intercept for Watch<E> {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.progress.set(Stage::Authenticating);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.progress.was_sent.swap(true, Ordering::Relaxed) {
            self.calls.add_made();
        }
        self.progress.set(Stage::Asked);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The SDK reads a body to its end, however far that is.
        let body = context.response_mut().body_mut();
        let whole = mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(Limited::new(whole, MOST_ANSWER_BYTES));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Err(error)) = context.output_or_error() else { return Ok(()) };
        let status = context.response().map(|response| response.status().as_u16());
        let of_service = error.as_operation_error().and_then(|error| error.downcast_ref::<E>());
        let cause = match (of_service, status) {
            (Some(error), Some(status)) => causes::of_service(error, status),
            _ => causes::broken(error),
        };
        if cause == KmsCause::Throttled {
            self.calls.add_throttled();
        }
        self.progress.set(Stage::Failed(cause));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_the_time_of_a_call_is_how_far_it_has_come() {
        let progress = Progress::default();
        let cause = |millis| progress.cause_of_timeout(Duration::from_millis(millis));
        assert_eq!(cause(1000), KmsCause::NoRegion);
        progress.is_configured();
        assert_eq!(cause(1000), KmsCause::Throttled);
        progress.set(Stage::Authenticating);
        assert_eq!(cause(1000), KmsCause::NoCredentials);
        progress.set(Stage::Asked);
        for (millis, seconds) in [(1000, 1), (1001, 2), (999, 1), (2000, 2)] {
            assert_eq!(cause(millis), KmsCause::TimedOut { seconds }, "{millis}");
        }
        progress.set(Stage::Failed(KmsCause::Internal));
        assert_eq!(cause(1000), KmsCause::Internal);
    }
}
