//! The options of supervision.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    retry::{self, RetryPolicy},
};

/// The number of attempts to begin another session, and the delays before them, for
/// [`CodexBuilder::supervise`](crate::builder::CodexBuilder::supervise).
///
/// Delays double from [`initial_delay`](Self::initial_delay) up to [`max_delay`](Self::max_delay), and
/// random jitter shortens them by up to a fifth. The defaults are 10 attempts, an initial delay of
/// 250 ms and a maximum delay of 30 s; sessions are stable after 60 s.
///
/// ```no_run
/// use std::time::Duration;
///
/// use codex_client::{Codex, Result, supervisor::Supervision};
///
/// async fn example() -> Result<Codex> {
///     let supervision = Supervision::default()
///         .max_attempts(5)
///         .max_delay(Duration::from_secs(10));
///     Codex::builder().supervise(supervision).start().await
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Supervision {
    backoff: RetryPolicy,
    stable_after: Duration,
}

impl Default for Supervision {
    fn default() -> Self {
        let backoff = RetryPolicy::default()
            .max_delay(Duration::from_secs(30))
            .retry_if(may_pass);
        let supervision = Self {
            backoff,
            stable_after: Duration::from_secs(60),
        };
        supervision.max_attempts(10)
    }
}

impl Supervision {
    /// Sets the maximum number of attempts to begin another session: attempts that failed, and those
    /// whose session was not [stable](Self::stable_after). Once there are as many in a row, the client
    /// gives up. For no limit, use [`u32::MAX`].
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        // A policy also counts the operation before the first repetition.
        self.backoff = self.backoff.max_attempts(attempts.saturating_add(1));
        self
    }

    /// Sets the delay before the first attempt.
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.backoff = self.backoff.initial_delay(delay);
        self
    }

    /// Sets the maximum delay between two attempts.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.backoff = self.backoff.max_delay(delay);
        self
    }

    /// Sets the time after which a session is stable: its end begins a new count of attempts. A server
    /// that ends soon after each start is therefore not started forever.
    #[must_use]
    pub fn stable_after(mut self, duration: Duration) -> Self {
        self.stable_after = duration;
        self
    }

    /// Returns the delay before this attempt, counted from 1, or `None` if there is none after this
    /// error.
    pub(crate) fn delay_before(&self, attempt: u32, error: &Error) -> Option<Duration> {
        let outcome: Result<()> = Err(error.clone());
        self.backoff.next_delay(attempt, &outcome, retry::random())
    }

    pub(crate) fn stable(&self) -> Duration {
        self.stable_after
    }
}

/// Whether another attempt may succeed without a change of the program or its options.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::VersionMismatch(_) | Error::InvalidInput(_) | Error::UnsuitableRuntime(_) => false,
        // A server that cannot be reached, or one that refuses the token of this client.
        #[cfg(feature = "websocket")]
        Error::Connect(_) => error.is_transient(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_limited_and_some_errors_allow_none() {
        let none = Supervision::default().max_attempts(0);
        assert_eq!(none.delay_before(1, &Error::Stopped), None);
        let two = Supervision::default().max_attempts(2);
        assert!(two.delay_before(1, &Error::Stopped).is_some());
        assert!(two.delay_before(2, &Error::Stopped).is_some());
        assert_eq!(two.delay_before(3, &Error::Stopped), None);
        let invalid = Error::InvalidInput("no URL".into());
        assert_eq!(two.delay_before(1, &invalid), None);
        let unlimited = Supervision::default().max_attempts(u32::MAX);
        let delay = unlimited.delay_before(1_000_000, &Error::Stopped);
        let longest = Duration::from_secs(30);
        assert!(delay.is_some_and(|it| it <= longest && it >= longest / 2));
    }
}
