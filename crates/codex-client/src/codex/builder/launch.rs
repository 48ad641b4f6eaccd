//! Starts servers, and performs the handshake.

use std::{
    ffi::OsString,
    future::{Future, pending},
    path::PathBuf,
    sync::Arc,
};

use codex_types::InitializeParams;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    process::{ChildStdin, ChildStdout},
};

use super::CodexBuilder;
use crate::{
    binary::Search,
    client::Codex,
    connection::reopen::Reopen,
    error::{Error, Result},
    recording, runtime,
    supervisor::reopener::{Handshake, Reopener},
    transport::{Transport, process::Launch},
};

impl<M: 'static> CodexBuilder<M> {
    pub(crate) async fn launch(self) -> Result<Codex> {
        self.error.clone().map_or(Ok(()), Err)?;
        runtime::check_processes()?;
        let transport = self.spawn()?;
        self.handshake(transport, |builder| async move { builder.spawn() })
            .await
    }

    /// Starts the server.
    fn spawn(&self) -> Result<Transport<ChildStdout, ChildStdin>> {
        let program = Search::from_env(self.binary.clone()).find()?;
        Transport::spawn(&self.launch_of(program))
    }

    /// Performs the handshake over the streams of the program.
    pub(crate) async fn join_streams<R, W>(self, reader: R, writer: W) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        self.check_unsupervised()?;
        let streams = Transport::streams(reader, writer);
        self.handshake(streams, |_| pending()).await
    }

    /// Returns an error if the client is to be supervised, over streams that only the program can open.
    pub(crate) fn check_unsupervised(&self) -> Result<()> {
        match self.supervision {
            None => Ok(()),
            Some(_) => Err(Error::InvalidInput(
                "a client over streams of the program cannot be supervised, because it cannot open \
                 them again: leave out `supervise`, or use `start`"
                    .into(),
            )),
        }
    }

    /// Returns the command that starts a program as the server.
    pub(crate) fn launch_of(&self, program: PathBuf) -> Launch {
        Launch {
            program,
            args: self.args(),
            cwd: self.cwd.clone(),
            env_clear: self.env_clear,
            env: self.env.clone(),
            #[cfg(windows)]
            creation_flags: self.creation_flags,
        }
    }

    pub(super) fn args(&self) -> Vec<OsString> {
        let config = self
            .config
            .iter()
            .flat_map(|config| ["-c".into(), config.flag().into()]);
        config.chain(self.launch_args.iter().cloned()).collect()
    }

    /// Performs the handshake over a transport. A client that is supervised opens others with `dial`.
    pub(crate) async fn handshake<R, W, F>(
        self,
        transport: Transport<R, W>,
        dial: impl Fn(Arc<Self>) -> F + Send + Sync + 'static,
    ) -> Result<Codex>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = Result<Transport<R, W>>> + Send + 'static,
    {
        runtime::check_timers()?;
        let client = self.client.clone();
        let params = InitializeParams::new(client).capabilities(self.capabilities.clone());
        let policy = self.version_policy;
        let mut limits = self.limits.clone();
        limits.recording = limits.recording.or_else(recording::from_env);
        let handlers = self.handlers.clone();
        let reopen = self.supervision.clone().map(|supervision| {
            let builder = Arc::new(self);
            let reopener = Reopener {
                supervision,
                dial: Box::new(move || Box::pin(dial(Arc::clone(&builder)))),
                handshake: Handshake::new(&params, policy, limits.timeout),
            };
            Box::new(reopener) as Box<dyn Reopen<R, W>>
        });
        Codex::open(transport, &limits, handlers, params, policy, reopen).await
    }
}
