//! The rate limits of an account: the call and the notification, with both sides of the API.

use codex_types::{RateLimitSnapshot, ServerNotification};
use serde_json::{Value, json};

use crate::{blocking, error::Result, tests::FakeServer};

/// Returns rate limits of which this part of the primary window is used.
fn limits(used: u32) -> Value {
    json!({
        "limitId": "codex", "planType": "plus",
        "primary": {"usedPercent": used, "windowDurationMins": 300, "resetsAt": 1_900_000_000},
    })
}

/// Responds to the call, then reports a change.
async fn serve(fake: &mut FakeServer) {
    let response = json!({"rateLimits": limits(40), "rateLimitsByLimitId": {"codex": limits(40)}});
    let request = fake.respond("account/rateLimits/read", response).await;
    assert_eq!(request["params"], json!({}));
    let changed = json!({"rateLimits": limits(41)});
    fake.notify("account/rateLimits/updated", changed).await;
}

#[track_caller]
fn assert_used(limits: &RateLimitSnapshot, percent: i32) {
    let primary = limits.primary.as_ref().unwrap();
    assert_eq!(primary.used_percent, percent);
    assert_eq!(primary.window_duration_mins, Some(300));
    assert_eq!(primary.resets_at, Some(1_900_000_000));
}

fn changed(notification: Option<Result<ServerNotification>>) -> RateLimitSnapshot {
    match notification {
        Some(Ok(ServerNotification::AccountRateLimitsUpdated(updated))) => updated.rate_limits,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_rate_limits_are_read_and_their_changes_are_notifications() {
    let (codex, mut fake) = FakeServer::start().await;
    let mut notifications = codex.notifications();
    let (read, ()) = tokio::join!(codex.rate_limits(), serve(&mut fake));
    let read = read.unwrap();
    assert_used(&read.rate_limits, 40);
    assert_used(&read.rate_limits_by_limit_id.unwrap()["codex"], 40);
    let updated = changed(notifications.next().await);
    assert_used(&updated, 41);
}

#[test]
fn the_blocking_api_reads_the_rate_limits_too() {
    let (fake, (reader, writer)) = FakeServer::in_memory();
    let server = fake.run_on_thread(|mut fake| async move {
        fake.handshake().await;
        serve(&mut fake).await;
    });
    let codex = blocking::Codex::builder().connect(reader, writer).unwrap();
    let mut notifications = codex.notifications();
    assert_used(&codex.rate_limits().unwrap().rate_limits, 40);
    assert_used(&changed(notifications.next()), 41);
    server.join().unwrap();
}
