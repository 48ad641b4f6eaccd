//! Gates, waits, and the end of the model.

use std::{net::TcpStream, sync::Arc, thread, time::Duration};

use crate::client::{Client, model};
use codex_testing::{Error, Reply, ScriptedModel};

/// Both ends of all connections are in this process, and the usual limit is 1,024 files.
fn allow_many_sockets() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let wanted = maximum.map_or(4_096, |maximum| maximum.min(4_096));
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum,
            },
        )
        .unwrap();
    }
}

#[test]
fn a_gate_holds_the_head_or_the_rest_of_the_stream() {
    let model = model();
    let before = model.push_gated("whole");
    let client = Client::ask(&model, "x");
    before.blocking_reached().unwrap();
    assert!(!before.is_open());
    before.open();
    assert_eq!(client.answer().text(), "whole");

    let within = model.gate();
    model.push(Reply::text("one two three").hold_after(2, &within));
    let mut client = Client::ask(&model, "x");
    client.head();
    let first = client.chunk().unwrap().unwrap();
    assert!(first.contains("two") && !first.contains("three"), "{first}");
    within.blocking_reached().unwrap();
    within.open();
    assert!(
        client
            .chunk()
            .unwrap()
            .unwrap()
            .contains("response.completed")
    );
    assert_eq!((within.arrivals(), within.hangups()), (1, 0));
}

#[test]
fn a_client_that_hangs_up_while_held_is_noticed() {
    let model = model();
    let before = model.push_gated("x");
    let within = model.gate();
    model.push(Reply::text("x").hold_after(0, &within));
    for gate in [before, within] {
        let client = Client::ask(&model, "x");
        gate.blocking_reached().unwrap();
        drop(client);
        gate.blocking_hung_up().unwrap();
    }
}

#[test]
fn a_thousand_clients_at_once_get_each_its_own_text() {
    const CLIENTS: usize = 1_000;
    allow_many_sockets();
    let model = model();
    let gate = model.gate();
    model.respond_with({
        let gate = gate.clone();
        move |request| Reply::text(request.last_user_text().unwrap_or_default()).hold(&gate)
    });
    let text = |number: usize| format!("I am number {number}");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| Client::ask(&model, &text(n)))
        .collect();
    gate.blocking_reached_by(CLIENTS).unwrap();
    gate.open();
    for (number, client) in clients.into_iter().enumerate() {
        assert_eq!(client.answer().text(), text(number));
    }
}

#[test]
fn requests_are_taken_once_and_in_order_by_blocking_and_async_code() {
    let model = model();
    model.respond_with(|_| Reply::items([]));
    for text in ["one", "two"] {
        Client::ask(&model, text).answer();
    }
    let one = model.blocking_next_request().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let two = runtime.block_on(model.next_request()).unwrap();
    assert_eq!(one.last_user_text().as_deref(), Some("one"));
    assert_eq!(two.last_user_text().as_deref(), Some("two"));
}

#[tokio::test]
async fn an_async_wait_ends_when_the_request_arrives() {
    let model = Arc::new(model());
    let gate = model.push_gated("x");
    let asking = thread::spawn({
        let model = Arc::clone(&model);
        move || Client::ask(&model, "late").answer().text()
    });
    assert_eq!(
        model
            .next_request()
            .await
            .unwrap()
            .last_user_text()
            .as_deref(),
        Some("late")
    );
    gate.reached().await.unwrap();
    gate.open();
    assert_eq!(asking.join().unwrap(), "x");
}

#[tokio::test]
async fn waits_in_vain_end_with_what_was_seen() {
    let model = ScriptedModel::start_with_patience(Duration::from_millis(20)).unwrap();
    let gate = model.push_gated("x");
    for error in [
        model.next_request().await.unwrap_err(),
        model.blocking_next_request().unwrap_err(),
        gate.reached().await.unwrap_err(),
        gate.blocking_reached_by(2).unwrap_err(),
        gate.hung_up().await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::TimedOut { .. }));
        let message = error.to_string();
        assert!(
            message.contains("20ms") && message.contains("seen 0 requests"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_wait_ends_with_its_model() {
    let model = model();
    let gate = model.gate();
    let waiting = tokio::spawn({
        let gate = gate.clone();
        async move { gate.reached().await }
    });
    tokio::task::yield_now().await;
    drop(model);
    assert!(matches!(waiting.await.unwrap(), Err(Error::Stopped { .. })));
    assert!(matches!(gate.reached().await, Err(Error::Stopped { .. })));
    assert!(matches!(
        gate.blocking_reached(),
        Err(Error::Stopped { .. })
    ));
}

#[test]
fn a_dropped_model_closes_its_port_and_its_connections_and_drops_its_script() {
    let model = model();
    let address = model.address();
    let gate = model.push_gated("x");
    // The closure holds a gate, which holds the model's state, which holds the closure.
    let token = Arc::new(gate.clone());
    model.respond_with({
        let token = Arc::clone(&token);
        move |_| Reply::text("x").hold(&token)
    });
    let mut client = Client::ask(&model, "x");
    gate.blocking_reached().unwrap();
    drop(model);
    assert_eq!(client.line(), "");
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(Arc::strong_count(&token), 1);
}
