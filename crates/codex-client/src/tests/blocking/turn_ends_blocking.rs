//! Turns that end without a `turn/completed` of their own, with the blocking client. The tests of
//! the async client are in `unreported_ends.rs`, `unreported_goal_ends.rs`, `idle_timeouts.rs`,
//! `unreadable_parts.rs` and `joined_turns.rs`.

use std::{thread, time::Duration};

use serde_json::json;

use crate::{
    blocking::{Codex, Thread},
    error::{Error, turn_detached::DetachReason},
    tests::{
        FakeServer, blocking::start_with, old_turn_start_response, thread_start_response,
        turn_start_response,
    },
};

/// Returns a thread of a client that gives turns no time to end. Its server runs the script after
/// it has started the turn `u`, and then waits for the end of the connection.
fn start_thread<F>(script: impl FnOnce(FakeServer) -> F + Send + 'static) -> Thread
where
    F: Future<Output = FakeServer>,
{
    let builder = Codex::builder().turn_end_grace(Duration::ZERO);
    let (codex, _) = start_with(builder, |mut fake| async {
        fake.respond("thread/start", thread_start_response()).await;
        fake.respond("turn/start", turn_start_response("u")).await;
        script(fake).await.receive_end().await;
    });
    codex.thread_start().send().unwrap()
}

/// Plays a turn that fails after its first item, without reporting its end.
async fn fail_halfway(mut fake: FakeServer) -> FakeServer {
    fake.start_turn("u").await;
    fake.complete_item("u", "half").await;
    fake.report_error("at capacity", false).await;
    fake.thread_status("systemError").await;
    fake
}

#[test]
fn a_turn_whose_end_is_not_reported_is_detached() {
    let thread = start_thread(fail_halfway);
    let turn = thread.turn("hi").send().unwrap();
    let Err(Error::TurnDetached(ended)) = turn.run() else {
        panic!("not detached")
    };
    assert_eq!(ended.reason, DetachReason::ThreadInactive);
    let partial = ended.partial.unwrap();
    assert_eq!(partial.final_response.as_deref(), Some("half"));
    assert_eq!(partial.error.unwrap().message, "at capacity");
    let last = turn.stream().last().unwrap();
    assert!(matches!(last, Err(Error::TurnDetached(_))), "{last:?}");
    let last = turn.text_stream().last().unwrap();
    assert!(matches!(last, Err(Error::TurnDetached(_))), "{last:?}");
}

#[test]
fn the_partial_result_has_no_items_if_only_the_events_were_read() {
    let thread = start_thread(fail_halfway);
    let events = thread.turn("hi").send().unwrap().stream().events_only();
    let Some(Err(Error::TurnDetached(ended))) = events.last() else {
        panic!("not detached")
    };
    let partial = ended.partial.unwrap();
    assert!(partial.items.is_empty());
    assert_eq!(partial.error.unwrap().message, "at capacity");
}

#[test]
fn a_goal_without_a_next_turn_is_detached() {
    let builder = Codex::builder().turn_end_grace(Duration::ZERO);
    let (codex, _) = start_with(builder, |mut fake| async move {
        fake.respond("thread/start", thread_start_response()).await;
        fake.clear_goal().await;
        fake.set_goal("active").await;
        fake.start_turn("u").await;
        fake.complete_item("u", "half").await;
        fake.complete_turn("u", "completed").await;
        fake.thread_status("idle").await;
        fake.receive_end().await;
    });
    let thread = codex.thread_start().send().unwrap();
    let goal = thread.goal_start("Sing.").send().unwrap();
    let Err(Error::TurnDetached(ended)) = goal.run() else {
        panic!("not detached")
    };
    assert_eq!(ended.reason, DetachReason::ThreadInactive);
    let partial = ended.partial.unwrap();
    assert_eq!(partial.final_response.as_deref(), Some("half"));
    let last = goal.stream().last().unwrap();
    assert!(matches!(last, Err(Error::TurnDetached(_))), "{last:?}");
}

#[test]
fn a_goal_of_which_the_server_sends_nothing_is_paused() {
    let idle_timeout = Duration::from_millis(1);
    for through_the_handle in [true, false] {
        let (codex, _) = start_with(Codex::builder(), |mut fake| async move {
            fake.respond("thread/start", thread_start_response()).await;
            fake.set_goal("active").await;
            let paused = fake.set_goal("paused").await;
            assert_eq!(paused["status"], "paused");
            fake.receive_end().await;
        });
        let thread = codex.thread_start().send().unwrap();
        let resuming = thread.goal_resume();
        let goal = match through_the_handle {
            true => resuming.send().unwrap().idle_timeout(idle_timeout),
            false => resuming.idle_timeout(idle_timeout).send().unwrap(),
        };
        let Err(Error::TurnTimeout(error)) = goal.run() else {
            panic!("not silent")
        };
        assert!(error.was_silent);
        assert_eq!((error.after, error.turn_id), (idle_timeout, None));
        let last = goal.stream().last().unwrap();
        assert!(matches!(last, Err(Error::TurnTimeout(_))), "{last:?}");
    }
}

#[test]
fn a_goal_in_an_unrecognized_state_is_detached_once_its_thread_is_inactive() {
    let builder = Codex::builder().turn_end_grace(Duration::ZERO);
    let (codex, _) = start_with(builder, |mut fake| async move {
        fake.respond("thread/start", thread_start_response()).await;
        fake.set_goal("active").await;
        fake.update_goal("dreaming", None).await;
        fake.start_turn("u").await;
        fake.complete_turn("u", "completed").await;
        fake.thread_status("idle").await;
        fake.receive_end().await;
    });
    let thread = codex.thread_start().send().unwrap();
    let goal = thread.goal_resume().send().unwrap();
    let Err(Error::TurnDetached(ended)) = goal.run() else {
        panic!("not detached")
    };
    assert_eq!(ended.turn_id.as_deref(), Some("u"));
}

#[test]
fn a_silent_turn_is_interrupted() {
    let idle_timeout = Duration::from_millis(1);
    for through_the_handle in [true, false] {
        let thread = start_thread(|mut fake| async {
            fake.respond("turn/interrupt", json!({})).await;
            fake.complete_turn("u", "interrupted").await;
            fake
        });
        let result = match through_the_handle {
            true => {
                let turn = thread.turn("hi").send().unwrap();
                turn.idle_timeout(idle_timeout).run()
            }
            false => thread.run("hi").idle_timeout(idle_timeout).send(),
        };
        let Err(Error::TurnTimeout(error)) = result else {
            panic!("{result:?}")
        };
        assert!(error.was_silent);
        assert_eq!(error.after, idle_timeout);
    }
}

#[test]
fn a_turn_whose_sub_agent_waits_for_this_program_is_not_silent() {
    let idle_timeout = Duration::from_millis(1);
    let (codex, server) = start_with(Codex::builder(), |mut fake| async move {
        fake.respond("thread/start", thread_start_response()).await;
        fake.respond("turn/start", turn_start_response("u")).await;
        fake.start_turn("u").await;
        fake.start_own_sub_agent("v", "u").await;
        let command = json!({"threadId": "agent", "turnId": "v", "command": "ls"});
        let method = "item/commandExecution/requestApproval";
        fake.send_request(7, method, &command).await;
        fake.respond("thread/start", json!({"thread": {"id": "other"}}))
            .await;
        fake.respond("turn/start", turn_start_response("silent"))
            .await;
        let interrupt = fake.respond("turn/interrupt", json!({})).await;
        assert_eq!(interrupt["params"]["turnId"], "silent");
        let ended = json!({"threadId": "other", "turn": {"id": "silent", "status": "interrupted"}});
        fake.notify("turn/completed", ended).await;
        fake.complete_turn("u", "completed").await;
        while fake.next_message().await.is_some() {}
    });
    let thread = codex.thread_start().send().unwrap();
    let mut inbox = thread.server_requests();
    let turn = thread.turn("hi").send().unwrap();
    let request = inbox.next().unwrap();
    let turn = turn.idle_timeout(idle_timeout);
    let waiting = thread::spawn(move || turn.run().map(drop));
    // Another turn shows that many idle timeouts have passed.
    let other = codex.thread_start().send().unwrap();
    let silent = other.run("hi").idle_timeout(100 * idle_timeout).send();
    assert!(matches!(silent, Err(Error::TurnTimeout(_))), "{silent:?}");
    waiting.join().unwrap().unwrap();
    drop(request);
    codex.close().unwrap();
    server.join().unwrap();
}

#[test]
fn the_result_lists_items_that_could_not_be_read() {
    let thread = start_thread(|mut fake| async {
        fake.write(b"{\"method\":\"item/completed\",\"params\":{\"item\":\xff\n")
            .await;
        fake.complete_turn("u", "completed").await;
        fake
    });
    let result = thread.run("hi").send().unwrap();
    assert_eq!(result.unreadable.len(), 1);
}

#[test]
fn a_turn_that_joins_a_running_one_under_an_id_of_its_own_has_its_result() {
    let (codex, _) = start_with(Codex::builder(), |mut fake| async move {
        fake.respond("thread/start", thread_start_response()).await;
        fake.respond("turn/start", old_turn_start_response("u"))
            .await;
        fake.start_turn("u").await;
        fake.complete_user_message("u", "one").await;
        fake.respond("turn/start", old_turn_start_response("x"))
            .await;
        fake.complete_user_message("u", "two").await;
        fake.complete_item("u", "To both.").await;
        fake.complete_turn("u", "completed").await;
        fake.receive_end().await;
    });
    let thread = codex.thread_start().send().unwrap();
    let first = thread.turn("one").send().unwrap();
    let second = thread.run("two").send().unwrap();
    assert_eq!(second.final_response.as_deref(), Some("To both."));
    assert_eq!(first.run().unwrap(), second);
}
