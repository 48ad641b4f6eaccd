//! The requests that resume a thread with the options that it had. Performs no I/O.

use codex_types::{
    CollaborationMode, ModeKind, Request, SandboxMode, SandboxPolicy, ThreadResumeParams,
    ThreadSettingsUpdateParams,
};
use serde_json::{Map, Value};

use crate::{
    config::ThreadSettings,
    error::{Error, Result},
    routing::resumable_threads::{Load, ResumableThread},
};

/// The members of `thread/start`, `thread/resume` and `thread/fork` that `thread/resume` also has, and
/// that are options of the thread.
const OPTIONS: [&str; 13] = [
    "approvalPolicy",
    "approvalsReviewer",
    "baseInstructions",
    "config",
    "cwd",
    "developerInstructions",
    "model",
    "modelProvider",
    "permissions",
    "personality",
    "runtimeWorkspaceRoots",
    "sandbox",
    "serviceTier",
];

/// Returns the params that resume a thread: the options that it was loaded with, and what has changed
/// since.
pub(crate) fn resume_params(
    thread: &ResumableThread,
    excludes_turns: bool,
    is_experimental: bool,
) -> Result<ThreadResumeParams> {
    let mut params = options(&thread.load)?;
    params.thread_id.clone_from(&thread.thread_id);
    params.exclude_turns = excludes_turns.then_some(true);
    let (now, before) = (&*thread.settings, &*thread.initial);
    // Also those that came from the configuration, which may have changed.
    set(&mut params.model, now.model.as_ref());
    set(&mut params.model_provider, now.model_provider.as_ref());
    set(&mut params.cwd, now.cwd.as_ref());
    set(&mut params.approval_policy, now.approval_policy.as_ref());
    if now.approvals_reviewer != before.approvals_reviewer {
        params
            .approvals_reviewer
            .clone_from(&now.approvals_reviewer);
    }
    if now.service_tier != before.service_tier {
        params.service_tier = Some(now.service_tier.clone());
    }
    let has_profile = params.permissions.is_some() || now.permission_profile.is_some();
    let is_changed = now.sandbox != before.sandbox && !is_experimental;
    if is_changed || (params.sandbox.is_none() && !has_profile) {
        let mode = now.sandbox.as_ref().and_then(mode);
        if mode.is_some() {
            params.sandbox = mode;
            params.permissions = None;
        }
    }
    Ok(params)
}

/// Reads the options of the request that has loaded a thread.
fn options(load: &Load) -> Result<ThreadResumeParams> {
    let unreadable = |error: serde_json::Error| Error::InvalidInput(error.to_string().into());
    let sent: Map<String, Value> = serde_json::from_slice(&load.params).map_err(unreadable)?;
    let is_resume = load.method == ThreadResumeParams::METHOD;
    let is_option = |name: &str| OPTIONS.contains(&name) || (is_resume && name == "path");
    let mut options: Map<_, _> = sent
        .into_iter()
        .filter(|(name, _)| is_option(name))
        .collect();
    options.insert("threadId".to_owned(), Value::from(""));
    serde_json::from_value(options.into()).map_err(unreadable)
}

fn set<T: Clone>(option: &mut Option<T>, setting: Option<&T>) {
    if let Some(setting) = setting {
        *option = Some(setting.clone());
    }
}

/// Returns the mode of a sandbox; `None` if there is none.
fn mode(policy: &SandboxPolicy) -> Option<SandboxMode> {
    match policy {
        SandboxPolicy::DangerFullAccess => Some(SandboxMode::DangerFullAccess),
        SandboxPolicy::ReadOnly(_) => Some(SandboxMode::ReadOnly),
        SandboxPolicy::WorkspaceWrite(_) => Some(SandboxMode::WorkspaceWrite),
        _ => None,
    }
}

/// Returns the params that restore the settings of a thread which differ from those it was resumed
/// with; `None` if there are none.
pub(crate) fn settings_update(
    thread: &ResumableThread,
    resumed: &ThreadSettings,
) -> Option<ThreadSettingsUpdateParams> {
    fn differing<T: Clone + PartialEq>(wanted: &Option<T>, resumed: &Option<T>) -> Option<T> {
        wanted.clone().filter(|_| wanted != resumed)
    }

    let wanted = &*thread.settings;
    let none = ThreadSettingsUpdateParams::new(&*thread.thread_id);
    let mut update = none.clone();
    update.approval_policy = differing(&wanted.approval_policy, &resumed.approval_policy);
    update.approvals_reviewer = differing(&wanted.approvals_reviewer, &resumed.approvals_reviewer);
    update.collaboration_mode = differing(&wanted.collaboration_mode, &resumed.collaboration_mode)
        .filter(|mode| !is_initial(mode));
    update.cwd = differing(&wanted.cwd, &resumed.cwd);
    update.effort = differing(&wanted.effort, &resumed.effort);
    update.model = differing(&wanted.model, &resumed.model);
    update.personality = differing(&wanted.personality, &resumed.personality);
    update.service_tier = differing(&wanted.service_tier, &resumed.service_tier).map(Some);
    update.summary = differing(&wanted.summary, &resumed.summary);
    update.permissions = differing(&wanted.permission_profile, &resumed.permission_profile);
    if update.permissions.is_none() {
        update.sandbox_policy = differing(&wanted.sandbox, &resumed.sandbox);
    }
    (update != none).then_some(update)
}

/// Whether a thread is resumed in this mode in any case. Set explicitly, the mode would have
/// instructions of its own.
fn is_initial(mode: &CollaborationMode) -> bool {
    mode.mode == ModeKind::Default && mode.settings.developer_instructions.is_none()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    /// Returns a thread that was loaded with this request, and whose settings have changed.
    fn thread(method: &str, params: &Value, initial: &Value, changes: &Value) -> ResumableThread {
        let initial = ThreadSettings::from_response(&initial.to_string());
        let mut settings = initial.clone();
        settings.update_from(&json!({ "threadSettings": changes }).to_string());
        let params = serde_json::to_vec(params).unwrap();
        let methods = ["thread/start", "thread/resume", "thread/fork"];
        let method = methods.into_iter().find(|known| *known == method).unwrap();
        ResumableThread {
            thread_id: "t".to_owned(),
            load: Load::of(method, Some(&params)).unwrap(),
            initial: Arc::new(initial),
            settings: Arc::new(settings),
        }
    }

    fn params(thread: &ResumableThread, is_experimental: bool) -> Value {
        serde_json::to_value(resume_params(thread, true, is_experimental).unwrap()).unwrap()
    }

    fn update(thread: &ResumableThread, resumed: &Value) -> Option<Value> {
        let resumed = ThreadSettings::from_response(&resumed.to_string());
        settings_update(thread, &resumed).map(|it| serde_json::to_value(it).unwrap())
    }

    #[test]
    fn a_thread_is_resumed_with_the_options_it_was_started_with() {
        let started = json!({
            "model": "m", "sandbox": "workspace-write", "approvalPolicy": "never", "cwd": "/a",
            "config": { "a": 1 }, "baseInstructions": "b", "developerInstructions": "d",
            "dynamicTools": [{ "name": "x" }], "ephemeral": false, "threadSource": "user",
        });
        let reported = json!({
            "model": "m", "modelProvider": "p", "cwd": "/a", "approvalPolicy": "never",
            "sandbox": { "type": "workspaceWrite", "writableRoots": [] },
        });
        let thread = thread("thread/start", &started, &reported, &json!({}));
        let expected = json!({
            "threadId": "t", "excludeTurns": true, "model": "m", "modelProvider": "p",
            "sandbox": "workspace-write", "approvalPolicy": "never", "cwd": "/a",
            "config": { "a": 1 }, "baseInstructions": "b", "developerInstructions": "d",
        });
        assert_eq!(params(&thread, true), expected);
        assert_eq!(update(&thread, &reported), None);
    }

    #[test]
    fn what_a_turn_has_changed_is_restored() {
        let reported = json!({
            "model": "m", "cwd": "/a", "sandbox": { "type": "dangerFullAccess" },
            "reasoningEffort": "low",
        });
        let changes = json!({
            "model": "n", "cwd": "/b", "effort": "high", "summary": "concise",
            "sandboxPolicy": { "type": "readOnly" }, "serviceTier": "fast",
        });
        let started = json!({ "sandbox": "danger-full-access" });
        let thread = thread("thread/start", &started, &reported, &changes);
        let expected = json!({
            "threadId": "t", "excludeTurns": true, "model": "n", "cwd": "/b",
            "sandbox": "danger-full-access", "serviceTier": "fast",
        });
        assert_eq!(params(&thread, true), expected);
        let resumed = json!({
            "model": "n", "cwd": "/b", "sandbox": { "type": "dangerFullAccess" },
            "serviceTier": "fast",
        });
        let restored = json!({
            "threadId": "t", "effort": "high", "summary": "concise",
            "sandboxPolicy": { "type": "readOnly" },
        });
        assert_eq!(update(&thread, &resumed), Some(restored));
        // A client without the experimental API sets the mode, all that it can.
        assert_eq!(params(&thread, false)["sandbox"], json!("read-only"));
    }

    #[test]
    fn the_mode_is_restored_unless_threads_are_resumed_in_it() {
        let mode = |mode: &str| {
            json!({ "mode": mode, "settings": {
                "model": "m", "reasoning_effort": null, "developer_instructions": null,
            } })
        };
        let restored = |name| {
            let changes = json!({ "collaborationMode": mode(name) });
            let thread = thread("thread/start", &json!({}), &json!({}), &changes);
            update(&thread, &json!({})).map(|update| update["collaborationMode"]["mode"].clone())
        };
        assert_eq!(restored("default"), None);
        assert_eq!(restored("plan"), Some(json!("plan")));
    }

    #[test]
    fn a_permission_profile_is_not_combined_with_a_sandbox() {
        let reported = json!({
            "sandbox": { "type": "readOnly" }, "activePermissionProfile": { "id": "mine" },
        });
        let started = json!({ "permissions": "mine" });
        let chosen = thread("thread/start", &started, &reported, &json!({}));
        let expected = json!({ "threadId": "t", "excludeTurns": true, "permissions": "mine" });
        assert_eq!(params(&chosen, true), expected);
        assert_eq!(update(&chosen, &reported), None);
        let configured = thread("thread/start", &json!({}), &reported, &json!({}));
        let expected = json!({ "threadId": "t", "excludeTurns": true });
        assert_eq!(params(&configured, true), expected);
        let resumed = json!({ "sandbox": { "type": "dangerFullAccess" } });
        let restored = json!({ "threadId": "t", "permissions": "mine" });
        assert_eq!(update(&configured, &resumed), Some(restored));
    }

    #[test]
    fn a_thread_that_was_forked_is_not_resumed_by_the_path_of_its_source() {
        let sent = json!({ "threadId": "s", "path": "/rollout", "excludeTurns": false });
        for (method, path) in [
            ("thread/fork", Value::Null),
            ("thread/resume", json!("/rollout")),
        ] {
            let thread = thread(method, &sent, &json!({}), &json!({}));
            let params = params(&thread, true);
            assert_eq!((&params["threadId"], &params["path"]), (&json!("t"), &path));
        }
    }
}
