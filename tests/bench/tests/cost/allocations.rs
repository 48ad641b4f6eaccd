//! The number of allocations per delta.

use codex_bench::SIZES;
use codex_client::Codex;
use tokio::runtime::Builder;

/// The ids and the text of a delta are four strings. The rest are buffers, which grow rarely.
const MOST_PER_DELTA: f64 = 4.1;

/// Reads a turn with this many deltas. Returns the number of allocations.
///
/// Everything runs on this thread, the only one whose allocations are counted.
fn allocations(deltas: u32) -> u64 {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let sizes = format!("turns=1 deltas={deltas}");
    let codex = Codex::builder().binary(env!("CARGO_BIN_EXE_bench_server"));
    let (codex, mut events) = runtime.block_on(async {
        let codex = codex.env(SIZES, sizes).start().await.unwrap();
        let thread = codex.thread_start().await.unwrap();
        let events = thread.turn("deltas").await.unwrap().stream();
        (codex, events)
    });
    let mut received = 0;
    let counted = allocation_counter::measure(|| {
        runtime.block_on(async {
            while let Some(event) = events.next().await {
                received += usize::from(event.unwrap().method() == "item/agentMessage/delta");
            }
        });
    });
    assert_eq!(received, deltas as usize);
    drop(events);
    runtime.block_on(codex.close()).unwrap();
    counted.count_total
}

#[test]
fn a_delta_costs_few_allocations() {
    let (few, many) = (1_000, 11_000);
    let added = allocations(many).saturating_sub(allocations(few));
    let per_delta = f64::from(u32::try_from(added).unwrap()) / f64::from(many - few);
    assert!(
        per_delta > 0.5,
        "{per_delta}: the allocations are not counted"
    );
    assert!(
        per_delta <= MOST_PER_DELTA,
        "a delta costs {per_delta:.2} allocations, more than {MOST_PER_DELTA}"
    );
}
