//! Servers that write less than the schema requires, or something different.

use codex_types::{ThreadItem, TurnStatus};
use serde_json::{Value, json};

use crate::{
    error::turn_detached::DetachReason,
    tests::{FakeServer, detached_turns::detached, turns::start},
};

#[tokio::test]
async fn a_result_contains_what_could_be_read_and_reports_what_could_not() {
    let (thread, mut fake) = FakeServer::start_thread().await;
    let turn = start(&thread, &mut fake, "u").await;
    let command = json!({
        "type": "commandExecution", "id": "c", "command": "build", "exitCode": 3_221_225_786_u32,
    });
    let items = [
        command,
        json!({"type": "fileChange", "changes": []}),
        json!({"type": "agentMessage", "id": "m", "text": "done"}),
    ];
    for item in items {
        let params = json!({"threadId": "t", "turnId": "u", "item": item});
        fake.notify("item/completed", params).await;
    }
    let usage = json!({"last": {"totalTokens": 1.5}, "total": {"totalTokens": 7}});
    let params = json!({"threadId": "t", "turnId": "u", "tokenUsage": usage});
    fake.notify("thread/tokenUsage/updated", params).await;
    fake.complete_turn("u", "completed").await;
    let result = turn.run().await.unwrap();
    assert_eq!(result.final_response.as_deref(), Some("done"));
    let [
        ThreadItem::CommandExecution(command),
        ThreadItem::Unrecognized(change),
        _,
    ] = &result.items[..]
    else {
        panic!("{:?}", result.items)
    };
    assert_eq!((&*command.command, command.exit_code), ("build", None));
    assert_eq!(change["type"], "fileChange");
    assert_eq!(result.usage.unwrap().total.total_tokens, 7);
    let unreadable: Vec<_> = result
        .unreadable
        .iter()
        .map(|error| {
            (
                error.method.as_deref().unwrap(),
                error.reason.split(':').next().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        unreadable,
        [
            ("item/completed", "CommandExecutionThreadItem.exitCode"),
            ("item/completed", "ItemCompletedNotification.item"),
            (
                "thread/tokenUsage/updated",
                "TokenUsageBreakdown.totalTokens"
            ),
        ]
    );
}

#[tokio::test]
async fn a_completion_without_a_readable_status_is_an_error_with_the_partial_result() {
    for turn_json in [
        json!({"id": "u"}),
        json!({"id": "u", "status": null}),
        json!({"id": "u", "status": 5}),
    ] {
        let (thread, mut fake) = FakeServer::start_thread().await;
        let turn = start(&thread, &mut fake, "u").await;
        let item = json!({"type": "agentMessage", "id": "m", "text": "done"});
        let params = json!({"threadId": "t", "turnId": "u", "item": item});
        fake.notify("item/completed", params).await;
        fake.notify(
            "turn/completed",
            json!({"threadId": "t", "turn": turn_json}),
        )
        .await;
        let mut text = turn.text_stream();
        for outcome in [
            turn.run().await.unwrap_err(),
            text.next().await.unwrap().unwrap_err(),
        ] {
            let ended = detached(Err::<(), _>(outcome));
            assert_eq!(ended.reason, DetachReason::UnreadableEnd);
            let partial = ended.partial.unwrap();
            assert_eq!(partial.final_response.as_deref(), Some("done"));
            assert_eq!(partial.status, TurnStatus::Unrecognized(String::new()));
            let [unreadable] = &partial.unreadable[..] else {
                panic!("{:?}", partial.unreadable)
            };
            assert_eq!(unreadable.method.as_deref(), Some("turn/completed"));
            assert!(unreadable.reason.contains("status"), "{unreadable}");
        }
    }
}

/// Returns copies of a message, each with one member spoiled, and a description of each change.
fn spoiled(message: &Value) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    members(message, "", &mut pointers);
    let values = [
        json!(null),
        json!(-1.5),
        json!("x"),
        json!([["x"]]),
        json!({"x": 1}),
    ];
    let with = |pointer: &String, value: &Value| {
        let mut message = message.clone();
        *message.pointer_mut(pointer).unwrap() = value.clone();
        (format!("{pointer} = {value}"), message)
    };
    pointers
        .iter()
        .flat_map(|pointer| values.iter().map(move |value| with(pointer, value)))
        .collect()
}

fn members(value: &Value, path: &str, pointers: &mut Vec<String>) {
    let members: Vec<_> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(elements) => {
            let elements = elements.iter().enumerate();
            elements
                .map(|(index, value)| (index.to_string(), value))
                .collect()
        }
        _ => Vec::new(),
    };
    for (key, value) in members {
        let path = format!("{path}/{key}");
        pointers.push(path.clone());
        self::members(value, &path, pointers);
    }
}

#[tokio::test]
async fn a_spoiled_member_of_an_item_does_not_affect_the_response_of_the_turn() {
    let items: Vec<Value> = serde_json::from_str(include_str!("items.json")).unwrap();
    let (thread, mut fake) = FakeServer::start_thread().await;
    let mut tried = 0;
    for item in &items {
        for (change, item) in spoiled(item) {
            let turn = start(&thread, &mut fake, "u").await;
            let answer = json!({"type": "agentMessage", "id": "m", "text": "done"});
            for item in [item, answer] {
                let params = json!({"threadId": "t", "turnId": "u", "item": item});
                fake.notify("item/completed", params).await;
            }
            fake.complete_turn("u", "completed").await;
            let result = turn.run().await.unwrap();
            assert_eq!(result.final_response.as_deref(), Some("done"), "{change}");
            assert_eq!(result.items.len(), 2, "{change}");
            tried += 1;
        }
    }
    println!("{tried} spoiled items, none of which affected the response of its turn");
    assert!(tried > 300, "only {tried}");
}
