//! Dispatches each request from the server to a tool, an inbox or a handler.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::Waker,
    time::Duration,
};

use codex_types::{
    DynamicToolCallParams, DynamicToolCallResponse, InputTextDynamicToolCallOutputContentItem,
    ServerCall, rpc::JsonRpcError,
};

use crate::{
    connection::{inbound_request::InboundRequest, service::Service},
    future::BoxFuture,
    rpc::{envelope::RoutingKeys, raw_notification::RawNotification},
    server_requests::{
        default_response::default_response,
        handlers::{Handler, HandlerTask, Handlers},
        pending_patches::PendingPatches,
        request_queue::RequestQueue,
        tool_registry::{RegisteredTool, ToolRegistry},
    },
};

/// The service of a connection. `C` is the type of the client that is passed to handlers and tools.
pub(crate) struct Dispatch<C> {
    handlers: Handlers<C>,
    client: C,
    tools: Arc<ToolRegistry<C>>,
    state: Mutex<DispatchState>,
}

#[derive(Default)]
struct DispatchState {
    /// The open inboxes, in the order in which they were opened.
    inboxes: Vec<Weak<RequestQueue>>,
    patches: PendingPatches,
    /// Whether the connection has ended.
    is_closed: bool,
}

impl<C: Clone + Send + Sync + 'static> Dispatch<C> {
    pub(crate) fn new(handlers: Handlers<C>, client: C) -> Self {
        Self {
            handlers,
            client,
            tools: Arc::default(),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, DispatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tools(&self) -> &Arc<ToolRegistry<C>> {
        &self.tools
    }

    /// Opens an inbox for the requests of a thread, or of all threads.
    pub(crate) fn open_inbox(&self, thread_id: Option<&str>) -> Arc<RequestQueue> {
        let inbox = RequestQueue::new(thread_id);
        let mut state = self.lock();
        if state.is_closed {
            inbox.close();
        } else {
            state.inboxes.retain(|inbox| inbox.strong_count() > 0);
            state.inboxes.push(Arc::downgrade(&inbox));
        }
        inbox
    }

    /// Offers a request to the inboxes of a thread or, if `thread_id` is `None`, to those of all
    /// threads. The most recently opened inbox comes first. Returns the request if no inbox takes
    /// it.
    fn offer(
        &self,
        mut request: InboundRequest,
        thread_id: Option<&str>,
        wakes: &mut Vec<Waker>,
    ) -> Result<(), InboundRequest> {
        let newest_first: Vec<_> = self.lock().inboxes.iter().rev().cloned().collect();
        for inbox in newest_first.iter().filter_map(Weak::upgrade) {
            if inbox.thread_id() == thread_id {
                match inbox.push(request, wakes) {
                    Ok(()) => return Ok(()),
                    Err(returned) => request = returned,
                }
            }
        }
        Err(request)
    }

    /// Returns the task that runs a handler, or the handler of a tool.
    fn task(
        &self,
        handler: Handler<C>,
        request: InboundRequest,
        tool: Option<(String, Option<Duration>)>,
    ) -> BoxFuture<()> {
        let is_tool_call = request.method() == DynamicToolCallParams::METHOD;
        let (tool, timeout) = tool.unzip();
        let task = HandlerTask {
            handler,
            request,
            client: self.client.clone(),
            timeout: timeout.flatten().or(self.handlers.timeout()),
            tool,
            on_failure: if is_tool_call { tool_failure } else { |_| None },
        };
        Box::pin(task.run())
    }
}

/// Returns the tool output that describes a failure to the model, without the details.
fn tool_failure(description: &str) -> Option<Vec<u8>> {
    let text = InputTextDynamicToolCallOutputContentItem::new(format!("the tool {description}"));
    let response = DynamicToolCallResponse::new(vec![text.into()], false);
    serde_json::to_vec(&response).ok()
}

impl<C: Clone + Send + Sync + 'static> Service for Dispatch<C> {
    /// Offers a request to the tools and then to the inboxes of its thread and of the thread that a
    /// sub-agent works for, to the handlers, and to the inboxes of all threads, in this order. A
    /// request that none of them takes is dropped.
    fn request(
        &self,
        mut request: InboundRequest,
        wakes: &mut Vec<Waker>,
    ) -> Option<BoxFuture<()>> {
        let state = Arc::clone(request.state());
        if let Some(turn_id) = state.turn_id.as_deref() {
            request.related = self.lock().patches.of(request.method(), turn_id);
        }
        // A sub-agent may have inherited the tools of the thread that it works for.
        let threads: Vec<_> = request.threads().map(str::to_owned).collect();
        if request.method() == DynamicToolCallParams::METHOD
            && let Some(tool) = threads.iter().find_map(|id| self.tools.find(id, &request))
        {
            let RegisteredTool {
                name,
                timeout,
                handler,
            } = tool;
            return Some(self.task(handler, request, Some((name, timeout))));
        }
        for thread_id in &threads {
            request = self.offer(request, Some(thread_id), wakes).err()?;
        }
        if let Some(handler) = self.handlers.find(request.method()) {
            return Some(self.task(handler, request, None));
        }
        drop(self.offer(request, None, wakes));
        None
    }

    fn leaves_open(&self, method: &str) -> bool {
        self.handlers.unhandled().leaves_open(method)
    }

    fn default_response(&self, method: &str) -> Result<Vec<u8>, JsonRpcError> {
        default_response(method)
    }

    fn notification(&self, notification: &RawNotification, keys: &RoutingKeys<'_>) {
        self.lock().patches.update(notification, keys);
        self.tools.update(notification, keys);
    }

    fn thread_lost(&self, thread_id: &str) {
        self.tools.remove(thread_id);
    }

    fn closed(&self) {
        let inboxes = {
            let mut state = self.lock();
            state.is_closed = true;
            std::mem::take(&mut state.inboxes)
        };
        self.tools.clear();
        for inbox in inboxes.iter().filter_map(Weak::upgrade) {
            inbox.close();
        }
    }
}

impl<C> fmt::Debug for Dispatch<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_inboxes_are_removed_even_without_requests() {
        let dispatch = Dispatch::new(Handlers::<()>::default(), ());
        let held = dispatch.open_inbox(None);
        for _ in 0..100 {
            drop(dispatch.open_inbox(Some("t")));
        }
        let state = dispatch.lock();
        assert!(state.inboxes.len() <= 2, "{}", state.inboxes.len());
        assert!(Arc::ptr_eq(&state.inboxes[0].upgrade().unwrap(), &held));
    }
}
