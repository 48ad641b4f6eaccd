//! Three requests that the server supports although its schema does not list them.
//!
//! Their types are based on the runtime's TypeScript definitions and on recorded responses.
//! [`METHODS`](crate::METHODS) does not include them, and newer servers may drop them.

use crate::{AuthMode, Request, SessionSource, ThreadId, wire};

/// Parameters of the request `getAuthStatus`, which returns how the server is logged in. Prefer
/// `account/read` ([`GetAccountParams`](crate::GetAccountParams)).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GetAuthStatusParams {
    /// Whether the response includes the token.
    pub include_token: Option<bool>,
    /// Whether the server refreshes the token first.
    pub refresh_token: Option<bool>,
}

impl GetAuthStatusParams {
    /// Sets [`include_token`](field@Self::include_token).
    #[must_use]
    pub fn include_token(mut self, include_token: bool) -> Self {
        self.include_token = Some(include_token);
        self
    }

    /// Sets [`refresh_token`](field@Self::refresh_token).
    #[must_use]
    pub fn refresh_token(mut self, refresh_token: bool) -> Self {
        self.refresh_token = Some(refresh_token);
        self
    }
}

wire::object! { GetAuthStatusParams {
    include_token: optional "includeToken",
    refresh_token: optional "refreshToken",
} }

/// Response to `getAuthStatus` ([`GetAuthStatusParams`]).
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct GetAuthStatusResponse {
    /// The authentication mode; `None` if the server is logged out.
    pub auth_method: Option<AuthMode>,
    /// The token, if requested. `Debug` redacts it.
    pub auth_token: Option<String>,
    /// Whether the configured model provider requires a login with OpenAI.
    pub requires_openai_auth: Option<bool>,
}

wire::redacted! { GetAuthStatusResponse {
    plain auth_method, hidden auth_token, plain requires_openai_auth
} }

wire::object! { GetAuthStatusResponse {
    auth_method: optional "authMethod",
    auth_token: optional "authToken",
    requires_openai_auth: optional "requiresOpenaiAuth",
} }

impl Request for GetAuthStatusParams {
    const METHOD: &'static str = "getAuthStatus";
    const EXPERIMENTAL: bool = false;
    type Response = GetAuthStatusResponse;
}

/// Parameters of the request `getConversationSummary`, which identify a conversation by thread or
/// by rollout file.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct GetConversationSummaryParams {
    /// The id of the thread.
    pub conversation_id: Option<ThreadId>,
    /// The rollout file of the thread.
    pub rollout_path: Option<String>,
}

impl GetConversationSummaryParams {
    /// Requests the summary of a thread.
    #[must_use]
    pub fn of_thread(thread_id: impl Into<ThreadId>) -> Self {
        Self {
            conversation_id: Some(thread_id.into()),
            rollout_path: None,
        }
    }

    /// Requests the summary of the thread in a rollout file.
    #[must_use]
    pub fn of_rollout(path: impl Into<String>) -> Self {
        Self {
            conversation_id: None,
            rollout_path: Some(path.into()),
        }
    }
}

wire::object! { GetConversationSummaryParams {
    conversation_id: optional "conversationId",
    rollout_path: optional "rolloutPath",
} }

/// Response to `getConversationSummary` ([`GetConversationSummaryParams`]).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetConversationSummaryResponse {
    /// The summary.
    pub summary: ConversationSummary,
}

wire::object! { GetConversationSummaryResponse { summary: natural "summary" } }

impl Request for GetConversationSummaryParams {
    const METHOD: &'static str = "getConversationSummary";
    const EXPERIMENTAL: bool = false;
    type Response = GetConversationSummaryResponse;
}

/// Summary of a conversation, available without loading it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConversationSummary {
    /// The id of the thread.
    pub conversation_id: ThreadId,
    /// The version of the runtime that recorded the conversation.
    pub cli_version: String,
    /// The working directory.
    pub cwd: String,
    /// The state of the Git repository in the working directory.
    pub git_info: Option<ConversationGitInfo>,
    /// The model provider.
    pub model_provider: String,
    /// The rollout file.
    pub path: String,
    /// The beginning of the first message.
    pub preview: String,
    /// The kind of client that started the thread.
    pub source: SessionSource,
    /// The start time, in RFC 3339 format.
    pub timestamp: Option<String>,
    /// The time of the last update, in RFC 3339 format.
    pub updated_at: Option<String>,
}

wire::object! { ConversationSummary {
    conversation_id: natural "conversationId",
    cli_version: natural "cliVersion",
    cwd: natural "cwd",
    git_info: optional "gitInfo",
    model_provider: natural "modelProvider",
    path: natural "path",
    preview: natural "preview",
    source: natural "source",
    timestamp: optional "timestamp",
    updated_at: optional "updatedAt",
} }

/// The state of a Git repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ConversationGitInfo {
    /// The commit hash.
    pub sha: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The URL of the remote `origin`.
    pub origin_url: Option<String>,
}

wire::object! { ConversationGitInfo {
    sha: optional "sha",
    branch: optional "branch",
    origin_url: optional "origin_url",
} }

/// Parameters of the request `gitDiffToRemote`, which compares a Git repository with its remote.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitDiffToRemoteParams {
    /// A directory in the repository.
    pub cwd: String,
}

impl GitDiffToRemoteParams {
    /// Creates a new `GitDiffToRemoteParams` for the repository of a directory.
    #[must_use]
    pub fn new(cwd: impl Into<String>) -> Self {
        Self { cwd: cwd.into() }
    }
}

wire::object! { GitDiffToRemoteParams { cwd: required "cwd" } }

/// Response to `gitDiffToRemote` ([`GitDiffToRemoteParams`]).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitDiffToRemoteResponse {
    /// The hash of the remote commit.
    pub sha: String,
    /// The difference, as a unified diff.
    pub diff: String,
}

wire::object! { GitDiffToRemoteResponse {
    sha: natural "sha",
    diff: natural "diff",
} }

impl Request for GitDiffToRemoteParams {
    const METHOD: &'static str = "gitDiffToRemote";
    const EXPERIMENTAL: bool = false;
    type Response = GitDiffToRemoteResponse;
}
