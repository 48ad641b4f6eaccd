//! The tools of the threads that the server has loaded.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    connection::inbound_request::InboundRequest,
    rpc::{
        envelope::{self, RoutingKeys},
        raw_notification::{NotificationKind, RawNotification},
    },
    server_requests::{handlers::Handler, tool_call::ToolCall},
};

/// A tool that can be called.
pub(crate) struct RegisteredTool<C> {
    pub(crate) name: String,
    pub(crate) timeout: Option<Duration>,
    pub(crate) handler: Handler<C>,
}

impl<C> Clone for RegisteredTool<C> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            timeout: self.timeout,
            handler: Arc::clone(&self.handler),
        }
    }
}

/// The tools of a thread, by namespace and name.
pub(crate) struct Toolbox<C> {
    by_namespace: HashMap<Option<String>, HashMap<String, RegisteredTool<C>>>,
}

impl<C> Default for Toolbox<C> {
    fn default() -> Self {
        Self {
            by_namespace: HashMap::new(),
        }
    }
}

impl<C> Clone for Toolbox<C> {
    fn clone(&self) -> Self {
        Self {
            by_namespace: self.by_namespace.clone(),
        }
    }
}

impl<C> Toolbox<C> {
    /// Adds a tool. Returns false if it replaces another tool with the same name.
    pub(crate) fn insert(&mut self, namespace: Option<&str>, tool: RegisteredTool<C>) -> bool {
        let namespace = namespace.map(str::to_owned);
        let tools = self.by_namespace.entry(namespace).or_default();
        tools.insert(tool.name.clone(), tool).is_none()
    }

    pub(crate) fn has_namespace(&self, namespace: &str) -> bool {
        self.by_namespace.contains_key(&Some(namespace.to_owned()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_namespace.is_empty()
    }

    /// Returns the called tool.
    fn find(&self, request: &InboundRequest) -> Option<RegisteredTool<C>> {
        let call = ToolCall::parse(request).ok()?;
        let tools = self.by_namespace.get(&call.text("namespace"))?;
        tools.get(&call.text("tool")?).cloned()
    }

    /// Adds the tools of `other` whose names are not in use.
    fn extend(mut self, other: &Self) -> Self {
        for (namespace, tools) in &other.by_namespace {
            let own = self.by_namespace.entry(namespace.clone()).or_default();
            for (name, tool) in tools {
                own.entry(name.clone()).or_insert_with(|| tool.clone());
            }
        }
        self
    }
}

/// The tools that a request registers for a thread.
pub(crate) struct ThreadTools<C> {
    pub(crate) toolbox: Toolbox<C>,
    /// The thread, if it is resumed.
    pub(crate) resumes: Option<String>,
    /// The thread that is forked. The new thread inherits its tools.
    pub(crate) forks: Option<String>,
}

/// The tools of all threads.
pub(crate) struct ToolRegistry<C>(Mutex<Threads<C>>);

struct Threads<C> {
    loaded: HashMap<Box<str>, Arc<Toolbox<C>>>,
    /// Tools of threads that are being resumed: calls may be received before the response.
    resuming: Vec<(Box<str>, Arc<Toolbox<C>>)>,
}

impl<C> Default for Threads<C> {
    fn default() -> Self {
        Self {
            loaded: HashMap::new(),
            resuming: Vec::new(),
        }
    }
}

impl<C> Default for ToolRegistry<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C> ToolRegistry<C> {
    fn lock(&self) -> MutexGuard<'_, Threads<C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves tools for a thread, before the request that loads it is sent.
    pub(crate) fn reserve(self: &Arc<Self>, tools: ThreadTools<C>) -> ToolReservation<C> {
        let ThreadTools {
            toolbox,
            resumes,
            forks,
        } = tools;
        let toolbox = Arc::new(toolbox);
        if let Some(thread_id) = resumes {
            let reserved = (thread_id.into(), Arc::clone(&toolbox));
            self.lock().resuming.push(reserved);
        }
        ToolReservation {
            registry: Arc::clone(self),
            toolbox,
            forks,
        }
    }

    /// Returns the tool that is called in a thread.
    pub(crate) fn find(
        &self,
        thread_id: &str,
        request: &InboundRequest,
    ) -> Option<RegisteredTool<C>> {
        let threads = self.lock();
        let newest_first = threads.resuming.iter().rev();
        let mut resuming = newest_first.filter(|(id, _)| **id == *thread_id);
        let reserved = resuming.find_map(|(_, toolbox)| toolbox.find(request));
        reserved.or_else(|| threads.loaded.get(thread_id)?.find(request))
    }

    /// Updates the state from a notification.
    pub(crate) fn update(&self, notification: &RawNotification, keys: &RoutingKeys<'_>) {
        let Some(thread_id) = keys.thread_id.as_deref() else {
            return;
        };
        if notification.kind() == NotificationKind::ThreadEnded {
            self.remove(thread_id);
        }
    }

    /// Forgets the tools of a thread that is no longer loaded.
    pub(crate) fn remove(&self, thread_id: &str) {
        self.lock().loaded.remove(thread_id);
    }

    /// Forgets all tools, because the connection has ended.
    pub(crate) fn clear(&self) {
        *self.lock() = Threads::default();
    }
}

/// Tools reserved for the thread that a response will name. Dropping the reservation releases the
/// tools.
pub(crate) struct ToolReservation<C> {
    registry: Arc<ToolRegistry<C>>,
    toolbox: Arc<Toolbox<C>>,
    forks: Option<String>,
}

impl<C> ToolReservation<C> {
    /// Assigns the tools to the thread that a result names.
    pub(crate) fn claim(self, result: &str) {
        let mut threads = self.registry.lock();
        let forked = self.forks.as_deref();
        if self.toolbox.is_empty() && forked.is_none_or(|id| !threads.loaded.contains_key(id)) {
            // Avoids scanning the result, which may contain a long history.
            return;
        }
        let keys = envelope::result_keys(result);
        let Some(thread_id) = keys.and_then(|keys| keys.thread_id) else {
            return;
        };
        let mut candidates = [Some(&*thread_id), forked].into_iter().flatten();
        let older = candidates.find_map(|id| threads.loaded.get(id));
        let toolbox = match older {
            None => Arc::clone(&self.toolbox),
            Some(older) if self.toolbox.is_empty() => Arc::clone(older),
            Some(older) => Arc::new(Toolbox::clone(&self.toolbox).extend(older)),
        };
        threads.loaded.insert((*thread_id).into(), toolbox);
    }
}

impl<C> Drop for ToolReservation<C> {
    fn drop(&mut self) {
        let mut threads = self.registry.lock();
        threads
            .resuming
            .retain(|(_, toolbox)| !Arc::ptr_eq(toolbox, &self.toolbox));
    }
}
