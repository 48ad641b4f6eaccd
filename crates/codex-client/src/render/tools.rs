//! Calls of tools and agents.

use codex_types::{
    CollabAgentTool, CollabAgentToolCallStatus, CollabAgentToolCallThreadItem,
    DynamicToolCallOutputContentItem, DynamicToolCallStatus, DynamicToolCallThreadItem,
    FunctionCallOutputBody, FunctionCallOutputContentItem, FunctionCallOutputThreadItem,
    McpToolCallStatus, McpToolCallThreadItem,
};
use serde_json::Value;

use crate::render::{
    description::{Block, Description},
    items::image_source,
    units::milliseconds,
};

pub(super) fn mcp_call(call: &McpToolCallThreadItem) -> Description<'_> {
    let label = match call.status {
        McpToolCallStatus::InProgress => "calling",
        McpToolCallStatus::Failed => "failed to call",
        _ => "called",
    };
    let name = format!("{}.{}", call.server, call.tool);
    let description = Description::new(label, with_arguments(&name, &call.arguments))
        .notes(milliseconds(call.duration_ms));
    if let Some(error) = &call.error {
        return description.output(&*error.message);
    }
    let Some(result) = &call.result else {
        return description;
    };
    let structured = result.structured_content.iter().map(Value::to_string);
    let parts = match result.content.is_empty() {
        true => structured.collect(),
        false => result.content.iter().map(mcp_part).collect::<Vec<_>>(),
    };
    description.output(parts.join("\n"))
}

/// Returns the text of a content block of an MCP server, or what it is.
fn mcp_part(part: &Value) -> String {
    let field = |name: &str| part.get(name).and_then(Value::as_str);
    match (field("type"), field("text")) {
        (_, Some(text)) => text.to_owned(),
        (Some(kind), None) => {
            let more = field("mimeType").or(field("uri")).unwrap_or_default();
            format!("[{kind} {more}]").replace(" ]", "]")
        }
        (None, None) => part.to_string(),
    }
}

pub(super) fn dynamic_call(call: &DynamicToolCallThreadItem) -> Description<'_> {
    let label = match (&call.status, call.success) {
        (DynamicToolCallStatus::InProgress, _) => "calling",
        (DynamicToolCallStatus::Failed, _) | (_, Some(false)) => "failed to call",
        _ => "called",
    };
    let name = match call.namespace.as_deref() {
        None | Some("") => call.tool.clone(),
        Some(namespace) => format!("{namespace}.{}", call.tool),
    };
    let parts = call.content_items.iter().flatten().map(|part| match part {
        DynamicToolCallOutputContentItem::InputText(text) => text.text.clone(),
        DynamicToolCallOutputContentItem::InputImage(image) => {
            format!("[image {}]", image_source(&image.image_url))
        }
        other => format!("[{}]", other.tag()),
    });
    Description::new(label, with_arguments(&name, &call.arguments))
        .notes(milliseconds(call.duration_ms))
        .output(parts.collect::<Vec<_>>().join("\n"))
}

/// Returns a call of a tool. Arguments that are an empty object are left out.
fn with_arguments(name: &str, arguments: &Value) -> String {
    match arguments {
        Value::Null => format!("{name}()"),
        Value::Object(members) if members.is_empty() => format!("{name}()"),
        _ => format!("{name}({arguments})"),
    }
}

pub(super) fn function_output(call: &FunctionCallOutputThreadItem) -> Description<'_> {
    let name = match call.namespace.as_deref() {
        None | Some("") => call.name.clone(),
        Some(namespace) => format!("{namespace}.{}", call.name),
    };
    let output = match &call.output {
        FunctionCallOutputBody::Text(text) => text.clone(),
        FunctionCallOutputBody::ContentItems(parts) => {
            let parts = parts.iter().map(|part| match part {
                FunctionCallOutputContentItem::InputText(text) => text.text.clone(),
                FunctionCallOutputContentItem::InputImage(image) => {
                    let url = image.image_url.as_deref().or(image.file_id.as_deref());
                    format!("[image {}]", image_source(url.unwrap_or_default()))
                }
                other => format!("[{}]", other.tag()),
            });
            parts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    };
    Description::new("output of", name).output(output)
}

pub(super) fn agent_call(call: &CollabAgentToolCallThreadItem) -> Description<'_> {
    let label = match &call.tool {
        CollabAgentTool::SpawnAgent => "start agent",
        CollabAgentTool::SendInput => "instruct agent",
        CollabAgentTool::ResumeAgent => "resume agent",
        CollabAgentTool::Wait => "wait for agents",
        CollabAgentTool::CloseAgent => "close agent",
        CollabAgentTool::SendMessage => "message to agent",
        CollabAgentTool::FollowupTask => "further task for agent",
        CollabAgentTool::InterruptAgent => "interrupt agent",
        CollabAgentTool::ListAgents => "list agents",
        other => other.as_str(),
    };
    let status = match &call.status {
        CollabAgentToolCallStatus::Completed => "",
        CollabAgentToolCallStatus::InProgress => "in progress",
        other => other.as_str(),
    };
    let text = match call.prompt.as_deref() {
        None | Some("") => call.receiver_thread_ids.join(", "),
        Some(prompt) => prompt.to_owned(),
    };
    let states = call.agents_states.iter().map(|(id, state)| {
        let message = state.message.as_deref().unwrap_or_default();
        let separator = if message.is_empty() { "" } else { ": " };
        format!("{id} {}{separator}{message}", state.status.as_str())
    });
    let states: Vec<_> = states.collect();
    Description::new(label, text)
        .note(status)
        .note(call.model.as_deref().unwrap_or_default())
        .block((!states.is_empty()).then_some(Block::List(states)))
}
