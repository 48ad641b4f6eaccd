//! The end of a connection.

use std::{fmt, io, process::ExitStatus};

use codex_types::OLDEST_CODEX_VERSION;
use serde::{Deserialize, Serialize};

use crate::{error::stderr_excerpt::write_excerpt, turn_result::TurnResult, version::UPDATE};

/// The connection to the app-server has ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConnectionClosed {
    /// The reason why the connection ended.
    pub reason: CloseReason,
    /// The exit status of the server process. `None` if this client did not start the server, or if
    /// the runtime was shut down before the process exited.
    pub exit_status: Option<ExitStatus>,
    /// The last lines that the server wrote to its standard error, at most 100 without those of
    /// backtraces. Keys and tokens are masked as far as they are
    /// [recognized](crate::protocol::redact::without_tokens). The error message includes up to ten
    /// of the lines: the last error and the lines that follow it.
    pub stderr_tail: String,
    /// The result of the turn so far, if the error was returned by `run` or by the stream of a
    /// turn.
    pub partial: Option<Box<TurnResult>>,
    /// Whether only the session has ended, and the client begins another one: see
    /// [`supervisor`](crate::supervisor). Later calls wait for it.
    pub reconnecting: bool,
    /// Whether the error is that of a request of which nothing was written.
    pub(crate) unsent: bool,
    /// The way out, if the end of the server has a known cause.
    pub(crate) advice: Option<String>,
}

/// The reason why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum CloseReason {
    /// The program called [`close`](crate::Codex::close).
    Requested,
    /// The last handle to the client was dropped.
    Dropped,
    /// The server closed its output, usually because it exited or crashed.
    EndOfStream,
    /// The server closed the websocket.
    ClosedByServer {
        /// The status code of RFC 6455. 1008, for example, refers to a policy of the server.
        code: u16,
        /// The reason that the server sent, without tokens. May be empty.
        reason: String,
    },
    /// The server process exited while another process held the server's output open.
    Exited,
    /// Reading from the server or writing to it failed, with this message.
    Io(String),
    /// The async runtime that the connection ran on was shut down.
    RuntimeShutDown,
    /// The client was [supervised](crate::supervisor), and no session could be begun. Contains the
    /// number of attempts and the reason of the last one.
    GaveUp(String),
}

impl CloseReason {
    /// Returns the name of the reason, for spans.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Dropped => "dropped",
            Self::EndOfStream => "end_of_stream",
            Self::ClosedByServer { .. } => "closed_by_server",
            Self::Exited => "exited",
            Self::Io(_) => "io_error",
            Self::RuntimeShutDown => "runtime_shut_down",
            Self::GaveUp(_) => "gave_up",
        }
    }

    /// Returns an error of a stream that ended for this reason.
    #[cfg(feature = "websocket")]
    pub(crate) fn into_io_error(self) -> io::Error {
        io::Error::new(io::ErrorKind::ConnectionAborted, EndOfConnection(self))
    }

    /// Returns the reason of an error of a stream. `attempt` is what failed.
    pub(crate) fn of_io_error(error: io::Error, attempt: &str) -> Self {
        match error.downcast() {
            Ok(EndOfConnection(reason)) => reason,
            Err(error) => Self::Io(format!("could not {attempt} the server: {error}")),
        }
    }
}

/// The reason why a stream ended, as an error of the stream.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct EndOfConnection(CloseReason);

impl ConnectionClosed {
    pub(crate) fn new(reason: CloseReason) -> Self {
        Self {
            reason,
            exit_status: None,
            stderr_tail: String::new(),
            partial: None,
            reconnecting: false,
            unsent: false,
            advice: None,
        }
    }

    /// Adds advice for a program that ended before the handshake, if its standard error shows why.
    pub(crate) fn before_handshake(mut self) -> Self {
        let stderr = self.stderr_tail.to_lowercase();
        if misses_node(&stderr) {
            self.advice = Some(
                "the program seems to be a script for `node`, which is not in its `PATH`: install \
                 Node.js, set `PATH` with `CodexBuilder::env`, or select the native program with \
                 `CodexBuilder::binary`"
                    .to_owned(),
            );
        } else if has_no_app_server(&stderr) {
            self.advice = Some(format!(
                "the program seems to have no app-server: codex {OLDEST_CODEX_VERSION} or newer is \
                 needed; update it with `{UPDATE}`"
            ));
        }
        self
    }
}

/// Whether a shell, `cmd` or `env` did not find `node`. `stderr` is in lower case. The words of
/// `cmd` depend on the language of the system, except for the quoted name.
fn misses_node(stderr: &str) -> bool {
    let phrases = [
        "'node'",
        "\"node\"",
        "\u{2018}node\u{2019}",
        "env: node:",
        "node: not found",
        "node: command not found",
    ];
    phrases.iter().any(|phrase| stderr.contains(phrase))
}

/// Whether a program without an app-server wrote this, in lower case. Such a program takes
/// `app-server` for a prompt and looks for a terminal, or refuses the argument.
fn has_no_app_server(stderr: &str) -> bool {
    let phrases = [
        "not a terminal",
        "not a tty",
        "no such device or address",
        "unrecognized subcommand 'app-server'",
        "unexpected argument 'app-server'",
    ];
    phrases.iter().any(|phrase| stderr.contains(phrase))
}

impl fmt::Display for ConnectionClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the connection to the app-server is closed: {}",
            self.reason
        )?;
        if let Some(status) = &self.exit_status {
            write!(f, "; {status}")?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "; {advice}")?;
        }
        if self.unsent {
            f.write_str("; the request was not sent")?;
        }
        if self.reconnecting {
            f.write_str("; the client reconnects")?;
        }
        write_excerpt(f, &self.stderr_tail)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("closed by the client"),
            Self::Dropped => f.write_str("the last handle was dropped"),
            Self::EndOfStream => f.write_str("the server closed its output"),
            Self::ClosedByServer { code, reason } => {
                write!(f, "the server closed the websocket with status {code}")?;
                if !reason.is_empty() {
                    write!(f, ": {reason}")?;
                }
                Ok(())
            }
            Self::Exited => f.write_str("the server exited"),
            Self::Io(message) | Self::GaveUp(message) => f.write_str(message),
            Self::RuntimeShutDown => f.write_str("the async runtime was shut down"),
        }
    }
}

impl std::error::Error for ConnectionClosed {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_an_app_server_is_said_to_be_too_old() {
        for (stderr, is_too_old) in [
            // codex 0.39.0, which takes the argument for a prompt.
            ("Error: No such device or address (os error 6)", true),
            ("Error: stdin is not a terminal", true),
            ("error: unrecognized subcommand 'app-server'", true),
            // codex 0.169.0.
            (
                "error: unexpected argument '--bogus' found\n\nUsage: codex app-server [OPTIONS]",
                false,
            ),
            ("Error: invalid type: integer `3`, expected a map", false),
        ] {
            let closed = ConnectionClosed {
                stderr_tail: stderr.to_owned(),
                ..ConnectionClosed::new(CloseReason::EndOfStream)
            };
            let text = closed.before_handshake().to_string();
            assert_eq!(
                text.contains("0.133.0 or newer is needed"),
                is_too_old,
                "{text}"
            );
        }
    }

    #[test]
    fn a_script_that_does_not_find_node_is_said_to_need_it() {
        for (stderr, misses_node) in [
            // `cmd` with the shims of npm and pnpm, also in German and French.
            (
                "'\"node\"' is not recognized as an internal or external command,\r\n\
                 operable program or batch file.\r\n",
                true,
            ),
            (
                "'node' is not recognized as an internal or external command,",
                true,
            ),
            (
                "Der Befehl \"node\" ist entweder falsch geschrieben oder",
                true,
            ),
            (
                "'node' n'est pas reconnu en tant que commande interne",
                true,
            ),
            // `env` of GNU in two locales, BusyBox and macOS, and shells.
            (
                "/usr/bin/env: \u{2018}node\u{2019}: No such file or directory",
                true,
            ),
            ("/usr/bin/env: 'node': No such file or directory", true),
            ("env: can't execute 'node': No such file or directory", true),
            ("env: node: No such file or directory", true),
            ("/usr/bin/codex: 15: exec: node: not found", true),
            (
                "/usr/bin/codex: line 15: exec: node: command not found",
                true,
            ),
            // `node` itself.
            ("node:internal/modules/cjs/loader:1228\n  throw err;", false),
            (
                "Error: Cannot find module '/x/node_modules/codex.js'",
                false,
            ),
            ("env: 'codex': No such file or directory", false),
        ] {
            let closed = ConnectionClosed {
                stderr_tail: stderr.to_owned(),
                ..ConnectionClosed::new(CloseReason::EndOfStream)
            };
            let text = closed.before_handshake().to_string();
            assert_eq!(text.contains("install Node.js"), misses_node, "{text}");
            let first = stderr.lines().next().unwrap();
            assert!(text.contains(first), "{text}");
        }
    }

    #[test]
    fn the_message_ends_with_the_last_lines_of_stderr() {
        let closed = ConnectionClosed {
            stderr_tail: (0..30).map(|n| format!("line {n}\n")).collect(),
            ..ConnectionClosed::new(CloseReason::EndOfStream)
        };
        let text = closed.to_string();
        assert!(text.contains("closed its output"), "{text}");
        let last: Vec<String> = (20..30).map(|n| format!("line {n}")).collect();
        let end = format!("; stderr:\n  {}", last.join("\n  "));
        assert!(text.ends_with(&end), "{text}");
    }
}
