//! Retries requests that an overloaded server refused or did not read.
//!
//! No other part of this crate retries. Only requests that the server did not act on are safe to
//! repeat ([`Error::is_retryable`](crate::Error::is_retryable)).

use std::{
    collections::hash_map::RandomState,
    future::IntoFuture,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

use crate::{error::Result, timer};

/// The number of attempts and the delays between them, for [`retry_on_overload`].
///
/// Delays double from [`initial_delay`](Self::initial_delay) up to [`max_delay`](Self::max_delay).
/// Random [`jitter`](Self::jitter) shortens each delay, so that clients that were refused at the
/// same time do not all retry at once. The defaults are 3 attempts, an initial delay of 250 ms, a
/// maximum delay of 2 s and a jitter of 0.2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_delay: Duration,
    max_delay: Duration,
    jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(2),
            jitter: 0.2,
        }
    }
}

impl RetryPolicy {
    /// Sets the maximum number of attempts, including the first one. 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the delay after the first attempt.
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets the maximum delay between two attempts.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets the maximum fraction by which a delay is shortened at random, from 0 (delays are exact)
    /// to 1 (a delay may be 0).
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// Returns the delay before the next attempt, or `None` if `outcome`, the result of the last of
    /// `attempts` attempts, is final. `random` is a number from 0 to 1.
    pub(crate) fn next_delay<T>(
        &self,
        attempts: u32,
        outcome: &Result<T>,
        random: f64,
    ) -> Option<Duration> {
        let retryable = outcome.as_ref().is_err_and(crate::Error::is_retryable);
        if !retryable || attempts >= self.max_attempts {
            return None;
        }
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let delay = self.initial_delay.saturating_mul(doubled);
        // `clamp` returns NaN unchanged.
        let jitter = if self.jitter.is_nan() {
            0.0
        } else {
            self.jitter.clamp(0.0, 1.0)
        };
        Some(delay.min(self.max_delay).mul_f64(1.0 - jitter * random))
    }
}

/// Calls `attempt` until it succeeds, it fails for a reason other than an overloaded server, or the
/// attempts of the policy are exhausted.
///
/// ```no_run
/// use codex_client::{Codex, Result, RetryPolicy, Thread, retry_on_overload};
///
/// async fn example(codex: &Codex) -> Result<Thread> {
///     let policy = RetryPolicy::default().max_attempts(5);
///     retry_on_overload(policy, || codex.thread_start().model("gpt-5.4")).await
/// }
/// ```
///
/// # Errors
///
/// The error of the last attempt.
pub async fn retry_on_overload<T, F, A>(policy: RetryPolicy, mut attempt: F) -> Result<T>
where
    F: FnMut() -> A,
    A: IntoFuture<Output = Result<T>>,
{
    let mut attempts = 1;
    loop {
        let outcome = attempt().await;
        match policy.next_delay(attempts, &outcome, random()) {
            Some(delay) => timer::sleep(delay).await,
            None => return outcome,
        }
        attempts += 1;
    }
}

/// Returns a random number from 0 to 1. The random keys of a hash map are good enough for jitter.
pub(crate) fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use codex_types::rpc::JsonRpcError;
    use tokio::time::Instant;

    use super::*;
    use crate::error::{
        Error,
        rpc_error::{RpcError, RpcErrorKind},
    };

    fn refused(code: i64, message: &str) -> Result<u32> {
        Err(RpcError::new("turn/start", JsonRpcError::new(code, message)).into())
    }

    fn overloaded() -> Result<u32> {
        refused(-32001, "Server overloaded; retry later.")
    }

    fn delays(policy: RetryPolicy, random: f64) -> Vec<u128> {
        (1..20)
            .map_while(|attempts| policy.next_delay(attempts, &overloaded(), random))
            .map(|delay| delay.as_millis())
            .collect()
    }

    #[test]
    fn delays_double_up_to_their_maximum_and_jitter_shortens_them() {
        let policy = RetryPolicy::default().max_attempts(6);
        assert_eq!(delays(policy, 0.0), [250, 500, 1000, 2000, 2000]);
        assert_eq!(delays(policy, 1.0), [200, 400, 800, 1600, 1600]);
        assert_eq!(delays(policy.jitter(7.0), 1.0), [0; 5]);
        assert_eq!(delays(policy.jitter(f64::NAN), 1.0)[0], 250);
        assert_eq!(delays(RetryPolicy::default(), 0.0).len(), 2);
        assert_eq!(delays(policy.max_attempts(0), 0.0).len(), 0);
        let long = policy.initial_delay(Duration::MAX).max_attempts(u32::MAX);
        assert_eq!(delays(long, 0.5)[18], 1800);
    }

    #[test]
    fn random_numbers_differ_and_are_between_zero_and_one() {
        let numbers: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(numbers.iter().all(|number| (0.0..=1.0).contains(number)));
        assert!(numbers.iter().any(|number| *number < 0.5));
        assert!(numbers.iter().any(|number| *number > 0.5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_repeated_until_the_overload_ends() {
        let (start, mut attempts) = (Instant::now(), 0);
        let policy = RetryPolicy::default().jitter(0.0);
        let outcome = retry_on_overload(policy, || {
            attempts += 1;
            let response = if attempts < 3 { overloaded() } else { Ok(7) };
            async move { response }
        });
        assert_eq!(outcome.await.unwrap(), 7);
        assert_eq!(attempts, 3);
        assert_eq!(start.elapsed(), Duration::from_millis(750));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_error_is_returned_when_the_attempts_are_exhausted() {
        let mut attempts = 0;
        let outcome = retry_on_overload(RetryPolicy::default(), || {
            attempts += 1;
            std::future::ready(overloaded())
        });
        let Err(Error::Rpc(error)) = outcome.await else {
            panic!("not refused")
        };
        assert_eq!((error.kind, attempts), (RpcErrorKind::Overloaded, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_may_have_taken_effect_is_not_repeated() {
        let timeout = Error::Timeout {
            method: "turn/start",
            after: Duration::from_secs(60),
            sent: true,
        };
        for outcome in [
            Err(timeout),
            refused(-32603, "the disk is full"),
            refused(-32001, "retry limit reached"),
            Ok(1),
        ] {
            let mut attempts = 0;
            let _ = retry_on_overload(RetryPolicy::default(), || {
                attempts += 1;
                std::future::ready(outcome.clone())
            })
            .await;
            assert_eq!(attempts, 1, "{outcome:?}");
        }
    }
}
