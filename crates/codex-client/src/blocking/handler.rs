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
        /// Responds to the requests from the server; for
        /// [`CodexBuilder::handler`](crate::blocking::CodexBuilder::handler).
        ///
        /// Methods that are not implemented decline. Methods run concurrently, each on a thread of
        /// its own, where it may wait and use the client; a method is not stopped when the server
        /// withdraws the request. An error or a panic declines.
        ///
        /// They receive the client as a [`WeakCodex`], so that a handler does not keep the server
        /// running.
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
                /// The error of the handler.
                fn $method(&self, codex: WeakCodex, request: $request) -> HandlerResult<$response> {
                    let _ = (codex, request);
                    Err(NoHandler.into())
                }
            )*
        }
    };
}

handler_table!(define_trait);
