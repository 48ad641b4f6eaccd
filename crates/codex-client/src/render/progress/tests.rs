//! Progress with and without a terminal.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use codex_types::{ServerNotification, Turn};
use indicatif::{InMemoryTerm, ProgressDrawTarget, TermLike};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Progress, screen::Screen};
use crate::TurnResult;

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

/// A terminal in memory, which returns the cursor at a line break, as real ones do.
#[derive(Clone)]
struct Terminal(InMemoryTerm);

impl Terminal {
    fn with_progress() -> (Self, Progress) {
        let terminal = InMemoryTerm::new(12, 40);
        let target = terminal.clone();
        let target = move || ProgressDrawTarget::term_like(Box::new(target.clone()));
        let output = Self(terminal);
        let progress = Progress::on(Screen::terminal(output.clone(), target, false));
        (output, progress)
    }

    /// Returns the lines on the screen.
    fn lines(&self) -> Vec<String> {
        self.0.contents().lines().map(str::to_owned).collect()
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
        self.0.write_str(&text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn event(method: &str, more: Value) -> ServerNotification {
    let Value::Object(mut params) = more else {
        panic!("{more} is no object")
    };
    params.insert("threadId".to_owned(), "t".into());
    params.insert("turnId".to_owned(), "u".into());
    serde_json::from_value(json!({ "method": method, "params": params })).unwrap()
}

fn delta(id: &str, text: &str) -> ServerNotification {
    event(
        "item/agentMessage/delta",
        json!({ "itemId": id, "delta": text }),
    )
}

fn message(id: &str, text: &str) -> ServerNotification {
    let item = json!({ "type": "agentMessage", "id": id, "text": text });
    event(
        "item/completed",
        json!({ "item": item, "completedAtMs": 0 }),
    )
}

fn command(is_done: bool, command: &str) -> ServerNotification {
    let (method, status) = match is_done {
        true => ("item/completed", "completed"),
        false => ("item/started", "inProgress"),
    };
    let mut item = json!({
        "type": "commandExecution", "id": "c", "command": command, "commandActions": [],
        "cwd": "/", "status": status,
    });
    if is_done {
        item["exitCode"] = 0.into();
        item["aggregatedOutput"] = "one\ntwo\nthree\n".into();
    }
    event(
        method,
        json!({ "item": item, "startedAtMs": 0, "completedAtMs": 0 }),
    )
}

fn usage(total: u64, last: u64) -> ServerNotification {
    let tokens = |total: u64| {
        json!({ "inputTokens": total, "cachedInputTokens": 0, "outputTokens": 0,
            "reasoningOutputTokens": 0, "totalTokens": total })
    };
    let usage = json!({ "total": tokens(total), "last": tokens(last) });
    event("thread/tokenUsage/updated", json!({ "tokenUsage": usage }))
}

fn result() -> TurnResult {
    let turn = json!({ "id": "u", "items": [], "status": "completed", "durationMs": 1500 });
    let turn: Turn = serde_json::from_value(turn).unwrap();
    TurnResult::new(turn, Vec::new(), None)
}

#[test]
fn without_a_terminal_there_are_plain_lines_and_the_text_is_separate() {
    let (text, lines) = (Memory::default(), Memory::default());
    let progress = Progress::plain(text.clone(), lines.clone());
    progress.event(&command(false, "cargo test"));
    progress.event(&command(true, "cargo test"));
    for piece in ["It is", " 42.", "\r", "\nReally\u{1b}[2J.\r", "x"] {
        progress.event(&delta("m", piece));
    }
    progress.event(&message("m", "ignored, because its deltas have been shown"));
    progress.event(&message("n", "A message without deltas."));
    progress.event(&event("warning", json!({ "message": "careful\u{7}" })));
    progress.event(&event(
        "turn/plan/updated",
        json!({ "plan": [
        { "step": "Read", "status": "completed" }, { "step": "Write", "status": "pending" },
    ] }),
    ));
    progress.line("from the program\u{1b}c");
    progress.finish(&result()).unwrap();
    let expected = "It is 42.\nReally␛[2J.␍x\nA message without deltas.\n";
    assert_eq!(text.text(), expected);
    let expected = "running: cargo test\nran: cargo test (exit 0)\nwarning: careful␇\n\
                    plan: Write (1 of 2 done)\n  ✓ Read\n  · Write\nfrom the program␛c\n\
                    completed (1.5 s)\n";
    assert_eq!(lines.text(), expected);
}

#[test]
fn lines_do_not_tear_text_in_the_same_file() {
    let file = Memory::default();
    let progress = Progress::plain(file.clone(), file.clone()).output_lines(2);
    progress.event(&delta("m", "First"));
    progress.event(&command(true, "ls"));
    progress.event(&delta("m", "second"));
    progress.event(&delta("n", "another"));
    progress.finish(&result()).unwrap();
    let expected = "First\nran: ls (exit 0)\n  … 1 earlier line\n  two\n  three\nsecond\nanother\n\
                    completed (1.5 s)\n";
    assert_eq!(file.text(), expected);
}

#[test]
fn a_program_can_show_the_progress_without_the_text() {
    let (text, lines) = (Memory::default(), Memory::default());
    let progress = Progress::plain(text.clone(), lines.clone()).without_text();
    progress.event(&delta("m", "It is 42."));
    progress.event(&message("m", "It is 42."));
    progress.finish(&result()).unwrap();
    assert_eq!(text.text(), "");
    assert_eq!(lines.text(), "completed (1.5 s)\n");
}

#[test]
fn on_a_terminal_a_line_shows_what_runs_and_is_replaced_by_lines_and_text() {
    let (terminal, progress) = Terminal::with_progress();
    progress.event(&usage(900, 100));
    progress.event(&usage(1200, 300));
    progress.event(&command(false, "cargo test --workspace --all-features"));
    let lines = terminal.lines();
    let [line] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    // The tokens of the turn, not of the thread; and no more than the width of the terminal.
    assert!(line.contains("400 tokens running: cargo"), "{line}");
    assert!(line.chars().count() <= 40, "{line}");
    progress.event(&command(true, "ls"));
    let lines = terminal.lines();
    assert_eq!(lines[0], "ran: ls (exit 0)");
    assert!(lines[1].contains("400 tokens working"), "{lines:?}");
    // The line disappears before text, and stays away from a line that is not complete.
    progress.event(&delta("m", "It is"));
    progress.event(&usage(1300, 100));
    assert_eq!(terminal.lines(), ["ran: ls (exit 0)", "It is"]);
    progress.event(&delta("m", " 42.\n"));
    let lines = terminal.lines();
    assert_eq!(lines[..2], ["ran: ls (exit 0)", "It is 42."]);
    assert!(lines[2].contains("500 tokens working"), "{lines:?}");
    progress.event(&delta("m", "Really."));
    progress.event(&message("m", ""));
    progress.finish(&result()).unwrap();
    let expected = [
        "ran: ls (exit 0)",
        "It is 42.",
        "Really.",
        "completed (1.5 s)",
    ];
    assert_eq!(terminal.lines(), expected);
}

#[test]
fn the_line_disappears_with_the_turn_and_with_the_progress() {
    let (terminal, progress) = Terminal::with_progress();
    progress.event(&command(false, "ls"));
    assert_eq!(terminal.lines().len(), 1);
    let turn = json!({ "id": "u", "items": [], "status": "completed" });
    progress.event(&event("turn/completed", json!({ "turn": turn })));
    assert_eq!(terminal.lines().concat(), "");
    progress.event(&command(false, "ls"));
    drop(progress);
    assert_eq!(terminal.lines().concat(), "");
}

#[test]
fn a_pause_holds_everything_back_in_order() {
    let (terminal, progress) = Terminal::with_progress();
    progress.event(&command(false, "ls"));
    let paused = progress.pause();
    let again = progress.clone().pause();
    assert_eq!(terminal.lines().concat(), "");
    progress.event(&delta("m", "It is 42."));
    progress.event(&command(true, "ls"));
    progress.event(&delta("m", "Really."));
    drop(paused);
    assert_eq!(terminal.lines().concat(), "");
    drop(again);
    assert_eq!(
        terminal.lines(),
        ["It is 42.", "ran: ls (exit 0)", "Really."]
    );
}

#[test]
fn labels_are_colored_only_where_colors_are_on() {
    for (has_colors, line) in [
        (false, "ran: ls (exit 0)\n"),
        (true, "\u{1b}[36m\u{1b}[1mran\u{1b}[0m: ls (exit 0)\n"),
    ] {
        let output = Memory::default();
        let screen = Screen::terminal(output.clone(), ProgressDrawTarget::hidden, has_colors);
        Progress::on(screen).event(&command(true, "ls"));
        assert_eq!(output.text(), line);
    }
}

/// A writer that fails.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_in_writing_the_text_is_returned_at_the_end() {
    let lines = Memory::default();
    let progress = Progress::plain(Closed, lines.clone());
    progress.event(&delta("m", "It is 42."));
    let error = progress.finish(&result()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(lines.text(), "completed (1.5 s)\n");
    let progress = Progress::plain(Memory::default(), Closed);
    progress.event(&delta("m", "It is 42."));
    progress.finish(&result()).unwrap();
}

proptest! {
    #[test]
    fn text_in_any_pieces_is_written_completely_and_without_control_characters(
        pieces in proptest::collection::vec("[a-z\\r\\n\\x1b\\x07 \u{9b}]{0,8}", 0..8)
    ) {
        let text = Memory::default();
        let progress = Progress::plain(text.clone(), Memory::default());
        for piece in &pieces {
            progress.event(&delta("m", piece));
        }
        progress.event(&message("m", ""));
        let written = text.text();
        prop_assert!(!written.contains(|char: char| char.is_control() && char != '\n'));
        let letters = |text: &str| text.replace(|char: char| !char.is_ascii_lowercase(), "");
        prop_assert_eq!(letters(&written), letters(&pieces.concat()));
    }
}
