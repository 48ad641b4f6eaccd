//! How a connection ended.

use std::{fmt, process::ExitStatus};

use crate::turn_result::TurnResult;

/// How and why a connection ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectionClosed {
    /// What ended it.
    pub reason: CloseReason,
    /// How the server process ended. `None` for a connection without a process of its own, and
    /// while it is still ending.
    pub exit_status: Option<ExitStatus>,
    /// The last lines that the server wrote to its standard error, as they were. They are part of the
    /// message, too. Nothing is filtered out of them: whatever the server logs is in there.
    pub stderr_tail: String,
    /// What the turn had come to, if this is the end of a turn's stream or `run`.
    pub partial: Option<Box<TurnResult>>,
}

/// What ended a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// [`close`](crate::Codex::close) was called.
    Requested,
    /// The last handle was dropped.
    Dropped,
    /// The server closed its output: it has ended, or crashed.
    EndOfStream,
    /// The server process ended while something else held its output open.
    Exited,
    /// Reading or writing failed, with this message.
    Io(String),
    /// The runtime that the connection lived on was shut down.
    RuntimeShutDown,
}

impl ConnectionClosed {
    pub(crate) fn new(reason: CloseReason) -> Self {
        Self {
            reason,
            exit_status: None,
            stderr_tail: String::new(),
            partial: None,
        }
    }
}

impl fmt::Display for ConnectionClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the connection to the app-server is closed: {}",
            self.reason
        )?;
        if let Some(status) = &self.exit_status {
            write!(f, "; the server ended with {status}")?;
        }
        let tail = self.stderr_tail.trim_end();
        if !tail.is_empty() {
            // A message stays readable; all of it is in the field.
            let lines: Vec<&str> = tail.lines().collect();
            let last = lines[lines.len().saturating_sub(10)..].join("\n  ");
            write!(f, "; its last words:\n  {last}")?;
        }
        Ok(())
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("this client closed it"),
            Self::Dropped => f.write_str("its last handle was dropped"),
            Self::EndOfStream => f.write_str("the server closed its output"),
            Self::Exited => f.write_str("the server has ended"),
            Self::Io(message) => f.write_str(message),
            Self::RuntimeShutDown => f.write_str("the async runtime was shut down"),
        }
    }
}

impl std::error::Error for ConnectionClosed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_ends_with_the_servers_last_words() {
        let closed = ConnectionClosed {
            stderr_tail: (0..30).map(|n| format!("line {n}\n")).collect(),
            ..ConnectionClosed::new(CloseReason::EndOfStream)
        };
        let text = closed.to_string();
        assert!(text.contains("closed its output"), "{text}");
        assert!(text.ends_with("line 20\n  line 21\n  line 22\n  line 23\n  line 24\n  line 25\n  line 26\n  line 27\n  line 28\n  line 29"), "{text}");
    }
}
