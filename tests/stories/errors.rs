//! What the real app-server refuses, and how the refusals are told apart.

use codex_client::{Codex, Error, RpcError, RpcErrorKind};
use codex_tests::stage::Stage;
use codex_types::{
    AdditionalContextEntry, AdditionalContextKind, ApiKeyLoginAccountParams,
    CancelLoginAccountParams, FsReadFileParams, LoginAccountParams, Request, ThreadReadParams,
    ThreadResumeParams, TurnInterruptParams, TurnStartParams, TurnSteerParams, UserInput, request,
};
use serde_json::{Value, json};

/// How the server refuses a request.
async fn refusal<R: Request + Send + Sync + 'static>(codex: &Codex, params: R) -> RpcError {
    match codex.request(params).await {
        Err(Error::Rpc(error)) => *error,
        Err(error) => panic!("{} is not refused: {error}", R::METHOD),
        Ok(_) => panic!("{} is not refused", R::METHOD),
    }
}

fn text(text: &str) -> Vec<UserInput> {
    codex_client::Input::text(text).into()
}

/// A method of a server that is newer than this protocol.
#[derive(serde::Serialize)]
struct FutureMethod {}

impl Request for FutureMethod {
    const METHOD: &'static str = "future/method";
    const EXPERIMENTAL: bool = false;
    type Response = Value;
}

/// A known method with params that are none of its own.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Misfit(Value);

impl Request for Misfit {
    const METHOD: &'static str = "thread/read";
    const EXPERIMENTAL: bool = false;
    type Response = Value;
}

#[tokio::test]
async fn what_does_not_fit_the_protocol_is_told_apart_from_what_fails() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let unknown = refusal(&codex, FutureMethod {}).await;
    assert_eq!(unknown.kind, RpcErrorKind::MethodNotFound, "{unknown}");
    let misfit = refusal(&codex, Misfit(json!({"threadId": 7}))).await;
    assert_eq!(misfit.kind, RpcErrorKind::InvalidRequest, "{misfit}");
    let invalid = refusal(&codex, CancelLoginAccountParams::new("no uuid")).await;
    assert_eq!(invalid.kind, RpcErrorKind::InvalidRequest, "{invalid}");
    let missing = stage.home.workspace().join("missing");
    let path = missing.to_string_lossy();
    let failed = refusal(&codex, FsReadFileParams::new(path.as_ref())).await;
    assert_eq!(failed.kind, RpcErrorKind::Internal, "{failed}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn what_is_experimental_is_refused_to_a_client_that_did_not_ask_for_it() {
    let stage = Stage::new();
    let codex = stage
        .builder()
        .experimental_api(false)
        .start()
        .await
        .unwrap();
    let method = refusal(&codex, request::MemoryReset).await;
    assert_eq!(method.kind, RpcErrorKind::ExperimentalRequired, "{method}");
    let thread = codex.thread_start().await.unwrap();
    let context = AdditionalContextEntry::new(AdditionalContextKind::Application, "noon");
    let context = [("time".to_owned(), context)];
    let params = TurnStartParams::new(thread.id(), text("hi")).additional_context(context);
    let field = refusal(&codex, params).await;
    assert_eq!(field.kind, RpcErrorKind::ExperimentalRequired, "{field}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn steering_and_interrupting_say_whether_no_turn_runs_or_another_one() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let steer = |turn_id: &str| TurnSteerParams::new(thread.id(), turn_id, text("more"));
    let interrupt = |turn_id: &str| TurnInterruptParams::new(thread.id(), turn_id);
    let idle = refusal(&codex, steer("x")).await;
    assert_eq!(idle.kind, RpcErrorKind::NoActiveTurn, "{idle}");
    let idle = refusal(&codex, interrupt("x")).await;
    assert_eq!(idle.kind, RpcErrorKind::NoActiveTurn, "{idle}");
    let gate = stage.model.push_gated("done");
    let turn = thread.turn("hi").await.unwrap();
    gate.reached().await.unwrap();
    let other = refusal(&codex, steer("another")).await;
    assert_eq!(other.kind, RpcErrorKind::TurnMismatch, "{other}");
    let other = refusal(&codex, interrupt("another")).await;
    assert_eq!(other.kind, RpcErrorKind::TurnMismatch, "{other}");
    gate.open();
    turn.run().await.unwrap();
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_that_was_never_saved_is_missing() {
    let stage = Stage::new();
    let (codex, other) = (stage.start().await, stage.start().await);
    let nobody = "00000000-0000-7000-8000-000000000000";
    let unknown = refusal(&codex, ThreadResumeParams::new(nobody)).await;
    assert_eq!(unknown.kind, RpcErrorKind::RolloutMissing, "{unknown}");
    // Reading looks among the loaded threads, too, and words it in its own way.
    let unknown = refusal(&codex, ThreadReadParams::new(nobody)).await;
    assert_eq!(unknown.kind, RpcErrorKind::ThreadNotLoaded, "{unknown}");
    // Without a turn there is nothing to resume, for anybody but the server that holds it.
    let thread = codex.thread_start().await.unwrap();
    let early = refusal(&other, ThreadResumeParams::new(thread.id())).await;
    assert_eq!(early.kind, RpcErrorKind::RolloutMissing, "{early}");
    codex.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_in_a_thread_that_is_not_loaded_says_so() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let nobody = "00000000-0000-7000-8000-000000000000";
    let params = TurnStartParams::new(nobody, text("hi"));
    let unknown = refusal(&codex, params).await;
    assert_eq!(unknown.kind, RpcErrorKind::ThreadNotLoaded, "{unknown}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_that_another_server_writes_to_has_an_active_writer() {
    let stage = Stage::new();
    let (codex, other) = (stage.start().await, stage.start().await);
    stage.model.push("first");
    let thread = codex.thread_start().await.unwrap();
    thread.run("hi").await.unwrap();
    let taken = refusal(&other, ThreadResumeParams::new(thread.id())).await;
    assert_eq!(taken.kind, RpcErrorKind::ActiveWriter, "{taken}");
    assert!(!Error::from(taken).is_retryable());
    let id = thread.id().to_owned();
    drop(thread);
    codex.close().await.unwrap();
    other.request(ThreadResumeParams::new(id)).await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_refused_login_does_not_repeat_its_key() {
    let stage = Stage::new();
    let codex = stage.builder().config("forced_login_method", "chatgpt");
    let codex = codex.start().await.unwrap();
    let params = ApiKeyLoginAccountParams::new("sk-secret");
    let refused = refusal(&codex, LoginAccountParams::ApiKey(params)).await;
    let shown = format!("{refused} {refused:?}");
    assert!(!shown.contains("secret"), "{shown}");
    codex.close().await.unwrap();
}
