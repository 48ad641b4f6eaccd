//! A real app-server that is killed while it works.
#![cfg(unix)]

use std::{fs, future::IntoFuture, os::unix::process::ExitStatusExt, process::Command};

use codex_client::Error;
use codex_testing::codex_bin;
use codex_tests::stage::Stage;

#[tokio::test]
async fn a_turn_whose_server_is_killed_ends_at_once_as_closed_with_the_signal() {
    let stage = Stage::new();
    let file = stage.home.workspace().join("id");
    // The server takes the place of the shell, so the shell's id is the server's.
    let script = format!(
        "echo $$ > '{}'; exec '{}' app-server",
        file.display(),
        codex_bin().unwrap().display()
    );
    let builder = stage.builder().binary("sh").launch_args(["-c", &script]);
    let codex = builder.start().await.unwrap();
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.push_gated("never said");
    let turn = thread.turn("hi").await.unwrap();
    let mut events = turn.stream();
    let run = tokio::spawn({
        let turn = turn.clone();
        async move { turn.run().await }
    });
    gate.reached().await.unwrap();
    let id = fs::read_to_string(file).unwrap();
    let killed = Command::new("kill").args(["-9", id.trim()]).status();
    assert!(killed.unwrap().success());
    let Err(Error::Closed(closed)) = run.await.unwrap() else {
        panic!("the turn did not end as closed")
    };
    let signal = closed.exit_status.and_then(|status| status.signal());
    assert_eq!(signal, Some(9));
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Err(Error::Closed(_)))));
    let later = thread.run("more").into_future().await;
    assert!(matches!(later, Err(Error::Closed(_))));
}
