//! Requests for leave to do something.

use codex_types::{
    ApplyPatchApprovalParams, CommandExecutionApprovalKind, CommandExecutionRequestApprovalParams,
    ExecCommandApprovalParams, FileChangePatchUpdatedNotification, FileChangeRequestApprovalParams,
    FileUpdateChange, ItemStartedNotification, PermissionsRequestApprovalParams, ServerCall,
    ThreadItem,
};

use crate::{approvals::read_only, connection::inbound_request::InboundRequest, error::Result};

/// The server asks for leave to do something that the sandbox or the approval policy does not allow
/// by itself.
///
/// Answered with a [`Decision`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ApprovalRequest {
    /// To run a command, or to write to the input of a running one
    /// (`item/commandExecution/requestApproval`).
    Command(Box<CommandExecutionRequestApprovalParams>),
    /// To change files (`item/fileChange/requestApproval`).
    FileChange(Box<FileChangeApproval>),
    /// To have more permissions, from then on (`item/permissions/requestApproval`).
    Permissions(Box<PermissionsRequestApprovalParams>),
    /// To run a command, request in the way of older servers (`execCommandApproval`).
    LegacyCommand(Box<ExecCommandApprovalParams>),
    /// To change files, request in the way of older servers (`applyPatchApproval`).
    LegacyPatch(Box<ApplyPatchApprovalParams>),
}

/// A request to change files, with what is to be changed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FileChangeApproval {
    /// The request itself.
    pub params: FileChangeRequestApprovalParams,
    /// The changes that the item consists of, from the notifications before the request. `None` if they
    /// are not known: the server has sent none, or they were too many to be kept (8 MiB).
    pub changes: Option<Vec<FileUpdateChange>>,
}

/// The methods whose answer is a decision.
pub(crate) const APPROVALS: [&str; 5] = [
    CommandExecutionRequestApprovalParams::METHOD,
    FileChangeRequestApprovalParams::METHOD,
    PermissionsRequestApprovalParams::METHOD,
    ExecCommandApprovalParams::METHOD,
    ApplyPatchApprovalParams::METHOD,
];

impl ApprovalRequest {
    /// The request, if it is one for leave.
    pub(crate) fn of(request: &InboundRequest) -> Result<Option<Self>> {
        Ok(Some(match request.method() {
            CommandExecutionRequestApprovalParams::METHOD => {
                Self::Command(Box::new(request.params()?))
            }
            FileChangeRequestApprovalParams::METHOD => {
                let params: FileChangeRequestApprovalParams = request.params()?;
                let changes = changes(request, &params.item_id);
                Self::FileChange(Box::new(FileChangeApproval { params, changes }))
            }
            PermissionsRequestApprovalParams::METHOD => {
                Self::Permissions(Box::new(request.params()?))
            }
            ExecCommandApprovalParams::METHOD => Self::LegacyCommand(Box::new(request.params()?)),
            ApplyPatchApprovalParams::METHOD => Self::LegacyPatch(Box::new(request.params()?)),
            _ => return Ok(None),
        }))
    }

    /// The thread in which it is to be done.
    pub fn thread_id(&self) -> &str {
        match self {
            Self::Command(params) => &params.thread_id,
            Self::FileChange(change) => &change.params.thread_id,
            Self::Permissions(params) => &params.thread_id,
            Self::LegacyCommand(params) => params.conversation_id.as_str(),
            Self::LegacyPatch(params) => params.conversation_id.as_str(),
        }
    }

    /// The turn in which it is to be done; older servers do not say.
    pub fn turn_id(&self) -> Option<&str> {
        match self {
            Self::Command(params) => Some(&params.turn_id),
            Self::FileChange(change) => Some(&change.params.turn_id),
            Self::Permissions(params) => Some(&params.turn_id),
            Self::LegacyCommand(_) | Self::LegacyPatch(_) => None,
        }
    }

    /// The item that it belongs to. Several requests may belong to one item.
    pub fn item_id(&self) -> &str {
        match self {
            Self::Command(params) => &params.item_id,
            Self::FileChange(change) => &change.params.item_id,
            Self::Permissions(params) => &params.item_id,
            Self::LegacyCommand(params) => &params.call_id,
            Self::LegacyPatch(params) => &params.call_id,
        }
    }

    /// Why the model or the server asks, in words.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Command(params) => params.reason.as_deref(),
            Self::FileChange(change) => change.params.reason.as_deref(),
            Self::Permissions(params) => params.reason.as_deref(),
            Self::LegacyCommand(params) => params.reason.as_deref(),
            Self::LegacyPatch(params) => params.reason.as_deref(),
        }
    }

    /// Whether it is certain that nothing is changed: a command that consists of programs known to
    /// read only, with options known to be harmless, and that asks for no more permissions and for
    /// no network. What is not certain is `false`, and so is all that is no command.
    ///
    /// It is judged by the command itself, not by the server's description of it, which is for
    /// display. What the command reads may still be secret, and what the machine itself is set up to do
    /// is trusted: `PATH`, the profile of the shell, the configuration file of `rg`.
    pub fn is_read_only(&self) -> bool {
        match self {
            Self::Command(params) => {
                params.kind == CommandExecutionApprovalKind::Command
                    && params.additional_permissions.is_none()
                    && params.network_approval_context.is_none()
                    && params.command.as_deref().is_some_and(read_only::line)
            }
            Self::LegacyCommand(params) => read_only::words(&params.command),
            Self::FileChange(_) | Self::Permissions(_) | Self::LegacyPatch(_) => false,
        }
    }
}

/// What an item wants to change, by the last that was said about it.
fn changes(request: &InboundRequest, item_id: &str) -> Option<Vec<FileUpdateChange>> {
    let newest_first = request.related.iter();
    newest_first
        .filter_map(|params| changes_of(params, item_id))
        .next()
        .filter(|changes| !changes.is_empty())
}

/// What this notification says about the item.
fn changes_of(params: &str, item_id: &str) -> Option<Vec<FileUpdateChange>> {
    if let Ok(updated) = serde_json::from_str::<FileChangePatchUpdatedNotification>(params) {
        return (updated.item_id == item_id).then_some(updated.changes);
    }
    match serde_json::from_str::<ItemStartedNotification>(params) {
        Ok(started) => match started.item {
            ThreadItem::FileChange(item) if item.id == item_id => Some(item.changes),
            _ => None,
        },
        Err(_) => None,
    }
}
