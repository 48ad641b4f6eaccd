//! Handlers of server requests, and the tasks that run them.

use std::{
    any::Any,
    collections::HashMap,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use codex_types::ServerCall;
use tokio::time::timeout;

use crate::{
    approvals::{
        decision::Decision,
        request::{APPROVAL_METHODS, ApprovalRequest},
    },
    connection::inbound_request::InboundRequest,
    error::{Error, Result},
    future::BoxFuture,
    server_requests::{
        handler_result::{HandlerResult, NoHandler},
        unhandled::UnhandledRequests,
    },
};

/// A function that responds to the requests of a method with the JSON of the result. `C` is the
/// type of the client that is passed to it.
pub(crate) type Handler<C> =
    Arc<dyn Fn(&InboundRequest, C) -> Result<BoxFuture<HandlerResult<Vec<u8>>>> + Send + Sync>;

/// The handlers of a client, by method.
pub(crate) struct Handlers<C> {
    by_method: HashMap<&'static str, Handler<C>>,
    timeout: Option<Duration>,
    unhandled: UnhandledRequests,
}

impl<C> Clone for Handlers<C> {
    fn clone(&self) -> Self {
        Self {
            by_method: self.by_method.clone(),
            timeout: self.timeout,
            unhandled: self.unhandled,
        }
    }
}

impl<C> Default for Handlers<C> {
    fn default() -> Self {
        Self {
            by_method: HashMap::new(),
            timeout: None,
            unhandled: UnhandledRequests::default(),
        }
    }
}

impl<C: 'static> Handlers<C> {
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn set_unhandled(&mut self, unhandled: UnhandledRequests) {
        self.unhandled = unhandled;
    }

    pub(crate) fn unhandled(&self) -> UnhandledRequests {
        self.unhandled
    }

    pub(crate) fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.by_method.keys().copied()
    }

    /// Sets the handler of a method.
    pub(crate) fn on<P, F, Fut>(&mut self, handler: F)
    where
        P: ServerCall,
        F: Fn(P, C) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<P::Response>> + Send + 'static,
    {
        let handler: Handler<C> = Arc::new(move |request, client| {
            let response = handler(request.params()?, client);
            Ok(Box::pin(async move {
                Ok(serde_json::to_vec(&response.await?)?)
            }))
        });
        self.by_method.insert(P::METHOD, handler);
    }

    /// Sets the handler of all approval requests.
    pub(crate) fn on_approval<F, Fut>(&mut self, handler: F)
    where
        F: Fn(ApprovalRequest, C) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<Decision>> + Send + 'static,
    {
        let handler: Handler<C> = Arc::new(move |request, client| {
            let Some(approval) = ApprovalRequest::decode(request)? else {
                return Ok(Box::pin(async { Err(NoHandler.into()) }));
            };
            let decision = handler(approval.clone(), client);
            Ok(Box::pin(
                async move { Ok(decision.await?.response(&approval)?) },
            ))
        });
        for method in APPROVAL_METHODS {
            self.by_method.insert(method, Arc::clone(&handler));
        }
    }

    pub(crate) fn find(&self, method: &str) -> Option<Handler<C>> {
        self.by_method.get(method).map(Arc::clone)
    }
}

/// Returns the response to send after a handler has failed, given a description of the failure.
/// `None` declines the request.
pub(crate) type FailureResponse = fn(&str) -> Option<Vec<u8>>;

/// A request and the handler that responds to it.
pub(crate) struct HandlerTask<C> {
    pub(crate) handler: Handler<C>,
    pub(crate) request: InboundRequest,
    pub(crate) client: C,
    pub(crate) timeout: Option<Duration>,
    /// The name of the tool, if the request calls one.
    pub(crate) tool: Option<String>,
    pub(crate) on_failure: FailureResponse,
}

/// The outcome of a handler.
enum HandlerOutcome {
    Done(HandlerResult<Vec<u8>>),
    /// The handler was not called, because the request cannot be decoded.
    Undecodable(Error),
    Panicked(Box<dyn Any + Send>),
    /// The server no longer needs a response.
    Withdrawn,
}

impl<C> HandlerTask<C> {
    /// Runs the handler. A request without a response is declined if the handler fails, and is
    /// dropped if there is none.
    pub(crate) async fn run(self) {
        let outcome = outcome(&self.handler, &self.request, self.client);
        let outcome = match self.timeout {
            None => Some(outcome.await),
            Some(after) => timeout(after, outcome).await.ok(),
        };
        let failure = match outcome {
            // The request may have been withdrawn in the meantime.
            Some(HandlerOutcome::Done(Ok(response))) => {
                return drop(self.request.respond(Ok(response)));
            }
            Some(HandlerOutcome::Done(Err(error))) if error.is::<NoHandler>() => return,
            Some(HandlerOutcome::Done(Err(error))) => Failure::new("failed", format!(": {error}")),
            Some(HandlerOutcome::Undecodable(error)) => return self.request.report(error),
            Some(HandlerOutcome::Panicked(panic)) => {
                Failure::new("panicked", panic_message(&*panic))
            }
            Some(HandlerOutcome::Withdrawn) => return,
            None => {
                let after = self.timeout.unwrap_or_default().as_secs_f32();
                Failure::new(&format!("took longer than {after} s"), String::new())
            }
        };
        let name = self.tool.map(|tool| format!("for the tool `{tool}` "));
        let name = name.unwrap_or_default();
        self.request.report(Error::Handler {
            method: self.request.method(),
            reason: format!("{name}{}{}", failure.description, failure.details).into(),
        });
        // The request may have been withdrawn in the meantime.
        let _ = match (self.on_failure)(&failure.description) {
            Some(response) => self.request.respond(Ok(response)),
            None => self.request.decline(),
        };
    }
}

/// The failure of a handler.
struct Failure {
    description: String,
    /// For the program, not for the model.
    details: String,
}

impl Failure {
    fn new(description: &str, details: String) -> Self {
        Self {
            description: description.to_owned(),
            details,
        }
    }
}

/// Runs a handler until it returns, panics, or its request is withdrawn.
async fn outcome<C>(handler: &Handler<C>, request: &InboundRequest, client: C) -> HandlerOutcome {
    let mut handled = pin!(async {
        match handler(request, client) {
            Ok(response) => HandlerOutcome::Done(response.await),
            Err(error) => HandlerOutcome::Undecodable(error),
        }
    });
    let mut withdrawn = pin!(request.state().settled());
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| handled.as_mut().poll(context)));
        match polled {
            Ok(Poll::Ready(outcome)) => Poll::Ready(outcome),
            Ok(Poll::Pending) => withdrawn
                .as_mut()
                .poll(context)
                .map(|()| HandlerOutcome::Withdrawn),
            Err(panic) => Poll::Ready(HandlerOutcome::Panicked(panic)),
        }
    })
    .await
}

/// Returns the panic message with a colon before it; empty if the payload is not a string.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    message
        .map(|message| format!(": {message}"))
        .unwrap_or_default()
}
