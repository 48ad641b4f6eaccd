//! Items of threads.

use std::{borrow::Cow, time::Duration};

use codex_types::{
    CommandExecutionSource, CommandExecutionStatus, CommandExecutionThreadItem,
    ImageGenerationThreadItem, ReasoningThreadItem, ThreadItem, UserInput, UserMessageThreadItem,
    WebSearchAction, WebSearchThreadItem,
};

use crate::render::{
    changes,
    description::Description,
    tools,
    units::{count, duration, length, milliseconds},
};

/// Describes an item.
pub(super) fn describe(item: &ThreadItem) -> Description<'_> {
    match item {
        ThreadItem::UserMessage(message) => Description::new("user", user_text(message)),
        ThreadItem::HookPrompt(prompt) => {
            let texts: Vec<_> = prompt.fragments.iter().map(|it| it.text.as_str()).collect();
            Description::new("hook", texts.join("\n"))
        }
        ThreadItem::AgentMessage(message) => Description::new("codex", &*message.text),
        ThreadItem::FunctionCallOutput(call) => tools::function_output(call),
        ThreadItem::Plan(plan) => Description::new("plan", &*plan.text),
        ThreadItem::Reasoning(reasoning) => Description::new("thought", thought(reasoning)),
        ThreadItem::CommandExecution(command) => describe_command(command),
        ThreadItem::FileChange(change) => changes::describe_item(change),
        ThreadItem::McpToolCall(call) => tools::mcp_call(call),
        ThreadItem::DynamicToolCall(call) => tools::dynamic_call(call),
        ThreadItem::CollabAgentToolCall(call) => tools::agent_call(call),
        ThreadItem::SubAgentActivity(activity) => {
            let agent = match activity.agent_path.as_str() {
                "" => &activity.agent_thread_id,
                path => path,
            };
            Description::new("sub-agent", agent)
                .note(activity.kind.as_str())
                .note(activity.model.as_deref().unwrap_or_default())
        }
        ThreadItem::WebSearch(search) => describe_search(search),
        ThreadItem::ImageView(view) => Description::new("viewed image", &*view.path.0),
        ThreadItem::Sleep(sleep) => {
            Description::new("slept", duration(Duration::from_millis(sleep.duration_ms)))
        }
        ThreadItem::ImageGeneration(image) => describe_image(image),
        ThreadItem::EnteredReviewMode(review) => Description::new("reviewing", &*review.review),
        ThreadItem::ExitedReviewMode(review) => Description::new("review", &*review.review),
        ThreadItem::ContextCompaction(_) => Description::new("compacted the conversation", ""),
        other => unknown(other.tag()),
    }
}

/// Describes an item or a notification that this client does not know.
pub(super) fn unknown(name: &str) -> Description<'_> {
    let name = if name.is_empty() { "item" } else { name };
    Description::new(name, "").note("not known to this client")
}

/// Returns the text of a message from the user, and its other inputs in brackets.
fn user_text(message: &UserMessageThreadItem) -> Cow<'_, str> {
    if let [UserInput::Text(text)] = message.content.as_slice() {
        return Cow::Borrowed(&text.text);
    }
    let inputs = message.content.iter().map(|input| match input {
        UserInput::Text(text) => text.text.clone(),
        UserInput::Image(image) => {
            let source = image.url.as_deref().or(image.file_id.as_deref());
            format!("[image {}]", image_source(source.unwrap_or_default()))
        }
        UserInput::LocalImage(image) => format!("[image {}]", image.path),
        UserInput::LocalAudio(audio) => format!("[audio {}]", audio.path),
        UserInput::Skill(skill) => format!("[skill {}]", skill.name),
        UserInput::Mention(mention) => format!("[{}: {}]", mention.name, mention.path),
        other => format!("[{}]", other.tag()),
    });
    Cow::Owned(inputs.collect::<Vec<_>>().join("\n"))
}

/// Returns the URL of an image or, of a data URL, only the type.
pub(super) fn image_source(url: &str) -> &str {
    match url.strip_prefix("data:") {
        Some(data) => data.split([';', ',']).next().unwrap_or_default(),
        None => url,
    }
}

/// Returns the summary of a reasoning or, without one, its content.
fn thought(reasoning: &ReasoningThreadItem) -> String {
    match reasoning.summary.is_empty() {
        true => reasoning.content.join("\n\n"),
        false => reasoning.summary.join("\n\n"),
    }
}

fn describe_command(command: &CommandExecutionThreadItem) -> Description<'_> {
    let label = match command.status {
        CommandExecutionStatus::InProgress => "running",
        CommandExecutionStatus::Declined => "declined to run",
        _ => "ran",
    };
    let status = match (command.exit_code, &command.status) {
        (Some(code), _) => format!("exit {code}"),
        (None, CommandExecutionStatus::Failed) => "failed".to_owned(),
        (None, _) => String::new(),
    };
    let by = match command.source {
        CommandExecutionSource::UserShell => "typed by the user",
        _ => "",
    };
    Description::new(label, script(&command.command))
        .note(status)
        .notes(milliseconds(command.duration_ms))
        .note(by)
        .output(command.aggregated_output.as_deref().unwrap_or_default())
}

/// Returns the script of a command that runs it in a shell, `/bin/bash -lc 'script'`, and any other
/// command as it is.
pub(super) fn script(command: &str) -> &str {
    let mut words = command.splitn(3, ' ');
    let (Some(shell), Some("-lc" | "-c"), Some(script)) =
        (words.next(), words.next(), words.next())
    else {
        return command;
    };
    let shell = shell.rsplit('/').next().unwrap_or_default();
    if !["bash", "dash", "sh", "zsh"].contains(&shell) {
        return command;
    }
    let quoted = |quote: char| script.strip_prefix(quote)?.strip_suffix(quote);
    match (quoted('\''), quoted('"')) {
        (Some(script), _) if !script.contains('\'') => script,
        // Within double quotes, some characters are special.
        (_, Some(script)) if !script.contains(['"', '\\', '$', '`', '!']) => script,
        _ if !script.contains([' ', '\'', '"', '\\']) => script,
        _ => command,
    }
}

fn describe_search(search: &WebSearchThreadItem) -> Description<'_> {
    let results = search.results.as_deref().map_or(0, <[_]>::len);
    let results = match results {
        0 => String::new(),
        found => count(length(found), "result"),
    };
    let (label, text) = match &search.action {
        Some(WebSearchAction::OpenPage(page)) => ("opened", page.url.as_deref().map(Cow::from)),
        Some(WebSearchAction::FindInPage(found)) => {
            let pattern = found.pattern.as_deref().unwrap_or_default();
            let url = found.url.as_deref().unwrap_or("a page");
            (
                "searched a page",
                Some(format!("{pattern} in {url}").into()),
            )
        }
        Some(WebSearchAction::Search(action)) => {
            let queries = action
                .queries
                .as_ref()
                .filter(|queries| !queries.is_empty());
            let queries = queries.map(|queries| queries.join("; ").into());
            let query = action.query.as_deref().map(Cow::from);
            ("searched the web", query.or(queries))
        }
        _ => ("searched the web", None),
    };
    let text = text.filter(|text| !text.is_empty());
    Description::new(label, text.unwrap_or_else(|| search.query.as_str().into())).note(results)
}

fn describe_image(image: &ImageGenerationThreadItem) -> Description<'_> {
    let path = image.saved_path.as_ref().map(|path| path.0.as_str());
    let text = path.or(image.revised_prompt.as_deref()).unwrap_or_default();
    let status = match (&image.failure, image.status.as_str()) {
        (Some(failure), _) => format!("failed: {}", failure.tag()),
        (None, "completed") => String::new(),
        (None, status) => status.to_owned(),
    };
    Description::new("generated image", text).note(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_a_shell_is_shown_without_the_shell() {
        for (command, shown) in [
            ("/bin/bash -lc 'ls && pwd'", "ls && pwd"),
            ("zsh -lc \"echo 'hi there'\"", "echo 'hi there'"),
            ("/bin/sh -c ls", "ls"),
            ("/bin/bash -lc 'it'\\''s'", "/bin/bash -lc 'it'\\''s'"),
            ("bash -lc \"echo $HOME\"", "bash -lc \"echo $HOME\""),
            ("bash -lc ls extra", "bash -lc ls extra"),
            ("python -c 'print()'", "python -c 'print()'"),
            ("ls -l", "ls -l"),
            ("", ""),
        ] {
            assert_eq!(script(command), shown);
        }
    }
}
