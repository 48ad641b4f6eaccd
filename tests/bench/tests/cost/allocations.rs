//! The allocations per delta and per large item.

use allocation_counter::AllocationInfo;
use codex_bench::SIZES;
use codex_client::Codex;
use tokio::runtime::Builder;

/// The ids and the text of a delta are four strings. The rest are buffers, which grow rarely.
const MOST_PER_DELTA: f64 = 4.1;

/// Length of the text of a large item, in bytes.
const ITEM: u32 = 262_144;

/// serde_json unescapes the text of an item in a buffer that grows to twice its length, which makes
/// four times its length in all, and copies it. Its line is received in a buffer that is used again.
const MOST_PER_ITEM: f64 = 5.5 * ITEM as f64;

/// Reads a turn with these sizes and this number of notifications of the method. Returns the
/// allocations.
///
/// Everything runs on this thread, the only one whose allocations are counted.
fn allocations(sizes: String, count: u32, method: &str) -> AllocationInfo {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let codex = Codex::builder().binary(env!("CARGO_BIN_EXE_bench_server"));
    let (codex, mut events) = runtime.block_on(async {
        let codex = codex.env(SIZES, sizes).start().await.unwrap();
        let thread = codex.thread_start().await.unwrap();
        let turn = thread.turn("deltas").await.unwrap();
        (codex, turn.stream().events_only())
    });
    let mut received = 0;
    let counted = allocation_counter::measure(|| {
        runtime.block_on(async {
            while let Some(event) = events.next().await {
                received += u32::from(event.unwrap().method() == method);
            }
        });
    });
    // The first item is the input of the turn.
    assert!(received >= count, "{received} of {count}");
    drop(events);
    runtime.block_on(codex.close()).unwrap();
    counted
}

/// Returns the figure of one notification, from the difference between many and few.
fn per_unit(few: u32, many: u32, figure: impl Fn(u32) -> u64) -> f64 {
    let added = figure(many).saturating_sub(figure(few));
    f64::from(u32::try_from(added).unwrap()) / f64::from(many - few)
}

#[test]
fn a_delta_costs_few_allocations() {
    let per_delta = per_unit(1_000, 11_000, |count| {
        let sizes = format!("turns=1 deltas={count}");
        allocations(sizes, count, "item/agentMessage/delta").count_total
    });
    assert!(
        per_delta > 0.5,
        "{per_delta}: the allocations are not counted"
    );
    assert!(
        per_delta <= MOST_PER_DELTA,
        "a delta costs {per_delta:.2} allocations, more than {MOST_PER_DELTA}"
    );
}

#[test]
fn a_large_item_allocates_no_buffer_for_its_line() {
    let per_item = per_unit(20, 220, |count| {
        let sizes = format!("turns=1 items={count} item={ITEM}");
        allocations(sizes, count, "item/completed").bytes_total
    });
    assert!(
        per_item >= ITEM.into(),
        "{per_item}: the allocations are not counted"
    );
    assert!(
        per_item <= MOST_PER_ITEM,
        "an item of {ITEM} bytes allocates {per_item:.0} bytes, more than {MOST_PER_ITEM:.0}"
    );
}
