//! Blocking handlers of server requests, and the blocking inbox.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use serde_json::json;

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    blocking::{Codex, ServerRequestHandler, WeakCodex},
    error::Error,
    server_requests::handler_result::HandlerResult,
    tests::{
        FakeServer,
        blocking::{start, start_with},
    },
};

const COMMAND: &str = "item/commandExecution/requestApproval";

/// Returns the text of the handler failure that the client reports.
fn failure(codex: &Codex) -> String {
    match codex.notifications().next() {
        Some(Err(error @ Error::Handler { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn assert_declined(fake: &mut FakeServer) {
    let response = fake.request(1, COMMAND, &json!({})).await;
    assert_eq!(response["result"], json!({"decision": "decline"}));
}

#[test]
fn a_handler_decides_on_a_request_without_a_displayed_member_which_is_reported() {
    let builder = Codex::builder().on_approval(|_| Decision::Accept);
    let (codex, server) = start_with(builder, |mut fake| async move {
        for (id, member, decision) in [(1, "startedAtMs", "accept"), (2, "command", "decline")] {
            let response = fake.request(id, COMMAND, &json!({member: [7]})).await;
            assert_eq!(response["result"], json!({"decision": decision}));
        }
        fake.receive_end().await;
    });
    let mut reports = codex.notifications();
    for member in ["startedAtMs", "command"] {
        match reports.next() {
            Some(Err(Error::Decode(error))) => assert!(error.reason.contains(member), "{error}"),
            other => panic!("{other:?}"),
        }
    }
    drop((codex, reports));
    server.join().unwrap();
}

#[test]
fn a_request_whose_handler_panics_is_declined_and_the_panic_is_reported() {
    let panics = |_: ApprovalRequest| -> Decision { panic!("out of order") };
    let builder = Codex::builder().on_approval(panics);
    let (codex, server) = start_with(builder, |mut fake| async move {
        assert_declined(&mut fake).await;
        fake.receive_end().await;
    });
    let failure = failure(&codex);
    assert!(failure.contains("panicked: out of order"), "{failure}");
    drop(codex);
    server.join().unwrap();
}

#[test]
fn a_request_whose_handler_never_returns_is_declined_at_its_deadline() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let builder = Codex::builder()
        .handler_timeout(Duration::from_millis(1))
        .on_approval(move |_| {
            // Blocks until the test ends.
            let _ = released.lock().unwrap().recv();
            Decision::Accept
        });
    let (codex, server) = start_with(builder, |mut fake| async move {
        assert_declined(&mut fake).await;
        fake.receive_end().await;
    });
    assert!(failure(&codex).contains("took longer than 0.001 s"));
    drop(codex);
    server.join().unwrap();
    drop(release);
}

#[test]
fn a_thread_is_used_for_more_than_one_request() {
    const REQUESTS: i64 = 300;
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let seen = Arc::clone(&threads);
    let builder = Codex::builder().on_approval(move |_| {
        seen.lock().unwrap().insert(std::thread::current().id());
        Decision::Accept
    });
    let (codex, server) = start_with(builder, |mut fake| async move {
        for id in 0..REQUESTS {
            fake.request(id, COMMAND, &json!({})).await;
        }
    });
    server.join().unwrap();
    drop(codex);
    let used = threads.lock().unwrap().len();
    assert!(used < 100, "{used} threads for {REQUESTS} requests");
}

#[test]
fn a_handler_may_send_requests() {
    struct AccountReader;

    impl ServerRequestHandler for AccountReader {
        fn approval(&self, codex: WeakCodex, _: ApprovalRequest) -> HandlerResult<Decision> {
            let codex = codex.upgrade().ok_or("the client was dropped")?;
            let account = codex.account().send()?;
            Ok(match account.requires_openai_auth {
                true => Decision::Accept,
                false => Decision::Decline,
            })
        }
    }

    let builder = Codex::builder().handler(AccountReader);
    let (codex, server) = start_with(builder, |mut fake| async move {
        fake.send_request(1, COMMAND, &json!({})).await;
        let account = json!({"requiresOpenaiAuth": true});
        fake.respond("account/read", account).await;
        let response = fake.receive().await;
        assert_eq!(response["result"], json!({"decision": "accept"}));
    });
    server.join().unwrap();
    drop(codex);
}

#[test]
fn an_inbox_is_an_iterator_of_requests_that_any_thread_may_respond_to() {
    let (codex, server) = start(|mut fake| async move {
        // The client opens the inbox before it sends this request.
        fake.respond("account/read", json!({"requiresOpenaiAuth": false}))
            .await;
        fake.send_request(1, COMMAND, &json!({})).await;
        fake.send_request(2, COMMAND, &json!({})).await;
        let response = fake.receive().await;
        assert_eq!(response, json!({"id": 1, "result": {"decision": "accept"}}));
        fake.resolve_request(2).await;
    });
    let mut inbox = codex.server_requests();
    codex.account().send().unwrap();
    let (first, second) = (inbox.next().unwrap(), inbox.next().unwrap());
    let responded = std::thread::spawn(move || first.respond(Decision::Accept));
    responded.join().unwrap().unwrap();
    second.resolved().unwrap();
    assert!(!second.is_open());
    let late = second.respond(Decision::Accept);
    assert!(matches!(late, Err(Error::Resolved { .. })), "{late:?}");
    server.join().unwrap();
    assert!(inbox.next().is_none());
}

#[tokio::test]
async fn an_inbox_is_empty_inside_a_runtime() {
    let (codex, _fake) = FakeServer::start().await;
    let codex = Codex::from(codex);
    assert!(codex.server_requests().next().is_none());
}
