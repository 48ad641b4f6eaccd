//! Constructors for common responses.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    GrantedPermissionProfile, McpServerElicitationAction, McpServerElicitationRequestParams,
    McpServerElicitationRequestResponse, RequestPermissionProfile, ToolRequestUserInputAnswer,
    ToolRequestUserInputResponse,
};

impl Default for ToolRequestUserInputResponse {
    /// Answers none of the questions.
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl ToolRequestUserInputResponse {
    /// Answers a question by its id, with the label of an option or with free text. Further answers
    /// to the same question are added to the first one.
    #[must_use]
    pub fn answer(mut self, question_id: impl Into<String>, answer: impl Into<String>) -> Self {
        let empty = || ToolRequestUserInputAnswer::new(Vec::new());
        let entry = self.answers.entry(question_id.into());
        entry.or_insert_with(empty).answers.push(answer.into());
        self
    }
}

impl McpServerElicitationRequestResponse {
    /// Accepts the elicitation with the content that the user entered. Pass `Value::Null` if there
    /// is no form.
    #[must_use]
    pub fn accept(content: impl Into<Value>) -> Self {
        let accepted = Self::new(McpServerElicitationAction::Accept);
        match content.into() {
            Value::Null => accepted,
            content => accepted.content(content),
        }
    }

    /// Declines the elicitation.
    #[must_use]
    pub fn decline() -> Self {
        Self::new(McpServerElicitationAction::Decline)
    }

    /// Cancels the elicitation: the user dismissed the question without making a choice.
    #[must_use]
    pub fn cancel() -> Self {
        Self::new(McpServerElicitationAction::Cancel)
    }
}

impl McpServerElicitationRequestParams {
    /// Whether the elicitation is Codex's request to call a tool of an MCP server. Such an
    /// elicitation is a form without fields; accepting it runs the tool.
    pub fn is_tool_approval(&self) -> bool {
        let Self::Form(form) = self else {
            return false;
        };
        let kind = form
            .meta
            .as_ref()
            .and_then(|meta| meta.get("codex_approval_kind"));
        kind.is_some_and(|kind| kind == "mcp_tool_call")
    }
}

/// Grants all requested permissions.
impl From<RequestPermissionProfile> for GrantedPermissionProfile {
    fn from(requested: RequestPermissionProfile) -> Self {
        Self {
            file_system: requested.file_system,
            network: requested.network,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_to_the_same_question_accumulate() {
        let response = ToolRequestUserInputResponse::default()
            .answer("color", "blue")
            .answer("sizes", "s")
            .answer("sizes", "m");
        let expected = json!({"answers": {
            "color": {"answers": ["blue"]},
            "sizes": {"answers": ["s", "m"]},
        }});
        assert_eq!(serde_json::to_value(&response).unwrap(), expected);
    }

    #[test]
    fn debug_redacts_the_users_answers() {
        let answer = ToolRequestUserInputResponse::default().answer("q", "hunter2");
        let form = McpServerElicitationRequestResponse::accept(json!({"pin": "hunter2"}));
        let shown = format!("{answer:?} {form:?}");
        assert!(
            shown.contains("Accept") && !shown.contains("hunter2"),
            "{shown}"
        );
    }

    #[test]
    fn an_elicitation_is_accepted_with_or_without_content() {
        let accepted = McpServerElicitationRequestResponse::accept(json!({"name": "x"}));
        let expected = json!({"action": "accept", "content": {"name": "x"}});
        assert_eq!(serde_json::to_value(&accepted).unwrap(), expected);
        let accepted = McpServerElicitationRequestResponse::accept(Value::Null);
        assert_eq!(accepted.content, None);
    }
}
