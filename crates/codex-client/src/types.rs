//! The values and events of the protocol that a user of this crate meets: what options take, what
//! results hold, what streams bring.
//!
//! It is a selection, and the same types as in `codex_types`, which has all of the protocol.

/// A JSON object, which is one of the things that the option `config` takes.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

// What the options of the request builders take, and what such values are made of.
// What is told of watched files.
// What requests are answered with. Where a handle returns nothing of it, `Codex::request` does.
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
// What streams bring.
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
// What the server asks, and what it is answered.
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
// What a turn and its result are made of.
pub use codex_types::{
    AgentMessageThreadItem, CodexErrorInfo, CollabAgentToolCallThreadItem, CommandExecutionSource,
    CommandExecutionStatus, CommandExecutionThreadItem, ContextCompactionThreadItem,
    DynamicToolCallThreadItem, EnteredReviewModeThreadItem, ExitedReviewModeThreadItem,
    FileChangeThreadItem, FunctionCallOutputThreadItem, HookPromptThreadItem,
    ImageGenerationThreadItem, ImageViewThreadItem, McpToolCallThreadItem, MessagePhase,
    PlanThreadItem, ReasoningThreadItem, SleepThreadItem, SubAgentActivityThreadItem, ThreadItem,
    ThreadTokenUsage, TokenUsageBreakdown, Turn, TurnError, TurnStatus, UserMessageThreadItem,
    WebSearchThreadItem,
};
// The pieces of an input.
pub use codex_types::{
    AudioUserInput, ImageUserInput, LocalAudioUserInput, LocalImageUserInput, MentionUserInput,
    SkillUserInput, TextUserInput, UserInput,
};
// What is reviewed.
pub use codex_types::{
    BaseBranchReviewTarget, CommitReviewTarget, CustomReviewTarget, ReviewTarget,
};
// What processes are told and tell.
pub use codex_types::{CommandExecOutputStream, CommandExecTerminalSize};
// What goals are, and what is told of them.
pub use codex_types::{
    ThreadGoal, ThreadGoalClearedNotification, ThreadGoalStatus, ThreadGoalUpdatedNotification,
};
