//! File watches.

use std::future::IntoFuture;

use serde_json::{Value, json};

use crate::{client::Codex, error::Error, fs_watch::FsWatcher, tests::FakeServer};

impl FakeServer {
    async fn change(&mut self, watch_id: &str, path: &str) {
        let params = json!({"watchId": watch_id, "changedPaths": [path]});
        self.notify("fs/changed", params).await;
    }
}

/// Starts a watch and returns it with its request.
async fn watch(codex: &Codex, fake: &mut FakeServer) -> (FsWatcher, Value) {
    let (watch, request) = tokio::join!(
        codex.fs_watch("/dir").into_future(),
        fake.respond("fs/watch", json!({"path": "/real/dir"}))
    );
    (watch.unwrap(), request)
}

#[tokio::test]
async fn each_watch_gets_its_own_changes_including_those_before_the_response() {
    let (codex, mut fake) = FakeServer::start().await;
    let (mut first, request) = watch(&codex, &mut fake).await;
    let expected = json!({"path": "/dir", "watchId": first.watch_id()});
    assert_eq!(request["params"], expected);
    assert_eq!(first.path(), "/real/dir");
    let starting = tokio::spawn(codex.fs_watch("/other").into_future());
    let request = fake.receive().await;
    let id = request["params"]["watchId"].as_str().unwrap();
    fake.change(id, "/other/early").await;
    fake.send(&json!({"id": request["id"], "result": {"path": "/other"}}))
        .await;
    let mut second = starting.await.unwrap().unwrap();
    fake.change(first.watch_id(), "/dir/a").await;
    fake.change("another", "/dir/b").await;
    fake.change(first.watch_id(), "/dir/c").await;
    let early = second.next().await.unwrap().unwrap();
    assert_eq!(early.changed_paths[0].0, "/other/early");
    for path in ["/dir/a", "/dir/c"] {
        let changed = first.next().await.unwrap().unwrap();
        assert_eq!(changed.changed_paths[0].0, path);
    }
}

#[tokio::test]
async fn a_dropped_watch_is_ended_and_a_rejected_one_is_not() {
    let (codex, mut fake) = FakeServer::start().await;
    let (changes, _) = watch(&codex, &mut fake).await;
    let id = changes.watch_id().to_owned();
    drop(changes);
    let request = fake.respond("fs/unwatch", json!({})).await;
    assert_eq!(request["params"], json!({"watchId": id}));
    let (rejected, ()) = tokio::join!(codex.fs_watch("x").into_future(), async {
        let id = fake.receive_request("fs/watch").await;
        let error = json!({"code": -32600, "message": "not absolute"});
        fake.send(&json!({"id": id, "error": error})).await;
    });
    assert!(matches!(rejected, Err(Error::Rpc(_))));
    fake.round_trip(&codex).await;
    // A watch that is dropped before its response arrives may have started on the server.
    let starting = tokio::spawn(codex.fs_watch("/dir").into_future());
    let started = fake.receive().await;
    starting.abort();
    let request = fake.respond("fs/unwatch", json!({})).await;
    assert_eq!(request["params"]["watchId"], started["params"]["watchId"]);
}

#[tokio::test]
async fn a_watch_continues_after_a_malformed_change_and_ends_with_the_connection() {
    let (codex, mut fake) = FakeServer::start().await;
    let (mut changes, _) = watch(&codex, &mut fake).await;
    let params = json!({"watchId": changes.watch_id(), "changedPaths": 7});
    fake.notify("fs/changed", params).await;
    fake.change(changes.watch_id(), "/dir/a").await;
    drop(fake);
    assert!(matches!(changes.next().await, Some(Err(Error::Decode(_)))));
    assert!(matches!(changes.next().await, Some(Ok(_))));
    assert!(matches!(changes.next().await, Some(Err(Error::Closed(_)))));
    assert!(changes.next().await.is_none());
}

#[tokio::test]
async fn closing_the_client_ends_its_watches_without_an_error() {
    let (codex, mut fake) = FakeServer::start().await;
    let (mut changes, _) = watch(&codex, &mut fake).await;
    codex.close().await.unwrap();
    assert!(changes.next().await.is_none());
}
