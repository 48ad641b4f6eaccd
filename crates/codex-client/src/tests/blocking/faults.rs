//! What the server should not do, and does, to threads that wait. Where it takes more than a line, it
//! is the same as for tasks, and the same is expected of it.

use std::{
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::json;

use crate::{
    blocking::{Codex, TurnHandle},
    error::{Error, connection_closed::CloseReason},
    tests::{
        Fake,
        blocking::{start, start_with},
        mischief::{
            Events, UNREADABLE, are_what_is_left, are_whole_in_spite_of_it, babble, flood,
            is_large, is_unreadable, tell_of_no_messages,
        },
        thread_started, turn_started,
    },
    types::ServerNotification,
};

/// A client with a turn `u`, whose server then does this, and after it answers one more call.
fn start_turn<F>(
    play: impl FnOnce(Fake) -> F + Send + 'static,
) -> (Codex, TurnHandle, JoinHandle<()>)
where
    F: Future<Output = Fake>,
{
    let (codex, server) = start(|mut fake| async {
        fake.answer("thread/start", thread_started()).await;
        fake.answer("turn/start", turn_started("u")).await;
        answer_one_more(play(fake).await).await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    (codex, turn, server)
}

async fn answer_one_more(mut fake: Fake) {
    let account = json!({"requiresOpenaiAuth": true});
    fake.answer("account/read", account).await;
}

/// The call that the server answers in the end.
fn still_works(codex: &Codex, server: JoinHandle<()>) {
    assert!(codex.account().send().unwrap().requires_openai_auth);
    server.join().unwrap();
}

/// Whether it is the end of a server that went away by itself.
fn is_end(event: &crate::Result<ServerNotification>) -> bool {
    matches!(event, Err(Error::Closed(_)))
}

#[test]
fn a_turn_goes_on_whatever_the_server_says_in_it_and_no_messages_are_reported() {
    let (codex, turn, server) = start_turn(|mut fake| async {
        babble(&mut fake).await;
        fake
    });
    let notifications = codex.notifications();
    are_whole_in_spite_of_it(&turn.stream().collect());
    still_works(&codex, server);
    let reports: Events = notifications.filter(|event| !is_end(event)).collect();
    tell_of_no_messages(&reports);
}

#[test]
fn a_turn_that_was_completed_before_it_was_answered_is_whole() {
    let (codex, server) = start(|mut fake| async move {
        fake.answer("thread/start", thread_started()).await;
        let id = fake.request("turn/start").await;
        fake.delta("u", "early").await;
        fake.complete_item("u", "done").await;
        fake.complete_turn("u", "completed").await;
        fake.send(&json!({"id": id, "result": turn_started("u")}))
            .await;
        answer_one_more(fake).await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    let methods = turn
        .stream()
        .map(|event| event.unwrap().method().to_owned());
    let expected = [
        "item/agentMessage/delta",
        "item/completed",
        "turn/completed",
    ];
    assert_eq!(methods.collect::<Vec<_>>(), expected);
    let result = turn.run().unwrap();
    assert_eq!(result.final_response.as_deref(), Some("done"));
    still_works(&codex, server);
}

#[test]
fn each_answer_reaches_the_thread_that_asked_though_they_come_out_of_order() {
    let (codex, server) = start(|mut fake| async move {
        let mut answers = Vec::new();
        for _ in 0..3 {
            let asked = fake.receive().await;
            let result = json!({"data": [], "nextCursor": asked["params"]["cursor"]});
            answers.push(json!({"id": asked["id"], "result": result}));
        }
        for answer in answers.iter().rev() {
            fake.send(answer).await;
        }
        answer_one_more(fake).await;
    });
    thread::scope(|scope| {
        for cursor in ["a", "b", "c"] {
            let models = codex.models().cursor(cursor);
            scope.spawn(move || {
                let page = models.send().unwrap();
                assert_eq!(page.next_cursor.as_deref(), Some(cursor));
            });
        }
    });
    still_works(&codex, server);
}

#[test]
fn a_call_that_is_never_answered_ends_at_its_deadline() {
    let (codex, server) = start(|mut fake| async move {
        fake.request("model/list").await;
        answer_one_more(fake).await;
    });
    let models = codex.models().timeout(Duration::from_millis(1));
    let error = models.send().unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    still_works(&codex, server);
}

#[test]
fn a_server_that_goes_away_in_the_middle_of_a_turn_ends_the_iterator_and_the_wait() {
    let (codex, server) = start(|mut fake| async move {
        fake.answer("thread/start", thread_started()).await;
        fake.answer("turn/start", turn_started("u")).await;
        fake.delta("u", "so far").await;
    });
    let thread = codex.thread_start().send().unwrap();
    let turn = thread.turn("hi").send().unwrap();
    let events: Vec<_> = turn.stream().collect();
    let [
        Ok(ServerNotification::AgentMessageDelta(delta)),
        Err(Error::Closed(closed)),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(delta.delta, "so far");
    assert_eq!(closed.reason, CloseReason::EndOfStream);
    assert!(matches!(turn.run(), Err(Error::Closed(_))));
    assert!(codex.notifications().all(|event| event.is_err()));
    assert!(matches!(codex.account().send(), Err(Error::Closed(_))));
    server.join().unwrap();
}

#[test]
fn messages_of_64_mib_are_read() {
    let (codex, turn, server) = start_turn(|mut fake| async {
        fake.say_at_length().await;
        fake.answer_at_length().await;
        fake
    });
    let mut events = turn.stream();
    let Some(Ok(ServerNotification::AgentMessageDelta(delta))) = events.next() else {
        panic!("no delta")
    };
    is_large(&delta.delta);
    assert_eq!(events.next().unwrap().unwrap().method(), "turn/completed");
    let page = codex.models().send().unwrap();
    is_large(&page.next_cursor.unwrap());
    still_works(&codex, server);
}

#[test]
fn a_reader_that_is_too_slow_is_told_what_it_has_missed_and_reads_on() {
    let (codex, server) = start(|mut fake| async move {
        // Whoever asks has subscribed.
        fake.answer("model/list", json!({"data": []})).await;
        flood(&mut fake).await;
        answer_one_more(fake).await;
    });
    let notifications = codex.notifications();
    codex.models().send().unwrap();
    still_works(&codex, server);
    drop(codex);
    are_what_is_left(&notifications.filter(|event| !is_end(event)).collect());
}

#[test]
fn an_answer_that_cannot_be_read_ends_its_call_at_once() {
    let builder = Codex::builder().max_message(100_000);
    let (codex, server) = start_with(builder, |mut fake| async move {
        for (unreadable, _) in UNREADABLE {
            fake.answer_unreadably(&unreadable()).await;
        }
        answer_one_more(fake).await;
    });
    for (_, reason) in UNREADABLE {
        is_unreadable(&codex.models().no_timeout().send(), reason);
    }
    still_works(&codex, server);
}

#[test]
fn a_message_over_the_limit_is_reported_and_the_next_one_is_read() {
    let builder = Codex::builder().max_message(1000);
    let (codex, server) = start_with(builder, |mut fake| async move {
        fake.notify("x", json!({"a": "x".repeat(200_000)})).await;
        answer_one_more(fake).await;
    });
    let Some(Err(error)) = codex.notifications().next() else {
        panic!("not reported")
    };
    assert!(error.to_string().contains("over the limit"), "{error}");
    still_works(&codex, server);
}
