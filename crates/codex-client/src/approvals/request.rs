//! Approval requests.

use std::sync::Arc;

use codex_types::{
    ApplyPatchApprovalParams, CommandExecutionApprovalKind, CommandExecutionRequestApprovalParams,
    ExecCommandApprovalParams, FileChangePatchUpdatedNotification, FileChangeRequestApprovalParams,
    FileUpdateChange, ItemStartedNotification, PermissionsRequestApprovalParams, ServerCall,
    ServerRequest, ThreadItem,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    approvals::read_only::{is_read_only_command, is_read_only_line},
    connection::inbound_request::InboundRequest,
    error::{Result, decode_error::DecodeError},
    rpc::display_members::decode_without_display_members,
};

/// A request from the server to approve an action that the sandbox or the approval policy does not
/// allow.
///
/// The response is a [`Decision`](crate::Decision).
///
/// In serde, a request is an object with the name of its variant in camelCase as `type`, and the
/// params of the protocol as `params`. Those of a file change also contain the `changes`, if they
/// are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", content = "params", rename_all = "camelCase")]
#[non_exhaustive]
pub enum ApprovalRequest {
    /// Running a command, or writing to the input of a running one
    /// (`item/commandExecution/requestApproval`).
    Command(Box<CommandExecutionRequestApprovalParams>),
    /// Changing files (`item/fileChange/requestApproval`).
    FileChange(Box<FileChangeApproval>),
    /// Granting further permissions (`item/permissions/requestApproval`).
    Permissions(Box<PermissionsRequestApprovalParams>),
    /// Running a command, on older servers (`execCommandApproval`).
    LegacyCommand(Box<ExecCommandApprovalParams>),
    /// Changing files, on older servers (`applyPatchApproval`).
    LegacyPatch(Box<ApplyPatchApprovalParams>),
}

/// A request to approve a file change, with the changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FileChangeApproval {
    /// The params of the request.
    #[serde(flatten)]
    pub params: FileChangeRequestApprovalParams,
    /// The changes, taken from earlier notifications. `None` if they are not known: the server sent
    /// none, or they exceeded the limit of 8 MiB for kept changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<FileUpdateChange>>,
}

/// The methods of approval requests.
pub(crate) const APPROVAL_METHODS: [&str; 5] = [
    CommandExecutionRequestApprovalParams::METHOD,
    FileChangeRequestApprovalParams::METHOD,
    PermissionsRequestApprovalParams::METHOD,
    ExecCommandApprovalParams::METHOD,
    ApplyPatchApprovalParams::METHOD,
];

impl ApprovalRequest {
    /// Decodes a request; `None` if it is not an approval request.
    pub(crate) fn decode(request: &InboundRequest) -> Result<Option<Self>> {
        Ok(Self::new(&request.message()?, &request.related))
    }

    /// Returns the approval request that a request is; `None` if it is not one. `related` are the
    /// params of earlier notifications that it refers to, newest first.
    pub(crate) fn new(request: &ServerRequest, related: &[Arc<str>]) -> Option<Self> {
        Some(match request {
            ServerRequest::CommandExecutionRequestApproval(params) => Self::Command(params.clone()),
            ServerRequest::FileChangeRequestApproval(params) => {
                let changes = changes(related, &params.item_id);
                let params = params.clone();
                Self::FileChange(Box::new(FileChangeApproval { params, changes }))
            }
            ServerRequest::PermissionsRequestApproval(params) => Self::Permissions(params.clone()),
            ServerRequest::ExecCommandApproval(params) => {
                Self::LegacyCommand(Box::new(params.clone()))
            }
            ServerRequest::ApplyPatchApproval(params) => {
                Self::LegacyPatch(Box::new(params.clone()))
            }
            _ => return None,
        })
    }

    /// Returns the id of the thread.
    pub fn thread_id(&self) -> &str {
        match self {
            Self::Command(params) => &params.thread_id,
            Self::FileChange(change) => &change.params.thread_id,
            Self::Permissions(params) => &params.thread_id,
            Self::LegacyCommand(params) => params.conversation_id.as_str(),
            Self::LegacyPatch(params) => params.conversation_id.as_str(),
        }
    }

    /// Returns the id of the turn; `None` for the requests of older servers, which do not name it.
    pub fn turn_id(&self) -> Option<&str> {
        match self {
            Self::Command(params) => Some(&params.turn_id),
            Self::FileChange(change) => Some(&change.params.turn_id),
            Self::Permissions(params) => Some(&params.turn_id),
            Self::LegacyCommand(_) | Self::LegacyPatch(_) => None,
        }
    }

    /// Returns the id of the item that requires the approval. An item may have several requests.
    pub fn item_id(&self) -> &str {
        match self {
            Self::Command(params) => &params.item_id,
            Self::FileChange(change) => &change.params.item_id,
            Self::Permissions(params) => &params.item_id,
            Self::LegacyCommand(params) => &params.call_id,
            Self::LegacyPatch(params) => &params.call_id,
        }
    }

    /// Returns the reason for the request, written by the model or the server.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Command(params) => params.reason.as_deref(),
            Self::FileChange(change) => change.params.reason.as_deref(),
            Self::Permissions(params) => params.reason.as_deref(),
            Self::LegacyCommand(params) => params.reason.as_deref(),
            Self::LegacyPatch(params) => params.reason.as_deref(),
        }
    }

    /// Whether the request is a command that is known to change nothing: it consists of programs
    /// that only read, with options that are known to be harmless, and requires neither further
    /// permissions nor network access. Returns `false` for all other commands, and for other kinds
    /// of requests.
    ///
    /// The check is based on the command itself, not on the server's description of it, which is
    /// for display. Everything that it is based on was read: a request with an unreadable command,
    /// permission or network access is declined. The command may still read secrets. The setup of
    /// the machine is trusted: `PATH`, the profile of the shell and the configuration file of `rg`.
    pub fn is_read_only(&self) -> bool {
        match self {
            Self::Command(params) => {
                params.kind == CommandExecutionApprovalKind::Command
                    && params.additional_permissions.is_none()
                    && params.network_approval_context.is_none()
                    && params.command.as_deref().is_some_and(is_read_only_line)
            }
            Self::LegacyCommand(params) => is_read_only_command(&params.command),
            Self::FileChange(_) | Self::Permissions(_) | Self::LegacyPatch(_) => false,
        }
    }
}

/// Returns the changes of an item, from the last notification about it.
fn changes(newest_first: &[Arc<str>], item_id: &str) -> Option<Vec<FileUpdateChange>> {
    // If the last one cannot be read, earlier ones may be outdated.
    let last = newest_first
        .iter()
        .find_map(|params| changes_in(params, item_id))?;
    last.filter(|changes| !changes.is_empty())
}

/// Returns the changes in the params of a notification about an item: `None` if it is about another
/// item, `Some(None)` if it cannot be read.
fn changes_in(params: &str, item_id: &str) -> Option<Option<Vec<FileUpdateChange>>> {
    if let Some(updated) = read::<FileChangePatchUpdatedNotification>(params) {
        return (updated.item_id == item_id).then_some(Some(updated.changes));
    }
    let Some(started) = read::<ItemStartedNotification>(params) else {
        return params.contains(item_id).then_some(None);
    };
    match started.item {
        ThreadItem::FileChange(item) if item.id == item_id => Some(Some(item.changes)),
        _ => None,
    }
}

/// Decodes the params of a notification that a decision rests on. The subscribers of the
/// notification get the errors.
fn read<T: DeserializeOwned>(params: &str) -> Option<T> {
    let decode = |params: &str| {
        serde_json::from_str(params).map_err(|error| DecodeError::new(None, params, &error))
    };
    decode(params).ok().or_else(|| {
        let read = decode_without_display_members(params, decode).ok()?;
        Some(read.value)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Returns the params of an `item/started` with a member that is only displayed and unreadable.
    fn started(id: &str, changes: &Value) -> Arc<str> {
        let item = json!({"type": "fileChange", "id": id, "changes": changes});
        let params = json!({"threadId": "t", "turnId": "u", "startedAtMs": "soon", "item": item});
        params.to_string().into()
    }

    #[test]
    fn the_last_changes_of_an_item_are_read_whole_or_not_at_all() {
        let change = json!({"path": "/a", "kind": {"type": "add"}, "diff": "+a"});
        let one = json!([change]);
        let drifted = json!([change, 5]);
        let changes =
            |newest_first: &[Arc<str>]| changes(newest_first, "own").map(|changes| changes.len());
        assert_eq!(changes(&[started("own", &one)]), Some(1));
        assert_eq!(changes(&[started("own", &drifted)]), None);
        let outdated = [started("own", &drifted), started("own", &one)];
        assert_eq!(changes(&outdated), None);
        let of_another_item = [started("i", &drifted), started("own", &one)];
        assert_eq!(changes(&of_another_item), Some(1));
    }
}
