//! Handlers and inboxes of threads that wait.

use std::{sync::mpsc, time::Duration};

use serde_json::json;

use crate::{
    approvals::{decision::Decision, request::ApprovalRequest},
    blocking::{Codex, ServerRequestHandler, WeakCodex},
    error::Error,
    server_requests::handler_result::HandlerResult,
    tests::{
        Fake,
        blocking::{start, start_with},
    },
};

const COMMAND: &str = "item/commandExecution/requestApproval";

/// What the client reports of a handler.
fn failure(codex: &Codex) -> String {
    match codex.notifications().next() {
        Some(Err(error @ Error::Handler { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn is_declined(fake: &mut Fake) {
    let answer = fake.ask(1, COMMAND, &json!({})).await;
    assert_eq!(answer["result"], json!({"decision": "decline"}));
}

#[test]
fn a_handler_that_panics_declines_and_is_reported() {
    let panics = |_: ApprovalRequest| -> Decision { panic!("out of order") };
    let builder = Codex::builder().on_approval(panics);
    let (codex, server) = start_with(builder, |mut fake| async move {
        is_declined(&mut fake).await;
        fake.receive_end().await;
    });
    let failure = failure(&codex);
    assert!(failure.contains("panicked: out of order"), "{failure}");
    drop(codex);
    server.join().unwrap();
}

#[test]
fn a_handler_that_never_returns_is_given_up_at_its_deadline() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let builder = Codex::builder()
        .handler_timeout(Duration::from_millis(1))
        .on_approval(move |_| {
            // Until the test has ended.
            let _ = released.lock().unwrap().recv();
            Decision::Accept
        });
    let (codex, server) = start_with(builder, |mut fake| async move {
        is_declined(&mut fake).await;
        fake.receive_end().await;
    });
    assert!(failure(&codex).contains("took longer than 0.001 s"));
    drop(codex);
    server.join().unwrap();
    drop(release);
}

#[test]
fn a_handler_may_wait_for_the_client() {
    struct Asks;

    impl ServerRequestHandler for Asks {
        fn approval(&self, codex: WeakCodex, _: ApprovalRequest) -> HandlerResult<Decision> {
            let codex = codex.upgrade().ok_or("the client is gone")?;
            let account = codex.account().send()?;
            Ok(match account.requires_openai_auth {
                true => Decision::Accept,
                false => Decision::Decline,
            })
        }
    }

    let builder = Codex::builder().handler(Asks);
    let (codex, server) = start_with(builder, |mut fake| async move {
        fake.put(1, COMMAND, &json!({})).await;
        let account = json!({"requiresOpenaiAuth": true});
        fake.answer("account/read", account).await;
        let answer = fake.receive().await;
        assert_eq!(answer["result"], json!({"decision": "accept"}));
    });
    server.join().unwrap();
    drop(codex);
}

#[test]
fn an_inbox_is_an_iterator_whose_requests_any_thread_may_answer() {
    let (codex, server) = start(|mut fake| async move {
        // By then the inbox is open.
        fake.answer("account/read", json!({"requiresOpenaiAuth": false}))
            .await;
        fake.put(1, COMMAND, &json!({})).await;
        fake.put(2, COMMAND, &json!({})).await;
        let answer = fake.receive().await;
        assert_eq!(answer, json!({"id": 1, "result": {"decision": "accept"}}));
        fake.resolve(2).await;
    });
    let mut inbox = codex.server_requests();
    codex.account().send().unwrap();
    let (first, second) = (inbox.next().unwrap(), inbox.next().unwrap());
    let answered = std::thread::spawn(move || first.respond(Decision::Accept));
    answered.join().unwrap().unwrap();
    second.resolved().unwrap();
    assert!(!second.is_open());
    let late = second.respond(Decision::Accept);
    assert!(matches!(late, Err(Error::Resolved { .. })), "{late:?}");
    server.join().unwrap();
    assert!(inbox.next().is_none());
}

#[tokio::test]
async fn inside_a_runtime_an_inbox_has_nothing_to_give() {
    let (ours, theirs) = tokio::io::duplex(1024);
    let mut fake = Fake::at(theirs);
    let (reader, writer) = tokio::io::split(ours);
    let handshake = async {
        fake.answer("initialize", crate::tests::handshake()).await;
        fake.receive().await;
    };
    let connected = crate::Codex::builder().connect(reader, writer);
    let (codex, ()) = tokio::join!(connected, handshake);
    let codex = Codex::from(codex.unwrap());
    assert!(codex.server_requests().next().is_none());
}
