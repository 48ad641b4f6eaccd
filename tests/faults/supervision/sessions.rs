//! The ways in which a session ends, and the work that ends or continues with it.

use super::*;

#[tokio::test]
async fn another_session_follows_every_way_in_which_one_ends() {
    for fault in [
        Fault::Kill,
        Fault::Exit(0),
        Fault::Exit(3),
        Fault::CloseOutput,
    ] {
        let (server, codex, mut sessions) = start(quick()).await;
        let thread = codex.thread_start().await.unwrap();
        server.fault(fault.clone());
        attempt(&mut sessions).await;
        assert_eq!(
            reconnected(&mut sessions).await.0,
            [thread.id()],
            "{fault:?}"
        );
        server.push_turn("Again.");
        thread.run("again").await.unwrap();
        codex.close().await.unwrap();
        processes_ended(&server).await;
    }
}

#[tokio::test]
async fn a_goal_ends_with_the_session_and_its_last_turn_has_a_partial_result() {
    let (server, codex, mut sessions) = start(quick()).await;
    let thread = codex.thread_start().await.unwrap();
    let id = thread.id();
    let goal = json!({
        "threadId": id, "createdAt": 1, "objective": "Sing.", "status": "active",
        "timeUsedSeconds": 0, "tokensUsed": 0, "updatedAt": 2,
    });
    let turn = json!({"id": "u", "status": "inProgress", "items": [], "error": null});
    let item = json!({"type": "agentMessage", "id": "i", "text": "La"});
    server.push("thread/goal/clear", Reply::new(json!({"cleared": true})));
    let set = Reply::new(json!({"goal": goal}))
        .then_notify(
            "thread/goal/updated",
            json!({"threadId": id, "turnId": null, "goal": goal}),
        )
        .then_notify("turn/started", json!({"threadId": id, "turn": turn}))
        .then_notify(
            "item/completed",
            json!({"threadId": id, "turnId": "u", "item": item, "completedAtMs": 1}),
        );
    server.push("thread/goal/set", set.then_fault(Fault::Kill));
    let goal = thread.goal_start("Sing.").await.unwrap();
    let ended = goal.run().await;
    let end = closed(&ended);
    let partial = end.partial.as_ref().expect("a partial result");
    assert!(end.reconnecting, "{end}");
    assert_eq!(partial.final_response.as_deref(), Some("La"));
    reconnected(&mut sessions).await;
    assert_eq!(server.requests("thread/goal/set").len(), 1);
}

#[tokio::test]
async fn a_file_watch_ends_with_the_session_and_another_one_begins() {
    let (server, codex, mut sessions) = start(quick()).await;
    server.on("fs/watch", |_| json!({"path": "/w"}));
    let mut watch = codex.fs_watch("/w").await.unwrap();
    server.fault(Fault::Kill);
    closed(&watch.next().await.expect("the end of the session"));
    assert!(watch.next().await.is_none());
    reconnected(&mut sessions).await;
    codex.fs_watch("/w").await.unwrap();
    assert_eq!(server.requests("fs/watch").len(), 2);
}

#[tokio::test]
async fn the_handle_of_a_lost_turn_keeps_its_result_and_interrupts_nothing_when_it_is_dropped() {
    let (server, codex, mut sessions) = start(quick()).await;
    let thread = codex.thread_start().await.unwrap();
    server.push_turn(Turn::text("So far").fault(Fault::Kill).then_text("never"));
    let turn = thread.turn("go").interrupt_on_drop().await.unwrap();
    closed(&turn.run().await);
    reconnected(&mut sessions).await;
    let again = turn.run().await;
    let partial = closed(&again).partial.as_ref().expect("a partial result");
    assert_eq!(partial.final_response.as_deref(), Some("So far"));
    closed(&turn.interrupt().await);
    drop(turn);
    // A later request, after which an interrupt would have arrived.
    codex.models().await.unwrap();
    assert!(server.requests("turn/interrupt").is_empty());
}

#[tokio::test]
async fn threads_that_were_resumed_or_forked_are_resumed_and_closed_ones_are_not() {
    let (server, codex, mut sessions) = start(quick()).await;
    let resumed = codex.thread_resume("saved").model("m").await.unwrap();
    let forked = codex.thread_fork("saved").model("n").await.unwrap();
    let ended = codex.thread_start().await.unwrap();
    let mut events = ended.events();
    server.notify("thread/closed", json!({"threadId": ended.id()}));
    events.next().await.unwrap().unwrap();
    let before = server.requests("thread/resume").len();
    server.fault(Fault::Kill);
    let (again, lost) = reconnected(&mut sessions).await;
    assert_eq!(again, [resumed.id(), forked.id()]);
    assert!(lost.is_empty(), "{lost:?}");
    let resumes = server.requests("thread/resume").split_off(before);
    let models: Vec<_> = resumes.iter().map(|it| &it.params()["model"]).collect();
    assert_eq!(models, ["m", "n"]);
    assert_eq!(server.requests("thread/fork").len(), 1);
}

#[tokio::test]
async fn the_thread_of_a_sub_agent_is_not_resumed() {
    let (server, codex, mut sessions) = start(quick()).await;
    let thread = codex.thread_start().await.unwrap();
    let gate = server.gate();
    let turn = json!({"id": "v", "status": "inProgress", "items": [], "error": null});
    let spawned = json!({
        "type": "collabAgentToolCall", "id": "c", "tool": "spawnAgent", "status": "completed",
        "senderThreadId": thread.id(), "receiverThreadIds": ["agent"], "prompt": "Look.",
        "agentsStates": {},
    });
    let turn = Turn::new()
        .item(spawned)
        .notify("turn/started", json!({"threadId": "agent", "turn": turn}))
        .hold(&gate);
    server.push_turn(turn.then_text("never"));
    let running = thread.turn("go").await.unwrap();
    gate.reached().await.unwrap();
    server.fault(Fault::Kill);
    closed(&running.run().await);
    let (resumed, lost) = reconnected(&mut sessions).await;
    assert_eq!(resumed, [thread.id()]);
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test]
async fn without_the_experimental_api_the_effort_of_a_turn_is_not_restored() {
    let server = FakeAppServer::start().unwrap();
    let builder = builder(Codex::builder(), &server).experimental_api(false);
    let codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    let thread = codex.thread_start().await.unwrap();
    let mut events = thread.events();
    let settings = json!({"model": "n", "effort": "high"});
    server.notify(
        "thread/settings/updated",
        json!({"threadId": thread.id(), "threadSettings": settings}),
    );
    events.next().await.unwrap().unwrap();
    server.fault(Fault::Kill);
    assert_eq!(reconnected(&mut sessions).await.0, [thread.id()]);
    let resumes = server.requests("thread/resume");
    assert_eq!(resumes[0].params()["model"], "n");
    assert!(server.requests("thread/settings/update").is_empty());
}

#[tokio::test]
async fn a_lost_thread_runs_turns_again_once_the_program_resumes_it() {
    let (server, codex, mut sessions) = start(quick()).await;
    let thread = codex.thread_start().await.unwrap();
    server.push("thread/resume", Reply::error(-32600, "not now"));
    server.fault(Fault::Kill);
    assert_eq!(reconnected(&mut sessions).await.1[0].thread_id, thread.id());
    codex.thread_resume(thread.id()).await.unwrap();
    server.push_turn("Again.");
    thread.run("again").await.unwrap();
    // It is resumed with the others from now on.
    server.fault(Fault::Kill);
    assert_eq!(reconnected(&mut sessions).await.0, [thread.id()]);
}

#[tokio::test]
async fn the_metadata_is_that_of_the_first_session_and_a_recording_has_all_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("recording.jsonl");
    let server = FakeAppServer::start().unwrap();
    let builder = builder(Codex::builder(), &server).record(&path);
    let codex = builder.start().await.unwrap();
    let mut sessions = codex.session_events();
    let before = codex.metadata().clone();
    let user_agent = "x/9.9.9 (y)";
    server.push("initialize", attempts::initialized(user_agent));
    server.fault(Fault::Kill);
    reconnected(&mut sessions).await;
    assert_eq!(*codex.metadata(), before);
    codex.models().await.unwrap();
    codex.close().await.unwrap();
    let recording = std::fs::read_to_string(path).unwrap();
    let initialized = recording.matches("\"method\":\"initialize\"").count();
    assert_eq!(initialized, 2, "{recording}");
    assert!(recording.contains(user_agent) && recording.contains("model/list"));
}
