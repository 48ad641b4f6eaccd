//! Requests for approval.

use std::{borrow::Cow, fmt};

use codex_types::{
    AdditionalFileSystemPermissions, AdditionalNetworkPermissions, CommandExecutionApprovalKind,
    CommandExecutionRequestApprovalParams, FileSystemPath, FileSystemSandboxEntry,
};

use crate::{
    approvals::request::ApprovalRequest,
    render::{
        changes,
        description::{Block, Description, Text},
    },
};

/// Describes a request for approval.
pub(super) fn describe(request: &ApprovalRequest) -> Description<'_> {
    match request {
        ApprovalRequest::Command(params) => command(params),
        ApprovalRequest::FileChange(change) => {
            let description = match &change.changes {
                Some(changes) => changes::describe("change", changes),
                None => Description::new("change", "files that the server did not name"),
            };
            let root = change.params.grant_root.as_deref();
            description.notes(root.map(|root| format!("and write below {root} from now on")))
        }
        ApprovalRequest::Permissions(params) => {
            let asked = &params.permissions;
            let asked = permissions(asked.file_system.as_ref(), asked.network.as_ref());
            Description::new("grant", asked.join(", ")).block(Block::List(asked))
        }
        ApprovalRequest::LegacyCommand(params) => {
            let words: Vec<_> = params.command.iter().map(|word| quoted(word)).collect();
            Description::new("run", words.join(" ")).note(format!("in {}", params.cwd))
        }
        ApprovalRequest::LegacyPatch(params) => changes::describe("change", &params.file_changes),
    }
    .notes(request.reason().map(|reason| format!("reason: {reason}")))
}

fn command(params: &CommandExecutionRequestApprovalParams) -> Description<'_> {
    let label = match params.kind {
        CommandExecutionApprovalKind::WriteStdin => "type into the running command",
        _ => "run",
    };
    let network = params.network_approval_context.as_ref();
    let (label, text) = match (&params.command, network) {
        (Some(command), _) => (label, command.as_str()),
        (None, Some(network)) => ("connect to", network.host.as_str()),
        (None, None) => (label, "a command that the server did not name"),
    };
    let host = network.map(|it| format!("connects to {} by {}", it.host, it.protocol.as_str()));
    let cwd = params.cwd.as_ref().map(|cwd| format!("in {}", cwd.0));
    let asked = params.additional_permissions.as_ref().map(|asked| {
        let asked = permissions(asked.file_system.as_ref(), asked.network.as_ref());
        format!("with {}", asked.join(", "))
    });
    Description::new(label, text)
        .notes(cwd)
        .notes(host)
        .notes(asked)
}

/// Lists permissions.
fn permissions(
    files: Option<&AdditionalFileSystemPermissions>,
    network: Option<&AdditionalNetworkPermissions>,
) -> Vec<String> {
    let mut listed = Vec::new();
    if let Some(files) = files {
        for (access, paths) in [("write", &files.write), ("read", &files.read)] {
            listed.extend(
                paths
                    .iter()
                    .flatten()
                    .map(|path| format!("{access} {}", path.0)),
            );
        }
        listed.extend(files.entries.iter().flatten().map(entry));
    }
    if network.is_some_and(|network| network.enabled != Some(false)) {
        listed.push("use the network".to_owned());
    }
    if listed.is_empty() {
        listed.push("no known permission".to_owned());
    }
    listed
}

fn entry(entry: &FileSystemSandboxEntry) -> String {
    let path = match &entry.path {
        FileSystemPath::Path(path) => path.path.0.clone(),
        FileSystemPath::GlobPattern(glob) => glob.pattern.clone(),
        other => serde_json::to_string(other).unwrap_or_default(),
    };
    format!("{} {path}", entry.access.as_str())
}

/// Quotes a word of a command for a shell, if it needs to be.
fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./=:,@%+".contains(char);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")).into(),
    }
}

/// The text of [`render::approval`](crate::render::approval).
impl fmt::Display for ApprovalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Text::complete(describe(self)).fmt(f)
    }
}
