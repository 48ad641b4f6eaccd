//! The body of a streamed reply: made while it is sent, and dropped when the client hangs up.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::body::{Body, Bytes, Frame};

use crate::{
    reply::Script,
    sse::{Step, render, steps},
};

/// As many events as fit go into one frame, so that a million deltas are not a million writes.
const FRAME: usize = 16 * 1024;

/// The events of one reply, as the connection asks for them.
pub(super) struct Events {
    steps: Box<dyn Iterator<Item = Step> + Send>,
    /// The number of the next event.
    sequence: u64,
    /// What must happen before the next step.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    cut: Option<Break>,
}

/// How far the breaking of the connection has come.
#[derive(Clone, Copy)]
enum Break {
    Asked,
    Flushed,
}

impl Events {
    pub(super) fn new(script: Script, request: u64) -> Self {
        Self {
            steps: Box::new(steps(script, request)),
            sequence: 0,
            waiting: None,
            cut: None,
        }
    }

    /// The events up to the next halt, or as many as one frame takes.
    fn next_events(&mut self) -> String {
        let mut text = String::new();
        while self.cut.is_none() && self.waiting.is_none() && text.len() < FRAME {
            match self.steps.next() {
                Some(Step::Send(event)) => {
                    text.push_str(&render(event, self.sequence));
                    self.sequence += 1;
                }
                Some(Step::Hold(gate)) => self.waiting = Some(Box::pin(gate.pass())),
                Some(Step::Pause(time)) => self.waiting = Some(Box::pin(tokio::time::sleep(time))),
                Some(Step::Cut) => self.cut = Some(Break::Asked),
                None => break,
            }
        }
        text
    }
}

/// The error by which the server is made to break the connection.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script cuts the connection here")
    }
}

impl std::error::Error for Cut {}

impl Body for Events {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                ready!(waiting.as_mut().poll(context));
                self.waiting = None;
            }
            let text = self.next_events();
            if !text.is_empty() {
                // What comes before a halt goes out before it.
                return Poll::Ready(Some(Ok(Frame::data(text.into()))));
            }
            if self.waiting.is_none() {
                break;
            }
        }
        match self.cut {
            None => Poll::Ready(None),
            Some(Break::Asked) => {
                // An error makes the server drop what it has not written yet. It writes when the body
                // has nothing to give, so let it have that once.
                self.cut = Some(Break::Flushed);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Break::Flushed) => Poll::Ready(Some(Err(Cut))),
        }
    }
}
