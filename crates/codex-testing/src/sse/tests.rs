//! Tests the events of responses without a server.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Step, render, steps};
use crate::response::{Item, ModelResponse, ResponseKind, Usage};

/// Returns the steps of the response to the second request, one word each.
fn words(response: ModelResponse) -> Vec<String> {
    let word = |step| match step {
        Step::Send(event) => {
            let name = event["type"].as_str().unwrap().to_owned();
            name.strip_prefix("response.").unwrap().to_owned()
        }
        Step::Pause(time) => format!("pause {time:?}"),
        Step::Hold(gate) => format!("hold {}", gate.arrivals()),
        Step::Cut => "cut".to_owned(),
    };
    let ResponseKind::Stream(script) = response.kind else {
        panic!("an HTTP error has no steps")
    };
    steps(script, 2).map(word).collect()
}

fn events(response: ModelResponse) -> Vec<Value> {
    let ResponseKind::Stream(script) = response.kind else {
        panic!("an HTTP error has no events")
    };
    let events = steps(script, 2).filter_map(|step| match step {
        Step::Send(event) => Some(event),
        _ => None,
    });
    events.collect()
}

/// Returns the events of this type.
fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let kind = format!("response.{kind}");
    events
        .iter()
        .filter(|event| event["type"] == kind)
        .collect()
}

#[test]
fn an_event_is_one_data_line_whatever_its_text() {
    let text = render(
        json!({ "type": "response.x", "delta": "a\n\ndata: b\r\u{2028}" }),
        7,
    );
    let lines: Vec<_> = text.split('\n').collect();
    assert_eq!(
        (lines.len(), lines[0], lines[2], lines[3]),
        (4, "event: response.x", "", "")
    );
    let data: Value = serde_json::from_str(lines[1].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(data["delta"], "a\n\ndata: b\r\u{2028}");
    assert_eq!(data["sequence_number"], 7);
}

#[test]
fn text_is_streamed_in_deltas_between_its_part_events() {
    let words = words(ModelResponse::deltas(["a", "b"]));
    assert_eq!(
        words,
        [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ]
    );
}

#[test]
fn the_deltas_concatenate_to_the_text_of_every_later_event() {
    let events = events(ModelResponse::text_in_chunks_of(3, "größer als 3"));
    let deltas = of(&events, "output_text.delta");
    assert_eq!(deltas.len(), 4);
    let text: String = deltas
        .iter()
        .map(|event| event["delta"].as_str().unwrap())
        .collect();
    assert_eq!(text, "größer als 3");
    assert_eq!(of(&events, "output_text.done")[0]["text"], text);
    assert_eq!(of(&events, "content_part.done")[0]["part"]["text"], text);
    let item = &of(&events, "output_item.done")[0]["item"];
    assert_eq!(item["content"][0]["text"], text);
    let response = &of(&events, "completed")[0]["response"];
    assert_eq!(response["output"], json!([item]));
}

#[test]
fn items_have_distinct_ids_unless_the_test_sets_them() {
    let call = || Item::function_call("f", json!({ "x": 1 }));
    let events = events(
        ModelResponse::items([Item::reasoning("why"), call()])
            .item(call().id("i").call_id("c").namespace("n"))
            .item(Item::custom_tool_call("apply_patch", "*** Begin Patch"))
            .item(Item::text("said").phase("commentary")),
    );
    let done: Vec<_> = of(&events, "output_item.done")
        .iter()
        .map(|event| &event["item"])
        .collect();
    let ids: Vec<_> = done
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["rs_2_1", "fc_2_2", "i", "ctc_2_4", "msg_2_5"]);
    assert_eq!(
        (&done[1]["call_id"], &done[2]["call_id"]),
        (&json!("call_2_2"), &json!("c"))
    );
    assert_eq!(
        (&done[1]["namespace"], &done[2]["namespace"]),
        (&Value::Null, &json!("n"))
    );
    assert_eq!(done[1]["arguments"], r#"{"x":1}"#);
    assert_eq!(done[3]["input"], "*** Begin Patch");
    assert_eq!(done[4]["phase"], "commentary");
    let indexes: Vec<_> = of(&events, "output_item.added")
        .iter()
        .map(|event| event["output_index"].as_u64().unwrap())
        .collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4]);
}

#[test]
fn arguments_that_are_a_string_are_sent_unchanged() {
    let events = events(ModelResponse::function_call("f", "{ not json"));
    assert_eq!(
        of(&events, "function_call_arguments.done")[0]["arguments"],
        "{ not json"
    );
    assert_eq!(of(&events, "output_item.added")[0]["item"]["arguments"], "");
}

#[test]
fn raw_items_are_sent_unchanged_even_if_they_are_not_objects() {
    let events = events(ModelResponse::items([
        Item::raw(json!({ "type": "new" })),
        Item::raw(7),
    ]));
    let done = of(&events, "output_item.done");
    assert_eq!(
        (&done[0]["item"], &done[1]["item"]),
        (&json!({ "type": "new" }), &json!(7))
    );
}

#[test]
fn usage_is_reported_with_its_total() {
    let usage = Usage::new(10, 4).cached(8).reasoning(3);
    let events = events(ModelResponse::text("x").usage(usage));
    assert_eq!(
        of(&events, "completed")[0]["response"]["usage"],
        json!({
            "input_tokens": 10,
            "input_tokens_details": { "cached_tokens": 8 },
            "output_tokens": 4,
            "output_tokens_details": { "reasoning_tokens": 3 },
            "total_tokens": 14,
        })
    );
}

#[test]
fn the_last_event_carries_the_reason_for_the_end() {
    let failed = events(ModelResponse::failure("rate_limit_exceeded", "slow down"));
    let error = json!({ "code": "rate_limit_exceeded", "message": "slow down" });
    assert_eq!(of(&failed, "failed")[0]["response"]["error"], error);
    let incomplete = events(ModelResponse::text("x").then_incomplete("max_output_tokens"));
    let details = &of(&incomplete, "incomplete")[0]["response"]["incomplete_details"];
    assert_eq!(details["reason"], "max_output_tokens");
    assert_eq!(
        words(ModelResponse::items([]).then_cut()),
        ["created", "in_progress", "cut"]
    );
}

#[test]
fn a_breakpoint_follows_its_delta() {
    let model = crate::ScriptedModel::start().unwrap();
    let gate = model.gate();
    let words = words(
        ModelResponse::deltas(["a", "b"])
            .cut_after(9)
            .hold_after(1, &gate)
            .hold_after(0, &gate)
            .delay_between_deltas(Duration::from_secs(1)),
    );
    assert_eq!(
        words,
        [
            "created",
            "in_progress",
            "hold 0",
            "output_item.added",
            "content_part.added",
            "pause 1s",
            "output_text.delta",
            "hold 0",
            "pause 1s",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "cut",
            "completed",
        ]
    );
}

#[test]
fn an_http_error_ignores_items() {
    let response = ModelResponse::http_error(500, "x")
        .item(Item::text("y"))
        .then_cut();
    assert!(matches!(
        response.kind,
        ResponseKind::Http { status: 500, .. }
    ));
}
