//! Methods that do in one call what takes several.

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

#[test]
fn the_blocking_api_has_the_same_shortcuts() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let cwd = stage.home.workspace();
    assert!(codex.thread_resume_latest(&cwd).unwrap().is_none());
    stage.model.push("Because.");
    assert_eq!(codex.ask("Why?").unwrap(), "Because.");
    codex.close().unwrap();
}
