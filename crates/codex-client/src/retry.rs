//! Retries what failed for a temporary reason.
//!
//! No other part of this crate retries. Without a choice of the caller, only requests that the
//! server did not act on are repeated ([`Error::is_retryable`]).

use std::{
    collections::hash_map::RandomState,
    fmt,
    future::IntoFuture,
    hash::{BuildHasher, Hasher},
    sync::Arc,
    time::Duration,
};

use crate::{
    error::{Error, Result},
    timer,
};

/// The errors after which [`retry`] makes another attempt, the number of attempts, and the delays
/// between them.
///
/// Delays double from [`initial_delay`](Self::initial_delay) up to [`max_delay`](Self::max_delay).
/// Random [`jitter`](Self::jitter) shortens each delay, so that clients that were refused at the
/// same time do not all retry at once. If the error says how long to wait
/// ([`Error::retry_after`]), the delay is at least that long. The defaults are 3 attempts, an
/// initial delay of 250 ms, a maximum delay of 2 s and a jitter of 0.2, after the errors for which
/// [`Error::is_retryable`] is true.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_delay: Duration,
    max_delay: Duration,
    max_retry_after: Duration,
    jitter: f64,
    retry_if: Predicate,
}

/// A function that chooses errors.
#[derive(Clone)]
struct Predicate(Arc<dyn Fn(&Error) -> bool + Send + Sync>);

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fn(&Error) -> bool")
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(2),
            max_retry_after: Duration::from_secs(60),
            jitter: 0.2,
            retry_if: Predicate(Arc::new(Error::is_retryable)),
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

    /// Sets the longest delay that an error may ask for with [`Error::retry_after`]; 60 s by
    /// default. An error that asks for a longer one is returned at once.
    #[must_use]
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// Sets the errors after which there is another attempt, instead of those for which
    /// [`Error::is_retryable`] is true.
    ///
    /// [`Error::is_transient`] also includes turns that failed because the model provider was
    /// overloaded or could not be reached. A failed turn may have run commands and changed files,
    /// and it stays in the history of its thread.
    ///
    /// ```no_run
    /// use codex_client::{Error, Result, RetryPolicy, Thread, TurnResult, retry};
    ///
    /// async fn example(thread: &Thread) -> Result<TurnResult> {
    ///     let policy = RetryPolicy::default().retry_if(Error::is_transient);
    ///     retry(policy, || thread.run("List the open questions.")).await
    /// }
    /// ```
    #[must_use]
    pub fn retry_if(mut self, predicate: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        self.retry_if = Predicate(Arc::new(predicate));
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
        let error = outcome.as_ref().err()?;
        if attempts >= self.max_attempts || !(self.retry_if.0)(error) {
            return None;
        }
        let least = error.retry_after().unwrap_or_default();
        if least > self.max_retry_after {
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
        let longest = delay.min(self.max_delay);
        let shortened = longest.as_secs_f64() * (1.0 - jitter * random);
        // The conversion fails for the largest durations.
        let delay = Duration::try_from_secs_f64(shortened).unwrap_or(longest);
        Some(delay.max(least))
    }
}

/// Calls `attempt` until it succeeds, it fails with an error that the policy does not retry, or the
/// attempts of the policy are exhausted.
///
/// ```no_run
/// use codex_client::{Codex, Result, RetryPolicy, Thread, retry};
///
/// async fn example(codex: &Codex) -> Result<Thread> {
///     let policy = RetryPolicy::default().max_attempts(5);
///     retry(policy, || codex.thread_start().model("gpt-5.4")).await
/// }
/// ```
///
/// # Errors
///
/// The error of the last attempt.
pub async fn retry<T, F, A>(policy: RetryPolicy, mut attempt: F) -> Result<T>
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
    use std::sync::atomic::{AtomicBool, Ordering};

    use codex_types::{CodexErrorInfo, Turn, TurnError, TurnStatus, rpc::JsonRpcError};
    use tokio::time::Instant;

    use super::*;
    use crate::{
        error::{rpc_error::RpcError, rpc_error_kind::RpcErrorKind},
        turn_result::TurnResult,
    };

    fn refused(code: i64, message: &str) -> Result<u32> {
        Err(RpcError::new("turn/start", JsonRpcError::new(code, message)).into())
    }

    fn overloaded() -> Result<u32> {
        refused(-32001, "Server overloaded; retry later.")
    }

    fn delays(policy: &RetryPolicy, random: f64) -> Vec<u128> {
        (1..20)
            .map_while(|attempts| policy.next_delay(attempts, &overloaded(), random))
            .map(|delay| delay.as_millis())
            .collect()
    }

    #[test]
    fn delays_double_up_to_their_maximum_and_jitter_shortens_them() {
        let policy = RetryPolicy::default().max_attempts(6);
        assert_eq!(delays(&policy, 0.0), [250, 500, 1000, 2000, 2000]);
        assert_eq!(delays(&policy, 1.0), [200, 400, 800, 1600, 1600]);
        assert_eq!(delays(&policy.clone().jitter(7.0), 1.0), [0; 5]);
        assert_eq!(delays(&policy.clone().jitter(f64::NAN), 1.0)[0], 250);
        assert_eq!(delays(&RetryPolicy::default(), 0.0).len(), 2);
        assert_eq!(delays(&policy.clone().max_attempts(0), 0.0).len(), 0);
        let long = policy.initial_delay(Duration::MAX).max_attempts(u32::MAX);
        assert_eq!(delays(&long, 0.5)[18], 1800);
        let longest = long.max_delay(Duration::MAX).jitter(0.0);
        assert_eq!(
            longest.next_delay(1, &overloaded(), 0.0),
            Some(Duration::MAX)
        );
    }

    /// Returns the error of a turn that failed because of a rate limit.
    fn rate_limited(message: &str) -> Result<u32> {
        let mut error = TurnError::new(message);
        error.codex_error_info = Some(CodexErrorInfo::RateLimitExceeded);
        let mut turn = Turn::new("u", Vec::new(), TurnStatus::Failed);
        turn.error = Some(error);
        Err(Error::TurnFailed(Box::new(TurnResult::new(
            turn,
            Vec::new(),
            None,
        ))))
    }

    #[test]
    fn a_failed_turn_is_repeated_only_if_the_policy_says_so() {
        let policy = RetryPolicy::default();
        let failed = rate_limited("slow down");
        assert_eq!(policy.next_delay(1, &failed, 0.0), None);
        let policy = policy.retry_if(Error::is_transient);
        assert_eq!(
            policy.next_delay(1, &failed, 0.0),
            Some(Duration::from_millis(250))
        );
        assert!(policy.next_delay(1, &overloaded(), 0.0).is_some());
        let none = policy.retry_if(|_| false);
        assert_eq!(none.next_delay(1, &overloaded(), 0.0), None);
    }

    #[test]
    fn a_policy_may_choose_errors_by_captured_state() {
        let is_enabled = Arc::new(AtomicBool::new(false));
        let captured = is_enabled.clone();
        let policy = RetryPolicy::default().retry_if(move |_| captured.load(Ordering::Relaxed));
        let cloned = policy.clone();
        assert_eq!(cloned.next_delay(1, &overloaded(), 0.0), None);
        is_enabled.store(true, Ordering::Relaxed);
        assert!(cloned.next_delay(1, &overloaded(), 0.0).is_some());
        assert!(format!("{policy:?}").contains("retry_if: fn(&Error) -> bool"));
    }

    #[test]
    fn a_delay_is_as_long_as_the_error_asks_for() {
        let policy = RetryPolicy::default().retry_if(Error::is_transient);
        let delay = |message: &str| policy.next_delay(1, &rate_limited(message), 1.0);
        let longer = delay("Please try again in 3.2s.");
        assert_eq!(longer, Some(Duration::from_millis(3200)));
        let shorter = delay("Please try again in 20ms.");
        assert_eq!(shorter, Some(Duration::from_millis(200)));
        assert_eq!(delay("Please try again in 61s."), None);
        let patient = policy.max_retry_after(Duration::from_secs(61));
        let outcome = rate_limited("Please try again in 61s.");
        assert!(patient.next_delay(1, &outcome, 1.0).is_some());
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
        let outcome = retry(policy, || {
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
        let outcome = retry(RetryPolicy::default(), || {
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
            let _ = retry(RetryPolicy::default(), || {
                attempts += 1;
                std::future::ready(outcome.clone())
            })
            .await;
            assert_eq!(attempts, 1, "{outcome:?}");
        }
    }
}
