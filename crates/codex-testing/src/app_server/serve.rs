//! Plays the script on one connection.

use std::{
    collections::HashMap,
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use serde_json::json;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::sleep,
};

use super::{
    client_message::ClientMessage,
    connection::{FakeConnection, next_line},
    messages::{TurnIds, failed_turn, notification, request, turn},
    output::{Health, Output},
    reply::{Body, Reply},
    script::Script,
    step::Step,
    turn::{Turn, TurnEnd},
};
use crate::{fault::Fault, monitor::Monitor};

/// Plays steps on a connection.
#[derive(Clone)]
struct Player {
    script: Arc<Monitor<Script>>,
    output: Arc<Output>,
    /// Requests of the fake without a response, by id.
    pending: Arc<Mutex<HashMap<u64, oneshot::Sender<()>>>>,
}

/// Counts a fault when it has occurred. The end of the process may end the connection, and with it
/// the task of the fault, before the fault has seen it.
struct CountedFault<'a>(&'a Player);

impl Drop for CountedFault<'_> {
    fn drop(&mut self) {
        self.0.count_fault();
    }
}

/// A turn that is being played.
struct RunningTurn {
    ids: TurnIds,
    interrupted: watch::Receiver<bool>,
}

/// Serves a connection until it ends. `steps` are those that the test adds at any time.
pub(super) async fn serve(
    connection: FakeConnection,
    script: Arc<Monitor<Script>>,
    mut steps: mpsc::UnboundedReceiver<Step>,
) {
    let (mut reader, output) = connection.into_parts();
    let player = Player {
        script,
        output,
        pending: Arc::default(),
    };
    let mut tasks = JoinSet::new();
    let mut running: HashMap<String, watch::Sender<bool>> = HashMap::new();
    let greeting = player.script.lock().greeting.clone();
    for step in greeting {
        player.play(step, None).await;
    }
    loop {
        tokio::select! {
            // In this order: what the test adds takes effect before what the client sends later.
            biased;
            health = player.output.broken() => match health {
                // Holds the streams open until the fake is dropped.
                Health::Hanging => pending().await,
                Health::Ended | Health::Running => return,
            },
            Some(step) = steps.recv() => player.play(step, None).await,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            line = next_line(reader.as_mut()) => {
                let Some(line) = line else { return player.end().await };
                let Ok(message) = serde_json::from_str(&line) else { continue };
                let message = ClientMessage::new(message);
                player.receive(message, &mut tasks, &mut running).await;
            }
        }
    }
}

impl Player {
    /// Ends with the input, as a real server does.
    async fn end(&self) {
        let farewell = self.script.lock().farewell.clone();
        for step in farewell {
            self.play(step, None).await;
        }
        if self.output.health() == Health::Hanging {
            pending::<()>().await;
        }
        self.output.fault(Fault::Exit(0)).await;
    }

    /// Reacts to a message. The responses of requests without delays are in the order of the
    /// requests.
    async fn receive(
        &self,
        message: ClientMessage,
        tasks: &mut JoinSet<()>,
        running: &mut HashMap<String, watch::Sender<bool>>,
    ) {
        let received = message.clone();
        self.script.change(|script| script.received.push(received));
        if message.is_response() {
            let id = message.id().as_u64().unwrap_or_default();
            if let Some(waiting) = self.lock_pending().remove(&id) {
                let _ = waiting.send(());
            }
        }
        if !message.is_request() {
            return;
        }
        let is_interrupt = message.method() == Some("turn/interrupt");
        let reaction = {
            let reply = self.reply(&message);
            let mut script = self.script.lock();
            script.react(&message, reply)
        };
        let Reply {
            fault,
            before,
            after,
            ..
        } = reaction.reply;
        let turn = reaction.turn.map(|(id, turn)| {
            let (interrupt, interrupted) = watch::channel(false);
            let thread = message.params()["threadId"].as_str().unwrap_or_default();
            let ids = TurnIds::new(thread, &id);
            running.insert(id, interrupt);
            (RunningTurn { ids, interrupted }, turn)
        });
        let is_delayed = before
            .iter()
            .any(|step| matches!(step, Step::Hold(_) | Step::Delay(_)));
        let is_delayed = is_delayed || fault.as_ref().is_some_and(Fault::is_delay);
        let player = self.clone();
        let respond = async move {
            for step in before {
                player.play(step, None).await;
            }
            let Some(message) = reaction.message else {
                if let Some(fault) = fault {
                    player.fault(fault).await;
                }
                return;
            };
            match fault {
                None => player.output.send(&message, None).await,
                Some(fault) if fault.is_delay() => {
                    player.count_fault();
                    player.output.send(&message, Some(fault)).await;
                }
                Some(fault) => {
                    player.output.send(&message, Some(fault)).await;
                    player.count_fault();
                }
            }
        };
        let player = self.clone();
        let follow = async move {
            if let Some((running, turn)) = turn {
                player.play_turn(running, turn).await;
            }
            for step in after {
                player.play(step, None).await;
            }
        };
        if is_delayed {
            tasks.spawn(async {
                respond.await;
                follow.await;
            });
        } else {
            respond.await;
            // Whatever needs no wait takes effect before the next message is received.
            let mut follow = Box::pin(follow);
            let first = poll_fn(|context| Poll::Ready(follow.as_mut().poll(context)));
            if first.await.is_pending() {
                tasks.spawn(follow);
            }
        }
        if is_interrupt {
            let turn = message.params()["turnId"].as_str().unwrap_or_default();
            if let Some(turn) = running.remove(turn) {
                let _ = turn.send(true);
            }
        }
    }

    /// Returns the scripted response to a request. Closures of the test run outside the lock.
    fn reply(&self, request: &ClientMessage) -> Reply {
        let method = request.method().unwrap_or_default();
        let responder = self.script.lock().responder(method);
        let reply = match responder {
            Some(respond) => call(|| respond(request)),
            None => self.script.lock().reply(method),
        };
        if method == "turn/start" && matches!(reply.body, Body::Default) {
            let provider = self.script.lock().turn_responder();
            if let Some(provide) = provider {
                let provided = call(|| provide(request).into());
                return Reply {
                    body: provided.body,
                    ..reply
                };
            }
        }
        reply
    }

    async fn play_turn(&self, running: RunningTurn, script: Turn) {
        let ids = &running.ids;
        let started = ids.turn_event("turn/started", &turn(&ids.turn, "inProgress"));
        self.output.send(&started, None).await;
        let mut interrupted = running.interrupted.clone();
        for step in script.steps {
            if *interrupted.borrow() {
                break;
            }
            self.play(step, Some(&running)).await;
        }
        if matches!(script.end, TurnEnd::Never) {
            // The sender is dropped when the turn is interrupted, or with the connection.
            let _ = interrupted.wait_for(|interrupted| *interrupted).await;
        }
        let ended = match script.end {
            _ if *interrupted.borrow() => turn(&ids.turn, "interrupted"),
            TurnEnd::Completed | TurnEnd::Never => turn(&ids.turn, "completed"),
            TurnEnd::Failed(message) => failed_turn(&ids.turn, &message),
        };
        let ended = ids.turn_event("turn/completed", &ended);
        self.output.send(&ended, None).await;
    }

    /// Plays a step. An interrupt of the turn ends waits.
    async fn play(&self, step: Step, turn: Option<&RunningTurn>) {
        let fill = |params| match turn {
            Some(turn) => turn.ids.fill(params),
            None => params,
        };
        match step {
            Step::Notify { method, params } => {
                let message = notification(&method, &fill(params));
                self.output.send(&message, None).await;
            }
            Step::Request {
                method,
                params,
                is_awaited,
            } => {
                let (responded, response) = oneshot::channel();
                let id = self.script.lock().next_number();
                self.lock_pending().insert(id, responded);
                let message = request(&json!(id), &method, &fill(params));
                self.output.send(&message, None).await;
                if is_awaited {
                    until_interrupted(turn, async { drop(response.await) }).await;
                }
            }
            Step::Raw(bytes) => self.output.write(&bytes).await,
            Step::Stderr(text) => self.output.stderr(text.as_bytes()).await,
            Step::Hold(gate) => until_interrupted(turn, gate.pass()).await,
            Step::Delay(delay) => until_interrupted(turn, sleep(delay)).await,
            Step::Fault(fault) => self.fault(fault).await,
            Step::OutliveInput => self.output.outlive_input().await,
        }
    }

    async fn fault(&self, fault: Fault) {
        let _counted = CountedFault(self);
        self.output.fault(fault).await;
    }

    fn count_fault(&self) {
        self.script.change(|script| script.faults += 1);
    }

    fn lock_pending(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<()>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls a closure of the test. A panic, whose message has been printed, becomes an error response.
fn call(respond: impl FnOnce() -> Reply) -> Reply {
    let reply = catch_unwind(AssertUnwindSafe(respond));
    reply.unwrap_or_else(|_| Reply::error(-32603, "the closure of the fake app-server panicked"))
}

async fn until_interrupted(turn: Option<&RunningTurn>, wait: impl Future<Output = ()>) {
    let Some(turn) = turn else {
        return wait.await;
    };
    let mut interrupted = turn.interrupted.clone();
    tokio::select! {
        () = wait => {}
        Ok(_) = interrupted.wait_for(|interrupted| *interrupted) => {}
    }
}
