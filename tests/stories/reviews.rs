//! Code reviews on a real app-server.

use std::{fs, process::Command, time::Duration};

use codex_client::{
    Codex, Error, RpcErrorKind,
    types::{
        BaseBranchReviewTarget, CommitReviewTarget, CustomReviewTarget, ReviewTarget,
        ServerNotification, ThreadItem, TurnStatus,
    },
};
use codex_testing::ModelResponse;
use codex_tests::stage::{Stage, interrupt};
use codex_types::ReviewDelivery;
use serde_json::json;

/// Returns the model's response to a review request.
fn findings() -> ModelResponse {
    let finding = json!({
        "title": "[P1] Say something", "body": "`main` does nothing.", "confidence_score": 0.9,
        "priority": 1, "code_location": {
            "absolute_file_path": "/src/main.rs", "line_range": {"start": 1, "end": 2},
        },
    });
    let review = json!({
        "findings": [finding], "overall_correctness": "patch is incorrect",
        "overall_explanation": "It is empty.", "overall_confidence_score": 0.8,
    });
    ModelResponse::text(review.to_string())
}

/// Creates a stage whose workspace is a repository with a commit and a changed file.
fn repository() -> Stage {
    let stage = Stage::new();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=A", "-c", "user.email=a@example.com"]);
        let ran = git
            .args(arguments)
            .current_dir(stage.home.workspace())
            .output();
        let output = ran.unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    let file = stage.home.workspace().join("main.rs");
    git(&["init", "--quiet", "--initial-branch=main"]);
    fs::write(&file, "fn main() { todo!() }\n").unwrap();
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=Begin"]);
    fs::write(&file, "fn main() {}\n").unwrap();
    stage
}

#[tokio::test]
async fn a_review_returns_its_findings_and_the_thread_continues() {
    let stage = repository();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    stage.model.push("Hello.");
    thread.run("The word is frog.").await.unwrap();
    stage.model.push(findings());
    let result = thread
        .review(ReviewTarget::UncommittedChanges)
        .await
        .unwrap();
    assert_eq!(result.status, TurnStatus::Completed);
    let review = result.review().unwrap();
    assert!(review.contains("It is empty."), "{review}");
    assert!(
        review.contains("[P1] Say something — /src/main.rs:1-2"),
        "{review}"
    );
    assert_eq!(result.final_response.as_deref(), Some(review));
    // The reviewer starts without history; the next turn has the review in its history.
    let asked = stage.model.requests();
    assert!(!asked[1].body().to_string().contains("frog"));
    stage.model.push("I will.");
    let turn = thread.steer_or_start("Do it.").await.unwrap();
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("I will."));
    assert_eq!(result.review(), None);
    let asked = stage.model.requests();
    assert!(asked[2].body().to_string().contains("Say something"));
    codex.close().await.unwrap();
}

#[tokio::test]
async fn each_target_tells_the_model_what_to_review() {
    let stage = repository();
    stage.model.respond_with(|_| findings());
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let commit = CommitReviewTarget::new("HEAD").title("Begin");
    let instructions = CustomReviewTarget::new("Look at the frogs.");
    let targets: [(ReviewTarget, &str); 4] = [
        (ReviewTarget::UncommittedChanges, "current code changes"),
        (BaseBranchReviewTarget::new("main").into(), "'main'"),
        (commit.into(), "HEAD"),
        (instructions.into(), "Look at the frogs."),
    ];
    for (number, (target, expected)) in targets.into_iter().enumerate() {
        thread.review(target).await.unwrap();
        let asked = stage.model.requests()[number].body().to_string();
        assert!(asked.contains(expected), "no `{expected}` in {asked}");
    }
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_review_can_be_streamed_but_not_steered() {
    let stage = repository();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.gate();
    stage.model.push(findings().hold(&gate));
    let turn = thread.review(ReviewTarget::UncommittedChanges).start();
    let turn = turn.await.unwrap();
    gate.reached().await.unwrap();
    let Err(Error::Rpc(error)) = turn.steer("Faster.").await else {
        panic!("a review was steered")
    };
    assert_eq!(error.kind, RpcErrorKind::TurnNotSteerable, "{error}");
    gate.open();
    let mut seen = Vec::new();
    let mut events = turn.stream();
    while let Some(event) = events.next().await {
        match event.unwrap() {
            ServerNotification::ItemCompleted(done) => match &done.item {
                ThreadItem::EnteredReviewMode(_) => seen.push("entered"),
                ThreadItem::ExitedReviewMode(_) => seen.push("exited"),
                _ => {}
            },
            ServerNotification::TurnCompleted(_) => seen.push("completed"),
            _ => {}
        }
    }
    assert_eq!(seen, ["entered", "exited", "completed"]);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_review_ends_when_interrupted_or_after_its_timeout() {
    let stage = repository();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    let gate = stage.model.gate();
    let held = gate.clone();
    stage.model.respond_with(move |_| findings().hold(&held));
    let review = || thread.review(ReviewTarget::UncommittedChanges);
    let turn = review().start().await.unwrap();
    gate.reached().await.unwrap();
    interrupt(&turn).await;
    let error = review()
        .timeout(Duration::from_millis(500))
        .await
        .unwrap_err();
    let Error::TurnTimeout(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.partial.unwrap().status, TurnStatus::Interrupted);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_failed_review_is_an_error() {
    let stage = repository();
    let codex = stage.start().await;
    let thread = codex.thread_start().await.unwrap();
    stage
        .model
        .push(ModelResponse::http_error(400, "bad request"));
    let review = thread.review(ReviewTarget::UncommittedChanges);
    let error = review.await.unwrap_err();
    let Error::TurnFailed(result) = &error else {
        panic!("{error}")
    };
    assert!(error.to_string().contains("bad request"), "{error}");
    assert_eq!(result.status, TurnStatus::Failed);
    codex.close().await.unwrap();
}

/// Runs a review in a new thread.
async fn review_elsewhere(codex: &Codex) {
    let thread = codex.thread_start().await.unwrap();
    let review = thread.review(ReviewTarget::UncommittedChanges);
    let elsewhere =
        review.params(|params| params.delivery(ReviewDelivery::Unrecognized("detached".into())));
    let error = elsewhere.await.unwrap_err();
    assert!(matches!(error, Error::InvalidInput(_)), "{error}");
    let inline = thread.review(ReviewTarget::UncommittedChanges);
    let inline = inline.params(|params| params.delivery(ReviewDelivery::Inline));
    assert!(inline.await.unwrap().review().is_some());
}

#[tokio::test]
async fn a_detached_review_of_a_busy_thread_runs_in_a_new_thread() {
    let stage = repository();
    let codex = stage.start().await;
    let busy = codex.thread_start().await.unwrap();
    let (turn, gate) = stage.held_turn(&busy, "Work.", "done").await;
    stage.model.push(findings());
    review_elsewhere(&codex).await;
    gate.open();
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("done"));
    codex.close().await.unwrap();
}

#[test]
fn the_blocking_api_reviews_too() {
    let stage = repository();
    stage.model.respond_with(|_| findings());
    let codex = stage.start_blocking();
    let thread = codex.thread_start().send().unwrap();
    let review = || thread.review(ReviewTarget::UncommittedChanges);
    let result = review().send().unwrap();
    assert!(result.review().is_some());
    let turn = review().start().unwrap();
    assert!(turn.stream().all(|event| event.is_ok()));
    assert_eq!(turn.run().unwrap().review(), result.review());
    codex.close().unwrap();
}
