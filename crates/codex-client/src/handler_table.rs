//! The table of the server requests that have their own handler.

/// Calls a macro with the table. Each row is
/// `docs trait_method, builder_setter, registration(request type) -> response type;`.
macro_rules! handler_table {
    ($callback:ident) => {
        $callback! {
            /// Decides on requests for approval to run a command, change files or extend
            /// permissions.
            approval, on_approval, on_approval(
                $crate::approvals::request::ApprovalRequest
            ) -> $crate::approvals::decision::Decision;

            /// Answers questions that the model asks the user (`item/tool/requestUserInput`).
            /// Experimental.
            ///
            /// If the `tool_call_mcp_elicitation` feature is off, Codex asks for approval of an MCP
            /// tool call in this way. The id of such a question begins with
            /// `mcp_tool_call_approval`.
            user_input, on_user_input, on(
                codex_types::ToolRequestUserInputParams
            ) -> codex_types::ToolRequestUserInputResponse;

            /// Answers questions that MCP servers ask the user (`mcpServer/elicitation/request`).
            ///
            /// Codex also asks for approval of an MCP tool call in this way, with a form that has
            /// no fields: see
            /// [`is_tool_approval`](codex_types::McpServerElicitationRequestParams::is_tool_approval).
            /// Accepting such a form runs the tool.
            elicitation, on_elicitation, on(
                codex_types::McpServerElicitationRequestParams
            ) -> codex_types::McpServerElicitationRequestResponse;

            /// Serves calls to dynamic tools (`item/tool/call`) that are not registered as a
            /// [`Tool`](crate::Tool) of the thread.
            tool_call, on_tool_call, on(
                codex_types::DynamicToolCallParams
            ) -> codex_types::DynamicToolCallResponse;

            /// Refreshes the ChatGPT tokens of a client that logs in with its own tokens
            /// (`account/chatgptAuthTokens/refresh`).
            token_refresh, on_token_refresh, on(
                codex_types::ChatgptAuthTokensRefreshParams
            ) -> codex_types::ChatgptAuthTokensRefreshResponse;

            /// Generates an attestation of this client (`attestation/generate`). The server
            /// requests it only if
            /// [`request_attestation`](crate::builder::CodexBuilder::request_attestation) is on.
            attestation, on_attestation, on(
                codex_types::AttestationGenerateParams
            ) -> codex_types::AttestationGenerateResponse;

            /// Returns the current time (`currentTime/read`). Without a handler, the clock of this
            /// machine is used. Experimental.
            current_time, on_current_time, on(
                codex_types::CurrentTimeReadParams
            ) -> codex_types::CurrentTimeReadResponse;
        }
    };
}

pub(crate) use handler_table;
