//! Trying again when the server is overloaded.
//!
//! Nothing in this crate repeats a call by itself. What is safe to repeat is what the server refused
//! before it did anything ([`Error::is_retryable`](crate::Error::is_retryable)), and that is all that
//! is repeated here.

use std::{
    collections::hash_map::RandomState,
    future::IntoFuture,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

use crate::error::Result;

/// How often and how fast something is tried again.
///
/// The waits double from [`initial_delay`](Self::initial_delay) to [`max_delay`](Self::max_delay),
/// and each is shortened at random, so that many who were refused together do not come back
/// together. The defaults are 3 attempts, 250 ms, 2 s and a fifth.
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
    /// How often it is tried in all; 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// How long is waited after the first attempt.
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// How long is waited at most between two attempts.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// By which part of it a wait is shortened at most: from 0, each wait is as long as computed, to
    /// 1, any length up to it.
    #[must_use]
    pub fn jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// How long to wait before the same thing is tried again; `None` if it is not to be. `attempts`
    /// have been made, the last one ended so; `random` is from 0 to 1.
    pub(crate) fn next<T>(
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
        // `clamp` lets NaN pass, which is no part of anything.
        let jitter = if self.jitter.is_nan() {
            0.0
        } else {
            self.jitter.clamp(0.0, 1.0)
        };
        Some(delay.min(self.max_delay).mul_f64(1.0 - jitter * random))
    }
}

/// Does something, and does it again as long as the server says that it is overloaded and the policy
/// allows. Any other error, and the last one, is returned as it is.
///
/// ```no_run
/// use codex_client::{Codex, RetryPolicy, retry_on_overload};
/// use codex_types::ModelListParams;
///
/// # async fn example(codex: Codex) -> codex_client::Result<()> {
/// let policy = RetryPolicy::default().max_attempts(5);
/// let thread = retry_on_overload(policy, || codex.thread_start().model("gpt-5.4")).await?;
/// let models = retry_on_overload(policy, || codex.request(ModelListParams::default())).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// What the last attempt returned.
pub async fn retry_on_overload<T, F, A>(policy: RetryPolicy, mut attempt: F) -> Result<T>
where
    F: FnMut() -> A,
    A: IntoFuture<Output = Result<T>>,
{
    let mut attempts = 1;
    loop {
        let outcome = attempt().await;
        match policy.next(attempts, &outcome, random()) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return outcome,
        }
        attempts += 1;
    }
}

/// A number from 0 to 1. The keys of a hash map are random enough to keep callers apart.
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
            .map_while(|attempts| policy.next(attempts, &overloaded(), random))
            .map(|delay| delay.as_millis())
            .collect()
    }

    #[test]
    fn the_waits_double_up_to_their_limit_and_jitter_shortens_them() {
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
    fn the_random_numbers_differ_and_are_parts_of_one() {
        let numbers: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(numbers.iter().all(|number| (0.0..=1.0).contains(number)));
        assert!(numbers.iter().any(|number| *number < 0.5));
        assert!(numbers.iter().any(|number| *number > 0.5));
    }

    #[tokio::test(start_paused = true)]
    async fn an_overloaded_server_is_asked_again_until_it_answers() {
        let (start, mut attempts) = (Instant::now(), 0);
        let policy = RetryPolicy::default().jitter(0.0);
        let answer = retry_on_overload(policy, || {
            attempts += 1;
            let outcome = if attempts < 3 { overloaded() } else { Ok(7) };
            async move { outcome }
        });
        assert_eq!(answer.await.unwrap(), 7);
        assert_eq!(attempts, 3);
        assert_eq!(start.elapsed(), Duration::from_millis(750));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_refusal_is_returned_after_so_many_attempts() {
        let mut attempts = 0;
        let answer = retry_on_overload(RetryPolicy::default(), || {
            attempts += 1;
            std::future::ready(overloaded())
        });
        let Err(Error::Rpc(error)) = answer.await else {
            panic!("not refused")
        };
        assert_eq!((error.kind, attempts), (RpcErrorKind::Overloaded, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_been_done_is_not_done_again() {
        let timeout = Error::Timeout {
            method: "turn/start",
            after: Duration::from_secs(60),
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
