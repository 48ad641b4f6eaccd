//! The settings of a thread.

use std::{borrow::Cow, collections::HashMap};

use codex_types::{
    ApprovalsReviewer, AskForApproval, CollaborationMode, Personality, ReasoningEffort,
    ReasoningSummary, SandboxPolicy,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// The settings of a thread, which apply to its next turn, from
/// [`Thread::settings`](crate::Thread::settings).
///
/// A member is `None` if the thread does not have the setting, if the server does not report it, or
/// if it cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ThreadSettings {
    /// The id of the model.
    pub model: Option<String>,
    /// The id of the model provider in the configuration.
    pub model_provider: Option<String>,
    /// The reasoning effort. `None` for the default of the model.
    pub effort: Option<ReasoningEffort>,
    /// How reasoning is summarized. The server reports it only when a setting changes.
    pub summary: Option<ReasoningSummary>,
    /// The service tier.
    pub service_tier: Option<String>,
    /// The personality of the model. The server reports it only when a setting changes.
    pub personality: Option<Personality>,
    /// The collaboration mode. The server does not report it for a new thread.
    pub collaboration_mode: Option<CollaborationMode>,
    /// The working directory, an absolute path.
    pub cwd: Option<String>,
    /// The sandbox for commands.
    pub sandbox: Option<SandboxPolicy>,
    /// When the server requests approval.
    pub approval_policy: Option<AskForApproval>,
    /// The reviewer of approval requests.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// The id of the permission profile from which the sandbox comes.
    pub permission_profile: Option<String>,
    /// The files with instructions, such as `AGENTS.md`, that the thread was loaded with.
    pub instruction_sources: Option<Vec<String>>,
}

/// The members of a JSON object, not decoded yet.
type Members<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

impl ThreadSettings {
    /// Reads the settings from the response to `thread/start`, `thread/resume` or `thread/fork`.
    pub(crate) fn from_response(result: &str) -> Self {
        let mut settings = Self::default();
        if let Ok(members) = serde_json::from_str::<Members<'_>>(result) {
            settings.update(&members);
        }
        settings
    }

    /// Changes the settings to those of the params of `thread/settings/updated`.
    pub(crate) fn update_from(&mut self, params: &str) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Params<'a> {
            #[serde(borrow)]
            thread_settings: Members<'a>,
        }

        if let Ok(params) = serde_json::from_str::<Params<'_>>(params) {
            self.update(&params.thread_settings);
        }
    }

    /// Sets the settings that are among these members.
    fn update(&mut self, members: &Members<'_>) {
        #[derive(Deserialize)]
        struct Profile {
            id: String,
        }

        set(&mut self.model, members, "model");
        set(&mut self.model_provider, members, "modelProvider");
        set(&mut self.effort, members, "reasoningEffort");
        set(&mut self.effort, members, "effort");
        set(&mut self.summary, members, "summary");
        set(&mut self.service_tier, members, "serviceTier");
        set(&mut self.personality, members, "personality");
        set(&mut self.collaboration_mode, members, "collaborationMode");
        set(&mut self.cwd, members, "cwd");
        set(&mut self.sandbox, members, "sandbox");
        set(&mut self.sandbox, members, "sandboxPolicy");
        set(&mut self.approval_policy, members, "approvalPolicy");
        set(&mut self.approvals_reviewer, members, "approvalsReviewer");
        set(&mut self.instruction_sources, members, "instructionSources");
        if members.contains_key("activePermissionProfile") {
            let mut profile = None::<Profile>;
            set(&mut profile, members, "activePermissionProfile");
            self.permission_profile = profile.map(|profile| profile.id);
        }
    }
}

/// Sets a setting to the member with this name, if there is one.
fn set<T: DeserializeOwned>(setting: &mut Option<T>, members: &Members<'_>, name: &str) {
    if let Some(value) = members.get(name) {
        *setting = serde_json::from_str(value.get()).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_and_the_changes_after_it_are_read() {
        let mut settings = ThreadSettings::from_response(
            r#"{"thread":{"id":"t","model":"other"},"model":"m","modelProvider":"p",
            "reasoningEffort":"low","cwd":"/a","sandbox":{"type":"readOnly"},
            "approvalPolicy":"never","activePermissionProfile":{"id":":read-only"},
            "instructionSources":["/a/AGENTS.md"]}"#,
        );
        assert_eq!(settings.model.as_deref(), Some("m"));
        assert_eq!(settings.effort, Some(ReasoningEffort::Low));
        assert_eq!(settings.permission_profile.as_deref(), Some(":read-only"));
        settings.update_from(
            r#"{"threadId":"t","threadSettings":{"model":"n","effort":null,"cwd":"/b",
            "sandboxPolicy":{"type":"dangerFullAccess"},"activePermissionProfile":null}}"#,
        );
        let expected = ThreadSettings {
            model: Some("n".to_owned()),
            model_provider: Some("p".to_owned()),
            cwd: Some("/b".to_owned()),
            sandbox: Some(SandboxPolicy::DangerFullAccess),
            approval_policy: Some(AskForApproval::Never),
            instruction_sources: Some(vec!["/a/AGENTS.md".to_owned()]),
            ..ThreadSettings::default()
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn a_member_that_is_missing_or_cannot_be_read_affects_no_other() {
        let settings = ThreadSettings::from_response(r#"{"model":7,"sandbox":[],"cwd":"/a"}"#);
        assert_eq!(settings.cwd.as_deref(), Some("/a"));
        assert_eq!((settings.model, settings.sandbox), (None, None));
        assert_eq!(
            ThreadSettings::from_response("[]"),
            ThreadSettings::default()
        );
    }
}
