//! Two releases of Codex at once, in one process: with a home of their own each, and with a shared one.

use codex_client::{Codex, Error, RpcErrorKind, builder::CodexBuilder};
use codex_testing::ModelRequest;
use codex_tests::stage::Stage;

use crate::older_release::older;

/// Returns the ids of the threads that a client lists.
async fn threads(codex: &Codex) -> Vec<String> {
    let list = codex.thread_list().await.unwrap();
    list.data.into_iter().map(|thread| thread.id).collect()
}

/// Returns whether the last request to the model contains a text.
fn last_request_contains(stage: &Stage, text: &str) -> bool {
    let requests = stage.model.requests();
    let last = requests.last().map(ModelRequest::body);
    last.is_some_and(|body| body.to_string().contains(text))
}

#[tokio::test]
async fn two_releases_with_homes_of_their_own_share_nothing() {
    let (first, second) = (Stage::echo(), Stage::echo());
    let (newer, older) = (first.builder(), second.builder().binary(older()));
    let (newer, older) = tokio::try_join!(newer.start(), older.start()).unwrap();
    assert!(newer.server_version() > older.server_version());
    let (one, two) = tokio::try_join!(async { newer.thread_start().await }, async {
        older.thread_start().await
    })
    .unwrap();
    let (in_one, in_two) = tokio::try_join!(async { one.run("one").await }, async {
        two.run("two").await
    })
    .unwrap();
    assert_eq!(in_one.final_response.as_deref(), Some("You said one"));
    assert_eq!(in_two.final_response.as_deref(), Some("You said two"));

    assert_eq!(threads(&newer).await, [one.id()]);
    assert_eq!(threads(&older).await, [two.id()]);
    let missing = older.thread_resume(one.id()).await.unwrap_err();
    assert_eq!(missing.rpc_kind(), Some(RpcErrorKind::RolloutMissing));
    newer.close().await.unwrap();
    // The other one is not affected.
    two.run("three").await.unwrap();
    older.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_moves_between_releases_that_share_a_home() {
    let stage = Stage::echo();
    let start = |builder: CodexBuilder| async move { builder.start().await.unwrap() };
    let codex = start(stage.builder().binary(older())).await;
    let thread = codex.thread_start().await.unwrap();
    thread.run("first").await.unwrap();
    let id = thread.id().to_owned();
    codex.close().await.unwrap();

    let turns = [
        (stage.builder(), "second"),
        (stage.builder().binary(older()), "third"),
        (stage.builder(), "fourth"),
    ];
    for (before, (builder, input)) in (1..).zip(turns) {
        let codex = start(builder).await;
        let thread = codex.thread_resume(&id).await.unwrap();
        thread.run(input).await.unwrap();
        assert!(last_request_contains(&stage, "You said first"), "{input}");
        let read = thread.read().include_turns(true).await.unwrap();
        assert_eq!(read.thread.turns.len(), before + 1, "{input}");
        codex.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_thread_has_one_writer_among_servers_that_share_a_home() {
    let stage = Stage::echo();
    // One after the other: two servers that create the databases of a home at once may fail.
    let older = stage.builder().binary(older()).start().await.unwrap();
    let newer = stage.start().await;
    let thread = older.thread_start().await.unwrap();
    thread.run("first").await.unwrap();
    thread.set_name("shared").await.unwrap();

    // The other server lists, reads and forks the thread, but does not load it.
    let list = newer.thread_list().await.unwrap().data;
    assert_eq!(list[0].name.as_deref(), Some("shared"));
    let taken = newer.thread_resume(thread.id()).await.unwrap_err();
    assert_eq!(taken.rpc_kind(), Some(RpcErrorKind::ActiveWriter));
    let fork = newer.thread_fork(thread.id()).await.unwrap();
    fork.run("in the fork").await.unwrap();
    assert!(last_request_contains(&stage, "You said first"));

    older.close().await.unwrap();
    let thread = newer.thread_resume(thread.id()).await.unwrap();
    thread.run("second").await.unwrap();
    newer.close().await.unwrap();
}

/// Returns whether a server is logged in.
async fn is_logged_in(codex: &Codex) -> bool {
    codex.account().await.unwrap().account.is_some()
}

#[tokio::test]
async fn a_login_belongs_to_the_home_and_reaches_servers_that_start_later() {
    let (shared, other) = (Stage::new(), Stage::new());
    // The scripted provider needs no login.
    let builder = |stage: &Stage| stage.builder().config("model_provider", "openai");
    let start_older = async || builder(&shared).binary(older()).start().await.unwrap();
    let newer = builder(&shared).start().await.unwrap();
    let running = start_older().await;
    let elsewhere = builder(&other).start().await.unwrap();
    newer.login_api_key("sk-shared").await.unwrap();
    assert!(is_logged_in(&newer).await);
    assert!(!is_logged_in(&elsewhere).await);
    assert!(!is_logged_in(&running).await);
    let later = start_older().await;
    assert!(is_logged_in(&later).await);
    for codex in [newer, running, elsewhere, later] {
        codex.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_home_that_does_not_exist_is_named() {
    let stage = Stage::new();
    let home = stage.home.root().join("no-such-home");
    let started = stage.builder().env("CODEX_HOME", &home).start().await;
    let Err(Error::Closed(closed)) = started else {
        panic!("the client has started")
    };
    assert!(closed.stderr_tail.contains("no-such-home"), "{closed}");
}

mod blocking {
    use super::*;

    #[test]
    fn two_releases_with_homes_of_their_own_share_nothing() {
        let (first, second) = (Stage::echo(), Stage::echo());
        let newer = first.start_blocking();
        let older = second.blocking_builder().binary(older()).start().unwrap();
        for (codex, other) in [(&newer, &older), (&older, &newer)] {
            let thread = codex.thread_start().send().unwrap();
            let result = thread.run("hi").send().unwrap();
            assert_eq!(result.final_response.as_deref(), Some("You said hi"));
            let missing = other.thread_resume(thread.id()).send().unwrap_err();
            assert_eq!(missing.rpc_kind(), Some(RpcErrorKind::RolloutMissing));
        }
        newer.close().unwrap();
        older.close().unwrap();
    }
}
