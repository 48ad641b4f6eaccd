//! A connection with its server process, from its first session to its last.
//!
//! A session lasts from the handshake to the end of the streams. If the connection is supervised, it
//! outlives its sessions: the streams below the driver are replaced, and the state above it stays.

use std::{future::pending, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout},
};

use crate::{
    connection::{
        command::Command,
        core::Core,
        driver::{Driver, SessionEnd},
        peer::Peer,
        reopen::{Begun, Reopen, SessionRequests},
        shared::Shared,
    },
    error::{
        Error, Result,
        connection_closed::{CloseReason, ConnectionClosed},
    },
    future::BoxFuture,
    recording,
    routing::session_events::SessionEvent,
    telemetry::{self, Span},
    transport::{Transport, process::Process},
};

/// Timeout for writing the remaining lines when the client closes the connection.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// A driver and the process that it serves.
///
/// The order of the fields matters: dropping the driver closes the server's input, and dropping the
/// process waits until the server has exited.
pub(crate) struct Served<R, W> {
    driver: Driver<R, W>,
    process: Option<Process>,
    /// Shared with the handles.
    peer: Peer,
    /// Given to the requests that begin a session.
    commands: mpsc::WeakUnboundedSender<Command>,
    /// `None` unless the connection is supervised.
    reopen: Option<Box<dyn Reopen<R, W>>>,
}

/// A session that has ended, or could not be begun.
struct Ended {
    closed: ConnectionClosed,
    /// Why the session could not be begun, unless it ended.
    failed: Option<Error>,
    /// The time at which it had begun.
    begun: Option<Instant>,
}

impl Ended {
    /// Whether the program has ended the connection.
    fn is_intended(&self) -> bool {
        is_intended(&self.closed.reason)
    }
}

fn is_intended(reason: &CloseReason) -> bool {
    matches!(reason, CloseReason::Requested | CloseReason::Dropped)
}

impl<R, W> Served<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Returns the connection over a transport, and the part of it that callers may write through.
    pub(crate) fn new(
        transport: Transport<R, W>,
        mut core: Core,
        commands: (
            mpsc::WeakUnboundedSender<Command>,
            mpsc::UnboundedReceiver<Command>,
        ),
        line_limit: usize,
        peer: Peer,
        alive: watch::Sender<()>,
        reopen: Option<Box<dyn Reopen<R, W>>>,
    ) -> (Self, Arc<Shared<W>>) {
        let Transport {
            reader,
            writer,
            process,
            kind,
        } = transport;
        if reopen.is_some() {
            core.supervise();
        }
        let (commands, receiver) = commands;
        let span = Span::connection(kind);
        let driver = Driver::new(reader, writer, core, receiver, line_limit, span, alive);
        let shared = Arc::clone(driver.shared());
        peer.set(process.as_ref());
        let served = Self {
            driver,
            process,
            peer,
            commands,
            reopen,
        };
        (served, shared)
    }

    /// Serves until the connection ends, then shuts it down. If the future is dropped before that,
    /// even before its first poll, everything that waits for the connection ends, and so does the
    /// server process.
    pub(crate) async fn run(mut self) {
        let started = Instant::now();
        let mut ended = self.session(None).await;
        ended.begun = Some(started);
        let closed = match self.reopen.take() {
            Some(reopen) if self.outlives(&ended) => self.supervise(&*reopen, ended).await,
            _ => ended.closed,
        };
        let recorder = self.driver.shared().lock().core.take_recorder();
        if let Some(recorder) = recorder {
            let _ = timeout(recording::END_TIMEOUT, recorder.finish()).await;
        }
        self.driver.shared().lock().core.finish(closed);
    }

    /// Whether another session follows one that has ended.
    fn outlives(&self, ended: &Ended) -> bool {
        !ended.is_intended() && self.driver.shared().lock().core.outlives_session()
    }

    /// Serves one transport until it ends, and shuts it down. `beginning` begins the session.
    async fn session(&mut self, beginning: Option<BoxFuture<Result<Begun>>>) -> Ended {
        let Self {
            driver, process, ..
        } = self;
        let shared = Arc::clone(driver.shared());
        let mut begun = None;
        let failed = async {
            if let Some(beginning) = beginning {
                match beginning.await {
                    Ok(Begun { resumed, lost }) => {
                        shared.lock().core.begin_session(resumed, lost);
                        begun = Some(Instant::now());
                        // The requests that were held back are sent by the next poll.
                        tokio::task::yield_now().await;
                    }
                    Err(error) => return error,
                }
            }
            pending().await
        };
        let end = driver.serve(process.as_mut(), failed).await;
        let (reason, failed) = match end {
            SessionEnd::Closed(reason) => (reason, None),
            SessionEnd::Failed(error) => (CloseReason::EndOfStream, Some(error)),
        };
        let is_intended = is_intended(&reason);
        if is_intended {
            let _ = timeout(FLUSH_TIMEOUT, driver.flush()).await;
        }
        let is_last = {
            let mut state = shared.lock();
            // Closes the server's input, which causes the server to exit.
            state.writer = None;
            is_intended || !state.core.outlives_session()
        };
        let has_ended = reason == CloseReason::EndOfStream && failed.is_none();
        let mut closed = ConnectionClosed::new(reason);
        if let Some(mut process) = process.take() {
            closed.exit_status = driver.shut_down(&mut process, !has_ended, is_last).await;
            telemetry::exited(closed.exit_status);
            closed.stderr_tail = process.stderr_tail().text();
        }
        Ended {
            closed,
            failed,
            begun,
        }
    }

    /// Begins further sessions until the program ends the connection, or there are no more attempts.
    /// Returns how the connection ended.
    async fn supervise(&mut self, reopen: &dyn Reopen<R, W>, ended: Ended) -> ConnectionClosed {
        let mut ended = ended;
        let mut attempt = 0;
        loop {
            let mut last = self.ends(&ended);
            if let Some(begun) = ended.begun
                && begun.elapsed() >= reopen.stable_after()
            {
                attempt = 0;
            }
            let reason = match ended.failed.take() {
                Some(error) => error,
                None => Error::closed(&last),
            };
            let transport = match self.dial(reopen, &mut attempt, reason).await {
                Ok(transport) => transport,
                Err(Stop::Intended(reason)) => return ConnectionClosed::new(reason),
                Err(Stop::GaveUp(error)) => {
                    let last = Arc::make_mut(&mut last);
                    return ConnectionClosed {
                        exit_status: last.exit_status,
                        stderr_tail: std::mem::take(&mut last.stderr_tail),
                        ..gave_up(attempt, &error)
                    };
                }
            };
            let Transport {
                reader,
                writer,
                process,
                kind: _,
            } = transport;
            self.peer.set(process.as_ref());
            self.process = process;
            self.driver.reopen(reader, writer);
            let threads = self.driver.shared().lock().core.resumable_threads();
            let requests = SessionRequests::new(self.commands.clone());
            ended = self.session(Some(reopen.begin(requests, threads))).await;
            if ended.is_intended() {
                return ended.closed;
            }
        }
    }

    /// Ends what belongs to the session that has ended.
    fn ends(&self, ended: &Ended) -> Arc<ConnectionClosed> {
        let mut state = self.driver.shared().lock();
        let closed = ended.closed.clone();
        let closed = match ended.begun {
            Some(_) => state.core.lose_session(closed),
            None => {
                let closed = Arc::new(closed);
                state.core.abandon_attempt(&closed);
                closed
            }
        };
        state.core.wake_all_readers();
        closed
    }

    /// Connects to the server, in several attempts if necessary. `reason` is why the first of them is
    /// necessary.
    async fn dial(
        &mut self,
        reopen: &dyn Reopen<R, W>,
        attempt: &mut u32,
        mut reason: Error,
    ) -> Result<Transport<R, W>, Stop> {
        loop {
            let Some(delay) = reopen.delay_before(*attempt + 1, &reason) else {
                self.report(&SessionEvent::GaveUp {
                    attempts: *attempt,
                    reason: reason.clone(),
                });
                return Err(Stop::GaveUp(reason));
            };
            *attempt += 1;
            self.report(&SessionEvent::Reconnecting {
                attempt: *attempt,
                delay,
                reason,
            });
            let dial = async {
                sleep(delay).await;
                reopen.dial().await
            };
            let dialled = self.driver.between_sessions(dial).await;
            match dialled.map_err(Stop::Intended)? {
                Ok(transport) => return Ok(transport),
                Err(error) => reason = error,
            }
        }
    }

    fn report(&self, event: &SessionEvent) {
        let mut state = self.driver.shared().lock();
        state.core.report_session(event);
        state.core.wake_all_readers();
    }
}

/// Why there is no further session.
enum Stop {
    /// The program has ended the connection.
    Intended(CloseReason),
    /// There are no further attempts after this error.
    GaveUp(Error),
}

/// Returns the end of a connection that could not be reopened.
fn gave_up(attempts: u32, error: &Error) -> ConnectionClosed {
    let last = match error {
        // Its exit status and the end of its standard error follow in the message.
        Error::Closed(closed) => closed.reason.to_string(),
        other => other.to_string(),
    };
    let attempts = match attempts {
        0 => "no attempt to reconnect was allowed".to_owned(),
        1 => "gave up reconnecting after 1 attempt".to_owned(),
        many => format!("gave up reconnecting after {many} attempts"),
    };
    ConnectionClosed::new(CloseReason::GaveUp(format!("{attempts}: {last}")))
}
