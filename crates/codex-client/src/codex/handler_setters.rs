//! Sets the handlers of server requests.

use std::{future::Future, sync::Arc, time::Duration};

use codex_types::ServerCall;

use crate::{
    codex::builder::CodexBuilder, handler::ServerRequestHandler, handler_table::handler_table,
    mode::Async, server_requests::handler_result::IntoResponse,
};

impl<M> CodexBuilder<M> {
    /// Sets the timeout of handlers. A request is declined if its handler exceeds the timeout.
    /// There is no timeout by default: a handler may wait for a person.
    ///
    /// In the blocking API, the thread of the handler continues after a timeout.
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.handlers.set_timeout(timeout);
        self
    }
}

macro_rules! define_setters {
    ($(
        $(#[$doc:meta])* $method:ident, $setter:ident, $on:ident($request:ty) -> $response:ty;
    )*) => {
        impl CodexBuilder<Async> {
            $(
                #[doc = concat!("Sets the handler of [`ServerRequestHandler::", stringify!($method), "`].")]
                ///
                $(#[$doc])*
                ///
                /// The handler returns the response, or a `Result` of it. It runs concurrently with
                /// others, on a task of its own, and is dropped when the server withdraws the
                /// request. An error or a panic declines the request, and is reported by
                /// [`Codex::notifications`](crate::Codex::notifications). A handler that is set
                /// later replaces it.
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

            /// Sets the handler of one method of the server, by the type of its params.
            ///
            /// `.on_request(|params: FileChangeRequestApprovalParams| async move { .. })` handles
            /// approval requests for file changes.
            ///
            /// The handler runs as one that is set by a setter for a single method does.
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

            /// Sets one value as the handler of all requests, in place of all handlers that were
            /// set before.
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
