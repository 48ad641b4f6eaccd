//! Setters for the handlers of server requests.

use std::{future::Future, sync::Arc, time::Duration};

use codex_types::ServerCall;

use crate::{
    codex::builder::CodexBuilder,
    handler::ServerRequestHandler,
    handler_table::handler_table,
    mode::Async,
    server_requests::{handler_result::IntoResponse, unhandled::UnhandledRequests},
};

impl<M> CodexBuilder<M> {
    /// Sets the timeout for handlers. A request is declined if its handler exceeds the timeout.
    /// There is no timeout by default, since a handler may wait for a person.
    ///
    /// In the blocking API, the thread of the handler keeps running after a timeout.
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.handlers.set_timeout(timeout);
        self
    }

    /// Sets the treatment of requests from the server that the program does not respond to. By
    /// default, they are declined.
    ///
    /// A client that only observes a server that others use, too, leaves them to the others:
    ///
    /// ```no_run
    /// use codex_client::{
    ///     Codex,
    ///     builder::{CodexBuilder, UnhandledRequests},
    /// };
    ///
    /// fn observer() -> CodexBuilder {
    ///     Codex::builder().unhandled_requests(UnhandledRequests::LeaveOpen)
    /// }
    /// ```
    pub fn unhandled_requests(mut self, unhandled: UnhandledRequests) -> Self {
        self.handlers.set_unhandled(unhandled);
        self
    }
}

macro_rules! define_setters {
    ($(
        $(#[$doc:meta])* $method:ident, $setter:ident, $on:ident($request:ty) -> $response:ty;
    )*) => {
        impl CodexBuilder<Async> {
            $(
                #[doc = concat!("Sets the handler for [`ServerRequestHandler::", stringify!($method), "`].")]
                ///
                $(#[$doc])*
                ///
                /// The handler returns the response, or a `Result` containing it. It runs
                /// concurrently with other handlers, in its own task, and is dropped when the
                /// server withdraws the request. If the handler returns an error or panics, the
                /// request is declined, and [`Codex::notifications`](crate::Codex::notifications)
                /// reports the failure. Setting the handler again replaces it.
                pub fn $setter<F, Fut>(mut self, handler: F) -> Self
                where
                    F: Fn($request) -> Fut + Send + Sync + 'static,
                    Fut: Future + Send + 'static,
                    Fut::Output: IntoResponse<$response>,
                {
                    self.handlers.$on(move |request, _| {
                        let response = handler(request);
                        async move { response.await.into_response() }
                    });
                    self
                }
            )*

            /// Sets the handler for one kind of server request, which is selected by the type of
            /// its params.
            ///
            /// `.on_request(|params: FileChangeRequestApprovalParams| async move { .. })` handles
            /// approval requests for file changes.
            ///
            /// The handler runs in the same way as one set by the setter for a particular request.
            pub fn on_request<P, F, Fut>(mut self, handler: F) -> Self
            where
                P: ServerCall + 'static,
                F: Fn(P) -> Fut + Send + Sync + 'static,
                Fut: Future + Send + 'static,
                Fut::Output: IntoResponse<P::Response>,
            {
                self.handlers.on(move |params: P, _| {
                    let response = handler(params);
                    async move { response.await.into_response() }
                });
                self
            }

            /// Sets one value as the handler for all requests, replacing all handlers set before.
            pub fn handler(mut self, handler: impl ServerRequestHandler) -> Self {
                let handler = Arc::new(handler);
                $({
                    let handler = Arc::clone(&handler);
                    self.handlers.$on(move |request: $request, codex| {
                        let handler = Arc::clone(&handler);
                        async move { handler.$method(codex, request).await }
                    });
                })*
                self
            }
        }
    };
}

handler_table!(define_setters);
