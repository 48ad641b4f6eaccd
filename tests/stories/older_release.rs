//! An older release of Codex works too: the installed one need not be the pinned one.

use codex_client::types::{ServerNotification, TurnStatus};
use codex_tests::stage::Stage;
use codex_types::ConfigReadParams;

#[tokio::test]
async fn an_older_release_runs_a_turn_and_responds_to_calls() {
    let Some(binary) = std::env::var_os("CODEX_BIN_0_163_0") else {
        panic!("CODEX_BIN_0_163_0 is not set; run the tests with `cargo xtask test`");
    };
    let stage = Stage::new();
    stage.model.push("Hello from the past.");
    let codex = stage.builder().binary(binary).start().await.unwrap();
    assert!(
        codex.metadata().user_agent.contains("/0.163.0"),
        "{:?}",
        codex.metadata()
    );

    let thread = codex.thread_start().await.unwrap();
    let mut events = thread.turn("Hi").await.unwrap().stream();
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event.unwrap() {
            ServerNotification::AgentMessageDelta(delta) => text.push_str(&delta.delta),
            ServerNotification::Unrecognized(message) => panic!("unrecognized: {}", message.method),
            _ => {}
        }
    }
    let result = events.result().await.unwrap();
    assert_eq!(text, "Hello from the past.");
    assert_eq!(result.status, TurnStatus::Completed);
    assert_eq!(
        result.final_response.as_deref(),
        Some("Hello from the past.")
    );

    assert!(
        thread
            .read()
            .include_turns(true)
            .await
            .unwrap()
            .thread
            .turns
            .len()
            == 1
    );
    codex.request(ConfigReadParams::default()).await.unwrap();
    codex.close().await.unwrap();
}
