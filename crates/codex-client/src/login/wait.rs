//! Waiting for the end of a login.

use std::{marker::PhantomData, time::Duration};

use codex_types::AccountLoginCompletedNotification;

use crate::{
    builder_macros::sends,
    codex::Codex,
    error::{Error, Result},
    mode::Async,
    routing::{decode, logins::LoginAttempt},
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

    async fn perform(self) -> Result<AccountLoginCompletedNotification> {
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
            return Err(Error::Closed(self.codex.connection().closed()));
        };
        let mut done: AccountLoginCompletedNotification = decode::params(&notification)?;
        done.emitted_at_ms = notification.emitted_at_ms();
        Ok(done)
    }
}

sends! {
    /// Waits for the end of the login, which is not always a success: an attempt that was
    /// cancelled, replaced, refused or that took too long has `success: false` and, in `error`, the
    /// server's reason. May be dropped and called again.
    ///
    /// # Errors
    ///
    /// [`ConnectionClosed`](Error::Closed) if the connection ended before the login did,
    /// [`Timeout`](Error::Timeout), or [`Decode`](Error::Decode) if the completion is not what the
    /// protocol says.
    LoginWaitBuilder -> AccountLoginCompletedNotification
}
