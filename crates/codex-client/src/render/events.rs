//! Notifications.

use codex_types::{
    ServerNotification, ThreadGoalUpdatedNotification, ThreadStatus, TurnPlanStepStatus,
    TurnPlanUpdatedNotification,
};

use crate::{
    render::{
        changes,
        description::{Block, Description},
        items::{self, unknown},
        results,
        units::{count, length, milliseconds, number},
    },
    tokens::Tokens,
};

/// Describes a notification. One that means little to people is described by its method.
pub(super) fn describe(event: &ServerNotification) -> Description<'_> {
    use ServerNotification as Event;

    match event {
        Event::ItemStarted(started) => {
            let description = items::describe(&started.item);
            match description.notes.is_empty() {
                true => description.note("started"),
                false => description,
            }
        }
        Event::ItemCompleted(done) => items::describe(&done.item),
        Event::AgentMessageDelta(delta) => Description::new("codex", &*delta.delta),
        Event::PlanDelta(delta) => Description::new("plan", &*delta.delta),
        Event::ReasoningSummaryTextDelta(delta) => Description::new("thought", &*delta.delta),
        Event::ReasoningTextDelta(delta) => Description::new("thought", &*delta.delta),
        Event::CommandExecutionOutputDelta(delta) => Description::new("output", &*delta.delta),
        Event::FileChangePatchUpdated(patch) => changes::describe("changing", &patch.changes),
        Event::McpToolCallProgress(progress) => Description::new("progress", &*progress.message),
        Event::TerminalInteraction(input) => Description::new("typed", &*input.stdin),
        Event::TurnStarted(_) => Description::new("turn started", ""),
        Event::TurnCompleted(done) => {
            let duration = milliseconds(done.turn.duration_ms);
            results::ended(&done.turn.status, done.turn.error.as_ref()).notes(duration)
        }
        Event::TurnPlanUpdated(updated) => plan(updated),
        Event::TurnDiffUpdated(updated) => changes::whole(&updated.diff),
        Event::Error(error) => {
            let retry = if error.will_retry { "retrying" } else { "" };
            let details = error.error.additional_details.as_deref();
            Description::new("error", &*error.error.message)
                .note(retry)
                .output(details.unwrap_or_default())
        }
        Event::Warning(warning) => Description::new("warning", &*warning.message),
        Event::GuardianWarning(warning) => Description::new("warning", &*warning.message),
        Event::ConfigWarning(warning) => Description::new("warning", &*warning.summary)
            .note(warning.path.as_deref().unwrap_or_default())
            .output(warning.details.as_deref().unwrap_or_default()),
        Event::DeprecationNotice(notice) => Description::new("deprecated", &*notice.summary)
            .output(notice.details.as_deref().unwrap_or_default()),
        Event::ContextCompacted(_) => Description::new("compacted the conversation", ""),
        Event::ModelRerouted(rerouted) => {
            let text = format!("{} instead of {}", rerouted.to_model, rerouted.from_model);
            Description::new("model", text).note(rerouted.reason.as_str())
        }
        Event::ModelProviderAuthRecoveryStarted(recovery)
        | Event::ModelProviderAuthRecoveryCompleted(recovery) => {
            Description::new(&*recovery.provider, &*recovery.message)
        }
        Event::HookStarted(hook) => {
            Description::new("hook", hook.run.event_name.as_str()).note("started")
        }
        Event::HookCompleted(hook) => {
            let entries = hook.run.entries.iter().map(|entry| entry.text.clone());
            let entries: Vec<_> = entries.collect();
            Description::new("hook", hook.run.event_name.as_str())
                .note(hook.run.status.as_str())
                .note(hook.run.status_message.as_deref().unwrap_or_default())
                .block((!entries.is_empty()).then_some(Block::List(entries)))
        }
        Event::ThreadTokenUsageUpdated(updated) => {
            let total = Tokens::from(&updated.token_usage.total).total;
            Description::new("tokens", number(total)).note("in the thread")
        }
        Event::AccountRateLimitsUpdated(updated) => {
            let limits = &updated.rate_limits;
            let windows = [&limits.primary, &limits.secondary].into_iter().flatten();
            let windows = windows.map(|window| match window.window_duration_mins {
                Some(minutes) => format!("{} % of {minutes} min", window.used_percent),
                None => format!("{} %", window.used_percent),
            });
            Description::new("rate limits", windows.collect::<Vec<_>>().join(", "))
        }
        Event::ThreadStarted(started) => Description::new("thread started", &*started.thread.id),
        Event::ThreadNameUpdated(updated) => Description::new(
            "thread named",
            updated.thread_name.as_deref().unwrap_or("(none)"),
        ),
        Event::ThreadStatusChanged(changed) => {
            let status = match &changed.status {
                ThreadStatus::Active(_) => "active",
                other => other.tag(),
            };
            Description::new("thread", status)
        }
        Event::ThreadGoalUpdated(updated) => goal(updated),
        Event::ThreadGoalCleared(_) => Description::new("goal cleared", ""),
        Event::ThreadArchived(_) => Description::new("thread archived", ""),
        Event::ThreadUnarchived(_) => Description::new("thread restored", ""),
        Event::ThreadDeleted(_) => Description::new("thread deleted", ""),
        Event::ThreadClosed(_) => Description::new("thread closed", ""),
        Event::McpServerStatusUpdated(updated) => Description::new("MCP server", &*updated.name)
            .note(updated.status.as_str())
            .note(updated.error.as_deref().unwrap_or_default()),
        Event::AccountLoginCompleted(login) => match &login.error {
            Some(error) => Description::new("login failed", &**error),
            None if login.success => Description::new("logged in", ""),
            None => Description::new("login failed", ""),
        },
        Event::FsChanged(changed) => {
            let paths: Vec<_> = changed
                .changed_paths
                .iter()
                .map(|it| it.0.clone())
                .collect();
            Description::new("changed on disk", count(length(paths.len()), "path"))
                .block(Block::List(paths))
        }
        Event::ProcessExited(exited) => {
            Description::new("process exited", "").note(format!("exit {}", exited.exit_code))
        }
        Event::ThreadRealtimeError(error) => Description::new("error", &*error.message),
        Event::Unrecognized(message) => unknown(&message.method),
        other => Description::new(other.method(), ""),
    }
}

/// Describes a plan: by the step at hand, and all steps with check marks.
fn plan(updated: &TurnPlanUpdatedNotification) -> Description<'_> {
    let is_done = |status: &TurnPlanStepStatus| *status == TurnPlanStepStatus::Completed;
    let done = updated
        .plan
        .iter()
        .filter(|step| is_done(&step.status))
        .count();
    let current = updated.plan.iter().find(|step| !is_done(&step.status));
    let text = current.map_or("all steps are done", |step| step.step.as_str());
    let steps = updated.plan.iter().map(|step| {
        let mark = match step.status {
            TurnPlanStepStatus::Completed => '✓',
            TurnPlanStepStatus::InProgress => '▸',
            _ => '·',
        };
        format!("{mark} {}", step.step)
    });
    Description::new("plan", text)
        .note(format!("{done} of {} done", updated.plan.len()))
        .block(Block::List(steps.collect()))
}

fn goal(updated: &ThreadGoalUpdatedNotification) -> Description<'_> {
    let used = u64::try_from(updated.goal.tokens_used).unwrap_or_default();
    Description::new("goal", &*updated.goal.objective)
        .note(updated.goal.status.as_str())
        .note(count(used, "token"))
}
