//! Whose completion of a login it is, without any I/O.
//!
//! An attempt is known by the `loginId` in the answer to `account/login/start`. Its
//! `account/login/completed` may come before that answer, so as long as an answer is awaited,
//! completions that nobody has claimed yet are kept.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;

use crate::rpc::{envelope::Envelope, raw_notification::RawNotification};

/// How many completions are kept for answers that are awaited; the oldest make room.
const EARLY_LIMIT: usize = 64;

/// All attempts that somebody may wait for.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// How many `account/login/start` calls are on their way.
    reserved: usize,
    /// Completions that came while there were such calls, by login id.
    early: VecDeque<(String, Arc<RawNotification>)>,
    attempts: HashMap<String, watch::Sender<Completion>>,
}

type Completion = Option<Arc<RawNotification>>;

/// One attempt, as those see it who wait for its end.
#[derive(Debug, Clone)]
pub(crate) struct LoginAttempt(watch::Receiver<Completion>);

impl Logins {
    /// A login is about to be started.
    pub(crate) fn reserve(&mut self) {
        self.reserved += 1;
    }

    /// The started attempt is this one; its completion may have come already.
    pub(crate) fn claim(&mut self, login_id: &str) -> LoginAttempt {
        // Attempts whose handles are gone are nobody's business any more.
        self.attempts.retain(|_, attempt| !attempt.is_closed());
        let mut early = self.early.iter();
        if let Some(at) = early.position(|(id, _)| id == login_id) {
            let completion = self.early.remove(at).map(|(_, notification)| notification);
            return LoginAttempt(watch::channel(completion).1);
        }
        // A server that gives an id twice means the same attempt.
        let attempts = self.attempts.entry(login_id.to_owned());
        LoginAttempt(
            attempts
                .or_insert_with(|| watch::Sender::new(None))
                .subscribe(),
        )
    }

    /// A reservation has come to its end, with or without a claim.
    pub(crate) fn release(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
        if self.reserved == 0 {
            self.early = VecDeque::new();
        }
    }

    /// An attempt was completed: whoever waits for it is told.
    pub(crate) fn complete(&mut self, login_id: &str, notification: &Arc<RawNotification>) {
        if let Some(attempt) = self.attempts.remove(login_id) {
            attempt.send_replace(Some(Arc::clone(notification)));
        } else if self.reserved > 0 {
            if self.early.len() == EARLY_LIMIT {
                self.early.pop_front();
            }
            self.early
                .push_back((login_id.to_owned(), Arc::clone(notification)));
        }
    }

    /// The connection has ended: nothing will be completed any more.
    pub(crate) fn close(&mut self) {
        self.attempts.clear();
    }
}

impl LoginAttempt {
    /// Waits for the `account/login/completed`; `None` if the connection ended before.
    pub(crate) async fn completed(mut self) -> Option<Arc<RawNotification>> {
        let completion = self.0.wait_for(Option::is_some).await;
        completion
            .ok()
            .and_then(|notification| notification.clone())
    }
}

/// The id of the login that a notification says is completed.
pub(crate) fn completed(envelope: &mut Envelope<'_>) -> Option<String> {
    let completed = envelope.method.as_deref() == Some("account/login/completed");
    let login_id = completed.then(|| envelope.keys.login_id.take())?;
    login_id.map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::raw_notification::notification;

    fn completion() -> Arc<RawNotification> {
        Arc::new(notification(r#"{"method":"account/login/completed"}"#))
    }

    /// The completion that is there now.
    fn now(attempt: &LoginAttempt) -> Completion {
        attempt.0.borrow().clone()
    }

    #[test]
    fn a_completion_before_the_answer_is_kept_for_the_attempt_that_the_answer_names() {
        let mut logins = Logins::default();
        logins.reserve();
        let (ours, theirs) = (completion(), completion());
        logins.complete("theirs", &theirs);
        logins.complete("ours", &ours);
        let attempt = logins.claim("ours");
        assert!(Arc::ptr_eq(&now(&attempt).unwrap(), &ours));
        logins.release();
        assert!(logins.early.is_empty() && logins.attempts.is_empty());
    }

    #[test]
    fn attempts_do_not_cross_though_one_replaces_the_other() {
        let mut logins = Logins::default();
        logins.reserve();
        let first = logins.claim("first");
        logins.release();
        logins.reserve();
        // The first one is ended by the second one, before the second one's answer.
        logins.complete("first", &completion());
        let second = logins.claim("second");
        logins.release();
        assert!(now(&first).is_some() && now(&second).is_none());
        logins.complete("second", &completion());
        assert!(now(&second).is_some());
    }

    #[test]
    fn every_waiter_of_an_attempt_is_told() {
        let mut logins = Logins::default();
        logins.reserve();
        let waiters = [logins.claim("a"), logins.claim("a")];
        let late = waiters[0].clone();
        logins.complete("a", &completion());
        assert!(
            waiters
                .iter()
                .chain([&late])
                .all(|waiter| now(waiter).is_some())
        );
    }

    #[test]
    fn nothing_is_kept_of_what_nobody_waits_for() {
        let mut logins = Logins::default();
        logins.complete("stray", &completion());
        assert!(logins.early.is_empty());
        drop(logins.claim("given up"));
        let _next = logins.claim("next");
        assert_eq!(logins.attempts.len(), 1);
        logins.reserve();
        for number in 0..2 * EARLY_LIMIT {
            logins.complete(&number.to_string(), &completion());
        }
        assert_eq!(logins.early.len(), EARLY_LIMIT);
        assert_eq!(logins.early[0].0, EARLY_LIMIT.to_string());
    }

    #[tokio::test]
    async fn the_end_of_the_connection_is_no_completion_but_one_that_came_before_is() {
        let mut logins = Logins::default();
        let (done, open) = (logins.claim("done"), logins.claim("open"));
        logins.complete("done", &completion());
        logins.close();
        assert!(done.completed().await.is_some());
        assert!(open.completed().await.is_none());
    }
}
