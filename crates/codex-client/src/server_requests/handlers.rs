//! The handlers of a client, and how one is run.

use std::{
    any::Any,
    collections::HashMap,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, OnceLock},
    task::Poll,
    time::Duration,
};

use codex_types::{DynamicToolCallParams, DynamicToolCallResponse, ServerCall};
use tokio::time::timeout;

use crate::{
    approvals::{
        decision::Decision,
        request::{APPROVALS, ApprovalRequest},
    },
    builder_macros::BoxFuture,
    codex::WeakCodex,
    connection::inbound_request::InboundRequest,
    error::{Error, Result},
    server_requests::handler_result::{HandlerResult, NoHandler},
    tool::{Tool, output::ToolOutput},
};

/// Answers requests of one method, with the JSON of the result.
type Handler = Arc<
    dyn Fn(&InboundRequest, WeakCodex) -> Result<BoxFuture<HandlerResult<Vec<u8>>>> + Send + Sync,
>;

/// Who answers which method.
#[derive(Clone, Default)]
pub(crate) struct Handlers {
    by_method: HashMap<&'static str, Handler>,
    timeout: Option<Duration>,
    client: OnceLock<WeakCodex>,
}

impl Handlers {
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    /// The client that is handed to handlers; there is none before the handshake.
    pub(crate) fn set_client(&self, client: WeakCodex) {
        let _ = self.client.set(client);
    }

    pub(crate) fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.by_method.keys().copied()
    }

    /// Sets the handler of a method.
    pub(crate) fn on<P, F, Fut>(&mut self, handler: F)
    where
        P: ServerCall,
        F: Fn(P, WeakCodex) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<P::Response>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |asked, codex| {
            let answer = handler(asked.params()?, codex);
            Ok(Box::pin(
                async move { Ok(serde_json::to_vec(&answer.await?)?) },
            ))
        });
        self.by_method.insert(P::METHOD, handler);
    }

    /// Sets the handler of all approvals.
    pub(crate) fn on_approval<F, Fut>(&mut self, handler: F)
    where
        F: Fn(ApprovalRequest, WeakCodex) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = HandlerResult<Decision>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |asked, codex| {
            let Some(request) = ApprovalRequest::of(asked)? else {
                return Ok(Box::pin(async { Err(NoHandler.into()) }));
            };
            let decision = handler(request.clone(), codex);
            Ok(Box::pin(
                async move { Ok(decision.await?.answer(&request)?) },
            ))
        });
        for method in APPROVALS {
            self.by_method.insert(method, Arc::clone(&handler));
        }
    }

    pub(crate) fn find(&self, method: &str) -> Option<Handler> {
        self.by_method.get(method).map(Arc::clone)
    }

    pub(crate) fn job(&self, handler: Handler, asked: InboundRequest) -> HandlerTask {
        HandlerTask {
            handler,
            asked,
            codex: self.client.get().cloned().unwrap_or_default(),
            timeout: self.timeout,
            tool: None,
        }
    }

    /// A call of a tool.
    pub(crate) fn call(&self, tool: Tool, asked: InboundRequest) -> HandlerTask {
        let (name, limit) = (tool.name().to_owned(), tool.limit());
        let handler: Handler = Arc::new(move |asked, codex| tool.serve(asked, codex));
        HandlerTask {
            timeout: limit.or(self.timeout),
            tool: Some(name),
            ..self.job(handler, asked)
        }
    }
}

/// A request, and the handler that is to answer it.
pub(crate) struct HandlerTask {
    handler: Handler,
    asked: InboundRequest,
    codex: WeakCodex,
    timeout: Option<Duration>,
    /// The name of the tool, if it is one of ours.
    tool: Option<String>,
}

/// How a handler ended.
enum Outcome {
    Done(HandlerResult<Vec<u8>>),
    /// It was not called: what is asked cannot be understood.
    Malformed(Error),
    Panicked(Box<dyn Any + Send>),
    /// Nobody wants its answer any more.
    Withdrawn,
}

impl HandlerTask {
    /// Runs the handler. Whatever becomes of it, the request is answered: what ends without an answer
    /// is declined when `asked` is dropped.
    pub(crate) async fn run(self) {
        let Self {
            handler,
            asked,
            codex,
            timeout: limit,
            tool,
        } = self;
        let fail = |what: &str, details: &str| fail(&asked, tool.as_deref(), what, details);
        let ended = ended(&handler, &asked, codex);
        let outcome = match limit {
            None => ended.await,
            Some(limit) => match timeout(limit, ended).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let what = format!("took longer than {} s", limit.as_secs_f32());
                    return fail(&what, "");
                }
            },
        };
        match outcome {
            // It may have been withdrawn in this moment.
            Outcome::Done(Ok(answer)) => drop(asked.answer(Ok(answer))),
            Outcome::Done(Err(error)) if error.is::<NoHandler>() => {}
            Outcome::Done(Err(error)) => fail("failed", &format!(": {error}")),
            Outcome::Malformed(error) => asked.report(error),
            Outcome::Panicked(panic) => fail("panicked", &message(&*panic)),
            Outcome::Withdrawn => {}
        }
    }
}

/// Runs a handler until it ends or its request is withdrawn.
async fn ended(handler: &Handler, asked: &InboundRequest, codex: WeakCodex) -> Outcome {
    let mut handled = pin!(async {
        match handler(asked, codex) {
            Ok(answer) => Outcome::Done(answer.await),
            Err(error) => Outcome::Malformed(error),
        }
    });
    let mut withdrawn = pin!(asked.ticket().settled());
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| handled.as_mut().poll(context)));
        match polled {
            Ok(Poll::Ready(outcome)) => Poll::Ready(outcome),
            Ok(Poll::Pending) => withdrawn
                .as_mut()
                .poll(context)
                .map(|()| Outcome::Withdrawn),
            Err(panic) => Poll::Ready(Outcome::Panicked(panic)),
        }
    })
    .await
}

/// Reports what has become of a handler. The model learns only that its tool has failed, and how; for
/// other requests, dropping them is the answer.
fn fail(asked: &InboundRequest, tool: Option<&str>, what: &str, details: &str) {
    let name = tool.map(|tool| format!("for the tool `{tool}` "));
    let name = name.unwrap_or_default();
    asked.report(Error::Handler {
        method: asked.method(),
        reason: format!("{name}{what}{details}").into(),
    });
    if asked.method() == DynamicToolCallParams::METHOD {
        let output = ToolOutput::text(format!("the tool {what}")).failed();
        let response = DynamicToolCallResponse::from(output);
        // One that cannot be written is declined.
        if let Ok(response) = serde_json::to_vec(&response) {
            let _ = asked.answer(Ok(response));
        }
    }
}

/// What a panic said, if it was said in words.
fn message(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words.map(|words| format!(": {words}")).unwrap_or_default()
}
