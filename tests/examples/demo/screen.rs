//! Prints the progress of a turn to the terminal.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use codex_client::{
    Thread, TurnResult,
    types::{InitializeResponse, ServerNotification, ThreadItem},
};
use console::{Style, Term};

/// Prints a turn as it runs, and measures the time to its first text.
pub(super) struct Screen {
    term: Term,
    label: Style,
    quiet: Style,
    started: Instant,
    first_delta: Option<Duration>,
    deltas: usize,
    /// Whether the cursor is within a line of streamed text.
    in_text: bool,
}

impl Screen {
    /// Creates a screen on standard output. Uses colors only if standard output is a terminal.
    pub(super) fn new() -> Self {
        Self {
            term: Term::stdout(),
            label: Style::new().cyan().bold(),
            quiet: Style::new().dim(),
            started: Instant::now(),
            first_delta: None,
            deltas: 0,
            in_text: false,
        }
    }

    pub(super) fn server(&mut self, metadata: &InitializeResponse, model: &str) {
        self.line("server", &metadata.user_agent);
        self.line("model", model);
    }

    pub(super) fn thread(&mut self, thread: &Thread) {
        self.line("thread", thread.id());
    }

    pub(super) fn prompt(&mut self, prompt: &str, turn_id: &str) {
        self.line("turn", turn_id);
        self.line("you", prompt);
        self.started = Instant::now();
    }

    pub(super) fn event(&mut self, event: &ServerNotification) {
        match event {
            ServerNotification::AgentMessageDelta(delta) => {
                self.first_delta.get_or_insert(self.started.elapsed());
                self.deltas += 1;
                if !self.in_text {
                    self.write(&format!("{} ", self.label.apply_to("   codex")));
                    self.in_text = true;
                }
                self.write(&delta.delta.replace('\n', "\n         "));
            }
            ServerNotification::ItemCompleted(done) => self.item(&done.item),
            ServerNotification::Warning(warning) => self.line("warning", &warning.message),
            ServerNotification::Error(error) => self.line("error", &error.error.message),
            _ => {}
        }
    }

    fn item(&mut self, item: &ThreadItem) {
        match item {
            ThreadItem::CommandExecution(command) => {
                let status = match command.exit_code {
                    Some(code) => format!("exit {code}"),
                    None => command.status.to_string(),
                };
                self.line("ran", &format!("{} ({status})", command.command));
                for line in command
                    .aggregated_output
                    .as_deref()
                    .unwrap_or_default()
                    .lines()
                {
                    self.line("", &self.quiet.apply_to(line).to_string());
                }
            }
            ThreadItem::Reasoning(reasoning) => {
                for summary in &reasoning.summary {
                    self.line("thought", &self.quiet.apply_to(summary).to_string());
                }
            }
            // The prompt has been printed at the start, and the text is printed as its deltas
            // arrive.
            ThreadItem::AgentMessage(_) | ThreadItem::UserMessage(_) => {}
            other => self.line("item", other.tag()),
        }
    }

    pub(super) fn result(&mut self, result: &TurnResult) {
        let items: Vec<_> = result.items.iter().map(ThreadItem::tag).collect();
        self.line("items", &items.join(", "));
        if let Some(usage) = &result.usage {
            let total = &usage.total;
            self.line(
                "tokens",
                &format!("{} in, {} out", total.input_tokens, total.output_tokens),
            );
        }
        let first = self.first_delta.unwrap_or_default();
        self.line(
            "time",
            &format!(
                "{} ms on the server; first text after {} ms, {} deltas",
                result.duration_ms.unwrap_or_default(),
                first.as_millis(),
                self.deltas
            ),
        );
        self.line("status", result.status.as_str());
    }

    fn line(&mut self, label: &str, text: &str) {
        if std::mem::take(&mut self.in_text) {
            self.write("\n");
        }
        self.write(&format!(
            "{} {text}\n",
            self.label.apply_to(format!("{label:>8}"))
        ));
    }

    /// Writes and flushes. Errors are ignored: a closed terminal must not end the turn early.
    fn write(&mut self, text: &str) {
        let _ = self
            .term
            .write_all(text.as_bytes())
            .and_then(|()| self.term.flush());
    }
}
