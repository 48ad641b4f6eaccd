//! The client of a script.

use std::{
    future::{Future, IntoFuture},
    time::Duration,
};

use codex_types::{
    ThreadUnsubscribeParams, ToolRequestUserInputParams, ToolRequestUserInputResponse,
};
use tokio::time::sleep;

use super::{
    calls::Calls,
    limits::{LONGEST_CLOSE, MAX_MESSAGE, REQUEST_TIMEOUT},
    script::Script,
    server::{Manners, Server},
    stops::{Stopped, Stops},
};
use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    client::{Codex, Thread},
    codex::builder::CodexBuilder,
    error::Result,
    turn::handle::TurnHandle,
};

/// The timeout for turns that have one.
const TURN_TIMEOUT: Duration = Duration::from_secs(20);

/// The time that an interrupted turn is given to end.
const INTERRUPT_GRACE: Duration = Duration::from_secs(5);

/// The handles of a client.
pub(super) struct Client {
    /// `None` once the client was closed or dropped.
    codex: Option<Codex>,
    turns: Vec<TurnHandle>,
    started: tokio::sync::mpsc::UnboundedReceiver<TurnHandle>,
    on_start: tokio::sync::mpsc::UnboundedSender<TurnHandle>,
}

/// Connects a client to a server.
pub(super) async fn connect(script: &mut Script<'_>) -> (Client, Server) {
    let (client_end, server_end) = tokio::io::duplex(1 << 20);
    let (reader, writer) = tokio::io::split(client_end);
    let mut server = Server::new(server_end, Manners::choose(script));
    let connecting = tokio::spawn(builder(script).connect(reader, writer));
    server.shake_hands().await;
    let codex = connecting.await.expect("no panic");
    let (on_start, started) = tokio::sync::mpsc::unbounded_channel();
    let client = Client {
        codex: Some(codex.expect("a handshake")),
        turns: Vec::new(),
        started,
        on_start,
    };
    (client, server)
}

fn builder(script: &mut Script<'_>) -> CodexBuilder {
    let behavior = script.below(5);
    let in_flight = [1, 2, 100][usize::from(script.below(3))];
    let builder = Codex::builder()
        .request_timeout(REQUEST_TIMEOUT)
        .max_in_flight(in_flight)
        .max_message(MAX_MESSAGE);
    let builder = match behavior {
        0 => return builder,
        1 => builder.handler_timeout(Duration::from_secs(2)),
        _ => builder,
    };
    builder
        .on_approval(move |_: ApprovalRequest| respond(behavior, Decision::Accept))
        .on_request(move |_: ToolRequestUserInputParams| {
            respond(behavior, ToolRequestUserInputResponse::new([]))
        })
}

/// Returns a response at once, later, or never.
async fn respond<T>(behavior: u8, response: T) -> T {
    match behavior {
        1 | 2 => sleep(Duration::from_secs(3)).await,
        3 => std::future::pending().await,
        _ => {}
    }
    response
}

impl Client {
    /// Takes a step.
    pub(super) fn step(&mut self, script: &mut Script<'_>, calls: &mut Calls) {
        while let Ok(turn) = self.started.try_recv() {
            self.turns.push(turn);
        }
        let Some(codex) = self.codex.clone() else {
            return;
        };
        let thread = Thread::new(codex.clone(), script.choose_thread());
        match script.below(30) {
            0 | 1 | 18 | 19 => calls.turn("run", None, None, thread.run("hi").into_future()),
            2 => {
                let run = thread.run("hi").timeout(TURN_TIMEOUT);
                let limit = TURN_TIMEOUT + INTERRUPT_GRACE;
                calls.turn("run with a timeout", Some(limit), None, run.into_future());
            }
            3 | 4 => {
                let on_start = self.on_start.clone();
                let start = thread.turn("hi").into_future();
                calls.within("turn", REQUEST_TIMEOUT, async move {
                    let _ = on_start.send(start.await?);
                    Ok(())
                });
            }
            5 => calls.within("account", REQUEST_TIMEOUT, codex.account().into_future()),
            6 => calls.abort(|all| script.index(all)),
            7 => {
                let compact = async move { thread.compact().await };
                calls.within("compact", REQUEST_TIMEOUT, compact);
            }
            8 => {
                // Steers, waits for the turn to begin, steers again, and starts a turn.
                let steer = async move { thread.steer_or_start("more").await };
                calls.within("steer_or_start", 3 * REQUEST_TIMEOUT, steer);
            }
            9 => {
                let start = thread.goal_start("Sing.").into_future();
                // Clears the old goal, sets the new one, and waits until it is reported.
                calls.within("goal_start", 3 * REQUEST_TIMEOUT, start);
            }
            10 => calls.open_ended("goal", async move {
                if let Ok(goal) = thread.goal_start("Sing.").await {
                    let _ = goal.run().await;
                }
            }),
            11 => calls.open_ended("login", async move {
                if let Ok(login) = codex.login_chatgpt().await {
                    let _ = login.wait().await;
                }
            }),
            12 => calls.open_ended("exec", async move {
                let _ = codex.exec(["ls"]).await;
            }),
            13 => calls.open_ended("fs_watch", async move {
                if let Ok(mut watch) = codex.fs_watch("/dir").await {
                    while watch.next().await.is_some() {}
                }
            }),
            14 => {
                let params = ThreadUnsubscribeParams::new(thread.id());
                let unsubscribe = codex.request(params).into_future();
                calls.within("unsubscribe", REQUEST_TIMEOUT, unsubscribe);
            }
            15 => {
                let mut notifications = codex.notifications();
                drop(codex);
                calls.open_ended("notifications", async move {
                    while notifications.next().await.is_some() {}
                });
            }
            16 => {
                let mut events = thread.events();
                calls.open_ended(
                    "events",
                    async move { while events.next().await.is_some() {} },
                );
            }
            17 => inbox(script.below(3), &thread, calls),
            20 => {
                let input = calls.stops.input();
                let run = thread.run(input.clone()).interrupt_on_drop();
                calls.turn("run with interrupt_on_drop", None, None, run.into_future());
                calls.guard_last(input);
            }
            21 => {
                let input = calls.stops.input();
                let stopped = Stopped::Input(input.clone());
                let stop = stop(script, stopped, &calls.stops);
                let run = thread.run(input.clone()).until(stop).into_future();
                calls.turn("run with until", None, None, run);
                calls.guard_last(input);
            }
            22 | 23 => {
                let (input, on_start) = (calls.stops.input(), self.on_start.clone());
                let start = thread.turn(input.clone()).interrupt_on_drop();
                let stops = calls.stops.clone();
                calls.within("turn with interrupt_on_drop", REQUEST_TIMEOUT, async move {
                    let turn = start.into_future().await?;
                    stops.guard(turn.log());
                    let _ = on_start.send(turn);
                    Ok(())
                });
                calls.guard_last(input);
            }
            _ => self.turn_step(script, calls),
        }
    }

    /// Takes a step with the handle of a turn.
    fn turn_step(&mut self, script: &mut Script<'_>, calls: &mut Calls) {
        let Some(index) = script.index(&self.turns) else {
            return;
        };
        let turn = self.turns[index].clone();
        let turn_id = Some(turn.id().to_owned());
        match script.below(9) {
            0 => {
                let run = async move { turn.run().await };
                calls.turn("TurnHandle::run", None, turn_id, run);
            }
            1 => {
                let run = async move { turn.run_within(TURN_TIMEOUT).await };
                let limit = TURN_TIMEOUT + INTERRUPT_GRACE;
                calls.turn("run_within", Some(limit), turn_id, run);
            }
            2 => {
                let interrupt = async move { turn.interrupt().await };
                calls.within("interrupt", REQUEST_TIMEOUT, interrupt);
            }
            3 => {
                let steer = async move { turn.steer("more").await };
                calls.within("steer", REQUEST_TIMEOUT, steer);
            }
            4 => drop(self.turns.swap_remove(index)),
            7 => {
                calls.stops.guard(turn.log());
                self.turns[index] = turn.interrupt_on_drop();
            }
            8 => {
                let stopped = Stopped::Turn(turn.log().response_id().to_owned());
                let stop = stop(script, stopped, &calls.stops);
                let run = async move { turn.run_until(stop).await };
                calls.turn("run_until", None, turn_id, run);
            }
            5 => {
                let stream = turn.stream();
                drop(turn);
                calls.turn("stream", None, turn_id, read(stream));
            }
            _ => {
                let mut text = turn.text_stream();
                calls.turn("text_stream", None, turn_id, async move {
                    while text.next().await.is_some() {}
                    text.result().await
                });
            }
        }
    }

    /// Closes the client.
    pub(super) fn close(&mut self, calls: &mut Calls) {
        if let Some(codex) = self.codex.take() {
            calls.within("close", LONGEST_CLOSE, codex.close());
        }
    }

    /// Drops the client and the handles.
    pub(super) fn drop_handles(&mut self) {
        self.codex = None;
        self.turns.clear();
        while self.started.try_recv().is_ok() {}
    }
}

async fn read(
    mut stream: crate::turn::stream::TurnStream,
) -> Result<crate::turn_result::TurnResult> {
    while stream.next().await.is_some() {}
    stream.result().await
}

/// Returns a future that stops a turn after some time, or never.
fn stop(
    script: &mut Script<'_>,
    stopped: Stopped,
    stops: &Stops,
) -> impl Future<Output = ()> + Send + 'static {
    let (seconds, stops) = (u64::from(script.below(16)), stops.clone());
    async move {
        match seconds {
            15 => std::future::pending().await,
            _ => sleep(Duration::from_secs(seconds)).await,
        }
        stops.add(stopped);
    }
}

/// Reads an inbox and accepts, declines or drops the requests.
fn inbox(behavior: u8, thread: &Thread, calls: &mut Calls) {
    let mut inbox = match behavior {
        0 => thread.codex.server_requests(),
        _ => thread.server_requests(),
    };
    calls.open_ended("inbox", async move {
        while let Some(pending) = inbox.next().await {
            match behavior {
                0 => drop(pending.respond(Decision::Accept)),
                1 => drop(pending.decline()),
                _ => {}
            }
        }
    });
}
