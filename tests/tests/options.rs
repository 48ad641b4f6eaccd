//! What the real app-server makes of the options of threads and turns.

use codex_client::{
    ApprovalMode, Codex, Sandbox, Thread,
    types::{
        ApprovalsReviewer, AskForApproval, JsonObject, ReasoningEffort, ReasoningSummary,
        SandboxPolicy,
    },
};
use codex_tests::stage::Stage;
use codex_types::{ThreadResumeParams, ThreadResumeResponse};
use serde_json::json;

/// What the server says about a thread that is running on it.
async fn settings(codex: &Codex, thread: &Thread) -> ThreadResumeResponse {
    let params = ThreadResumeParams::new(thread.id());
    let settings = codex.request(params).await;
    settings.expect("the settings of the thread")
}

#[tokio::test]
async fn an_approval_mode_is_what_the_thread_works_with() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let (auto, deny) = (ApprovalMode::AutoReview, ApprovalMode::DenyAll);
    for (mode, policy, reviewer) in [
        (
            auto,
            AskForApproval::OnRequest,
            ApprovalsReviewer::AutoReview,
        ),
        (deny, AskForApproval::Never, ApprovalsReviewer::User),
    ] {
        let thread = codex.thread_start().approval_mode(mode).await.unwrap();
        stage.model.push("Hello.");
        thread.run("Hi.").await.unwrap();
        let now = settings(&codex, &thread).await;
        assert_eq!(
            (now.approval_policy, now.approvals_reviewer),
            (policy, reviewer)
        );
    }
    // A turn changes it for those that follow; what does not say so leaves it as it is.
    let thread = codex.thread_start().approval_mode(auto).await.unwrap();
    stage.model.push("Hello.");
    thread.run("Hi.").approval_mode(deny).await.unwrap();
    let now = settings(&codex, &thread).await;
    assert_eq!(now.approval_policy, AskForApproval::Never);
    let fork = codex.thread_fork(thread.id()).approval_mode(auto).await;
    let now = settings(&codex, &fork.unwrap()).await;
    assert_eq!(now.approval_policy, AskForApproval::OnRequest);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn the_options_of_a_thread_reach_the_server_and_the_model() {
    let stage = Stage::new();
    let codex = stage.start().await;
    let cwd = stage.home.workspace().join("inner");
    std::fs::create_dir(&cwd).unwrap();
    let cwd = cwd.canonicalize().unwrap();
    let cwd = cwd.to_str().unwrap();
    let config = JsonObject::from_iter([("model_reasoning_effort".to_owned(), json!("low"))]);
    let start = codex.thread_start().base_instructions("Be a parrot.");
    let start = start.developer_instructions("Repeat twice.").config(config);
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
async fn the_options_of_a_turn_reach_the_model_and_stay_but_for_the_schema() {
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
