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

use codex_types::ServerCall;
use tokio::time::timeout;

use super::{
    ApprovalRequest, Decision,
    answer::{HandlerResult, Unattended},
    approval::APPROVALS,
};
use crate::{
    builder::BoxFuture,
    codex::WeakCodex,
    connection::Asked,
    error::{Error, Result},
};

/// Answers requests of one method, with the JSON of the result.
type Handler =
    Arc<dyn Fn(&Asked, WeakCodex) -> Result<BoxFuture<HandlerResult<Vec<u8>>>> + Send + Sync>;

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
                return Ok(Box::pin(async { Err(Unattended.into()) }));
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

    pub(crate) fn job(&self, handler: Handler, asked: Asked) -> Job {
        Job {
            handler,
            asked,
            codex: self.client.get().cloned().unwrap_or_default(),
            timeout: self.timeout,
        }
    }
}

/// A request, and the handler that is to answer it.
pub(crate) struct Job {
    handler: Handler,
    asked: Asked,
    codex: WeakCodex,
    timeout: Option<Duration>,
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

impl Job {
    /// Runs the handler. Whatever becomes of it, the request is answered: what ends without an answer
    /// is declined when `asked` is dropped.
    pub(crate) async fn run(self) {
        let Self {
            handler,
            asked,
            codex,
            timeout: limit,
        } = self;
        let ended = ended(&handler, &asked, codex);
        let outcome = match limit {
            None => ended.await,
            Some(limit) => match timeout(limit, ended).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let reason = format!("took longer than {} s", limit.as_secs_f32());
                    return fail(&asked, reason);
                }
            },
        };
        match outcome {
            // It may have been withdrawn in this moment.
            Outcome::Done(Ok(answer)) => drop(asked.answer(Ok(answer))),
            Outcome::Done(Err(error)) if error.is::<Unattended>() => {}
            Outcome::Done(Err(error)) => fail(&asked, format!("failed: {error}")),
            Outcome::Malformed(error) => asked.report(error),
            Outcome::Panicked(panic) => fail(&asked, format!("panicked{}", message(&*panic))),
            Outcome::Withdrawn => {}
        }
    }
}

/// Runs a handler until it ends or its request is withdrawn.
async fn ended(handler: &Handler, asked: &Asked, codex: WeakCodex) -> Outcome {
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

fn fail(asked: &Asked, reason: String) {
    asked.report(Error::Handler {
        method: asked.method(),
        reason: reason.into(),
    });
}

/// What a panic said, if it was said in words.
fn message(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words.map(|words| format!(": {words}")).unwrap_or_default()
}
