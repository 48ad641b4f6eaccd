//! Short ways to the answers that a client gives most.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    GrantedPermissionProfile, McpServerElicitationAction, McpServerElicitationRequestParams,
    McpServerElicitationRequestResponse, RequestPermissionProfile, ToolRequestUserInputAnswer,
    ToolRequestUserInputResponse,
};

impl Default for ToolRequestUserInputResponse {
    /// No answer to any of the questions.
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl ToolRequestUserInputResponse {
    /// Answers a question, by its id: with the label of an option, or with the user's own words. A
    /// second answer to the same question is added to the first.
    #[must_use]
    pub fn answer(mut self, question_id: impl Into<String>, answer: impl Into<String>) -> Self {
        let nothing = || ToolRequestUserInputAnswer::new(Vec::new());
        let entry = self.answers.entry(question_id.into());
        entry.or_insert_with(nothing).answers.push(answer.into());
        self
    }
}

impl McpServerElicitationRequestResponse {
    /// The user has agreed, and this is what was filled in; `Value::Null` for a question without a
    /// form.
    #[must_use]
    pub fn accept(content: impl Into<Value>) -> Self {
        let accepted = Self::new(McpServerElicitationAction::Accept);
        match content.into() {
            Value::Null => accepted,
            content => accepted.content(content),
        }
    }

    /// The user has said no.
    #[must_use]
    pub fn decline() -> Self {
        Self::new(McpServerElicitationAction::Decline)
    }

    /// The user has closed the question without an answer.
    #[must_use]
    pub fn cancel() -> Self {
        Self::new(McpServerElicitationAction::Cancel)
    }
}

impl McpServerElicitationRequestParams {
    /// Whether it is codex that asks, for leave to call a tool of an MCP server: a form without fields.
    /// To accept it is to let the tool run.
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

/// All that was asked for.
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
    fn answers_to_questions_pile_up() {
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
    fn what_the_user_has_filled_in_is_not_shown() {
        let answer = ToolRequestUserInputResponse::default().answer("q", "hunter2");
        let form = McpServerElicitationRequestResponse::accept(json!({"pin": "hunter2"}));
        let shown = format!("{answer:?} {form:?}");
        assert!(
            shown.contains("Accept") && !shown.contains("hunter2"),
            "{shown}"
        );
    }

    #[test]
    fn an_elicitation_is_accepted_with_content_or_without() {
        let accepted = McpServerElicitationRequestResponse::accept(json!({"name": "x"}));
        let expected = json!({"action": "accept", "content": {"name": "x"}});
        assert_eq!(serde_json::to_value(&accepted).unwrap(), expected);
        let accepted = McpServerElicitationRequestResponse::accept(Value::Null);
        assert_eq!(accepted.content, None);
    }
}
