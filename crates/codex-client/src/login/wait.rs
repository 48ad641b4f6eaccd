//! Waiting for the end of a login.

use std::{marker::PhantomData, time::Duration};

use codex_types::AccountLoginCompletedNotification;

use crate::{
    client::Codex,
    error::{Error, Result},
    mode::Async,
    routing::logins::LoginAttempt,
};

/// Waits for the end of a login, as long as it takes unless [`timeout`](Self::timeout) says
/// otherwise; `.await` or `send` does it.
#[derive(Debug)]
#[must_use = "nothing is waited for until it is awaited, or `send` is called"]
pub struct LoginWaitBuilder<M = Async> {
    codex: Codex,
    attempt: LoginAttempt,
    timeout: Option<Duration>,
    mode: PhantomData<fn() -> M>,
}

impl<M> LoginWaitBuilder<M> {
    pub(crate) fn new(codex: Codex, attempt: LoginAttempt) -> Self {
        Self {
            codex,
            attempt,
            timeout: None,
            mode: PhantomData,
        }
    }

    /// Waits at most so long. The attempt goes on after that, and can be waited for again.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) async fn perform(self) -> Result<AccountLoginCompletedNotification> {
        let completed = self.attempt.completed();
        let completed = match self.timeout {
            None => completed.await,
            Some(after) => match tokio::time::timeout(after, completed).await {
                Ok(completed) => completed,
                Err(_) => {
                    return Err(Error::Timeout {
                        method: "account/login/completed",
                        after,
                    });
                }
            },
        };
        let Some(notification) = completed else {
            return Err(self.codex.connection().closed_error());
        };
        let mut done: AccountLoginCompletedNotification = notification.decode_params()?;
        done.emitted_at_ms = notification.emitted_at_ms();
        Ok(done)
    }
}
