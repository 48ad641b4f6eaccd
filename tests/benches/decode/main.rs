//! Measures the decoding of frequent notifications, compared with hand-written structs.
//!
//! `cargo xtask bench types` runs this and prints the ratios; `docs/benchmarks.md` explains the
//! ratios.

mod by_hand;
mod lines;

use std::hint::black_box;

use by_hand::{borrowed, owned};
use codex_types::{
    ServerNotification, TurnStartParams,
    rpc::{Incoming, Outgoing, RequestId},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lines::Lines;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Measures all ways of decoding a line. `Borrowed` and `Owned` are the hand-written types for it.
fn decode<'a, Borrowed, Owned>(criterion: &mut Criterion, name: &str, line: &'a str)
where
    Borrowed: Deserialize<'a>,
    Owned: DeserializeOwned,
{
    assert_known(line);
    let bytes = line.as_bytes();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("borrowed", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Borrowed>(black_box(bytes)).is_ok());
    });
    group.bench_function("owned", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Owned>(black_box(bytes)).is_ok());
    });
    group.bench_function("client", |bencher| {
        bencher.iter(|| through_the_client(black_box(bytes)).is_some());
    });
    group.bench_function("line", |bencher| {
        bencher.iter(|| serde_json::from_slice::<ServerNotification>(black_box(bytes)).is_ok());
    });
    group.bench_function("envelope", |bencher| {
        bencher.iter(|| Incoming::parse(black_box(bytes)).is_ok());
    });
    group.bench_function("value", |bencher| {
        bencher.iter(|| {
            let value: Value = serde_json::from_slice(black_box(bytes)).ok()?;
            serde_json::from_value::<ServerNotification>(value).ok()
        });
    });
    group.finish();
    // A decoder that fails early would look fast.
    assert!(serde_json::from_slice::<Borrowed>(bytes).is_ok(), "{name}");
    assert!(serde_json::from_slice::<Owned>(bytes).is_ok(), "{name}");
}

/// Decodes as a client does: the envelope first, then the params.
fn through_the_client(bytes: &[u8]) -> Option<ServerNotification> {
    match Incoming::parse(bytes).ok()? {
        Incoming::Notification {
            method,
            params,
            emitted_at_ms,
        } => ServerNotification::decode(&method, params, emitted_at_ms).ok(),
        _ => None,
    }
}

fn assert_known(line: &str) {
    let decoded = through_the_client(line.as_bytes());
    let known = decoded.is_some_and(|known| !matches!(known, ServerNotification::Unrecognized(_)));
    assert!(known, "not decoded: {line:.200}");
}

fn notifications(criterion: &mut Criterion) {
    use borrowed as b;
    use owned as o;

    let lines = Lines::load();
    decode::<b::Line<b::Delta>, o::Line<o::Delta>>(criterion, "delta", &lines.delta);
    decode::<b::Line<b::Completed<b::Message>>, o::Line<o::Completed<o::Message>>>(
        criterion,
        "message",
        &lines.message,
    );
    decode::<b::Line<b::Completed<b::Command>>, o::Line<o::Completed<o::Command>>>(
        criterion,
        "command",
        &lines.command,
    );
    decode::<b::Line<b::Completed<b::Message>>, o::Line<o::Completed<o::Message>>>(
        criterion,
        "large",
        &lines.large,
    );
}

/// Measures the encoding of `turn/start` from the typed params and from a hand-written struct.
fn turn_start(criterion: &mut Criterion) {
    #[derive(Deserialize)]
    struct Recorded {
        params: TurnStartParams,
    }

    #[derive(Serialize, Deserialize)]
    struct ByHand<'a> {
        id: i64,
        method: &'a str,
        #[serde(borrow)]
        params: Params<'a>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        thread_id: &'a str,
        #[serde(borrow)]
        input: Vec<Input<'a>>,
    }

    #[derive(Serialize, Deserialize)]
    struct Input<'a> {
        r#type: &'a str,
        text: &'a str,
    }

    let line = Lines::load().turn_start;
    let Recorded { params } = serde_json::from_str(&line).expect("the params of a turn");
    let by_hand: ByHand<'_> = serde_json::from_str(&line).expect("the params of a turn");
    let id = RequestId::Integer(by_hand.id);
    let mut buffer = Vec::with_capacity(1024);
    let mut group = criterion.benchmark_group("turn-start");
    group.bench_function("borrowed", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            serde_json::to_writer(&mut buffer, black_box(&by_hand)).is_ok()
        });
    });
    group.bench_function("client", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            let message = Outgoing::Request {
                id: black_box(&id),
                method: "turn/start",
                params: Some(black_box(&params)),
            };
            serde_json::to_writer(&mut buffer, &message).is_ok()
        });
    });
    group.finish();
}

criterion_group!(benches, notifications, turn_start);
criterion_main!(benches);
