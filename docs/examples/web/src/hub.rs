//! An open thread, and the pages that show it.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::response::sse::Event;
use codex_client::{
    ApprovalRequest, Decision, Error, PendingRequest, RequestInbox, Result, Thread, ThreadEvents,
    TurnHandle,
    types::{ServerNotification, ThreadItem, Turn, TurnStatus},
};
use serde::Serialize;
use tokio::sync::{Mutex as AsyncMutex, broadcast};
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};

/// An open thread. Keeps its state, so that a page that is opened or reloaded at any time shows all
/// of it, and sends each change to all pages.
pub struct Hub {
    thread: Thread,
    /// Locked while a change is sent, so that no page misses a change or receives it twice.
    state: Mutex<Shown>,
    /// The last turn that was started. Locked until the server has named it, so that an interrupt
    /// waits for that.
    last_turn: AsyncMutex<Option<TurnHandle>>,
    pages: broadcast::Sender<Event>,
}

#[derive(Default)]
struct Shown {
    turns: Vec<Turn>,
    approvals: BTreeMap<String, Arc<PendingRequest>>,
}

#[derive(Serialize)]
struct Snapshot<'a> {
    turns: &'a [Turn],
    approvals: Vec<Approval<'a>>,
}

#[derive(Serialize)]
struct Approval<'a> {
    id: &'a str,
    request: &'a ApprovalRequest,
    decisions: Vec<Decision>,
}

impl Hub {
    /// Shows a thread, with its turns so far if it is saved.
    pub async fn open(thread: Thread, is_saved: bool) -> Result<Arc<Self>> {
        let (events, inbox) = (thread.events(), thread.server_requests());
        let turns = match is_saved {
            true => thread.read().include_turns(true).await?.thread.turns,
            false => Vec::new(),
        };
        let hub = Arc::new(Self {
            thread,
            state: Mutex::new(Shown {
                turns,
                ..Shown::default()
            }),
            last_turn: AsyncMutex::default(),
            pages: broadcast::Sender::new(1024),
        });
        tokio::spawn(Arc::clone(&hub).follow(events, inbox));
        Ok(hub)
    }

    /// Streams the whole thread, then its changes. The stream of a page that falls behind ends; the
    /// browser then opens a new one.
    pub fn subscribe(&self) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
        let state = self.state();
        let approvals = state.approvals.iter();
        let snapshot = Snapshot {
            turns: &state.turns,
            approvals: approvals
                .filter_map(|(id, pending)| approval(id, pending))
                .collect(),
        };
        let changes = BroadcastStream::new(self.pages.subscribe());
        tokio_stream::once(event("snapshot", &snapshot))
            .chain(changes.map_while(|change| change.ok()))
            .map(Ok)
    }

    /// Starts a turn with this text, or adds the text to the running turn.
    pub async fn send(&self, text: String) -> Result<()> {
        let mut last = self.last_turn.lock().await;
        *last = Some(self.thread.steer_or_start(text).await?);
        Ok(())
    }

    /// Interrupts the running turn. Returns once it has ended.
    pub async fn interrupt(&self) -> Result<()> {
        let last = self.last_turn.lock().await.clone();
        match last {
            Some(turn) => turn.interrupt().await,
            None => Ok(()),
        }
    }

    /// Responds to an approval request.
    pub fn decide(&self, id: &str, decision: Decision) -> Result<()> {
        let pending = self.state().approvals.get(id).cloned();
        let closed = || Error::InvalidInput("the request is no longer open".into());
        pending.ok_or_else(closed)?.respond(decision)
    }

    /// Follows the thread until the connection to the server ends.
    async fn follow(self: Arc<Self>, mut events: ThreadEvents, mut inbox: RequestInbox) {
        loop {
            tokio::select! {
                Some(event) = events.next() => match event {
                    Ok(event) => self.change("change", &event, |state| {
                        apply(&mut state.turns, &event);
                    }),
                    Err(error) => self.change("failure", &error, |_| ()),
                },
                Some(pending) = inbox.next() => self.ask(pending),
                else => break,
            }
        }
    }

    /// Shows an approval request until it has a response or is withdrawn. Declines other requests.
    fn ask(self: &Arc<Self>, pending: PendingRequest) {
        let (hub, id, pending) = (
            Arc::clone(self),
            pending.id().to_string(),
            Arc::new(pending),
        );
        let Some(shown) = approval(&id, &pending) else {
            return;
        };
        self.change("approval", &shown, |state| {
            state.approvals.insert(id.clone(), Arc::clone(&pending));
        });
        tokio::spawn(async move {
            pending.resolved().await;
            hub.change("resolved", &id, |state| _ = state.approvals.remove(&id));
        });
    }

    /// Changes the state, and sends the change to all pages.
    fn change(&self, name: &str, data: &impl Serialize, change: impl FnOnce(&mut Shown)) {
        let mut state = self.state();
        change(&mut state);
        // Fails if no page is open.
        let _ = self.pages.send(event(name, data));
    }

    fn state(&self) -> MutexGuard<'_, Shown> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn event(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name).json_data(data);
    event.unwrap_or_else(|error| Event::default().event("failure").data(error.to_string()))
}

fn approval<'a>(id: &'a str, pending: &'a PendingRequest) -> Option<Approval<'a>> {
    let request = pending.approval()?;
    Some(Approval {
        id,
        request,
        decisions: request.available_decisions(),
    })
}

/// Applies an event to the turns, so that they are what the server would return, with the text so
/// far of items that are not complete.
fn apply(turns: &mut Vec<Turn>, event: &ServerNotification) {
    use ServerNotification as Event;

    let Some(turn) = event.turn_id().map(|id| turn(turns, id)) else {
        return;
    };
    let current = |item: &&mut ThreadItem| item.id().is_some_and(|id| Some(id) == event.item_id());
    match event {
        Event::TurnCompleted(completed) => {
            turn.status = completed.turn.status.clone();
            turn.error.clone_from(&completed.turn.error);
        }
        Event::ItemStarted(event) => put(&mut turn.items, &event.item),
        Event::ItemCompleted(event) => put(&mut turn.items, &event.item),
        Event::AgentMessageDelta(delta) => {
            if let Some(ThreadItem::AgentMessage(message)) = turn.items.iter_mut().find(current) {
                message.text += &delta.delta;
            }
        }
        Event::CommandExecutionOutputDelta(delta) => {
            if let Some(ThreadItem::CommandExecution(run)) = turn.items.iter_mut().find(current) {
                *run.aggregated_output.get_or_insert_default() += &delta.delta;
            }
        }
        _ => {}
    }
}

/// Returns the turn with this id, which is added if it is new.
fn turn<'a>(turns: &'a mut Vec<Turn>, id: &str) -> &'a mut Turn {
    let known = turns.iter().rposition(|turn| turn.id == id);
    let at = known.unwrap_or_else(|| {
        turns.push(Turn::new(id, [], TurnStatus::InProgress));
        turns.len() - 1
    });
    &mut turns[at]
}

/// Replaces the item with this id, or adds it.
fn put(items: &mut Vec<ThreadItem>, item: &ThreadItem) {
    match items.iter_mut().find(|known| known.id() == item.id()) {
        Some(known) => known.clone_from(item),
        None => items.push(item.clone()),
    }
}
