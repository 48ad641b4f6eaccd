//! Methods that do in one call what takes several.

use codex_client::RpcErrorKind;
use codex_tests::stage::Stage;

#[tokio::test]
async fn a_question_is_answered_in_a_thread_that_is_not_kept() {
    let stage = Stage::new();
    let codex = stage.start().await;
    stage.model.push("Because.");
    assert_eq!(codex.ask("Why?").await.unwrap(), "Because.");
    let threads = codex.thread_list().await.unwrap();
    assert!(threads.data.is_empty(), "{threads:?}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_latest_thread_of_a_directory_is_resumed() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let cwd = stage.home.workspace();
    let resumed = codex.thread_resume_latest(&cwd).await.unwrap();
    assert!(resumed.is_none(), "{resumed:?}");
    let other = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    for cwd in [&*cwd, &*cwd, other.path()] {
        let thread = codex.thread_start().cwd(cwd).await.unwrap();
        stage.model.push("Done.");
        thread.run("Go.").await.unwrap();
        ids.push(thread.id().to_owned());
    }
    codex.close().await.unwrap();
    let codex = stage.start().await;
    let latest = codex.thread_resume_latest(&cwd).await.unwrap().unwrap();
    assert!(ids[..2].iter().any(|id| id == latest.id()), "{ids:?}");
    let latest = codex.thread_resume_latest(other.path()).await.unwrap();
    assert_eq!(latest.unwrap().id(), ids[2]);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_is_used_by_its_id_without_a_request_once_it_is_loaded() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let id = codex.thread_start().await.unwrap().id().to_owned();
    stage.model.push("Hello.");
    let thread = codex.thread(&id);
    let mut events = thread.events();
    let result = thread.run("Hi.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Hello."));
    assert!(thread.settings().await.unwrap().model.is_some());
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.thread_id(), Some(&*id));
    codex.close().await.unwrap();

    // Another server has not loaded it: it is read and named, but runs no turn.
    let codex = stage.start().await;
    let thread = codex.thread(&id);
    thread.set_name("Greeting").await.unwrap();
    let read = thread.read().include_turns(true).await.unwrap().thread;
    assert_eq!(
        (read.name.as_deref(), read.turns.len()),
        (Some("Greeting"), 1)
    );
    let error = thread.run("Hi.").await.unwrap_err();
    assert_eq!(
        error.rpc_kind(),
        Some(RpcErrorKind::ThreadNotLoaded),
        "{error}"
    );
    assert_eq!(thread.goal().await.unwrap(), None);
    codex.thread_resume(&id).await.unwrap();
    stage.model.push("Hello again.");
    let result = thread.run("Hi.").await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Hello again."));
    // An id is checked by the server only.
    let unknown = codex.thread("00000000-0000-0000-0000-000000000000");
    let error = unknown.run("Hi.").await.unwrap_err();
    assert_eq!(
        error.rpc_kind(),
        Some(RpcErrorKind::ThreadNotLoaded),
        "{error}"
    );
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_has_the_same_shortcuts() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let cwd = stage.home.workspace();
    assert!(codex.thread_resume_latest(&cwd).unwrap().is_none());
    stage.model.push("Because.");
    assert_eq!(codex.ask("Why?").unwrap(), "Because.");
    let thread = codex.thread_start().send().unwrap();
    stage.model.push("Hello.");
    let result = codex.thread(thread.id()).run("Hi.").send().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("Hello."));
    codex.close().unwrap();
}
