//! Changes of files, seen through a real app-server.

use std::fs;

use codex_client::{Error, FsWatch};
use codex_tests::stage::Stage;
use codex_types::FsWatchParams;

/// Reads until a path that ends so has changed.
async fn changed(changes: &mut FsWatch, name: &str) {
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
async fn a_watched_directory_tells_of_files_that_are_made_and_changed() {
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
    // Each watch has its own changes, also of a file that did not exist.
    fs::write(&other, "three").unwrap();
    let event = others.next().await.unwrap().unwrap();
    assert!(event.changed_paths[0].0.ends_with("file"), "{event:?}");
    codex.close().await.unwrap();
    assert!(others.next().await.is_none());
}

#[tokio::test]
async fn a_watch_that_is_dropped_ends_on_the_server() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let path = stage.home.workspace().to_string_lossy().into_owned();
    let changes = codex.fs_watch(&path).await.unwrap();
    let id = changes.watch_id().to_owned();
    drop(changes);
    // The server refuses an id that is still watched.
    let again = FsWatchParams::new(path.clone(), id);
    codex.request(again.clone()).await.unwrap();
    let error = codex.request(again).await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)), "{error}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_path_that_is_not_absolute_is_refused() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let error = codex.fs_watch("relative").await.unwrap_err();
    assert!(matches!(error, Error::Rpc(_)), "{error}");
    codex.close().await.unwrap();
}

#[test]
fn a_blocking_program_watches_as_well() {
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
