//! Watching files through a real app-server.

use std::fs;

use codex_client::{Error, FsWatcher};
use codex_tests::stage::Stage;
use codex_types::FsWatchParams;

/// Reads changes until one of them has a path with this ending.
async fn changed(changes: &mut FsWatcher, name: &str) {
    loop {
        let event = changes.next().await.unwrap().unwrap();
        if event
            .changed_paths
            .iter()
            .any(|path| path.0.ends_with(name))
        {
            return;
        }
    }
}

#[tokio::test]
async fn a_watched_directory_reports_created_and_changed_files() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let directory = stage.home.workspace().join("watched");
    fs::create_dir(&directory).unwrap();
    let mut changes = codex.fs_watch(&directory).await.unwrap();
    assert_eq!(changes.path(), directory.to_string_lossy());
    let other = stage.home.workspace().join("file");
    let mut others = codex.fs_watch(&other).await.unwrap();
    for content in ["one", "two"] {
        fs::write(directory.join("inside"), content).unwrap();
        changed(&mut changes, "inside").await;
    }
    // Each watcher reports its own changes, even those of a file that did not exist before.
    fs::write(&other, "three").unwrap();
    let event = others.next().await.unwrap().unwrap();
    assert!(event.changed_paths[0].0.ends_with("file"), "{event:?}");
    codex.close().await.unwrap();
    assert!(others.next().await.is_none());
}

#[tokio::test]
async fn dropping_a_watcher_ends_it_on_the_server() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let path = stage.home.workspace().to_string_lossy().into_owned();
    let changes = codex.fs_watch(&path).await.unwrap();
    let id = changes.watch_id().to_owned();
    drop(changes);
    // The server rejects an id that is still in use.
    let again = FsWatchParams::new(path.clone(), id);
    codex.request(again.clone()).await.unwrap();
    let error = codex.request(again).await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)), "{error}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_relative_path_is_rejected() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let error = codex.fs_watch("relative").await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)), "{error}");
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_watches_files_too() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let file = stage.home.workspace().join("file");
    let watch = codex.fs_watch(&file);
    let mut changes = watch.send().unwrap();
    fs::write(&file, "one").unwrap();
    let event = changes.next().unwrap().unwrap();
    assert_eq!(event.changed_paths[0].0, changes.path());
    codex.close().unwrap();
    assert!(changes.next().is_none());
}
