//! The body of a streamed response, created while it is sent and dropped when the client
//! disconnects.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::body::{Body, Bytes, Frame};

use crate::{
    response::StreamScript,
    sse::{Step, render, steps},
};

/// The size of a frame in bytes. Events share frames, so a million deltas do not take a million
/// writes.
const FRAME_SIZE: usize = 16 * 1024;

/// The events of one response, created as the connection polls for them.
pub(super) struct EventBody {
    steps: Box<dyn Iterator<Item = Step> + Send>,
    /// The sequence number of the next event.
    sequence: u64,
    /// The wait that precedes the next step.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    cut: Option<Cut>,
}

/// How far the connection has been broken.
#[derive(Clone, Copy)]
enum Cut {
    Requested,
    Flushed,
}

impl EventBody {
    pub(super) fn new(script: StreamScript, request: u64) -> Self {
        Self {
            steps: Box::new(steps(script, request)),
            sequence: 0,
            waiting: None,
            cut: None,
        }
    }

    /// Returns the events up to the next wait or cut, or as many as fit into one frame.
    fn next_events(&mut self) -> String {
        let mut text = String::new();
        while self.cut.is_none() && self.waiting.is_none() && text.len() < FRAME_SIZE {
            match self.steps.next() {
                Some(Step::Send(event)) => {
                    text.push_str(&render(event, self.sequence));
                    self.sequence += 1;
                }
                Some(Step::Hold(gate)) => self.waiting = Some(Box::pin(gate.pass())),
                Some(Step::Pause(time)) => self.waiting = Some(Box::pin(tokio::time::sleep(time))),
                Some(Step::Cut) => self.cut = Some(Cut::Requested),
                None => break,
            }
        }
        text
    }
}

/// The body error that makes the server break the connection.
#[derive(Debug)]
pub(super) struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script cuts the connection here")
    }
}

impl std::error::Error for ConnectionCut {}

impl Body for EventBody {
    type Data = Bytes;
    type Error = ConnectionCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionCut>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                ready!(waiting.as_mut().poll(context));
                self.waiting = None;
            }
            let text = self.next_events();
            if !text.is_empty() {
                // Events that precede a wait are sent before it begins.
                return Poll::Ready(Some(Ok(Frame::data(text.into()))));
            }
            if self.waiting.is_none() {
                break;
            }
        }
        match self.cut {
            None => Poll::Ready(None),
            Some(Cut::Requested) => {
                // On an error, the server drops its unwritten bytes. It writes them when the body
                // is pending, so the body returns `Pending` once before the error.
                self.cut = Some(Cut::Flushed);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Cut::Flushed) => Poll::Ready(Some(Err(ConnectionCut))),
        }
    }
}
