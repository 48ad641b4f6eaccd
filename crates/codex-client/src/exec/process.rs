//! A process on the server.

use std::{future::poll_fn, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use codex_types::{
    CommandExecParams, CommandExecResizeParams, CommandExecResponse, CommandExecTerminalSize,
    CommandExecTerminateParams, CommandExecWriteParams, Request,
};

use crate::{
    codex::Codex,
    error::{Error, Result},
    exec::output::{ExecOutput, ExecStream},
    routing::client_id_stream::ClientIdStream,
};

/// A process that was started with [`ExecBuilder::spawn`](crate::exec::start::ExecBuilder::spawn). Cheap to clone; all clones
/// are one process, which one task can write to while another reads.
///
/// When the last handle and stream are dropped, the process is [terminated](Self::terminate): one
/// that nobody can talk to any more does not stay. It also ends with the connection.
///
/// # Memory
///
/// Output that is not read is kept, up to 16 MiB as it comes over the wire (which is 12 MiB of
/// bytes). The server does not wait for readers: past that the oldest makes room, and the stream
/// says so. It cannot come to that unless [`no_output_cap`](crate::exec::start::ExecBuilder::no_output_cap) or a large
/// [`output_bytes_cap`](crate::exec::start::ExecBuilder::output_bytes_cap) is asked for: by default the server sends 1 MiB
/// of each stream at most.
#[derive(Debug, Clone)]
pub struct ExecProcess {
    inner: Arc<Inner>,
}

/// What handles and streams hold together.
#[derive(Debug)]
pub(crate) struct Inner {
    codex: Codex,
    pub(crate) topic: Arc<ClientIdStream>,
}

impl ExecProcess {
    pub(crate) fn start(codex: Codex, params: CommandExecParams, streams: bool) -> Result<Self> {
        let topic = ClientIdStream::new("command/exec/outputDelta", "exec");
        let mut params = params.process_id(topic.id());
        if streams {
            params = params.stream_stdout_stderr(true);
        }
        let connection = codex.connection();
        connection.follow(&topic)?;
        connection.send_until_end(&params, &topic)?;
        let inner = Arc::new(Inner { codex, topic });
        Ok(Self { inner })
    }

    /// The id that this client has given the process. It holds for this connection.
    pub fn process_id(&self) -> &str {
        self.inner.topic.id()
    }

    /// The output, piece by piece as it comes, from what nobody has read yet. There is one output:
    /// of several streams, each piece goes to one.
    pub fn stream(&self) -> ExecStream {
        ExecStream::new(Arc::clone(&self.inner))
    }

    /// Waits for the end and collects the output that nobody has read.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait); [`Lagged`](crate::Error::Lagged) if some of the output was dropped
    /// before this was called.
    pub async fn output(&self) -> Result<ExecOutput> {
        let mut output = ExecOutput::default();
        let mut chunks = self.stream();
        while let Some(chunk) = chunks.next().await {
            output.add(chunk?);
        }
        output.finish(&self.ended().await?);
        Ok(output)
    }

    /// Waits for the end; the exit code. Several may wait, and whoever comes later is told at once.
    /// The output need not be read for it, and can be read afterwards.
    ///
    /// The server's code is 124 for a program that took longer than it was
    /// [given](crate::exec::start::ExecBuilder::timeout), and not 0 for one that was ended by a signal.
    ///
    /// # Errors
    ///
    /// [`Rpc`](crate::Error::Rpc) if the program could not be run; [`ConnectionClosed`](crate::Error::Closed)
    /// if the connection ended before it.
    pub async fn wait(&self) -> Result<i32> {
        self.ended().await.map(|response| response.exit_code)
    }

    async fn ended(&self) -> Result<CommandExecResponse> {
        let end = poll_fn(|context| self.inner.topic.poll_end(context)).await;
        end.and_then(|response| response.decode::<CommandExecParams>())
    }

    /// Writes to the input of the program (`command/exec/write`). It returns when the server has taken
    /// it, which a program that does not read may delay.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send); [`Rpc`](crate::Error::Rpc) if the program has ended, or
    /// has no input since neither [`stream_stdin`](crate::exec::start::ExecBuilder::stream_stdin) nor
    /// [`tty`](crate::exec::start::ExecBuilder::tty) was asked for.
    pub async fn write(&self, bytes: impl AsRef<[u8]>) -> Result<()> {
        let delta = BASE64_STANDARD.encode(bytes);
        let params = CommandExecWriteParams::new(self.process_id()).delta_base64(delta);
        self.ask(&params).await
    }

    /// Tells the program that its input is over (`command/exec/write`). In a terminal that is what
    /// Ctrl+D does, which is to be written there.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn close_stdin(&self) -> Result<()> {
        let params = CommandExecWriteParams::new(self.process_id()).close_stdin(true);
        self.ask(&params).await
    }

    /// Changes the size of the terminal (`command/exec/resize`).
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send); [`Rpc`](crate::Error::Rpc) if the program has ended, or
    /// does not run in a terminal.
    pub async fn resize(&self, cols: u16, rows: u16) -> Result<()> {
        let size = CommandExecTerminalSize::new(cols, rows);
        self.ask(&CommandExecResizeParams::new(self.process_id(), size))
            .await
    }

    /// Ends the process (`command/exec/terminate`). Returns when the server has taken it in; to see
    /// it end, [`wait`](Self::wait). One that has ended already is no error.
    ///
    /// On Linux, current servers can leave a program behind that is ended while its sandbox is being set
    /// up, in the first moments after its start.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`](crate::builder::RequestBuilder::send).
    pub async fn terminate(&self) -> Result<()> {
        let params = CommandExecTerminateParams::new(self.process_id());
        match self.ask(&params).await {
            Err(Error::Rpc(_)) if self.inner.topic.ended().is_some() => Ok(()),
            asked => asked,
        }
    }

    /// Asks something of the process. If there is none since it could not be started, that is the
    /// more telling error.
    async fn ask<R: Request>(&self, params: &R) -> Result<()> {
        let connection = self.inner.codex.connection();
        let asked = connection.call(params, connection.timeout()).await;
        match (&asked, self.inner.topic.ended()) {
            (Err(Error::Rpc(_)), Some(Err(error))) => Err(error),
            _ => asked.map(drop),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.topic.abandon();
        if self.topic.ended().is_none() {
            let params = CommandExecTerminateParams::new(self.topic.id());
            self.codex.connection().send_off(&params);
        }
    }
}
