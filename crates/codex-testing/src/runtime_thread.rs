//! A thread that runs a Tokio runtime.

use std::{
    fmt, io,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use tokio::{
    runtime::{self, Handle},
    sync::oneshot,
};

/// A thread with a runtime of its own, which ends on drop, along with its tasks.
pub(crate) struct RuntimeThread {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RuntimeThread {
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        // The new thread creates the runtime: a caller inside another runtime can neither enter
        // nor drop this one.
        let run = move || match runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
        {
            Err(error) => drop(ready.send(Err(error))),
            Ok(runtime) => {
                // If the receiver is dropped, `stopped` is closed as well.
                let _ = ready.send(Ok(runtime.handle().clone()));
                let _ = runtime.block_on(stopped);
            }
        };
        let thread = thread::Builder::new().name(name.into()).spawn(run)?;
        let handle = started
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the thread of the runtime panicked")))?;
        Ok(Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for RuntimeThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The last owner may be a closure of the test that runs on that very thread.
            if thread.thread().id() != thread::current().id() {
                // A panic on that thread has already been printed, and this drop may run during a
                // panic.
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for RuntimeThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeThread").finish_non_exhaustive()
    }
}
