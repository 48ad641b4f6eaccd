//! The protocol types in the API of this crate: option values, results, events, and the requests
//! from the server and their responses.
//!
//! This is a selection from [`protocol`](crate::protocol), which has all types of the protocol.

/// A JSON object, such as the value of the `config` option.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

// Options of request builders and their parts, responses, and changes to watched files. Where a
// handle's method does not return the response, `Codex::request` does.
pub use codex_types::{
    Account, ApprovalsReviewer, AskForApproval, CancelLoginAccountResponse,
    CancelLoginAccountStatus, ExternalSandboxSandboxPolicy, FsChangedNotification,
    GetAccountResponse, GranularAskForApproval, InitializeResponse, Model, ModelListResponse,
    Personality, PlanType, ReadOnlySandboxPolicy, ReasoningEffort, ReasoningSummary, SandboxMode,
    SandboxPolicy, SortDirection, Thread, ThreadArchiveResponse, ThreadCompactStartResponse,
    ThreadListCwdFilter, ThreadListResponse, ThreadReadResponse, ThreadSetNameResponse,
    ThreadSortKey, ThreadSource, ThreadSourceKind, ThreadStartSource, ThreadStatus,
    TurnInterruptResponse, TurnSteerResponse, WorkspaceWriteSandboxPolicy,
};
// Notifications.
pub use codex_types::{
    AccountLoginCompletedNotification, AccountRateLimitsUpdatedNotification,
    AccountUpdatedNotification, AgentMessageDeltaNotification,
    CommandExecutionOutputDeltaNotification, ConfigWarningNotification,
    ContextCompactedNotification, DeprecationNoticeNotification, ErrorNotification,
    FileChangeOutputDeltaNotification, FileChangePatchUpdatedNotification,
    GuardianWarningNotification, ItemCompletedNotification,
    ItemGuardianApprovalReviewCompletedNotification, ItemGuardianApprovalReviewStartedNotification,
    ItemStartedNotification, McpServerStatusUpdatedNotification, McpToolCallProgressNotification,
    ModelReroutedNotification, PlanDeltaNotification, ReasoningSummaryPartAddedNotification,
    ReasoningSummaryTextDeltaNotification, ReasoningTextDeltaNotification, ServerNotification,
    ServerRequestResolvedNotification, TerminalInteractionNotification, ThreadArchivedNotification,
    ThreadClosedNotification, ThreadDeletedNotification, ThreadNameUpdatedNotification,
    ThreadSettingsUpdatedNotification, ThreadStartedNotification, ThreadStatusChangedNotification,
    ThreadTokenUsageUpdatedNotification, ThreadUnarchivedNotification, TurnCompletedNotification,
    TurnDiffUpdatedNotification, TurnPlanUpdatedNotification, TurnStartedNotification,
    UnrecognizedMessage, WarningNotification,
};
// Requests from the server and their responses.
pub use codex_types::{
    AdditionalFileSystemPermissions, AdditionalNetworkPermissions, AttestationGenerateParams,
    AttestationGenerateResponse, ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshResponse,
    CommandAction, CommandExecutionApprovalDecision, CommandExecutionApprovalKind,
    CommandExecutionRequestApprovalParams, CommandExecutionRequestApprovalResponse,
    CurrentTimeReadParams, CurrentTimeReadResponse, DynamicToolCallOutputContentItem,
    DynamicToolCallParams, DynamicToolCallResponse, FileChangeApprovalDecision,
    FileChangeRequestApprovalParams, FileChangeRequestApprovalResponse, FileUpdateChange,
    GrantedPermissionProfile, McpElicitationPrimitiveSchema, McpServerElicitationAction,
    McpServerElicitationRequestParams, McpServerElicitationRequestResponse, NetworkPolicyAmendment,
    PatchChangeKind, PermissionGrantScope, PermissionsRequestApprovalParams,
    PermissionsRequestApprovalResponse, RequestId, RequestPermissionProfile, ServerCall,
    ServerRequest, ToolRequestUserInputAnswer, ToolRequestUserInputOption,
    ToolRequestUserInputParams, ToolRequestUserInputQuestion, ToolRequestUserInputResponse,
};
// Turns, their results and items.
pub use codex_types::{
    AgentMessageThreadItem, CodexErrorInfo, CollabAgentState, CollabAgentStatus, CollabAgentTool,
    CollabAgentToolCallStatus, CollabAgentToolCallThreadItem, CommandExecutionSource,
    CommandExecutionStatus, CommandExecutionThreadItem, ContextCompactionThreadItem,
    DynamicToolCallThreadItem, EnteredReviewModeThreadItem, ExitedReviewModeThreadItem,
    FileChangeThreadItem, FunctionCallOutputThreadItem, HookPromptThreadItem,
    ImageGenerationThreadItem, ImageViewThreadItem, McpToolCallThreadItem, MessagePhase,
    PlanThreadItem, ReasoningThreadItem, SleepThreadItem, SubAgentActivityKind,
    SubAgentActivityThreadItem, ThreadItem, ThreadTokenUsage, TokenUsageBreakdown, Turn, TurnError,
    TurnStatus, UserMessageThreadItem, WebSearchThreadItem,
};
// Pieces of an input.
pub use codex_types::{
    AudioUserInput, ImageUserInput, LocalAudioUserInput, LocalImageUserInput, MentionUserInput,
    SkillUserInput, TextUserInput, UserInput,
};
// Targets of reviews.
pub use codex_types::{
    BaseBranchReviewTarget, CommitReviewTarget, CustomReviewTarget, ReviewTarget,
};
// Processes.
pub use codex_types::{CommandExecOutputStream, CommandExecTerminalSize};
// Goals.
pub use codex_types::{
    ThreadGoal, ThreadGoalClearedNotification, ThreadGoalStatus, ThreadGoalUpdatedNotification,
};
