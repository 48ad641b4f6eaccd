//! Transcripts of threads.

use std::fmt;

use codex_types::{ThreadItem, Turn, TurnError, TurnStatus, UserInput};

use crate::{
    render::{
        clean::{clean, one_line, without_data},
        description::{Block, Description},
        items, markdown, results,
    },
    turn_result::TurnResult,
};

/// The number of characters of a title, a label or a command.
const LINE: usize = 300;

/// A transcript as Markdown: the prompts, the responses, the commands with their output, and the
/// diffs of the changed files. Write it with `{}`.
///
/// Returned by [`render::thread`](crate::render::thread) and
/// [`render::results`](crate::render::results).
#[derive(Debug, Clone)]
#[must_use]
pub struct Transcript<'a> {
    title: Option<String>,
    turns: Vec<TurnParts<'a>>,
    lines: usize,
}

/// The parts of a turn that a transcript shows.
#[derive(Debug, Clone)]
struct TurnParts<'a> {
    status: &'a TurnStatus,
    error: Option<&'a TurnError>,
    items: &'a [ThreadItem],
}

impl<'a> Transcript<'a> {
    fn new(turns: Vec<TurnParts<'a>>) -> Self {
        Self {
            title: None,
            turns,
            lines: 100,
        }
    }

    pub(super) fn of_turns(turns: &'a [Turn]) -> Self {
        let turns = turns.iter().map(|turn| TurnParts {
            status: &turn.status,
            error: turn.error.as_ref(),
            items: &turn.items,
        });
        Self::new(turns.collect())
    }

    pub(super) fn of_results(results: impl IntoIterator<Item = &'a TurnResult>) -> Self {
        let turns = results.into_iter().map(|result| TurnParts {
            status: &result.status,
            error: result.error.as_ref(),
            items: &result.items,
        });
        Self::new(turns.collect())
    }

    /// Sets the title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the number of lines that are shown of each output and diff, 100 by default. The number
    /// of the other lines is stated.
    pub fn lines(mut self, limit: usize) -> Self {
        self.lines = limit;
        self
    }

    /// Returns the paragraphs of the transcript.
    fn paragraphs(&self) -> Vec<String> {
        let mut paragraphs = Vec::new();
        let title = self.title.as_deref().map(|title| one_line(title, LINE));
        if let Some(title) = title.filter(|title| !title.is_empty()) {
            paragraphs.push(format!("# {}", markdown::escaped(&title)));
        }
        for (number, turn) in (1..).zip(&self.turns) {
            let status = match turn.status {
                TurnStatus::Completed => String::new(),
                other => format!(" ({})", results::ended(other, None).label()),
            };
            paragraphs.push(format!("## Turn {number}{}", markdown::escaped(&status)));
            let mut speaker = None;
            for item in turn.items {
                let now = match item {
                    ThreadItem::UserMessage(_) => "User",
                    _ => "Codex",
                };
                let content = self.item(item);
                if content.is_empty() {
                    continue;
                }
                if speaker.replace(now) != Some(now) {
                    paragraphs.push(format!("### {now}"));
                }
                paragraphs.extend(content);
            }
            let is_failed = *turn.status != TurnStatus::Completed;
            if let Some(error) = turn.error.filter(|_| is_failed) {
                let ended = results::ended(turn.status, Some(error));
                let message = one_line(&ended.text, LINE);
                paragraphs.push(labelled(&ended, &markdown::escaped(&message)));
            }
        }
        paragraphs
    }

    /// Returns the paragraphs of an item.
    fn item(&self, item: &ThreadItem) -> Vec<String> {
        let prose = |text: &str| clean(&without_data(text)).trim().to_owned();
        let mut paragraphs = match item {
            ThreadItem::UserMessage(message) => message.content.iter().map(input).collect(),
            ThreadItem::AgentMessage(message) => vec![markdown::contained(&prose(&message.text))],
            ThreadItem::ImageView(view) => vec![linked("viewed image", &view.path.0)],
            ThreadItem::ImageGeneration(image) if image.failure.is_none() => {
                let path = image.saved_path.as_ref().map(|path| path.0.as_str());
                let linked = path.map(|path| linked("generated image", path));
                linked.map_or_else(|| self.action(item), |linked| vec![linked])
            }
            ThreadItem::Reasoning(_)
            | ThreadItem::Plan(_)
            | ThreadItem::HookPrompt(_)
            | ThreadItem::ExitedReviewMode(_) => {
                let description = items::describe(item);
                let text = prose(&description.text);
                match text.is_empty() {
                    true => Vec::new(),
                    false => vec![labelled(&description, ""), markdown::quoted(&text)],
                }
            }
            other => self.action(other),
        };
        paragraphs.retain(|paragraph| !paragraph.is_empty());
        paragraphs
    }

    fn action(&self, item: &ThreadItem) -> Vec<String> {
        self.described(&items::describe(item))
    }

    /// Returns what was done, with its subject as code, and the details in code blocks.
    fn described(&self, description: &Description<'_>) -> Vec<String> {
        let text = without_data(&description.text);
        let text = text.trim();
        let mut paragraphs = Vec::new();
        if text.lines().nth(1).is_some() {
            paragraphs.push(labelled(description, ""));
            let lines = clean(text);
            let lines: Vec<_> = lines.lines().map(str::to_owned).collect();
            paragraphs.push(markdown::fenced("text", &lines));
        } else {
            let line = one_line(text, LINE);
            let subject = match line.is_empty() {
                true => line,
                false => markdown::code(&line),
            };
            paragraphs.push(labelled(description, &subject));
        }
        for block in &description.blocks {
            let language = match block {
                Block::Diff(_) => "diff",
                Block::Output(_) | Block::List(_) => "text",
            };
            paragraphs.push(markdown::fenced(language, &block.lines(self.lines)));
        }
        paragraphs
    }
}

/// Returns the label, the subject and the facts of a description in a line.
fn labelled(description: &Description<'_>, subject: &str) -> String {
    let label = markdown::escaped(&description.label());
    let separator = if subject.is_empty() { "" } else { " " };
    let facts = markdown::escaped(&description.facts());
    format!("**{label}**{separator}{subject}{facts}")
}

/// Returns a link to a file, with a label.
fn linked(label: &str, path: &str) -> String {
    format!("**{label}** {}", file(path))
}

fn file(path: &str) -> String {
    let path = &*without_data(path);
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = if name.is_empty() { path } else { name };
    markdown::link(&one_line(name, LINE), path)
}

/// Returns a piece of the user's input.
fn input(input: &UserInput) -> String {
    let code = |text: &str| markdown::code(&one_line(&without_data(text), LINE));
    let shown = match input {
        UserInput::Text(text) => clean(&without_data(&text.text)).into_owned(),
        UserInput::Image(image) => {
            let source = image.url.as_deref().unwrap_or_default();
            match items::image_source(source) {
                "" => format!(
                    "image {}",
                    code(image.file_id.as_deref().unwrap_or_default())
                ),
                kind if source.starts_with("data:") => format!("image ({})", code(kind)),
                url => format!("image: {}", markdown::link(&one_line(url, LINE), url)),
            }
        }
        UserInput::LocalImage(image) => format!("image: {}", file(&image.path)),
        UserInput::LocalAudio(audio) => format!("audio: {}", file(&audio.path)),
        UserInput::Skill(skill) => format!("skill {}", code(&skill.name)),
        UserInput::Mention(mention) => {
            let name = one_line(&mention.name, LINE);
            format!(
                "mention: {}",
                markdown::link(&name, &without_data(&mention.path))
            )
        }
        other => code(other.tag()),
    };
    markdown::quoted(&shown)
}

impl fmt::Display for Transcript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, paragraph) in self.paragraphs().iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            writeln!(f, "{}", without_data(paragraph))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use codex_types::Thread;
    use serde_json::json;

    use super::*;
    use crate::render;

    #[test]
    fn a_transcript_is_markdown() {
        let mut thread: Thread = serde_json::from_value(json!({
            "id": "t", "preview": "Fix *it*.\nNow.", "turns": [
                { "id": "u", "status": "completed", "items": [
                    { "type": "userMessage", "id": "1", "content": [
                        { "type": "text", "text": "Fix *it*.\nNow." },
                        { "type": "image", "url": "data:image/png;base64,AAAA" },
                        { "type": "image", "url": "https://example.com/a.png" },
                        { "type": "localImage", "path": "/tmp/a b.png" },
                    ] },
                    { "type": "reasoning", "id": "2", "summary": ["**Looking**"] },
                    { "type": "reasoning", "id": "3" },
                    { "type": "commandExecution", "id": "4", "command": "cat `x`", "cwd": "/",
                      "status": "completed", "exitCode": 0, "aggregatedOutput": "```\ncode\n```\n" },
                    { "type": "fileChange", "id": "5", "status": "completed", "changes": [
                        { "path": "a", "kind": { "type": "add" }, "diff": "x\n" },
                    ] },
                    { "type": "imageView", "id": "6", "path": "/tmp/b.png" },
                    { "type": "agentMessage", "id": "7", "text": "# Done\n\n- It *is*.\n" },
                ] },
                { "id": "v", "status": "failed", "error": { "message": "cut <off>" }, "items": [
                    { "type": "userMessage", "id": "8", "content": [{ "type": "text", "text": "More" }] },
                    { "type": "agentMessage", "id": "9", "text": "Here:\n```rust\nfn f() {}" },
                ] },
            ],
        }))
        .unwrap();
        let expected = "\
# Fix \\*it\\*. ⏎ Now.

## Turn 1

### User

> Fix *it*.
> Now.

> image (`image/png`)

> image: [https://example.com/a.png](<https://example.com/a.png>)

> image: [a b.png](</tmp/a b.png>)

### Codex

**thought**

> **Looking**

**ran** `` cat `x` `` (exit 0)

````text
```
code
```
````

**changed** `a (new, +1)`

```diff
--- /dev/null
+++ a
+x
```

**viewed image** [b.png](</tmp/b.png>)

# Done

- It *is*.

## Turn 2 (failed)

### User

> More

### Codex

> Here:
> ```rust
> fn f() {}

**failed** cut \\<off\\>
";
        assert_eq!(render::thread(&thread).to_string(), expected);
        thread.name = Some("Repairs".to_owned());
        let named = render::thread(&thread).lines(1).to_string();
        assert!(named.starts_with("# Repairs\n\n## Turn 1\n"), "{named}");
        assert!(
            named.contains("````text\n… 2 earlier lines\n```\n````\n"),
            "{named}"
        );
        let turns = thread.turns.into_iter().map(|turn| {
            let items = turn.items.clone();
            TurnResult::new(turn, items, None)
        });
        let results: Vec<_> = turns.collect();
        let of_results = render::results(&results).to_string();
        let untitled = expected.split_once("\n\n").unwrap().1;
        assert_eq!(of_results, untitled);
    }
}
