//! The output of a process.

use std::{
    borrow::Cow,
    sync::Arc,
    task::{Context, Poll},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_types::{
    CommandExecOutputDeltaNotification, CommandExecOutputStream, CommandExecResponse,
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result, decode_error::DecodeError},
    exec::process::ProcessInner,
    routing::mailbox::{Item, Received},
    rpc::raw_notification::RawNotification,
    stream::stream,
};

/// A chunk of output (`command/exec/outputDelta`), decoded.
///
/// In serde, the fields have the names of the protocol: the bytes are `deltaBase64`, encoded in
/// base64.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExecChunk {
    /// The stream that the program wrote to. A terminal has only `stdout`.
    pub stream: CommandExecOutputStream,
    /// The bytes. A chunk may end in the middle of a character.
    #[serde(rename = "deltaBase64", with = "base64_text")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub bytes: Vec<u8>,
    /// Whether the stream has reached its [cap](crate::builder::ExecBuilder::output_bytes_cap), so
    /// that no further chunk of it follows.
    pub cap_reached: bool,
}

impl ExecChunk {
    fn decode(notification: &RawNotification) -> Result<Self> {
        let delta: CommandExecOutputDeltaNotification = notification.decode_params()?;
        let bytes = BASE64_STANDARD.decode(delta.delta_base64);
        Ok(Self {
            stream: delta.stream,
            bytes: bytes.map_err(|error| {
                let reason = format!("`deltaBase64` is not base64: {error}");
                DecodeError::without_text(Some(notification.method()), &reason)
            })?,
            cap_reached: delta.cap_reached,
        })
    }
}

/// The output and the exit code of a process.
///
/// In serde, the fields have their names in camelCase. The output is text, in which invalid UTF-8 is
/// replaced with U+FFFD.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ExecOutput {
    /// The exit code, which is 124 for a program that exceeded its timeout.
    pub exit_code: i32,
    /// The bytes written to standard output, or to the terminal.
    #[serde(with = "lossy_text")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub stdout: Vec<u8>,
    /// The bytes written to standard error.
    #[serde(with = "lossy_text")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub stderr: Vec<u8>,
    /// Whether `stdout` has reached the [cap](crate::builder::ExecBuilder::output_bytes_cap) and
    /// may be truncated. Servers on Windows do not report this.
    pub stdout_cap_reached: bool,
    /// Whether `stderr` has reached the cap and may be truncated.
    pub stderr_cap_reached: bool,
}

/// Bytes as base64.
mod base64_text {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map_err(D::Error::custom)
    }
}

/// Bytes as text.
mod lossy_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}

impl ExecOutput {
    /// Returns standard output as text. Invalid UTF-8 is replaced with U+FFFD.
    pub fn stdout_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Returns standard error as text. Invalid UTF-8 is replaced with U+FFFD.
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

    /// Adds the exit code and the output that was not streamed.
    pub(crate) fn finish(&mut self, response: &CommandExecResponse) {
        self.exit_code = response.exit_code;
        self.stdout.extend_from_slice(response.stdout.as_bytes());
        self.stderr.extend_from_slice(response.stderr.as_bytes());
    }
}

/// The output of a process, returned by [`ExecProcess::stream`](crate::ExecProcess::stream).
///
/// ```no_run
/// use codex_client::{Codex, Result, types::CommandExecOutputStream};
///
/// async fn example(codex: &Codex) -> Result<()> {
///     let process = codex.exec(["cargo", "test"]).spawn()?;
///     let mut output = process.stream();
///     while let Some(chunk) = output.next().await {
///         let chunk = chunk?;
///         let text = String::from_utf8_lossy(&chunk.bytes);
///         match chunk.stream {
///             CommandExecOutputStream::Stderr => eprint!("{text}"),
///             _ => print!("{text}"),
///         }
///     }
///     println!("exit code {}", process.wait().await?);
///     Ok(())
/// }
/// ```
///
/// The stream ends with the process. If the program could not be run ([`Rpc`](crate::Error::Rpc))
/// or the connection ended before the process did ([`Closed`](crate::Error::Closed)), that error is
/// the last item. Other errors do not end the stream: they report a message that could not be
/// decoded ([`Decode`](crate::Error::Decode)), or chunks that were dropped because they were not
/// read in time ([`Lagged`](crate::Error::Lagged)).
#[derive(Debug)]
pub struct ExecStream {
    process: Arc<ProcessInner>,
    has_ended: bool,
}

impl ExecStream {
    pub(crate) fn new(process: Arc<ProcessInner>) -> Self {
        Self {
            process,
            has_ended: false,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ExecChunk>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let mailbox = &self.process.stream.mailbox;
        mailbox.poll(context).map(|received| match received {
            Some(Received::Item(Item::Notification(notification))) => {
                Some(ExecChunk::decode(&notification))
            }
            Some(Received::Item(Item::Error(error))) => Some(Err(error)),
            Some(Received::Lagged(skipped)) => Some(Err(Error::Lagged { skipped })),
            None => {
                self.has_ended = true;
                self.process.stream.mailbox.end()?.err().map(Err)
            }
        })
    }
}

stream! {
    /// Returns the next chunk, or `None` after the last one.
    ExecStream => Result<ExecChunk>
}
