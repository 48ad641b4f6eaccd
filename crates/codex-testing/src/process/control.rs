//! The fake's end of a child process.

use tokio::{
    io::{DuplexStream, duplex},
    sync::{mpsc, watch},
};

use super::{
    frame::{Frame, Kind},
    status::{ProcessInfo, Status},
};

/// The number of bytes of standard input that the host reads ahead of the fake.
const READ_AHEAD: usize = 64 * 1024;

/// The end of a process that the host serves.
pub(crate) struct HostEnd {
    pub(super) frames: mpsc::UnboundedReceiver<Frame>,
    pub(super) input: DuplexStream,
    pub(super) status: watch::Sender<Status>,
}

/// Controls a process. Frames that are sent before the process starts are kept for it.
#[derive(Clone, Debug)]
pub(crate) struct ProcessControl {
    frames: mpsc::UnboundedSender<Frame>,
    status: watch::Receiver<Status>,
}

/// Returns both ends of a process that has not been started, and the stream of its input.
pub(crate) fn process() -> (HostEnd, ProcessControl, DuplexStream) {
    let (frames, received) = mpsc::unbounded_channel();
    let (input, reader) = duplex(READ_AHEAD);
    let (status, seen) = watch::channel(Status::default());
    let host = HostEnd {
        frames: received,
        input,
        status,
    };
    let control = ProcessControl {
        frames,
        status: seen,
    };
    (host, control, reader)
}

impl ProcessControl {
    /// Sends a frame, without waiting until it is carried out.
    pub(crate) fn send(&self, kind: Kind, payload: impl Into<Vec<u8>>) {
        // A process that has ended needs no more frames.
        let _ = self.frames.send(Frame::new(kind, payload));
    }

    /// Sends a frame and waits until the process, if it runs, has carried it out.
    pub(crate) async fn carry_out(&self, kind: Kind) {
        let (done, runs) = (self.status.borrow().done, self.runs());
        self.send(kind, []);
        if runs {
            self.wait(|status| status.done > done || status.ended).await;
        }
    }

    /// Starts a descendant and waits until it runs.
    pub(crate) async fn start_descendant(&self) {
        let started = self.status.borrow().descendants;
        self.send(Kind::Descendant, []);
        self.wait(|status| status.descendants > started || status.ended)
            .await;
    }

    /// Waits until the process runs.
    pub(crate) async fn info(&self) -> Option<ProcessInfo> {
        self.wait(|status| status.info.is_some()).await;
        self.status.borrow().info.clone()
    }

    /// Waits until the process has ended.
    pub(crate) async fn ended(&self) {
        self.wait(|status| status.ended).await;
    }

    /// Waits until the process has ended, unless it has not been started.
    pub(crate) async fn ended_if_started(&self) {
        if self.runs() {
            self.ended().await;
        }
    }

    fn runs(&self) -> bool {
        let status = self.status.borrow();
        status.info.is_some() && !status.ended
    }

    /// Waits until all descendants have ended.
    pub(crate) async fn descendants_ended(&self) {
        self.wait(|status| status.ended_descendants == status.descendants)
            .await;
    }

    async fn wait(&self, met: impl FnMut(&Status) -> bool) {
        // An error means that the host has stopped, so nothing more happens to the process.
        let _ = self.status.clone().wait_for(met).await;
    }
}
