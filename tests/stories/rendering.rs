//! Turns of a real app-server as people read them: their transcript and their progress.

use std::{
    fs,
    io::{self, Write},
    sync::{Arc, Mutex},
    thread,
};

use codex_client::{
    ApprovalRequest, Codex, Decision, Input, Sandbox, Thread, TurnResult, blocking,
    render::{self, Progress},
    types::AskForApproval,
};
use codex_testing::{Item, ModelResponse};
use codex_tests::stage::Stage;
use serde_json::json;

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The responses to a prompt: a command, a file, and a text in deltas.
fn push_work(stage: &Stage) {
    let model = &stage.model;
    let command = json!({ "cmd": "echo one; echo two" });
    model.push(ModelResponse::items([
        Item::reasoning("**Looking**"),
        Item::function_call("exec_command", command),
    ]));
    let patch = "*** Begin Patch\n*** Add File: made.txt\n+```\n+new\n*** End Patch\n";
    model.push(ModelResponse::items([Item::custom_tool_call(
        "apply_patch",
        patch,
    )]));
    model.push(ModelResponse::deltas([
        "# Done\n\n",
        "It is ",
        "42.\u{1b}[2J",
    ]));
}

/// Replaces what differs between runs: durations and the path of the workspace.
fn steady(stage: &Stage, text: &str) -> String {
    let workspace = fs::canonicalize(stage.home.workspace()).unwrap();
    let mut steady = text.to_owned();
    for path in [workspace.as_path(), stage.home.workspace().as_path()] {
        steady = steady.replace(&format!("{}/", path.display()), "");
    }
    let lines = steady.lines().map(|line| match line.rsplit_once(" (") {
        Some((start, facts)) if facts.ends_with(" ms)") || facts.ends_with(" s)") => {
            let facts = facts.rsplit_once(", ").map_or("", |(facts, _)| facts);
            format!("{start} ({facts})")
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

const TRANSCRIPT: &str = "\
## Turn 1

### User

> Make it.

### Codex

**thought**

> **Looking**

**ran** `echo one; echo two` (exit 0)

```text
one
two
```

**changed** `made.txt (new, +2)`

````diff
--- /dev/null
+++ made.txt
+```
+new
````

# Done

It is 42.␛[2J";

/// Starts a thread whose next turn does the work of these tests.
async fn start_work() -> (Stage, Codex, Thread) {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex
        .thread_start()
        .sandbox(Sandbox::FullAccess)
        // This model has the tool `apply_patch`.
        .model("gpt-5.5")
        .await
        .unwrap();
    push_work(&stage);
    (stage, codex, thread)
}

#[tokio::test]
async fn the_transcript_of_a_thread_shows_what_happened() {
    let (stage, codex, thread) = start_work().await;
    let result = thread.run("Make it.").await.unwrap();
    let transcript = render::results([&result]).to_string();
    assert_eq!(steady(&stage, &transcript), TRANSCRIPT);
    // As the server saved it.
    thread.set_name("Making *it*").await.unwrap();
    let saved = steady(&stage, &thread.transcript().await.unwrap());
    assert!(
        saved.starts_with("# Making \\*it\\*\n\n## Turn 1\n\n### User\n\n> Make it.\n"),
        "{saved}"
    );
    assert!(saved.ends_with("# Done\n\nIt is 42.␛[2J"), "{saved}");
    let again = blocking::Thread::from(thread);
    let again = thread::spawn(move || again.transcript());
    let again = tokio::task::spawn_blocking(|| again.join()).await.unwrap();
    assert_eq!(steady(&stage, &again.unwrap().unwrap()), saved);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_progress_of_a_turn_has_plain_lines_without_a_terminal() {
    let (stage, codex, thread) = start_work().await;
    let (text, lines) = (Memory::default(), Memory::default());
    let progress = Progress::plain(text.clone(), lines.clone());
    let turn = thread.turn("Make it.").await.unwrap();
    let mut events = turn.stream();
    while let Some(event) = events.next().await {
        progress.event(&event.unwrap());
    }
    let result: TurnResult = events.result().await.unwrap();
    progress.finish(&result).unwrap();
    assert_eq!(text.text(), "# Done\n\nIt is 42.␛[2J\n");
    let lines = steady(&stage, &lines.text());
    let expected = "thought: **Looking**\nrunning: echo one; echo two\n\
                    ran: echo one; echo two (exit 0)\nchanged: made.txt (new, +2)\ncompleted (";
    assert!(lines.starts_with(expected), "{lines}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_approval_request_reads_as_text() {
    let stage = Stage::new();
    let asked = Memory::default();
    let log = asked.clone();
    let codex = stage
        .builder()
        .on_approval(move |request: ApprovalRequest| {
            write!(log.clone(), "{request}").unwrap();
            async { Decision::Decline }
        });
    let codex = codex.start().await.unwrap();
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest);
    let thread = thread.sandbox(Sandbox::ReadOnly).await.unwrap();
    let call = json!({
        "cmd": "touch it.txt", "sandbox_permissions": "require_escalated",
        "justification": "You have\nasked for it.",
    });
    stage
        .model
        .push(ModelResponse::function_call("exec_command", call));
    stage.model.push("As you wish.");
    let result = thread.run("Touch it.").await.unwrap();
    let asked = asked.text();
    assert!(
        asked.starts_with("run: ") && asked.contains("touch it.txt"),
        "{asked}"
    );
    assert!(
        asked.ends_with(", reason: You have ⏎ asked for it.)"),
        "{asked}"
    );
    let items: Vec<_> = result
        .items
        .iter()
        .map(|it| render::item(it).to_string())
        .collect();
    assert!(
        items
            .iter()
            .any(|it| it.starts_with("declined to run: touch it.txt")),
        "{items:?}"
    );
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_transcript_links_images_and_leaves_their_data_out() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    stage.model.push("Seen.");
    let png = b"\x89PNG\r\n\x1a\n....";
    let file = stage.home.workspace().join("a b.png");
    fs::write(&file, png).unwrap();
    let input = Input::text("Look.").and(Input::image_bytes(png).unwrap());
    thread
        .run(input.and(Input::image_file(&file).unwrap()))
        .await
        .unwrap();
    let transcript = thread.transcript().await.unwrap();
    assert!(
        transcript.contains("> image (`image/png`)\n"),
        "{transcript}"
    );
    assert!(transcript.contains("> image: [a b.png](<"), "{transcript}");
    assert!(!transcript.contains("base64"), "{transcript}");
    codex.close().await.unwrap();
}
