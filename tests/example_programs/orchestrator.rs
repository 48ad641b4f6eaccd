//! The orchestrator, whose server is killed, and which is stopped.
#![cfg(unix)]

use std::{collections::BTreeSet, fs, process::Stdio};

use codex_testing::{Gate, ModelResponse};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use crate::{
    harness::{Example, TIMEOUT},
    programs::{recorded_codex, server_id, signal},
};

/// Creates an orchestrator of this many prompts. The response to the one in the middle is held at
/// the gate the first time.
fn orchestrator(prompts: usize) -> (Example, Gate) {
    let mut example = Example::new("orchestrator");
    let lines: Vec<_> = (0..prompts).map(|at| format!("prompt {at}")).collect();
    let file = example.stage.home.workspace().join("prompts.txt");
    fs::write(&file, lines.join("\n")).unwrap();
    example.command.arg(&file);
    let gate = example.stage.model.gate();
    let (held, middle) = (gate.clone(), format!("prompt {}", prompts / 2));
    example.stage.model.respond_with(move |request| {
        let text = request.last_user_text().unwrap_or_default();
        let response = ModelResponse::text(format!("You said: {text}"));
        if text == middle && held.arrivals() == 0 {
            response.hold(&held)
        } else {
            response
        }
    });
    (example, gate)
}

#[tokio::test]
async fn the_orchestrator_loses_nothing_when_its_server_is_killed() {
    let (mut example, gate) = orchestrator(200);
    example.command.env("CODEX_BIN", recorded_codex(&example));
    let home = example.stage.home.codex_home();
    let kill = async {
        gate.reached().await.unwrap();
        signal(&server_id(&home), "KILL");
    };
    let ((stdout, stderr), ()) = tokio::join!(example.exits(0), kill);
    let reports: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut tokens = 0;
    let mut answered = BTreeSet::new();
    for report in &reports {
        let at = report["prompt"].as_u64().unwrap();
        let response = format!("You said: prompt {at}");
        assert_eq!(report["result"]["finalResponse"], response, "{report}");
        assert!(answered.insert(at), "{report}");
        let lost = format!("prompt {at} is lost with its server, and runs again");
        assert_eq!(report["again"] == true, stderr.contains(&lost), "{report}");
        tokens += report["result"]["tokens"]["total"].as_u64().unwrap();
    }
    assert_eq!(answered.len(), 200, "{stderr}");
    let again = reports
        .iter()
        .filter(|report| report["again"] == true)
        .count();
    assert!((1..=8).contains(&again), "{again}");
    let summary = format!("200 prompts answered, {tokens} tokens");
    assert!(stderr.contains(&summary), "{stderr}");
}

#[tokio::test]
async fn the_orchestrator_stops_and_tells_what_is_done() {
    let (mut example, gate) = orchestrator(2);
    let command = example
        .command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap();
    assert!(first.unwrap().contains("You said: prompt 0"));
    gate.reached().await.unwrap();
    signal(&child.id().unwrap().to_string(), "INT");
    gate.hung_up().await.unwrap();
    let output = timeout(TIMEOUT, child.wait_with_output()).await;
    let output = output.unwrap().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("1 prompts answered, "), "{stderr}");
}
