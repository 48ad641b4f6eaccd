//! Makes a client a service of `tower`.

use std::task::{Context, Poll};

use tower_service::Service;

use crate::{
    client::Codex,
    error::{Error, Result},
};

/// Calls a function with a clone of the client, so that one server can be chosen for each call:
/// balancers and limits of [`tower`](https://docs.rs/tower) take clients as they take other
/// services.
///
/// The service is ready as long as the connection is open, and fails with [`Error::Closed`]
/// afterwards, so that a balancer removes it. The calls run independently of each other; the client
/// needs no buffer.
///
/// ```
/// use codex_client::{Codex, Result};
/// use tower::{ServiceExt, limit::ConcurrencyLimit};
///
/// /// Runs each prompt in a thread of its own, at most eight at a time.
/// async fn example(codex: Codex, prompts: Vec<String>) -> Result<()> {
///     let server = ConcurrencyLimit::new(codex, 8);
///     for prompt in prompts {
///         let turn = server.clone().oneshot(async move |codex: Codex| {
///             codex.thread_start().await?.run(prompt).await
///         });
///         tokio::spawn(turn);
///     }
///     Ok(())
/// }
/// ```
impl<F, Fut, T> Service<F> for Codex
where
    F: FnOnce(Codex) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    type Response = T;
    type Error = Error;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        let end = self.connection().end();
        Poll::Ready(end.map_or(Ok(()), |closed| Err(Error::Closed(closed))))
    }

    fn call(&mut self, call: F) -> Fut {
        call(self.clone())
    }
}
