//! Routes the completions of logins to their attempts. Performs no I/O.
//!
//! The response to `account/login/start` names the attempt by its `loginId`. The attempt's
//! `account/login/completed` may arrive before that response, so unclaimed completions are kept
//! while a response is pending.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;

use crate::{error::decode_error::DecodeError, rpc::raw_notification::RawNotification};

/// Maximum number of completions kept while a response is pending. The oldest are dropped first.
const EARLY_LIMIT: usize = 64;

/// The login attempts of this client.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// Number of `account/login/start` requests in flight.
    reserved: usize,
    /// Completions received while requests are in flight, by login id.
    early: VecDeque<(String, LoginCompletion)>,
    attempts: HashMap<String, watch::Sender<Option<LoginCompletion>>>,
}

/// The completion of an attempt, or the reason why it cannot be read.
pub(crate) type LoginCompletion = Result<Arc<RawNotification>, Arc<DecodeError>>;

/// A handle to a login attempt.
#[derive(Debug, Clone)]
pub(crate) struct LoginAttempt(watch::Receiver<Option<LoginCompletion>>);

impl Logins {
    /// Reserves an attempt that is about to start.
    pub(crate) fn reserve(&mut self) {
        self.reserved += 1;
    }

    /// Claims the started attempt, with its completion if that has already been received.
    pub(crate) fn claim(&mut self, login_id: &str) -> LoginAttempt {
        // Attempts without handles are forgotten.
        self.attempts.retain(|_, attempt| !attempt.is_closed());
        let mut early = self.early.iter();
        if let Some(at) = early.position(|(id, _)| id == login_id) {
            let completion = self.early.remove(at).map(|(_, completion)| completion);
            return LoginAttempt(watch::channel(completion).1);
        }
        // A response may name an attempt that has already been claimed.
        let attempts = self.attempts.entry(login_id.to_owned());
        LoginAttempt(
            attempts
                .or_insert_with(|| watch::Sender::new(None))
                .subscribe(),
        )
    }

    /// Ends a reservation, with or without a claim.
    pub(crate) fn release(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
        if self.reserved == 0 {
            self.early = VecDeque::new();
        }
    }

    /// Delivers the completion of an attempt to its waiters.
    pub(crate) fn complete(&mut self, login_id: &str, completion: LoginCompletion) {
        if let Some(attempt) = self.attempts.remove(login_id) {
            attempt.send_replace(Some(completion));
        } else if self.reserved > 0 {
            if self.early.len() == EARLY_LIMIT {
                self.early.pop_front();
            }
            self.early.push_back((login_id.to_owned(), completion));
        }
    }

    /// Delivers the error of a completion whose id cannot be read to the waiters of all attempts.
    pub(crate) fn fail_all(&mut self, error: &Arc<DecodeError>) {
        for (_, attempt) in self.attempts.drain() {
            attempt.send_replace(Some(Err(Arc::clone(error))));
        }
    }

    /// Forgets all attempts, because the connection has ended.
    pub(crate) fn close(&mut self) {
        self.attempts.clear();
    }
}

impl LoginAttempt {
    /// Waits for the `account/login/completed` notification. Returns `None` if the connection ends
    /// first.
    pub(crate) async fn completed(mut self) -> Option<LoginCompletion> {
        let completion = self.0.wait_for(Option::is_some).await;
        completion.ok().and_then(|completion| completion.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::notification;

    fn completion() -> Arc<RawNotification> {
        Arc::new(notification(r#"{"method":"account/login/completed"}"#))
    }

    /// Returns the completion, if it was received.
    fn now(attempt: &LoginAttempt) -> Option<Arc<RawNotification>> {
        attempt.0.borrow().clone().map(Result::unwrap)
    }

    #[test]
    fn a_completion_before_the_response_is_kept_for_the_attempt_that_the_response_names() {
        let mut logins = Logins::default();
        logins.reserve();
        let (own, other) = (completion(), completion());
        logins.complete("other", Ok(other));
        logins.complete("own", Ok(Arc::clone(&own)));
        let attempt = logins.claim("own");
        assert!(Arc::ptr_eq(&now(&attempt).unwrap(), &own));
        logins.release();
        assert!(logins.early.is_empty() && logins.attempts.is_empty());
    }

    #[test]
    fn an_attempt_that_replaces_another_gets_its_own_completion() {
        let mut logins = Logins::default();
        logins.reserve();
        let first = logins.claim("first");
        logins.release();
        logins.reserve();
        // The second attempt ends the first before its own response arrives.
        logins.complete("first", Ok(completion()));
        let second = logins.claim("second");
        logins.release();
        assert!(now(&first).is_some() && now(&second).is_none());
        logins.complete("second", Ok(completion()));
        assert!(now(&second).is_some());
    }

    #[test]
    fn every_waiter_of_an_attempt_is_woken() {
        let mut logins = Logins::default();
        logins.reserve();
        let waiters = [logins.claim("a"), logins.claim("a")];
        let late = waiters[0].clone();
        logins.complete("a", Ok(completion()));
        assert!(
            waiters
                .iter()
                .chain([&late])
                .all(|waiter| now(waiter).is_some())
        );
    }

    #[test]
    fn completions_without_a_waiter_are_not_kept() {
        let mut logins = Logins::default();
        logins.complete("stray", Ok(completion()));
        assert!(logins.early.is_empty());
        drop(logins.claim("abandoned"));
        let _next = logins.claim("next");
        assert_eq!(logins.attempts.len(), 1);
        logins.reserve();
        for number in 0..2 * EARLY_LIMIT {
            logins.complete(&number.to_string(), Ok(completion()));
        }
        assert_eq!(logins.early.len(), EARLY_LIMIT);
        assert_eq!(logins.early[0].0, EARLY_LIMIT.to_string());
    }

    #[tokio::test]
    async fn an_attempt_that_completed_before_the_connection_ended_still_yields_its_completion() {
        let mut logins = Logins::default();
        let (done, open) = (logins.claim("done"), logins.claim("open"));
        logins.complete("done", Ok(completion()));
        logins.close();
        assert!(done.completed().await.is_some());
        assert!(open.completed().await.is_none());
    }
}
