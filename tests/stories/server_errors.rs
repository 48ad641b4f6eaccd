//! Errors from the real app-server, and how the client classifies them.

use codex_client::{Codex, Error, RpcError, RpcErrorKind};
use codex_tests::stage::Stage;
use codex_types::{
    AdditionalContextEntry, AdditionalContextKind, ApiKeyLoginAccountParams,
    CancelLoginAccountParams, CommandExecTerminateParams, ConfigReadParams, FsReadFileParams,
    GetAccountRateLimitsParams, LoginAccountParams, ProcessKillParams, Request, ThreadForkParams,
    ThreadGoalSetParams, ThreadItemsListParams, ThreadReadParams, ThreadResumeParams,
    ThreadStartParams, ThreadTurnsListParams, TurnInterruptParams, TurnStartParams,
    TurnSteerParams, UserInput, request,
};
use serde_json::{Value, json};

/// Sends a request and returns the error response.
async fn rejection<R: Request + Send + Sync + 'static>(codex: &Codex, params: R) -> RpcError {
    match codex.request(params).await {
        Err(Error::Rpc(error)) => *error,
        Err(error) => panic!("{} is not refused: {error}", R::METHOD),
        Ok(_) => panic!("{} is not refused", R::METHOD),
    }
}

fn text(text: &str) -> Vec<UserInput> {
    codex_client::Input::text(text).into()
}

/// A method that this server does not know.
#[derive(serde::Serialize)]
struct FutureMethod {}

impl Request for FutureMethod {
    const METHOD: &'static str = "future/method";
    const EXPERIMENTAL: bool = false;
    type Response = Value;
}

/// A known method with invalid params.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Misfit(Value);

impl Request for Misfit {
    const METHOD: &'static str = "thread/read";
    const EXPERIMENTAL: bool = false;
    type Response = Value;
}

#[tokio::test]
async fn protocol_errors_are_distinguished_from_failures() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let error = rejection(&codex, FutureMethod {}).await;
    assert_eq!(error.kind, RpcErrorKind::MethodNotFound, "{error}");
    let misfit = rejection(&codex, Misfit(json!({"threadId": 7}))).await;
    assert_eq!(misfit.kind, RpcErrorKind::InvalidRequest, "{misfit}");
    let invalid = rejection(&codex, CancelLoginAccountParams::new("no uuid")).await;
    assert_eq!(invalid.kind, RpcErrorKind::InvalidRequest, "{invalid}");
    let missing = stage.home.workspace().join("missing");
    let path = missing.to_string_lossy();
    let failed = rejection(&codex, FsReadFileParams::new(path.as_ref())).await;
    assert_eq!(failed.kind, RpcErrorKind::Internal, "{failed}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn experimental_methods_are_rejected_without_the_capability() {
    let stage = Stage::new();
    let codex = stage
        .builder()
        .experimental_api(false)
        .start()
        .await
        .unwrap();
    let method = rejection(&codex, request::MemoryReset).await;
    assert_eq!(method.kind, RpcErrorKind::ExperimentalRequired, "{method}");
    let thread = codex.thread_start().await.unwrap();
    let context = AdditionalContextEntry::new(AdditionalContextKind::Application, "noon");
    let context = [("time".to_owned(), context)];
    let params = TurnStartParams::new(thread.id(), text("hi")).additional_context(context);
    let field = rejection(&codex, params).await;
    assert_eq!(field.kind, RpcErrorKind::ExperimentalRequired, "{field}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn steer_and_interrupt_errors_tell_whether_no_turn_or_a_different_one_is_running() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let steer = |turn_id: &str| TurnSteerParams::new(thread.id(), turn_id, text("more"));
    let interrupt = |turn_id: &str| TurnInterruptParams::new(thread.id(), turn_id);
    let idle = rejection(&codex, steer("x")).await;
    assert_eq!(idle.kind, RpcErrorKind::NoActiveTurn, "{idle}");
    let idle = rejection(&codex, interrupt("x")).await;
    assert_eq!(idle.kind, RpcErrorKind::NoActiveTurn, "{idle}");
    let (turn, gate) = stage.held_turn(&thread, "hi", "done").await;
    let other = rejection(&codex, steer("another")).await;
    assert_eq!(other.kind, RpcErrorKind::TurnMismatch, "{other}");
    let other = rejection(&codex, interrupt("another")).await;
    assert_eq!(other.kind, RpcErrorKind::TurnMismatch, "{other}");
    gate.open();
    turn.run().await.unwrap();
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_that_was_never_saved_is_not_found() {
    let stage = Stage::new();
    let (codex, other) = (stage.start().await, stage.start().await);
    let unknown_id = "00000000-0000-7000-8000-000000000000";
    let error = rejection(&codex, ThreadResumeParams::new(unknown_id)).await;
    assert_eq!(error.kind, RpcErrorKind::RolloutMissing, "{error}");
    // `thread/read` also searches the loaded threads, and its error has a different text.
    let error = rejection(&codex, ThreadReadParams::new(unknown_id)).await;
    assert_eq!(error.kind, RpcErrorKind::ThreadNotLoaded, "{error}");
    // A thread without a turn can be resumed only on the server that has it loaded.
    let thread = codex.thread_start().await.unwrap();
    let early = rejection(&other, ThreadResumeParams::new(thread.id())).await;
    assert_eq!(early.kind, RpcErrorKind::RolloutMissing, "{early}");
    codex.close().await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_turn_in_a_thread_that_is_not_loaded_is_an_error_that_says_so() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let unknown_id = "00000000-0000-7000-8000-000000000000";
    let params = TurnStartParams::new(unknown_id, text("hi"));
    let error = rejection(&codex, params).await;
    assert_eq!(error.kind, RpcErrorKind::ThreadNotLoaded, "{error}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn resuming_a_thread_that_another_server_writes_to_is_an_active_writer_error() {
    let stage = Stage::new();
    let (codex, other) = (stage.start().await, stage.start().await);
    stage.model.push("first");
    let thread = codex.thread_start().await.unwrap();
    thread.run("hi").await.unwrap();
    let taken = rejection(&other, ThreadResumeParams::new(thread.id())).await;
    assert_eq!(taken.kind, RpcErrorKind::ActiveWriter, "{taken}");
    assert!(!Error::from(taken).is_retryable());
    let id = thread.id().to_owned();
    drop(thread);
    codex.close().await.unwrap();
    other.request(ThreadResumeParams::new(id)).await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn the_error_of_a_rejected_login_does_not_contain_its_key() {
    let stage = Stage::new();
    let codex = stage.builder().config("forced_login_method", "chatgpt");
    let codex = codex.start().await.unwrap();
    let params = ApiKeyLoginAccountParams::new("sk-secret");
    let refused = rejection(&codex, LoginAccountParams::ApiKey(params)).await;
    let shown = format!("{refused} {refused:?}");
    assert!(!shown.contains("secret"), "{shown}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_faulty_configuration_is_reported_with_its_position() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let file = stage.home.codex_home().join("config.toml");
    let valid = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("sandbox_mode = \"bogus\"\n{valid}")).unwrap();
    let error = rejection(&codex, ThreadStartParams::default()).await;
    assert_eq!(error.kind, RpcErrorKind::InvalidConfig, "{error}");
    let at = error.config_location().unwrap();
    assert_eq!(at.file, file.to_string_lossy());
    assert_eq!((at.line, at.column), (1, 16));
    // Not TOML at all, and another method.
    std::fs::write(&file, "model = = 3\n").unwrap();
    let error = rejection(&codex, ConfigReadParams::default()).await;
    assert_eq!(error.kind, RpcErrorKind::InvalidConfig, "{error}");
    let at = error.config_location().unwrap();
    assert_eq!((at.line, at.column), (1, 9));
    std::fs::write(&file, "model_provider = \"missing\"\n").unwrap();
    let error = rejection(&codex, ThreadStartParams::default()).await;
    assert_eq!(error.kind, RpcErrorKind::InvalidConfig, "{error}");
    assert_eq!(error.config_location(), None, "{error}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_archived_thread_is_an_error_that_says_so() {
    let stage = Stage::new();
    let codex = stage.start().await;
    stage.model.push("first");
    let thread = codex.thread_start().await.unwrap();
    thread.run("hi").await.unwrap();
    codex.thread_archive(thread.id()).await.unwrap();
    let resumed = rejection(&codex, ThreadResumeParams::new(thread.id())).await;
    assert_eq!(resumed.kind, RpcErrorKind::ThreadArchived, "{resumed}");
    let forked = rejection(&codex, ThreadForkParams::new(thread.id())).await;
    assert_eq!(forked.kind, RpcErrorKind::ThreadArchived, "{forked}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_thread_without_turns_or_without_history_is_not_an_unknown_method() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let fresh = codex.thread_start().await.unwrap();
    let read = ThreadReadParams::new(fresh.id()).include_turns(true);
    let read = rejection(&codex, read).await;
    assert_eq!((read.code, read.kind), (-32601, RpcErrorKind::Unsupported));
    let items = rejection(&codex, ThreadItemsListParams::new(fresh.id())).await;
    assert_eq!(items.kind, RpcErrorKind::Unsupported, "{items}");
    let turns = rejection(&codex, ThreadTurnsListParams::new(fresh.id())).await;
    assert_eq!(turns.kind, RpcErrorKind::Unsupported, "{turns}");
    let ephemeral = codex.thread_start().ephemeral(true).await.unwrap();
    let turns = rejection(&codex, ThreadTurnsListParams::new(ephemeral.id())).await;
    assert_eq!(turns.kind, RpcErrorKind::Unsupported, "{turns}");
    let goal = ThreadGoalSetParams::new(ephemeral.id()).objective("x");
    let goal = rejection(&codex, goal).await;
    assert_eq!(goal.kind, RpcErrorKind::Unsupported, "{goal}");
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_missing_login_and_a_missing_process_are_errors_that_say_so() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let limits = rejection(&codex, GetAccountRateLimitsParams::default()).await;
    assert_eq!(limits.kind, RpcErrorKind::LoginRequired, "{limits}");
    let command = rejection(&codex, CommandExecTerminateParams::new("p")).await;
    assert_eq!(command.kind, RpcErrorKind::NoActiveProcess, "{command}");
    let process = rejection(&codex, ProcessKillParams::new("p")).await;
    assert_eq!(process.kind, RpcErrorKind::NoActiveProcess, "{process}");
    codex.close().await.unwrap();
}
