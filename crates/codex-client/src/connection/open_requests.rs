//! Who is to answer the requests of the server, without any I/O.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    task::Waker,
};

use codex_types::{
    DynamicToolCallParams, RequestId, ServerCall, ServerRequest, ServerRequestResolvedNotification,
};
use tokio::sync::mpsc;

use crate::{
    connection::{
        command::Command,
        inbound_request::{InboundRequest, RequestState},
    },
    routing::active_turns::ends_thread,
    rpc::envelope::Envelope,
    server_requests::{
        handlers::{HandlerTask, Handlers},
        pending_patches::PendingPatches,
        request_queue::Inbox,
        tool_registry::Tools,
    },
};

/// How many answered requests are remembered, in case that the server replays one before it has seen
/// the answer.
const REMEMBERED: usize = 1024;

/// The requests that wait for an answer, and those who may give one.
pub(crate) struct OpenRequests {
    open: HashMap<RequestId, Arc<RequestState>>,
    answered: VecDeque<RequestId>,
    handlers: Arc<Handlers>,
    /// In the order in which they were opened.
    inboxes: Vec<Arc<Inbox>>,
    patches: PendingPatches,
    pub(crate) tools: Tools,
    commands: mpsc::WeakUnboundedSender<Command>,
}

impl OpenRequests {
    pub(crate) fn new(
        handlers: Arc<Handlers>,
        commands: mpsc::WeakUnboundedSender<Command>,
    ) -> Self {
        Self {
            open: HashMap::new(),
            answered: VecDeque::new(),
            handlers,
            inboxes: Vec::new(),
            patches: PendingPatches::default(),
            tools: Tools::default(),
            commands,
        }
    }

    pub(crate) fn open_inbox(&mut self, inbox: Arc<Inbox>) {
        self.inboxes.retain(|inbox| !inbox.is_closed());
        self.inboxes.push(inbox);
    }

    /// Takes a request: for the tool that it calls, the inbox of its thread, a handler, or the inbox of
    /// all threads, the one that was opened last. Without any of them it is declined. True if the
    /// method is known.
    pub(crate) fn receive(
        &mut self,
        id: &RequestId,
        envelope: &Envelope<'_>,
        text: &str,
        jobs: &mut Vec<HandlerTask>,
        wakes: &mut Vec<Waker>,
    ) -> bool {
        let method = envelope.method.as_deref().unwrap_or_default();
        let known = ServerRequest::METHODS.iter();
        let Some(&method) = known.copied().find(|known| *known == method).as_ref() else {
            return false;
        };
        // A resumed thread has its open requests replayed; whoever has one has it already.
        if self.open.contains_key(id) || self.answered.contains(id) {
            return true;
        }
        let thread_id = envelope.keys.thread_id.as_deref();
        let turn_id = envelope.keys.turn_id.as_deref();
        let ticket = RequestState::new(id.clone(), method, thread_id, turn_id);
        self.open.insert(id.clone(), Arc::clone(&ticket));
        let patches = match method {
            "item/fileChange/requestApproval" => self.patches.of(turn_id.unwrap_or_default()),
            _ => Vec::new(),
        };
        let commands = self.commands.clone();
        let (text, params) = (text.to_owned(), envelope.params.clone());
        let asked = InboundRequest::new(ticket, text, params, patches, commands);
        self.hand_out(asked, thread_id, jobs, wakes);
        true
    }

    fn hand_out(
        &mut self,
        mut asked: InboundRequest,
        thread_id: Option<&str>,
        jobs: &mut Vec<HandlerTask>,
        wakes: &mut Vec<Waker>,
    ) {
        if asked.method() == DynamicToolCallParams::METHOD
            && let Some(tool) = thread_id.and_then(|thread_id| self.tools.find(thread_id, &asked))
        {
            return jobs.push(self.handlers.call(tool, asked));
        }
        self.inboxes.retain(|inbox| !inbox.is_closed());
        let newest_first = self.inboxes.iter().rev();
        let (own, all): (Vec<_>, Vec<_>) =
            newest_first.partition(|inbox| inbox.thread_id().is_some());
        let own = own.into_iter();
        for inbox in own.filter(|inbox| thread_id.is_some() && inbox.thread_id() == thread_id) {
            match inbox.push(asked, wakes) {
                Ok(()) => return,
                Err(back) => asked = back,
            }
        }
        if let Some(handler) = self.handlers.find(asked.method()) {
            return jobs.push(self.handlers.job(handler, asked));
        }
        for inbox in all {
            match inbox.push(asked, wakes) {
                Ok(()) => return,
                Err(back) => asked = back,
            }
        }
        // Nobody is there: it is dropped here, which declines it.
    }

    /// Whether the answer is still to be sent.
    pub(crate) fn answer(&mut self, id: &RequestId) -> bool {
        let wanted = self.open.remove(id).is_some();
        if wanted {
            if self.answered.len() == REMEMBERED {
                self.answered.pop_front();
            }
            self.answered.push_back(id.clone());
        }
        wanted
    }

    /// Takes note of a notification, whatever it is.
    pub(crate) fn notification(&mut self, method: &str, envelope: &Envelope<'_>, text: &str) {
        self.patches.notification(method, envelope, text);
        self.tools.notification(method, envelope, text);
        let thread_id = envelope.keys.thread_id.as_deref();
        match method {
            "serverRequest/resolved" => {
                let params = envelope.params.clone().map_or("", |at| &text[at]);
                if let Ok(resolved) = serde_json::from_str(params) {
                    self.resolved(&resolved);
                }
            }
            "turn/completed" => {
                let turn_id = envelope.keys.turn_id.as_deref();
                self.withdraw(|ticket| {
                    turn_id.is_some()
                        && ticket.thread_id.as_deref() == thread_id
                        && ticket.turn_id.as_deref() == turn_id
                });
            }
            method if ends_thread(method) => self
                .withdraw(|ticket| thread_id.is_some() && ticket.thread_id.as_deref() == thread_id),
            _ => {}
        }
    }

    /// The server says so also of those that we have answered.
    fn resolved(&mut self, resolved: &ServerRequestResolvedNotification) {
        let id = &resolved.request_id;
        if let Some(ticket) = self.open.remove(id) {
            ticket.withdraw();
        }
        self.answered.retain(|answered| answered != id);
    }

    fn withdraw(&mut self, which: impl Fn(&RequestState) -> bool) {
        self.open.retain(|_, ticket| {
            let gone = which(ticket);
            if gone {
                ticket.withdraw();
            }
            !gone
        });
    }

    /// The connection has ended.
    pub(crate) fn close(&mut self) {
        self.withdraw(|_| true);
        self.tools.close();
        for inbox in self.inboxes.drain(..) {
            inbox.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_that_was_dropped_is_forgotten_also_if_nothing_is_ever_asked() {
        let (commands, _receiver) = mpsc::unbounded_channel();
        let mut requests = OpenRequests::new(Arc::default(), commands.downgrade());
        let held = Inbox::new(None);
        requests.open_inbox(Arc::clone(&held));
        for _ in 0..100 {
            let inbox = Inbox::new(Some("t"));
            requests.open_inbox(Arc::clone(&inbox));
            inbox.close();
        }
        assert!(requests.inboxes.len() <= 2, "{}", requests.inboxes.len());
        assert!(Arc::ptr_eq(&requests.inboxes[0], &held));
    }
}
