//! Responses to pending requests, of any kind.

use std::fmt;

use codex_types::{
    ServerCall,
    rpc::{JsonRpcError, error_code},
};
use serde::Serialize;

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    error::{Error, Result},
};

/// A response to a request from the server: a [`Decision`], the response type of the method, or an
/// error.
///
/// ```no_run
/// use codex_client::{Codex, Decision, Result, ServerResponse};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let mut inbox = codex.server_requests();
///     while let Some(pending) = inbox.next().await {
///         let response = match pending.approval() {
///             Some(approval) if approval.is_read_only() => Decision::Accept.into(),
///             Some(_) => Decision::Decline.into(),
///             None => ServerResponse::refuse("the user is away"),
///         };
///         pending.respond(response)?;
///     }
///     Ok(())
/// }
/// ```
pub struct ServerResponse(Kind);

enum Kind {
    Decision(Decision),
    /// A response of this method, as JSON.
    Response {
        method: &'static str,
        json: Result<Vec<u8>, String>,
    },
    Refusal(JsonRpcError),
}

impl ServerResponse {
    /// Creates an error response. The server may end the turn in response, so prefer to decline a
    /// request that can be declined.
    pub fn refuse(message: impl Into<String>) -> Self {
        Self(Kind::Refusal(JsonRpcError::new(
            error_code::INTERNAL_ERROR,
            message,
        )))
    }

    /// Converts to the response to send for a request of this method. Fails if it does not match
    /// the request.
    pub(crate) fn into_result(
        self,
        requested: &str,
        approval: Option<&ApprovalRequest>,
    ) -> Result<Result<Vec<u8>, JsonRpcError>> {
        let mismatch = |response: &str| {
            let message = format!("{response} is not a valid response to `{requested}`");
            Error::InvalidInput(message.into())
        };
        Ok(match self.0 {
            Kind::Decision(decision) => match approval {
                Some(request) => Ok(decision.response(request)?),
                None => return Err(mismatch("a decision")),
            },
            Kind::Response { method, json } if method == requested => {
                Ok(json.map_err(|error| Error::InvalidInput(error.into()))?)
            }
            Kind::Response { method, .. } => {
                return Err(mismatch(&format!("the response of `{method}`")));
            }
            Kind::Refusal(error) => Err(error),
        })
    }

    /// Creates a response of the method `P`.
    pub(crate) fn response<P: ServerCall>(response: &P::Response) -> Self {
        Self(Kind::Response {
            method: P::METHOD,
            json: to_json(response),
        })
    }
}

impl fmt::Debug for ServerResponse {
    /// Omits the contents of a response, which may include a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Decision(decision) => f.debug_tuple("ServerResponse").field(decision).finish(),
            Kind::Response { method, .. } => f.debug_tuple("ServerResponse").field(method).finish(),
            Kind::Refusal(error) => f.debug_tuple("ServerResponse").field(error).finish(),
        }
    }
}

fn to_json<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

impl From<Decision> for ServerResponse {
    fn from(decision: Decision) -> Self {
        Self(Kind::Decision(decision))
    }
}

macro_rules! responses {
    ($($params:ident => $response:ident,)*) => {$(
        impl From<codex_types::$response> for ServerResponse {
            fn from(response: codex_types::$response) -> Self {
                Self::response::<codex_types::$params>(&response)
            }
        }
    )*};
}

responses! {
    ApplyPatchApprovalParams => ApplyPatchApprovalResponse,
    AttestationGenerateParams => AttestationGenerateResponse,
    ChatgptAuthTokensRefreshParams => ChatgptAuthTokensRefreshResponse,
    CommandExecutionRequestApprovalParams => CommandExecutionRequestApprovalResponse,
    CurrentTimeReadParams => CurrentTimeReadResponse,
    DynamicToolCallParams => DynamicToolCallResponse,
    ExecCommandApprovalParams => ExecCommandApprovalResponse,
    FileChangeRequestApprovalParams => FileChangeRequestApprovalResponse,
    McpServerElicitationRequestParams => McpServerElicitationRequestResponse,
    PermissionsRequestApprovalParams => PermissionsRequestApprovalResponse,
    ToolRequestUserInputParams => ToolRequestUserInputResponse,
}
