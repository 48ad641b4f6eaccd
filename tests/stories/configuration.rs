//! Overrides of the configuration, on the real app-server.

use codex_client::{Error, RpcErrorKind, blocking, types::SandboxPolicy};
use codex_tests::stage::Stage;
use codex_types::ConfigReadParams;
use serde_json::{Value, json};

/// Values of each type, by dotted keys and as objects.
fn values() -> [(&'static str, Value); 5] {
    [
        ("model_reasoning_effort", json!("low")),
        ("sandbox_mode", json!("workspace-write")),
        ("sandbox_workspace_write", json!({"network_access": true})),
        ("sandbox_workspace_write.exclude_slash_tmp", json!(true)),
        ("model_instructions", json!("a \"b\" 'c' = \\ \u{7f}\n[d]")),
    ]
}

fn assert_applied(sandbox: Option<SandboxPolicy>) {
    let Some(SandboxPolicy::WorkspaceWrite(sandbox)) = sandbox else {
        panic!("{sandbox:?}")
    };
    assert!(
        sandbox.network_access == Some(true) && sandbox.exclude_slash_tmp == Some(true),
        "{sandbox:?}"
    );
}

#[tokio::test]
async fn a_value_has_the_same_effect_on_the_client_and_on_a_thread() {
    let stage = Stage::echo();
    for of_client in [true, false] {
        let values = || values().into_iter();
        let builder = stage.builder();
        let builder = if of_client {
            builder.configs(values())
        } else {
            builder
        };
        let codex = builder.start().await.unwrap();
        let start = codex.thread_start();
        let start = if of_client {
            start
        } else {
            start.configs(values())
        };
        let thread = start.await.unwrap();
        let settings = thread.settings().await.unwrap();
        assert_eq!(settings.effort, Some("low".into()));
        assert_applied(settings.sandbox);
        thread.run("Hi.").await.unwrap();
        if !of_client {
            let fork = codex
                .thread_fork(thread.id())
                .configs(values())
                .await
                .unwrap();
            assert_applied(fork.settings().await.unwrap().sandbox);
        }
        codex.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_thread_adds_to_the_tables_that_the_client_has_overridden() {
    let stage = Stage::echo();
    let builder = stage.builder().config("sandbox_mode", "workspace-write");
    let builder = builder.config("sandbox_workspace_write.network_access", true);
    let codex = builder.start().await.unwrap();
    let start = codex.thread_start();
    let start = start.config("sandbox_workspace_write.exclude_slash_tmp", true);
    let thread = start.await.unwrap();
    assert_applied(thread.settings().await.unwrap().sandbox);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_text_arrives_as_it_is() {
    let stage = Stage::echo();
    let text = "a \"b\" 'c' = \\ \u{7f}\u{1F980}\n[d]\t\u{1}";
    for value in [text, "true", "7", "\"quoted\"", "", "'''"] {
        let builder = stage.builder().config("instructions", value);
        let codex = builder.start().await.unwrap();
        let read = codex.request(ConfigReadParams::default()).await.unwrap();
        assert_eq!(read.config.instructions.as_deref(), Some(value));
        codex.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_or_value_that_cannot_be_used_is_an_error_that_names_it() {
    let stage = Stage::new();
    let started = stage.builder().config("a..b", 1).start().await;
    let error = started.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error:?}");
    assert!(error.to_string().contains("\"a..b\""), "{error}");
    let codex = stage.start().await;
    let error = codex.thread_start().config("a b", 1).await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error:?}");
    let error = codex.thread_start().config("model_context_window", "x");
    let error = error.await.unwrap_err();
    assert_eq!(error.rpc_kind(), Some(RpcErrorKind::InvalidConfig));
    assert!(
        error.to_string().contains("model_context_window"),
        "{error}"
    );
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_overrides_the_configuration_too() {
    let stage = Stage::echo();
    let codex: blocking::Codex = stage.blocking_builder().configs(values()).start().unwrap();
    let thread = codex.thread_start().send().unwrap();
    assert_applied(thread.settings().unwrap().sandbox);
    let thread = codex.thread_start().config("sandbox_mode", "read-only");
    let settings = thread.send().unwrap().settings().unwrap();
    assert!(matches!(settings.sandbox, Some(SandboxPolicy::ReadOnly(_))));
    codex.close().unwrap();
    let started = stage
        .blocking_builder()
        .config("model", Value::Null)
        .start();
    let error = started.unwrap_err();
    assert!(error.to_string().contains("`model`"), "{error}");
}
