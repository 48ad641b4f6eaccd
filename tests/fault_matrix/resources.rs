//! The tasks, threads and descriptors that the cells of a fault share.

use std::{
    fs, io,
    pin::Pin,
    sync::mpsc::{Sender, channel},
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use codex_client::blocking::Codex;
use tokio::{
    io::{AsyncRead, ReadBuf, sink},
    runtime::Handle,
};

use crate::DEADLINE;

/// The number of threads and of open descriptors, which are known on Linux only, and of the tasks
/// of all blocking clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resources {
    threads: Option<usize>,
    descriptors: Option<usize>,
    tasks: usize,
}

impl Resources {
    pub(crate) fn count(worker: &Handle) -> Self {
        let entries = |dir| fs::read_dir(dir).ok().map(Iterator::count);
        Self {
            threads: entries("/proc/self/task"),
            descriptors: entries("/proc/self/fd"),
            tasks: worker.metrics().num_alive_tasks(),
        }
    }

    /// Asserts that there are no tasks after the cells of a fault, and no more threads and
    /// descriptors. Threads and tasks that are ending may take a moment.
    pub(crate) fn assert_no_more(self, worker: &Handle, fault: &str) {
        let start = Instant::now();
        loop {
            let now = Self::count(worker);
            let is_no_more = now.threads <= self.threads && now.descriptors <= self.descriptors;
            if is_no_more && now.tasks == 0 {
                return;
            }
            assert!(
                start.elapsed() < DEADLINE,
                "before: {self:?}; after {fault}: {now:?}"
            );
            thread::park_timeout(Duration::from_millis(10));
        }
    }
}

/// Returns the runtime of all blocking clients, which reads their streams.
pub(crate) fn worker() -> Handle {
    let (sender, receiver) = channel();
    let connected = Codex::builder().connect(Probe(sender), sink());
    assert!(connected.is_err(), "the server has written nothing");
    receiver.recv().unwrap()
}

/// An empty stream that reports the runtime in which it is read.
struct Probe(Sender<Handle>);

impl AsyncRead for Probe {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The receiver may have what it needs.
        let _ = self.0.send(Handle::current());
        Poll::Ready(Ok(()))
    }
}
