//! Futures of a client that are polled outside of the runtime that the client was started in.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake},
    thread::{self, Thread},
    time::Duration,
};

use codex_testing::{FakeAppServer, Reply, Turn};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::{
    client::Codex,
    error::Error,
    retry::{RetryPolicy, retry},
};

/// The timeout of operations that the server never completes.
const SHORT: Duration = Duration::from_millis(10);

/// The timeout of operations that end before it elapses.
const LONG: Duration = Duration::from_secs(3600);

/// Runs a future on the current thread, without a runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Returns a fake, and a client that runs on a runtime of its own.
fn start() -> (FakeAppServer, Codex, Runtime) {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_time().build().unwrap();
    let server = FakeAppServer::start().unwrap();
    let (reader, writer) = server.connect();
    let codex = runtime.block_on(Codex::builder().connect(reader, writer));
    (server, codex.unwrap(), runtime)
}

async fn use_timeouts(server: &FakeAppServer, codex: &Codex) {
    let thread = codex.thread_start().await.unwrap();
    server.turn_with(|_| Turn::text("so far").without_end());
    let error = thread.run("hi").timeout(SHORT).await.unwrap_err();
    assert!(matches!(error, Error::TurnTimeout(_)), "{error}");
    let error = thread.run("hi").idle_timeout(SHORT).await.unwrap_err();
    assert!(matches!(error, Error::TurnTimeout(_)), "{error}");

    let turn = json!({"id": "compaction", "items": [], "status": "inProgress"});
    let item = json!({"type": "contextCompaction", "id": "c"});
    let ids = json!({"threadId": thread.id(), "turnId": "compaction"});
    let (mut started, mut begun, mut completed) = (ids.clone(), ids.clone(), ids);
    started["turn"] = turn.clone();
    begun["item"] = item;
    completed["turn"] = turn;
    completed["turn"]["status"] = "completed".into();
    let reply = Reply::new(json!({})).then_notify("turn/started", started);
    let reply = reply.then_notify("item/started", begun);
    let reply = reply.then_notify("turn/completed", completed);
    server.push("thread/compact/start", reply);
    let compaction = thread.compact().await.unwrap();
    compaction.run_within(LONG).await.unwrap();

    let login = codex.login_chatgpt().await.unwrap();
    let error = login.wait().timeout(SHORT).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");

    let overloaded = Reply::error(-32001, "Server overloaded; retry later.");
    server.push("model/list", overloaded);
    server.push("model/list", json!({"data": []}));
    let policy = RetryPolicy::default().initial_delay(SHORT);
    let models = retry(policy, || codex.models()).await;
    assert!(models.unwrap().data.is_empty());
}

#[test]
fn timeouts_and_delays_work_on_an_executor_without_a_runtime() {
    let (server, codex, _runtime) = start();
    block_on(use_timeouts(&server, &codex));
}

#[test]
fn timeouts_and_delays_work_in_a_runtime_without_timers() {
    let (server, codex, _runtime) = start();
    let without_timers = Builder::new_current_thread().build().unwrap();
    without_timers.block_on(use_timeouts(&server, &codex));
}

#[test]
fn waits_with_a_timeout_end_with_an_error_when_the_runtime_of_the_client_is_shut_down() {
    let (server, codex, runtime) = start();
    let thread = block_on(codex.thread_start().send()).unwrap();
    let login = block_on(codex.login_chatgpt().send()).unwrap();
    server.push_turn(Turn::text("so far").without_end());
    let turn = block_on(thread.turn("hi").send()).unwrap();
    let mut stream = turn.stream();
    while block_on(stream.next()).unwrap().unwrap().method() != "item/completed" {}
    let waiting = [
        thread::spawn({
            let turn = turn.clone();
            move || block_on(turn.run_within(LONG)).map(drop)
        }),
        thread::spawn(move || block_on(login.wait().timeout(LONG).send()).map(drop)),
    ];
    runtime.shutdown_timeout(LONG);
    for waiting in waiting {
        let ended = waiting.join().unwrap();
        assert!(matches!(ended, Err(Error::Closed(_))), "{ended:?}");
    }
    // Later waits fail as well.
    let ended = block_on(turn.run_within(SHORT));
    assert!(matches!(ended, Err(Error::Closed(_))), "{ended:?}");
    let ended = block_on(thread.run("hi").timeout(SHORT).send());
    assert!(matches!(ended, Err(Error::Closed(_))), "{ended:?}");
}
