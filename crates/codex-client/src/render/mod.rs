//! Items, events, results and threads as people read them: text for a terminal or a log, Markdown,
//! and the progress of a running turn (feature `render`).
//!
//! - [`item`], [`event`], [`approval`] and [`summary`] return a [`Text`], whose `{}` is a single line
//!   and whose `{:#}` has the details. [`ApprovalRequest`] and [`Tokens`](crate::Tokens) implement
//!   `Display` themselves.
//! - [`Thread::transcript`](crate::Thread::transcript), [`thread`] and [`results`] return Markdown.
//! - [`Progress`] shows a turn while it runs.
//!
//! All text is [clean]: it cannot control the terminal, whatever the model or a command wrote. It may
//! contain secrets that they wrote; unlike `Debug`, it masks nothing.
//!
//! ```
//! use codex_client::{
//!     render,
//!     types::{CommandExecutionStatus, CommandExecutionThreadItem, ThreadItem},
//! };
//!
//! let mut command = CommandExecutionThreadItem::new(
//!     "call_1",
//!     "/bin/bash -lc 'cargo test'",
//!     [],
//!     "/work",
//!     CommandExecutionStatus::Completed,
//! );
//! command.exit_code = Some(101);
//! command.aggregated_output = Some("running 1 test\ntest it ... FAILED\n".to_owned());
//! let item = ThreadItem::from(command);
//!
//! assert_eq!(render::item(&item).to_string(), "ran: cargo test (exit 101)");
//! assert_eq!(
//!     format!("{:#}", render::item(&item).lines(1)),
//!     "ran: cargo test (exit 101)\n  … 1 earlier line\n  test it ... FAILED",
//! );
//! ```

mod approvals;
mod changes;
mod clean;
mod description;
mod events;
mod items;
mod markdown;
mod progress;
mod results;
mod tools;
mod transcript;
mod units;

#[cfg(test)]
mod tests;

use codex_types::{ServerNotification, Thread, ThreadItem};

use crate::{approvals::request::ApprovalRequest, turn_result::TurnResult};

pub use clean::clean;
pub use description::Text;
pub use progress::{Paused, Progress};
pub use transcript::Transcript;

/// Returns the text of an item: what was done, and with which result.
pub fn item(item: &ThreadItem) -> Text<'_> {
    Text::new(items::describe(item))
}

/// Returns the text of an event. An event that means little to people has its method as its text.
pub fn event(event: &ServerNotification) -> Text<'_> {
    Text::new(events::describe(event))
}

/// Returns the text of a request for approval. Nothing is left out of it, because the user decides
/// on what it shows: the command, its directory and the reason, or the changed files, with their
/// diffs in the full form.
pub fn approval(request: &ApprovalRequest) -> Text<'_> {
    Text::complete(approvals::describe(request))
}

/// Returns the text of the end of a turn: its status, its error, its duration and its tokens.
pub fn summary(result: &TurnResult) -> Text<'_> {
    Text::new(results::describe(result))
}

/// Returns the transcript of a thread that was [read](crate::Thread::read) with its turns. Its title
/// is the name or else the beginning of the thread.
pub fn thread(thread: &Thread) -> Transcript<'_> {
    let name = thread
        .name
        .as_deref()
        .filter(|name| !name.trim().is_empty());
    Transcript::of_turns(&thread.turns).title(name.unwrap_or(&thread.preview))
}

/// Returns the transcript of turns, such as the turns of a [goal](crate::GoalResult::turns).
///
/// ```
/// use codex_client::{TurnResult, render};
///
/// fn report(results: &[TurnResult]) -> String {
///     render::results(results).title("The night's work").to_string()
/// }
/// ```
pub fn results<'a>(results: impl IntoIterator<Item = &'a TurnResult>) -> Transcript<'a> {
    Transcript::of_results(results)
}
