//! The request builder that the other builders wrap.

use std::{future::IntoFuture, marker::PhantomData, time::Duration};

use codex_types::Request;

use crate::{
    client::Codex,
    error::{Error, Result},
    future::BoxFuture,
    mode::Async,
};

/// A request for any method of the protocol, returned by [`Codex::request`](crate::Codex::request).
///
/// ```no_run
/// use std::time::Duration;
///
/// use codex_client::{Codex, Result, protocol::ThreadSetNameParams};
///
/// async fn example(codex: &Codex, id: String) -> Result<()> {
///     let rename = codex.request(ThreadSetNameParams::new(id, "Parsers"));
///     rename.timeout(Duration::from_secs(5)).await?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited or `send` is called"]
pub struct RequestBuilder<R, M = Async> {
    pub(crate) codex: Codex,
    pub(crate) params: R,
    pub(crate) timeout: Option<Duration>,
    /// The error of an option whose value cannot be sent.
    error: Option<Error>,
    mode: PhantomData<fn() -> M>,
}

impl<R, M> RequestBuilder<R, M> {
    pub(crate) fn new(codex: &Codex, params: R) -> Self {
        Self {
            codex: codex.clone(),
            params,
            timeout: codex.connection().timeout(),
            error: None,
            mode: PhantomData,
        }
    }

    /// Changes the params.
    pub fn params(mut self, change: impl FnOnce(R) -> R) -> Self {
        self.params = change(self.params);
        self
    }

    /// Sets how long to wait for the response, overriding the client's default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits for the response without a timeout, for methods that can take minutes, such as
    /// `command/exec`.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Makes the request fail before it is sent. The first error is kept.
    pub(crate) fn fail(mut self, error: Error) -> Self {
        self.error.get_or_insert(error);
        self
    }

    /// Returns the error of an option, if there is one.
    pub(crate) fn check(&self) -> Result<()> {
        self.error.clone().map_or(Ok(()), Err)
    }
}

impl<R: Request, M> RequestBuilder<R, M> {
    /// Sends the request and waits for the response.
    pub(crate) async fn execute(&self) -> Result<R::Response> {
        self.check()?;
        let connection = self.codex.connection();
        connection.call(&self.params, self.timeout).await
    }
}

impl<R: Request> RequestBuilder<R> {
    /// Sends the request and waits for the response.
    ///
    /// If the future is dropped while the request is queued, the request is never sent. If the
    /// future is dropped later, the server still serves the request, and the response is ignored.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) if the server refuses the request;
    /// [`Timeout`](crate::Error::Timeout) if the response does not arrive in time;
    /// [`Closed`](crate::Error::Closed) if the connection has ended;
    /// [`Decode`](crate::Error::Decode) if the response does not match the protocol.
    pub async fn send(self) -> Result<R::Response> {
        self.execute().await
    }
}

impl<R: Request + Send + Sync + 'static> IntoFuture for RequestBuilder<R> {
    type Output = Result<R::Response>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
