//! The settings of threads, as the real app-server reports them.

use codex_client::{
    Codex, Sandbox, Thread,
    config::ThreadSettings,
    types::{AskForApproval, ReasoningEffort, ReasoningSummary, SandboxPolicy},
};
use codex_tests::stage::Stage;
use codex_types::{ThreadSettingsUpdateParams, ThreadUnsubscribeParams};

async fn started(codex: &Codex) -> Thread {
    let start = codex
        .thread_start()
        .model("gpt-5.4")
        .sandbox(Sandbox::ReadOnly);
    let start = start.config("model_reasoning_effort", "low");
    start.approval_policy(AskForApproval::Never).await.unwrap()
}

#[tokio::test]
async fn the_settings_are_what_the_thread_got_and_follow_its_turns() {
    let stage = Stage::echo();
    let codex = stage.start().await;
    let thread = started(&codex).await;
    let workspace = stage.home.workspace().canonicalize().unwrap();
    let settings = thread.settings().await.unwrap();
    assert_eq!(settings.model.as_deref(), Some("gpt-5.4"));
    assert_eq!(settings.model_provider.as_deref(), Some("scripted"));
    assert_eq!(settings.effort, Some(ReasoningEffort::Low));
    assert_eq!(settings.approval_policy, Some(AskForApproval::Never));
    assert_eq!(settings.cwd.as_deref(), workspace.to_str());
    assert!(matches!(settings.sandbox, Some(SandboxPolicy::ReadOnly(_))));
    assert_eq!(settings.instruction_sources, Some(Vec::new()));

    // The options of a turn apply to later turns.
    let run = thread
        .run("Hi.")
        .effort(ReasoningEffort::High)
        .model("gpt-5.2");
    let run = run.summary(ReasoningSummary::Detailed).cwd("/");
    run.sandbox(Sandbox::FullAccess).await.unwrap();
    let settings = thread.settings().await.unwrap();
    assert_eq!(settings.model.as_deref(), Some("gpt-5.2"));
    assert_eq!(settings.effort, Some(ReasoningEffort::High));
    assert_eq!(settings.summary, Some(ReasoningSummary::Detailed));
    assert_eq!(settings.cwd.as_deref(), Some("/"));
    assert_eq!(settings.sandbox, Some(SandboxPolicy::DangerFullAccess));
    assert_eq!(settings.permission_profile, None);
    assert_eq!(settings.approval_policy, Some(AskForApproval::Never));
    thread.run("Hi again.").await.unwrap();
    assert_eq!(thread.settings().await.unwrap(), settings);
    assert_eq!(
        stage.model.requests()[1].body()["reasoning"]["effort"],
        "high"
    );

    // A request that the SDK has no method for changes them too.
    let params = ThreadSettingsUpdateParams::new(thread.id()).effort(ReasoningEffort::Low);
    let mut events = thread.events();
    codex.request(params).await.unwrap();
    while thread.settings().await.unwrap() == settings {
        events.next().await.unwrap().unwrap();
    }
    let settings = thread.settings().await.unwrap();
    assert_eq!(settings.effort, Some(ReasoningEffort::Low));

    // A fork and a resumed thread have the settings in their responses.
    let fork = codex
        .thread_fork(thread.id())
        .model("gpt-5.4")
        .await
        .unwrap();
    let forked = fork.settings().await.unwrap();
    assert_eq!(forked.model.as_deref(), Some("gpt-5.4"));
    assert_eq!(thread.settings().await.unwrap(), settings);
    codex
        .request(ThreadUnsubscribeParams::new(thread.id()))
        .await
        .unwrap();
    assert_eq!(thread.settings().await.unwrap(), ThreadSettings::default());
    let resumed = codex.thread_resume(thread.id()).await.unwrap();
    let resumed = resumed.settings().await.unwrap();
    assert_eq!(
        (&resumed.model, &resumed.cwd),
        (&settings.model, &settings.cwd)
    );
    assert_eq!(thread.settings().await.unwrap(), resumed);
    codex.close().await.unwrap();
    assert!(thread.settings().await.is_err());
}

#[test]
fn the_blocking_api_has_the_same_settings() {
    let stage = Stage::echo();
    let codex = stage.start_blocking();
    let thread = codex.thread_start().model("gpt-5.4").send().unwrap();
    let settings = thread.settings().unwrap();
    assert_eq!(settings.model.as_deref(), Some("gpt-5.4"));
    thread.run("Hi.").model("gpt-5.2").send().unwrap();
    let settings = thread.settings().unwrap();
    assert_eq!(settings.model.as_deref(), Some("gpt-5.2"));
    codex.close().unwrap();
}
