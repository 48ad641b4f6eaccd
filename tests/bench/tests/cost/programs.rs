//! The programs of the benchmark deliver everything and notice what is lost, at sizes that measure
//! nothing.

use std::process::Command;

use codex_bench::SIZES;
use codex_testing::{CodexHome, ModelResponse, ScriptedModel, codex_bin};
use serde_json::Value;

const READERS: [&str; 4] = ["limit", "async", "async-current-thread", "blocking"];

/// Creates the command of a client.
fn client(reader: &str, work: &str, server: &str, sizes: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench_client"));
    command.args([reader, work, server]).env(SIZES, sizes);
    command
}

/// Runs a client and returns its figures.
fn figures(mut client: Command) -> Value {
    let output = client.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{client:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_delivered(reader: &str, work: &str, sizes: &str) {
    let server = env!("CARGO_BIN_EXE_bench_server");
    let figures = figures(client(reader, work, server, sizes));
    assert_eq!(figures["delivered"], true, "{reader} {work} {sizes}");
    assert!(figures["wall_us"].as_u64() > Some(0), "{figures}");
}

#[test]
fn every_reader_receives_all_deltas_in_order() {
    for reader in READERS {
        assert_delivered(reader, "turns", "turns=1 deltas=10000");
        assert_delivered(reader, "turns", "turns=1 deltas=300 line=1");
    }
}

#[test]
fn every_reader_receives_all_deltas_of_concurrent_turns_in_order() {
    for reader in READERS {
        assert_delivered(reader, "turns", "turns=20 deltas=50");
    }
}

#[test]
fn every_reader_receives_large_items() {
    for reader in READERS {
        assert_delivered(reader, "turns", "turns=1 items=5 item=262144");
    }
}

#[test]
fn every_reader_receives_all_responses() {
    for reader in READERS {
        assert_delivered(reader, "requests", "requests=100 in_flight=1 one_cpu=1");
        assert_delivered(reader, "requests", "requests=500 in_flight=64");
    }
}

#[test]
fn every_reader_receives_unread_deltas_at_last() {
    for reader in READERS {
        assert_delivered(reader, "unread", "turns=1 deltas=10000 small=3");
    }
}

#[test]
fn every_reader_works_on_the_real_server() {
    let model = ScriptedModel::start().unwrap();
    model.respond_with(|_| ModelResponse::text("Hello."));
    let home = CodexHome::new(&model).unwrap();
    let program = codex_bin().unwrap();
    for reader in READERS {
        for (work, sizes) in [("small-turns", "small=2"), ("resume", "history=1")] {
            let mut client = client(reader, work, &program.to_string_lossy(), sizes);
            client.current_dir(home.workspace());
            client.envs(home.envs());
            assert_eq!(figures(client)["delivered"], true, "{reader} {work}");
        }
    }
}

#[test]
fn a_client_that_fails_says_why() {
    let server = env!("CARGO_BIN_EXE_bench_server");
    let output = client("async", "nothing", server, "").output().unwrap();
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "no work `nothing`\n"
    );
}
