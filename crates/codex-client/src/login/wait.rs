//! Waits for the end of a login.

use std::{marker::PhantomData, time::Duration};

use codex_types::AccountLoginCompletedNotification;
use tokio::time::Instant;

use crate::{
    client::Codex,
    error::{Error, Result},
    mode::Async,
    routing::logins::LoginAttempt,
};

/// A wait for the end of a login, returned by
/// [`ChatgptLoginHandle::wait`](crate::ChatgptLoginHandle::wait) and
/// [`DeviceCodeLoginHandle::wait`](crate::DeviceCodeLoginHandle::wait). There is no timeout by
/// default.
#[derive(Debug)]
#[must_use = "nothing happens until this is awaited or `send` is called"]
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

    /// Sets the maximum time to wait. After a timeout, the attempt continues and can be waited for
    /// again.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) async fn execute(self) -> Result<AccountLoginCompletedNotification> {
        let connection = self.codex.connection();
        let (method, completed) = ("account/login/completed", self.attempt.completed());
        let completed = connection.report_within(method, Instant::now(), self.timeout, completed);
        let Some(notification) = completed.await? else {
            return Err(connection.closed_error());
        };
        let notification = notification.map_err(Error::Decode)?;
        let mut done: AccountLoginCompletedNotification = notification.decode_params()?;
        done.emitted_at_ms = notification.emitted_at_ms();
        Ok(done)
    }
}
