//! Runs an async script on a thread of its own, for programs that block.

use std::thread::{self, JoinHandle};

use tokio::runtime;

use super::connection::{ClientStreams, FakeConnection};

impl FakeConnection {
    /// Runs an async script on a thread of its own, for a client that blocks. Returns the client's
    /// end, and the thread, whose `join` reports a panic of the script.
    ///
    /// ```
    /// use codex_testing::FakeConnection;
    /// use serde_json::json;
    ///
    /// let ((reader, writer), server) = FakeConnection::spawn(|mut fake| async move {
    ///     fake.handshake().await;
    ///     fake.respond("model/list", json!({"data": []})).await;
    /// });
    /// // Connect the client with `reader` and `writer`, use it, then join `server`.
    /// # drop((reader, writer, server));
    /// ```
    pub fn spawn<F, Fut>(script: F) -> (ClientStreams, JoinHandle<Fut::Output>)
    where
        F: FnOnce(Self) -> Fut + Send + 'static,
        Fut: Future,
        Fut::Output: Send + 'static,
    {
        let (fake, streams) = Self::in_memory();
        (streams, fake.run_on_thread(script))
    }

    /// Runs an async script with this connection on a thread of its own.
    ///
    /// # Panics
    ///
    /// If the operating system refuses the thread.
    pub fn run_on_thread<F, Fut>(self, script: F) -> JoinHandle<Fut::Output>
    where
        F: FnOnce(Self) -> Fut + Send + 'static,
        Fut: Future,
        Fut::Output: Send + 'static,
    {
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_time().build();
            match runtime {
                Ok(runtime) => runtime.block_on(script(self)),
                Err(error) => panic!("the fake cannot run on a thread of its own: {error}"),
            }
        })
    }
}
