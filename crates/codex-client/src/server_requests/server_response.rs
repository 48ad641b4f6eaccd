//! Answers of any kind, for requests that are held.

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

/// An answer to a request of the server: a [`Decision`], or the response type of the method.
///
/// ```
/// use codex_client::{Decision, ServerResponse, types::ToolRequestUserInputResponse};
///
/// let yes = ServerResponse::from(Decision::Accept);
/// let blue = ServerResponse::from(ToolRequestUserInputResponse::default().answer("color", "blue"));
/// let no = ServerResponse::refuse("the user is away");
/// ```
pub struct ServerResponse(Kind);

enum Kind {
    Decision(Decision),
    /// The response of this method, as JSON.
    Response {
        method: &'static str,
        json: Result<Vec<u8>, String>,
    },
    Refusal(JsonRpcError),
}

impl ServerResponse {
    /// An error in place of an answer. Mind that servers end turns over it: where a request can be
    /// declined, that is kinder.
    pub fn refuse(message: impl Into<String>) -> Self {
        Self(Kind::Refusal(JsonRpcError::new(
            error_code::INTERNAL_ERROR,
            message,
        )))
    }

    /// What to send for a request of this method, which may be one for leave.
    pub(crate) fn into_result(
        self,
        asked: &str,
        approval: Option<&ApprovalRequest>,
    ) -> Result<Result<Vec<u8>, JsonRpcError>> {
        let unfit = |what: &str| {
            let message = format!("{what} is no answer to `{asked}`");
            Error::InvalidInput(message.into())
        };
        Ok(match self.0 {
            Kind::Decision(decision) => match approval {
                Some(request) => Ok(decision.response(request)?),
                None => return Err(unfit("a decision")),
            },
            Kind::Response { method, json } if method == asked => {
                Ok(json.map_err(|error| Error::InvalidInput(error.into()))?)
            }
            Kind::Response { method, .. } => {
                return Err(unfit(&format!("the response of `{method}`")));
            }
            Kind::Refusal(error) => Err(error),
        })
    }

    /// The response of a method.
    pub(crate) fn response<P: ServerCall>(response: &P::Response) -> Self {
        Self(Kind::Response {
            method: P::METHOD,
            json: to_json(response),
        })
    }
}

impl fmt::Debug for ServerResponse {
    /// Without the contents of a response: there may be a token among them.
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
