//! What a process puts out: as it comes, and all of it.

use std::{
    borrow::Cow,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_types::{
    CommandExecOutputDeltaNotification, CommandExecOutputStream, CommandExecResponse,
};
use futures_core::Stream;

use crate::{
    error::{Error, Result, decode_error::DecodeError},
    exec::process::Inner,
    routing::{decode, subscribers::Post},
    rpc::raw_notification::RawNotification,
};

/// A piece of output (`command/exec/outputDelta`), decoded.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ExecChunk {
    /// Where it was written to. A terminal has only one, `stdout`.
    pub stream: CommandExecOutputStream,
    /// What was written: bytes as they came, which may cut a character in two.
    pub bytes: Vec<u8>,
    /// Whether the stream has come to its [cap](crate::exec::start::ExecBuilder::output_bytes_cap), so that nothing of it
    /// will follow, whatever the program writes.
    pub cap_reached: bool,
}

impl ExecChunk {
    fn decode(notification: &RawNotification) -> Result<Self> {
        let delta: CommandExecOutputDeltaNotification = decode::params(notification)?;
        let bytes = BASE64_STANDARD.decode(delta.delta_base64);
        Ok(Self {
            stream: delta.stream,
            bytes: bytes.map_err(|error| {
                let reason = format!("`deltaBase64` is not base64: {error}");
                DecodeError::at(Some(notification.method()), "", &reason, 0)
            })?,
            cap_reached: delta.cap_reached,
        })
    }
}

/// What a process has put out, and how it ended.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ExecOutput {
    /// The exit code; the server's is 124 for a program that took too long.
    pub exit_code: i32,
    /// What was written to the standard output, or to the terminal.
    pub stdout: Vec<u8>,
    /// What was written to the standard error.
    pub stderr: Vec<u8>,
    /// Whether `stdout` has come to the [cap](crate::exec::start::ExecBuilder::output_bytes_cap), and may be cut there.
    /// A server on Windows does not say.
    pub stdout_cap_reached: bool,
    /// The same for `stderr`.
    pub stderr_cap_reached: bool,
}

impl ExecOutput {
    /// The standard output as text; what is not UTF-8 is replaced.
    pub fn stdout_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// The standard error as text; what is not UTF-8 is replaced.
    pub fn stderr_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }

    pub(crate) fn add(&mut self, mut chunk: ExecChunk) {
        let (bytes, cap_reached) = match chunk.stream {
            CommandExecOutputStream::Stderr => (&mut self.stderr, &mut self.stderr_cap_reached),
            _ => (&mut self.stdout, &mut self.stdout_cap_reached),
        };
        bytes.append(&mut chunk.bytes);
        *cap_reached |= chunk.cap_reached;
    }

    /// Adds what the answer has: the exit code, and the output if it was not streamed.
    pub(crate) fn finish(&mut self, response: &CommandExecResponse) {
        self.exit_code = response.exit_code;
        self.stdout.extend_from_slice(response.stdout.as_bytes());
        self.stderr.extend_from_slice(response.stderr.as_bytes());
    }
}

/// The output of a process; from [`ExecProcess::stream`](crate::exec::process::ExecProcess::stream).
///
/// It ends with the process. If the program could not be run
/// ([`Rpc`](crate::Error::Rpc)) or the connection ended before it
/// ([`ConnectionClosed`](crate::Error::Closed)), that is the last item. Other errors do not end it: a message
/// that could not be understood ([`Decode`](crate::Error::Decode)), or pieces that were dropped since
/// they were not read in time ([`Lagged`](crate::Error::Lagged)).
#[derive(Debug)]
pub struct ExecStream {
    process: Arc<Inner>,
    ended: bool,
}

impl ExecStream {
    pub(crate) fn new(process: Arc<Inner>) -> Self {
        Self {
            process,
            ended: false,
        }
    }

    /// The next piece; `None` after the last one. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Result<ExecChunk>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ExecChunk>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.process.topic.poll(context).map(|post| match post {
            Some(Post::Notification(notification)) => Some(ExecChunk::decode(&notification)),
            Some(Post::Error(error)) => Some(Err(error)),
            Some(Post::Missed(skipped)) => Some(Err(Error::Lagged { skipped })),
            None => {
                self.ended = true;
                self.process.topic.ended()?.err().map(Err)
            }
        })
    }
}

impl Stream for ExecStream {
    type Item = Result<ExecChunk>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}
