//! Prints long reports.

use std::io::{self, ErrorKind, Write};

use anyhow::Context;

/// Prints a text. The reader of a pipe, like `head`, may close it early.
///
/// # Errors
///
/// Fails if the text cannot be written for any other reason.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot print the report"),
    }
}
