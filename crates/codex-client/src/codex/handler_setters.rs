//! Setting handlers.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use codex_types::{
    AttestationGenerateParams, AttestationGenerateResponse, ChatgptAuthTokensRefreshParams,
    ChatgptAuthTokensRefreshResponse, CurrentTimeReadParams, CurrentTimeReadResponse,
    DynamicToolCallParams, DynamicToolCallResponse, McpServerElicitationRequestParams,
    McpServerElicitationRequestResponse, ServerCall, ToolRequestUserInputParams,
    ToolRequestUserInputResponse,
};
use tokio::sync::oneshot;

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    codex::builder::CodexBuilder,
    handler::{
        ServerRequestHandler, blocking::ServerRequestHandler as BlockingServerRequestHandler,
    },
    mode::{Async, Blocking},
    server_requests::handler_result::{HandlerResult, IntoResponse},
};

/// Runs a handler of the blocking API on a thread of its own, where it may wait.
pub(crate) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> HandlerResult<T> + Send + 'static,
) -> HandlerResult<T> {
    let (done, result) = oneshot::channel();
    thread::Builder::new()
        .name("codex-client handler".into())
        .spawn(move || {
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
        })?;
    match result.await? {
        Ok(answer) => answer,
        Err(panic) => resume_unwind(panic),
    }
}

impl<M> CodexBuilder<M> {
    /// How long a handler may take; one that takes longer is given up, and its request declined.
    /// Without it, handlers may take as long as they do: a person may be asked.
    ///
    /// In the blocking API the thread of a handler goes on for nothing, as threads cannot be ended.
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.handlers.set_timeout(timeout);
        self
    }
}

/// The setters of closures, for both modes.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($params:ty) -> $answer:ty, $on:ident;)*) => {
        impl CodexBuilder<Async> {
            $(
                $(#[$doc])*
                ///
                /// It returns the answer, or a `Result` with it. It runs on a task of its own, beside
                /// others, and is dropped when the server withdraws what it has asked. An error or a
                /// panic declines, and is reported by
                /// [`Codex::notifications`](crate::Codex::notifications). The handler that is set
                /// last answers.
                pub fn $name<F, Fut>(mut self, handler: F) -> Self
                where
                    F: Fn($params) -> Fut + Send + Sync + 'static,
                    Fut: Future + Send + 'static,
                    Fut::Output: IntoResponse<$answer>,
                {
                    self.handlers.$on(move |params, _| {
                        let answer = handler(params);
                        async move { answer.await.into_response() }
                    });
                    self
                }
            )*
        }

        impl CodexBuilder<Blocking> {
            $(
                $(#[$doc])*
                ///
                /// It returns the answer, or a `Result` with it. It runs on a thread of its own, beside
                /// others, where it may wait and use the client; when the server withdraws what it has
                /// asked, it goes on for nothing. An error or a panic declines, and is reported by
                /// [`Codex::notifications`](crate::blocking::Codex::notifications). The handler that
                /// is set last answers.
                pub fn $name<F, A>(mut self, handler: F) -> Self
                where
                    F: Fn($params) -> A + Send + Sync + 'static,
                    A: IntoResponse<$answer>,
                {
                    let handler = Arc::new(handler);
                    self.handlers.$on(move |params, _| {
                        let handler = Arc::clone(&handler);
                        on_thread(move || handler(params).into_response())
                    });
                    self
                }
            )*
        }
    };
}

setters! {
    /// Decides on leave to do something: to run a command, to change files, to have more permissions.
    on_approval(ApprovalRequest) -> Decision, on_approval;
    /// Answers questions of the model to the user (`item/tool/requestUserInput`). Experimental.
    ///
    /// If the feature `tool_call_mcp_elicitation` is off, codex asks so for leave to call a tool of an
    /// MCP server; the id of such a question begins with `mcp_tool_call_approval`.
    on_user_input(ToolRequestUserInputParams) -> ToolRequestUserInputResponse, on;
    /// Answers questions of MCP servers to the user (`mcpServer/elicitation/request`).
    ///
    /// Codex itself asks so for leave to call a tool of an MCP server: by a form without fields, which
    /// [`is_tool_approval`](McpServerElicitationRequestParams::is_tool_approval) tells. To accept it is to let the tool run.
    on_elicitation(McpServerElicitationRequestParams) -> McpServerElicitationRequestResponse, on;
    /// Serves calls of dynamic tools (`item/tool/call`) that are no [`Tool`](crate::Tool) of their
    /// thread.
    on_tool_call(DynamicToolCallParams) -> DynamicToolCallResponse, on;
    /// Gets new tokens of ChatGPT, for a client that logs in with its own
    /// (`account/chatgptAuthTokens/refresh`).
    on_token_refresh(ChatgptAuthTokensRefreshParams) -> ChatgptAuthTokensRefreshResponse, on;
    /// Makes an attestation of this client (`attestation/generate`). The server asks only if
    /// [`request_attestation`](Self::request_attestation) is on.
    on_attestation(AttestationGenerateParams) -> AttestationGenerateResponse, on;
    /// Tells the time (`currentTime/read`); without it, the clock of this machine does. Experimental.
    on_current_time(CurrentTimeReadParams) -> CurrentTimeReadResponse, on;
}

/// The methods of the traits, and how each is set as a handler.
macro_rules! each_method {
    ($delegate:ident) => {
        $delegate!(on_approval => approval);
        $delegate!(on => user_input);
        $delegate!(on => elicitation);
        $delegate!(on => tool_call);
        $delegate!(on => token_refresh);
        $delegate!(on => attestation);
        $delegate!(on => current_time);
    };
}

impl CodexBuilder<Async> {
    /// Answers requests of any of the methods of the server, by the type of its params:
    /// `.on_request(|params: FileChangeRequestApprovalParams| async move { .. })`.
    ///
    /// As the setters for single methods.
    pub fn on_request<P, F, Fut>(mut self, handler: F) -> Self
    where
        P: ServerCall + 'static,
        F: Fn(P) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoResponse<P::Response>,
    {
        self.handlers.on(move |params: P, _| {
            let answer = handler(params);
            async move { answer.await.into_response() }
        });
        self
    }

    /// Gives all requests of the server to this value, in place of the handlers set before.
    pub fn handler(mut self, handler: impl ServerRequestHandler) -> Self {
        let handler = Arc::new(handler);
        macro_rules! delegate {
            ($on:ident => $method:ident) => {{
                let handler = Arc::clone(&handler);
                self.handlers.$on(move |request, codex| {
                    let handler = Arc::clone(&handler);
                    async move { handler.$method(codex, request).await }
                });
            }};
        }
        each_method!(delegate);
        self
    }
}

impl CodexBuilder<Blocking> {
    /// Answers requests of any of the methods of the server, by the type of its params:
    /// `.on_request(|params: FileChangeRequestApprovalParams| { .. })`.
    ///
    /// As the setters for single methods.
    pub fn on_request<P, F, A>(mut self, handler: F) -> Self
    where
        P: ServerCall + Send + 'static,
        F: Fn(P) -> A + Send + Sync + 'static,
        A: IntoResponse<P::Response>,
    {
        let handler = Arc::new(handler);
        self.handlers.on(move |params: P, _| {
            let handler = Arc::clone(&handler);
            on_thread(move || handler(params).into_response())
        });
        self
    }

    /// Gives all requests of the server to this value, in place of the handlers set before.
    pub fn handler(mut self, handler: impl BlockingServerRequestHandler) -> Self {
        let handler = Arc::new(handler);
        macro_rules! delegate {
            ($on:ident => $method:ident) => {{
                let handler = Arc::clone(&handler);
                self.handlers.$on(move |request, codex| {
                    let handler = Arc::clone(&handler);
                    on_thread(move || handler.$method(codex.into(), request))
                });
            }};
        }
        each_method!(delegate);
        self
    }
}
