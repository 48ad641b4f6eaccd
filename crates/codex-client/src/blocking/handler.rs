//! A trait for one value that responds to all requests from the server, in blocking code.

use crate::{
    blocking::codex::WeakCodex,
    handler_table::handler_table,
    server_requests::handler_result::{HandlerResult, NoHandler},
};

macro_rules! define_trait {
    ($(
        $(#[$doc:meta])* $method:ident, $setter:ident, $on:ident($request:ty) -> $response:ty;
    )*) => {
        /// Responds to requests from the server. Pass an implementation to
        /// [`CodexBuilder::handler`](crate::blocking::CodexBuilder::handler).
        ///
        /// A method that is not implemented declines its requests, unless
        /// [`unhandled_requests`](crate::builder::CodexBuilder::unhandled_requests) leaves them
        /// open. Calls run concurrently, each on a thread where it may block and use the client; a
        /// call is not stopped when the server withdraws the request. All blocking handlers and
        /// tools of the process run on at most 512 threads, which end when they are idle; further
        /// calls wait for a thread. A call that returns an error or panics declines the request.
        ///
        /// Methods receive the client as a [`WeakCodex`], so that a handler does not keep the
        /// server running.
        ///
        /// ```
        /// use codex_client::{
        ///     ApprovalRequest, Decision, HandlerResult,
        ///     blocking::{Codex, ServerRequestHandler, WeakCodex},
        /// };
        ///
        /// struct ReadOnly;
        ///
        /// impl ServerRequestHandler for ReadOnly {
        ///     fn approval(
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
                ///
                /// # Errors
                ///
                /// An error declines the request.
                fn $method(&self, codex: WeakCodex, request: $request) -> HandlerResult<$response> {
                    let _ = (codex, request);
                    Err(NoHandler.into())
                }
            )*
        }
    };
}

handler_table!(define_trait);
