//! The standard error of a server as a stream.

use std::task::{Context, Poll};

use codex_types::redact;

use crate::{
    error::{Error, Result},
    stream::stream,
    transport::{stderr::Tail, stderr_lines::LineReader},
};

/// The lines that a server writes to its standard error, returned by
/// [`Codex::stderr`](crate::Codex::stderr).
///
/// ```no_run
/// use codex_client::{Codex, Result};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let mut lines = codex.stderr();
///     while let Some(line) = lines.next().await {
///         eprintln!("codex: {}", line?);
///     }
///     Ok(())
/// }
/// ```
///
/// Keys and tokens are masked as far as they are
/// [recognized](crate::protocol::redact::without_tokens). A line is cut after 64 KiB. Up to 4096 unread
/// lines are kept; a reader that is slower receives [`Error::Lagged`] with the number of dropped ones. The
/// stream ends with the server process and does not keep it running.
#[derive(Debug)]
pub struct StderrLines(LineReader);

impl StderrLines {
    /// Returns the lines of a process, or an empty stream if there is none.
    pub(crate) fn new(tail: Option<&Tail>) -> Self {
        Self(tail.map_or_else(LineReader::ended, Tail::lines))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<String>>> {
        let line = self.0.poll(context);
        line.map(|line| {
            line.map(|line| match line {
                Ok(line) => Ok(redact::without_tokens(&line).into_owned()),
                Err(skipped) => Err(Error::Lagged { skipped }),
            })
        })
    }
}

stream! {
    /// Returns the next line, or `None` once the server process has ended.
    StderrLines => Result<String>
}
