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

/// The history of a thread.
#[derive(Debug, Clone, Copy, PartialEq)]
enum History {
    Plain,
    Compacted,
}

/// The way to a thread from a saved one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Same,
    Resume,
    Fork,
}

/// A turn with a compaction.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Compaction {
    Manual,
    /// By the server, before the call for the input.
    Automatic,
}

/// Runs a turn that compacts a thread with this history, and the turn after it. Returns their
/// tokens.
async fn compacted(history: History, way: Way, compaction: Compaction) -> [u64; 2] {
    let stage = Stage::new();
    let start = async |limit: u64| {
        let builder = stage.builder();
        let builder = builder.config("model_auto_compact_token_limit", limit);
        stage.connect(builder).await
    };
    stage.model.respond_with(|_| text(100, 10));
    let codex = start(1_000_000).await;
    let thread = codex.thread_start().await.unwrap();
    thread.run("One?").await.unwrap();
    if history == History::Compacted {
        thread.compact().await.unwrap().run().await.unwrap();
    }
    let id = thread.id().to_owned();
    let limit = match compaction {
        Compaction::Manual => 1_000_000,
        Compaction::Automatic => 1,
    };
    let (codex, thread) = match (way, compaction) {
        (Way::Same, Compaction::Manual) => (codex, thread),
        _ => {
            codex.close().await.unwrap();
            let codex = start(limit).await;
            let thread = match way {
                Way::Fork => codex.thread_fork(&id).await.unwrap(),
                _ => codex.thread_resume(&id).await.unwrap(),
            };
            (codex, thread)
        }
    };
    if way == Way::Same && compaction == Compaction::Automatic {
        // The reports in this turn are known before the next one.
        thread.run("Two?").await.unwrap();
    }
    let first = match compaction {
        Compaction::Manual => thread.compact().await.unwrap().run().await,
        Compaction::Automatic => thread.run("Three?").await,
    };
    let next = thread.run("Four?").await;
    codex.close().await.unwrap();
    [first, next].map(|turn| turn.unwrap().tokens().total)
}

#[tokio::test]
async fn a_compaction_has_its_own_tokens_in_every_thread_however_it_was_loaded() {
    let runs = [History::Plain, History::Compacted]
        .into_iter()
        .flat_map(|history| {
            let ways = [Way::Same, Way::Resume, Way::Fork].into_iter();
            ways.flat_map(move |way| {
                let compactions = [Compaction::Manual, Compaction::Automatic].into_iter();
                compactions.map(move |compaction| (history, way, compaction))
            })
        });
    for (history, way, compaction) in runs {
        let expected = match compaction {
            Compaction::Manual => [110, 110],
            Compaction::Automatic => [220, 220],
        };
        let tokens = compacted(history, way, compaction).await;
        assert_eq!(tokens, expected, "{history:?} {way:?} {compaction:?}");
    }
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
