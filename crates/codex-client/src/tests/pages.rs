//! Lists of several pages.

use codex_types::ThreadLoadedListParams;
use futures_core::Stream;
use serde_json::json;

use crate::{error::Error, tests::Fake};

#[tokio::test]
async fn the_next_page_is_asked_for_when_it_is_needed_with_the_same_options() {
    let (codex, mut fake) = Fake::start().await;
    let params = ThreadLoadedListParams::default().limit(2);
    let mut ids = codex.request(params).stream();
    let server = async {
        let page = json!({"data": ["a", "b"], "nextCursor": "more"});
        let asked = fake.answer("thread/loaded/list", page).await;
        assert_eq!(asked["params"], json!({"limit": 2}));
    };
    let (first, ()) = tokio::join!(ids.next(), server);
    assert_eq!(first.unwrap().unwrap(), "a");
    assert_eq!(ids.next().await.unwrap().unwrap(), "b");
    let server = async {
        // An empty page is not the end.
        let page = json!({"data": [], "nextCursor": "still more"});
        let asked = fake.answer("thread/loaded/list", page).await;
        assert_eq!(asked["params"], json!({"limit": 2, "cursor": "more"}));
        let page = json!({"data": ["c"]});
        let asked = fake.answer("thread/loaded/list", page).await;
        assert_eq!(asked["params"]["cursor"], "still more");
    };
    let (third, ()) = tokio::join!(ids.next(), server);
    assert_eq!(third.unwrap().unwrap(), "c");
    assert!(ids.next().await.is_none());
}

#[tokio::test]
async fn waiting_for_an_item_may_be_given_up_without_losing_it() {
    let (codex, mut fake) = Fake::start().await;
    let mut ids = codex.request(ThreadLoadedListParams::default()).stream();
    let id = tokio::select! {
        biased;
        _ = ids.next() => panic!("nothing was answered yet"),
        id = fake.request("thread/loaded/list") => id,
    };
    fake.send(&json!({"id": id, "result": {"data": ["a"]}}))
        .await;
    assert_eq!(ids.next().await.unwrap().unwrap(), "a");
}

#[tokio::test]
async fn a_list_ends_with_its_first_error() {
    let (codex, mut fake) = Fake::start().await;
    let mut ids = codex.request(ThreadLoadedListParams::default()).stream();
    let refuse = async {
        let id = fake.request("thread/loaded/list").await;
        let error = json!({"code": -32603, "message": "no"});
        fake.send(&json!({"id": id, "error": error})).await;
    };
    let (first, ()) = tokio::join!(ids.next(), refuse);
    assert!(matches!(first, Some(Err(Error::Rpc(_)))), "{first:?}");
    assert!(ids.next().await.is_none());
}

#[test]
fn lists_cross_threads() {
    fn crosses_threads<T: Stream + Send + Unpin + 'static>() {}
    crosses_threads::<crate::builder::Pages<ThreadLoadedListParams>>();
    fn may_be_shared<T: Send + Sync + Clone>() {}
    may_be_shared::<crate::blocking::Codex>();
    may_be_shared::<crate::blocking::Thread>();
    may_be_shared::<crate::blocking::TurnHandle>();
}
