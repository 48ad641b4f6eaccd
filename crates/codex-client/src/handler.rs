//! A trait for one value that responds to all requests from the server.

use std::future::Future;

use crate::{
    client::WeakCodex,
    handler_table::handler_table,
    server_requests::handler_result::{HandlerResult, NoHandler},
};

macro_rules! define_trait {
    ($(
        $(#[$doc:meta])* $method:ident, $setter:ident, $on:ident($request:ty) -> $response:ty;
    )*) => {
        /// Responds to requests from the server. Pass an implementation to
        /// [`CodexBuilder::handler`](crate::builder::CodexBuilder::handler).
        ///
        /// A method that is not implemented declines its requests, unless
        /// [`unhandled_requests`](crate::builder::CodexBuilder::unhandled_requests) leaves them
        /// open. Calls run concurrently, each in its own task, and are dropped when the server
        /// withdraws the request. A call that returns an error or panics declines the request.
        ///
        /// Methods receive the client as a [`WeakCodex`], so that a handler does not keep the
        /// server running.
        ///
        /// ```
        /// use codex_client::{
        ///     ApprovalRequest, Codex, Decision, HandlerResult, ServerRequestHandler, WeakCodex,
        /// };
        ///
        /// struct ReadOnly;
        ///
        /// impl ServerRequestHandler for ReadOnly {
        ///     async fn approval(
        ///         &self,
        ///         _codex: WeakCodex,
        ///         request: ApprovalRequest,
        ///     ) -> HandlerResult<Decision> {
        ///         Ok(if request.is_read_only() { Decision::Accept } else { Decision::Decline })
        ///     }
        /// }
        ///
        /// let builder = Codex::builder().handler(ReadOnly);
        /// ```
        pub trait ServerRequestHandler: Send + Sync + 'static {
            $(
                $(#[$doc])*
                fn $method(
                    &self,
                    codex: WeakCodex,
                    request: $request,
                ) -> impl Future<Output = HandlerResult<$response>> + Send {
                    let _ = (codex, request);
                    async { Err(NoHandler.into()) }
                }
            )*
        }
    };
}

handler_table!(define_trait);
