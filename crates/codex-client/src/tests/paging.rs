//! Lists that have several pages.

use codex_types::ThreadLoadedListParams;
use futures_core::Stream;
use serde_json::json;

use crate::{error::Error, tests::FakeServer};

#[tokio::test]
async fn the_next_page_is_requested_when_needed_with_the_same_options() {
    let (codex, mut fake) = FakeServer::start().await;
    let params = ThreadLoadedListParams::default().limit(2);
    let mut ids = codex.request(params).stream();
    let server = async {
        let page = json!({"data": ["a", "b"], "nextCursor": "more"});
        let request = fake.respond("thread/loaded/list", page).await;
        assert_eq!(request["params"], json!({"limit": 2}));
    };
    let (first, ()) = tokio::join!(ids.next(), server);
    assert_eq!(first.unwrap().unwrap(), "a");
    assert_eq!(ids.next().await.unwrap().unwrap(), "b");
    let server = async {
        // An empty page does not end the list.
        let page = json!({"data": [], "nextCursor": "still more"});
        let request = fake.respond("thread/loaded/list", page).await;
        assert_eq!(request["params"], json!({"limit": 2, "cursor": "more"}));
        let page = json!({"data": ["c"]});
        let request = fake.respond("thread/loaded/list", page).await;
        assert_eq!(request["params"]["cursor"], "still more");
    };
    let (third, ()) = tokio::join!(ids.next(), server);
    assert_eq!(third.unwrap().unwrap(), "c");
    assert!(ids.next().await.is_none());
}

#[tokio::test]
async fn dropping_a_wait_for_an_item_does_not_lose_the_item() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut ids = codex.request(ThreadLoadedListParams::default()).stream();
    let id = tokio::select! {
        biased;
        _ = ids.next() => panic!("there is no response yet"),
        id = fake.receive_request("thread/loaded/list") => id,
    };
    fake.send(&json!({"id": id, "result": {"data": ["a"]}}))
        .await;
    assert_eq!(ids.next().await.unwrap().unwrap(), "a");
}

#[tokio::test]
async fn a_list_ends_with_its_first_error() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut ids = codex.request(ThreadLoadedListParams::default()).stream();
    let rejection = async {
        let id = fake.receive_request("thread/loaded/list").await;
        let error = json!({"code": -32603, "message": "no"});
        fake.send(&json!({"id": id, "error": error})).await;
    };
    let (first, ()) = tokio::join!(ids.next(), rejection);
    assert!(matches!(first, Some(Err(Error::Rpc(_)))), "{first:?}");
    assert!(ids.next().await.is_none());
}

#[test]
fn lists_and_blocking_handles_can_cross_threads() {
    fn crosses_threads<T: Stream + Send + Unpin + 'static>() {}
    crosses_threads::<crate::builder::Pages<ThreadLoadedListParams>>();
    fn may_be_shared<T: Send + Sync + Clone>() {}
    may_be_shared::<crate::blocking::Codex>();
    may_be_shared::<crate::blocking::Thread>();
    may_be_shared::<crate::blocking::TurnHandle>();
}

#[tokio::test]
async fn a_cursor_that_repeats_is_an_error_after_a_bounded_number_of_requests() {
    for cycle in [1, 2, 3, 7] {
        let (codex, mut fake) = FakeServer::start().await;
        let mut ids = codex.request(ThreadLoadedListParams::default()).stream();
        let server = async {
            for page in 0_usize.. {
                let cursor = format!("before {page}");
                let repeated = format!("in the cycle {}", page % cycle);
                let cursor = if page < 3 { cursor } else { repeated };
                let page = json!({"data": [], "nextCursor": cursor});
                fake.respond("thread/loaded/list", page).await;
            }
        };
        let error = tokio::select! {
            item = ids.next() => item.unwrap().unwrap_err(),
            () = server => unreachable!("the server does not end"),
        };
        assert!(error.to_string().contains("repeats"), "{error}");
        assert!(ids.next().await.is_none());
    }
}
