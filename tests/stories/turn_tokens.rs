//! The tokens of turns, threads and sub-agents.

use codex_client::{Thread, Tokens, TurnResult};
use codex_testing::{Item, ModelResponse, Usage};
use codex_tests::stage::Stage;
use serde_json::json;

/// A model call with a command, and this usage.
fn call(input: u64, output: u64) -> ModelResponse {
    let call = json!({"cmd": "true"});
    ModelResponse::function_call("exec_command", call).usage(Usage::new(input, output))
}

fn text(input: u64, output: u64) -> ModelResponse {
    ModelResponse::text("Done.").usage(Usage::new(input, output))
}

/// Returns input, output and total.
fn counts(tokens: Tokens) -> (u64, u64, u64) {
    (tokens.input, tokens.output, tokens.total)
}

/// Runs a turn and interrupts it while the last of these model calls is waiting.
async fn interrupted(stage: &Stage, thread: &Thread, calls: Vec<ModelResponse>) -> TurnResult {
    for call in calls {
        stage.model.push(call);
    }
    let gate = stage.model.push_gated("never");
    let turn = thread.turn("Go.").await.unwrap();
    gate.reached().await.unwrap();
    turn.interrupt().await.unwrap();
    turn.run().await.unwrap()
}

#[tokio::test]
async fn a_turn_has_the_tokens_of_all_its_model_calls_and_no_others() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    assert!(thread.token_usage().await.unwrap().is_none());
    let first = Usage::new(200, 20).cached(150).reasoning(7);
    stage.model.push(call(100, 10));
    stage.model.push(ModelResponse::text("Done.").usage(first));
    let result = thread.run("Go.").await.unwrap();
    assert_eq!(counts(result.tokens()), (300, 30, 330));
    assert_eq!(result.tokens().cached_input, 150);
    assert_eq!(result.tokens().reasoning_output, 7);
    assert_eq!(result.tokens_with_agents(), result.tokens());
    let used = result.context_used().unwrap();
    assert!(used > 0.0 && used < 0.01, "{used}");

    let none = interrupted(&stage, &thread, Vec::new()).await;
    assert_eq!(none.tokens(), Tokens::default());
    let one = interrupted(&stage, &thread, vec![call(300, 30)]).await;
    assert_eq!(counts(one.tokens()), (300, 30, 330));
    stage.model.push(call(400, 40));
    stage.model.push(ModelResponse::http_error(400, "no"));
    let failed = thread.run("Go.").await.unwrap_err();
    let codex_client::Error::TurnFailed(failed) = failed else {
        panic!("{failed}")
    };
    assert_eq!(counts(failed.tokens()), (400, 40, 440));

    let total = thread.token_usage().await.unwrap().unwrap().total;
    assert_eq!(total.total_tokens, 330 + 330 + 440);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_compaction_a_fork_and_a_resumed_thread_have_the_tokens_of_their_own_calls() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    stage.model.push(text(100, 10));
    thread.run("Go.").await.unwrap();
    stage.model.push(text(200, 20));
    let compaction = thread.compact().await.unwrap().run().await.unwrap();
    assert_eq!(counts(compaction.tokens()), (200, 20, 220));
    stage.model.push(text(300, 30));
    let after = thread.run("Go.").await.unwrap();
    assert_eq!(counts(after.tokens()), (300, 30, 330));

    let fork = codex.thread_fork(thread.id()).await.unwrap();
    stage.model.push(text(400, 40));
    let forked = fork.run("Go.").await.unwrap();
    assert_eq!(counts(forked.tokens()), (400, 40, 440));
    let id = thread.id().to_owned();
    codex.close().await.unwrap();

    let codex = stage.start().await;
    let thread = codex.thread_resume(&id).await.unwrap();
    stage.model.push(text(500, 50));
    let resumed = thread.run("Go.").await.unwrap();
    assert_eq!(counts(resumed.tokens()), (500, 50, 550));
    let usage = thread.token_usage().await.unwrap().unwrap();
    assert_eq!(usage.total.total_tokens, 110 + 220 + 330 + 550);
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_has_the_same_counts() {
    let stage = Stage::new();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    stage.model.push(call(100, 10));
    stage.model.push(text(200, 20));
    let result = thread.run("Go.").send().unwrap();
    assert_eq!(counts(result.tokens()), (300, 30, 330));
    let usage = thread.token_usage().unwrap().unwrap();
    assert_eq!(usage.total.total_tokens, 330);
    codex.close().unwrap();
}

#[tokio::test]
async fn the_tokens_of_sub_agents_are_counted_apart() {
    let stage = Stage::new();
    stage.model.respond_with(|request| {
        let asked = request.last_user_text().unwrap_or_default();
        if asked.contains("Count.") {
            return text(1000, 100);
        }
        match request.last_tool_output() {
            None => {
                let call = Item::function_call("spawn_agent", json!({"message": "Count."}));
                ModelResponse::items([call.namespace("multi_agent_v1")]).usage(Usage::new(10, 1))
            }
            Some(output) if output.contains("agent_id") => {
                let spawned: serde_json::Value = serde_json::from_str(&output).unwrap();
                let call = json!({"targets": [spawned["agent_id"]], "timeout_ms": 60_000});
                let call = Item::function_call("wait_agent", call);
                ModelResponse::items([call.namespace("multi_agent_v1")]).usage(Usage::new(20, 2))
            }
            Some(_) => text(30, 3),
        }
    });
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let result = thread.run("Delegate.").await.unwrap();
    assert_eq!(counts(result.tokens()), (60, 6, 66));
    let agents: Vec<_> = result
        .agents
        .iter()
        .map(|agent| counts(agent.tokens))
        .collect();
    assert_eq!(agents, [(1000, 100, 1100)]);
    assert_eq!(result.tokens_with_agents().total, 1166);
    codex.close().await.unwrap();
}
