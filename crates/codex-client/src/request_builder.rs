//! A call of one method: the request builder that all others are made of.

use std::{future::IntoFuture, marker::PhantomData, time::Duration};

use codex_types::Request;

use crate::{
    blocking,
    builder_macros::BoxFuture,
    codex::Codex,
    error::{Error, Result},
    mode::{Async, Blocking},
    pages::{Paged, Pages},
};

/// A call of a method; `.await` or `send` makes it. From [`Codex::request`].
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited, or `send` is called"]
pub struct RequestBuilder<R, M = Async> {
    pub(crate) codex: Codex,
    pub(crate) params: R,
    pub(crate) timeout: Option<Duration>,
    /// Why the call cannot be made, if an option was given what cannot be sent.
    fault: Option<Error>,
    mode: PhantomData<fn() -> M>,
}

impl<R, M> RequestBuilder<R, M> {
    pub(crate) fn new(codex: &Codex, params: R) -> Self {
        Self {
            codex: codex.clone(),
            params,
            timeout: codex.connection().timeout(),
            fault: None,
            mode: PhantomData,
        }
    }

    /// Changes the params.
    pub fn params(mut self, change: impl FnOnce(R) -> R) -> Self {
        self.params = change(self.params);
        self
    }

    /// Waits at most so long for the answer, instead of what the builder of the client says.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits for the answer as long as it takes: for methods that work for minutes, such as
    /// `command/exec`.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Makes the call fail before anything is sent. The first reason stays.
    pub(crate) fn refuse(mut self, fault: Error) -> Self {
        self.fault.get_or_insert(fault);
        self
    }

    /// Whether the call can be made.
    pub(crate) fn check(&self) -> Result<()> {
        self.fault.clone().map_or(Ok(()), Err)
    }
}

impl<R: Request, M> RequestBuilder<R, M> {
    /// What the list has, page after page: for the methods that answer with one page and a cursor.
    ///
    /// ```no_run
    /// # async fn example(codex: codex_client::Codex) -> codex_client::Result<()> {
    /// use codex_types::AppsListParams;
    ///
    /// let mut apps = codex.request(AppsListParams::default()).stream();
    /// while let Some(app) = apps.next().await {
    ///     println!("{}", app?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> Pages<R, M>
    where
        R: Paged,
    {
        Pages::new(self)
    }

    /// Makes the call.
    pub(crate) async fn perform(&self) -> Result<R::Response> {
        self.check()?;
        let connection = self.codex.connection();
        connection.call(&self.params, self.timeout).await
    }
}

impl<R: Request> RequestBuilder<R> {
    /// Makes the call.
    ///
    /// Dropped while it waits for its turn to be sent, it is never sent; dropped later, the server
    /// serves it all the same, and the answer is ignored.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) if the server refuses, [`Timeout`](crate::Error::Timeout),
    /// [`ConnectionClosed`](crate::Error::Closed), or [`Decode`](crate::Error::Decode) if the answer is not
    /// what the protocol says.
    pub async fn send(self) -> Result<R::Response> {
        self.perform().await
    }
}

impl<R: Request + Send + Sync + 'static> IntoFuture for RequestBuilder<R> {
    type Output = Result<R::Response>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<R: Request> RequestBuilder<R, Blocking> {
    /// Makes the call, and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) if the server refuses, [`Timeout`](crate::Error::Timeout),
    /// [`ConnectionClosed`](crate::Error::Closed), [`Decode`](crate::Error::Decode) if the answer is not what
    /// the protocol says, or [`InsideRuntime`](crate::Error::InsideRuntime).
    pub fn send(self) -> Result<R::Response> {
        blocking::wait(self.perform())
    }
}
