//! The progress of a turn.

mod screen;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use codex_types::{ServerNotification, ThreadItem, ThreadTokenUsage};

use self::screen::Screen;
use crate::{
    render::{
        clean::clean,
        description::Text,
        events, items, results,
        units::{length, number},
    },
    tokens::Tokens,
    turn_result::TurnResult,
};

/// Shows a turn while it runs: the text of the messages on standard output, and everything else on
/// standard error.
///
/// - On a terminal, a line shows what runs, how long the turn has been running, and its tokens. It
///   is replaced by text and by the lines of completed items, and disappears at the end.
/// - Elsewhere, such as in the log of a CI job, or if `TERM` is `dumb`, there are only lines: when a
///   command or tool starts, and when an item is completed. They contain no escape sequences.
///
/// Colors follow the usual variables `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE`. All text is
/// [clean](crate::render::clean).
///
/// Cheap to clone; all clones refer to the same screen, so that an approval handler can
/// [pause](Self::pause) it. The methods write at once and never wait for the server.
///
/// ```no_run
/// use codex_client::{Result, Thread, render::Progress};
///
/// async fn example(thread: &Thread) -> Result<(), Box<dyn std::error::Error>> {
///     let progress = Progress::new();
///     let turn = thread.turn("Fix the failing test.").await?;
///     let mut events = turn.stream();
///     while let Some(event) = events.next().await {
///         progress.event(&event?);
///     }
///     progress.finish(&events.result().await?)?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Progress {
    state: Arc<Mutex<State>>,
}

struct State {
    screen: Screen,
    shows_text: bool,
    /// The number of lines of each output that are shown.
    output_lines: usize,
    turn: Option<RunningTurn>,
}

/// The facts about the turn that runs.
struct RunningTurn {
    started: Instant,
    /// The items that have started, by their ids.
    running: Vec<(String, String)>,
    /// The messages of which deltas have been shown.
    streamed: BTreeSet<String>,
    /// The message whose deltas were shown last.
    message: Option<String>,
    /// Whether the last delta ended with a carriage return, which may belong to a line break.
    is_returned: bool,
    /// The tokens of the thread before the turn.
    before: Option<Tokens>,
    tokens: Tokens,
}

impl Progress {
    /// Creates a progress on standard output and standard error.
    pub fn new() -> Self {
        Self::on(Screen::standard())
    }

    /// Creates a progress that writes the text of the messages and all lines to these writers, as
    /// to a file.
    pub fn plain(text: impl Write + Send + 'static, lines: impl Write + Send + 'static) -> Self {
        Self::on(Screen::plain(text, lines))
    }

    fn on(screen: Screen) -> Self {
        let state = State {
            screen,
            shows_text: true,
            output_lines: 0,
            turn: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Does not show the text of the messages, such as for a program that prints only the result.
    #[must_use]
    pub fn without_text(self) -> Self {
        self.state().shows_text = false;
        self
    }

    /// Sets the number of lines that are shown of each output and diff: none by default, so that a
    /// completed item is a single line.
    #[must_use]
    pub fn output_lines(self, limit: usize) -> Self {
        self.state().output_lines = limit;
        self
    }

    /// Shows an event of the turn. Events that are not worth a line are only counted.
    pub fn event(&self, event: &ServerNotification) {
        self.state().event(event);
    }

    /// Shows a line.
    pub fn line(&self, line: impl fmt::Display) {
        let mut state = self.state();
        state.screen.line("", &clean(&line.to_string()));
        state.draw();
    }

    /// Stops writing, for a question to the user. Everything that would be written in the meantime
    /// is written once the returned value is dropped.
    ///
    /// ```
    /// use codex_client::{ApprovalRequest, Decision, render::Progress};
    ///
    /// fn ask(progress: &Progress, request: &ApprovalRequest) -> Decision {
    ///     let _paused = progress.pause();
    ///     eprint!("{request:#}\nAllow? (y) ");
    ///     let mut line = String::new();
    ///     match std::io::stdin().read_line(&mut line) {
    ///         Ok(_) if line.trim() == "y" => Decision::Accept,
    ///         _ => Decision::Decline,
    ///     }
    /// }
    /// ```
    pub fn pause(&self) -> Paused {
        self.state().screen.pause();
        Paused {
            progress: self.clone(),
        }
    }

    /// Shows the [summary](crate::render::summary) of the turn. The same value can show the next
    /// turn.
    ///
    /// # Errors
    ///
    /// The first error in writing the text of the messages since the last call. All other errors
    /// are ignored, because a closed terminal should not end a turn.
    pub fn finish(&self, result: &TurnResult) -> io::Result<()> {
        let mut state = self.state();
        state.turn = None;
        let summary = Text::new(results::describe(result));
        state.text(&summary);
        state.screen.fault.take().map_or(Ok(()), Err)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

/// Returned by [`Progress::pause`]. Writing continues when it is dropped.
#[derive(Debug)]
#[must_use = "writing continues as soon as this is dropped"]
pub struct Paused {
    progress: Progress,
}

impl Drop for Paused {
    fn drop(&mut self) {
        let mut state = self.progress.state();
        state.screen.resume();
        state.draw();
    }
}

impl State {
    fn turn(&mut self) -> &mut RunningTurn {
        self.turn.get_or_insert_with(|| RunningTurn {
            started: Instant::now(),
            running: Vec::new(),
            streamed: BTreeSet::new(),
            message: None,
            is_returned: false,
            before: None,
            tokens: Tokens::default(),
        })
    }

    fn event(&mut self, event: &ServerNotification) {
        use ServerNotification as Event;

        match event {
            Event::AgentMessageDelta(delta) => self.delta(&delta.item_id, &delta.delta),
            Event::ItemStarted(started) => self.started(&started.item),
            Event::ItemCompleted(done) => self.completed(&done.item),
            Event::ThreadTokenUsageUpdated(updated) => self.tokens(&updated.token_usage),
            Event::TurnCompleted(_) => {
                self.turn = None;
                self.screen.clear();
                return;
            }
            Event::TurnPlanUpdated(_) => {
                let plan = events::describe(event);
                self.screen
                    .line(&plan.label(), &format!("{:#}", Text::new(plan.clone())));
            }
            Event::Error(_)
            | Event::Warning(_)
            | Event::GuardianWarning(_)
            | Event::ConfigWarning(_)
            | Event::DeprecationNotice(_)
            | Event::ModelRerouted(_) => self.text(&Text::new(events::describe(event))),
            _ => {}
        }
        self.draw();
    }

    /// Shows a part of a message.
    fn delta(&mut self, item_id: &str, delta: &str) {
        if !self.shows_text || delta.is_empty() {
            return;
        }
        let turn = self.turn();
        let is_other = turn.message.as_deref() != Some(item_id);
        if is_other {
            turn.message = Some(item_id.to_owned());
            turn.streamed.insert(item_id.to_owned());
        }
        // A line break may be divided between two deltas.
        let was_returned = std::mem::take(&mut turn.is_returned) && !is_other;
        let (shown, is_returned) = match delta.strip_suffix('\r') {
            Some(shown) => (shown, true),
            None => (delta, false),
        };
        turn.is_returned = is_returned;
        let lost = was_returned && !delta.starts_with('\n');
        if is_other {
            self.screen.end_text();
        }
        if lost {
            self.screen.text(&clean("\r"));
        }
        self.screen.text(&clean(shown));
    }

    fn started(&mut self, item: &ThreadItem) {
        let id = item.id().unwrap_or_default().to_owned();
        let what = match item {
            ThreadItem::UserMessage(_) | ThreadItem::AgentMessage(_) => return,
            ThreadItem::Reasoning(_) => "thinking".to_owned(),
            item => {
                let text = Text::new(items::describe(item));
                let is_long = matches!(
                    item,
                    ThreadItem::CommandExecution(_)
                        | ThreadItem::McpToolCall(_)
                        | ThreadItem::DynamicToolCall(_)
                        | ThreadItem::CollabAgentToolCall(_)
                );
                if is_long && !self.screen.has_status() {
                    self.screen
                        .line(&text.description.label(), &text.to_string());
                }
                text.to_string()
            }
        };
        self.turn().running.push((id, what));
    }

    fn completed(&mut self, item: &ThreadItem) {
        let id = item.id().unwrap_or_default();
        self.turn().running.retain(|(running, _)| running != id);
        match item {
            ThreadItem::UserMessage(_) => {}
            ThreadItem::AgentMessage(message) if self.shows_text => {
                if !self.turn().streamed.contains(id) {
                    self.delta(id, &message.text);
                }
                self.screen.end_text();
            }
            ThreadItem::AgentMessage(_) => {}
            item => {
                let description = items::describe(item);
                let is_empty_thought =
                    matches!(item, ThreadItem::Reasoning(_)) && description.text.trim().is_empty();
                if !is_empty_thought {
                    self.text(&Text::new(description));
                }
            }
        }
    }

    fn tokens(&mut self, usage: &ThreadTokenUsage) {
        let total = Tokens::from(&usage.total);
        let turn = self.turn();
        // The first report follows the first model call.
        let first = total.since(Tokens::from(&usage.last));
        turn.tokens = total.since(*turn.before.get_or_insert(first));
    }

    /// Shows a text in the form that the settings ask for.
    fn text(&mut self, text: &Text<'_>) {
        let label = text.description.label();
        match self.output_lines {
            0 => self.screen.line(&label, &text.to_string()),
            lines => {
                let text = text.clone().lines(lines);
                self.screen.line(&label, &format!("{text:#}"));
            }
        }
    }

    /// Updates the line of the running turn.
    fn draw(&mut self) {
        let Some(turn) = &self.turn else {
            return;
        };
        let what = match turn.running.as_slice() {
            [] => "working".to_owned(),
            [(_, what)] => what.clone(),
            [others @ .., (_, what)] => {
                format!("{what} (and {} more)", number(length(others.len())))
            }
        };
        let tokens = match turn.tokens.total {
            0 => String::new(),
            total => format!(", {} tokens", number(total)),
        };
        self.screen.status(turn.started, &tokens, &what);
    }
}
