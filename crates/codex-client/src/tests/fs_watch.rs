//! Watched files.

use std::future::IntoFuture;

use serde_json::{Value, json};

use crate::{
    client::Codex,
    error::Error,
    fs_watch::FsWatcher,
    tests::{Fake, settle},
};

impl Fake {
    async fn change(&mut self, watch_id: &str, path: &str) {
        let params = json!({"watchId": watch_id, "changedPaths": [path]});
        self.notify("fs/changed", params).await;
    }
}

/// A watch, and the request that began it.
async fn watch(codex: &Codex, fake: &mut Fake) -> (FsWatcher, Value) {
    let (watch, request) = tokio::join!(
        codex.fs_watch("/dir").into_future(),
        fake.answer("fs/watch", json!({"path": "/real/dir"}))
    );
    (watch.unwrap(), request)
}

#[tokio::test]
async fn each_watch_has_its_own_changes_also_those_that_come_before_the_answer() {
    let (codex, mut fake) = Fake::start().await;
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
async fn a_dropped_watch_is_ended_and_one_that_was_refused_never_began() {
    let (codex, mut fake) = Fake::start().await;
    let (changes, _) = watch(&codex, &mut fake).await;
    let id = changes.watch_id().to_owned();
    drop(changes);
    let request = fake.answer("fs/unwatch", json!({})).await;
    assert_eq!(request["params"], json!({"watchId": id}));
    let (refused, ()) = tokio::join!(codex.fs_watch("x").into_future(), async {
        let id = fake.request("fs/watch").await;
        let error = json!({"code": -32600, "message": "not absolute"});
        fake.send(&json!({"id": id, "error": error})).await;
    });
    assert!(matches!(refused, Err(Error::Rpc(_))));
    settle(&codex, &mut fake).await;
    // One that is given up before the answer may have begun.
    let starting = tokio::spawn(codex.fs_watch("/dir").into_future());
    let begun = fake.receive().await;
    starting.abort();
    let request = fake.answer("fs/unwatch", json!({})).await;
    assert_eq!(request["params"]["watchId"], begun["params"]["watchId"]);
}

#[tokio::test]
async fn a_watch_ends_with_the_connection_and_goes_on_after_what_it_cannot_read() {
    let (codex, mut fake) = Fake::start().await;
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
async fn closing_the_client_just_ends_its_watches() {
    let (codex, mut fake) = Fake::start().await;
    let (mut changes, _) = watch(&codex, &mut fake).await;
    codex.close().await.unwrap();
    assert!(changes.next().await.is_none());
}
