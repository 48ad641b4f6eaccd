//! Three requests that the server answers though its schema does not list them.
//!
//! Their shapes are those of the runtime's TypeScript and of recorded answers. They are not in
//! [`METHODS`](crate::METHODS); newer servers may drop them.

use crate::{AuthMode, Request, SessionSource, ThreadId, wire};

/// Params of `getAuthStatus`: how the server is logged in. Prefer `account/read`
/// ([`GetAccountParams`](crate::GetAccountParams)).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GetAuthStatusParams {
    /// Whether the answer shall have the token.
    pub include_token: Option<bool>,
    /// Whether the token shall be refreshed first.
    pub refresh_token: Option<bool>,
}

impl GetAuthStatusParams {
    /// Sets [`include_token`](Self::include_token).
    #[must_use]
    pub fn include_token(mut self, include_token: bool) -> Self {
        self.include_token = Some(include_token);
        self
    }

    /// Sets [`refresh_token`](Self::refresh_token).
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

/// Response of `getAuthStatus`.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct GetAuthStatusResponse {
    /// How the server is logged in; `None` if it is not.
    pub auth_method: Option<AuthMode>,
    /// The token, if it was asked for. `Debug` does not show it.
    pub auth_token: Option<String>,
    /// Whether the configured model provider needs a login with OpenAI.
    pub requires_openai_auth: Option<bool>,
}

wire::redacted! { GetAuthStatusResponse {
    auth_method, requires_openai_auth
} hides { auth_token } }

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

/// Params of `getConversationSummary`: one of the two says which conversation.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct GetConversationSummaryParams {
    /// The thread.
    pub conversation_id: Option<ThreadId>,
    /// The file that the thread is kept in.
    pub rollout_path: Option<String>,
}

impl GetConversationSummaryParams {
    /// The summary of a thread.
    #[must_use]
    pub fn of_thread(thread_id: impl Into<ThreadId>) -> Self {
        Self {
            conversation_id: Some(thread_id.into()),
            rollout_path: None,
        }
    }

    /// The summary of the thread that is kept in a file.
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

/// Response of `getConversationSummary`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetConversationSummaryResponse {
    /// The summary.
    pub summary: ConversationSummary,
}

wire::object! { GetConversationSummaryResponse { summary: required "summary" } }

impl Request for GetConversationSummaryParams {
    const METHOD: &'static str = "getConversationSummary";
    const EXPERIMENTAL: bool = false;
    type Response = GetConversationSummaryResponse;
}

/// What is known about a conversation without loading it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConversationSummary {
    /// The thread.
    pub conversation_id: ThreadId,
    /// Version of the runtime that recorded it.
    pub cli_version: String,
    /// Its working directory.
    pub cwd: String,
    /// The state of the repository it ran in.
    pub git_info: Option<ConversationGitInfo>,
    /// The provider of its model.
    pub model_provider: String,
    /// The file that it is kept in.
    pub path: String,
    /// Its first message, shortened.
    pub preview: String,
    /// Where it was started from.
    pub source: SessionSource,
    /// When it was started, as RFC 3339.
    pub timestamp: Option<String>,
    /// When it was last written, as RFC 3339.
    pub updated_at: Option<String>,
}

wire::object! { ConversationSummary {
    conversation_id: required "conversationId",
    cli_version: required "cliVersion",
    cwd: required "cwd",
    git_info: optional "gitInfo",
    model_provider: required "modelProvider",
    path: required "path",
    preview: required "preview",
    source: required "source",
    timestamp: optional "timestamp",
    updated_at: optional "updatedAt",
} }

/// The state of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ConversationGitInfo {
    /// The commit.
    pub sha: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The address of `origin`.
    pub origin_url: Option<String>,
}

wire::object! { ConversationGitInfo {
    sha: optional "sha",
    branch: optional "branch",
    origin_url: optional "origin_url",
} }

/// Params of `gitDiffToRemote`: what a repository has that its remote has not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitDiffToRemoteParams {
    /// A folder in the repository.
    pub cwd: String,
}

impl GitDiffToRemoteParams {
    /// The difference of the repository at this folder.
    #[must_use]
    pub fn new(cwd: impl Into<String>) -> Self {
        Self { cwd: cwd.into() }
    }
}

wire::object! { GitDiffToRemoteParams { cwd: required "cwd" } }

/// Response of `gitDiffToRemote`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitDiffToRemoteResponse {
    /// The commit that the difference is to.
    pub sha: String,
    /// The difference, in the unified format.
    pub diff: String,
}

wire::object! { GitDiffToRemoteResponse {
    sha: required "sha",
    diff: required "diff",
} }

impl Request for GitDiffToRemoteParams {
    const METHOD: &'static str = "gitDiffToRemote";
    const EXPERIMENTAL: bool = false;
    type Response = GitDiffToRemoteResponse;
}
