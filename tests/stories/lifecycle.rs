//! The lifecycle of threads on a real app-server, from start to archive.

use std::collections::BTreeSet;

use codex_client::{
    Codex, Error, RpcErrorKind, Thread,
    types::{SortDirection, ThreadItem, ThreadSortKey, ThreadSourceKind},
};
use codex_tests::stage::Stage;

/// Starts a thread and runs a turn in it, which saves the thread.
async fn saved(stage: &Stage, codex: &Codex, text: &str) -> Thread {
    stage.model.push(format!("Done: {text}"));
    let thread = codex.thread_start().await.expect("a thread");
    thread.run(text).await.expect("a turn");
    thread
}

/// Returns the ids of all threads in a list.
async fn listed(list: codex_client::builder::ThreadListBuilder) -> BTreeSet<String> {
    let mut threads = list.stream();
    let mut ids = BTreeSet::new();
    while let Some(thread) = threads.next().await {
        assert!(ids.insert(thread.expect("a thread").id), "listed twice");
    }
    ids
}

#[tokio::test]
async fn another_client_can_resume_a_saved_thread_with_its_history() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let id = saved(&stage, &codex, "Remember 42.").await.id().to_owned();
    codex.close().await.unwrap();
    let codex = stage.start().await;
    let thread = codex.thread_resume(&id).include_turns(false).await.unwrap();
    assert_eq!(thread.id(), id);
    stage.model.push("It was 42.");
    let result = thread.run("What was it?").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("It was 42."));
    let asked = stage.model.requests();
    let input = serde_json::to_string(asked[1].input()).unwrap();
    assert!(input.contains("Remember 42."), "{input}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_without_a_turn_cannot_be_resumed() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let id = codex.thread_start().await.unwrap().id().to_owned();
    let other = stage.start().await;
    let error = other.thread_resume(id).await.unwrap_err();
    let Error::Rpc(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.kind, RpcErrorKind::RolloutMissing);
    codex.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_fork_starts_with_the_history_of_its_source_and_then_diverges() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let source = saved(&stage, &codex, "First.").await;
    let fork = codex.thread_fork(source.id()).await.unwrap();
    assert_ne!(fork.id(), source.id());
    stage.model.push("Done: second");
    fork.run("Second.").await.unwrap();
    let asked = stage.model.requests();
    let input = serde_json::to_string(asked[1].input()).unwrap();
    assert!(input.contains("First."), "{input}");
    let turns = |thread: Thread| async move {
        let read = thread.read().include_turns(true).await.unwrap();
        read.thread.turns.len()
    };
    assert_eq!((turns(source).await, turns(fork).await), (1, 2));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn reading_a_thread_includes_its_turns_only_on_request() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = saved(&stage, &codex, "Hello.").await;
    let read = thread.read().await.unwrap();
    assert!(read.thread.turns.is_empty());
    let read = thread.read().include_turns(true).await.unwrap();
    let [turn] = read.thread.turns.as_slice() else {
        panic!("{:?}", read.thread.turns)
    };
    let said = turn.items.iter().find_map(|item| match item {
        ThreadItem::AgentMessage(message) => Some(message.text.as_str()),
        _ => None,
    });
    assert_eq!(said, Some("Done: Hello."));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_name_of_a_thread_can_be_read_and_searched_for() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = saved(&stage, &codex, "Hello.").await;
    saved(&stage, &codex, "Goodbye.").await;
    thread.set_name("A needle in hay").await.unwrap();
    let read = thread.read().await.unwrap();
    assert_eq!(read.thread.name.as_deref(), Some("A needle in hay"));
    let found = listed(codex.thread_list().search_term("needle")).await;
    assert_eq!(found, BTreeSet::from([thread.id().to_owned()]));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_archived_thread_is_listed_separately_until_it_is_unarchived() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let kept = saved(&stage, &codex, "Keep.").await.id().to_owned();
    let put = saved(&stage, &codex, "Archive.").await.id().to_owned();
    let (kept, both) = (
        BTreeSet::from([kept.clone()]),
        BTreeSet::from([kept, put.clone()]),
    );
    assert_eq!(listed(codex.thread_list()).await, both);
    codex.thread_archive(&put).await.unwrap();
    assert_eq!(listed(codex.thread_list()).await, kept);
    let archived = listed(codex.thread_list().archived(true)).await;
    assert_eq!(archived, BTreeSet::from([put.clone()]));
    let thread = codex.thread_unarchive(&put).await.unwrap();
    assert_eq!(thread.id(), put);
    assert_eq!(listed(codex.thread_list()).await, both);
    // The thread accepts turns once it is resumed.
    let thread = codex.thread_resume(&put).await.unwrap();
    stage.model.push("Back.");
    thread.run("Still there?").await.unwrap();
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_list_of_several_pages_is_one_ordered_stream() {
    const THREADS: usize = 5;
    let stage = Stage::new();
    let codex = stage.start().await;
    let mut ids = Vec::new();
    for number in 0..THREADS {
        let thread = saved(&stage, &codex, &format!("Number {number}.")).await;
        ids.push(thread.id().to_owned());
    }
    let list = || codex.thread_list().sort_key(ThreadSortKey::CreatedAt);
    let page = list().limit(2).await.unwrap();
    assert_eq!(page.data.len(), 2);
    let rest = list().cursor(page.next_cursor.unwrap()).await.unwrap();
    assert_eq!(rest.data.len(), THREADS - 2);
    let mut pages = list()
        .limit(2)
        .sort_direction(SortDirection::Asc)
        .source_kinds([ThreadSourceKind::AppServer, ThreadSourceKind::Vscode])
        .stream();
    let mut found = Vec::new();
    while let Some(thread) = pages.next().await {
        let thread = thread.unwrap();
        found.push((thread.created_at, thread.id));
    }
    assert!(
        found.is_sorted_by_key(|(created_at, _)| *created_at),
        "{found:?}"
    );
    let mut found: Vec<_> = found.into_iter().map(|(_, id)| id).collect();
    found.sort();
    ids.sort();
    assert_eq!(found, ids);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_list_covers_one_working_directory_several_or_all() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let id = saved(&stage, &codex, "Here.").await.id().to_owned();
    let here = stage.home.workspace().canonicalize().unwrap();
    let id = BTreeSet::from([id]);
    assert_eq!(listed(codex.thread_list().cwd(&here)).await, id);
    let several = codex.thread_list().cwd([here, "/elsewhere".into()]);
    assert_eq!(listed(several).await, id);
    let elsewhere = codex.thread_list().cwd("/elsewhere");
    assert!(listed(elsewhere).await.is_empty());
    codex.close().await.unwrap();
}
