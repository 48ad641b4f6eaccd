//! Gates, waits, and the shutdown of the model.

use std::{net::TcpStream, sync::Arc, thread, time::Duration};

use crate::client::{Client, model};
use codex_testing::{Error, ModelResponse, ScriptedModel};

/// Raises the limit on open files: this process holds both ends of each connection, and the usual
/// limit is 1,024 files.
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
    assert_eq!(client.response().text(), "whole");

    let within = model.gate();
    model.push(ModelResponse::text("one two three").hold_after(2, &within));
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
fn a_client_that_disconnects_while_held_is_counted() {
    let model = model();
    let before = model.push_gated("x");
    let within = model.gate();
    model.push(ModelResponse::text("x").hold_after(0, &within));
    for gate in [before, within] {
        let client = Client::ask(&model, "x");
        gate.blocking_reached().unwrap();
        drop(client);
        gate.blocking_hung_up().unwrap();
    }
}

#[test]
fn a_thousand_concurrent_clients_each_get_their_own_text() {
    const CLIENTS: usize = 1_000;
    allow_many_sockets();
    let model = model();
    let gate = model.gate();
    model.respond_with({
        let gate = gate.clone();
        move |request| ModelResponse::text(request.last_user_text().unwrap_or_default()).hold(&gate)
    });
    let text = |number: usize| format!("I am number {number}");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| Client::ask(&model, &text(n)))
        .collect();
    gate.blocking_reached_by(CLIENTS).unwrap();
    gate.open();
    for (number, client) in clients.into_iter().enumerate() {
        assert_eq!(client.response().text(), text(number));
    }
}

#[test]
fn requests_are_taken_once_and_in_order_by_blocking_and_async_code() {
    let model = model();
    model.respond_with(|_| ModelResponse::items([]));
    for text in ["one", "two"] {
        Client::ask(&model, text).response();
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
        move || Client::ask(&model, "late").response().text()
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
async fn a_wait_that_times_out_reports_the_requests_received() {
    let model = ScriptedModel::start_with_timeout(Duration::from_millis(20)).unwrap();
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
async fn a_wait_ends_when_the_model_is_dropped() {
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
fn a_dropped_model_closes_its_port_and_connections_and_drops_its_script() {
    let model = model();
    let address = model.address();
    let gate = model.push_gated("x");
    // The model holds the closure, and the closure holds a gate of the model.
    let token = Arc::new(gate.clone());
    model.respond_with({
        let token = Arc::clone(&token);
        move |_| ModelResponse::text("x").hold(&token)
    });
    let mut client = Client::ask(&model, "x");
    gate.blocking_reached().unwrap();
    drop(model);
    assert_eq!(client.line(), "");
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(Arc::strong_count(&token), 1);
}
