//! The end of a connection: the stream ends, the client closes it, the last handle is dropped, or
//! the runtime shuts down.

use std::{future::IntoFuture, time::Duration};

use codex_types::ModelListParams;

use crate::{
    error::{Error, connection_closed::CloseReason},
    tests::FakeServer,
};

#[tokio::test]
async fn the_end_of_the_stream_fails_pending_and_later_requests() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    let request = tokio::spawn(codex.request(ModelListParams::default()).into_future());
    fake.receive_request("model/list").await;
    // Half of the response arrives, but the request still fails when the stream ends.
    fake.write(b"{\"id\":2,\"result\":{\"da").await;
    drop(fake);
    let error = request.await.unwrap().unwrap_err();
    let Error::Closed(closed) = &error else {
        panic!("{error}")
    };
    assert_eq!(closed.reason, CloseReason::EndOfStream);
    // The incomplete message is reported before the end.
    assert!(matches!(
        notifications.next().await,
        Some(Err(Error::Decode(_)))
    ));
    assert!(matches!(
        notifications.next().await,
        Some(Err(Error::Closed(_)))
    ));
    assert!(notifications.next().await.is_none());
    let error = codex.request(ModelListParams::default()).await.unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error}");
    assert!(matches!(
        codex.notifications().next().await,
        Some(Err(Error::Closed(_)))
    ));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn closing_fails_pending_requests_and_ends_the_stream_to_the_server() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    let request = tokio::spawn(codex.request(ModelListParams::default()).into_future());
    fake.receive_request("model/list").await;
    codex.clone().close().await.unwrap();
    fake.receive_end().await;
    let error = request.await.unwrap().unwrap_err();
    let Error::Closed(closed) = &error else {
        panic!("{error}")
    };
    assert_eq!(closed.reason, CloseReason::Requested);
    assert!(notifications.next().await.is_none());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_connection_ends_with_its_last_handle_despite_a_subscriber() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    drop(codex);
    fake.receive_end().await;
    assert!(notifications.next().await.is_none());
}

#[test]
fn a_subscription_made_while_the_runtime_shuts_down_ends_with_an_error() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let connection_runtime = runtime();
    let (thread, _fake) = connection_runtime.block_on(FakeServer::start_thread());
    // The runtime is not running: the subscriptions are still in the queue when the runtime is
    // dropped.
    let mut notifications = thread.codex.notifications();
    let mut events = thread.events();
    let mut requests = thread.server_requests();
    drop(connection_runtime);
    runtime().block_on(async {
        for end in [notifications.next().await, events.next().await] {
            let Some(Err(Error::Closed(closed))) = &end else {
                panic!("{end:?}")
            };
            assert_eq!(closed.reason, CloseReason::RuntimeShutDown);
        }
        assert!(requests.next().await.is_none());
    });
}

#[test]
fn a_request_on_another_runtime_fails_when_the_runtime_of_the_connection_shuts_down() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let connection_runtime = runtime();
    let (codex, mut fake) = connection_runtime.block_on(FakeServer::start());
    let caller_runtime = runtime();
    let request = caller_runtime.spawn(codex.request(ModelListParams::default()).into_future());
    connection_runtime.block_on(fake.receive_request("model/list"));
    connection_runtime.shutdown_timeout(Duration::from_secs(5));
    let error = caller_runtime.block_on(request).unwrap().unwrap_err();
    let Error::Closed(closed) = &error else {
        panic!("{error}")
    };
    assert_eq!(closed.reason, CloseReason::RuntimeShutDown);
    let later = caller_runtime.block_on(codex.request(ModelListParams::default()).into_future());
    assert!(matches!(later, Err(Error::Closed(_))));
}
