//! One value that answers all requests of the server.

use std::future::Future;

use codex_types::{
    AttestationGenerateParams, AttestationGenerateResponse, ChatgptAuthTokensRefreshParams,
    ChatgptAuthTokensRefreshResponse, CurrentTimeReadParams, CurrentTimeReadResponse,
    DynamicToolCallParams, DynamicToolCallResponse, McpServerElicitationRequestParams,
    McpServerElicitationRequestResponse, ToolRequestUserInputParams, ToolRequestUserInputResponse,
};

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    codex::WeakCodex,
    server_requests::handler_result::{HandlerResult, NoHandler},
};

/// The methods of both traits, and how a builder takes a value that has them.
macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident($request:ident: $type:ty) -> $answer:ty;)*) => {
        /// Answers the requests of the server; for
        /// [`CodexBuilder::handler`](crate::builder::CodexBuilder::handler).
        ///
        /// What is not implemented is declined. Methods run concurrently, on tasks of their own, and
        /// are dropped when the server withdraws what it has asked. An error or a panic declines.
        ///
        /// They are given the client weakly, so that a handler does not keep the server running.
        ///
        /// ```
        /// use codex_client::{
        ///     ApprovalRequest, Decision, HandlerResult, ServerRequestHandler, WeakCodex,
        /// };
        ///
        /// struct Careful;
        ///
        /// impl ServerRequestHandler for Careful {
        ///     async fn approval(
        ///         &self,
        ///         _codex: WeakCodex,
        ///         request: ApprovalRequest,
        ///     ) -> HandlerResult<Decision> {
        ///         Ok(if request.is_read_only() { Decision::Accept } else { Decision::Decline })
        ///     }
        /// }
        ///
        /// let builder = codex_client::Codex::builder().handler(Careful);
        /// ```
        pub trait ServerRequestHandler: Send + Sync + 'static {
            $(
                $(#[$doc])*
                fn $name(
                    &self,
                    codex: WeakCodex,
                    $request: $type,
                ) -> impl Future<Output = HandlerResult<$answer>> + Send {
                    let _ = (codex, $request);
                    async { Err(NoHandler.into()) }
                }
            )*
        }

        /// The same for the blocking API.
        pub(crate) mod blocking {
            use super::*;
use crate::blocking::codex::WeakCodex;

            /// Answers the requests of the server; for
            /// [`CodexBuilder::handler`](crate::builder::CodexBuilder::handler).
            ///
            /// What is not implemented is declined. Each request gets a thread of its own, on which a
            /// method may wait and use the client; one whose request the server withdraws goes on for
            /// nothing. An error or a panic declines.
            ///
            /// Methods are given the client weakly, so that a handler does not keep the server
            /// running.
            pub trait ServerRequestHandler: Send + Sync + 'static {
                $(
                    $(#[$doc])*
                    ///
                    /// # Errors
                    ///
                    /// Whatever kept it from an answer.
                    fn $name(&self, codex: WeakCodex, $request: $type) -> HandlerResult<$answer> {
                        let _ = (codex, $request);
                        Err(NoHandler.into())
                    }
                )*
            }
        }
    };
}

methods! {
    /// Leave to do something: the five kinds of [`ApprovalRequest`].
    approval(request: ApprovalRequest) -> Decision;
    /// Questions of the model to the user (`item/tool/requestUserInput`). Experimental.
    user_input(params: ToolRequestUserInputParams) -> ToolRequestUserInputResponse;
    /// A question of an MCP server to the user (`mcpServer/elicitation/request`), or one of codex for
    /// leave to call a tool of it: see [`on_elicitation`](crate::builder::CodexBuilder::on_elicitation).
    elicitation(params: McpServerElicitationRequestParams) -> McpServerElicitationRequestResponse;
    /// A call of a dynamic tool (`item/tool/call`).
    tool_call(params: DynamicToolCallParams) -> DynamicToolCallResponse;
    /// New tokens of ChatGPT, for a client that logs in with its own
    /// (`account/chatgptAuthTokens/refresh`).
    token_refresh(params: ChatgptAuthTokensRefreshParams) -> ChatgptAuthTokensRefreshResponse;
    /// An attestation of this client (`attestation/generate`), asked for only if
    /// [`request_attestation`](crate::builder::CodexBuilder::request_attestation) is on.
    attestation(params: AttestationGenerateParams) -> AttestationGenerateResponse;
    /// The time (`currentTime/read`). If it is not implemented, the clock of this machine answers.
    /// Experimental.
    current_time(params: CurrentTimeReadParams) -> CurrentTimeReadResponse;
}
