//! The number of instructions per delta, counted by callgrind.

use std::{
    io::{Write, stderr},
    path::{Path, PathBuf},
    process::Command,
};

use codex_bench::SIZES;

/// The most instructions per delta of a single turn, on any processor and with any compiler that this
/// workspace supports. `docs/performance.md` has the numbers that were counted.
const MOST_PER_DELTA: u64 = 3_300;

/// The same for turns whose deltas alternate.
const MOST_PER_ALTERNATING_DELTA: u64 = 5_000;

/// Compiles the programs in the release profile, since only optimized code has a meaningful number
/// of instructions. Returns their directory.
fn release_programs() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_bench_client"));
    let target = target.parent().unwrap().parent().unwrap();
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--package", "codex-bench"])
        .args(["--bin", "bench_client", "--bin", "bench_server"])
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    target.join("release")
}

/// Returns the number of instructions of a client that reads turns with this many deltas each.
fn instructions(programs: &Path, reader: &str, turns: u64, deltas: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(programs.join("bench_client"))
        .args([reader, "turns"])
        .arg(programs.join("bench_server"))
        .env(SIZES, format!("turns={turns} deltas={deltas}"))
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    let counted = report
        .lines()
        .find_map(|line| line.split_once("Collected :"));
    let (_, counted) = counted.unwrap_or_else(|| panic!("no count: {report}"));
    counted.trim().parse().unwrap()
}

fn per_delta(programs: &Path, reader: &str, turns: u64) -> u64 {
    let (few, many) = (2_000, 12_000);
    let [few_cost, many_cost] =
        [few, many].map(|deltas| instructions(programs, reader, turns, deltas / turns));
    (many_cost - few_cost) / (many - few)
}

#[test]
fn a_delta_costs_few_instructions() {
    // The standard stream itself, since the test harness captures what macros print.
    let say = |text: &str| writeln!(stderr(), "{text}").unwrap();
    if Command::new("valgrind").arg("--version").output().is_err() {
        return say("LEFT OUT: the instructions per delta, because valgrind is not installed");
    }
    let programs = release_programs();
    for (turns, most) in [(1, MOST_PER_DELTA), (20, MOST_PER_ALTERNATING_DELTA)] {
        let [limit, ours] =
            ["limit", "async-current-thread"].map(|it| per_delta(&programs, it, turns));
        say(&format!(
            "turns: {turns}; instructions per delta: {ours}; a reader written by hand: {limit}"
        ));
        assert!(
            ours <= most,
            "{ours} instructions per delta of {turns} turns, more than {most}"
        );
    }
}
