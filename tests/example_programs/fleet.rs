//! The fleet, one of whose servers is killed.
#![cfg(unix)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use codex_testing::{CodexHome, Gate, ModelResponse};
use codex_tests::stage::{Stage, home};
use serde_json::Value;

use crate::{
    harness::Example,
    programs::{recorded_codex, server_id, signal},
};

/// Turns that the program runs at the same time on one server.
const TURNS_PER_SERVER: usize = 25;

/// Returns the numbers of the prompts that a server has received, from its records of threads.
fn prompts_of(codex_home: &Path) -> BTreeSet<usize> {
    let mut directories = vec![codex_home.join("sessions")];
    let mut prompts = BTreeSet::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let (_, number) = text.split_once("prompt number ").expect("a prompt");
            let end = number.find(|c: char| !c.is_ascii_digit()).unwrap();
            prompts.insert(number[..end].parse().unwrap());
        }
    }
    prompts
}

/// Creates a fleet of these prompts and the servers of these homes.
fn fleet(prompts: usize, homes: impl FnOnce(&Stage) -> Vec<PathBuf>) -> (Example, Gate) {
    let mut example = Example::new("fleet");
    let file = example.stage.home.workspace().join("prompts.txt");
    let lines = (0..prompts).map(|at| format!("prompt number {at}.\n"));
    fs::write(&file, lines.collect::<String>()).unwrap();
    let codex = recorded_codex(&example);
    let homes = homes(&example.stage);
    example
        .command
        .env("CODEX_BIN", codex)
        .arg(file)
        .args(homes);
    let gate = example.stage.model.gate();
    let held = gate.clone();
    example.stage.model.respond_with(move |request| {
        let text = request.last_user_text().unwrap_or_default();
        ModelResponse::text(format!("You said: {text}")).hold(&held)
    });
    (example, gate)
}

/// Returns the numbers of the prompts that are reported as answered and as lost.
fn outcome(stdout: &str, stderr: &str) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let mut answered = BTreeSet::new();
    for line in stdout.lines() {
        let report: Value = serde_json::from_str(line).unwrap();
        let at = usize::try_from(report["prompt"].as_u64().unwrap()).unwrap();
        let response = format!("You said: prompt number {at}.");
        assert_eq!(report["result"]["finalResponse"], response, "{report}");
        assert!(answered.insert(at), "{report}");
    }
    let summary = format!("{} prompts answered, lost: ", answered.len());
    let lost = stderr.lines().find_map(|line| line.strip_prefix(&summary));
    let lost = lost.unwrap_or_else(|| panic!("no `{summary}`: {stderr}"));
    (answered, serde_json::from_str(lost).unwrap())
}

#[tokio::test]
async fn the_fleet_loses_only_the_prompts_of_the_server_that_is_killed_and_names_them() {
    const PROMPTS: usize = 300;
    let mut others = Vec::new();
    let (mut example, gate) = fleet(PROMPTS, |stage| {
        let home = || home(&stage.model).approval_policy("never");
        others.extend([(); 2].map(|()| home().build().unwrap()));
        let homes = [&stage.home].into_iter().chain(&others);
        homes.map(CodexHome::codex_home).collect()
    });
    let killed = others[0].codex_home();
    let kill = async {
        // All servers are busy.
        gate.reached_by(3 * TURNS_PER_SERVER).await.unwrap();
        signal(&server_id(&killed), "KILL");
        gate.open();
    };
    let ((stdout, stderr), ()) = tokio::join!(example.exits(0), kill);
    let (answered, lost) = outcome(&stdout, &stderr);
    assert_eq!(answered.len() + lost.len(), PROMPTS);
    assert!(answered.is_disjoint(&lost));
    assert_eq!(lost, prompts_of(&killed));
    assert_eq!(lost.len(), TURNS_PER_SERVER);
    let ended = format!("the server {} has ended: ", killed.display());
    assert!(stderr.contains(&ended), "{stderr}");
}

#[tokio::test]
async fn the_fleet_ends_with_its_last_server() {
    const PROMPTS: usize = TURNS_PER_SERVER + 2;
    let (mut example, gate) = fleet(PROMPTS, |stage| vec![stage.home.codex_home()]);
    let home = example.stage.home.codex_home();
    let kill = async {
        gate.reached_by(TURNS_PER_SERVER).await.unwrap();
        signal(&server_id(&home), "KILL");
    };
    let ((stdout, stderr), ()) = tokio::join!(example.exits(0), kill);
    let (answered, lost) = outcome(&stdout, &stderr);
    assert!(answered.is_empty(), "{stdout}");
    assert_eq!(lost, (0..PROMPTS).collect());
}
