//! The effect of thread and turn options on the real app-server.

use codex_client::{
    ApprovalMode, Codex, Sandbox, Thread, blocking,
    types::{ApprovalsReviewer, AskForApproval, ReasoningEffort, ReasoningSummary, SandboxPolicy},
};
use codex_tests::stage::Stage;
use codex_types::{ThreadResumeParams, ThreadResumeResponse};
use serde_json::json;

/// Returns the settings that the server reports for a loaded thread.
async fn settings(codex: &Codex, thread: &Thread) -> ThreadResumeResponse {
    let params = ThreadResumeParams::new(thread.id());
    let settings = codex.request(params).await;
    settings.expect("the settings of the thread")
}

/// The approval modes, each with the approval policy and the reviewer that it sets.
const MODES: [(ApprovalMode, AskForApproval, ApprovalsReviewer); 2] = [
    (
        ApprovalMode::AutoReview,
        AskForApproval::OnRequest,
        ApprovalsReviewer::AutoReview,
    ),
    (
        ApprovalMode::DenyAll,
        AskForApproval::Never,
        ApprovalsReviewer::User,
    ),
];

#[tokio::test]
async fn an_approval_mode_sets_the_policy_and_the_reviewer_of_the_thread() {
    let stage = Stage::echo();
    let codex = stage.start().await;
    for (mode, policy, reviewer) in MODES {
        let assert_mode = async |thread: &Thread| {
            let now = settings(&codex, thread).await;
            assert_eq!(now.approval_policy, policy);
            assert_eq!(now.approvals_reviewer, reviewer);
        };
        let other = || {
            codex
                .thread_start()
                .approval_policy(AskForApproval::Untrusted)
        };
        let started = codex.thread_start().approval_mode(mode).await.unwrap();
        started.run("Hi.").await.unwrap();
        assert_mode(&started).await;
        // The option of a turn changes the mode for later turns as well.
        let thread = other().await.unwrap();
        thread.run("Hi.").approval_mode(mode).await.unwrap();
        assert_mode(&thread).await;
        let thread = other().await.unwrap();
        let turn = thread.turn("Hi.").approval_mode(mode).await.unwrap();
        turn.run().await.unwrap();
        assert_mode(&thread).await;
        let fork = codex.thread_fork(thread.id()).approval_mode(mode);
        assert_mode(&fork.await.unwrap()).await;
        // A turn without the option keeps the mode.
        thread.run("And now?").await.unwrap();
        assert_mode(&thread).await;
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_resumed_thread_has_the_approval_mode_it_is_given() {
    let stage = Stage::echo();
    for (mode, policy, reviewer) in MODES {
        let codex = stage.start().await;
        let thread = codex.thread_start().await.unwrap();
        thread.run("Hi.").await.unwrap();
        let id = thread.id().to_owned();
        codex.close().await.unwrap();
        // The options take effect only if the server has not loaded the thread yet.
        let codex = stage.start().await;
        let thread = codex.thread_resume(id).approval_mode(mode).await.unwrap();
        let now = settings(&codex, &thread).await;
        assert_eq!(now.approval_policy, policy);
        assert_eq!(now.approvals_reviewer, reviewer);
        codex.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_resumed_or_forked_thread_keeps_its_approval_mode_unless_it_is_given_another() {
    let stage = Stage::echo();
    let codex = stage.start().await;
    let start = codex.thread_start().approval_mode(ApprovalMode::DenyAll);
    let thread = start.await.unwrap();
    thread.run("Hi.").await.unwrap();
    let policy = async |thread: &Thread| settings(&codex, thread).await.approval_policy;
    let same = codex.thread_resume(thread.id()).await.unwrap();
    assert_eq!(policy(&same).await, AskForApproval::Never);
    let fork = codex.thread_fork(thread.id()).await.unwrap();
    assert_eq!(policy(&fork).await, AskForApproval::Never);
    let fork = codex.thread_fork(thread.id());
    let other = fork.approval_mode(ApprovalMode::AutoReview).await.unwrap();
    assert_eq!(policy(&other).await, AskForApproval::OnRequest);
    codex.close().await.unwrap();
}

#[test]
fn an_approval_mode_sets_the_policy_and_the_reviewer_in_the_blocking_api_too() {
    let stage = Stage::echo();
    let codex = stage.start_blocking();
    for (mode, policy, reviewer) in MODES {
        let assert_mode = |thread: &blocking::Thread| {
            let now = codex.request(ThreadResumeParams::new(thread.id()));
            let now = now.send().unwrap();
            assert_eq!(now.approval_policy, policy);
            assert_eq!(now.approvals_reviewer, reviewer);
        };
        let start = codex.thread_start().approval_mode(mode);
        let started = start.send().unwrap();
        started.run("Hi.").send().unwrap();
        assert_mode(&started);
        let thread = codex.thread_start().send().unwrap();
        let turn = thread.turn("Hi.").approval_mode(mode).send().unwrap();
        turn.run().unwrap();
        assert_mode(&thread);
        let fork = codex.thread_fork(thread.id()).approval_mode(mode);
        assert_mode(&fork.send().unwrap());
        let thread = codex.thread_start().send().unwrap();
        thread.run("Hi.").approval_mode(mode).send().unwrap();
        assert_mode(&thread);
    }
    codex.close().unwrap();
}

#[tokio::test]
async fn the_options_of_a_thread_reach_the_server_and_the_model() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let cwd = stage.home.workspace().join("inner");
    std::fs::create_dir(&cwd).unwrap();
    let cwd = cwd.canonicalize().unwrap();
    let cwd = cwd.to_str().unwrap();
    let start = codex.thread_start().base_instructions("Be a parrot.");
    let start = start.developer_instructions("Repeat twice.");
    let start = start.config("model_reasoning_effort", "low");
    let start = start.cwd(cwd).model("gpt-5.4").sandbox(Sandbox::ReadOnly);
    let start = start.service_name("tests").thread_source("user");
    let thread = start.model_provider("scripted").await.unwrap();
    stage.model.push("Hello. Hello.");
    thread.run("Hello.").await.unwrap();
    let asked = &stage.model.requests()[0];
    assert_eq!(asked.instructions().as_deref(), Some("Be a parrot."));
    let input = serde_json::to_string(asked.input()).unwrap();
    assert!(input.contains("Repeat twice."), "{input}");
    assert_eq!(asked.body()["reasoning"]["effort"], "low");
    let now = settings(&codex, &thread).await;
    assert!(matches!(now.sandbox, SandboxPolicy::ReadOnly(_)), "{now:?}");
    assert_eq!(now.model, "gpt-5.4");
    assert_eq!(now.thread.cwd.as_ref() as &str, cwd);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_ephemeral_thread_is_not_saved() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().ephemeral(true).await.unwrap();
    stage.model.push("Hello.");
    thread.run("Hi.").await.unwrap();
    assert!(thread.read().await.unwrap().thread.ephemeral);
    assert!(codex.thread_list().await.unwrap().data.is_empty());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_options_of_a_turn_reach_the_model_and_persist_except_for_the_schema() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let thread = codex.thread_start().model("gpt-5.4").await.unwrap();
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["answer"],
        "properties": {"answer": {"type": "integer"}},
    });
    stage.model.push(r#"{"answer": 42}"#);
    let run = thread.run("What is it?").output_schema(schema.clone());
    let run = run.effort(ReasoningEffort::High).source("tests");
    let run = run
        .summary(ReasoningSummary::Detailed)
        .sandbox(Sandbox::FullAccess);
    run.await.unwrap();
    stage.model.push("Still 42.");
    thread.run("And now?").await.unwrap();
    let [first, second] = &stage.model.requests()[..] else {
        panic!("not two requests")
    };
    assert_eq!(first.body()["text"]["format"]["schema"], schema);
    assert!(second.body()["text"]["format"].is_null());
    for asked in [first, second] {
        assert_eq!(asked.body()["reasoning"]["effort"], "high");
        assert_eq!(asked.body()["reasoning"]["summary"], "detailed");
    }
    let now = settings(&codex, &thread).await;
    assert_eq!(now.sandbox, SandboxPolicy::DangerFullAccess);
    codex.close().await.unwrap();
}
