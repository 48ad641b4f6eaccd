//! Approvals on a real app-server: requested, granted and declined.

use std::path::PathBuf;

use codex_client::{
    ApprovalRequest, Codex, Decision, Error, PendingRequest, Sandbox, Thread, TurnResult, blocking,
    builder::CodexBuilder,
    types::{
        AskForApproval, CommandExecutionStatus, FileChangeRequestApprovalParams,
        GrantedPermissionProfile, ThreadItem, TurnStatus,
    },
};
use codex_testing::ModelResponse;
use codex_tests::stage::{Stage, interrupt};
use serde_json::json;
use tokio::sync::oneshot;

const PATCH: &str = "*** Begin Patch\n*** Add File: made.txt\n+one\n*** End Patch\n";

/// A stage, and a file that the model wants to create with a command outside the sandbox.
struct Wish {
    stage: Stage,
    file: PathBuf,
}

impl Wish {
    fn new() -> Self {
        let stage = Stage::new();
        let file = stage.home.workspace().join("made.txt");
        Self { stage, file }
    }

    /// Scripts a turn in which the model runs the command.
    fn command(&self) {
        let call = json!({
            "cmd": "touch made.txt", "sandbox_permissions": "require_escalated",
            "justification": "May I make a file?",
        });
        self.stage
            .model
            .push(ModelResponse::function_call("exec_command", call));
        self.stage.model.push("As you wish.");
    }

    /// Scripts a turn in which the model creates the file with a patch.
    fn patch(&self) {
        self.stage
            .model
            .push(ModelResponse::custom_tool_call("apply_patch", PATCH));
        self.stage.model.push("As you wish.");
    }
}

async fn thread(codex: &Codex) -> Thread {
    let thread = codex
        .thread_start()
        .approval_policy(AskForApproval::OnRequest)
        .sandbox(Sandbox::ReadOnly)
        // This model has the tool `apply_patch`.
        .model("gpt-5.5");
    thread.await.unwrap()
}

/// Returns the status of the only command in a turn.
fn command(result: &TurnResult) -> &CommandExecutionStatus {
    let mut commands = result.items.iter().filter_map(|item| match item {
        ThreadItem::CommandExecution(command) => Some(&command.status),
        _ => None,
    });
    commands.next_back().expect("a command")
}

#[tokio::test]
async fn an_approved_command_runs_and_a_declined_one_does_not() {
    let wish = Wish::new();
    let builder = wish
        .stage
        .builder()
        .on_approval(|request: ApprovalRequest| async move {
            assert!(!request.is_read_only());
            let ApprovalRequest::Command(params) = &request else {
                panic!("{request:?}")
            };
            assert!(
                params
                    .command
                    .as_deref()
                    .unwrap()
                    .contains("touch made.txt")
            );
            assert_eq!(request.reason(), Some("May I make a file?"));
            assert!(request.available_decisions().contains(&Decision::Decline));
            match request.available_decisions()[0] {
                // The server offers this decision.
                Decision::Accept if request.turn_id() == Some(&*params.turn_id) => Decision::Accept,
                _ => Decision::Decline,
            }
        });
    let codex = wish.stage.connect(builder).await;
    let thread = thread(&codex).await;
    wish.command();
    let result = thread.run("Make a file.").await.unwrap();
    assert_eq!(command(&result), &CommandExecutionStatus::Completed);
    assert!(wish.file.exists());
    codex.close().await.unwrap();

    std::fs::remove_file(&wish.file).unwrap();
    let refuses = wish
        .stage
        .builder()
        .on_approval(|_| async { Decision::Decline });
    let codex = wish.stage.connect(refuses).await;
    let thread = self::thread(&codex).await;
    wish.command();
    let result = thread.run("Make a file.").await.unwrap();
    assert_eq!(command(&result), &CommandExecutionStatus::Declined);
    // The turn continued.
    assert_eq!(result.final_response.as_deref(), Some("As you wish."));
    assert!(!wish.file.exists());
    codex.close().await.unwrap();
}

/// Runs two commands, the second in a new thread unless `same_thread` is set, and returns the
/// number of approval requests.
async fn approvals_of_two_commands(
    decide: fn(&ApprovalRequest) -> Decision,
    same_thread: bool,
) -> usize {
    let wish = Wish::new();
    let (asked, mut times) = tokio::sync::mpsc::unbounded_channel();
    let builder = wish
        .stage
        .builder()
        .on_approval(move |request: ApprovalRequest| {
            asked.send(()).unwrap();
            let decision = decide(&request);
            async { decision }
        });
    let codex = wish.stage.connect(builder).await;
    let mut thread = thread(&codex).await;
    for _ in 0..2 {
        wish.command();
        thread.run("Make a file.").await.unwrap();
        std::fs::remove_file(&wish.file).unwrap();
        if !same_thread {
            thread = self::thread(&codex).await;
        }
    }
    codex.close().await.unwrap();
    let mut count = 0;
    while times.try_recv().is_ok() {
        count += 1;
    }
    count
}

#[tokio::test]
async fn an_approval_for_the_session_covers_the_next_turn() {
    assert_eq!(
        approvals_of_two_commands(|_| Decision::AcceptForSession, true).await,
        1
    );
}

#[tokio::test]
async fn an_approval_for_one_command_does_not_cover_the_next() {
    assert_eq!(
        approvals_of_two_commands(|_| Decision::Accept, true).await,
        2
    );
}

#[tokio::test]
async fn an_accepted_rule_approves_later_commands_with_the_same_prefix() {
    let rule = |request: &ApprovalRequest| {
        let is_rule = |decision: &Decision| {
            matches!(decision, Decision::AcceptWithExecpolicyAmendment(words)
                if words == &["touch", "made.txt"])
        };
        let mut offered = request.available_decisions().into_iter();
        offered.find(is_rule).unwrap_or(Decision::Decline)
    };
    assert_eq!(approvals_of_two_commands(rule, false).await, 1);
}

#[tokio::test]
async fn a_cancelled_command_interrupts_its_turn() {
    let wish = Wish::new();
    let builder = wish
        .stage
        .builder()
        .on_approval(|_| async { Decision::Cancel });
    let codex = wish.stage.connect(builder).await;
    let thread = thread(&codex).await;
    wish.command();
    let result = thread.run("Make a file.").await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    assert!(!wish.file.exists());
    codex.close().await.unwrap();
}

/// Starts a turn and takes the first request from an inbox.
async fn first(codex: &Codex, thread: &Thread) -> (PendingRequest, codex_client::TurnHandle) {
    let mut inbox = codex.server_requests();
    let turn = thread.turn("Make a file.").await.unwrap();
    let pending = inbox.next().await.unwrap();
    (pending, turn)
}

#[tokio::test]
async fn another_task_can_respond_to_a_request_while_other_turns_stream() {
    let wish = Wish::new();
    let codex = wish.stage.start().await;
    let thread = thread(&codex).await;
    wish.command();
    let (pending, turn) = first(&codex, &thread).await;
    // The queue still holds `As you wish.`. Each turn takes the oldest response, so each push
    // leaves one in the queue for the waiting turn.
    for text in ["one", "two"] {
        wish.stage.model.push(text);
        let other = codex.thread_start().await.unwrap();
        let mut events = other.turn("Talk.").await.unwrap().stream();
        while let Some(event) = events.next().await {
            event.unwrap();
        }
        let result = events.result().await.unwrap();
        assert_eq!(result.status, TurnStatus::Completed);
        assert!(pending.is_open() && !wish.file.exists());
    }
    let responding = tokio::spawn(async move { pending.respond(Decision::Accept) });
    responding.await.unwrap().unwrap();
    let result = turn.run().await.unwrap();
    assert_eq!(command(&result), &CommandExecutionStatus::Completed);
    assert_eq!(result.final_response.as_deref(), Some("two"));
    assert!(wish.file.exists());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_window_reads_a_request_as_json_and_responds_with_json() {
    let wish = Wish::new();
    let codex = wish.stage.start().await;
    let thread = thread(&codex).await;
    wish.command();
    let (pending, turn) = first(&codex, &thread).await;
    let shown = serde_json::to_value(pending.approval().unwrap()).unwrap();
    assert_eq!(shown["type"], "command");
    assert_eq!(shown["params"]["reason"], "May I make a file?");
    let offered = pending.approval().unwrap().available_decisions();
    let offered = serde_json::to_value(offered).unwrap();
    assert_eq!(offered[0], "accept");
    let chosen: Decision = serde_json::from_value(offered[0].clone()).unwrap();
    pending.respond(chosen).unwrap();
    let result = turn.run().await.unwrap();
    assert!(wish.file.exists());
    let stored = serde_json::to_string(&result).unwrap();
    assert_eq!(serde_json::from_str::<TurnResult>(&stored).unwrap(), result);
    codex.close().await.unwrap();
}

#[tokio::test]
async fn an_interrupt_withdraws_the_requests_of_the_turn() {
    let wish = Wish::new();
    let codex = wish.stage.start().await;
    let thread = thread(&codex).await;
    wish.command();
    let (pending, turn) = first(&codex, &thread).await;
    let (resolved, interrupted) = tokio::join!(pending.resolved(), turn.interrupt());
    assert_eq!(resolved, ());
    interrupted.unwrap();
    let late = pending.respond(Decision::Accept);
    assert!(matches!(late, Err(Error::Resolved { .. })), "{late:?}");
    let result = turn.run().await.unwrap();
    assert_eq!(result.status, TurnStatus::Interrupted);
    assert!(!wish.file.exists());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_pending_when_its_thread_is_resumed_is_not_delivered_twice() {
    let wish = Wish::new();
    let codex = wish.stage.start().await;
    let thread = thread(&codex).await;
    let mut inbox = codex.server_requests();
    wish.command();
    let turn = thread.turn("Make a file.").await.unwrap();
    let pending = inbox.next().await.unwrap();
    codex.thread_resume(thread.id()).await.unwrap();
    assert!(pending.is_open());
    pending.respond(Decision::Accept).unwrap();
    turn.run().await.unwrap();
    assert!(wish.file.exists());
    codex.close().await.unwrap();
    assert!(inbox.next().await.is_none(), "delivered twice");
}

#[tokio::test]
async fn a_file_change_is_shown_and_applied_if_approved() {
    for decision in [Decision::Decline, Decision::Accept] {
        let wish = Wish::new();
        let (told, changes) = oneshot::channel();
        let told = std::sync::Mutex::new(Some(told));
        let accepts = decision.accepts();
        let builder = wish
            .stage
            .builder()
            .on_approval(move |request: ApprovalRequest| {
                let told = told.lock().unwrap().take().unwrap();
                told.send(request).unwrap();
                let decision = decision.clone();
                async move { decision }
            });
        let codex = wish.stage.connect(builder).await;
        let thread = thread(&codex).await;
        wish.patch();
        let result = thread.run("Make a file.").await.unwrap();
        assert_eq!(result.final_response.as_deref(), Some("As you wish."));
        let ApprovalRequest::FileChange(change) = changes.await.unwrap() else {
            panic!("not a file change")
        };
        let changes = change.changes.unwrap();
        assert_eq!(changes.len(), 1);
        assert!(changes[0].path.ends_with("made.txt"));
        assert!(changes[0].diff.contains("one"), "{changes:?}");
        let made = std::fs::read_to_string(&wish.file).ok();
        assert_eq!(made.as_deref(), accepts.then_some("one\n"));
        codex.close().await.unwrap();
    }
}

#[tokio::test]
async fn permissions_can_be_granted_in_part() {
    let stage = Stage::new();
    let builder = stage
        .builder()
        .config("features.request_permissions_tool", true)
        .on_approval(|request: ApprovalRequest| async move {
            let ApprovalRequest::Permissions(params) = request else {
                panic!("{request:?}")
            };
            assert!(params.permissions.network.is_some());
            let files = params.permissions.file_system.clone().unwrap();
            Decision::grant(GrantedPermissionProfile::default().file_system(files))
        });
    let codex = stage.connect(builder).await;
    let thread = thread(&codex).await;
    let outside = stage.home.root().join("outside");
    let wanted = json!({"reason": "need", "permissions": {
        "network": {"enabled": true},
        "file_system": {"write": [outside]},
    }});
    stage
        .model
        .push(ModelResponse::function_call("request_permissions", wanted));
    stage.model.push("As you wish.");
    thread.run("Ask for more.").await.unwrap();
    let output = stage.model.requests()[1].last_tool_output().unwrap();
    assert!(output.contains("outside"), "{output}");
    assert!(!output.contains("\"enabled\":true"), "{output}");
    codex.close().await.unwrap();
}

async fn writes_outside(builder: CodexBuilder, wish: &Wish) {
    let codex = wish.stage.connect(builder).await;
    let thread = thread(&codex).await;
    wish.command();
    let result = thread.run("Make a file.").await.unwrap();
    assert_eq!(command(&result), &CommandExecutionStatus::Declined);
    wish.patch();
    thread.run("Then by a patch.").await.unwrap();
    assert!(!wish.file.exists());
    let id = thread.id().to_owned();
    codex.close().await.unwrap();

    let codex = wish.stage.start().await;
    let thread = codex.thread_resume(id).await.unwrap();
    wish.command();
    let result = thread.run("Make a file.").await.unwrap();
    assert_eq!(command(&result), &CommandExecutionStatus::Declined);
    wish.patch();
    thread.run("Then by a patch.").await.unwrap();
    assert!(!wish.file.exists());
    codex.close().await.unwrap();
}

#[tokio::test]
async fn without_a_handler_approvals_are_declined_even_on_a_resumed_thread() {
    let wish = Wish::new();
    writes_outside(wish.stage.builder(), &wish).await;
}

#[tokio::test]
async fn a_handler_that_panics_declines_and_the_connection_continues() {
    let wish = Wish::new();
    let panics = |_: ApprovalRequest| async { panic!("out of order") };
    let builder = wish.stage.builder();
    writes_outside(
        builder.on_approval::<_, std::pin::Pin<Box<dyn Future<Output = Decision> + Send>>>(
            move |request| Box::pin(panics(request)),
        ),
        &wish,
    )
    .await;
}

#[tokio::test]
async fn a_turn_whose_handler_never_returns_can_be_interrupted() {
    let wish = Wish::new();
    let (asked, is_asked) = oneshot::channel();
    let asked = std::sync::Mutex::new(Some(asked));
    let builder = wish
        .stage
        .builder()
        .on_request(move |_: FileChangeRequestApprovalParams| {
            asked.lock().unwrap().take().unwrap().send(()).unwrap();
            std::future::pending::<Result<_, String>>()
        });
    let codex = wish.stage.connect(builder).await;
    let thread = thread(&codex).await;
    wish.patch();
    let turn = thread.turn("Make a file.").await.unwrap();
    is_asked.await.unwrap();
    assert!(codex.models().await.is_ok());
    interrupt(&turn).await;
    codex.close().await.unwrap();
    assert!(!wish.file.exists());
}

#[test]
fn blocking_handlers_and_inboxes_can_decide_too() {
    struct Reads;

    impl blocking::ServerRequestHandler for Reads {
        fn approval(
            &self,
            codex: blocking::WeakCodex,
            request: ApprovalRequest,
        ) -> codex_client::HandlerResult<Decision> {
            // A handler may wait for a response from the server.
            let codex = codex.upgrade().ok_or("the client is closed")?;
            let read = codex_types::ThreadReadParams::new(request.thread_id());
            codex.request(read).send()?;
            Ok(Decision::Accept)
        }
    }

    let wish = Wish::new();
    let start = |codex: &blocking::Codex| {
        let thread = codex
            .thread_start()
            .approval_policy(AskForApproval::OnRequest);
        thread
            .sandbox(Sandbox::ReadOnly)
            .model("gpt-5.5")
            .send()
            .unwrap()
    };
    let builder = wish.stage.blocking_builder().handler(Reads);
    let codex = wish.stage.connect_blocking(builder);
    wish.command();
    start(&codex).run("Make a file.").send().unwrap();
    assert!(wish.file.exists());
    codex.close().unwrap();

    std::fs::remove_file(&wish.file).unwrap();
    let builder = wish.stage.blocking_builder();
    let builder = builder.on_approval(|_| Decision::Decline);
    let codex = wish.stage.connect_blocking(builder);
    wish.command();
    start(&codex).run("Make a file.").send().unwrap();
    assert!(!wish.file.exists());

    let thread = start(&codex);
    let mut inbox = thread.server_requests();
    wish.command();
    let turn = thread.turn("Make a file.").send().unwrap();
    let pending = inbox.next().unwrap();
    let responding = std::thread::spawn(move || pending.respond(Decision::Accept));
    responding.join().unwrap().unwrap();
    turn.run().unwrap();
    assert!(wish.file.exists());
    codex.close().unwrap();
    assert!(inbox.next().is_none());
}
